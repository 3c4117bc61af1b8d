#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

#[cfg(test)]
extern crate std;

pub mod description;
mod error;
mod index;
pub mod init;
pub mod kernel;
pub mod layer;
pub mod loss;
pub mod math;
pub mod memory;
mod message;
mod module;
mod network;
pub mod ops;
pub mod optim;
mod path;
pub mod random;
mod shape;
mod tensor;
mod train;
mod window;

pub use description::Description;
pub use error::Error;
pub use index::Index;
pub use kernel::{Kernels, Portable};
pub use layer::{
    AvgPool2d, Conv2d, Flatten, Frozen, Layer, Linear, MaxPool2d, NoBias, Relu, Residual, Sigmoid, Tanh, Train,
};
pub use layer::{
    Celu, Elu, GatedLinear, Gelu, GeluTanh, Glu, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, LeakyRelu, LogSigmoid,
    Mish, PRelu, Relu6, Selu, Shrink, Silu, Softplus, Softshrink, Softsign, SwiGlu, Swish, Tanhshrink, Threshold,
};
pub use memory::Mode;
pub use module::{Module, Parameter, Visitor, VisitorMut};
pub use path::Path;
pub use shape::Shape;
pub use tensor::{Element, Image, Matrix, Tensor, Vector};
pub use train::{FusedTrainer, Trainer};
pub use window::{Slide, Sliding, windows};

/// What the macros need; not for use.
#[doc(hidden)]
pub mod __private {
    pub use crate::{
        Kernels, Layer, Module, Path, Train, Visitor, VisitorMut,
        description::{Description, Named},
        layer::{Fused, Pass},
        memory::{End, Input},
        message::check_budget,
        network::{Position, channels, features, output},
        optim::Optimizer,
    };
    pub use rand_core::Rng;
}
