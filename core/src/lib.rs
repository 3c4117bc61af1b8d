#![doc = include_str!("../README.md")]
//!
//! ## The operations
//!
//! All of them run with every token, [`Portable`] included. Where the last column names instruction sets,
//! these have code of their own for the kernels behind them, which the operation calls forward or backward,
//! itself or through what it consists of.
//!
//! ✓ is yes and – is no. · is neither: comparisons, metrics, what prepares data and what updates weights have
//! no gradient; rates and orders of samples are no elements of a tensor; an option of a layer, and
//! what stands around another layer, loss or optimiser, leaves the work to that.
//!
#![doc = include_str!("../OPERATIONS.md")]
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

mod aligned;
pub mod data;
pub mod description;
mod error;
mod index;
pub mod init;
pub mod kernel;
pub mod layer;
mod line;
pub mod loss;
pub mod math;
pub mod memory;
mod message;
pub mod metrics;
mod module;
mod network;
pub mod ops;
pub mod optim;
mod path;
pub mod quantized;
pub mod random;
mod shape;
pub mod sliding;
mod tensor;
pub mod train;

pub use aligned::Aligned;
pub use description::Description;
pub use error::Error;
pub use index::Index;
pub use kernel::{Kernels, Portable};
pub use layer::{
    AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool1d, AdaptiveMaxPool2d, AvgPool1d, AvgPool2d, CausalConv1d,
    Conv1d, Conv2d, ConvTranspose1d, ConvTranspose2d, Flatten, Fold, Frozen, GlobalAvgPool1d, GlobalAvgPool2d,
    GlobalMaxPool1d, GlobalMaxPool2d, Layer, Linear, LpPool1d, LpPool2d, MaxPool1d, MaxPool2d, NoBias, Relu, Residual,
    Sigmoid, Tanh, Train, Unfold,
};
pub use layer::{
    AdditiveAttention, Bidirectional, Gru, GruCell, LastStep, Lstm, LstmCell, MeanStep, MultiheadAttention,
    NormFirstEncoderLayer, Rnn, RnnCell, TimeDistributed, TransformerEncoderLayer, Unidirectional,
};
pub use layer::{
    BagMode, Dropout, Dropout1d, Dropout2d, Embedding, EmbeddingBag, LearnedPositions, PositionalEncoding,
    RotaryEmbedding,
};
pub use layer::{
    BatchNorm1d, BatchNorm2d, GroupNorm, InstanceNorm, InstanceNorm1d, InstanceNorm2d, LayerNorm, LocalResponseNorm,
    NoWeight, NotTracked, RmsNorm, Running,
};
pub use layer::{BiasOnly, Channels, Lora, Repeat, TiedEmbedding};
pub use layer::{
    Celu, Elu, FakeQuantize, GatedLinear, Gelu, GeluTanh, Glu, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, LeakyRelu,
    LogSigmoid, LogSoftmax, Mish, PRelu, Relu6, Selu, Shrink, Silu, Softmax, Softmin, Softplus, Softshrink, Softsign,
    SwiGlu, Swish, Tanhshrink, Threshold,
};
pub use memory::Mode;
pub use module::{Module, Parameter, Visitor, VisitorMut};
pub use path::Path;
pub use shape::Shape;
pub use sliding::{Slide, Sliding, windows};
pub use tensor::{Element, Image, Matrix, Tensor, Vector};
pub use train::{FusedTrainer, Trainer, Training};

/// What the macros need; not for use.
#[doc(hidden)]
pub mod __private {
    pub use crate::{
        Kernels, Layer, Module, Path, Train, Visitor, VisitorMut,
        description::{Description, Named},
        kernel::Epilogue,
        layer::{Fused, Pass},
        memory::{End, Input},
        message::check_budget,
        network::{Position, axis, channels, features, grouped, output, steps},
        optim::Optimizer,
    };
    pub use rand_core::Rng;
}
