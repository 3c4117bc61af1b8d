//! The functions of one number against float64: on dense grids, at the edges of every binade of both
//! signs and of the subnormal numbers, and where a number is none.

use tensorlet::math;

/// The smallest normal number.
const TINY: f64 = f32::MIN_POSITIVE as f64;

/// What the documentation of [`math`] states.
#[derive(Clone, Copy)]
struct Bound {
    /// The precise path, in units of the last place of the exact result.
    units: f64,
    /// The approximate path: relative to the exact result, or to the smallest normal number, and absolute.
    relative: f64,
    absolute: f64,
}

/// The same on both paths.
const fn units(units: f64) -> Bound {
    Bound { units, relative: units * f32::EPSILON as f64, absolute: 0.0 }
}

const fn or_approximately(units: f64, relative: f64, absolute: f64) -> Bound {
    Bound { units, relative, absolute }
}

/// A unit in the last place of an exact result, as an `f32`.
fn unit(exact: f64) -> f64 {
    let exponent = (exact.abs() as f32).to_bits() >> 23;
    // The subnormal numbers are as far from each other as the smallest normal ones.
    f64::from(f32::from_bits(exponent.clamp(1, 254) << 23)) * f64::from(f32::EPSILON)
}

/// How much of what is allowed a result needs. Where `f32` holds no number so large, `±∞` is right.
fn needed(bound: Bound, got: f32, exact: f64) -> f64 {
    let rounded = exact as f32;
    if got == rounded || (got.is_nan() && rounded.is_nan()) {
        return 0.0;
    }
    let wide = if got.is_infinite() { f64::from(f32::MAX).copysign(f64::from(got)) } else { f64::from(got) };
    let allowed = if cfg!(feature = "micromath") {
        bound.absolute + bound.relative * exact.abs().max(TINY)
    } else {
        bound.units * unit(exact)
    };
    let needed = (wide - exact).abs() / allowed;
    if needed.is_nan() { f64::INFINITY } else { needed }
}

/// Compares with the bound, which must not be ten times what was needed.
#[track_caller]
fn holds(name: &str, bound: Bound, points: impl Iterator<Item = f32>, f: impl Fn(f32) -> f32, exact: fn(f64) -> f64) {
    let needs = points.map(|x| (needed(bound, f(x), exact(f64::from(x))), x));
    let (worst, at) = needs.fold((0.0, 0.0), |worst, here| if here.0 > worst.0 { here } else { worst });
    println!("{name}: {:.0} % of the bound, at {at:e}", 100.0 * worst);
    assert!(worst <= 1.0, "{name}({at:e}) is {:e}: {worst:.2} times what is allowed", f(at));
    assert!(worst >= 0.1 || cfg!(miri), "{name}: the bound is {:.0} times what is needed", 1.0 / worst);
}

fn grid(low: f32, high: f32) -> impl Iterator<Item = f32> {
    let n = if cfg!(miri) { 50 } else { 200_000 };
    (0..=n).map(move |i| low + (high - low) * i as f32 / n as f32)
}

/// Zero, the infinities, and of every binade, the subnormal numbers' too, the edges and some numbers
/// inside; of both signs.
fn binades() -> impl Iterator<Item = f32> {
    let normal = (1..255_u32).flat_map(|exponent| {
        [0, 1, 0x12_3456, 0x40_0000, 0x7f_fffe, 0x7f_ffff].map(|mantissa| exponent << 23 | mantissa)
    });
    let subnormal = (0..23).flat_map(|bit| [1_u32 << bit, (1 << bit) + 1, (2 << bit) - 1]);
    let special = [0.0_f32.to_bits(), f32::INFINITY.to_bits()];
    normal.chain(subnormal).chain(special).flat_map(|bits| [f32::from_bits(bits), -f32::from_bits(bits)])
}

/// `2/√π Σ (-1)ⁿ x²ⁿ⁺¹ / (n! (2n + 1))`; where `x` is large from its complement.
fn erf(x: f64) -> f64 {
    if x.abs() >= 3.0 {
        return (1.0 - erfc(x.abs())).copysign(x);
    }
    let (mut term, mut sum) = (x, x);
    for n in 1..100 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    sum * std::f64::consts::FRAC_2_SQRT_PI
}

