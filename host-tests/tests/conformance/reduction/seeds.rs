//! The worked examples: one input, and a result for each dimension and for all.

use std::marker::PhantomData;

use tensorlet::{
    Kernels, Tensor,
    ops::{self, Dim, Dims, Number},
};

use crate::{
    Adapter,
    case::Case,
    movement::{All as Several_, Read, compare, load, zeros},
};

/// Several results of one case.
pub(crate) type Several<T> = Several_<T>;

/// The name of the result over dimension `n`, or over all.
fn result<X: Tensor>(n: usize) -> String {
    if n < X::SHAPE.rank() { format!("out.dim{n}") } else { "out.all".to_owned() }
}

pub(crate) struct Total<const N: usize, X, D, Y>(PhantomData<(X, D, Y)>);

impl<const N: usize, X, D, Y> Adapter for Total<N, X, D, Y>
where
    X: Tensor<Elem: Number + Read>,
    D: Dims + Default,
    Y: Tensor<Elem = X::Elem>,
{
    fn run<K: Kernels>(k: K, case: &Case) {
        let mut y = zeros::<Y>();
        ops::sum(k, &*load::<X>(case, "in.x"), D::default(), &mut *y);
        compare(case, &result::<X>(N), &*y);
    }
}

pub(crate) struct Places<const N: usize, X, D, Y>(PhantomData<(X, D, Y)>);

impl<const N: usize, X, D, Y> Adapter for Places<N, X, D, Y>
where
    X: Tensor<Elem: Number + Read>,
    D: Dims + Default,
    Y: Tensor<Elem = u8>,
{
    fn run<K: Kernels>(k: K, case: &Case) {
        let mut y = zeros::<Y>();
        ops::argmax(k, &*load::<X>(case, "in.x"), D::default(), &mut *y);
        compare(case, &result::<X>(N), &*y);
    }
}

pub(crate) struct Running<X, const D: isize>(PhantomData<X>);

impl<X: Tensor<Elem: Number + Read>, const D: isize> Adapter for Running<X, D> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let mut y = zeros::<X>();
        ops::cumsum(k, &*load::<X>(case, "in.x"), Dim::<D>, &mut *y);
        compare(case, &format!("out.dim{D}"), &*y);
    }
}
