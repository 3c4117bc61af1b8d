//! Random numbers and initial weights: in PyTorch's bounds, with the right moments, and the same from
//! the same seed.

use rand_xoshiro::{
    Xoshiro128PlusPlus,
    rand_core::{Rng, SeedableRng},
};
use tensorlet::{Conv2d, Linear, Module, Parameter, Path, Slide, Visitor, init, random};
use tensorlet_host::reference::init as reference;

fn rng(seed: u64) -> Xoshiro128PlusPlus {
    Xoshiro128PlusPlus::seed_from_u64(seed)
}

/// Mean and standard deviation.
fn moments(x: &[f32]) -> [f64; 2] {
    let n = x.len() as f64;
    let mean = x.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
    let variance = x.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / n;
    [mean, variance.sqrt()]
}

/// Numbers that fill `±bound` evenly: none outside, some near both ends, moments within five
/// standard errors.
#[track_caller]
fn assert_uniform(x: &[f32], bound: f64, what: &str) {
    let n = x.len() as f64;
    let largest = x.iter().fold(0.0, |max: f64, &x| max.max(f64::from(x).abs()));
    assert!(largest <= bound * (1.0 + 1e-6), "{what}: {largest} is outside of ±{bound}");
    let [low, high] = [f32::min, f32::max].map(|f| x.iter().copied().reduce(f).map(f64::from).unwrap_or(0.0));
    let near = 1.0 - 40.0 / n;
    assert!(low < -bound * near && high > bound * near, "{what}: {low} to {high} does not reach ±{bound}");
    let [mean, std] = moments(x);
    let expected = bound / 3_f64.sqrt();
    assert!(mean.abs() < 5.0 * expected / n.sqrt(), "{what}: mean {mean}");
    assert!((std / expected - 1.0).abs() < 5.0 * 0.45 / n.sqrt(), "{what}: deviation {std}, expected {expected}");
}

/// Normal numbers of this deviation: moments, and how many lie within one, two and three.
#[track_caller]
fn assert_normal(x: &[f32], mean: f64, std: f64, what: &str) {
    let n = x.len() as f64;
    let [got_mean, got_std] = moments(x);
    assert!((got_mean - mean).abs() < 5.0 * std / n.sqrt(), "{what}: mean {got_mean}, expected {mean}");
    assert!((got_std / std - 1.0).abs() < 5.0 * 0.71 / n.sqrt(), "{what}: deviation {got_std}, expected {std}");
    for (within, share) in [(1.0, 0.682_689), (2.0, 0.954_500), (3.0, 0.997_300)] {
        let found = x.iter().filter(|&&x| (f64::from(x) - mean).abs() < within * std).count() as f64 / n;
        let error = (share * (1.0 - share) / n).sqrt();
        assert!((found - share).abs() < 5.0 * error, "{what}: {found} within {within} deviations, expected {share}");
    }
}

/// All values of one parameter.
fn parameter<M: Module>(module: &M, path: &str) -> Vec<f32> {
    struct Find<'a>(&'a str, Vec<f32>);
    impl Visitor for Find<'_> {
        fn parameter(&mut self, parameter: Parameter<'_>, values: &[f32]) {
            if parameter.path.is(self.0) {
                self.1 = values.to_vec();
            }
        }
    }
    let mut find = Find(path, Vec::new());
    module.parameters(Path::ROOT, &mut find);
    assert!(!find.1.is_empty(), "no parameter {path}");
    find.1
}

#[test]
fn layers_start_as_in_pytorch() {
    let default = |fan_in: f64| reference::kaiming_uniform(5_f64.sqrt(), fan_in);

    let mut linear = Linear::<30, 400>::ZERO;
    linear.init(&mut rng(1));
    assert_uniform(&parameter(&linear, "weight"), default(30.0), "Linear's weight");
    assert_uniform(&parameter(&linear, "bias"), 1.0 / 30_f64.sqrt(), "Linear's bias");

    let mut conv = Conv2d::<4, 300, 3, 5, 8, 8, Slide<1, 1>>::ZERO;
    conv.init(&mut rng(2));
    assert_uniform(&parameter(&conv, "weight"), default(60.0), "Conv2d's weight");
    assert_uniform(&parameter(&conv, "bias"), 1.0 / 60_f64.sqrt(), "Conv2d's bias");
}

