//! Functions of one `f32`: every `exp`, `ln`, `tanh` and square root of the crate comes from here.
//!
//! The precise path is the `libm` crate, a port of musl's mathematics, with the same bits on every
//! target. With the feature `micromath` the fast path takes the place of some functions: the `micromath`
//! crate's approximations, made for cores without an FPU. Largest errors, held by the tests on dense
//! grids and at the edges of all binades, subnormal numbers too:
//!
//! | | precise, in units of the last place | `micromath` |
//! |---|---|---|
//! | [`exp`] | 1 | 2.5e-3 relative; 0 where the result is no normal number |
//! | [`expm1`], [`ln`], [`log1p`] | 1 | the same: an approximation would show in every loss |
//! | [`erf`], [`pow`] | 1 | the same |
//! | [`erfc`] | 3 | the same |
//! | [`sqrt`] | 0.5: correctly rounded | 1.9e-3 relative |
//! | [`rsqrt`] | 1.5 | 1.9e-3 relative |
//! | [`sin`], [`cos`] | 1, of any angle | 2.5e-3 absolute, of angles within ±100 |
//! | [`tanh`] | 2.5 | 2e-3 absolute |
//! | [`sigmoid`] | 2.5 | 2.5e-3 relative; 0 where the result is no normal number |
//! | [`softplus`] | 1.5 | as [`sigmoid`] |
//!
//! NaN, infinite arguments and infinite results are as in PyTorch on both paths.
//!
//! [`lanes`] has the same functions for vector units.

pub mod lanes;

pub use implementation::{cos, exp, sin, sqrt, tanh};

#[cfg(not(feature = "micromath"))]
mod implementation {
    /// `eˣ`: PyTorch's `torch.exp`.
    ///
    /// ```
    /// assert_eq!(tensorlet::math::exp(0.0), 1.0);
    /// ```
    #[inline]
    #[must_use]
    pub fn exp(x: f32) -> f32 {
        libm::expf(x)
    }

    /// The square root, correctly rounded: PyTorch's `torch.sqrt`.
    ///
    /// ```
    /// assert_eq!(tensorlet::math::sqrt(9.0), 3.0);
    /// ```
    #[inline]
    #[must_use]
    pub fn sqrt(x: f32) -> f32 {
        libm::sqrtf(x)
    }

    /// The hyperbolic tangent: PyTorch's `torch.tanh`.
    ///
    /// ```
    /// assert_eq!(tensorlet::math::tanh(0.0), 0.0);
    /// ```
    #[inline]
    #[must_use]
    pub fn tanh(x: f32) -> f32 {
        libm::tanhf(x)
    }

    /// The sine of an angle in radians, NaN for `±∞`: PyTorch's `torch.sin`.
    ///
    /// ```
    /// assert_eq!(tensorlet::math::sin(0.0), 0.0);
    /// ```
    #[inline]
    #[must_use]
    pub fn sin(x: f32) -> f32 {
        libm::sinf(x)
    }

    /// The cosine of an angle in radians, NaN for `±∞`: PyTorch's `torch.cos`.
    ///
    /// ```
    /// assert_eq!(tensorlet::math::cos(0.0), 1.0);
    /// ```
    #[inline]
    #[must_use]
    pub fn cos(x: f32) -> f32 {
        libm::cosf(x)
    }
}

#[cfg(feature = "micromath")]
mod implementation {
    use micromath::F32;

    /// `eˣ`, approximated; `∞` above 88.722, and 0 below -87.336, where the result is no normal number.
    #[inline]
    #[must_use]
    pub fn exp(x: f32) -> f32 {
        if x > 88.722 {
            f32::INFINITY
        } else if x < -87.336 {
            0.0
        } else if x.is_nan() {
            x
        } else {
            F32(x).exp().0
        }
    }

    /// The square root, approximated: one step of Newton's method from `micromath`'s. Exact for 0 and
    /// `∞`, NaN for negative numbers.
    #[inline]
    #[must_use]
    pub fn sqrt(x: f32) -> f32 {
        let step = |x: f32| {
            let y = F32(x).sqrt().0;
            0.5 * (y + x / y)
        };
        if x == 0.0 || x == f32::INFINITY {
            x
        } else if x >= f32::MIN_POSITIVE {
            step(x)
        } else if x > 0.0 {
            // The first guess halves the exponent, which subnormal numbers do not have.
            step(x * 16_777_216.0) / 4096.0
        } else {
            f32::NAN
        }
    }

