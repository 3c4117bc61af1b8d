//! Adam.

use super::{Optimizer, States};
use crate::{
    kernel::{AdamStep, Kernels},
    math,
};

/// Adam (Kingma and Ba, 2015): PyTorch's `optim.Adam`, with `betas = (0.9, 0.999)` and `eps = 1e-8`
/// unless set. Keeps two words for each weight.
///
/// `g' = g + weight_decay · w`, `m ← β₁ m + (1 - β₁) g'`, `v ← β₂ v + (1 - β₂) g'²`,
/// `w ← w - lr · m̂ / (√v̂ + ε)` with `m̂ = m / (1 - β₁ᵗ)`, `v̂ = v / (1 - β₂ᵗ)`.
///
/// ```
/// use tensorlet::optim::Adam;
/// let adam = Adam::new(2e-3).betas(0.9, 0.99).weight_decay(1e-4);
/// assert_eq!(adam.lr, 2e-3);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// The learning rate; it may change between steps.
    pub lr: f32,
    moment1: Moment,
    moment2: Moment,
    /// The numbers of the present step.
    step: AdamStep,
}

/// The factor of a running mean and its correction after `t` steps.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Moment {
    beta: f32,
    one_minus_beta: f32,
    /// `1 - βᵗ`, by the recurrence `c ← β c + (1 - β)`, which loses no digits where β is near 1.
    correction: f32,
}

impl Moment {
    const fn new(beta: f64) -> Self {
        Self { beta: beta as f32, one_minus_beta: (1.0 - beta) as f32, correction: 0.0 }
    }

    #[inline(always)]
    fn advance(&mut self) {
        self.correction = self.beta * self.correction + self.one_minus_beta;
    }
}

impl Adam {
    /// Adam with this learning rate.
    #[must_use]
    pub const fn new(lr: f32) -> Self {
        let step = AdamStep {
            step_size: 0.0,
            beta1: 0.0,
            one_minus_beta1: 0.0,
            beta2: 0.0,
            one_minus_beta2: 0.0,
            rsqrt_correction2: 0.0,
            eps: 1e-8,
            weight_decay: 0.0,
        };
        Self { lr, moment1: Moment::new(0.9), moment2: Moment::new(0.999), step }
    }

    /// The same with these factors of the running means. Double precision, since `1 - β` is needed
    /// to full precision; a constant argument costs nothing at run time.
    #[must_use]
    pub const fn betas(mut self, beta1: f64, beta2: f64) -> Self {
        (self.moment1, self.moment2) = (Moment::new(beta1), Moment::new(beta2));
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
}

impl Optimizer for Adam {
    const STATES: usize = 2;

    #[inline]
    fn advance(&mut self) {
        self.moment1.advance();
        self.moment2.advance();
        self.step = AdamStep {
            step_size: self.lr / self.moment1.correction,
            beta1: self.moment1.beta,
            one_minus_beta1: self.moment1.one_minus_beta,
            beta2: self.moment2.beta,
            one_minus_beta2: self.moment2.one_minus_beta,
            rsqrt_correction2: 1.0 / math::sqrt(self.moment2.correction),
            ..self.step
        };
    }

    #[inline(always)]
    fn update<K: Kernels>(&self, k: K, w: &mut [f32], g: &[f32], states: States<'_>) {
        let [m, v, _] = states.slices();
        k.adam(self.step, w, g, m, v);
    }
}
