//! Running statistics of batch normalisation, or none.

use core::fmt::Debug;

mod sealed {
    pub trait Sealed {}
}

/// Whether batch normalisation of `C` channels keeps running statistics: [`Running`] or [`NotTracked`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the running statistics of {C} channels",
    note = "running statistics are `Running<{C}>`, or `NotTracked`"
)]
pub trait RunningStatistics<const C: usize>: sealed::Sealed + Copy + Debug + PartialEq + Send + Sync + 'static {
    /// All zeros.
    const ZERO: Self;

    /// The statistics, if there are any.
    fn get(&self) -> Option<&Running<C>>;

    /// The statistics, to be changed.
    fn get_mut(&mut self) -> Option<&mut Running<C>>;

    /// Whether there are any.
    const TRACKED: bool;
}

/// Running mean and variance of each channel: what evaluation normalises with.
///
/// They are no parameters, but part of the weights: files have them as `running_mean` and `running_var`,
/// as PyTorch's `state_dict` does.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Running<const C: usize> {
    /// The mean.
    pub mean: [f32; C],
    /// The variance, the unbiased one.
    pub var: [f32; C],
    /// Batches that went into them: PyTorch's `num_batches_tracked`. Only averages over all batches
    /// (`momentum: None`) need it; weights files do not have it.
    pub batches: u32,
}

impl<const C: usize> Running<C> {
    /// The share of the next batch.
    #[inline(always)]
    pub(super) fn count(&mut self, momentum: Option<f32>) -> f32 {
        self.batches = self.batches.saturating_add(1);
        momentum.unwrap_or(1.0 / self.batches as f32)
    }

    /// Takes a batch's statistics of channel `c` in, of which `n` numbers each are the base.
    #[inline(always)]
    pub(super) fn take_in(&mut self, c: usize, [mean, variance]: [f32; 2], n: usize, share: f32) {
        let unbiased = variance * (n as f32 / n.saturating_sub(1).max(1) as f32);
        if let (Some(running_mean), Some(running_var)) = (self.mean.get_mut(c), self.var.get_mut(c)) {
            *running_mean = (1.0 - share) * *running_mean + share * mean;
            *running_var = (1.0 - share) * *running_var + share * unbiased;
        }
    }
}

impl<const C: usize> sealed::Sealed for Running<C> {}

impl<const C: usize> RunningStatistics<C> for Running<C> {
    const ZERO: Self = Self { mean: [0.0; C], var: [0.0; C], batches: 0 };
    const TRACKED: bool = true;

    #[inline(always)]
    fn get(&self) -> Option<&Running<C>> {
        Some(self)
    }

    #[inline(always)]
    fn get_mut(&mut self) -> Option<&mut Running<C>> {
        Some(self)
    }
}

/// No running statistics: PyTorch's `track_running_stats=False`. Evaluation, too, normalises with those of
/// the batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NotTracked;

impl sealed::Sealed for NotTracked {}

impl<const C: usize> RunningStatistics<C> for NotTracked {
    const ZERO: Self = Self;
    const TRACKED: bool = false;

    #[inline(always)]
    fn get(&self) -> Option<&Running<C>> {
        None
    }

    #[inline(always)]
    fn get_mut(&mut self) -> Option<&mut Running<C>> {
        None
    }
}
