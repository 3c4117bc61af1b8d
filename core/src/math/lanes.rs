//! The same functions on several numbers at once, for kernels of a vector unit.
//!
//! [`Lanes`] is the arithmetic that they need; a token of an instruction set implements it with the
//! token as proof that the instructions exist. The functions are written once over it, without a
//! branch on the data, and `#[inline(always)]`, so that they become code of the caller's
//! instruction set. The bounds hold with and without a fused [`mul_add`](Lanes::mul_add).

mod functions;

pub use functions::{
    exp, exp_of_low, expm1_of_low, gumbel_quantile, ln, log1p_of_unit, minus_gumbel_of_uniform, normal_distribution,
    sigmoid, softplus, tanh,
};

use crate::Portable;

/// Arithmetic on `LANES` numbers side by side.
///
/// [`Portable`] implements it with one lane:
///
/// ```
/// use tensorlet::{Portable, math::lanes::{self, Lanes}};
/// let x = Portable.splat(0.0);
/// assert_eq!(lanes::sigmoid(Portable, x), 0.5);
/// ```
pub trait Lanes: Copy {
    /// The numbers in one vector.
    const LANES: usize;
    /// A vector of `f32`.
    type V: Copy;
    /// One truth value per lane.
    type Mask: Copy;

    /// All lanes `x`.
    fn splat(self, x: f32) -> Self::V;
    /// `a + b`.
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a - b`.
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a · b`.
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a / b`.
    fn div(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a · b + c`, rounded once where the processor can.
    fn mul_add(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `a` where `a > b`, else `b`: so `b` where one of them is NaN.
    fn max(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a` where `a < b`, else `b`: so `b` where one of them is NaN.
    fn min(self, a: Self::V, b: Self::V) -> Self::V;
    /// `√x`, correctly rounded.
    fn sqrt(self, x: Self::V) -> Self::V;
    /// `|x|`.
    fn abs(self, x: Self::V) -> Self::V;
    /// `|x|` with the sign of `sign`.
    fn copysign(self, x: Self::V, sign: Self::V) -> Self::V;
    /// The nearest integer, even ones in ties.
    fn round(self, x: Self::V) -> Self::V;
    /// `2ⁿ` for an integer `n` in `-126..=127`; anything for other `n`.
    fn pow2(self, n: Self::V) -> Self::V;
    /// `(m, n)` with `x = m · 2ⁿ` and `m` in `√½..√2`, for a positive normal `x`; anything for others.
    fn split(self, x: Self::V) -> (Self::V, Self::V);
    /// Where `a < b`.
    fn lt(self, a: Self::V, b: Self::V) -> Self::Mask;
    /// Where `a ≤ b`.
    fn le(self, a: Self::V, b: Self::V) -> Self::Mask;
    /// Where `a = b`.
    fn eq(self, a: Self::V, b: Self::V) -> Self::Mask;
    /// Where `x` is NaN.
    fn is_nan(self, x: Self::V) -> Self::Mask;
    /// Where `a` and `b` hold.
    fn and(self, a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// Where `a` or `b` holds.
    fn or(self, a: Self::Mask, b: Self::Mask) -> Self::Mask;
    /// `yes` where the mask holds, else `no`.
    fn select(self, mask: Self::Mask, yes: Self::V, no: Self::V) -> Self::V;

    /// `x · 2ⁿ` for an integer `n` in `-252..=254`, in two steps: the result may be subnormal or
    /// infinite where `2ⁿ` alone already is.
    #[inline(always)]
    fn scale_by_pow2(self, x: Self::V, n: Self::V) -> Self::V {
        let half = self.round(self.mul(n, self.splat(0.5)));
        self.mul(self.mul(x, self.pow2(half)), self.pow2(self.sub(n, half)))
    }
}

/// One lane.
impl Lanes for Portable {
    const LANES: usize = 1;
    type V = f32;
    type Mask = bool;

    #[inline(always)]
    fn splat(self, x: f32) -> f32 {
        x
    }

    #[inline(always)]
    fn add(self, a: f32, b: f32) -> f32 {
        a + b
    }

    #[inline(always)]
    fn sub(self, a: f32, b: f32) -> f32 {
        a - b
    }

    #[inline(always)]
    fn mul(self, a: f32, b: f32) -> f32 {
        a * b
    }

    #[inline(always)]
    fn div(self, a: f32, b: f32) -> f32 {
        a / b
    }

    #[inline(always)]
    fn mul_add(self, a: f32, b: f32, c: f32) -> f32 {
        a * b + c
    }

    #[inline(always)]
    fn max(self, a: f32, b: f32) -> f32 {
        if a > b { a } else { b }
    }

    #[inline(always)]
    fn min(self, a: f32, b: f32) -> f32 {
        if a < b { a } else { b }
    }

    #[inline(always)]
    fn sqrt(self, x: f32) -> f32 {
        libm::sqrtf(x)
    }

    #[inline(always)]
    fn abs(self, x: f32) -> f32 {
        x.abs()
    }

    #[inline(always)]
    fn copysign(self, x: f32, sign: f32) -> f32 {
        x.copysign(sign)
    }

    #[inline(always)]
    fn round(self, x: f32) -> f32 {
        libm::rintf(x)
    }

    #[inline(always)]
    fn pow2(self, n: f32) -> f32 {
        f32::from_bits(((n as i32).wrapping_add(127) << 23).cast_unsigned())
    }

    #[inline(always)]
    fn split(self, x: f32) -> (f32, f32) {
        // The exponent counts from √½ instead of 1.
        const ROOT_HALF: u32 = core::f32::consts::FRAC_1_SQRT_2.to_bits();
        let above = x.to_bits().wrapping_sub(ROOT_HALF).cast_signed();
        (f32::from_bits((above & 0x007f_ffff).cast_unsigned() + ROOT_HALF), (above >> 23) as f32)
    }

    #[inline(always)]
    fn lt(self, a: f32, b: f32) -> bool {
        a < b
    }

    #[inline(always)]
    fn le(self, a: f32, b: f32) -> bool {
        a <= b
    }

    #[inline(always)]
    fn eq(self, a: f32, b: f32) -> bool {
        a == b
    }

    #[inline(always)]
    fn is_nan(self, x: f32) -> bool {
        x.is_nan()
    }

    #[inline(always)]
    fn and(self, a: bool, b: bool) -> bool {
        a && b
    }

    #[inline(always)]
    fn or(self, a: bool, b: bool) -> bool {
        a || b
    }

    #[inline(always)]
    fn select(self, mask: bool, yes: f32, no: f32) -> f32 {
        if mask { yes } else { no }
    }
}
