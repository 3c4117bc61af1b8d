//! Powers and roots.

use super::{function, gradient};
use crate::math;

function! {
    /// `y = x²`: PyTorch's `torch.square`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0.0];
    /// ops::square(Portable, &[-3.0], &mut y);
    /// assert_eq!(y, [9.0]);
    /// ```
    square, |x| x * x
}

gradient! {
    /// The gradient of [`square`]: `dx += 2 x ∂L/∂y`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut dx = [0.0];
    /// ops::square_backward(Portable, &[-3.0], &[1.0], &mut dx);
    /// assert_eq!(dx, [-6.0]);
    /// ```
    square_backward, |x, dy| 2.0 * x * dy
}

function! {
    /// `y = 1/x`: PyTorch's `torch.reciprocal`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0.0; 2];
    /// ops::reciprocal(Portable, &[4.0, -0.0], &mut y);
    /// assert_eq!(y, [0.25, f32::NEG_INFINITY]);
    /// ```
    reciprocal, |x| 1.0 / x
}

gradient! {
    /// The gradient of [`reciprocal`]: `dx -= ∂L/∂y / x²`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut dx = [0.0];
    /// ops::reciprocal_backward(Portable, &[2.0], &[1.0], &mut dx);
    /// assert_eq!(dx, [-0.25]);
    /// ```
    reciprocal_backward, |x, dy| -dy * ((1.0 / x) * (1.0 / x))
}

function! {
    /// `y = √x`: PyTorch's `torch.sqrt`. NaN for negative numbers.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0.0; 2];
    /// ops::sqrt(Portable, &[9.0, 0.0], &mut y);
    /// assert!((y[0] - 3.0).abs() < 0.01 && y[1] == 0.0);
    /// ```
    sqrt, math::sqrt
}

gradient! {
    /// The gradient of [`sqrt`]: `dx += ∂L/∂y / (2 √x)`, infinite at 0.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut dx = [0.0];
    /// ops::sqrt_backward(Portable, &[4.0], &[1.0], &mut dx);
    /// assert_eq!(dx, [0.25]);
    /// ```
    sqrt_backward, |x, dy| dy / (2.0 * math::sqrt(x))
}

function! {
    /// `y = 1/√x`: PyTorch's `torch.rsqrt`. `∞` for 0, NaN for negative numbers.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0.0; 2];
    /// ops::rsqrt(Portable, &[4.0, 0.0], &mut y);
    /// assert_eq!(y, [0.5, f32::INFINITY]);
    /// ```
    rsqrt, math::rsqrt
}

gradient! {
    /// The gradient of [`rsqrt`]: `dx -= ∂L/∂y / (2 x √x)`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut dx = [0.0];
    /// ops::rsqrt_backward(Portable, &[4.0], &[1.0], &mut dx);
    /// assert_eq!(dx, [-0.0625]);
    /// ```
    rsqrt_backward, |x, dy| -0.5 * dy * (math::rsqrt(x) / x)
}