#[test]
fn bounds_and_deviations_are_pytorchs() {
    let close = |got: f32, expected: f64| assert!((f64::from(got) / expected - 1.0).abs() < 3e-7, "{got}, {expected}");
    for (fan_in, fan_out) in [(1, 1), (3, 7), (64, 10), (784, 300), (25, 150)] {
        let (i, o) = (fan_in as f64, fan_out as f64);
        close(init::default_bound(fan_in), reference::kaiming_uniform(5_f64.sqrt(), i));
        for gain in [1.0, init::RELU_GAIN, init::TANH_GAIN] {
            let wide = f64::from(gain);
            close(init::xavier_uniform_bound(fan_in, fan_out, gain), reference::xavier_uniform(wide, i, o));
            close(init::xavier_normal_std(fan_in, fan_out, gain), reference::xavier_normal(wide, i, o));
            close(init::kaiming_normal_std(fan_in, gain), reference::kaiming_normal(wide, i));
        }
        // `kaiming_uniform_` for ReLU: a leaky ReLU of slope 0.
        close(init::kaiming_uniform_bound(fan_in, init::RELU_GAIN), reference::kaiming_uniform(0.0, i));
    }
    close(init::RELU_GAIN, 2_f64.sqrt());
    close(init::TANH_GAIN, 5.0 / 3.0);
}

#[test]
fn fillers_have_the_moments_that_are_asked_for() {
    let mut w = [[0.0_f32; 60]; 60];
    init::uniform(&mut w, -0.3, 0.3, &mut rng(3));
    assert_uniform(w.as_flattened(), f64::from(0.3_f32), "uniform");
    init::uniform(&mut w, 1.0, 3.0, &mut rng(4));
    let centred: Vec<f32> = w.as_flattened().iter().map(|x| x - 2.0).collect();
    assert_uniform(&centred, 1.0, "uniform, not centred");

    let bound = init::xavier_uniform_bound(60, 60, init::TANH_GAIN);
    init::uniform(&mut w, -bound, bound, &mut rng(5));
    assert_uniform(w.as_flattened(), reference::xavier_uniform(5.0 / 3.0, 60.0, 60.0), "Xavier, uniform");
    init::normal(&mut w, 0.0, init::xavier_normal_std(60, 60, 1.0), &mut rng(6));
    assert_normal(w.as_flattened(), 0.0, reference::xavier_normal(1.0, 60.0, 60.0), "Xavier, normal");
    let bound = init::kaiming_uniform_bound(60, init::RELU_GAIN);
    init::uniform(&mut w, -bound, bound, &mut rng(7));
    assert_uniform(w.as_flattened(), reference::kaiming_uniform(0.0, 60.0), "Kaiming, uniform");
    init::normal(&mut w, 0.5, init::kaiming_normal_std(60, init::RELU_GAIN), &mut rng(8));
    assert_normal(w.as_flattened(), 0.5, reference::kaiming_normal(2_f64.sqrt(), 60.0), "Kaiming, normal");
}

#[test]
fn the_same_seed_gives_the_same_weights() {
    type Net = (Linear<7, 9>, Conv2d<1, 2, 3, 3, 4, 4, Slide<1, 1>>);
    let drawn = |seed| {
        let mut net = Net::ZERO;
        net.init(&mut rng(seed));
        net
    };
    assert_eq!(drawn(1), drawn(1));
    assert_ne!(drawn(1), drawn(2));
    // Numbers that must never change: results are stated for seeds.
    let mut generator = rng(1);
    let first: [f32; 3] = std::array::from_fn(|_| random::uniform(&mut generator));
    assert_eq!(first.map(f32::to_bits), FIRST_OF_SEED_1, "{first:?}");
}

