//! Rates along a cosine.

use core::f32::consts::FRAC_PI_2;

use super::Schedule;
use crate::math;

/// `(1 + cos(π p)) / 2` at `1 - p = left`: as a square, which loses no digits near the end.
#[inline]
pub(super) fn half_cosine(left: f32) -> f32 {
    let sine = math::sin(FRAC_PI_2 * left);
    sine * sine
}

/// `η_min + (lr - η_min) (1 + cos(π t / T_max)) / 2` (Loshchilov and Hutter, 2017): PyTorch's
/// `CosineAnnealingLR`. After `T_max` steps it rises again.
///
/// ```
/// use tensorlet::optim::schedule::{CosineAnnealingLR, Schedule};
/// let schedule = CosineAnnealingLR::new(1.0, 4).eta_min(0.5);
/// let close = |step, lr: f32| (schedule.lr(step) - lr).abs() < 1e-2;
/// assert!(close(0, 1.0) && close(2, 0.75) && close(4, 0.5) && close(8, 1.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CosineAnnealingLR {
    /// The first rate.
    pub lr: f32,
    /// Steps to the least rate.
    pub t_max: u32,
    /// The least rate.
    pub eta_min: f32,
}

impl CosineAnnealingLR {
    /// To zero in `t_max` steps, unless [`eta_min`](Self::eta_min) says otherwise.
    #[must_use]
    pub const fn new(lr: f32, t_max: u32) -> Self {
        Self { lr, t_max, eta_min: 0.0 }
    }

    /// The same with this least rate.
    #[must_use]
    pub const fn eta_min(self, eta_min: f32) -> Self {
        Self { eta_min, ..self }
    }
}

impl Schedule for CosineAnnealingLR {
    #[inline]
    fn lr(&self, step: u32) -> f32 {
        // Two times `t_max` is a period; its second half is the first one backwards.
        let step = step.checked_rem(self.t_max.saturating_mul(2)).unwrap_or(0);
        let left = self.t_max.abs_diff(step) as f32 / self.t_max.max(1) as f32;
        self.eta_min + (self.lr - self.eta_min) * half_cosine(left)
    }
}

/// Along a cosine, again and again, each time `T_mult` times as long (Loshchilov and Hutter, 2017):
/// PyTorch's `CosineAnnealingWarmRestarts`.
///
/// `η_min + (lr - η_min) (1 + cos(π t_cur / T_i)) / 2`, `t_cur` steps after the last restart, with
/// `T_0`, `T_0 · T_mult`, `T_0 · T_mult²` … steps from one restart to the next.
///
/// ```
/// use tensorlet::optim::schedule::{CosineAnnealingWarmRestarts, Schedule};
/// let schedule = CosineAnnealingWarmRestarts::new(1.0, 2).t_mult(2);
/// assert_eq!([0, 2, 6, 14].map(|step| schedule.lr(step)), [1.0; 4]);
/// assert!((schedule.lr(4) - 0.5).abs() < 1e-2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CosineAnnealingWarmRestarts {
    /// The rate after a restart.
    pub lr: f32,
    /// Steps to the first restart.
    pub t_0: u32,
    /// How many times as long each cycle is as the one before.
    pub t_mult: u32,
    /// What the rate goes down to.
    pub eta_min: f32,
}

impl CosineAnnealingWarmRestarts {
    /// A restart every `t_0` steps and down to zero, unless the settings say otherwise.
    #[must_use]
    pub const fn new(lr: f32, t_0: u32) -> Self {
        Self { lr, t_0, t_mult: 1, eta_min: 0.0 }
    }

    /// The same with cycles that grow by this factor.
    #[must_use]
    pub const fn t_mult(self, t_mult: u32) -> Self {
        Self { t_mult, ..self }
    }

    /// The same with this least rate.
    #[must_use]
    pub const fn eta_min(self, eta_min: f32) -> Self {
        Self { eta_min, ..self }
    }
}

impl Schedule for CosineAnnealingWarmRestarts {
    #[inline]
    fn lr(&self, step: u32) -> f32 {
        let (mut since, mut cycle) = (step, self.t_0.max(1));
        if self.t_mult > 1 {
            // At most 32 cycles, each being twice as long at least.
            while since >= cycle {
                since -= cycle;
                cycle = cycle.saturating_mul(self.t_mult);
            }
        } else {
            since = since.checked_rem(cycle).unwrap_or(0);
        }
        let left = (cycle - since) as f32 / cycle as f32;
        self.eta_min + (self.lr - self.eta_min) * half_cosine(left)
    }
}
