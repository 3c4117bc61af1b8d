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
//! | `engine` | the same without types: buffers, submissions, what comes back |
//! | `graph` | a description as nodes and values, and who writes which gradient |
//! | `layer` | the kernels of each layer, forward beside backward |
//! | `gemm` | the matrix product that most of them are |
//! | `loss`, `update`, `noise` | the kernels around the layers |
//! | `shader`, `math.wgsl` | the text of a kernel, and functions of numbers |
//! | `plan` | kernels compiled and bound |
//!
//! # A step
//! The data set lies on the device. A submission is one command buffer with one compute pass of many steps; a step is
//! a fixed list of kernels: gather the batch, forward, loss, backward, update. What differs between steps (the
//! order of the samples, what the optimiser does, the states of the generators) lies in two small buffers that are
//! written before the submission. Losses come back behind it, while the next one is being prepared.

mod activation;
mod device;
mod engine;
mod error;
mod gemm;
mod graph;
mod layer;
mod loss;
mod noise;
mod offload;
mod plan;
mod shader;
mod update;
mod weights;

pub use device::{Gpu, Options};
pub use error::OffloadError;
pub use loss::{LossRule, OffloadLoss};
pub use offload::{Offload, Settings};
pub use update::Clip;
