//! What becomes of a sum before it is written.

use super::ElementwiseKernels;

/// The activation behind a layer with weights, as part of that layer's kernel: it is applied while the
/// sums lie in registers, so that the outputs are written once and not read again.
///
/// Which activations are worth it was decided by what networks put behind their weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Epilogue {
    /// `x`.
    #[default]
    Identity,
    /// `max(x, 0)`, as [`ElementwiseKernels::relu`].
    Relu,
    /// `1 / (1 + exp(-x))`, as [`ElementwiseKernels::sigmoid`].
    Sigmoid,
    /// `tanh(x)`, as [`ElementwiseKernels::tanh`].
    Tanh,
}

impl Epilogue {
    /// Whether it changes nothing.
    #[must_use]
    pub const fn is_identity(self) -> bool {
        matches!(self, Self::Identity)
    }

    /// Its derivative at the place where it has the value `y`.
    ///
    /// ```
    /// use tensorlet::kernel::Epilogue;
    /// assert_eq!(Epilogue::Sigmoid.slope(0.5), 0.25);
    /// ```
    #[inline(always)]
    #[must_use]
    pub fn slope(self, y: f32) -> f32 {
        match self {
            Self::Identity => 1.0,
            Self::Relu => {
                if y <= 0.0 {
                    0.0
                } else {
                    1.0
                }
            }
            Self::Sigmoid => y * (1.0 - y),
            Self::Tanh => 1.0 - y * y,
        }
    }

    /// Applies it to sums that have been written: what a kernel without registers to spare does.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::Epilogue};
    /// let mut x = [-1.0, 2.0];
    /// Epilogue::Identity.apply(Portable, &mut x);
    /// assert_eq!(x, [-1.0, 2.0]);
    /// Epilogue::Relu.apply(Portable, &mut x);
    /// assert_eq!(x, [0.0, 2.0]);
    /// ```
    #[inline(always)]
    pub fn apply<K: ElementwiseKernels>(self, k: K, x: &mut [f32]) {
        match self {
            Self::Identity => {}
            Self::Relu => k.relu(x),
            Self::Sigmoid => k.sigmoid(x),
            Self::Tanh => k.tanh(x),
        }
    }
}
