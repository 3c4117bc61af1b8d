//! Losses: values with every reduction and gradients, against the float64 formula and its finite
//! differences, on every instruction set.

mod classes;
mod distributions;
mod elementwise;
mod special;

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{
    Kernels, Tensor,
    loss::{BatchMean, Loss, Sum},
    random,
};
use tensorlet_host::{on_every_instruction_set, reference::wide, tolerance};

const H: f64 = 1e-5;

/// A generator for a test.
fn generator(seed: usize) -> Xoshiro128PlusPlus {
    Xoshiro128PlusPlus::seed_from_u64(seed as u64)
}

/// Numbers in `low` to `high`.
fn numbers(rng: &mut Xoshiro128PlusPlus, n: usize, low: f32, high: f32) -> Vec<f32> {
    (0..n).map(|_| low + (high - low) * random::uniform(rng)).collect()
}

/// Outputs, targets, and what the oracle says about them.
struct Check<'a, Y, T, L> {
    loss: L,
    y: &'a [Y],
    targets: &'a [T],
    /// All elements, from the outputs.
    elements: &'a dyn Fn(&[f64]) -> Vec<f64>,
    /// What the mean divides by.
    divisor: f64,
}

impl<Y: Tensor<Elem = f32>, T, L: Loss<Y, T> + Copy> Check<'_, Y, T, L> {
    /// All checks on every instruction set.
    #[track_caller]
    fn run(&self) {
        on_every_instruction_set!(on, self);
    }

    /// The sum of the elements, each with a factor.
    fn weighted(&self, y: &[f64], factors: &[f32]) -> f64 {
        (self.elements)(y).iter().zip(factors).map(|(element, factor)| element * f64::from(*factor)).sum()
    }

    /// The gradient of [`weighted`](Self::weighted) is `gradient`.
    fn gradient(&self, what: &str, gradient: &[Y], factors: &[f32]) {
        let y = wide(Y::flat(self.y));
        let differences: Vec<f64> = (0..y.len())
            .map(|i| {
                let at = |h: f64| {
                    let mut y = y.clone();
                    y[i] += h;
                    self.weighted(&y, factors)
                };
                (at(H) - at(-H)) / (2.0 * H)
            })
            .collect();
        let largest = differences.iter().fold(0.0, |max: f64, d| max.max(d.abs()));
        assert!(largest > 0.0, "{what}: the gradient is zero");
        let row = tolerance::of("gradient");
        if let Err(message) = row.compare(Y::flat(gradient), &differences, &vec![largest; y.len()]) {
            panic!("{what}: {message}");
        }
    }
}

fn on<K: Kernels, Y: Tensor<Elem = f32>, T, L: Loss<Y, T> + Copy>(k: K, check: &Check<'_, Y, T, L>) {
    let Check { loss, y, targets, divisor, .. } = check;
    let y64 = wide(Y::flat(y));
    let elements = (check.elements)(&y64);
    let magnitude: f64 = elements.iter().map(|element| element.abs()).sum();
    let row = tolerance::of("gradient");
    let compare = |what: &str, got: f32, by: f64| {
        let sum: f64 = elements.iter().sum();
        row.compare(&[got], &[sum / by], &[magnitude / by]).unwrap_or_else(|error| panic!("{what}: {error}"));
    };
    loss.check(targets).expect("sound targets");

    let mut gradient = y.to_vec();
    let value = loss.value_and_gradient(k, &mut gradient, targets, 0.75);
    compare("the value", value, 1.0 / 0.75);
    check.gradient("the gradient", &gradient, &vec![0.75; elements.len()]);

    compare("the mean", loss.mean(k, &mut y.to_vec(), targets), *divisor);
    compare("the sum", Sum(*loss).mean(k, &mut y.to_vec(), targets), 1.0);
    compare("the mean over the batch", BatchMean(*loss).mean(k, &mut y.to_vec(), targets), targets.len() as f64);

    let upstream: Vec<f32> = (0..elements.len()).map(|i| (i * 7 % 5) as f32 - 1.75).collect();
    let (mut gradient, mut values) = (y.to_vec(), vec![f32::NAN; elements.len()]);
    loss.each(k, &mut gradient, targets, &upstream, &mut values);
    let sizes: Vec<f64> = elements.iter().map(|element| element.abs().max(1.0)).collect();
    row.compare(&values, &elements, &sizes).expect("the elements");
    check.gradient("the gradient of each", &gradient, &upstream);
}
