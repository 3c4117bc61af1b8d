//! The digits job: a small convolutional network on 8x8 pictures of handwritten digits.
//!
//! This module is `no_std`: the same network and data run on a host and on a microcontroller.

pub mod data;
