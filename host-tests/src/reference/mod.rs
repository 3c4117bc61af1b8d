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
pub mod conv;
pub mod gate;
pub mod init;
pub mod matmul;
pub mod movement;
pub mod network;
pub mod pool;
pub mod reduce;
pub mod rounded;
pub mod softmax;
pub mod update;

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

/// A window that slides over rows and columns.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Rows and columns of the window.
    pub kernel: [usize; 2],
    /// The step from one window to the next.
    pub stride: [usize; 2],
    /// Rows and columns of padding on each side.
    pub padding: [usize; 2],
}

impl Window {
    /// How often the window fits into an input: counted, not computed.
    #[must_use]
    pub fn outputs(&self, input: [usize; 2]) -> [usize; 2] {
        let count = |axis: usize| {
            let padded = input[axis] + 2 * self.padding[axis];
            (0..padded).step_by(self.stride[axis]).filter(|start| start + self.kernel[axis] <= padded).count()
        };
        [count(0), count(1)]
    }

    /// The input that element `offset` of window `output` covers along an axis; none in the padding.
    #[must_use]
    pub fn input(&self, axis: usize, output: usize, offset: usize, size: usize) -> Option<usize> {
        let position = (output * self.stride[axis] + offset).checked_sub(self.padding[axis])?;
        (position < size).then_some(position)
    }
}
