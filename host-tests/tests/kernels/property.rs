//! Properties with a measure: not only whether all cases pass, but how close the worst came.

use std::{cell::Cell, fmt::Debug};

use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use tensorlet_host::tolerance;

/// The worst error in units of the tolerance, or what failed.
pub(crate) type Outcome = Result<f64, String>;

/// Cases per shape.
const CASES: u32 = 24;

/// Runs a property on values of a strategy.
///
/// Strategies are boxed and checks are references, here and in the modules beside, so that the many
/// shapes and instruction sets share one copy of all this.
pub(crate) fn property<V: Debug + 'static>(strategy: BoxedStrategy<V>, check: &dyn Fn(V) -> Outcome) -> Outcome {
    let worst = Cell::new(0.0_f64);
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let rng = proptest::test_runner::TestRng::deterministic_rng(config.rng_algorithm);
    TestRunner::new_with_rng(config, rng)
        .run(&strategy, |values| {
            let error = check(values).map_err(TestCaseError::fail)?;
            worst.set(worst.get().max(error));
            Ok(())
        })
        .map_err(|error| {
            let mut text = error.to_string();
            text.truncate(text.floor_char_boundary(1500));
            text
        })?;
    Ok(worst.get())
}

/// Ordinary numbers with some that are zero, small or large.
pub(crate) fn number() -> BoxedStrategy<f32> {
    prop_oneof![8 => -3.0_f32..3.0, 1 => Just(0.0), 1 => -1e-3_f32..1e-3, 1 => -1e3_f32..1e3].boxed()
}

/// So many numbers.
pub(crate) fn numbers(n: usize) -> BoxedStrategy<Vec<f32>> {
    vec(number(), n).boxed()
}

/// Lengths around the widths of vectors, and values for them.
pub(crate) fn any_length() -> BoxedStrategy<Vec<f32>> {
    prop_oneof![Just(0_usize), 1_usize..9, 14_usize..18, 30_usize..34, 63_usize..66, 100_usize..200]
        .prop_flat_map(numbers)
        .boxed()
}

/// Fails if an instruction set failed, or if none came near the tolerance.
pub(crate) fn judge(kernel: &str, outcomes: Vec<(&'static str, Outcome)>) {
    let mut worst = 0.0_f64;
    for (name, outcome) in outcomes {
        match outcome {
            Ok(error) => {
                println!("{kernel} on {name}: worst error {:.0} % of the tolerance", 100.0 * error);
                worst = worst.max(error);
            }
            Err(message) => panic!("{kernel} on {name}: {message}"),
        }
    }
    let row = tolerance::of(kernel);
    if row.rtol > 0.0 {
        assert!(worst >= 0.1, "the tolerance of {kernel} is {:.0} times what it needs", 1.0 / worst);
    }
}

/// The worst of several outcomes.
pub(crate) fn worst(outcomes: impl IntoIterator<Item = Outcome>) -> Outcome {
    outcomes.into_iter().try_fold(0.0, |worst: f64, outcome| Ok(worst.max(outcome?)))
}
