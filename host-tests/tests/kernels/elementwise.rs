//! Functions of each element.

use proptest::prelude::*;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use tensorlet::{kernel::Kernels, random::Generator};
use tensorlet_host::{
    framed::Framed,
    reference::{abs, activation, wide},
    tolerance,
};

use super::property::{Outcome, any_length, number, numbers, property};

/// Arguments of functions: also where they saturate.
pub(crate) fn arguments() -> BoxedStrategy<Vec<f32>> {
    any_length()
        .prop_flat_map(|x| {
            let wide = prop_oneof![4 => number(), 2 => -20.0_f32..20.0, 1 => -1e4_f32..1e4, 1 => -1e-6_f32..1e-6];
            proptest::collection::vec(wide, x.len())
        })
        .boxed()
}

/// Two slices of the same length.
pub(crate) fn pairs() -> BoxedStrategy<(Vec<f32>, Vec<f32>)> {
    any_length().prop_flat_map(|x| (Just(x.clone()), numbers(x.len()))).boxed()
}

/// A kernel in place against a function.
fn in_place(name: &str, x: &[f32], kernel: &dyn Fn(&mut [f32]), function: fn(f64) -> f64) -> Outcome {
    let mut got = Framed::new(x);
    kernel(got.get_mut());
    let reference: Vec<f64> = wide(x).into_iter().map(function).collect();
    tolerance::of(name).compare(got.get(), &reference, &reference)
}

pub(crate) fn relu<T: Kernels>(k: T) -> Outcome {
    property(arguments(), &|x| in_place("relu", &x, &|x| k.relu(x), activation::relu))
}

/// The mask of the elements whose derivative is 1.
fn mask(x: &[f32]) -> Vec<u32> {
    let mut mask = vec![0; x.len().div_ceil(32)];
    for (i, &x) in x.iter().enumerate() {
        if activation::relu_derivative(f64::from(x)) > 0.0 {
            mask[i / 32] |= 1 << (i % 32);
        }
    }
    mask
}

pub(crate) fn relu_masked<T: Kernels>(k: T) -> Outcome {
    property(arguments(), &|x| {
        let expected = mask(&x);
        let mut got = vec![0xdead_beef; expected.len() + 2];
        let outcome =
            in_place("relu_masked", &x, &|x| k.relu_masked(x, &mut got.clone()[..expected.len()]), activation::relu);
        k.relu_masked(&mut x.clone(), &mut got[..expected.len()]);
        if got != [&expected[..], &[0xdead_beef; 2]].concat() {
            return Err(format!("mask {got:x?}, expected {expected:x?} and nothing behind it"));
        }
        outcome
    })
}

pub(crate) fn relu_backward<T: Kernels>(k: T) -> Outcome {
    property(pairs(), &|(x, dy)| {
        let mut got = Framed::new(&dy);
        k.relu_backward(got.get_mut(), &mask(&x));
        let reference: Vec<f64> =
            wide(&x).iter().zip(wide(&dy)).map(|(&x, dy)| activation::relu_derivative(x) * dy).collect();
        tolerance::of("relu_backward").compare(got.get(), &reference, &reference)
    })
}

pub(crate) fn sigmoid<T: Kernels>(k: T) -> Outcome {
    property(arguments(), &|x| in_place("sigmoid", &x, &|x| k.sigmoid(x), activation::sigmoid))
}

pub(crate) fn tanh<T: Kernels>(k: T) -> Outcome {
    property(arguments(), &|x| in_place("tanh", &x, &|x| k.tanh(x), activation::tanh))
}

/// A derivative from the function's value `y`, which the kernel gets rounded: the error of `1 - y` or
/// `1 - y²` is that of 1.
fn from_value(
    name: &str,
    (x, dy): &(Vec<f32>, Vec<f32>),
    kernel: &dyn Fn(&mut [f32], &[f32]),
    function: fn(f64) -> f64,
    derivative: fn(f64) -> f64,
    magnitude: fn(f64) -> f64,
) -> Outcome {
    let y: Vec<f32> = wide(x).iter().map(|&x| function(x) as f32).collect();
    let (mut got, fdy) = (Framed::new(&y), Framed::new(dy));
    kernel(got.get_mut(), fdy.get());
    let times = |f: fn(f64) -> f64| wide(x).into_iter().zip(wide(dy)).map(|(x, dy)| f(x) * dy).collect::<Vec<_>>();
    tolerance::of(name).compare(got.get(), &times(derivative), &times(magnitude))
}

