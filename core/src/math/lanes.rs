//! The same functions on several numbers at once, for kernels of a vector unit.
//!
//! [`Lanes`] is the arithmetic that they need; a token of an instruction set implements it with the
//! token as proof that the instructions exist. The functions are written once over it, without a
//! branch on the data, and `#[inline(always)]`, so that they become code of the caller's
//! instruction set. The bounds hold with and without a fused [`mul_add`](Lanes::mul_add).

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

/// `ln 2` in two parts, the first short: `n` times it is exact.
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;

/// `eˣ`, within 1.5 units in the last place, below the normal numbers 1.5 of the smallest subnormal. `0`
/// and `∞` beyond the range, NaN for NaN.
///
/// As Cephes' `expf`: `x = n ln 2 + r` with `|r| ≤ ln 2 / 2`, `eʳ = 1 + r + r² Q(r)`, times `2ⁿ`. `Q` of
/// degree 4 is the minimax polynomial for the relative error of `eʳ`, 3.1e-9, found by Remez' algorithm.
///
/// ```
/// use tensorlet::{Portable, math::lanes};
/// assert_eq!(lanes::exp(Portable, 0.0), 1.0);
/// assert_eq!(lanes::exp(Portable, f32::NEG_INFINITY), 0.0);
/// ```
#[inline(always)]
#[must_use]
pub fn exp<L: Lanes>(l: L, x: L::V) -> L::V {
    // Beyond this the result is ∞; the argument stands second, so that NaN passes.
    exp_of_low(l, l.min(l.splat(89.0), x))
}

/// [`exp`] for `x ≤ 89` and NaN.
///
/// ```
/// use tensorlet::{Portable, math::lanes};
/// assert_eq!(lanes::exp_of_low(Portable, -1e4), 0.0);
/// ```
#[inline(always)]
#[must_use]
pub fn exp_of_low<L: Lanes>(l: L, x: L::V) -> L::V {
    const Q: [f32; 4] = [8.368_781e-3, 4.166_839_3e-2, 1.666_652e-1, 0.499_999_94];
    const Q4: f32 = 1.381_446_7e-3;
    // Below this the result is 0.
    let x = l.max(l.splat(-104.0), x);
    let n = l.round(l.mul(x, l.splat(core::f32::consts::LOG2_E)));
    let r = l.mul_add(n, l.splat(-LN2_HIGH), x);
    let r = l.mul_add(n, l.splat(-LN2_LOW), r);
    let y = l.mul_add(l.mul(r, r), polynomial(l, r, Q4, Q), l.add(r, l.splat(1.0)));
    l.scale_by_pow2(y, n)
}

/// The natural logarithm, within 1.5 units in the last place. `-∞` for 0, NaN for negative numbers and NaN.
///
/// As Cephes' `logf`: `x = m · 2ⁿ` with `m` in `√½..√2`; with `r = m - 1`, `ln x = r + r² Q(r) + n ln 2`,
/// `ln 2` in two parts as in [`exp`]. `Q` of degree 8 is the minimax polynomial for the relative error of
/// `ln(1 + r)`, 4.1e-9, found by Remez' algorithm.
///
/// ```
/// use tensorlet::{Portable, math::lanes};
/// assert_eq!(lanes::ln(Portable, 1.0), 0.0);
/// assert_eq!(lanes::ln(Portable, 0.0), f32::NEG_INFINITY);
/// ```
#[inline(always)]
#[must_use]
pub fn ln<L: Lanes>(l: L, x: L::V) -> L::V {
    // Subnormal numbers are made normal.
    const UP: f32 = 33_554_432.0; // 2²⁵
    let (zero, infinity) = (l.splat(0.0), l.splat(f32::INFINITY));
    let small = l.lt(x, l.splat(f32::MIN_POSITIVE));
    let y = ln_of_normal(l, l.select(small, l.mul(x, l.splat(UP)), x), l.select(small, l.splat(25.0), zero));
    let y = l.select(l.eq(x, infinity), infinity, y);
    let y = l.select(l.eq(x, zero), l.splat(f32::NEG_INFINITY), y);
    // Where x is at least 0, it is no NaN.
    l.select(l.le(zero, x), y, l.splat(f32::NAN))
}