/// `1 - erf(x)`; where that is small by a continued fraction.
fn erfc(x: f64) -> f64 {
    if x < 2.0 || x.is_nan() {
        return 1.0 - erf(x);
    }
    let fraction = (1..200).rev().fold(x, |below, n| x + f64::from(n) / 2.0 / below);
    (-x * x).exp() / fraction / std::f64::consts::PI.sqrt()
}

#[test]
fn exp_keeps_its_bound() {
    let bound = or_approximately(1.0, 2.5e-3, TINY);
    holds("exp", bound, grid(-104.0, 89.0).chain(binades()), math::exp, f64::exp);
}

#[test]
fn ln_keeps_its_bound() {
    holds("ln", units(1.0), grid(0.01, 100.0).chain(binades()), math::ln, f64::ln);
}

#[test]
fn log1p_keeps_its_bound() {
    holds("log1p", units(1.0), grid(-1.0, 100.0).chain(binades()), math::log1p, f64::ln_1p);
}

#[test]
fn expm1_keeps_its_bound() {
    let points = grid(-20.0, 89.0).chain(grid(-1.0, 1.0)).chain(binades());
    holds("expm1", units(1.0), points, math::expm1, f64::exp_m1);
}

#[test]
fn sqrt_keeps_its_bound() {
    let bound = or_approximately(0.5, 1.9e-3, 0.0);
    let points = || grid(0.0, 100.0).chain(binades());
    if cfg!(feature = "micromath") {
        holds("sqrt", bound, points(), math::sqrt, f64::sqrt);
    } else {
        // Correctly rounded: no difference to the rounded root.
        points().for_each(|x| assert_eq!(needed(bound, math::sqrt(x), f64::from(x).sqrt()), 0.0, "{x:e}"));
    }
}

#[test]
fn rsqrt_keeps_its_bound() {
    let bound = or_approximately(1.5, 1.9e-3, 0.0);
    holds("rsqrt", bound, grid(0.0, 100.0).chain(binades()), math::rsqrt, |x| 1.0 / x.sqrt());
}

#[test]
fn tanh_keeps_its_bound() {
    let bound = or_approximately(2.5, 0.0, 2e-3);
    holds("tanh", bound, grid(-10.0, 10.0).chain(binades()), math::tanh, f64::tanh);
}

#[test]
fn sigmoid_keeps_its_bound() {
    let bound = or_approximately(2.5, 2.5e-3, TINY);
    holds("sigmoid", bound, grid(-105.0, 105.0).chain(binades()), math::sigmoid, |x| 1.0 / (1.0 + (-x).exp()));
}

#[test]
fn softplus_keeps_its_bound() {
    let bound = or_approximately(1.5, 2.5e-3, TINY);
    let exact = |x: f64| if x.is_nan() { x } else { x.max(0.0) + (-x.abs()).exp().ln_1p() };
    holds("softplus", bound, grid(-105.0, 105.0).chain(binades()), math::softplus, exact);
}

#[test]
fn sin_keeps_its_bound() {
    holds("sin", or_approximately(1.0, 0.0, 2.5e-3), angles(), math::sin, f64::sin);
}

#[test]
fn cos_keeps_its_bound() {
    holds("cos", or_approximately(1.0, 0.0, 2.5e-3), angles(), math::cos, f64::cos);
}

/// All angles, for the approximate path those of a few turns.
fn angles() -> impl Iterator<Item = f32> {
    let limit = if cfg!(feature = "micromath") { 100.0 } else { f32::INFINITY };
    grid(-100.0, 100.0).chain(binades()).filter(move |x| x.abs() <= limit)
}

#[test]
fn erf_keeps_its_bound() {
    holds("erf", units(1.0), grid(-5.0, 5.0).chain(binades()), math::erf, erf);
}

