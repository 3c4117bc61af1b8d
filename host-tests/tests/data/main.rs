//! Data tools and metrics against their definitions, on drawn sizes and values.

mod augment;
mod batches;
mod detection;
mod metrics;
mod normalize;
mod order;
mod stream;

use std::fmt::Debug;

use proptest::{
    strategy::Strategy,
    test_runner::{Config, TestRng, TestRunner},
};
use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::random;
use tensorlet_host::tolerance;

/// A generator of random numbers.
fn rng(seed: u64) -> Xoshiro128PlusPlus {
    Xoshiro128PlusPlus::seed_from_u64(seed)
}

/// Numbers from `low` to `high`.
fn uniform(seed: u64, n: usize, low: f32, high: f32) -> Vec<f32> {
    let mut rng = rng(seed);
    (0..n).map(|_| low + (high - low) * random::uniform(&mut rng)).collect()
}

/// Tries values of a strategy, the same in every run.
#[track_caller]
fn property<S: Strategy<Value: Debug>>(strategy: S, check: impl Fn(S::Value)) {
    let config = Config { cases: 200, failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(config.rng_algorithm);
    let result = TestRunner::new_with_rng(config, rng).run(&strategy, |values| {
        check(values);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// Compares results with references and says how near to the tolerance the worst comes.
#[track_caller]
fn compare(row: &str, got: &[f32], expected: &[f64], magnitude: f64) -> f64 {
    match tolerance::of(row).compare(got, expected, &vec![magnitude; expected.len()]) {
        Ok(worst) => worst,
        Err(message) => panic!("{message}"),
    }
}

/// Fails when a tolerance is more than ten times what was needed.
#[track_caller]
fn judge(row: &str, worst: f64) {
    println!("{row}: worst error {:.0} % of the tolerance", 100.0 * worst);
    assert!(worst >= 0.1, "the tolerance of {row} is {:.0} times what it needs", 1.0 / worst);
}
