//! RMSprop.

use super::{Optimizer, States, learning_rate, signed};
use crate::kernel::{Kernels, RmsPropStep};

/// Gradients divided by their root mean square (Hinton, 2012): PyTorch's `optim.RMSprop`, with
/// `alpha = 0.99` and `eps = 1e-8` unless set.
///
/// `g' = g + weight_decay · w`, `q ← α q + (1 - α) g'²`, `w ← w - lr · g' / (√q + ε)`; centered, the
/// variance of `g'` for `q`; with momentum, `b ← momentum · b + g' / (√q + ε)`, `w ← w - lr · b`.
///
/// What it keeps is part of the type: one word for each weight, one more where it is
/// [`centered`](Self::centered), one more with [`momentum`](Self::momentum).
///
/// ```
/// use tensorlet::optim::{Optimizer, RmsProp};
/// fn states<O: Optimizer>(_: O) -> usize { O::STATES }
/// assert_eq!(states(RmsProp::new(0.01)), 1);
/// assert_eq!(states(RmsProp::new(0.01).alpha(0.9).centered().momentum(0.9)), 3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsProp<const CENTERED: bool = false, const MOMENTUM: bool = false> {
    /// The learning rate; it may change between steps.
    pub lr: f32,
    step: RmsPropStep,
    maximize: bool,
}

impl RmsProp {
    /// RMSprop with this learning rate; PyTorch's default is 0.01.
    #[must_use]
    pub const fn new(lr: f32) -> Self {
        let step = RmsPropStep { lr, alpha: 0.0, one_minus_alpha: 0.0, eps: 1e-8, momentum: 0.0, weight_decay: 0.0 };
        Self { lr, step, maximize: false }.alpha(0.99)
    }
}

impl<const MOMENTUM: bool> RmsProp<false, MOMENTUM> {
    /// The same with the variance of the gradient in place of its mean square.
    #[must_use]
    pub const fn centered(self) -> RmsProp<true, MOMENTUM> {
        RmsProp { lr: self.lr, step: self.step, maximize: self.maximize }
    }
}

impl<const CENTERED: bool> RmsProp<CENTERED, false> {
    /// The same with momentum.
    #[must_use]
    pub const fn momentum(self, momentum: f32) -> RmsProp<CENTERED, true> {
        RmsProp { lr: self.lr, step: RmsPropStep { momentum, ..self.step }, maximize: self.maximize }
    }
}

impl<const CENTERED: bool, const MOMENTUM: bool> RmsProp<CENTERED, MOMENTUM> {
    /// The same with this factor of the running mean. Double precision, since `1 - α` is needed to
    /// full precision; a constant argument costs nothing at run time.
    #[must_use]
    pub const fn alpha(mut self, alpha: f64) -> Self {
        (self.step.alpha, self.step.one_minus_alpha) = (alpha as f32, (1.0 - alpha) as f32);
        self
    }

    /// The same with this `ε`.
    #[must_use]
    pub const fn eps(mut self, eps: f32) -> Self {
        self.step.eps = eps;
        self
    }

    /// The same with weight decay (L2 penalty, added to the gradient).
    #[must_use]
    pub const fn weight_decay(mut self, weight_decay: f32) -> Self {
        self.step.weight_decay = weight_decay;
        self
    }

    /// The same, climbing: it maximises the loss.
    #[must_use]
    pub const fn maximize(mut self) -> Self {
        self.maximize = true;
        self
    }
}

impl<const CENTERED: bool, const MOMENTUM: bool> Optimizer for RmsProp<CENTERED, MOMENTUM> {
    const STATES: usize = 1 + CENTERED as usize + MOMENTUM as usize;

    learning_rate!();

    #[inline(always)]
    fn advance(&mut self) {}

    #[inline(always)]
    fn update<K: Kernels>(&self, k: K, w: &mut [f32], g: &[f32], states: States<'_>) {
        let step = RmsPropStep {
            lr: signed(self.maximize, self.lr),
            weight_decay: signed(self.maximize, self.step.weight_decay),
            ..self.step
        };
        let [square, second, third] = states.slices();
        let (mean, buffer) = if CENTERED { (second, third) } else { (third, second) };
        k.rmsprop(step, w, g, square, mean, buffer);
    }
}
