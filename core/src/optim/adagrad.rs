//! Adagrad and Adadelta.

use super::{Optimizer, States, learning_rate, signed};
use crate::kernel::{AdadeltaStep, AdagradStep, Kernels};

/// Gradients divided by the root of the sum of their squares (Duchi, Hazan and Singer, 2011):
/// PyTorch's `optim.Adagrad`, with `eps = 1e-10` unless set. Keeps one word for each weight.
///
/// `g' = g + weight_decay · w`, `s ← s + g'²`, `w ← w - lr / (1 + (t - 1) lr_decay) · g' / (√s + ε)`.
///
/// ```
/// use tensorlet::{Portable, optim::{Adagrad, Optimizer, States}};
/// let mut optimizer = Adagrad::new(0.25).eps(0.0);
/// let mut w = [1.0];
/// optimizer.advance();
/// optimizer.update(Portable, &mut w, &[8.0], States::new::<Adagrad>(&mut [0.0]));
/// assert_eq!(w, [0.75]); // The first step is as long as the rate.
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adagrad {
    /// The learning rate; it may change between steps.
    pub lr: f32,
    step: AdagradStep,
    lr_decay: f32,
    maximize: bool,
    /// `1 + (t - 1) lr_decay` of the next step.
    divisor: f32,
}

impl Adagrad {
    /// Adagrad with this learning rate; PyTorch's default is 0.01.
    #[must_use]
    pub const fn new(lr: f32) -> Self {
        let step = AdagradStep { lr, initial: 0.0, eps: 1e-10, weight_decay: 0.0 };
        Self { lr, step, lr_decay: 0.0, maximize: false, divisor: 1.0 }
    }

    /// The same with a rate that decays: in step `t` it is `lr / (1 + (t - 1) · lr_decay)`.
    #[must_use]
    pub const fn lr_decay(mut self, lr_decay: f32) -> Self {
        self.lr_decay = lr_decay;
        self
    }

    /// The same with a sum of squares that begins with this value.
    #[must_use]
    pub const fn initial_accumulator_value(mut self, value: f32) -> Self {
        self.step.initial = value;
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

impl Optimizer for Adagrad {
    const STATES: usize = 1;

    learning_rate!();

    #[inline]
    fn advance(&mut self) {
        self.step.lr = self.lr / self.divisor;
        self.divisor += self.lr_decay;
    }

    #[inline(always)]
    fn update<K: Kernels>(&self, k: K, w: &mut [f32], g: &[f32], states: States<'_>) {
        let AdagradStep { lr, weight_decay, .. } = self.step;
        let [sum, ..] = states.slices();
        k.adagrad(
            AdagradStep {
                lr: signed(self.maximize, lr),
                weight_decay: signed(self.maximize, weight_decay),
                ..self.step
            },
            w,
            g,
            sum,
        );
    }
}

/// Steps as large as recent ones (Zeiler, 2012): PyTorch's `optim.Adadelta`, with `rho = 0.9` and
/// `eps = 1e-6` unless set. Keeps two words for each weight.
///
/// `g' = g + weight_decay · w`, `q ← ρ q + (1 - ρ) g'²`, `δ = √(d + ε) / √(q + ε) · g'`,
/// `d ← ρ d + (1 - ρ) δ²`, `w ← w - lr · δ`.
///
/// ```
/// use tensorlet::{Portable, optim::{Adadelta, Optimizer, States}};
/// let mut optimizer = Adadelta::new(1.0).rho(0.75).eps(1.0);
/// let mut w = [1.0];
/// optimizer.advance();
/// optimizer.update(Portable, &mut w, &[0.0], States::new::<Adadelta>(&mut [0.0; 2]));
/// assert_eq!(w, [1.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adadelta {
    /// The learning rate; it may change between steps.
    pub lr: f32,
    step: AdadeltaStep,
    maximize: bool,
}

impl Adadelta {
    /// Adadelta with this learning rate; PyTorch's default is 1.
    #[must_use]
    pub const fn new(lr: f32) -> Self {
        let step = AdadeltaStep { lr, rho: 0.0, one_minus_rho: 0.0, eps: 1e-6, weight_decay: 0.0 };
        Self { lr, step, maximize: false }.rho(0.9)
    }

    /// The same with this factor of the running means. Double precision, since `1 - ρ` is needed to
    /// full precision; a constant argument costs nothing at run time.
    #[must_use]
    pub const fn rho(mut self, rho: f64) -> Self {
        (self.step.rho, self.step.one_minus_rho) = (rho as f32, (1.0 - rho) as f32);
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

impl Optimizer for Adadelta {
    const STATES: usize = 2;

    learning_rate!();

    #[inline(always)]
    fn advance(&mut self) {}

    #[inline(always)]
    fn update<K: Kernels>(&self, k: K, w: &mut [f32], g: &[f32], states: States<'_>) {
        let step = AdadeltaStep {
            lr: signed(self.maximize, self.lr),
            weight_decay: signed(self.maximize, self.step.weight_decay),
            ..self.step
        };
        let [square, delta, _] = states.slices();
        k.adadelta(step, w, g, square, delta);
    }
}
