//! The digits job: a small convolutional network on 8x8 pictures of handwritten digits.
//!
//! This module is `no_std`: the same network and data run on a host and on a microcontroller.

#[cfg(feature = "std")]
pub mod aware;
pub mod data;
pub mod device_job;
pub mod int8;
#[cfg(feature = "std")]
pub mod program;
#[cfg(feature = "std")]
pub mod qas;
#[cfg(feature = "std")]
pub mod quantized;
#[cfg(feature = "std")]
pub mod training;

use tensorlet::{Image, network};
use tensorlet_simd::NativePacking;

network! {
    /// The network that reads a digit: two convolutions and a linear layer, 1,898 parameters; [`Int8Digits`] is
    /// the same on integers, its weights in the order of the instruction set that this is built for.
    pub struct Digits: Image<1, 8, 8> as Int8Digits<NativePacking> {
        conv1: Conv2d(8, 3, padding = 1),
        relu1: Relu,
        pool1: MaxPool2d(2),
        conv2: Conv2d(16, 3, padding = 1),
        relu2: Relu,
        pool2: MaxPool2d(2),
        flatten: Flatten,
        fc: Linear(10),
    }
}

/// The network in one line.
pub const NETWORK: &str = "conv8 – ReLU – max2 – conv16 – ReLU – max2 – fc10";

/// The digits of one training step on a host.
pub const BATCH: usize = 32;
