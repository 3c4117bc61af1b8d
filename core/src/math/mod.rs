//! Functions of one `f32`: every `exp`, `ln`, `tanh` and square root of the crate comes from here.
//!
//! The precise path is the `libm` crate, a port of musl's mathematics, with the same bits on every
//! target. With the feature `micromath` the fast path takes its place: the `micromath` crate's
//! approximations, made for cores without an FPU. Largest errors, held by the tests:
//!
//! | | precise (relative) | `micromath` |
//! |---|---|---|
//! | [`exp`] | 1.2e-7 | 2.5e-3 relative, within ±86 |
//! | [`ln`] | 1.2e-7 | the same: its approximation would show in every loss |
//! | [`sqrt`] | 6e-8 (correctly rounded) | 6.2e-2 relative |
//! | [`tanh`] | 2.4e-7 | 3.3e-3 relative, for magnitudes above 1e-3 |
//! | [`sigmoid`] | 2.4e-7 | 8.1e-4 relative |
//!
//! [`lanes`] has the same functions for vector units.

pub mod lanes;

pub use implementation::{exp, ln, sqrt, tanh};

#[cfg(not(feature = "micromath"))]
mod implementation {
    /// `eˣ`.
    #[inline]
    #[must_use]
    pub fn exp(x: f32) -> f32 {
        libm::expf(x)
    }

    /// The natural logarithm.
    #[inline]
    #[must_use]
    pub fn ln(x: f32) -> f32 {
        libm::logf(x)
    }

    /// The square root, correctly rounded.
    #[inline]
    #[must_use]
    pub fn sqrt(x: f32) -> f32 {
        libm::sqrtf(x)
    }

    /// The hyperbolic tangent.
    #[inline]
    #[must_use]
    pub fn tanh(x: f32) -> f32 {
        libm::tanhf(x)
    }
}

#[cfg(feature = "micromath")]
mod implementation {
    use micromath::F32;

    /// `eˣ`, approximated; the arguments are held within ±87, where the result is a normal number.
    #[inline]
    #[must_use]
    pub fn exp(x: f32) -> f32 {
        if x.is_nan() { x } else { F32(x.clamp(-87.0, 87.0)).exp().0 }
    }

    /// The natural logarithm, precise here too: the approximation is off by up to 0.12, which would
    /// show in every loss, and a loss needs one logarithm per sample only.
    #[inline]
    #[must_use]
    pub fn ln(x: f32) -> f32 {
        libm::logf(x)
    }

    /// The square root, approximated; 0 for 0.
    #[inline]
    #[must_use]
    pub fn sqrt(x: f32) -> f32 {
        if x == 0.0 { 0.0 } else { F32(x).sqrt().0 }
    }

    /// The hyperbolic tangent, from the approximated exponential.
    #[inline]
    #[must_use]
    pub fn tanh(x: f32) -> f32 {
        2.0 / (1.0 + exp(-2.0 * x)) - 1.0
    }
}

/// The logistic function `1 / (1 + e⁻ˣ)`.
///
/// ```
/// assert_eq!(tensorlet::math::sigmoid(0.0), 0.5);
/// ```
#[inline]
#[must_use]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}
