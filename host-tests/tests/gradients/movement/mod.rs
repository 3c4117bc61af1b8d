//! Operations that move elements: values and gradients against the formulas.
//!
//! They are linear, and so is the reference: its differences with a step of 1 are its derivatives.

mod copies;
mod gathered;
mod order;
mod parts;
mod topk;
mod views;

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{Tensor, random};
use tensorlet_host::{reference::wide, tolerance};

/// A tensor of different numbers.
pub(crate) fn numbers<X: Tensor<Elem = f32>>(seed: u64) -> X {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(seed);
    let mut x = X::ZERO;
    x.elements_mut().iter_mut().for_each(|x| *x = 2.0 * random::uniform(&mut rng) - 1.0);
    x
}

pub(crate) fn poison<Y: Tensor<Elem = f32>>() -> Y {
    let mut y = Y::ZERO;
    y.elements_mut().fill(f32::NAN);
    y
}

/// Compares value and gradient with a reference of flat slices.
#[track_caller]
pub(crate) fn check<X: Tensor<Elem = f32>, Y: Tensor<Elem = f32>>(
    forward: impl Fn(&X, &mut Y),
    backward: impl Fn(&Y, &mut X),
    reference: impl Fn(&[f64]) -> Vec<f64>,
) {
    let (x, mut y) = (numbers::<X>(1), poison::<Y>());
    forward(&x, &mut y);
    let expected = reference(&wide(x.elements()));
    assert_eq!(wide(y.elements()), expected, "the value");
    gradient(&x, backward, reference);
}

/// Compares a gradient, which is added to what is there.
#[track_caller]
pub(crate) fn gradient<X: Tensor<Elem = f32>, Y: Tensor<Elem = f32>>(
    x: &X,
    backward: impl Fn(&Y, &mut X),
    reference: impl Fn(&[f64]) -> Vec<f64>,
) {
    let (dy, mut dx) = (numbers::<Y>(2), X::ZERO);
    dx.elements_mut().fill(0.5);
    backward(&dy, &mut dx);
    let (x, dy) = (wide(x.elements()), wide(dy.elements()));
    let loss = |x: &[f64]| -> f64 { reference(x).iter().zip(&dy).map(|(y, dy)| y * dy).sum() };
    let expected: Vec<f64> = (0..x.len())
        .map(|i| {
            let mut moved = x.clone();
            moved[i] += 1.0;
            0.5 + loss(&moved) - loss(&x)
        })
        .collect();
    let largest = expected.iter().fold(0.0, |max: f64, x| max.max(x.abs()));
    let row = tolerance::of("gradient");
    row.compare(dx.elements(), &expected, &vec![largest; expected.len()]).expect("the gradient");
}

/// The shape of a tensor type.
pub(crate) fn shape<X: Tensor>() -> &'static [usize] {
    const { &X::SHAPE }.dims()
}

pub(crate) type A234 = [[[f32; 4]; 3]; 2];
pub(crate) type A35 = [[f32; 5]; 3];
