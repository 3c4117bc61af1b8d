//! Kernels that apply a function, with every function of the library.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tensorlet::{
    Celu, Elu, Gelu, GeluTanh, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, LeakyRelu, LogSigmoid, Mish, Module,
    Parameter, Path, Relu, Relu6, Selu, Shrink, Sigmoid, Silu, Softplus, Softshrink, Softsign, Swish, Tanh, Tanhshrink,
    Threshold, Visitor,
    description::Activation,
    kernel::{Function, Kernels},
};
use tensorlet_host::{
    framed::Framed,
    reference::{activation, wide},
    tolerance,
};

use super::{
    elementwise::{arguments, pairs},
    property::{Outcome, numbers, property, worst},
};

/// The settings of a function by name.
struct Settings(BTreeMap<String, f64>);

impl Visitor for Settings {
    fn parameter(&mut self, parameter: Parameter<'_>, _: &[f32]) {
        panic!("a function with a parameter {}", parameter.path);
    }

    fn setting(&mut self, path: Path<'_>, value: f32) {
        self.0.insert(path.to_string(), f64::from(value));
    }
}

/// The double of a function.
struct Double {
    function: activation::Function,
    activation: Activation,
}

impl Double {
    fn of<F: Function + Module>(f: F) -> Self {
        let mut settings = Settings(BTreeMap::new());
        f.parameters(Path::ROOT, &mut settings);
        let function = activation::of(F::ACTIVATION, &|name| settings.0[name]);
        Self { function, activation: F::ACTIVATION }
    }

    /// What the roundings of a value are proportional to: the value, how it follows the argument, and
    /// the terms that cancel in it.
    fn value_magnitude(&self, x: f64) -> f64 {
        let terms = match self.activation {
            Activation::Tanhshrink | Activation::Softshrink | Activation::Shrink => x.abs(),
            Activation::Hardsigmoid | Activation::Hardswish => 1.0 + x.abs(),
            _ => 0.0,
        };
        (self.function.value)(x).abs() + (x * (self.function.derivative)(x)).abs() + terms
    }

    /// The same for the derivative.
    fn derivative_magnitude(&self, x: f64) -> f64 {
        let f = &self.function.derivative;
        let h = 1e-6 * (1.0 + x.abs());
        let second = (f(x + h) - f(x - h)) / (2.0 * h);
        let terms = if self.activation == Activation::Hardswish { 1.0 + x.abs() } else { 0.0 };
        f(x).abs() + (x * second).abs() + terms
    }
}

/// Runs `$check(k, f)` with every function, some of them twice.
macro_rules! every_function {
    ($check:ident, $k:expr) => {
        every_function!(@ $check, $k;
            Relu, Sigmoid, Tanh, Relu6, LeakyRelu::NEW, LeakyRelu::new(-0.5), Threshold::new(0.5, -2.0), Hardtanh::NEW,
            Hardtanh::new(-2.0, 0.25), Hardsigmoid::NEW, Hardsigmoid::new(0.2, 0.5), Hardswish, Hardshrink::NEW,
            Softshrink::NEW, Softshrink::new(1.25), Shrink::NEW, Shrink::new(1.5, 0.75), Elu::NEW, Elu::new(0.3), Selu::NEW,
            Celu::NEW, Celu::new(2.5), LogSigmoid, Softplus::NEW, Softplus::new(0.4, 30.0), Softsign, Gelu, GeluTanh,
            Silu, Swish::NEW, Swish::new(1.702), Mish, Tanhshrink)
    };
    (@ $check:ident, $k:expr; $($f:expr),+) => {
        worst([$($check($k, $f)),+])
    };
}

fn one_map<T: Kernels, F: Function + Module>(k: T, f: F) -> Outcome {
    let double = Double::of(f);
    property(arguments(), &move |x| {
        let mut got = Framed::new(&x);
        k.map(f, got.get_mut());
        let [reference, magnitude] = each(&wide(&x), |x| [(double.function.value)(x), double.value_magnitude(x)]);
        tolerance::of("map").compare(got.get(), &reference, &magnitude)
    })
    .map_err(|message| format!("{f:?}: {message}"))
}

pub(crate) fn map<T: Kernels>(k: T) -> Outcome {
    every_function!(one_map, k)
}

fn one_map_backward<T: Kernels, F: Function + Module>(k: T, f: F) -> Outcome {
    let double = Double::of(f);
    property(pairs(), &move |(x, dy)| {
        let (mut got, fdy) = (Framed::new(&x), Framed::new(&dy));
        k.map_backward(f, got.get_mut(), fdy.get());
        let (x, dy) = (wide(&x), wide(&dy));
        let [slope, size] = each(&x, |x| [(double.function.derivative)(x), double.derivative_magnitude(x)]);
        tolerance::of("map_backward").compare(got.get(), &times(&dy, &slope), &times(&dy, &size))
    })
    .map_err(|message| format!("{f:?}: {message}"))
}

pub(crate) fn map_backward<T: Kernels>(k: T) -> Outcome {
    every_function!(one_map_backward, k)
}

/// Three slices of the same length.
fn triples() -> BoxedStrategy<(Vec<f32>, Vec<f32>, Vec<f32>)> {
    arguments().prop_flat_map(|b| (numbers(b.len()), Just(b.clone()), numbers(b.len()))).boxed()
}

fn one_gate<T: Kernels, F: Function + Module>(k: T, f: F) -> Outcome {
    let double = Double::of(f);
    property(triples(), &move |(a, b, _)| {
        let (fa, fb, mut got) = (Framed::new(&a), Framed::new(&b), Framed::poison(a.len()));
        k.gate(f, fa.get(), fb.get(), got.get_mut());
        let (a, b) = (wide(&a), wide(&b));
        let [value, size] = each(&b, |b| [(double.function.value)(b), double.value_magnitude(b)]);
        tolerance::of("gate").compare(got.get(), &times(&a, &value), &times(&a, &size))
    })
    .map_err(|message| format!("{f:?}: {message}"))
}

pub(crate) fn gate<T: Kernels>(k: T) -> Outcome {
    every_function!(one_gate, k)
}

fn one_gate_backward<T: Kernels, F: Function + Module>(k: T, f: F) -> Outcome {
    let double = Double::of(f);
    property(triples(), &move |(a, b, dy)| {
        let (mut da, mut db, fdy) = (Framed::new(&a), Framed::new(&b), Framed::new(&dy));
        k.gate_backward(f, da.get_mut(), db.get_mut(), fdy.get());
        let (a, b, dy) = (wide(&a), wide(&b), wide(&dy));
        let row = tolerance::of("gate_backward");
        let [value, size] = each(&b, |b| [(double.function.value)(b), double.value_magnitude(b)]);
        let [slope, slope_size] = each(&b, |b| [(double.function.derivative)(b), double.derivative_magnitude(b)]);
        let outer = times(&dy, &a);
        worst([
            row.compare(da.get(), &times(&dy, &value), &times(&dy, &size)),
            row.compare(db.get(), &times(&outer, &slope), &times(&outer, &slope_size)),
        ])
    })
    .map_err(|message| format!("{f:?}: {message}"))
}

pub(crate) fn gate_backward<T: Kernels>(k: T) -> Outcome {
    every_function!(one_gate_backward, k)
}

/// Two functions of every argument.
fn each(x: &[f64], f: impl Fn(f64) -> [f64; 2]) -> [Vec<f64>; 2] {
    let (first, second) = x.iter().map(|&x| f(x).into()).unzip();
    [first, second]
}

fn times(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a * b).collect()
}
