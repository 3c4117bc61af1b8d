//! `f32` kernels for the floating-point unit of Cortex-M4, M7 and M33: 32 registers of one number.

/// The first line of a piece of assembly: which instructions it may have, whatever stood before it.
macro_rules! fpu {
    () => {
        ".arch armv7e-m\n.fpu fpv4-sp-d16\n"
    };
}

mod conv;
mod gradients;
mod matmul;
mod planes;
mod tiles;

pub(crate) use conv::{backward, correlate, forward, gradient, weight_gradient};
pub(crate) use matmul::{matmul, matmul_nt, matmul_tn};
