//! Functions of one tensor.

use std::marker::PhantomData;

use tensorlet::{
    Kernels, Tensor,
    kernel::ElementwiseKernels,
    ops::{self, Number},
};

use crate::{
    Adapter,
    case::Case,
    movement::{Read, compare, load, zeros},
};

/// The names of the first input and of the output: of ONNX, or of PyTorch.
fn ends(case: &Case) -> [String; 2] {
    [case.input(0).unwrap_or_else(|| "in.x".to_owned()), case.output(0).unwrap_or_else(|| "out.y".to_owned())]
}

/// A function of elements.
pub(crate) trait Function {
    fn forward<K: Kernels, X: Tensor<Elem = f32>>(k: K, x: &X, y: &mut X);
}

/// A function with a gradient.
pub(crate) trait Differentiable: Function {
    fn backward<K: Kernels, X: Tensor<Elem = f32>>(k: K, x: &X, dy: &X, dx: &mut X);
}

macro_rules! functions {
    ($($name:ident: $forward:ident $(, $backward:ident)?;)+) => {$(
        pub(crate) struct $name;

        impl Function for $name {
            fn forward<K: Kernels, X: Tensor<Elem = f32>>(k: K, x: &X, y: &mut X) {
                ops::$forward(k, x, y);
            }
        }

        $(impl Differentiable for $name {
            fn backward<K: Kernels, X: Tensor<Elem = f32>>(k: K, x: &X, dy: &X, dx: &mut X) {
                ops::$backward(k, x, dy, dx);
            }
        })?
    )+};
}

functions! {
    Abs: abs, abs_backward;
    Neg: neg, neg_backward;
    Exp: exp, exp_backward;
    Expm1: expm1, expm1_backward;
    Log: log, log_backward;
    Log1p: log1p, log1p_backward;
    Sqrt: sqrt, sqrt_backward;
    Rsqrt: rsqrt, rsqrt_backward;
    Sin: sin, sin_backward;
    Cos: cos, cos_backward;
    Erf: erf, erf_backward;
    Square: square, square_backward;
    Reciprocal: reciprocal, reciprocal_backward;
    Sigmoid: sigmoid, sigmoid_backward;
    Tanh: tanh, tanh_backward;
    Sign: sign;
    Ceil: ceil;
    Floor: floor;
    Round: round;
}

/// The values of a function.
pub(crate) struct Values<F, X>(PhantomData<(F, X)>);

impl<F: Function, X: Tensor<Elem = f32>> Adapter for Values<F, X> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let ([input, output], mut y) = (ends(case), zeros::<X>());
        F::forward(k, &*load::<X>(case, &input), &mut *y);
        compare(case, &output, &*y);
    }
}

/// A function and its gradient.
pub(crate) struct Unary<F, X>(PhantomData<(F, X)>);

impl<F: Differentiable, X: Tensor<Elem = f32>> Adapter for Unary<F, X> {
    fn run<K: Kernels>(k: K, case: &Case) {
        Values::<F, X>::run(k, case);
        if case.has("in.gy.y") {
            let mut dx = zeros::<X>();
            F::backward(k, &*load::<X>(case, "in.x"), &*load(case, "in.gy.y"), &mut *dx);
            compare(case, "out.grad.x", &*dx);
        }
    }
}

/// The values of a function on a dense grid, also of the kernel that works in place.
pub(crate) struct Accuracy<F, X>(PhantomData<(F, X)>);

impl<F: Function, X: Tensor<Elem = f32>> Adapter for Accuracy<F, X> {
    fn run<K: Kernels>(k: K, case: &Case) {
        Values::<F, X>::run(k, case);
        let kernel: Option<fn(K, &mut [f32])> = match case.text("function") {
            Some("sigmoidf" | "sigmoid") => Some(K::sigmoid),
            Some("tanhf" | "tanh") => Some(K::tanh),
            _ => None,
        };
        if let Some(kernel) = kernel {
            let mut y = case.floats("in.x");
            kernel(k, &mut y);
            case.compare("out.y", &y);
        }
    }
}

/// A power whose exponent is a number.
pub(crate) struct PowNumber<X>(PhantomData<X>);

impl<X: Tensor<Elem = f32>> Adapter for PowNumber<X> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let exponent = case.number("exponent").expect("an exponent") as f32;
        let (x, dy) = (load::<X>(case, "in.x"), load::<X>(case, "in.gy.y"));
        let [mut y, mut dx] = [zeros::<X>(), zeros::<X>()];
        ops::pow(k, &*x, &exponent, &mut *y);
        compare(case, "out.y", &*y);
        ops::pow_backward(k, &*x, &exponent, &*dy, &mut *dx, &mut ());
        compare(case, "out.grad.x", &*dx);
    }
}

/// Limits; one that is not stated is infinite.
pub(crate) struct Clamp<X>(PhantomData<X>);

impl<X: Tensor<Elem = f32>> Adapter for Clamp<X> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let limit = |name: &str, none: f32| case.number(name).map_or(none, |limit| limit as f32);
        let (least, greatest) = (limit("min", f32::NEG_INFINITY), limit("max", f32::INFINITY));
        let (x, dy) = (load::<X>(case, "in.x"), load::<X>(case, "in.gy.y"));
        let [mut y, mut dx] = [zeros::<X>(), zeros::<X>()];
        ops::clamp(k, &*x, least, greatest, &mut *y);
        compare(case, "out.y", &*y);
        ops::clamp_backward(k, &*x, &*dy, least, greatest, &mut *dx);
        compare(case, "out.grad.x", &*dx);
    }
}

/// Limits that are inputs of the graph, or attributes of older versions.
pub(crate) struct Clip<X>(PhantomData<X>);

impl<X: Tensor<Elem: Read + Number>> Adapter for Clip<X> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let limit = |i: usize, attribute: &str, none: X::Elem| match case.input(i) {
            Some(name) => X::Elem::read(case, &name)[0],
            None => case.number(attribute).map_or(none, X::Elem::of),
        };
        let (least, greatest) = (limit(1, "min", X::Elem::LEAST), limit(2, "max", X::Elem::GREATEST));
        let ([input, output], mut y) = (ends(case), zeros::<X>());
        ops::clamp(k, &*load::<X>(case, &input), least, greatest, &mut *y);
        compare(case, &output, &*y);
    }
}

/// The logical negation.
pub(crate) struct Not<X>(PhantomData<X>);

impl<X: Tensor<Elem = u8>> Adapter for Not<X> {
    fn run<K: Kernels>(k: K, case: &Case) {
        let ([input, output], mut y) = (ends(case), zeros::<X>());
        ops::logical_not(k, &*load::<X>(case, &input), &mut *y);
        compare(case, &output, &*y);
    }
}
