//! What keeps the shape: cumulative sums and products, and division by the norm.

use std::marker::PhantomData;

use tensorlet::{
    Element, Kernels, Tensor,
    ops::{self, Dim, Dims, Number},
};

use crate::{
    Adapter,
    case::Case,
    movement::{Read, compare, load, zeros},
};

/// Sums up to each element.
pub(crate) struct CumSum<X, const D: isize>(PhantomData<X>);

impl<X: Tensor<Elem = f32>, const D: isize> Adapter for CumSum<X, D> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let [mut y, mut dx] = [zeros::<X>(), zeros::<X>()];
        ops::cumsum(k, &*load::<X>(case, "in.x"), Dim::<D>, &mut *y);
        compare(case, "out.y", &*y);
        ops::cumsum_backward(k, &*load::<X>(case, "in.gy.y"), Dim::<D>, &mut *dx);
        compare(case, "out.grad.x", &*dx);
    }
}

/// Products up to each element.
pub(crate) struct CumProd<X, const D: isize>(PhantomData<X>);

impl<X: Tensor<Elem = f32>, const D: isize> Adapter for CumProd<X, D> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let (x, [mut y, mut dx]) = (load::<X>(case, "in.x"), [zeros::<X>(), zeros::<X>()]);
        ops::cumprod(k, &*x, Dim::<D>, &mut *y);
        compare(case, "out.y", &*y);
        ops::cumprod_backward(k, &*x, &*y, &*load::<X>(case, "in.gy.y"), Dim::<D>, &mut *dx);
        compare(case, "out.grad.x", &*dx);
    }
}

/// A cumulative operation: what it is for numbers, and what it starts with.
pub(crate) trait Accumulation<X: Tensor<Elem: Number>> {
    const START: X::Elem;
    fn run<K: Kernels>(k: K, x: &X, y: &mut X);
}

impl<X: Tensor<Elem: Number>, const D: isize> Accumulation<X> for CumSum<X, D> {
    const START: X::Elem = X::Elem::ZERO;

    fn run<K: Kernels>(k: K, x: &X, y: &mut X) {
        ops::cumsum(k, x, Dim::<D>, y);
    }
}

impl<X: Tensor<Elem: Number>, const D: isize> Accumulation<X> for CumProd<X, D> {
    const START: X::Elem = X::Elem::ONE;

    fn run<K: Kernels>(k: K, x: &X, y: &mut X) {
        ops::cumprod(k, x, Dim::<D>, y);
    }
}

/// A cumulative operation of a graph: of the elements before each (`EXCLUSIVE`), from the end (`REVERSE`).
pub(crate) struct Cumulative<A, X, const D: isize, const EXCLUSIVE: bool, const REVERSE: bool>(PhantomData<(A, X)>);

impl<A, X, const D: isize, const EXCLUSIVE: bool, const REVERSE: bool> Adapter
    for Cumulative<A, X, D, EXCLUSIVE, REVERSE>
where
    A: Accumulation<X>,
    X: Tensor<Elem: Number + Read>,
{
    fn run<K: Kernels>(k: K, case: &Case) {
        let turned = |x: Box<X>| {
            let mut y = zeros::<X>();
            if REVERSE {
                ops::flip(&*x, Dim::<D>, &mut *y)
            } else {
                y = x
            }
            y
        };
        let mut x = turned(load::<X>(case, &case.input(0).expect("an input")));
        if EXCLUSIVE {
            // One place further, and the start in front.
            let mut one = zeros::<X>();
            one.elements_mut().fill(X::Elem::ONE);
            let mut positions = zeros::<X>();
            ops::cumsum(k, &*one, Dim::<D>, &mut *positions);
            let mut moved = zeros::<X>();
            ops::roll(&*x, Dim::<D>, 1, &mut *moved);
            for ((x, position), moved) in x.elements_mut().iter_mut().zip(positions.elements()).zip(moved.elements()) {
                *x = if *position == X::Elem::ONE { A::START } else { *moved };
            }
        }
        let mut y = zeros::<X>();
        A::run(k, &*x, &mut *y);
        compare(case, &case.output(0).expect("an output"), &*turned(y));
    }
}

/// Division by the norm of a case of PyTorch.
pub(crate) struct Normalize<X, D>(PhantomData<(X, D)>);

impl<X: Tensor<Elem = f32>, D: Dims + Default> Adapter for Normalize<X, D> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let p = case.number("p").unwrap_or(2.0) as f32;
        let eps = case.number("eps").unwrap_or(1e-12) as f32;
        let (x, [mut y, mut dx]) = (load::<X>(case, "in.x"), [zeros::<X>(), zeros::<X>()]);
        ops::normalize(k, &*x, p, D::default(), eps, &mut *y);
        compare(case, "out.y", &*y);
        ops::normalize_backward(k, &*x, &*load::<X>(case, "in.gy.y"), p, D::default(), eps, &mut *dx);
        compare(case, "out.grad.x", &*dx);
    }
}

/// Division by the norm; nothing is divided by zero.
pub(crate) struct LpNormalization<X, D>(PhantomData<(X, D)>);

impl<X: Tensor<Elem = f32>, D: Dims + Default> Adapter for LpNormalization<X, D> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let p = case.number("p").unwrap_or(2.0) as f32;
        let mut y = zeros::<X>();
        let x = load::<X>(case, &case.input(0).expect("an input"));
        ops::normalize(k, &*x, p, D::default(), f32::MIN_POSITIVE, &mut *y);
        compare(case, &case.output(0).expect("an output"), &*y);
    }
}
