//! A rate that falls when training stops to get better.

use super::super::Optimizer;
use crate::train::{Best, Goal};

/// Multiplies the rate when a measure has not become better for some time: PyTorch's
/// `ReduceLROnPlateau`, with its settings as the fields' defaults.
///
/// ```
/// use tensorlet::optim::{Adam, schedule::ReduceLROnPlateau};
/// let mut adam = Adam::new(0.5);
/// let mut plateau = ReduceLROnPlateau::new();
/// (plateau.patience, plateau.factor) = (1, 0.5);
/// for loss in [1.0, 0.8, 0.8, 0.8] {
///     plateau.step(&mut adam, loss);
/// }
/// assert_eq!(adam.lr, 0.25);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReduceLROnPlateau {
    /// What is counted as better: by default less than the best so far by a relative 1e-4.
    pub best: Best,
    /// Epochs without improvement that are waited for: by default 10.
    pub patience: u32,
    /// What the rate is multiplied by: by default a tenth.
    pub factor: f32,
    /// Epochs after a fall in which none is counted as bad: by default none.
    pub cooldown: u32,
    /// The least rate: by default 0.
    pub min_lr: f32,
    /// A fall by less is left out: by default 1e-8.
    pub eps: f32,
    bad: u32,
    cooling: u32,
}

impl ReduceLROnPlateau {
    /// PyTorch's settings, for a measure that shall become small.
    #[must_use]
    pub const fn new() -> Self {
        let best = Best::new(Goal::Min).relative(1e-4);
        Self { best, patience: 10, factor: 0.1, cooldown: 0, min_lr: 0.0, eps: 1e-8, bad: 0, cooling: 0 }
    }

    /// Tells how an epoch ended, and sets the rate of the next: PyTorch's `scheduler.step(metric)`.
    pub fn step<O: Optimizer>(&mut self, optimizer: &mut O, metric: f32) {
        if self.best.improved(metric) {
            self.bad = 0;
        } else {
            self.bad = self.bad.saturating_add(1);
        }
        if self.cooling > 0 {
            self.cooling -= 1;
            self.bad = 0;
        }
        if self.bad > self.patience {
            let old = optimizer.lr();
            let new = (self.factor * old).max(self.min_lr);
            if old - new > self.eps {
                optimizer.set_lr(new);
            }
            self.cooling = self.cooldown;
            self.bad = 0;
        }
    }
}

impl Default for ReduceLROnPlateau {
    fn default() -> Self {
        Self::new()
    }
}
