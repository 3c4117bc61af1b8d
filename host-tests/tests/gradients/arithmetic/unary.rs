//! Functions of each element.

use tensorlet::{Kernels, Tensor, ops};
use tensorlet_host::{
    on_every_instruction_set,
    reference::{activation, arithmetic},
};

use super::{A5, A235, Long, begun, gradients, numbers, poison, value};

/// A function with its gradient, of numbers between two bounds.
fn check<K: Kernels, X: Tensor<Elem = f32>>(
    k: K,
    name: &str,
    [low, high]: [f32; 2],
    forward: impl Fn(K, &X, &mut X),
    backward: impl Fn(K, &X, &X, &mut X),
    f: fn(f64) -> f64,
) {
    let (x, dy, mut y, mut dx) = (numbers::<X>(1, low, high), numbers::<X>(2, -1.0, 1.0), poison(), begun());
    forward(k, &x, &mut y);
    backward(k, &x, &dy, &mut dx);
    let formula = |inputs: &[Vec<f64>]| inputs[0].iter().map(|x| f(*x)).collect();
    let name = &format!("{name} on {}", K::NAME);
    value(name, &[x.elements()], y.elements(), &formula);
    gradients(name, &[x.elements()], dy.elements(), &[dx.elements()], &formula);
}

/// A test for each line, for three shapes.
macro_rules! functions {
    ($($name:ident, $backward:ident in $low:literal..$high:literal: $f:expr;)+) => {$(
        #[test]
        fn $name() {
            fn on<K: Kernels>(k: K) {
                check::<K, f32>(k, stringify!($name), [$low, $high], ops::$name, ops::$backward, $f);
                check::<K, A5>(k, stringify!($name), [$low, $high], ops::$name, ops::$backward, $f);
                check::<K, A235>(k, stringify!($name), [$low, $high], ops::$name, ops::$backward, $f);
                check::<K, Long>(k, stringify!($name), [$low, $high], ops::$name, ops::$backward, $f);
            }
            on_every_instruction_set!(on);
        }
    )+};
}

functions! {
    abs, abs_backward in -3.0..3.0: f64::abs;
    neg, neg_backward in -3.0..3.0: |x| -x;
    exp, exp_backward in -3.0..3.0: f64::exp;
    expm1, expm1_backward in -3.0..3.0: f64::exp_m1;
    log, log_backward in 0.2..3.0: f64::ln;
    log1p, log1p_backward in -0.8..3.0: f64::ln_1p;
    sqrt, sqrt_backward in 0.2..3.0: f64::sqrt;
    rsqrt, rsqrt_backward in 0.2..3.0: |x| 1.0 / x.sqrt();
    sin, sin_backward in -9.0..9.0: f64::sin;
    cos, cos_backward in -9.0..9.0: f64::cos;
    erf, erf_backward in -3.0..3.0: arithmetic::erf;
    square, square_backward in -3.0..3.0: |x| x * x;
    reciprocal, reciprocal_backward in 0.2..3.0: |x| 1.0 / x;
    sigmoid, sigmoid_backward in -5.0..5.0: activation::sigmoid;
    tanh, tanh_backward in -3.0..3.0: f64::tanh;
}

/// Functions whose gradient is zero.
#[test]
fn steps() {
    fn on<K: Kernels>(k: K) {
        let x = [-2.5, -1.5, -0.5, -0.0, 0.5, 1.5, 2.4999, 8_388_609.0, f32::INFINITY];
        let mut y = [0.0; 9];
        ops::round(k, &x, &mut y);
        assert_eq!(y, [-2.0, -2.0, -0.0, -0.0, 0.0, 2.0, 2.0, 8_388_609.0, f32::INFINITY]);
        ops::ceil(k, &x, &mut y);
        assert_eq!(y, [-2.0, -1.0, -0.0, -0.0, 1.0, 2.0, 3.0, 8_388_609.0, f32::INFINITY]);
        ops::floor(k, &x, &mut y);
        assert_eq!(y, [-3.0, -2.0, -1.0, -0.0, 0.0, 1.0, 2.0, 8_388_609.0, f32::INFINITY]);
        ops::sign(k, &x, &mut y);
        assert_eq!(y, [-1.0, -1.0, -1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
    }
    on_every_instruction_set!(on);
}
