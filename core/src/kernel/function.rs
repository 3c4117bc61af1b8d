//! Functions of one number with their derivatives: what an elementwise kernel applies.

use core::fmt::Debug;

use crate::{description::Activation, math::lanes::Lanes};

/// A function of one number and its derivative: an activation. Its settings are fields.
///
/// ```
/// use tensorlet::{Portable, kernel::{ElementwiseKernels, Function}};
/// /// `x²`.
/// #[derive(Clone, Copy, Debug, PartialEq)]
/// struct Square;
/// impl Function for Square {
///     fn value(self, x: f32) -> f32 {
///         x * x
///     }
///     fn derivative(self, x: f32) -> f32 {
///         2.0 * x
///     }
/// }
/// let mut x = [3.0, -1.0];
/// Portable.map(Square, &mut x);
/// assert_eq!(x, [9.0, 1.0]);
/// ```
pub trait Function: Copy + Debug + PartialEq + Send + Sync + 'static {
    /// Which one it is, for the description of a network.
    const ACTIVATION: Activation = Activation::Custom("Function");

    /// `f(x)`.
    fn value(self, x: f32) -> f32;

    /// `f'(x)`; at a kink what PyTorch takes for it.
    fn derivative(self, x: f32) -> f32;

    /// `f(x)` in all lanes of a vector unit, of functions that need `exp` and the like. Without it, kernels take
    /// [`value`](Self::value), which for functions made of comparisons and arithmetic the compiler makes vectors of.
    #[inline(always)]
    fn value_lanes<L: Lanes>(self, l: L, x: L::V) -> Option<L::V> {
        let _ = (l, x);
        None
    }

    /// `f'(x)` in all lanes; as [`value_lanes`](Self::value_lanes).
    #[inline(always)]
    fn derivative_lanes<L: Lanes>(self, l: L, x: L::V) -> Option<L::V> {
        let _ = (l, x);
        None
    }
}
