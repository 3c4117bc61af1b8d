//! Functions at their kinks and at the ends of the numbers: as in PyTorch.

use tensorlet::{
    Celu, Elu, Gelu, GeluTanh, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, LeakyRelu, LogSigmoid, Mish, Relu6, Selu,
    Shrink, Silu, Softplus, Softshrink, Softsign, Swish, Tanhshrink, Threshold,
    kernel::{Function, Kernels},
};
use tensorlet_host::on_every_instruction_set;

const NAN: f32 = f32::NAN;
const INF: f32 = f32::INFINITY;

/// Arguments at which there must be no surprise.
const ARGUMENTS: [f32; 5] = [-INF, -1e4, 1e4, INF, NAN];

fn applied<K: Kernels, F: Function>(k: K, f: F, x: &[f32]) -> [Vec<f32>; 2] {
    let (mut value, mut derivative) = (x.to_vec(), x.to_vec());
    k.map(f, &mut value);
    k.map_backward(f, &mut derivative, &vec![1.0; x.len()]);
    [value, derivative]
}

#[track_caller]
fn same(what: &str, got: &[f32], expected: &[f32]) {
    let equal = |(a, b): (&f32, &f32)| a == b || (a.is_nan() && b.is_nan());
    assert!(got.iter().zip(expected).all(equal), "{what}: {got:?} is not {expected:?}");
}

/// `f: values at the arguments, derivatives there`.
macro_rules! ends {
    ($k:ident; $($f:expr => $value:expr, $derivative:expr;)+) => {$(
        let [value, derivative] = applied($k, $f, &ARGUMENTS);
        same(&format!("{:?}", $f), &value, &$value);
        same(&format!("derivative of {:?}", $f), &derivative, &$derivative);
    )+};
}

fn ends<K: Kernels>(k: K) {
    let line = [-INF, -1e4, 1e4, INF, NAN];
    let slope = [0.0, 0.0, 1.0, 1.0, NAN];
    let slope_not_negative = [0.0, 0.0, 1.0, 1.0, 1.0];
    ends! { k;
        Relu6 => [0.0, 0.0, 6.0, 6.0, NAN], [0.0, 0.0, 0.0, 0.0, 1.0];
        LeakyRelu::new(0.5) => [-INF, -5e3, 1e4, INF, NAN], [0.5, 0.5, 1.0, 1.0, 0.5];
        LeakyRelu::new(0.0) => [NAN, 0.0, 1e4, INF, NAN], [0.0, 0.0, 1.0, 1.0, 0.0];
        Threshold::new(1.0, 7.0) => [7.0, 7.0, 1e4, INF, NAN], [0.0, 0.0, 1.0, 1.0, 1.0];
        Hardtanh::NEW => [-1.0, -1.0, 1.0, 1.0, NAN], [0.0, 0.0, 0.0, 0.0, 1.0];
        Hardsigmoid::NEW => [0.0, 0.0, 1.0, 1.0, NAN], [0.0; 5];
        Hardswish => [NAN, 0.0, 1e4, INF, NAN], [0.0, 0.0, 1.0, 1.0, 1.0];
        Hardshrink::NEW => line, [1.0; 5];
        Softshrink::NEW => [-INF, -9999.5, 9999.5, INF, NAN], [1.0; 5];
        Shrink::new(0.5, 1.0) => [-INF, -9999.0, 9999.0, INF, NAN], [1.0; 5];
        Elu::new(2.0) => [-2.0, -2.0, 1e4, INF, NAN], slope_not_negative;
        Celu::new(2.0) => [-2.0, -2.0, 1e4, INF, NAN], slope_not_negative;
        LogSigmoid => [-INF, -1e4, 0.0, 0.0, NAN], [1.0, 1.0, 0.0, 0.0, NAN];
        Softplus::NEW => [0.0, 0.0, 1e4, INF, NAN], slope;
        Softplus::new(3.0, 1e9) => [0.0, 0.0, 1e4, INF, NAN], slope;
        Softsign => [NAN, -1e4 / 10_001.0, 1e4 / 10_001.0, NAN, NAN], [0.0, 9.998e-9, 9.998e-9, 0.0, NAN];
        Gelu => [NAN, 0.0, 1e4, INF, NAN], [NAN, 0.0, 1.0, NAN, NAN];
        GeluTanh => [NAN, 0.0, 1e4, INF, NAN], [NAN, 0.0, 1.0, NAN, NAN];
        Silu => [NAN, 0.0, 1e4, INF, NAN], [NAN, 0.0, 1.0, NAN, NAN];
        Swish::new(2.0) => [NAN, 0.0, 1e4, INF, NAN], [NAN, 0.0, 1.0, NAN, NAN];
        Mish => [NAN, 0.0, 1e4, INF, NAN], [NAN, 0.0, 1.0, 1.0, NAN];
        Tanhshrink => [-INF, -9999.0, 9999.0, INF, NAN], [1.0, 1.0, 1.0, 1.0, NAN];
    }
    let [value, derivative] = applied(k, Selu::NEW, &ARGUMENTS);
    same("Selu", &value[1..2], &[-1.758_099_3]);
    same("derivative of Selu", &derivative, &[0.0, 0.0, 1.050_701, 1.050_701, 1.050_701]);
}

#[test]
fn functions_of_extreme_arguments() {
    on_every_instruction_set!(ends);
}

/// `f at arguments: derivatives`.
macro_rules! kinks {
    ($k:ident; $($f:expr, $at:expr => $derivative:expr;)+) => {$(
        same(&format!("derivative of {:?}", $f), &applied($k, $f, &$at)[1], &$derivative);
    )+};
}

fn kinks<K: Kernels>(k: K) {
    kinks! { k;
        Relu6, [0.0, -0.0, 6.0] => [0.0, 0.0, 0.0];
        LeakyRelu::NEW, [0.0, -0.0] => [0.01, 0.01];
        Threshold::new(1.0, 7.0), [1.0, 1.0_f32.next_up()] => [0.0, 1.0];
        Hardtanh::NEW, [-1.0, 1.0] => [0.0, 0.0];
        Hardsigmoid::NEW, [-3.0, 3.0] => [0.0, 0.0];
        Hardswish, [-3.0, 3.0] => [0.0, 1.0];
        Hardshrink::NEW, [-0.5, 0.5] => [0.0, 0.0];
        Softshrink::NEW, [-0.5, 0.5] => [0.0, 0.0];
        Shrink::NEW, [-0.5, 0.5] => [0.0, 0.0];
        Elu::new(2.0), [0.0, -0.0] => [2.0, 2.0];
        Celu::new(2.0), [0.0, -0.0] => [1.0, 1.0];
    }
}

#[test]
fn derivatives_at_kinks() {
    on_every_instruction_set!(kinks);
}