#[test]
fn erfc_keeps_its_bound() {
    holds("erfc", units(3.0), grid(-5.0, 11.0).chain(binades()), math::erfc, erfc);
}

#[test]
fn pow_keeps_its_bound() {
    const EXPONENTS: [f32; 10] = [0.5, 1.0 / 3.0, 1.0, 1.5, 2.0, 3.0, 7.25, 31.0, 0.01, 400.0];
    let mut worst = 0.0_f64;
    for exponent in EXPONENTS.into_iter().flat_map(|e| [e, -e]) {
        for x in grid(-4.0, 4.0).step_by(50).chain(binades()) {
            let exact = f64::from(x).powf(f64::from(exponent));
            let needed = needed(units(1.0), math::pow(x, exponent), exact);
            assert!(needed <= 1.0, "{x:e} to the power {exponent}: {needed}");
            worst = worst.max(needed);
        }
    }
    println!("pow: {:.0} % of the bound", 100.0 * worst);
}

/// Equal, NaN too, and zeros with their signs. The approximate path may miss finite values.
#[track_caller]
fn same(what: &str, got: f32, expected: f32) {
    let near = cfg!(feature = "micromath") && expected.is_finite() && (got - expected).abs() <= 2.5e-3;
    let same = got.to_bits() == expected.to_bits() || (got.is_nan() && expected.is_nan());
    assert!(same || near, "{what}: {got}, not {expected}");
}

#[test]
fn what_is_no_number_is_as_in_pytorch() {
    const NAN: f32 = f32::NAN;
    const INF: f32 = f32::INFINITY;
    // The function's name, the function, and its values for NaN, ∞, -∞, 0 and -0.
    type Row = (&'static str, fn(f32) -> f32, [f32; 5]);
    let rows: [Row; 13] = [
        ("exp", math::exp, [NAN, INF, 0.0, 1.0, 1.0]),
        ("expm1", math::expm1, [NAN, INF, -1.0, 0.0, -0.0]),
        ("ln", math::ln, [NAN, INF, NAN, -INF, -INF]),
        ("log1p", math::log1p, [NAN, INF, NAN, 0.0, -0.0]),
        ("sqrt", math::sqrt, [NAN, INF, NAN, 0.0, -0.0]),
        ("rsqrt", math::rsqrt, [NAN, 0.0, NAN, INF, -INF]),
        ("tanh", math::tanh, [NAN, 1.0, -1.0, 0.0, -0.0]),
        ("sigmoid", math::sigmoid, [NAN, 1.0, 0.0, 0.5, 0.5]),
        ("softplus", math::softplus, [NAN, INF, 0.0, math::log1p(1.0), math::log1p(1.0)]),
        ("sin", math::sin, [NAN, NAN, NAN, 0.0, -0.0]),
        ("cos", math::cos, [NAN, NAN, NAN, 1.0, 1.0]),
        ("erf", math::erf, [NAN, 1.0, -1.0, 0.0, -0.0]),
        ("erfc", math::erfc, [NAN, 0.0, 2.0, 1.0, 1.0]),
    ];
    for (name, f, expected) in rows {
        for (x, expected) in [NAN, INF, -INF, 0.0, -0.0].into_iter().zip(expected) {
            same(&format!("{name}({x})"), f(x), expected);
        }
    }
    // Extreme logits.
    for x in [1e4, -1e4] {
        for f in [math::exp, math::tanh, math::sigmoid, math::softplus, math::erf, math::expm1] {
            assert!(!f(x).is_nan());
        }
    }
    for (x, y, expected) in [
        (0.0, 0.0, 1.0),
        (NAN, 0.0, 1.0),
        (1.0, NAN, 1.0),
        (NAN, 1.0, NAN),
        (-8.0, 1.0 / 3.0, NAN),
        (0.0, -1.0, INF),
        (-0.0, -1.0, -INF),
        (0.5, INF, 0.0),
        (2.0, INF, INF),
        (-INF, 3.0, -INF),
        (INF, -2.0, 0.0),
    ] {
        same(&format!("{x} to the power {y}"), math::pow(x, y), expected);
    }
}
