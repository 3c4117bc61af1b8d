//! Layers as kernels.

mod conv;
mod copy;
mod elementwise;
mod linear;
mod pool;
mod recurrent;
mod sample;
mod window;

use tensorlet::{
    Shape,
    description::{LayerInfo, Op, Recurrence},
};

use super::{
    OffloadError,
    graph::{Operation, join, unsupported},
    weights::Weights,
};

pub(super) use copy::{Concat, Copy};

/// What stands for a layer in nodes that are none.
const NONE: LayerInfo =
    LayerInfo { op: Op::Identity, input: Shape::SCALAR, output: Shape::SCALAR, parameters: &[], macs: 0 };
/// The node of a sum.
pub(super) static COPY: &LayerInfo = &NONE;
/// The node of two values side by side.
pub(super) static CONCAT: &LayerInfo = &NONE;

/// What a layer computes, as kernels.
///
/// # Errors
/// [`OffloadError::Unsupported`] for a layer that is not covered.
pub(super) fn operation(
    info: &'static LayerInfo,
    path: &str,
    weights: &Weights,
) -> Result<Box<dyn Operation>, OffloadError> {
    if info.parameters.iter().any(|parameter| weights.unusual.contains(&join(path, parameter.name))) {
        return Err(unsupported(info, path, "its parameters are trained in part, or are integers"));
    }
    Ok(match info.op {
        Op::Linear => Box::new(linear::Linear),
        Op::Dropout => Box::new(sample::Dropout::new(1)),
        Op::ChannelDropout => {
            let channels = info.input.dims().first().copied().unwrap_or(1);
            Box::new(sample::Dropout::new((info.input.numel() / channels) as u32))
        }
        Op::GaussianReparam => Box::new(sample::Reparameterise::new(sample::Deviation::LogVariance)),
        Op::GaussianSigmaReparam => Box::new(sample::Reparameterise::new(sample::Deviation::Softplus)),
        Op::GumbelSoftmax { axis } => Box::new(sample::GumbelSoftmax::new(axis)),
        Op::Recurrent(recurrence) => Box::new(recurrent::Recurrent::new(recurrence, info, path)?),
        Op::RecurrentCell(cell) => {
            let single = Recurrence { cell, hidden: info.output.numel(), layers: 1, directions: 1 };
            Box::new(recurrent::Recurrent::new(single, info, path)?)
        }
        Op::Activation(function) => Box::new(elementwise::Elementwise::new(function, info, path)?),
        Op::Conv1d(window) | Op::CausalConv1d(window) | Op::Conv2d(window) => {
            Box::new(conv::Conv::new(window, info, path)?)
        }
        Op::MaxPool1d(window) | Op::MaxPool2d(window) => Box::new(pool::Pool::max(Some(window), info)),
        Op::AvgPool1d(window) | Op::AvgPool2d(window) => Box::new(pool::Pool::mean(Some(window), info)),
        Op::AdaptiveMaxPool1d | Op::AdaptiveMaxPool2d | Op::GlobalMaxPool1d | Op::GlobalMaxPool2d => {
            Box::new(pool::Pool::max(None, info))
        }
        Op::AdaptiveAvgPool1d | Op::AdaptiveAvgPool2d | Op::GlobalAvgPool1d | Op::GlobalAvgPool2d => {
            Box::new(pool::Pool::mean(None, info))
        }
        _ => return Err(unsupported(info, path, "there are no kernels for it")),
    })
}
