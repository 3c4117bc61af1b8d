//! Arithmetic, reductions and matrix products: values against the formulas, gradients against their
//! finite differences, for whole tensors on every instruction set.

mod binary;
mod product;
mod reduction;
mod running;
mod sampling;
mod special;
mod unary;

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{Tensor, random};
use tensorlet_host::{reference::wide, tolerance};

/// The step of the numerical differentiation, in double precision.
const H: f64 = 1e-5;

/// What is in a gradient before: it is added to.
const BEFORE: f32 = 0.25;

/// The reference on flat tensors.
pub(crate) type Formula<'a> = &'a dyn Fn(&[Vec<f64>]) -> Vec<f64>;

/// A tensor of numbers between two bounds.
pub(crate) fn numbers<X: Tensor<Elem = f32>>(seed: u64, low: f32, high: f32) -> X {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(seed);
    let mut x = X::ZERO;
    x.elements_mut().iter_mut().for_each(|x| *x = low + (high - low) * random::uniform(&mut rng));
    x
}

/// A tensor all of whose elements are the same.
pub(crate) fn filled<X: Tensor<Elem = f32>>(value: f32) -> X {
    let mut x = X::ZERO;
    x.elements_mut().fill(value);
    x
}

/// A result that must not depend on what was there.
pub(crate) fn poison<X: Tensor<Elem = f32>>() -> X {
    filled(f32::NAN)
}

/// A gradient to be added to.
pub(crate) fn begun<X: Tensor<Elem = f32>>() -> X {
    filled(BEFORE)
}

/// The dimensions of a tensor type.
pub(crate) fn shape<X: Tensor>() -> &'static [usize] {
    const { &X::SHAPE }.dims()
}

#[track_caller]
fn compare(what: &str, row: &str, got: &[f32], reference: &[f64]) {
    let largest = reference.iter().fold(0.0, |max: f64, x| max.max(x.abs()));
    if let Err(message) = tolerance::of(row).compare(got, reference, &vec![largest; reference.len()]) {
        panic!("{what}: {message}");
    }
}

/// Compares a result with the formula.
#[track_caller]
pub(crate) fn value(name: &str, inputs: &[&[f32]], y: &[f32], formula: Formula<'_>) {
    let inputs: Vec<Vec<f64>> = inputs.iter().map(|x| wide(x)).collect();
    compare(name, "forward", y, &formula(&inputs));
}

/// Compares gradients, which were added to [`begun`] ones, with differences of `Σ dy · y`.
#[track_caller]
pub(crate) fn gradients(name: &str, inputs: &[&[f32]], dy: &[f32], got: &[&[f32]], formula: Formula<'_>) {
    let (mut inputs, dy): (Vec<Vec<f64>>, _) = (inputs.iter().map(|x| wide(x)).collect(), wide(dy));
    let loss = |inputs: &[Vec<f64>]| -> f64 { formula(inputs).iter().zip(&dy).map(|(y, dy)| y * dy).sum() };
    let mut zero = true;
    for (i, got) in got.iter().enumerate() {
        let mut expected = Vec::new();
        for j in 0..inputs[i].len() {
            let x = inputs[i][j];
            let mut at = |h: f64| {
                inputs[i][j] = x + h;
                loss(&inputs)
            };
            expected.push((at(H) - at(-H)) / (2.0 * H));
            inputs[i][j] = x;
        }
        zero &= expected.iter().all(|g| *g == 0.0);
        let added: Vec<f32> = got.iter().map(|g| g - BEFORE).collect();
        compare(&format!("{name}: gradient of argument {i}"), "gradient", &added, &expected);
    }
    assert!(!zero, "{name}: all gradients are zero");
}

pub(crate) type A5 = [f32; 5];
pub(crate) type A34 = [[f32; 4]; 3];
pub(crate) type A41 = [[f32; 1]; 4];
pub(crate) type A235 = [[[f32; 5]; 3]; 2];
pub(crate) type A2342 = [[[[f32; 2]; 4]; 3]; 2];
pub(crate) type Long = [[f32; 37]; 3];