/// [`ln`] of `x · 2^-down` for positive normal `x`.
#[inline(always)]
fn ln_of_normal<L: Lanes>(l: L, x: L::V, down: L::V) -> L::V {
    const Q: [f32; 8] = [
        0.129_044_34,
        -0.132_429_88,
        0.141_818_26,
        -0.166_090_83,
        0.200_019_73,
        -0.250_015_83,
        0.333_333_25,
        -0.499_999_88,
    ];
    const Q8: f32 = -0.076_217_786;
    let (m, n) = l.split(x);
    let (r, n) = (l.sub(m, l.splat(1.0)), l.sub(n, down));
    let low = l.mul_add(n, l.splat(LN2_LOW), r);
    let y = l.mul_add(l.mul(r, r), polynomial(l, r, Q8, Q), low);
    l.mul_add(n, l.splat(LN2_HIGH), y)
}

/// A standard Gumbel number from a uniform one, [`random::gumbel_quantile`](crate::random::gumbel_quantile):
/// `-ln(-ln(u + ε) + ε)` with `ε = 10⁻²⁰`, within 2.5 roundings of `1 + |result|`. NaN outside of 0 to 1.
///
/// ```
/// use tensorlet::{Portable, math::lanes};
/// assert!((lanes::gumbel_quantile(Portable, 0.5) - 0.366_512_92).abs() < 1e-6);
/// ```
#[inline(always)]
#[must_use]
pub fn gumbel_quantile<L: Lanes>(l: L, u: L::V) -> L::V {
    let inside = l.and(l.le(l.splat(0.0), u), l.le(u, l.splat(1.0)));
    l.select(inside, l.sub(l.splat(0.0), minus_gumbel_of_uniform(l, u)), l.splat(f32::NAN))
}

/// The negative of [`gumbel_quantile`] for `u` from 0 to 1: `ln(-ln(u + ε) + ε)`.
///
/// ```
/// use tensorlet::{Portable, math::lanes};
/// assert!(lanes::minus_gumbel_of_uniform(Portable, 0.0).is_finite());
/// ```
#[inline(always)]
#[must_use]
pub fn minus_gumbel_of_uniform<L: Lanes>(l: L, u: L::V) -> L::V {
    let (zero, eps) = (l.splat(0.0), l.splat(1e-20));
    let inner = ln_of_normal(l, l.add(u, eps), zero);
    ln_of_normal(l, l.sub(eps, inner), zero)
}

/// The hyperbolic tangent, within 1.5 units in the last place. `±1` for `±∞`, NaN for NaN, the sign
/// of zero is kept.
///
/// Source: Cephes, `tanhf`. `|x| < 0.625`: `x + x³ P(x²)` with `P` of degree 4; else
/// `1 - 2 / (e²ˣ + 1)`. The sign is taken off before and put back after.
///
/// ```
/// use tensorlet::{Portable, math::lanes};
/// assert_eq!(lanes::tanh(Portable, -0.0).to_bits(), (-0.0_f32).to_bits());
/// ```
#[inline(always)]
#[must_use]
pub fn tanh<L: Lanes>(l: L, x: L::V) -> L::V {
    const P: [f32; 4] = [2.063_909e-2, -5.373_971_6e-2, 1.333_144_2e-1, -3.333_328e-1];
    const P4: f32 = -5.704_988_7e-3;
    let a = l.abs(x);
    let square = l.mul(a, a);
    let small = l.mul_add(l.mul(polynomial(l, square, P4, P), square), a, a);
    let e = exp(l, l.add(a, a));
    let large = l.sub(l.splat(1.0), l.div(l.splat(2.0), l.add(e, l.splat(1.0))));
    l.copysign(l.select(l.lt(a, l.splat(0.625)), small, large), x)
}

/// The logistic function `1 / (1 + e⁻ˣ)`, within 2.5 units in the last place, below the normal numbers 2 of
/// the smallest subnormal. `0` and `1` for `∓∞`, NaN for NaN.
///
/// From [`exp`] of `-|x|`, which cannot overflow: `e / (1 + e)` for negative `x`, else `1 / (1 + e)`.
///
/// ```
/// use tensorlet::{Portable, math::lanes};
/// assert_eq!(lanes::sigmoid(Portable, f32::INFINITY), 1.0);
/// ```
#[inline(always)]
#[must_use]
pub fn sigmoid<L: Lanes>(l: L, x: L::V) -> L::V {
    let one = l.splat(1.0);
    let e = exp(l, l.sub(l.splat(0.0), l.abs(x)));
    l.div(l.select(l.lt(x, l.splat(0.0)), e, one), l.add(one, e))
}

