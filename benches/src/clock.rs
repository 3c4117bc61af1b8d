//! Time: processor time of this process, batches of about a millisecond, minimum and median.

use rustix::{
    process::Pid,
    thread::{CpuSet, sched_getaffinity, sched_setaffinity},
    time::{ClockId, clock_gettime},
};

use crate::{Result, contestant::Contestant};

/// How long a batch of runs is to take, in seconds.
const BATCH: f64 = 1e-3;

/// Seconds of processor time that this process has used, in all its threads: what others do meanwhile does not
/// count, and what a library does in threads of its own does.
#[must_use]
pub fn now() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// Keeps this process and its children to one processor, the last one that it may use. Returns its number.
///
/// # Errors
/// What the system answered.
pub fn pin() -> Result<usize> {
    let allowed = sched_getaffinity(None::<Pid>)?;
    let last = (0..CpuSet::MAX_CPU).rev().find(|&i| allowed.is_set(i)).ok_or("no processor may be used")?;
    let mut one = CpuSet::new();
    one.set(last);
    sched_setaffinity(None, &one)?;
    Ok(last)
}

/// Lets a thread run on every processor that the machine has.
pub fn unpin() {
    let mut all = CpuSet::new();
    (0..CpuSet::MAX_CPU).for_each(|i| all.set(i));
    // Where that is not allowed, the thread stays where it is, and the figures show it.
    let _ = sched_setaffinity(None, &all);
}

/// How many runs make a batch. Runs it a few times, which warms it up.
pub fn runs_per_batch(contestant: &mut dyn Contestant) -> usize {
    let mut runs = 1;
    loop {
        let took = contestant.time(runs).max(1e-9);
        if took > BATCH / 4.0 {
            return ((runs as f64 * BATCH / took) as usize).max(1);
        }
        runs *= if took > BATCH / 32.0 { 2 } else { 8 };
    }
}

/// What the batches took, in seconds per run.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// The fastest batch.
    pub min: f64,
    /// The batch in the middle.
    pub median: f64,
}

impl Times {
    /// From the seconds per run of each batch.
    #[must_use]
    pub fn of(mut batches: Vec<f64>) -> Self {
        batches.sort_by(f64::total_cmp);
        Self {
            min: batches.first().copied().unwrap_or(f64::NAN),
            median: batches.get(batches.len() / 2).copied().unwrap_or(f64::NAN),
        }
    }
}
