//! What losses that compare each number of the output with one of the target share.

use super::Reduction;
use crate::{
    Shape, Tensor,
    kernel::{samples, samples_mut},
    message::{Part, fail},
    ops::nest::{Nest, broadcast, steps, strides},
};

/// A loss with one element for each number: `f(y, t)` gives its value and its derivative.
#[inline]
pub(super) fn elementwise<R: Reduction>(
    y: &mut [f32],
    targets: &[f32],
    reduction: &mut R,
    f: impl Fn(f32, f32) -> Pair,
) {
    for (y, &t) in y.iter_mut().zip(targets) {
        reduction.element(|scale| {
            let Pair { value, derivative } = f(*y, t);
            *y = scale * derivative;
            value
        });
    }
}

/// The value of an element, and its derivative with respect to the output.
pub(super) struct Pair {
    pub(super) value: f32,
    pub(super) derivative: f32,
}

/// Weights of the numbers of an output: a tensor that is broadcast to it by PyTorch's rules, or `()` where
/// all count the same.
pub trait ElementWeights {
    /// The shape.
    const SHAPE: Shape;

    /// The weights in memory order.
    fn weights(&self) -> &[f32];
}

impl ElementWeights for () {
    const SHAPE: Shape = Shape::SCALAR;

    #[inline(always)]
    fn weights(&self) -> &[f32] {
        &[1.0]
    }
}

impl<W: Tensor<Elem = f32>> ElementWeights for W {
    const SHAPE: Shape = W::SHAPE;

    #[inline(always)]
    fn weights(&self) -> &[f32] {
        self.elements()
    }
}

/// The loops over an output of type `Y` and two tensors of weights that are broadcast to it. Fails to
/// compile where they do not fit.
pub(super) const fn loops<Y: Tensor>(loss: &str, weights: [Shape; 2]) -> Nest<3> {
    let over = Y::SHAPE;
    let mut i = 0;
    while i < weights.len() {
        let fits = match broadcast(weights[i], over) {
            Some(both) => both.equals(&over),
            None => false,
        };
        if !fits {
            fail(&[
                Part::Text("shape mismatch: `"),
                Part::Text(loss),
                Part::Text("` cannot broadcast weights of shape "),
                Part::Shape(weights[i]),
                Part::Text(" to outputs of shape "),
                Part::Shape(over),
            ]);
        }
        i += 1;
    }
    let [a, b] = weights;
    Nest::new(over.dims(), &steps([strides(over, over), strides(a, over), strides(b, over)]))
}

/// A loss as [`elementwise`] whose `f(y, t, weights)` also gets the two weights of each number.
#[inline]
pub(super) fn weighted<R: Reduction>(
    y: &mut [f32],
    targets: &[f32],
    sample: usize,
    weights: [&[f32]; 2],
    loops: &Nest<3>,
    reduction: &mut R,
    f: impl Fn(f32, f32, [f32; 2]) -> Pair,
) {
    let [_, step_a, step_b] = loops.row_steps();
    for (y, targets) in samples_mut(y, sample).zip(samples(targets, sample)) {
        loops.rows(|[at, at_a, at_b]| {
            let [a, b] = weights;
            let (a, b) = (every(a, at_a, step_a), every(b, at_b, step_b));
            let y = y.get_mut(at..).unwrap_or_default().iter_mut().take(loops.row());
            let targets = targets.get(at..).unwrap_or_default();
            for (((y, &t), a), b) in y.zip(targets).zip(a).zip(b) {
                reduction.element(|scale| {
                    let Pair { value, derivative } = f(*y, t, [a, b]);
                    *y = scale * derivative;
                    value
                });
            }
        });
    }
}

/// Every `step`-th element from a position on; always the same one for 0.
#[inline(always)]
fn every(x: &[f32], from: usize, step: usize) -> impl Iterator<Item = f32> {
    let mut rest = x.get(from..).unwrap_or_default();
    core::iter::from_fn(move || {
        let first = rest.first().copied();
        rest = rest.get(step..).unwrap_or_default();
        first
    })
}
