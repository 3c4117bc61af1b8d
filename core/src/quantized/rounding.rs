//! How often a product is rounded on its way back to eight bits.

/// How a sum is scaled to the output's integers, as a type.
///
/// | | formula | who rounds so |
/// |---|---|---|
/// | [`Twice`] | `round(round(acc · multiplier / 2^31) / 2^-shift)`, halves up, then away from zero | TensorFlow Lite's reference kernels but `FULLY_CONNECTED`; CMSIS-NN throughout |
/// | [`Once`] | `round(acc · multiplier / 2^(31 - shift))`, halves up | TensorFlow Lite's `FULLY_CONNECTED`; builds with `TFLITE_SINGLE_ROUNDING` |
///
/// Each layer has TensorFlow Lite's as its default. The two differ by one step of the output where the first
/// rounding reaches the second one's half; `Once` is closer to the real product (its error is at most half a
/// step; `Twice`'s is larger by `2^(shift - 1)`), and saves two or three instructions for each output.
pub trait Rounding: Copy + core::fmt::Debug + PartialEq + Send + Sync + 'static {
    /// Whether the product is rounded before the shift, and again after it.
    const TWICE: bool;
}

/// Rounds the product, and again after the shift: see [`Rounding`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Twice;

/// Rounds once, after the shift: see [`Rounding`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Once;

impl Rounding for Twice {
    const TWICE: bool = true;
}

impl Rounding for Once {
    const TWICE: bool = false;
}
