//! Softmax and cross-entropy.

use proptest::prelude::*;
use tensorlet::kernel::Kernels;
use tensorlet_host::{framed::Framed, reference::softmax as reference, reference::wide, tolerance};

use super::property::{Outcome, number, numbers, property, worst};

/// Logits of 1 to 40 classes, ordinary or far apart.
fn logits() -> BoxedStrategy<Vec<f32>> {
    let one = prop_oneof![6 => number(), 1 => -80.0_f32..80.0];
    proptest::collection::vec(one, 1..41).boxed()
}

/// Probabilities, each times one plus the size of the exponential's argument.
fn magnitude(x: &[f64]) -> Vec<f64> {
    let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    reference::softmax(x).iter().zip(x).map(|(p, x)| p * (1.0 + max - x)).collect()
}

pub(crate) fn softmax<T: Kernels>(k: T) -> Outcome {
    property(logits(), &|x| {
        let mut got = Framed::new(&x);
        k.softmax(got.get_mut());
        let value = reference::softmax(&wide(&x));
        tolerance::of("softmax").compare(got.get(), &value, &magnitude(&wide(&x)))
    })
}

/// Rows of 1 to 40 classes: their length, all of their logits.
fn rows() -> BoxedStrategy<(usize, Vec<f32>)> {
    let one = prop_oneof![6 => number(), 1 => -80.0_f32..80.0];
    (1_usize..41, 0_usize..7)
        .prop_flat_map(move |(len, rows)| (Just(len), proptest::collection::vec(one.clone(), rows * len)))
        .boxed()
}

pub(crate) fn softmax_rows<T: Kernels>(k: T) -> Outcome {
    property(rows(), &|(len, x)| {
        let mut got = Framed::new(&x);
        k.softmax_rows(got.get_mut(), len);
        let each = |f: fn(&[f64]) -> Vec<f64>| wide(&x).chunks(len).flat_map(f).collect::<Vec<_>>();
        tolerance::of("softmax_rows").compare(got.get(), &each(reference::softmax), &each(magnitude))
    })
}

pub(crate) fn cross_entropy_rows<T: Kernels>(k: T) -> Outcome {
    property((rows(), any::<prop::sample::Index>(), -2.0_f32..2.0).boxed(), &|((len, x), target, scale)| {
        let targets: Vec<usize> = (0..x.len() / len).map(|row| (target.index(len) + row) % len).collect();
        let factors: Vec<f32> = (0..targets.len()).map(|row| scale + row as f32).collect();
        let (mut got, mut losses) = (Framed::new(&x), Framed::new(&factors));
        k.cross_entropy_rows(got.get_mut(), len, &targets, losses.get_mut());
        let row = tolerance::of("cross_entropy_rows");
        let x = wide(&x);
        let each = x.chunks(len).zip(&targets).zip(losses.get()).zip(got.get().chunks(len)).zip(factors);
        worst(each.map(|((((x, &target), &loss), got), factor)| {
            let by_factor = |x: Vec<f64>| x.into_iter().map(|x| x * f64::from(factor)).collect::<Vec<_>>();
            let mut magnitude = magnitude(x);
            magnitude[target] += 1.0;
            let value = reference::cross_entropy(x, target);
            worst([
                row.compare(&[loss], &[value], &[1.0 + value]),
                row.compare(got, &by_factor(reference::cross_entropy_gradient(x, target)), &by_factor(magnitude)),
            ])
        }))
    })
}

/// Logits and as many gradients.
fn logits_and_gradients() -> BoxedStrategy<(Vec<f32>, Vec<f32>)> {
    logits().prop_flat_map(|x| (Just(x.clone()), numbers(x.len()))).boxed()
}

pub(crate) fn softmax_backward<T: Kernels>(k: T) -> Outcome {
    property(logits_and_gradients(), &|(x, dy)| {
        let y: Vec<f32> = reference::softmax(&wide(&x)).iter().map(|&y| y as f32).collect();
        let (mut got, fdy) = (Framed::new(&y), Framed::new(&dy));
        k.softmax_backward(got.get_mut(), fdy.get());
        let (y, dy) = (wide(&y), wide(&dy));
        let size: f64 = y.iter().zip(&dy).map(|(y, dy)| (y * dy).abs()).sum();
        let magnitude: Vec<f64> = y.iter().zip(&dy).map(|(y, dy)| y * (dy.abs() + size)).collect();
        tolerance::of("softmax_backward").compare(got.get(), &reference::softmax_gradient(&y, &dy), &magnitude)
    })
}

pub(crate) fn log_softmax<T: Kernels>(k: T) -> Outcome {
    property(logits(), &|x| {
        let mut got = Framed::new(&x);
        k.log_softmax(got.get_mut());
        let x = wide(&x);
        let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let ln = reference::log_sum_exp(&x) - max;
        let magnitude: Vec<f64> = x.iter().map(|x| 1.0 + ln + (x - max).abs()).collect();
        tolerance::of("log_softmax").compare(got.get(), &reference::log_softmax(&x), &magnitude)
    })
}

pub(crate) fn log_softmax_backward<T: Kernels>(k: T) -> Outcome {
    property(logits_and_gradients(), &|(x, dy)| {
        let y: Vec<f32> = reference::log_softmax(&wide(&x)).iter().map(|&y| y as f32).collect();
        let (mut got, fdy) = (Framed::new(&y), Framed::new(&dy));
        k.log_softmax_backward(got.get_mut(), fdy.get());
        let (y, dy) = (wide(&y), wide(&dy));
        let size: f64 = dy.iter().map(|dy| dy.abs()).sum();
        let magnitude: Vec<f64> = y.iter().zip(&dy).map(|(y, dy)| dy.abs() + y.exp() * (1.0 - y) * size).collect();
        tolerance::of("log_softmax_backward").compare(got.get(), &reference::log_softmax_gradient(&y, &dy), &magnitude)
    })
}

pub(crate) fn cross_entropy<T: Kernels>(k: T) -> Outcome {
    property((logits(), any::<prop::sample::Index>(), -2.0_f32..2.0).boxed(), &|(x, target, scale)| {
        let target = target.index(x.len());
        let mut got = Framed::new(&x);
        let loss = k.cross_entropy(got.get_mut(), target, scale);
        let x = wide(&x);
        let by_scale = |x: Vec<f64>| x.into_iter().map(|x| x * f64::from(scale)).collect::<Vec<_>>();
        let row = tolerance::of("cross_entropy");
        let mut magnitude = magnitude(&x);
        magnitude[target] += 1.0;
        let value = reference::cross_entropy(&x, target);
        worst([
            row.compare(&[loss], &[value], &[1.0 + value]),
            row.compare(got.get(), &by_scale(reference::cross_entropy_gradient(&x, target)), &by_scale(magnitude)),
        ])
    })
}
