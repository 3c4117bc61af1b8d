//! The functions of `math.wgsl` beside float64.

use std::collections::HashMap;

use tensorlet::random;

use super::{
    Gpu, Options,
    engine::fetch,
    graph::BufferSpec,
    plan::{Plan, Recording},
    shader::{BufferId, Region, Shader, Strides, Word},
};

/// A function, what it should be, and its bound in units of the last place.
type Function = (&'static str, fn(f64) -> f64, f64);

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn softplus(x: f64) -> f64 {
    if x.is_nan() { x } else { x.max(0.0) + (-x.abs()).exp().ln_1p() }
}

fn normal_distribution(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// The bounds allow divisions to be off by 2.5 units, as WGSL does.
const FUNCTIONS: &[Function] = &[
    ("exp_", f64::exp, 2.0),
    ("expm1_", f64::exp_m1, 6.0),
    ("ln_", f64::ln, 2.0),
    ("log1p_", f64::ln_1p, 5.0),
    ("sigmoid_", sigmoid, 6.0),
    ("tanh_", f64::tanh, 8.0),
    ("softplus_", softplus, 5.0),
    ("erf_", libm::erf, 8.0),
];

/// All functions at these places, one after the other.
fn computed(names: &[&str], x: &[f32]) -> Vec<Vec<f32>> {
    let gpu = Gpu::with(Options { software: true }).expect("an adapter");
    let words = x.len().next_multiple_of(4) as u32;
    let spec = |what: &str, words| BufferSpec { what: what.to_owned(), words, shared: true };
    let region = |number| Region { buffer: BufferId(number), word: Word::Float, offset: 0, stride: 0 };
    let mut shader = Shader::new("functions", 1);
    shader.reads("x_at", region(0));
    shader.writes("set_y", region(1));
    let lines: Vec<String> =
        names.iter().enumerate().map(|(n, name)| format!("set_y({n}u * {words}u + i, {name}(x_at(i)));")).collect();
    let kernel = shader.each(x.len() as u32, &lines.join("\n"));
    let specs = [spec("arguments", words), spec("values", names.len() as u32 * words)];
    let plan = Plan::new(&gpu, &specs, &[kernel], (1, Strides::default()), &HashMap::new()).expect("planned");
    gpu.queue.write_buffer(&plan.buffers[0], 0, bytemuck::cast_slice(x));
    gpu.queue.submit([plan.recorded(&gpu, 1, Recording::OnePass).finish()]);
    let all = fetch(&gpu, &plan.buffers[1], 0, names.len() as u32 * words).expect("read back");
    all.chunks(words as usize).map(|values| values[..x.len()].to_vec()).collect()
}

/// Numbers of all sizes, more of them where functions bend.
fn arguments() -> Vec<f32> {
    let sizes = (-40..=127).flat_map(|e: i32| (0..16).map(move |j| (1.0 + j as f32 / 16.0) * 2.0_f32.powi(e)));
    let dense = (0..4000).map(|j| j as f32 * 0.005_3);
    let of_exp = (0..1100).map(|j| j as f32 * 0.1);
    let all: Vec<f32> = sizes.chain(dense).chain(of_exp).collect();
    all.iter().flat_map(|&x| [x, -x]).chain([f32::INFINITY, f32::NEG_INFINITY, f32::NAN]).collect()
}

/// How far a number is off, in units of the last place; those below the normal numbers may be lost.
fn units(got: f32, exact: f64) -> f64 {
    let rounded = exact as f32;
    if rounded.is_nan() || rounded.is_infinite() {
        return if got.to_bits() == rounded.to_bits() || got.is_nan() && rounded.is_nan() {
            0.0
        } else {
            f64::INFINITY
        };
    }
    let size = exact.abs().max(f64::from(f32::MIN_POSITIVE));
    let error = (f64::from(got) - exact).abs();
    if exact.abs() < f64::from(f32::MIN_POSITIVE) && error <= f64::from(f32::MIN_POSITIVE) {
        return 0.0;
    }
    error / 2.0_f64.powi(size.log2().floor() as i32 - 23)
}

#[test]
#[ignore = "it needs a device, as `cargo xtask test gpu` makes sure of; otherwise `-- --include-ignored`"]
fn functions_are_within_their_bounds() {
    let x = arguments();
    let names: Vec<&str> = FUNCTIONS.iter().map(|(name, ..)| *name).collect();
    let mut failed = Vec::new();
    for (values, (name, exact, bound)) in computed(&names, &x).iter().zip(FUNCTIONS) {
        let errors = x.iter().zip(values).map(|(&x, &y)| (units(y, exact(f64::from(x))), x, y));
        let (worst, at, got) = errors.fold((0.0, 0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a });
        println!("{name}: {worst:.2} units of {bound}, at {at:e}: {got:e}, {:e}", exact(f64::from(at)));
        if worst > *bound {
            failed.push(*name);
        }
    }
    assert!(failed.is_empty(), "beyond their bounds: {failed:?}");
}

/// As on the host: an error of the argument of `e^(-x²/2)` counts `x²` times.
#[test]
#[ignore = "it needs a device, as `cargo xtask test gpu` makes sure of; otherwise `-- --include-ignored`"]
fn normal_distribution_is_within_its_bound() {
    let x = arguments();
    for (&x, &y) in x.iter().zip(&computed(&["normal_distribution_"], &x)[0]) {
        let bound = if x < 0.0 { 12.0 + 2.0 * f64::from(x * x) } else { 12.0 };
        let off = units(y, normal_distribution(f64::from(x)));
        assert!(off <= bound, "{off} units at {x}: {y}");
    }
}

/// Random numbers agree with the host's beyond what a loss shows.
#[test]
#[ignore = "it needs a device, as `cargo xtask test gpu` makes sure of; otherwise `-- --include-ignored`"]
fn normal_quantiles_are_the_hosts() {
    let places = (0..4096)
        .map(|j| j as f32 / 4096.0)
        .chain((0..200).flat_map(|j| [j as f32, 16_777_215.0 - j as f32]).map(|j| j / 16_777_216.0));
    let p: Vec<f32> = places.map(|p| p + 1.0 / 33_554_432.0).filter(|p| *p < 1.0).collect();
    for (&p, &got) in p.iter().zip(&computed(&["normal_quantile_"], &p)[0]) {
        let host = random::normal_quantile(p);
        assert!((got - host).abs() <= 2e-6 * host.abs().max(1.0), "{got} at {p}, {host} on the host");
    }
}