/// The first three uniform numbers of seed 1.
const FIRST_OF_SEED_1: [u32; 3] = [0x3eff_ef1a, 0x3f1a_1702, 0x3f5a_c127];

/// The error function by its series, for the distribution function of normal numbers.
fn normal_distribution(x: f64) -> f64 {
    let z = x / 2_f64.sqrt();
    let (mut sum, mut term) = (z, z);
    for n in 1..400 {
        term *= -z * z / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    0.5 + sum / std::f64::consts::PI.sqrt()
}

/// The words at both ends of the generator's range, of states whose first output they are.
#[test]
fn normal_numbers_of_the_extreme_words_are_finite() {
    let mut first = Xoshiro128PlusPlus::from_seed([0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let mut last = Xoshiro128PlusPlus::from_seed([0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255]);
    assert_eq!([first.clone(), last.clone()].map(|mut rng| rng.next_u32()), [0, u32::MAX]);
    let [low, high] = [&mut first, &mut last].map(random::normal);
    assert!((-5.5..-5.2).contains(&low) && (5.2..5.5).contains(&high), "{low} and {high}");
}

#[test]
fn the_normal_quantile_inverts_the_distribution() {
    for i in 1..2000 {
        let p = i as f32 / 2000.0;
        let x = random::normal_quantile(p);
        let back = normal_distribution(f64::from(x));
        assert!((back - f64::from(p)).abs() < 4e-7, "quantile of {p} is {x}, whose probability is {back}");
    }
    // Far out, where the probability itself is small, and on the other side.
    for power in [8, 12, 16, 20] {
        let p = 0.5_f32.powi(power);
        let x = random::normal_quantile(p);
        let back = normal_distribution(f64::from(x));
        assert!((back / f64::from(p) - 1.0).abs() < 3e-5, "quantile of {p} is {x}, whose probability is {back}");
        assert_eq!(random::normal_quantile(1.0 - p), -x);
    }
    assert_eq!(random::normal_quantile(0.5), 0.0);
}

#[test]
fn integers_are_below_their_bound_and_even() {
    let mut generator = rng(9);
    let mut counts = [0_u32; 7];
    for _ in 0..70_000 {
        counts[random::below(7, &mut generator) as usize] += 1;
    }
    // Five standard deviations of a binomial count.
    assert!(counts.iter().all(|&n| (f64::from(n) - 10_000.0).abs() < 5.0 * 92.6), "{counts:?}");
    assert_eq!((random::below(0, &mut generator), random::below(1, &mut generator)), (0, 0));
}

#[test]
fn a_shuffle_is_a_permutation_and_every_place_is_as_likely() {
    for n in [0, 1, 2, 3, 17, 1000] {
        let mut items: Vec<usize> = (0..n).collect();
        random::shuffle(&mut items, &mut rng(n as u64));
        let mut sorted = items.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..n).collect::<Vec<_>>());
        assert!(n < 3 || items != sorted, "{n} items stayed in order");
    }
    // All orders of three items, about as often.
    let mut generator = rng(10);
    let mut counts = std::collections::BTreeMap::new();
    for _ in 0..60_000 {
        let mut items = [0, 1, 2];
        random::shuffle(&mut items, &mut generator);
        *counts.entry(items).or_insert(0_u32) += 1;
    }
    assert_eq!(counts.len(), 6);
    assert!(counts.values().all(|&n| (f64::from(n) - 10_000.0).abs() < 5.0 * 91.3), "{counts:?}");
}

#[test]
fn gumbel_numbers_follow_the_formula() {
    let edges = [0.0, f32::MIN_POSITIVE, 1e-20, 1.0 - 1.0 / 16_777_216.0, 1.0];
    for u in edges.into_iter().chain((1..1000).map(|i| i as f32 / 1000.0)) {
        let expected = -(-(f64::from(u) + 1e-20).ln() + 1e-20).ln();
        let got = f64::from(random::gumbel_quantile(u));
        assert!((got - expected).abs() < 1e-6 * expected.abs().max(1.0), "{u}: {got}, {expected}");
    }
}
