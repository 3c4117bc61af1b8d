//! Sine and cosine.

use super::{function, gradient};
use crate::math;

function! {
    /// `y = sin x`, `x` in radians: PyTorch's `torch.sin`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [1.0];
    /// ops::sin(Portable, &[0.0], &mut y);
    /// assert_eq!(y, [0.0]);
    /// ```
    sin, math::sin
}

gradient! {
    /// The gradient of [`sin`]: `dx += cos(x) ∂L/∂y`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut dx = [0.0];
    /// ops::sin_backward(Portable, &[0.0], &[3.0], &mut dx);
    /// assert!((dx[0] - 3.0).abs() < 0.01);
    /// ```
    sin_backward, |x, dy| dy * math::cos(x)
}

function! {
    /// `y = cos x`, `x` in radians: PyTorch's `torch.cos`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0.0];
    /// ops::cos(Portable, &[0.0], &mut y);
    /// assert!((y[0] - 1.0).abs() < 0.01);
    /// ```
    cos, math::cos
}

gradient! {
    /// The gradient of [`cos`]: `dx -= sin(x) ∂L/∂y`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut dx = [0.0];
    /// ops::cos_backward(Portable, &[0.0], &[3.0], &mut dx);
    /// assert!(dx[0].abs() < 0.01);
    /// ```
    cos_backward, |x, dy| -dy * math::sin(x)
}
