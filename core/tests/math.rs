//! The functions of one number against float64, on dense grids and at the edges.

use tensorlet::math;

/// The largest relative error of `f` over `points`, with the point.
fn relative(f: fn(f32) -> f32, exact: fn(f64) -> f64, points: impl Iterator<Item = f32>) -> (f64, f32) {
    let error = |x: f32| {
        let exact = exact(f64::from(x));
        ((f64::from(f(x)) - exact) / exact.abs().max(f64::from(f32::MIN_POSITIVE))).abs()
    };
    points.map(|x| (error(x), x)).fold((0.0, 0.0), |worst, here| if here.0 > worst.0 { here } else { worst })
}

fn grid(low: f32, high: f32) -> impl Iterator<Item = f32> {
    let n = if cfg!(miri) { 50 } else { 200_000 };
    (0..=n).map(move |i| low + (high - low) * i as f32 / n as f32)
}

/// Every binade from 2⁻¹²⁶ to 2¹²⁷: its edges and some numbers inside.
fn binades() -> impl Iterator<Item = f32> {
    (1..255_u32).flat_map(|exponent| {
        [0, 1, 0x12_3456, 0x40_0000, 0x7f_ffff].map(|mantissa| f32::from_bits(exponent << 23 | mantissa))
    })
}

/// The bounds that the documentation of [`math`] states: of the precise path, and of the approximate one.
fn bound(precise: f64, approximate: f64) -> f64 {
    if cfg!(feature = "micromath") { approximate } else { precise }
}

#[test]
fn exp_keeps_its_bound() {
    let (error, at) = relative(math::exp, f64::exp, grid(-86.0, 86.0));
    println!("exp: relative error {error:.2e} at {at}");
    assert!(error <= bound(1.2e-7, 2.5e-3), "{error:e} at {at}");
}

#[test]
fn ln_keeps_its_bound() {
    let (error, at) = relative(math::ln, f64::ln, binades().chain(grid(0.01, 0.9)).chain(grid(1.1, 100.0)));
    println!("ln: relative error {error:.2e} at {at}");
    assert!(error <= 1.2e-7, "{error:e} at {at}");
    assert_eq!(math::ln(1.0), 0.0);
}

#[test]
fn sqrt_keeps_its_bound() {
    let (error, at) = relative(math::sqrt, f64::sqrt, binades().chain(grid(0.01, 100.0)));
    println!("sqrt: relative error {error:.2e} at {at}");
    assert!(error <= bound(6.0e-8, 6.2e-2), "{error:e} at {at}");
}

#[test]
fn tanh_keeps_its_bound() {
    let (error, at) = relative(math::tanh, f64::tanh, grid(-10.0, -1e-3).chain(grid(1e-3, 10.0)));
    println!("tanh: relative error {error:.2e} at {at}");
    assert!(error <= bound(2.4e-7, 3.3e-3), "{error:e} at {at}");
}

#[test]
fn sigmoid_keeps_its_bound() {
    let (error, at) = relative(math::sigmoid, |x| 1.0 / (1.0 + (-x).exp()), grid(-85.0, 85.0));
    println!("sigmoid: relative error {error:.2e} at {at}");
    assert!(error <= bound(2.4e-7, 8.1e-4), "{error:e} at {at}");
}