/// `highest · xⁿ + …`, the coefficients from the highest power down: even and odd powers by Horner's rule side
/// by side, which halves the chain of operations that wait for each other.
#[inline(always)]
fn polynomial<L: Lanes, const N: usize>(l: L, x: L::V, highest: f32, coefficients: [f32; N]) -> L::V {
    let square = l.mul(x, x);
    // `latest` has the coefficient that came last, `other` the one before.
    let (mut latest, mut other) = (l.splat(highest), None);
    for c in coefficients {
        let next = match other {
            Some(other) => l.mul_add(other, square, l.splat(c)),
            None => l.splat(c),
        };
        (latest, other) = (next, Some(latest));
    }
    match other {
        Some(other) => l.mul_add(other, x, latest),
        None => latest,
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

#[cfg(test)]
mod tests {
    use std::println;

    use super::*;

    /// The distance of `y` from `exact`, in units of the last place of `exact` as an `f32`.
    fn ulp(y: f32, exact: f64) -> f64 {
        let rounded = exact as f32;
        if y == rounded || y.is_nan() && exact.is_nan() {
            return 0.0;
        }
        let unit = if rounded.abs() < f32::MIN_POSITIVE {
            f64::from(f32::from_bits(1))
        } else {
            f64::from(f32::from_bits((rounded.abs().to_bits() & 0x7f80_0000) + 1))
                - f64::from(f32::from_bits(rounded.abs().to_bits() & 0x7f80_0000))
        };
        (f64::from(y) - exact).abs() / unit
    }

    /// The largest error over every 509th number of both signs below `limit`.
    fn largest(name: &str, limit: f32, f: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64) -> f64 {
        let (mut worst, mut at) = (0.0, 0.0);
        for bits in (0..=limit.to_bits()).step_by(509) {
            for x in [f32::from_bits(bits), -f32::from_bits(bits)] {
                let error = ulp(f(x), exact(f64::from(x)));
                if error > worst {
                    (worst, at) = (error, x);
                }
            }
        }
        println!("{name}: {worst:.3} units in the last place, at {at:e}");
        worst
    }

    #[test]
    fn exp_is_within_its_bound() {
        assert!(largest("exp", 110.0, |x| exp(Portable, x), f64::exp) <= 1.5);
        assert_eq!(exp(Portable, f32::INFINITY), f32::INFINITY);
        assert_eq!(exp(Portable, 88.8), f32::INFINITY);
        assert_eq!(exp(Portable, f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(Portable, -1e4), 0.0);
        assert!(exp(Portable, f32::NAN).is_nan());
    }

    #[test]
    fn ln_is_within_its_bound() {
        assert!(largest("ln", f32::MAX, |x| ln(Portable, x), |x| if x < 0.0 { f64::NAN } else { x.ln() }) <= 1.5);
        assert_eq!(ln(Portable, f32::INFINITY), f32::INFINITY);
        assert_eq!([ln(Portable, 0.0), ln(Portable, -0.0)], [f32::NEG_INFINITY; 2]);
        assert!([-f32::MIN_POSITIVE, -1e-45, f32::NEG_INFINITY, f32::NAN].iter().all(|&x| ln(Portable, x).is_nan()));
    }

    #[test]
    fn gumbel_quantile_is_within_its_bound() {
        let exact = |u: f64| -(1e-20 - (u + 1e-20).ln()).ln();
        for i in (0..=1 << 24).step_by(61).chain((1 << 24) - 100..=1 << 24) {
            let u = i as f32 / 16_777_216.0;
            let (y, exact) = (gumbel_quantile(Portable, u), exact(f64::from(u)));
            let error = (f64::from(y) - exact).abs() / (1.0 + exact.abs()) * 16_777_216.0;
            assert!(error <= 2.5, "{error} roundings at {u}");
        }
        assert!([-0.1, 1.1, f32::NAN, f32::INFINITY].iter().all(|&u| gumbel_quantile(Portable, u).is_nan()));
    }

    #[test]
    fn tanh_is_within_its_bound() {
        assert!(largest("tanh", 100.0, |x| tanh(Portable, x), f64::tanh) <= 1.5);
        assert_eq!(tanh(Portable, f32::INFINITY), 1.0);
        assert_eq!(tanh(Portable, f32::NEG_INFINITY), -1.0);
        assert!(tanh(Portable, f32::NAN).is_nan());
    }

    #[test]
    fn sigmoid_is_within_its_bound() {
        let exact = |x: f64| 1.0 / (1.0 + (-x).exp());
        assert!(largest("sigmoid", 110.0, |x| sigmoid(Portable, x), exact) <= 2.5);
        assert_eq!(sigmoid(Portable, f32::NEG_INFINITY), 0.0);
        assert!(sigmoid(Portable, f32::NAN).is_nan());
    }
}
