//! What Adam and its relatives share.

use super::signed;
use crate::kernel::AdamStep;

/// The factor of a running mean and its correction after `t` steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moment {
    pub(super) beta: f32,
    pub(super) one_minus_beta: f32,
    /// `1 - βᵗ`, by the recurrence `c ← β c + (1 - β)`, which loses no digits where β is near 1.
    pub(super) correction: f32,
}

impl Moment {
    pub(super) const fn new(beta: f64) -> Self {
        Self { beta: beta as f32, one_minus_beta: (1.0 - beta) as f32, correction: 0.0 }
    }

    #[inline(always)]
    pub(super) fn advance(&mut self) {
        self.correction = self.beta * self.correction + self.one_minus_beta;
    }
}

/// The two running means, and the settings that all of these optimisers have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moments {
    pub(super) first: Moment,
    pub(super) second: Moment,
    pub(super) eps: f32,
    pub(super) weight_decay: f32,
    pub(super) maximize: bool,
    /// The numbers of the present step.
    pub(super) step: AdamStep,
}

impl Moments {
    /// `betas = (0.9, 0.999)`, `eps = 1e-8`, no weight decay.
    pub(super) const DEFAULT: Self = Self {
        first: Moment::new(0.9),
        second: Moment::new(0.999),
        eps: 1e-8,
        weight_decay: 0.0,
        maximize: false,
        step: AdamStep {
            step_size: 0.0,
            beta1: 0.0,
            one_minus_beta1: 0.0,
            beta2: 0.0,
            one_minus_beta2: 0.0,
            rsqrt_correction2: 0.0,
            eps: 0.0,
            weight_decay: 0.0,
        },
    };

    #[inline(always)]
    pub(super) fn advance(&mut self) {
        self.first.advance();
        self.second.advance();
    }

    /// Sets the numbers of the present step; `coupled` is a decay that is added to the gradient.
    #[inline(always)]
    pub(super) fn prepare(&mut self, step_size: f32, rsqrt_correction2: f32, coupled: f32) {
        self.step = AdamStep {
            step_size: signed(self.maximize, step_size),
            beta1: self.first.beta,
            one_minus_beta1: self.first.one_minus_beta,
            beta2: self.second.beta,
            one_minus_beta2: self.second.one_minus_beta,
            rsqrt_correction2,
            eps: self.eps,
            weight_decay: signed(self.maximize, coupled),
        };
    }
}

/// The settings of an optimiser with a field `moments`.
macro_rules! moments_settings {
    () => {
        /// The same with these factors of the running means. Double precision, since `1 - β` is needed
        /// to full precision; a constant argument costs nothing at run time.
        #[must_use]
        pub const fn betas(mut self, beta1: f64, beta2: f64) -> Self {
            (self.moments.first, self.moments.second) = (Moment::new(beta1), Moment::new(beta2));
            self
        }

        /// The same with this `ε`.
        #[must_use]
        pub const fn eps(mut self, eps: f32) -> Self {
            self.moments.eps = eps;
            self
        }

        /// The same, climbing: it maximises the loss.
        #[must_use]
        pub const fn maximize(mut self) -> Self {
            self.moments.maximize = true;
            self
        }
    };
}
pub(super) use moments_settings;
