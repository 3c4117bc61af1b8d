//! Elements that an index names.

use std::marker::PhantomData;

use tensorlet::{
    Error, Kernels, Tensor,
    ops::{self, Batch, Dim, Number, Reduce},
};

use super::{Read, compare, input, load, output, zeros};
use crate::{Adapter, case::Case};

/// An operation that reads what an index names.
pub(crate) trait Named {
    type X: Tensor<Elem: Read>;
    type I: Tensor<Elem = i32>;
    type Y: Tensor<Elem: Read>;

    /// The places that an index may name; in ONNX negative ones count from the end.
    fn places(position: usize) -> usize;
    fn forward(x: &Self::X, index: &Self::I, y: &mut Self::Y) -> Result<(), Error>;
}

/// The gradient of such an operation.
pub(crate) trait NamedBack: Named<X: Tensor<Elem = f32>, Y: Tensor<Elem = f32>> {
    fn backward(index: &Self::I, dy: &Self::Y, dx: &mut Self::X) -> Result<(), Error>;
}

fn place<X: Tensor>(dim: isize) -> usize {
    let rank = X::SHAPE.rank() as isize;
    X::SHAPE.dim((if dim < 0 { dim + rank } else { dim }) as usize)
}

/// The index of a case, negative numbers counted from the end.
fn index<I: Tensor<Elem = i32>>(case: &Case, name: &str, places: impl Fn(usize) -> usize) -> Box<I> {
    let mut index = load::<I>(case, name);
    for (i, index) in index.elements_mut().iter_mut().enumerate() {
        if *index < 0 {
            *index += places(i) as i32;
        }
    }
    index
}

pub(crate) struct ForwardGather<N>(PhantomData<N>);

impl<N: Named> Adapter for ForwardGather<N> {
    fn run<K: Kernels>(_: K, case: &Case) {
        let name = case.input(1).unwrap_or_else(|| "in.idx".to_owned());
        let mut y = zeros::<N::Y>();
        N::forward(&load(case, &input(case)), &index(case, &name, N::places), &mut y).expect("valid indices");
        compare(case, &output(case), &*y);
    }
}

pub(crate) struct TrainedGather<N>(PhantomData<N>);

impl<N: NamedBack> Adapter for TrainedGather<N> {
    fn run<K: Kernels>(k: K, case: &Case) {
        ForwardGather::<N>::run(k, case);
        let mut dx = zeros::<N::X>();
        N::backward(&load(case, "in.idx"), &load(case, "in.gy.y"), &mut dx).expect("valid indices");
        compare(case, "out.grad.x", &*dx);
    }
}

macro_rules! gathers {
    ($($name:ident: $forward:path, $backward:path;)+) => {$(
        pub(crate) struct $name<X, I, Y, const D: isize>(PhantomData<(X, I, Y)>);

        impl<X: Tensor<Elem: Read>, I: Tensor<Elem = i32>, Y: Tensor<Elem = X::Elem>, const D: isize> Named
            for $name<X, I, Y, D>
        {
            type X = X;
            type I = I;
            type Y = Y;

            fn places(_: usize) -> usize {
                place::<X>(D)
            }

            fn forward(x: &X, index: &I, y: &mut Y) -> Result<(), Error> {
                $forward(x, index, Dim::<D>, y)
            }
        }

        impl<X: Tensor<Elem = f32>, I: Tensor<Elem = i32>, Y: Tensor<Elem = f32>, const D: isize> NamedBack
            for $name<X, I, Y, D>
        {
            fn backward(index: &I, dy: &Y, dx: &mut X) -> Result<(), Error> {
                $backward(index, dy, Dim::<D>, dx)
            }
        }
    )+};
}

gathers! {
    Gather: ops::gather, ops::gather_backward;
    IndexSelect: ops::index_select, ops::index_select_backward;
}

pub(crate) struct GatherNd<X, I, Y, const B: usize>(PhantomData<(X, I, Y)>);

impl<X: Tensor<Elem: Read>, I: Tensor<Elem = i32>, Y: Tensor<Elem = X::Elem>, const B: usize> Named
    for GatherNd<X, I, Y, B>
{
    type X = X;
    type I = I;
    type Y = Y;

    fn places(position: usize) -> usize {
        let depth = I::SHAPE.dim(I::SHAPE.rank() - 1);
        X::SHAPE.dim(B + position % depth)
    }

    fn forward(x: &X, index: &I, y: &mut Y) -> Result<(), Error> {
        ops::gather_nd(x, index, Batch::<B>, y)
    }
}

pub(crate) struct Scatter<X, I, U, const D: isize>(PhantomData<(X, I, U)>);

