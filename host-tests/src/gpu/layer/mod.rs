//! Layers as kernels.

mod attention;
mod conv;
mod copy;
mod elementwise;
mod embedding;
mod linear;
mod norm;
mod pool;
mod prelu;
mod recurrent;
mod sample;
mod sequence;
mod softmax;
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
        Op::PRelu => Box::new(prelu::PRelu),
        Op::Softmax { axis } => Box::new(softmax::Softmax::new(axis, softmax::Kind::Share)),
        Op::LogSoftmax { axis } => Box::new(softmax::Softmax::new(axis, softmax::Kind::Logarithm)),
        Op::Softmin { axis } => Box::new(softmax::Softmax::new(axis, softmax::Kind::Negative)),
        Op::LayerNorm { dims } => Box::new(norm::LayerNorm::rows(info, dims, true)),
        Op::RmsNorm { dims } => Box::new(norm::LayerNorm::rows(info, dims, false)),
        Op::GroupNorm { groups } => Box::new(norm::LayerNorm::groups(groups)),
        Op::InstanceNorm => Box::new(norm::LayerNorm::groups(info.input.dim(0))),
        Op::BatchNorm { tracked, .. } => Box::new(norm::BatchNorm::new(tracked)),
        Op::Embedding => Box::new(embedding::Embedding),
        Op::PositionalEncoding => Box::new(sequence::PositionalEncoding),
        Op::LearnedPositions => Box::new(sequence::LearnedPositions),
        Op::LastStep => Box::new(sequence::OneStep::Last),
        Op::MeanStep => Box::new(sequence::OneStep::Mean),
        Op::SelfAttention { heads, causal } => Box::new(attention::SelfAttention::new(heads, causal)),
        _ => return Err(unsupported(info, path, "there are no kernels for it")),
    })
}
