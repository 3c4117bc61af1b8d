//! Operations, their attributes and parameters.

use crate::{Shape, sliding::Options};

/// How a parameter's values lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Row-major in the stated shape, as PyTorch stores it.
    RowMajor,
    /// A matrix of stated shape `[out, in]` stored as `[in][out]`.
    Transposed,
    /// So many matrices of stated shape `[blocks · out, in]`, one below the other, stored as
    /// `[blocks][in][out]`.
    TransposedBlocks(usize),
}

/// A parameter of a layer: its name, PyTorch's shape, and the order in which it is stored.
#[derive(Clone, Copy, Debug)]
pub struct ParameterInfo {
    /// The name inside its layer: `weight`, `bias`.
    pub name: &'static str,
    /// The shape that PyTorch gives it.
    pub shape: Shape,
    /// The order of its values in memory.
    pub layout: Layout,
}

/// The operation of a layer with the attributes that its shapes do not tell.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Op {
    /// `y = x Wᵀ + b`.
    Linear,
    /// The same with a product of two matrices of this rank beside the weight.
    Lora(usize),
    /// `y = x Wᵀ`, with the weight of the part of this name beside it.
    Scores(&'static str),
    /// One-dimensional cross-correlation, the rows of its window being one. Here and in the next four
    /// the weight's shape tells the groups.
    Conv1d(Window),
    /// [`Op::Conv1d`] whose padding at the beginning is its state.
    CausalConv1d(Window),
    /// Two-dimensional cross-correlation.
    Conv2d(Window),
    /// The transposed of [`Op::Conv1d`]: the gradient of its input.
    ConvTranspose1d(Window),
    /// The transposed of [`Op::Conv2d`].
    ConvTranspose2d(Window),
    /// The windows as columns: `[C · kernel rows · kernel columns, windows]`.
    Unfold(Window),
    /// The transposed of [`Op::Unfold`]: columns added up at their places.
    Fold(Window),
    /// The largest value of each window, its rows being one.
    MaxPool1d(Window),
    /// The largest value of each window.
    MaxPool2d(Window),
    /// The mean of each window, its rows being one.
    AvgPool1d(Window),
    /// The mean of each window.
    AvgPool2d(Window),
    /// The norm of each window, its rows being one, and the norm's exponent.
    LpPool1d(Window, usize),
    /// The norm of each window, and its exponent.
    LpPool2d(Window, usize),
    /// The mean of each of windows that divide the input evenly.
    AdaptiveAvgPool1d,
    /// The same for rows and columns.
    AdaptiveAvgPool2d,
    /// The largest value of each of windows that divide the input evenly.
    AdaptiveMaxPool1d,
    /// The same for rows and columns.
    AdaptiveMaxPool2d,
    /// The mean of each channel of one dimension.
    GlobalAvgPool1d,
    /// The mean of each channel of two dimensions.
    GlobalAvgPool2d,
    /// The largest value of each channel of one dimension.
    GlobalMaxPool1d,
    /// The largest value of each channel of two dimensions.
    GlobalMaxPool2d,
    /// A function of each element.
    Activation(Activation),
    /// `max(x, 0) + weight · min(x, 0)`, one weight per channel or one for all.
    PRelu,
    /// `a · f(b)`, where `a` and `b` are the two halves of the input along an axis.
    Glu {
        /// The axis of the sample, from 0.
        axis: usize,
        /// `f`.
        gate: Activation,
    },
    /// `f(x W1ᵀ + b1) · (x W3ᵀ + b3)`.
    GatedLinear {
        /// `f`.
        gate: Activation,
    },
    /// `exp(x_i) / Σ_j exp(x_j)` along an axis of the sample, counted from 0.
    Softmax {
        /// The axis.
        axis: usize,
    },
    /// The logarithm of `Softmax`.
    LogSoftmax {
        /// The axis.
        axis: usize,
    },
    /// `Softmax` of `-x`.
    Softmin {
        /// The axis.
        axis: usize,
    },
    /// Numbers that are left out at random in training.
    Dropout,
    /// Channels that are left out at random in training.
    ChannelDropout,
    /// The row of a table for each token.
    Embedding,
    /// The rows of a table for the tokens of a bag, put together.
    EmbeddingBag,
    /// Sines and cosines of the position added.
    PositionalEncoding,
    /// A parameter of the input's shape added.
    LearnedPositions,
    /// Pairs of numbers turned by angles that grow with the position.
    RotaryEmbedding {
        /// The axis of the positions in the sample, counted from 0.
        axis: usize,
    },
    /// Each channel normalised over the batch and all places.
    BatchNorm {
        /// Dimensions behind the channels, at least 1: which of PyTorch's classes it is.
        dims: usize,
        /// Whether evaluation uses running statistics.
        tracked: bool,
    },
    /// The last dimensions of a sample normalised.
    LayerNorm {
        /// How many.
        dims: usize,
    },
    /// The last dimensions of a sample divided by the root of their mean square.
    RmsNorm {
        /// How many.
        dims: usize,
    },
    /// Groups of channels of a sample normalised over all places.
    GroupNorm {
        /// The number of groups.
        groups: usize,
    },
    /// Each channel of a sample normalised over all places.
    InstanceNorm,
    /// Each number divided by a power of the squares in the channels around.
    LocalResponseNorm,
    /// All dimensions into one.
    Flatten,
    /// The same numbers in another shape.
    View,
    /// Recurrent layers over sequences.
    Recurrent(Recurrence),
    /// One time step of a recurrent layer.
    RecurrentCell(Cell),
    /// Multi-head attention of a sequence to itself.
    SelfAttention {
        /// The number of heads.
        heads: usize,
        /// Whether a step attends only to itself and those before it.
        causal: bool,
    },
    /// The last time step of a sequence.
    LastStep,
    /// The mean over the time steps of a sequence.
    MeanStep,
    /// The input as it is.
    Identity,
    /// A sample of normal distributions from means and log-variances.
    GaussianReparam,
    /// A sample of normal distributions from means and the `ρ` of `σ = softplus(ρ)`.
    GaussianSigmaReparam,
    /// A sample of categorical distributions from logits over a dimension.
    GumbelSoftmax {
        /// The dimension of a sample.
        axis: usize,
    },
    /// A layer written outside this crate, by its name.
    Custom(&'static str),
}

impl Op {
    /// PyTorch's class name of the layer.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Linear => "Linear",
            Self::Lora(_) => "LoRA",
            Self::Scores(_) => "Linear (tied)",
            Self::Conv1d(_) => "Conv1d",
            Self::CausalConv1d(_) => "CausalConv1d",
            Self::Conv2d(_) => "Conv2d",
            Self::ConvTranspose1d(_) => "ConvTranspose1d",
            Self::ConvTranspose2d(_) => "ConvTranspose2d",
            Self::Unfold(_) => "Unfold",
            Self::Fold(_) => "Fold",
            Self::MaxPool1d(_) => "MaxPool1d",
            Self::MaxPool2d(_) => "MaxPool2d",
            Self::AvgPool1d(_) => "AvgPool1d",
            Self::AvgPool2d(_) => "AvgPool2d",
            Self::LpPool1d(..) => "LPPool1d",
            Self::LpPool2d(..) => "LPPool2d",
            Self::AdaptiveAvgPool1d => "AdaptiveAvgPool1d",
            Self::AdaptiveAvgPool2d => "AdaptiveAvgPool2d",
            Self::AdaptiveMaxPool1d => "AdaptiveMaxPool1d",
            Self::AdaptiveMaxPool2d => "AdaptiveMaxPool2d",
            Self::GlobalAvgPool1d => "GlobalAvgPool1d",
            Self::GlobalAvgPool2d => "GlobalAvgPool2d",
            Self::GlobalMaxPool1d => "GlobalMaxPool1d",
            Self::GlobalMaxPool2d => "GlobalMaxPool2d",
            Self::Activation(activation) => activation.name(),
            Self::PRelu => "PReLU",
            Self::Glu { .. } => "GLU",
            Self::GatedLinear { .. } => "GatedLinear",
            Self::Softmax { .. } => "Softmax",
            Self::LogSoftmax { .. } => "LogSoftmax",
            Self::Softmin { .. } => "Softmin",
            Self::Dropout => "Dropout",
            Self::ChannelDropout => "Dropout2d",
            Self::Embedding => "Embedding",
            Self::EmbeddingBag => "EmbeddingBag",
            Self::PositionalEncoding => "PositionalEncoding",
            Self::LearnedPositions => "LearnedPositions",
            Self::RotaryEmbedding { .. } => "RotaryEmbedding",
            Self::BatchNorm { dims: 1, .. } => "BatchNorm1d",
            Self::BatchNorm { dims: 2, .. } => "BatchNorm2d",
            Self::BatchNorm { .. } => "BatchNorm3d",
            Self::LayerNorm { .. } => "LayerNorm",
            Self::RmsNorm { .. } => "RMSNorm",
            Self::GroupNorm { .. } => "GroupNorm",
            Self::InstanceNorm => "InstanceNorm2d",
            Self::LocalResponseNorm => "LocalResponseNorm",
            Self::Flatten => "Flatten",
            Self::View => "Unflatten",
            Self::Recurrent(Recurrence { cell, .. }) => match cell {
                Cell::Tanh | Cell::Relu => "RNN",
                Cell::Gru => "GRU",
                Cell::Lstm => "LSTM",
            },
            Self::RecurrentCell(cell) => match cell {
                Cell::Tanh | Cell::Relu => "RNNCell",
                Cell::Gru => "GRUCell",
                Cell::Lstm => "LSTMCell",
            },
            Self::SelfAttention { .. } => "MultiheadAttention",
            Self::LastStep => "LastStep",
            Self::MeanStep => "MeanStep",
            Self::Identity => "Identity",
            Self::GaussianReparam => "GaussianReparam",
            Self::GaussianSigmaReparam => "GaussianSigmaReparam",
            Self::GumbelSoftmax { .. } => "GumbelSoftmax",
            Self::Custom(name) => name,
        }
    }
}

