//! Who is compared takes turns: what else the machine does meets all of them.

use std::time::Duration;

use tensorlet_benches::{Result, clock::Times};

use crate::Scale;

/// Runs so many steps, a multiple of `unit`, and says how long they took by the clock on the wall.
pub(crate) struct Contestant<'a> {
    /// The steps that belong together: those of a submission.
    pub(crate) unit: usize,
    pub(crate) run: Box<dyn FnMut(usize) -> Result<Duration> + 'a>,
}

impl<'a> Contestant<'a> {
    pub(crate) fn new(unit: usize, run: impl FnMut(usize) -> Result<Duration> + 'a) -> Self {
        Self { unit, run: Box::new(run) }
    }
}

/// The most units of a turn.
const MOST: usize = 1000;

/// Everyone's median time of a step, in seconds.
pub(crate) fn medians(contestants: &mut [Contestant<'_>], scale: &Scale) -> Result<Vec<f64>> {
    let mut steps = Vec::new();
    for Contestant { unit, run } in &mut *contestants {
        // The first run compiles for the device and fills caches.
        run(*unit)?;
        let took = run(*unit)?.as_secs_f64().max(1e-9);
        steps.push(*unit * ((scale.turn.as_secs_f64() / took) as usize).clamp(1, MOST));
    }
    let mut times = vec![Vec::new(); steps.len()];
    for _ in 0..scale.rounds {
        for ((contestant, &steps), times) in contestants.iter_mut().zip(&steps).zip(&mut times) {
            times.push((contestant.run)(steps)?.as_secs_f64() / steps as f64);
        }
    }
    Ok(times.into_iter().map(|times| Times::of(times).median).collect())
}
