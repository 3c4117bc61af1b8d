//! Normalisation: numbers that belong together get mean 0 and variance 1, then a weight and a bias.
//!
//! | layer | numbers that belong together |
//! |---|---|
//! | [`BatchNorm`] | a channel, over the batch and all places |
//! | [`LayerNorm`], [`RmsNorm`] | the last dimensions of a sample |
//! | [`GroupNorm`] | the channels of a group in a sample, at all places |
//! | [`InstanceNorm`] | a channel of a sample, at all places |
//!
//! Backward finds mean and variance again from the input, which stays in its slot: two more passes over
//! numbers at hand, and no word of tape.

mod affine;
mod batch_norm;
mod group_norm;
mod layer_norm;
mod local_response_norm;
mod running;

pub use affine::{Affine, NoWeight};
pub use batch_norm::{BatchNorm, BatchNorm1d, BatchNorm2d};
pub use group_norm::{GroupNorm, InstanceNorm, InstanceNorm1d, InstanceNorm2d};
pub use layer_norm::{LayerNorm, RmsNorm};
pub use local_response_norm::LocalResponseNorm;
pub use running::{NotTracked, Running, RunningStatistics};

use crate::{
    Shape,
    kernel::{Kernels, Standard},
    math,
    message::{Part, fail},
};

/// PyTorch's default for `eps` in all normalisations but RMS.
const EPS: f32 = 1e-5;

/// Mean and biased variance of a run, in two passes.
#[inline(always)]
fn moments<K: Kernels>(k: K, x: &[f32]) -> [f32; 2] {
    let scale = 1.0 / x.len() as f32;
    let mean = k.sum(x) * scale;
    corrected(mean, k.deviations(x, mean).map(|sum| sum * scale))
}

/// Mean and variance from a mean that is off by the rounding of a sum, and the means of the deviations
/// from it and of their squares: where numbers are far from 0 but close together, that rounding is
/// large beside the deviation.
#[inline(always)]
fn corrected(mean: f32, [off, square]: [f32; 2]) -> [f32; 2] {
    let variance = square - off * off;
    // What rounding makes negative; NaN stays NaN.
    [mean + off, if variance < 0.0 { 0.0 } else { variance }]
}

/// The standardisation by a mean and a variance.
#[inline(always)]
fn standard([mean, variance]: [f32; 2], eps: f32) -> Standard {
    Standard { mean, rstd: 1.0 / math::sqrt(variance + eps) }
}

/// Elements of a channel: those behind the first dimension. Fails to compile unless that has `channels`.
const fn plane(layer: &str, shape: Shape, channels: usize) -> usize {
    if shape.rank() == 0 || shape.dim(0) != channels {
        fail(&[
            Part::Text("shape mismatch: layer `"),
            Part::Text(layer),
            Part::Text("` of "),
            Part::Number(channels),
            Part::Text(" channels cannot take an input of shape "),
            Part::Shape(shape),
        ]);
    }
    shape.numel() / channels
}
