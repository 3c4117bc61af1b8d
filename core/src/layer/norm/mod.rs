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
    message::{Part, fail},
};

/// PyTorch's default for `eps` in all normalisations but RMS.
const EPS: f32 = 1e-5;

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
