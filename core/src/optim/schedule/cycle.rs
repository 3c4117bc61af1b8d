//! Rates that rise and fall.

use super::{Schedule, cosine::half_cosine};
use crate::math;

/// The way from one rate to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anneal {
    /// Half a period of a cosine: PyTorch's `"cos"`.
    Cos,
    /// A straight line: PyTorch's `"linear"`.
    Linear,
}

impl Anneal {
    /// The rate at `part` of the way, 0 to 1.
    #[inline]
    fn between(self, start: f32, end: f32, part: f32) -> f32 {
        match self {
            Self::Cos => end + (start - end) * half_cosine(1.0 - part),
            Self::Linear => start + (end - start) * part,
        }
    }
}

/// Up to a largest rate, then down to nearly nothing (Smith and Topin, 2019): PyTorch's `OneCycleLR`.
///
/// From `max_lr / div_factor` it rises for `pct_start` of the steps, and falls to
/// `max_lr / (div_factor · final_div_factor)`; in three phases it falls as long as it rose, back to the
/// first rate, and then to the last.
///
/// ```
/// use tensorlet::optim::schedule::{Anneal, OneCycleLR, Schedule};
/// let schedule = OneCycleLR::new(1.0, 11).pct_start(0.5).div_factor(4.0).anneal_strategy(Anneal::Linear);
/// assert_eq!(schedule.lr(0), 0.25);
/// assert!((schedule.lr(4) - 0.916_667).abs() < 1e-6);
/// assert!(schedule.lr(10) < 1e-4);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OneCycleLR {
    /// The largest rate.
    pub max_lr: f32,
    /// The steps of the cycle.
    pub total_steps: u32,
    /// The part of them that the rate rises.
    pub pct_start: f32,
    /// How it gets from one rate to the next.
    pub anneal_strategy: Anneal,
    /// The largest rate over the first.
    pub div_factor: f32,
    /// The first rate over the last.
    pub final_div_factor: f32,
    /// Whether there are three phases.
    pub three_phase: bool,
}

impl OneCycleLR {
    /// A cycle of so many steps, with PyTorch's other settings: `pct_start = 0.3`, along cosines,
    /// `div_factor = 25`, `final_div_factor = 1e4`, two phases.
    #[must_use]
    pub const fn new(max_lr: f32, total_steps: u32) -> Self {
        Self {
            max_lr,
            total_steps,
            pct_start: 0.3,
            anneal_strategy: Anneal::Cos,
            div_factor: 25.0,
            final_div_factor: 1e4,
            three_phase: false,
        }
    }

    /// The same, rising for this part of the steps.
    #[must_use]
    pub const fn pct_start(self, pct_start: f32) -> Self {
        Self { pct_start, ..self }
    }

    /// The same along these curves.
    #[must_use]
    pub const fn anneal_strategy(self, anneal_strategy: Anneal) -> Self {
        Self { anneal_strategy, ..self }
    }

    /// The same with this quotient of largest and first rate.
    #[must_use]
    pub const fn div_factor(self, div_factor: f32) -> Self {
        Self { div_factor, ..self }
    }

    /// The same with this quotient of first and last rate.
    #[must_use]
    pub const fn final_div_factor(self, final_div_factor: f32) -> Self {
        Self { final_div_factor, ..self }
    }

    /// The same in three phases.
    #[must_use]
    pub const fn three_phase(self) -> Self {
        Self { three_phase: true, ..self }
    }
}

impl Schedule for OneCycleLR {
    /// After the cycle the rate stays what it was at its end.
    #[inline]
    fn lr(&self, step: u32) -> f32 {
        let first = self.max_lr / self.div_factor;
        let last = first / self.final_div_factor;
        let (step, steps) = (step as f32, self.total_steps as f32);
        // Phases end at these steps, of which the first need not be whole.
        let (rise, end) = (self.pct_start * steps - 1.0, steps - 1.0);
        let fall = 2.0 * rise;
        let (start, stop, from, to) = match () {
            () if step <= rise => (0.0, rise, first, self.max_lr),
            () if !self.three_phase => (rise, end, self.max_lr, last),
            () if step <= fall => (rise, fall, self.max_lr, first),
            () => (fall, end, first, last),
        };
        let part = if stop > start { (step - start) / (stop - start) } else { 1.0 };
        self.anneal_strategy.between(from, to, part.min(1.0))
    }
}

/// What becomes of the height of the cycles of a [`CyclicLR`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CyclicMode {
    /// All are equally high.
    Triangular,
    /// Each is half as high as the one before.
    Triangular2,
    /// The height is multiplied by this `γ` in every step.
    ExpRange(f32),
}

/// Up and down between two rates (Smith, 2017): PyTorch's `CyclicLR`.
///
/// ```
/// use tensorlet::optim::schedule::{CyclicLR, CyclicMode, Schedule};
/// let schedule = CyclicLR::new(1.0, 2.0, 2).step_size_down(4).mode(CyclicMode::Triangular2);
/// assert_eq!([0, 1, 2, 4, 6, 8].map(|step| schedule.lr(step)), [1.0, 1.5, 2.0, 1.5, 1.0, 1.5]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CyclicLR {
    /// The least rate.
    pub base_lr: f32,
    /// The largest rate of the first cycle.
    pub max_lr: f32,
    /// Steps upwards.
    pub step_size_up: u32,
    /// Steps downwards.
    pub step_size_down: u32,
    /// What becomes of the cycles' height.
    pub mode: CyclicMode,
}

impl CyclicLR {
    /// Equal cycles with so many steps up and as many down; PyTorch's default is 2000.
    #[must_use]
    pub const fn new(base_lr: f32, max_lr: f32, step_size_up: u32) -> Self {
        Self { base_lr, max_lr, step_size_up, step_size_down: step_size_up, mode: CyclicMode::Triangular }
    }

    /// The same with so many steps downwards.
    #[must_use]
    pub const fn step_size_down(self, step_size_down: u32) -> Self {
        Self { step_size_down, ..self }
    }

    /// The same with this mode.
    #[must_use]
    pub const fn mode(self, mode: CyclicMode) -> Self {
        Self { mode, ..self }
    }
}

impl Schedule for CyclicLR {
    #[inline]
    fn lr(&self, step: u32) -> f32 {
        let (up, down) = (self.step_size_up, self.step_size_down);
        let length = up.saturating_add(down);
        let (cycle, within) = (step.checked_div(length).unwrap_or(0), step.checked_rem(length).unwrap_or(0));
        let height =
            if within <= up { within as f32 / up.max(1) as f32 } else { (length - within) as f32 / down.max(1) as f32 };
        let scale = match self.mode {
            CyclicMode::Triangular => 1.0,
            CyclicMode::Triangular2 => math::pow(0.5, cycle as f32),
            CyclicMode::ExpRange(gamma) => math::pow(gamma, step as f32),
        };
        self.base_lr + (self.max_lr - self.base_lr) * height * scale
    }
}
