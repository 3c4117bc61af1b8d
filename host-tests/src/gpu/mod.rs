//! Networks on a GPU: a whole training step, compiled for its shapes and submitted at once.
//!
//! [`Gpu`] opens the device, [`Offload`] plans the training of a network for it and runs it. The network is the one
//! that runs everywhere else: its [description](tensorlet::Description) says what to compile, its parameters go to
//! the device under their own names and come back.
//!
//! | file | what is in it |
//! |---|---|
//! | `device`, `error` | the adapter, and everything that can go wrong |
//! | `offload` | the types: network, loss, optimiser |
//! | `inference` | the forward pass alone |
//! | `engine` | the same without types: buffers, submissions, what comes back |
//! | `graph` | a description as nodes and values, and who writes which gradient |
//! | `layer` | the kernels of each layer, forward beside backward |
//! | `gemm`, `matmul` | the matrix product that most of them are, and one alone |
//! | `loss`, `update`, `noise` | the kernels around the layers |
//! | `shader`, `math.wgsl` | the text of a kernel, and functions of numbers |
//! | `plan` | kernels compiled and bound |
//!
//! # A step
//! The data set lies on the device. A submission is one command buffer with one compute pass of many steps; a step is
//! a fixed list of kernels: gather the batch, forward, loss, backward, update. What differs between steps (the
//! order of the samples, what the optimiser does, the states of the generators) lies in two small buffers that are
//! written before the submission. Losses come back behind it, while the next one is being prepared.
//!
//! # What wgpu decides
//! wgpu 30.0.1 with naga 30.0.1, the newest at the time of writing:
//!
//! - A dispatch waits for all before it if it writes a buffer that they use, or uses one that they write; which parts of
//!   a buffer does not matter. So every value and every gradient of a value has a buffer of its own, and the gradients
//!   of all parameters share one: where two kernels of a layer write them, the second would wait for nothing else.
//! - A command buffer cannot be submitted twice, so that every submission is recorded anew; what that costs
//!   `offload --bars` measures.
//! - Loops get a counter that ends them, and accesses of workgroup memory are held within its bounds. Both could only be
//!   switched off by unsafe code, so that products are written out without loops and read whole vectors. Storage
//!   buffers cost nothing: the driver checks them in hardware (`VK_EXT_robustness2`).
//! - Precision of WGSL's `exp`, `log` and `tanh` is the device's business: `math.wgsl` has functions of its own.
//! - Cooperative matrices are an experimental feature, and not for `f32`: products here are of `f32` throughout, as
//!   on the CPU.
//!
//! # What is covered
//! Everything else is refused when the training is planned, by an error that names the layer.
//!
//! | | |
//! |---|---|
//! | layers ([`Op`](tensorlet::description::Op)) | `Activation`, `AdaptiveAvgPool1d`, `AdaptiveAvgPool2d`, `AdaptiveMaxPool1d`, `AdaptiveMaxPool2d`, `AvgPool1d`, `AvgPool2d`, `BatchNorm`, `CausalConv1d`, `ChannelDropout`, `Conv1d`, `Conv2d`, `Dropout`, `Embedding`, `Flatten`, `GaussianReparam`, `GaussianSigmaReparam`, `GlobalAvgPool1d`, `GlobalAvgPool2d`, `GlobalMaxPool1d`, `GlobalMaxPool2d`, `GroupNorm`, `GumbelSoftmax`, `Identity`, `InstanceNorm`, `LastStep`, `LayerNorm`, `LearnedPositions`, `Linear`, `LogSoftmax`, `MaxPool1d`, `MaxPool2d`, `MeanStep`, `PRelu`, `PositionalEncoding`, `Recurrent`, `RecurrentCell`, `RmsNorm`, `SelfAttention`, `Softmax`, `Softmin`, `View` |
//! | functions ([`Activation`](tensorlet::description::Activation)) | `Celu`, `Elu`, `Gelu`, `GeluTanh`, `Hardshrink`, `Hardsigmoid`, `Hardswish`, `Hardtanh`, `LeakyRelu`, `LogSigmoid`, `Mish`, `Relu`, `Relu6`, `Selu`, `Shrink`, `Sigmoid`, `Silu`, `Softplus`, `Softshrink`, `Softsign`, `Swish`, `Tanh`, `Tanhshrink`, `Threshold` |
//! | around layers | chains, [`Residual`](tensorlet::Residual), [`Frozen`](tensorlet::layer::Frozen), steps, repetition |
//! | losses ([`OffloadLoss`]) | `BatchMean`, `BceLoss`, `BceWithLogitsLoss`, `CategoricalKl`, `CrossEntropyLoss`, `GaussianKl`, `GaussianNllLoss`, `HuberLoss`, `KlDivLoss`, `L1Loss`, `MseLoss`, `NllLoss`, `PerStep`, `SmoothL1Loss`, `Sum`, `UniformKl`, `VaeLoss`, `WeightedCrossEntropyLoss` |
//! | optimisers | `Adam`, `AdamW`, `Groups`, `Sgd`; clipping by [Clip] |

mod activation;
mod device;
mod engine;
mod error;
mod gemm;
mod graph;
mod inference;
mod layer;
mod loss;
#[cfg(test)]
mod math;
mod matmul;
mod noise;
mod offload;
mod plan;
mod shader;
mod update;
mod weights;

pub use device::{Gpu, Options};
pub use error::OffloadError;
pub use loss::{LossRule, OffloadLoss};
pub use matmul::Matmul;
pub use offload::{Offload, Settings};
pub use plan::Recording;
pub use update::Clip;
