//! Rates that fall or rise once.

use super::Schedule;
use crate::math;

/// `lr · γ^⌊t / step_size⌋`: PyTorch's `StepLR`.
///
/// ```
/// use tensorlet::optim::schedule::{Schedule, StepLR};
/// let schedule = StepLR::new(1.0, 2).gamma(0.5);
/// assert_eq!([0, 1, 2, 3, 4].map(|step| schedule.lr(step)), [1.0, 1.0, 0.5, 0.5, 0.25]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepLR {
    /// The first rate.
    pub lr: f32,
    /// Steps between two falls; 0 counts as one that never comes.
    pub step_size: u32,
    /// The factor of a fall.
    pub gamma: f32,
}

impl StepLR {
    /// Falls to a tenth every `step_size` steps, unless [`gamma`](Self::gamma) says otherwise.
    #[must_use]
    pub const fn new(lr: f32, step_size: u32) -> Self {
        Self { lr, step_size, gamma: 0.1 }
    }

    /// The same with this factor.
    #[must_use]
    pub const fn gamma(self, gamma: f32) -> Self {
        Self { gamma, ..self }
    }
}

impl Schedule for StepLR {
    #[inline]
    fn lr(&self, step: u32) -> f32 {
        self.lr * math::pow(self.gamma, step.checked_div(self.step_size).unwrap_or(0) as f32)
    }
}

/// `lr · γ^k` with `k` the number of milestones up to `t`: PyTorch's `MultiStepLR`.
///
/// ```
/// use tensorlet::optim::schedule::{MultiStepLR, Schedule};
/// let schedule = MultiStepLR::new(1.0, [1, 3]).gamma(0.5);
/// assert_eq!([0, 1, 2, 3, 4].map(|step| schedule.lr(step)), [1.0, 0.5, 0.5, 0.25, 0.25]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MultiStepLR<const N: usize> {
    /// The first rate.
    pub lr: f32,
    /// The steps at which it falls, in any order; one that stands twice counts twice.
    pub milestones: [u32; N],
    /// The factor of a fall.
    pub gamma: f32,
}

impl<const N: usize> MultiStepLR<N> {
    /// Falls to a tenth at each milestone, unless [`gamma`](Self::gamma) says otherwise.
    #[must_use]
    pub const fn new(lr: f32, milestones: [u32; N]) -> Self {
        Self { lr, milestones, gamma: 0.1 }
    }

    /// The same with this factor.
    #[must_use]
    pub const fn gamma(self, gamma: f32) -> Self {
        Self { gamma, ..self }
    }
}

impl<const N: usize> Schedule for MultiStepLR<N> {
    #[inline]
    fn lr(&self, step: u32) -> f32 {
        let passed = self.milestones.iter().filter(|milestone| **milestone <= step).count();
        self.lr * math::pow(self.gamma, passed as f32)
    }
}

/// `lr · γᵗ`: PyTorch's `ExponentialLR`.
///
/// ```
/// use tensorlet::optim::schedule::{ExponentialLR, Schedule};
/// assert_eq!(ExponentialLR::new(8.0, 0.5).lr(3), 1.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExponentialLR {
    /// The first rate.
    pub lr: f32,
    /// The factor of every step.
    pub gamma: f32,
}

impl ExponentialLR {
    /// A rate that is multiplied by `gamma` in every step.
    #[must_use]
    pub const fn new(lr: f32, gamma: f32) -> Self {
        Self { lr, gamma }
    }
}

impl Schedule for ExponentialLR {
    #[inline]
    fn lr(&self, step: u32) -> f32 {
        self.lr * math::pow(self.gamma, step as f32)
    }
}

/// `lr · factor` for `total_iters` steps, then `lr`: PyTorch's `ConstantLR`.
///
/// ```
/// use tensorlet::optim::schedule::{ConstantLR, Schedule};
/// let schedule = ConstantLR::new(1.0, 0.5, 2);
/// assert_eq!([0, 1, 2, 3].map(|step| schedule.lr(step)), [0.5, 0.5, 1.0, 1.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConstantLR {
    /// The rate in the end.
    pub lr: f32,
    /// The factor in the beginning.
    pub factor: f32,
    /// Steps that the beginning lasts.
    pub total_iters: u32,
}

impl ConstantLR {
    /// The rate `lr · factor` for so many steps; PyTorch's defaults are a third and 5 steps.
    #[must_use]
    pub const fn new(lr: f32, factor: f32, total_iters: u32) -> Self {
        Self { lr, factor, total_iters }
    }
}

impl Schedule for ConstantLR {
    #[inline]
    fn lr(&self, step: u32) -> f32 {
        if step < self.total_iters { self.lr * self.factor } else { self.lr }
    }
}

/// `lr` times a factor that goes from `start_factor` to `end_factor` in `total_iters` steps: PyTorch's
/// `LinearLR`, and the warm-up of other schedules.
///
/// ```
/// use tensorlet::optim::schedule::{LinearLR, Schedule};
/// let schedule = LinearLR::new(1.0, 0.5, 1.0, 4);
/// assert_eq!([0, 1, 2, 3, 4, 5].map(|step| schedule.lr(step)), [0.5, 0.625, 0.75, 0.875, 1.0, 1.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinearLR {
    /// The rate that is multiplied.
    pub lr: f32,
    /// The first factor.
    pub start_factor: f32,
    /// The last factor.
    pub end_factor: f32,
    /// Steps from the first to the last.
    pub total_iters: u32,
}

impl LinearLR {
    /// From `lr · start_factor` to `lr · end_factor` in so many steps; PyTorch's defaults are a third,
    /// one and 5 steps.
    #[must_use]
    pub const fn new(lr: f32, start_factor: f32, end_factor: f32, total_iters: u32) -> Self {
        Self { lr, start_factor, end_factor, total_iters }
    }
}

impl Schedule for LinearLR {
    #[inline]
    fn lr(&self, step: u32) -> f32 {
        self.lr * (self.start_factor + (self.end_factor - self.start_factor) * progress(step, self.total_iters))
    }
}

/// `lr · (1 - t / total_iters)^power`, then 0: PyTorch's `PolynomialLR`.
///
/// ```
/// use tensorlet::optim::schedule::{PolynomialLR, Schedule};
/// let schedule = PolynomialLR::new(1.0, 4, 2.0);
/// assert_eq!([0, 2, 3, 4, 5].map(|step| schedule.lr(step)), [1.0, 0.25, 0.0625, 0.0, 0.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PolynomialLR {
    /// The first rate.
    pub lr: f32,
    /// Steps until the rate is zero.
    pub total_iters: u32,
    /// The power.
    pub power: f32,
}

impl PolynomialLR {
    /// To zero in so many steps; PyTorch's defaults are 5 steps and a power of 1.
    #[must_use]
    pub const fn new(lr: f32, total_iters: u32, power: f32) -> Self {
        Self { lr, total_iters, power }
    }
}

impl Schedule for PolynomialLR {
    #[inline]
    fn lr(&self, step: u32) -> f32 {
        let left = self.total_iters.saturating_sub(step);
        self.lr * math::pow(progress(left, self.total_iters), self.power)
    }
}

/// `step / total`, at most 1.
#[inline(always)]
fn progress(step: u32, total: u32) -> f32 {
    if step < total { step as f32 / total as f32 } else { 1.0 }
}