pub(crate) fn sigmoid_backward<T: Kernels>(k: T) -> Outcome {
    property(pairs(), &|pair| {
        from_value(
            "sigmoid_backward",
            &pair,
            &|y, dy| k.sigmoid_backward(y, dy),
            activation::sigmoid,
            activation::sigmoid_derivative,
            activation::sigmoid,
        )
    })
}

pub(crate) fn tanh_backward<T: Kernels>(k: T) -> Outcome {
    property(pairs(), &|pair| {
        from_value(
            "tanh_backward",
            &pair,
            &|y, dy| k.tanh_backward(y, dy),
            activation::tanh,
            activation::tanh_derivative,
            |_| 1.0,
        )
    })
}

pub(crate) fn add<T: Kernels>(k: T) -> Outcome {
    property(pairs(), &|(x, y)| {
        let (mut got, fx) = (Framed::new(&y), Framed::new(&x));
        k.add(got.get_mut(), fx.get());
        let sum: Vec<f64> = wide(&x).iter().zip(wide(&y)).map(|(x, y)| x + y).collect();
        tolerance::of("add").compare(got.get(), &sum, &sum)
    })
}

pub(crate) fn add_scaled<T: Kernels>(k: T) -> Outcome {
    property((pairs(), number()).boxed(), &|((x, y), a)| {
        let (mut got, fx) = (Framed::new(&y), Framed::new(&x));
        k.add_scaled(got.get_mut(), a, fx.get());
        let terms = || wide(&x).into_iter().map(|x| f64::from(a) * x).zip(wide(&y));
        let sum: Vec<f64> = terms().map(|(ax, y)| ax + y).collect();
        let magnitude: Vec<f64> = terms().map(|(ax, y)| ax.abs() + y.abs()).collect();
        tolerance::of("add_scaled").compare(got.get(), &sum, &magnitude)
    })
}

pub(crate) fn scale<T: Kernels>(k: T) -> Outcome {
    property((any_length(), number()).boxed(), &|(x, a)| {
        let mut got = Framed::new(&x);
        k.scale(got.get_mut(), a);
        let product: Vec<f64> = wide(&x).iter().map(|x| x * f64::from(a)).collect();
        tolerance::of("scale").compare(got.get(), &product, &abs(&product))
    })
}

pub(crate) fn divide<T: Kernels>(k: T) -> Outcome {
    property((any_length(), 0.1_f32..4.0).boxed(), &|(x, a)| {
        let mut got = Framed::new(&x);
        k.divide(got.get_mut(), a);
        let quotient: Vec<f64> = wide(&x).iter().map(|x| x / f64::from(a)).collect();
        tolerance::of("divide").compare(got.get(), &quotient, &abs(&quotient))
    })
}

/// `x + G(u)`, and what its roundings are proportional to.
fn gumbel(x: &[f32], u: &[f64]) -> [Vec<f64>; 2] {
    let noise = |u: f64| -(1e-20 - (u + 1e-20).ln()).ln();
    let terms = || wide(x).into_iter().zip(u.iter().map(|&u| noise(u)));
    [terms().map(|(x, g)| x + g).collect(), terms().map(|(x, g)| x.abs() + g.abs() + 1.0).collect()]
}

pub(crate) fn add_gumbel<T: Kernels>(k: T) -> Outcome {
    let u = |n| proptest::collection::vec(prop_oneof![20 => 0.0_f32..1.0, 1 => Just(0.0), 1 => Just(1.0)], n);
    property(any_length().prop_flat_map(move |x| (u(x.len()), Just(x))).boxed(), &|(u, x)| {
        let (mut got, fu) = (Framed::new(&x), Framed::new(&u));
        k.add_gumbel(got.get_mut(), fu.get());
        let [sum, magnitude] = gumbel(&x, &wide(&u));
        tolerance::of("add_gumbel").compare(got.get(), &sum, &magnitude)
    })
}

pub(crate) fn draw_gumbel<T: Kernels>(k: T) -> Outcome {
    // Short ones, and now and then one that is drawn in blocks.
    let long = (8190_usize..8300).prop_map(|n| vec![0.25; n]);
    property((prop_oneof![8 => any_length(), 1 => long], any::<u64>()).boxed(), &|(x, seed)| {
        let mut got = Framed::new(&x);
        k.draw_gumbel(got.get_mut(), seed);
        let mut generator = Generator::seed_from_u64(seed);
        let u: Vec<f64> = x.iter().map(|_| f64::from(generator.next_u32() >> 8) / f64::from(1 << 24)).collect();
        let [sum, magnitude] = gumbel(&x, &u);
        tolerance::of("draw_gumbel").compare(got.get(), &sum, &magnitude)
    })
}