    /// The hyperbolic tangent, from the approximated exponential.
    #[inline]
    #[must_use]
    pub fn tanh(x: f32) -> f32 {
        2.0 / (1.0 + exp(-2.0 * x)) - 1.0
    }

    /// The sine of an angle in radians, approximated; NaN for `±∞`.
    #[inline]
    #[must_use]
    pub fn sin(x: f32) -> f32 {
        if x.is_finite() { F32(x).sin().0 } else { f32::NAN }
    }

    /// The cosine of an angle in radians, approximated; NaN for `±∞`.
    #[inline]
    #[must_use]
    pub fn cos(x: f32) -> f32 {
        if x.is_finite() { F32(x).cos().0 } else { f32::NAN }
    }
}

/// The natural logarithm, PyTorch's `torch.log`: `-∞` for 0, NaN for negative numbers.
///
/// ```
/// assert_eq!(tensorlet::math::ln(1.0), 0.0);
/// ```
#[inline]
#[must_use]
pub fn ln(x: f32) -> f32 {
    libm::logf(x)
}

/// `ln(1 + x)`, precise where `x` is small: PyTorch's `torch.log1p`.
///
/// ```
/// assert_eq!(tensorlet::math::log1p(1e-10), 1e-10);
/// ```
#[inline]
#[must_use]
pub fn log1p(x: f32) -> f32 {
    libm::log1pf(x)
}

/// `eˣ - 1`, precise where `x` is small: PyTorch's `torch.expm1`.
///
/// ```
/// assert_eq!(tensorlet::math::expm1(1e-10), 1e-10);
/// ```
#[inline]
#[must_use]
pub fn expm1(x: f32) -> f32 {
    libm::expm1f(x)
}

/// The error function `2/√π ∫₀ˣ e^(-t²) dt`: PyTorch's `torch.erf`.
///
/// ```
/// assert_eq!(tensorlet::math::erf(f32::INFINITY), 1.0);
/// ```
#[inline]
#[must_use]
pub fn erf(x: f32) -> f32 {
    libm::erff(x)
}

/// `1 - erf(x)`, precise where that is small: PyTorch's `torch.erfc`.
///
/// ```
/// assert_eq!(tensorlet::math::erfc(-f32::INFINITY), 2.0);
/// ```
#[inline]
#[must_use]
pub fn erfc(x: f32) -> f32 {
    libm::erfcf(x)
}

/// `x` to the power `y`, PyTorch's `torch.pow`: NaN for negative `x` unless `y` is an integer; 1 for `y = 0`.
///
/// ```
/// assert_eq!(tensorlet::math::pow(-2.0, 3.0), -8.0);
/// ```
#[inline]
#[must_use]
pub fn pow(x: f32, y: f32) -> f32 {
    libm::powf(x, y)
}

/// `1/√x`, PyTorch's `torch.rsqrt`: `∞` for 0, NaN for negative numbers.
///
/// ```
/// assert_eq!(tensorlet::math::rsqrt(f32::INFINITY), 0.0);
/// ```
#[inline]
#[must_use]
pub fn rsqrt(x: f32) -> f32 {
    1.0 / sqrt(x)
}

/// The logistic function `1 / (1 + e⁻ˣ)`: PyTorch's `torch.sigmoid`.
///
/// From `exp` of `-|x|`, which cannot overflow, so that it is precise down to the subnormal numbers.
///
/// ```
/// assert_eq!(tensorlet::math::sigmoid(0.0), 0.5);
/// ```
#[inline]
#[must_use]
pub fn sigmoid(x: f32) -> f32 {
    let e = exp(-x.abs());
    (if x < 0.0 { e } else { 1.0 }) / (1.0 + e)
}

/// `ln(1 + eˣ)`, PyTorch's `F.softplus`, without overflow: `max(x, 0) + ln(1 + e^-|x|)`.
///
/// The logarithm of [`sigmoid`] is `-softplus(-x)`.
///
/// ```
/// use tensorlet::math::softplus;
/// assert_eq!((softplus(1e4), softplus(-1e4)), (1e4, 0.0));
/// ```
#[inline]
#[must_use]
pub fn softplus(x: f32) -> f32 {
    let positive = if x < 0.0 { 0.0 } else { x };
    positive + log1p(exp(-x.abs()))
}
