//! Float64 references, written from the formulas.
//!
//! Every function here is a plain loop over indices with shapes known at run time, in double
//! precision, and shares no code with the library: it is slow, obvious, and what the kernels are
//! measured against. Tensors are flat, row-major slices.
//!
//! Beside a result, tests need its *magnitude*: the same formula with every term taken by its
//! absolute value. Rounding errors of a sum are proportional to it, not to the sum, which may cancel.
//! For formulas that are sums of products, [`abs`] of all arguments gives it.

pub mod activation;
pub mod arithmetic;
pub mod attention;
pub mod conv;
pub mod data;
pub mod embedding;
pub mod gate;
pub mod init;
pub mod loss;
pub mod matmul;
pub mod metrics;
pub mod movement;
pub mod network;
pub mod norm;
pub mod pool;
pub mod quantized;
pub mod recurrent;
pub mod reduce;
pub mod rounded;
pub mod sample;
pub mod softmax;
pub mod update;
pub mod window;

pub use window::Window;

/// A slice in double precision.
#[must_use]
pub fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| f64::from(x)).collect()
}

/// The absolute values.
#[must_use]
pub fn abs(x: &[f64]) -> Vec<f64> {
    x.iter().map(|x| x.abs()).collect()
}
