//! Signs and rounding.

use super::{function, gradient};

function! {
    /// `y = |x|`: PyTorch's `torch.abs`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0.0; 2];
    /// ops::abs(Portable, &[-2.0, 3.0], &mut y);
    /// assert_eq!(y, [2.0, 3.0]);
    /// ```
    abs, f32::abs
}

gradient! {
    /// The gradient of [`abs`]: `dx += sign(x) ∂L/∂y`, 0 at 0.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut dx = [0.0; 3];
    /// ops::abs_backward(Portable, &[-2.0, 0.0, 3.0], &[1.0; 3], &mut dx);
    /// assert_eq!(dx, [-1.0, 0.0, 1.0]);
    /// ```
    abs_backward, |x, dy| dy * signum(x)
}

function! {
    /// `y = -x`: PyTorch's `torch.neg`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0.0; 2];
    /// ops::neg(Portable, &[-2.0, 3.0], &mut y);
    /// assert_eq!(y, [2.0, -3.0]);
    /// ```
    neg, |x| -x
}

gradient! {
    /// The gradient of [`neg`]: `dx -= ∂L/∂y`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut dx = [1.0];
    /// ops::neg_backward(Portable, &[7.0], &[3.0], &mut dx);
    /// assert_eq!(dx, [-2.0]);
    /// ```
    neg_backward, |_, dy| -dy
}

function! {
    /// -1, 0 or 1: PyTorch's `torch.sign`; 0 for NaN. Its gradient is 0.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0.0; 3];
    /// ops::sign(Portable, &[-0.5, 0.0, 7.0], &mut y);
    /// assert_eq!(y, [-1.0, 0.0, 1.0]);
    /// ```
    sign, signum
}

function! {
    /// The next integer up: PyTorch's `torch.ceil`. Its gradient is 0.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0.0; 2];
    /// ops::ceil(Portable, &[-1.5, 1.2], &mut y);
    /// assert_eq!(y, [-1.0, 2.0]);
    /// ```
    ceil, libm::ceilf
}

function! {
    /// The next integer down: PyTorch's `torch.floor`. Its gradient is 0.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0.0; 2];
    /// ops::floor(Portable, &[-1.5, 1.2], &mut y);
    /// assert_eq!(y, [-2.0, 1.0]);
    /// ```
    floor, libm::floorf
}

function! {
    /// The nearest integer, the even one of two: PyTorch's `torch.round`. Its gradient is 0.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0.0; 3];
    /// ops::round(Portable, &[0.5, 1.5, -1.2], &mut y);
    /// assert_eq!(y, [0.0, 2.0, -1.0]);
    /// ```
    round, libm::rintf
}

/// -1, 0 or 1.
#[inline(always)]
fn signum(x: f32) -> f32 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        0.0
    }
}
