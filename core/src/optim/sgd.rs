//! Stochastic gradient descent.

use super::{Optimizer, Rule, States, learning_rate, signed};
use crate::kernel::{Kernels, SgdStep};

/// Stochastic gradient descent: PyTorch's `optim.SGD`.
///
/// With `g' = g + weight_decay · w`: `w ← w - lr · g'`, or with momentum
/// `b ← momentum · b + (1 - dampening) · g'`, `w ← w - lr · b`, or with Nesterov's
/// `w ← w - lr · (g' + momentum · b)`. In the first step `b = g'`, whatever the dampening.
///
/// Momentum is part of the type, since it decides about memory: `Sgd` keeps nothing, `Sgd<true>` one
/// word for each weight.
///
/// ```
/// use tensorlet::optim::{Optimizer, Sgd};
/// let plain = Sgd::new(0.1).weight_decay(1e-4);
/// let heavy = Sgd::with_momentum(0.05, 0.9).nesterov();
/// fn states<O: Optimizer>(_: O) -> usize { O::STATES }
/// assert_eq!((states(plain), states(heavy)), (0, 1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd<const MOMENTUM: bool = false> {
    /// The learning rate; it may change between steps.
    pub lr: f32,
    /// The factor of the momentum buffer; it may change between steps.
    pub momentum: f32,
    dampening: f32,
    nesterov: bool,
    weight_decay: f32,
    maximize: bool,
    /// The factor of the gradient in the present step: 1 in the first.
    gain: f32,
    begun: bool,
}

impl Sgd<false> {
    /// Plain gradient descent with this learning rate.
    #[must_use]
    pub const fn new(lr: f32) -> Self {
        Self::with(lr, 0.0)
    }
}

impl Sgd<true> {
    /// Gradient descent with momentum.
    #[must_use]
    pub const fn with_momentum(lr: f32, momentum: f32) -> Self {
        Self::with(lr, momentum)
    }

    /// The same with Nesterov's momentum, which takes no dampening.
    #[must_use]
    pub const fn nesterov(self) -> Self {
        Self { nesterov: true, dampening: 0.0, ..self }
    }

    /// The same with dampening: the gradient enters the buffer times `1 - dampening`.
    #[must_use]
    pub const fn dampening(self, dampening: f32) -> Self {
        Self { dampening, nesterov: false, ..self }
    }
}

impl<const MOMENTUM: bool> Sgd<MOMENTUM> {
    const fn with(lr: f32, momentum: f32) -> Self {
        Self {
            lr,
            momentum,
            dampening: 0.0,
            nesterov: false,
            weight_decay: 0.0,
            maximize: false,
            gain: 1.0,
            begun: false,
        }
    }

    /// The numbers of the present step.
    #[inline(always)]
    const fn step(&self) -> SgdStep {
        SgdStep {
            lr: signed(self.maximize, self.lr),
            momentum: self.momentum,
            gain: self.gain,
            nesterov: self.nesterov,
            weight_decay: signed(self.maximize, self.weight_decay),
        }
    }

    /// The same with weight decay (L2 penalty, added to the gradient).
    #[must_use]
    pub const fn weight_decay(self, weight_decay: f32) -> Self {
        Self { weight_decay, ..self }
    }

    /// The same, climbing: it maximises the loss.
    #[must_use]
    pub const fn maximize(self) -> Self {
        Self { maximize: true, ..self }
    }
}

impl<const MOMENTUM: bool> Optimizer for Sgd<MOMENTUM> {
    const STATES: usize = MOMENTUM as usize;

    learning_rate!();

    #[inline(always)]
    fn advance(&mut self) {
        self.gain = if self.begun { 1.0 - self.dampening } else { 1.0 };
        self.begun = true;
    }

    #[inline(always)]
    fn plain(&self) -> Option<SgdStep> {
        if MOMENTUM { None } else { Some(self.step()) }
    }

    #[inline]
    fn rule(&self) -> Option<Rule> {
        Some(Rule::Sgd { step: self.step(), momentum: MOMENTUM })
    }

    #[inline(always)]
    fn update<K: Kernels>(&self, k: K, w: &mut [f32], g: &[f32], states: States<'_>) {
        let [buffer, ..] = states.slices();
        if MOMENTUM {
            k.sgd_momentum(self.step(), w, g, buffer);
        } else {
            k.sgd(self.step(), w, g);
        }
    }
}