/// A function of each element; the formulas stand at the layers of the same names. What a function
/// has beside `x` the layer shows as [settings](crate::Visitor::setting).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the layer of its name")]
pub enum Activation {
    Relu,
    Sigmoid,
    Tanh,
    Relu6,
    LeakyRelu,
    Threshold,
    Hardtanh,
    Hardsigmoid,
    Hardswish,
    Hardshrink,
    Softshrink,
    Shrink,
    Elu,
    Selu,
    Celu,
    LogSigmoid,
    Softplus,
    Softsign,
    Gelu,
    GeluTanh,
    Silu,
    Swish,
    Mish,
    Tanhshrink,
    /// A function written outside this crate, by its name.
    Custom(&'static str),
}

impl Activation {
    /// PyTorch's class name; the layer's own where PyTorch has no such class.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Relu => "ReLU",
            Self::Sigmoid => "Sigmoid",
            Self::Tanh => "Tanh",
            Self::Relu6 => "ReLU6",
            Self::LeakyRelu => "LeakyReLU",
            Self::Threshold => "Threshold",
            Self::Hardtanh => "Hardtanh",
            Self::Hardsigmoid => "Hardsigmoid",
            Self::Hardswish => "Hardswish",
            Self::Hardshrink => "Hardshrink",
            Self::Softshrink => "Softshrink",
            Self::Shrink => "Shrink",
            Self::Elu => "ELU",
            Self::Selu => "SELU",
            Self::Celu => "CELU",
            Self::LogSigmoid => "LogSigmoid",
            Self::Softplus => "Softplus",
            Self::Softsign => "Softsign",
            Self::Gelu | Self::GeluTanh => "GELU",
            Self::Silu => "SiLU",
            Self::Swish => "Swish",
            Self::Mish => "Mish",
            Self::Tanhshrink => "Tanhshrink",
            Self::Custom(name) => name,
        }
    }
}

/// The window of a convolution or pooling layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Rows and columns of the window.
    pub kernel: [usize; 2],
    /// How it slides.
    pub options: Options,
}

/// The kind of a recurrent cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// One gate with the hyperbolic tangent.
    Tanh,
    /// One gate with ReLU.
    Relu,
    /// Gates r, z, n.
    Gru,
    /// Gates i, f, g, o.
    Lstm,
}

/// A stack of recurrent layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recurrence {
    /// The kind of its cells.
    pub cell: Cell,
    /// The size of the hidden state.
    pub hidden: usize,
    /// The number of layers.
    pub layers: usize,
    /// 1, or 2 for both directions.
    pub directions: usize,
}
