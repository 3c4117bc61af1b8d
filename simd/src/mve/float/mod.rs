//! `f32` kernels for Armv8.1-M's vectors: eight registers of four numbers.
//!
//! A product and its sum are one instruction, which rounds once: results differ from those of `Portable` by less than
//! the roundings of a sum.

mod conv;
mod dot;
mod matmul;
mod single;

pub(crate) use conv::{backward, correlate, forward, gradient, weight_gradient};
pub(crate) use matmul::{matmul, matmul_nt, matmul_tn};
