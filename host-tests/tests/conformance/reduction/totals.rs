//! One result for all elements of a line: sums, moments, norms.

use std::marker::PhantomData;

use tensorlet::{
    Kernels, Tensor,
    ops::{self, Dims, Number},
};

use crate::{
    Adapter,
    case::Case,
    movement::{Read, compare, load, zeros},
};

/// A reduction of floats with its gradient.
pub(crate) trait Reduction {
    fn forward<K: Kernels, X: Tensor<Elem = f32>, D: Dims, Y: Tensor<Elem = f32>>(k: K, x: &X, d: D, y: &mut Y);

    /// `y` is the result.
    fn backward<K: Kernels, X: Tensor<Elem = f32>, D: Dims, Y: Tensor<Elem = f32>>(
        k: K,
        tensors: [&Y; 2],
        x: &X,
        d: D,
        dx: &mut X,
    );
}

macro_rules! reductions {
    ($($name:ident $(<const $p:ident>)?: |$k:ident, $x:ident, $d:ident, $y:ident, $dy:ident| $forward:expr, |$dx:ident| $backward:expr;)+) => {$(
        pub(crate) struct $name$(<const $p: usize>)?;

        impl$(<const $p: usize>)? Reduction for $name$(<$p>)? {
            fn forward<K, X, D, Y>($k: K, $x: &X, $d: D, $y: &mut Y)
            where
                K: Kernels,
                X: Tensor<Elem = f32>,
                D: Dims,
                Y: Tensor<Elem = f32>,
            {
                $forward;
            }

            #[allow(unused_variables, reason = "not all gradients depend on argument and result")]
            fn backward<K, X, D, Y>($k: K, [$y, $dy]: [&Y; 2], $x: &X, $d: D, $dx: &mut X)
            where
                K: Kernels,
                X: Tensor<Elem = f32>,
                D: Dims,
                Y: Tensor<Elem = f32>,
            {
                $backward;
            }
        }
    )+};
}

reductions! {
    Sum: |k, x, d, y, dy| ops::sum(k, x, d, y), |dx| ops::sum_backward(k, dy, d, dx);
    Mean: |k, x, d, y, dy| ops::mean(k, x, d, y), |dx| ops::mean_backward(k, dy, d, dx);
    Var<const C>: |k, x, d, y, dy| ops::var(k, x, d, C, y), |dx| ops::var_backward(k, x, dy, d, C, dx);
    Std<const C>: |k, x, d, y, dy| ops::std(k, x, d, C, y), |dx| ops::std_backward(k, x, y, dy, d, C, dx);
    Norm<const P>: |k, x, d, y, dy| ops::norm(k, x, P as f32, d, y),
        |dx| ops::norm_backward(k, x, y, dy, P as f32, d, dx);
    Prod: |k, x, d, y, dy| ops::prod(k, x, d, y), |dx| ops::prod_backward(k, x, dy, d, dx);
    Amax: |k, x, d, y, dy| ops::amax(k, x, d, y), |dx| ops::amax_backward(k, x, y, dy, d, dx);
    Amin: |k, x, d, y, dy| ops::amin(k, x, d, y), |dx| ops::amin_backward(k, x, y, dy, d, dx);
    LogSumExp: |k, x, d, y, dy| ops::logsumexp(k, x, d, y), |dx| ops::logsumexp_backward(k, x, y, dy, d, dx);
}

/// A reduction and its gradient.
pub(crate) struct Trained<R, X, D, Y>(PhantomData<(R, X, D, Y)>);

impl<R, X, D, Y> Adapter for Trained<R, X, D, Y>
where
    R: Reduction,
    X: Tensor<Elem = f32>,
    D: Dims + Default,
    Y: Tensor<Elem = f32>,
{
    fn run<K: Kernels>(k: K, case: &Case) {
        let (x, mut y, mut dx) = (load::<X>(case, "in.x"), zeros::<Y>(), zeros::<X>());
        R::forward(k, &*x, D::default(), &mut *y);
        compare(case, "out.y", &*y);
        R::backward(k, [&*y, &*load::<Y>(case, "in.gy.y")], &*x, D::default(), &mut *dx);
        compare(case, "out.grad.x", &*dx);
    }
}

/// The values of a reduction, for elements of any type.
pub(crate) trait Reduces<T: Read> {
    fn values<K: Kernels, X: Tensor<Elem = T>, D: Dims, Y: Tensor<Elem = T>>(k: K, x: &X, d: D, y: &mut Y);
}

/// Those that any number has.
macro_rules! of_numbers {
    ($($name:ident: $function:ident;)+) => {$(
        impl<T: Read + Number> Reduces<T> for $name {
            fn values<K: Kernels, X: Tensor<Elem = T>, D: Dims, Y: Tensor<Elem = T>>(k: K, x: &X, d: D, y: &mut Y) {
                ops::$function(k, x, d, y);
            }
        }
    )+};
}

of_numbers! {
    Sum: sum;
    Prod: prod;
    Amax: amax;
    Amin: amin;
}

/// Those of floats.
macro_rules! of_floats {
    ($($name:ident $(<const $p:ident>)?;)+) => {$(
        impl$(<const $p: usize>)? Reduces<f32> for $name$(<$p>)? {
            fn values<K, X, D, Y>(k: K, x: &X, d: D, y: &mut Y)
            where
                K: Kernels,
                X: Tensor<Elem = f32>,
                D: Dims,
                Y: Tensor<Elem = f32>,
            {
                <Self as Reduction>::forward(k, x, d, y);
            }
        }
    )+};
}

of_floats! {
    Mean;
    Norm<const P>;
    LogSumExp;
}

pub(crate) struct SumSquare;

impl Reduces<f32> for SumSquare {
    fn values<K: Kernels, X: Tensor<Elem = f32>, D: Dims, Y: Tensor<Elem = f32>>(k: K, x: &X, d: D, y: &mut Y) {
        let mut squares = zeros::<X>();
        ops::square(k, x, &mut *squares);
        ops::sum(k, &*squares, d, y);
    }
}

pub(crate) struct LogSum;

impl Reduces<f32> for LogSum {
    fn values<K: Kernels, X: Tensor<Elem = f32>, D: Dims, Y: Tensor<Elem = f32>>(k: K, x: &X, d: D, y: &mut Y) {
        let mut sums = zeros::<Y>();
        ops::sum(k, x, d, &mut *sums);
        ops::log(k, &*sums, y);
    }
}

/// A reduction of a graph.
pub(crate) struct Values<R, X, D, Y>(PhantomData<(R, X, D, Y)>);

impl<R, X, D, Y> Adapter for Values<R, X, D, Y>
where
    R: Reduces<X::Elem>,
    X: Tensor<Elem: Read>,
    D: Dims + Default,
    Y: Tensor<Elem = X::Elem>,
{
    fn run<K: Kernels>(k: K, case: &Case) {
        let mut y = zeros::<Y>();
        R::values(k, &*load::<X>(case, &case.input(0).expect("an input")), D::default(), &mut *y);
        compare(case, &case.output(0).expect("an output"), &*y);
    }
}
