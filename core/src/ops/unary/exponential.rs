//! Exponentials, logarithms and what is made of them.

use core::f32::consts::FRAC_2_SQRT_PI;

use super::{function, gradient, kernel};
use crate::math;

function! {
    /// `y = eˣ`: PyTorch's `torch.exp`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0.0; 2];
    /// ops::exp(Portable, &[0.0, -1e4], &mut y);
    /// assert_eq!(y, [1.0, 0.0]);
    /// ```
    exp, math::exp
}

gradient! {
    /// The gradient of [`exp`]: `dx += eˣ ∂L/∂y`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut dx = [0.0];
    /// ops::exp_backward(Portable, &[0.0], &[3.0], &mut dx);
    /// assert_eq!(dx, [3.0]);
    /// ```
    exp_backward, |x, dy| dy * math::exp(x)
}

function! {
    /// `y = eˣ - 1`, precise where `x` is small: PyTorch's `torch.expm1`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0.0; 2];
    /// ops::expm1(Portable, &[1e-10, -1e4], &mut y);
    /// assert_eq!(y, [1e-10, -1.0]);
    /// ```
    expm1, math::expm1
}

gradient! {
    /// The gradient of [`expm1`]: `dx += eˣ ∂L/∂y`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut dx = [0.0];
    /// ops::expm1_backward(Portable, &[0.0], &[3.0], &mut dx);
    /// assert_eq!(dx, [3.0]);
    /// ```
    expm1_backward, |x, dy| dy * math::exp(x)
}

function! {
    /// `y = ln x`: PyTorch's `torch.log`. `-∞` for 0, NaN below.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0.0; 2];
    /// ops::log(Portable, &[1.0, 0.0], &mut y);
    /// assert_eq!(y, [0.0, f32::NEG_INFINITY]);
    /// ```
    log, math::ln
}

gradient! {
    /// The gradient of [`log`]: `dx += ∂L/∂y / x`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut dx = [0.0];
    /// ops::log_backward(Portable, &[4.0], &[1.0], &mut dx);
    /// assert_eq!(dx, [0.25]);
    /// ```
    log_backward, |x, dy| dy / x
}

function! {
    /// `y = ln(1 + x)`, precise where `x` is small: PyTorch's `torch.log1p`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0.0; 2];
    /// ops::log1p(Portable, &[1e-10, -1.0], &mut y);
    /// assert_eq!(y, [1e-10, f32::NEG_INFINITY]);
    /// ```
    log1p, math::log1p
}

gradient! {
    /// The gradient of [`log1p`]: `dx += ∂L/∂y / (1 + x)`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut dx = [0.0];
    /// ops::log1p_backward(Portable, &[3.0], &[1.0], &mut dx);
    /// assert_eq!(dx, [0.25]);
    /// ```
    log1p_backward, |x, dy| dy / (1.0 + x)
}

kernel! {
    /// `y = 1 / (1 + e⁻ˣ)`: PyTorch's `torch.sigmoid`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0.0; 2];
    /// ops::sigmoid(Portable, &[0.0, -1e4], &mut y);
    /// assert_eq!(y, [0.5, 0.0]);
    /// ```
    sigmoid
}

gradient! {
    /// The gradient of [`sigmoid`], whose result is `y`: `dx += y (1 - y) ∂L/∂y`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut dx = [0.0];
    /// ops::sigmoid_backward(Portable, &[0.0], &[1.0], &mut dx);
    /// assert_eq!(dx, [0.25]);
    /// ```
    sigmoid_backward, |x, dy| {
        let y = math::sigmoid(x);
        dy * (y * (1.0 - y))
    }
}

kernel! {
    /// The hyperbolic tangent: PyTorch's `torch.tanh`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0.0; 2];
    /// ops::tanh(Portable, &[0.0, -1e4], &mut y);
    /// assert_eq!(y, [0.0, -1.0]);
    /// ```
    tanh
}

gradient! {
    /// The gradient of [`tanh`], whose result is `y`: `dx += (1 - y²) ∂L/∂y`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut dx = [0.0];
    /// ops::tanh_backward(Portable, &[0.0], &[1.0], &mut dx);
    /// assert_eq!(dx, [1.0]);
    /// ```
    tanh_backward, |x, dy| {
        let y = math::tanh(x);
        dy * (1.0 - y * y)
    }
}

function! {
    /// The error function, `y = 2/√π ∫₀ˣ e^(-t²) dt`: PyTorch's `torch.erf`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0.0; 2];
    /// ops::erf(Portable, &[0.0, -1e4], &mut y);
    /// assert_eq!(y, [0.0, -1.0]);
    /// ```
    erf, math::erf
}

gradient! {
    /// The gradient of [`erf`]: `dx += 2/√π e^(-x²) ∂L/∂y`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut dx = [0.0];
    /// ops::erf_backward(Portable, &[0.0], &[1.0], &mut dx);
    /// assert_eq!(dx, [core::f32::consts::FRAC_2_SQRT_PI]);
    /// ```
    erf_backward, |x, dy| dy * (FRAC_2_SQRT_PI * math::exp(-(x * x)))
}