impl<X: Tensor<Elem: Read + Number>, I: Tensor<Elem = i32>, U: Tensor<Elem = X::Elem>, const D: isize> Adapter
    for Scatter<X, I, U, D>
{
    fn run<K: Kernels>(_: K, case: &Case) {
        let mut y = load::<X>(case, &input(case));
        let index = index::<I>(case, &case.input(1).expect("indices"), |_| place::<X>(D));
        let updates = load::<U>(case, &case.input(2).expect("updates"));
        match case.text("reduction").unwrap_or("none") {
            "none" => ops::scatter(&*updates, &*index, Dim::<D>, &mut *y),
            "add" => ops::scatter_add(&*updates, &*index, Dim::<D>, &mut *y),
            "mul" => ops::scatter_reduce(&*updates, &*index, Dim::<D>, Reduce::Prod, &mut *y),
            "max" => ops::scatter_reduce(&*updates, &*index, Dim::<D>, Reduce::Amax, &mut *y),
            "min" => ops::scatter_reduce(&*updates, &*index, Dim::<D>, Reduce::Amin, &mut *y),
            other => panic!("there is no reduction {other}"),
        }
        .expect("valid indices");
        compare(case, &output(case), &*y);
    }
}

pub(crate) struct OneHot<I, Y>(PhantomData<(I, Y)>);

impl<I: Tensor<Elem = i32>, Y: Tensor<Elem: Read + Number>> Adapter for OneHot<I, Y> {
    fn run<K: Kernels>(_: K, case: &Case) {
        let mut y = zeros::<Y>();
        ops::one_hot(&*load::<I>(case, "in.idx"), &mut *y).expect("valid indices");
        compare(case, "out.y", &*y);
    }
}

/// Seeds: of the transposed index.
pub(crate) struct TurnedOneHot<I, J, Y>(PhantomData<(I, J, Y)>);

impl<I: Tensor<Elem = i32>, J: Tensor<Elem = i32>, Y: Tensor<Elem: Read + Number>> Adapter for TurnedOneHot<I, J, Y> {
    fn run<K: Kernels>(_: K, case: &Case) {
        let (mut turned, mut y) = (zeros::<J>(), zeros::<Y>());
        ops::transpose(&*load::<I>(case, "in.idx"), Dim::<0>, Dim::<1>, &mut *turned);
        ops::one_hot(&*turned, &mut *y).expect("valid indices");
        compare(case, "out.y", &*y);
    }
}

/// ONNX: along an axis, with given values.
pub(crate) struct AlongOneHot<I, Y, const D: isize>(PhantomData<(I, Y)>);

impl<I: Tensor<Elem = i32>, Y: Tensor<Elem: Read>, const D: isize> Adapter for AlongOneHot<I, Y, D> {
    fn run<K: Kernels>(_: K, case: &Case) {
        let index = index::<I>(case, &input(case), |_| place::<Y>(D));
        let values = Y::Elem::read(case, &case.input(2).expect("values"));
        let mut y = zeros::<Y>();
        ops::one_hot_along(&*index, Dim::<D>, [values[0], values[1]], &mut *y).expect("valid indices");
        compare(case, &output(case), &*y);
    }
}

pub(crate) struct TopK<X, Y, I, const D: isize>(PhantomData<(X, Y, I)>);

impl<X: Tensor<Elem: Read>, Y: Tensor<Elem = X::Elem>, I: Tensor<Elem = i32>, const D: isize> Adapter
    for TopK<X, Y, I, D>
{
    fn run<K: Kernels>(_: K, case: &Case) {
        found::<X, Y, I, D>(case);
    }
}

fn found<X: Tensor<Elem: Read>, Y: Tensor<Elem = X::Elem>, I: Tensor<Elem = i32>, const D: isize>(
    case: &Case,
) -> Box<I> {
    let (mut values, mut indices) = (zeros::<Y>(), zeros::<I>());
    let largest = case.attributes()["largest"].is_null() || case.flag("largest");
    ops::topk(&*load::<X>(case, &input(case)), Dim::<D>, largest, &mut *values, &mut *indices);
    compare(case, &output(case), &*values);
    compare(case, &case.output(1).unwrap_or_else(|| "out.indices".to_owned()), &*indices);
    indices
}

pub(crate) struct TrainedTopK<X, Y, I, const D: isize>(PhantomData<(X, Y, I)>);

impl<X: Tensor<Elem = f32>, Y: Tensor<Elem = f32>, I: Tensor<Elem = i32>, const D: isize> Adapter
    for TrainedTopK<X, Y, I, D>
{
    fn run<K: Kernels>(_: K, case: &Case) {
        let indices = found::<X, Y, I, D>(case);
        let mut dx = zeros::<X>();
        ops::topk_backward(&*indices, &*load::<Y>(case, "in.gy.y"), Dim::<D>, &mut *dx).expect("valid indices");
        compare(case, "out.grad.x", &*dx);
    }
}
