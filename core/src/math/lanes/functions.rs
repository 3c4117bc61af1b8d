//! The functions.

use super::Lanes;

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
    let (n, r, higher) = exp_parts(l, x);
    let y = l.mul_add(l.mul(r, r), higher, l.add(r, l.splat(1.0)));
    l.scale_by_pow2(y, n)
}

/// `n`, `r` and `Q(r)` with `x = n ln 2 + r` and `eʳ = 1 + r + r² Q(r)`, for `x ≤ 89`.
#[inline(always)]
fn exp_parts<L: Lanes>(l: L, x: L::V) -> (L::V, L::V, L::V) {
    const Q: [f32; 4] = [8.368_781e-3, 4.166_839_3e-2, 1.666_652e-1, 0.499_999_94];
    const Q4: f32 = 1.381_446_7e-3;
    // Below this the result is 0.
    let x = l.max(l.splat(-104.0), x);
    let n = l.round(l.mul(x, l.splat(core::f32::consts::LOG2_E)));
    let r = l.mul_add(n, l.splat(-LN2_HIGH), x);
    let r = l.mul_add(n, l.splat(-LN2_LOW), r);
    (n, r, polynomial(l, r, Q4, Q))
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

/// `eˣ - 1` for `x ≤ 88` and NaN, within 2 units in the last place, precise where `x` is small.
///
/// As [`exp_of_low`], with `eˣ - 1 = 2ⁿ (r + r² Q(r)) + (2ⁿ - 1)`.
///
/// ```
/// use tensorlet::{Portable, math::lanes};
/// assert_eq!(lanes::expm1_of_low(Portable, 1e-10), 1e-10);
/// assert_eq!(lanes::expm1_of_low(Portable, f32::NEG_INFINITY), -1.0);
/// ```
#[inline(always)]
#[must_use]
pub fn expm1_of_low<L: Lanes>(l: L, x: L::V) -> L::V {
    let (n, r, higher) = exp_parts(l, x);
    let power = l.scale_by_pow2(l.splat(1.0), n);
    l.mul_add(l.mul_add(l.mul(r, r), higher, r), power, l.sub(power, l.splat(1.0)))
}

/// `ln(1 + x)` for `x` from 0 to 1, within 2 units in the last place, precise where `x` is small.
///
/// The logarithm of `1 + x` as it is rounded, and what the rounding took off `x`.
///
/// ```
/// use tensorlet::{Portable, math::lanes};
/// assert_eq!(lanes::log1p_of_unit(Portable, 1e-10), 1e-10);
/// ```
#[inline(always)]
#[must_use]
pub fn log1p_of_unit<L: Lanes>(l: L, x: L::V) -> L::V {
    let (zero, one) = (l.splat(0.0), l.splat(1.0));
    let sum = l.add(one, x);
    let off = l.sub(x, l.sub(sum, one));
    l.add(ln_of_normal(l, sum, zero), l.div(off, sum))
}

/// `ln(1 + eˣ)`, [`math::softplus`](crate::math::softplus): `max(x, 0) + ln(1 + e^-|x|)`, within 3 units in the last
/// place.
///
/// ```
/// use tensorlet::{Portable, math::lanes};
/// assert_eq!([lanes::softplus(Portable, 1e4), lanes::softplus(Portable, -1e4)], [1e4, 0.0]);
/// ```
#[inline(always)]
#[must_use]
pub fn softplus<L: Lanes>(l: L, x: L::V) -> L::V {
    let zero = l.splat(0.0);
    let positive = l.select(l.lt(x, zero), zero, x);
    l.add(positive, log1p_of_unit(l, exp_of_low(l, l.sub(zero, l.abs(x)))))
}

/// The standard normal distribution function `Φ(x) = ½ erfc(-x/√2)`, and `e^(-x²/2)`, which is its density but for
/// a factor. The first is within `8 + x²` roundings for negative `x`, else within 8: an error of `x²` in the exponent
/// counts as much, and one of `t` below, up to 1.6 roundings, counts 2.3 times next to 0.
///
/// For `x ≤ 0`: `Φ(x) = t P(t) e^(-x²/2)` with `t = 1 / (1 + 0.35 |x|)` and `P` of degree 8, the minimax
/// polynomial for the relative error down to `x = -14.5`, 3.2e-8, found by Remez' algorithm; else `1 - Φ(-x)`.
///
/// ```
/// use tensorlet::{Portable, math::lanes};
/// assert!((lanes::normal_distribution(Portable, 0.0).0 - 0.5).abs() < 1e-6);
/// assert_eq!(lanes::normal_distribution(Portable, -1e4).0, 0.0);
/// ```
#[inline(always)]
#[must_use]
pub fn normal_distribution<L: Lanes>(l: L, x: L::V) -> (L::V, L::V) {
    const P: [f32; 8] = [
        0.144_030_86,
        -0.255_838_87,
        0.159_319_55,
        -0.023_212_25,
        0.105_552_46,
        0.119_821_295,
        0.139_863_52,
        0.139_621_3,
    ];
    const P8: f32 = -0.029_157_871;
    let (one, a) = (l.splat(1.0), l.abs(x));
    let t = l.div(one, l.mul_add(l.splat(0.35), a, one));
    let bell = exp_of_low(l, l.mul(l.mul(l.splat(-0.5), x), x));
    let tail = l.mul(l.mul(t, polynomial(l, t, P8, P)), bell);
    (l.select(l.le(x, l.splat(0.0)), tail, l.sub(one, tail)), bell)
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

#[cfg(test)]
mod tests {
    use std::println;

    use super::*;
    use crate::Portable;

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
        let low = |x: f32| if x > 88.0 { 88.0 } else { x };
        assert!(largest("exp_of_low", 110.0, |x| exp_of_low(Portable, low(x)), |x| x.min(88.0).exp()) <= 1.5);
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
            let minus = |u| minus_gumbel_of_uniform(Portable, u);
            assert_eq!(minus(u), -y);
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
    fn expm1_log1p_and_softplus_are_within_their_bounds() {
        let low = |x: f32| if x > 88.0 { 88.0 } else { x };
        assert!(largest("expm1", 88.0, |x| expm1_of_low(Portable, low(x)), f64::exp_m1) <= 2.0);
        assert!(largest("log1p", 1.0, |x| log1p_of_unit(Portable, x.abs()), |x| x.abs().ln_1p()) <= 2.0);
        let exact = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
        assert!(largest("softplus", 1e4, |x| softplus(Portable, x), exact) <= 3.0);
        assert!(softplus(Portable, f32::NAN).is_nan() && expm1_of_low(Portable, f32::NAN).is_nan());
        assert_eq!([f32::INFINITY, f32::NEG_INFINITY].map(|x| softplus(Portable, x)), [f32::INFINITY, 0.0]);
    }

    #[test]
    fn normal_distribution_is_within_its_bound() {
        let mut worst = 0.0;
        // Coarse steps, and fine ones where the bound is smallest.
        let steps = (-14_000..=8_000).map(|i| i as f32 / 1000.0).chain((-100_000..=100_000).map(|i| i as f32 / 2e5));
        for x in steps {
            let exact = 0.5 * libm::erfc(f64::from(-x) * core::f64::consts::FRAC_1_SQRT_2);
            if exact < f64::from(f32::MIN_POSITIVE) {
                continue;
            }
            let bound = if x < 0.0 { 8.0 + f64::from(x * x) } else { 8.0 };
            let share = |x| normal_distribution(Portable, x).0;
            let error = (f64::from(share(x)) - exact).abs() / exact * 16_777_216.0;
            worst = f64::max(worst, error / bound);
            assert!(error <= bound, "{error} roundings at {x}, {bound} allowed");
        }
        println!("normal distribution: {worst:.3} of the bound");
        assert_eq!([f32::INFINITY, f32::NEG_INFINITY].map(|x| normal_distribution(Portable, x).0), [1.0, 0.0]);
        assert!(normal_distribution(Portable, f32::NAN).0.is_nan());
    }

    #[test]
    fn sigmoid_is_within_its_bound() {
        let exact = |x: f64| 1.0 / (1.0 + (-x).exp());
        assert!(largest("sigmoid", 110.0, |x| sigmoid(Portable, x), exact) <= 2.5);
        assert_eq!(sigmoid(Portable, f32::NEG_INFINITY), 0.0);
        assert!(sigmoid(Portable, f32::NAN).is_nan());
    }
}
