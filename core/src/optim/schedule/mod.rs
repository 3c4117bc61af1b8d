//! Learning rates that change from step to step: PyTorch's `torch.optim.lr_scheduler`.
//!
//! A schedule is a small value that knows the rate of every step in closed form, so it keeps nothing,
//! and training can be taken up again at any step. It counts from 0: the rate of step `t` is that of
//! PyTorch's optimiser after `t` calls of `scheduler.step()`. Whether a step is a batch or an epoch is
//! up to the caller.
//!
//! ```
//! use tensorlet::{Linear, Module, Portable, Trainer, loss::CrossEntropyLoss, optim::{Sgd, schedule::*}};
//! let mut net = Linear::<2, 2>::ZERO;
//! let mut workspace = [0.0; 64];
//! let mut trainer = Trainer::<[f32; 2], _, _>::new(Sgd::new(0.1), &mut workspace)?;
//! // Ten steps of warm-up, then along a cosine to zero.
//! let schedule = LinearLR::new(0.1, 0.1, 1.0, 10).then(10, CosineAnnealingLR::new(0.1, 90));
//! for step in 0..100 {
//!     schedule.set(&mut trainer.optimizer, step);
//!     trainer.step(Portable, &mut net, &CrossEntropyLoss, &[[1.0, 2.0]], &[1])?;
//! }
//! # Ok::<(), tensorlet::Error>(())
//! ```
//!
//! [`ReduceLROnPlateau`] depends on how training goes, and so has state.

mod cosine;
mod cycle;
mod decay;
mod plateau;

pub use cosine::{CosineAnnealingLR, CosineAnnealingWarmRestarts};
pub use cycle::{Anneal, CyclicLR, CyclicMode, OneCycleLR};
pub use decay::{ConstantLR, ExponentialLR, LinearLR, MultiStepLR, PolynomialLR, StepLR};
pub use plateau::ReduceLROnPlateau;

use super::Optimizer;

/// A learning rate for every step.
pub trait Schedule: Sized {
    /// The rate of a step, counted from 0.
    fn lr(&self, step: u32) -> f32;

    /// Gives an optimiser the rate of a step.
    #[inline]
    fn set<O: Optimizer>(&self, optimizer: &mut O, step: u32) {
        optimizer.set_lr(self.lr(step));
    }

    /// This schedule for the first `steps` steps, then another one, which counts from 0: PyTorch's
    /// `SequentialLR`. A warm-up is a [`LinearLR`] in front of something else.
    #[inline]
    fn then<S: Schedule>(self, steps: u32, next: S) -> SequentialLR<Self, S> {
        SequentialLR { first: self, steps, next }
    }
}

/// One schedule after the other: PyTorch's `SequentialLR`; see [`Schedule::then`].
///
/// ```
/// use tensorlet::optim::schedule::{ConstantLR, ExponentialLR, Schedule};
/// let schedule = ConstantLR::new(1.0, 0.25, 9).then(2, ExponentialLR::new(1.0, 0.5));
/// assert_eq!([0, 1, 2, 3, 4].map(|step| schedule.lr(step)), [0.25, 0.25, 1.0, 0.5, 0.25]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SequentialLR<A, B> {
    /// The schedule of the first steps.
    pub first: A,
    /// How many these are.
    pub steps: u32,
    /// The schedule of all others.
    pub next: B,
}

impl<A: Schedule, B: Schedule> Schedule for SequentialLR<A, B> {
    #[inline]
    fn lr(&self, step: u32) -> f32 {
        match step.checked_sub(self.steps) {
            Some(step) => self.next.lr(step),
            None => self.first.lr(step),
        }
    }
}

/// A rate times any function of the step: PyTorch's `LambdaLR`.
///
/// ```
/// use tensorlet::{math, optim::schedule::{LambdaLR, Schedule}};
/// let schedule = LambdaLR { lr: 0.5, lambda: |step| math::rsqrt(1.0 + step as f32) };
/// assert_eq!(schedule.lr(3), 0.25);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LambdaLR<F> {
    /// The rate that is multiplied.
    pub lr: f32,
    /// The factor of each step.
    pub lambda: F,
}

impl<F: Fn(u32) -> f32> Schedule for LambdaLR<F> {
    #[inline]
    fn lr(&self, step: u32) -> f32 {
        self.lr * (self.lambda)(step)
    }
}
