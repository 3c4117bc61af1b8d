//! What an optimiser does to each weight.

use crate::math;

/// The numbers of one step of stochastic gradient descent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SgdStep {
    /// The learning rate.
    pub lr: f32,
    /// The factor of the momentum buffer.
    pub momentum: f32,
    /// The weight decay, added to the gradient as `weight_decay · w`.
    pub weight_decay: f32,
}

/// The numbers of one step of Adam, bias corrections included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    /// `lr / (1 - β₁ᵗ)`.
    pub step_size: f32,
    /// `β₁`.
    pub beta1: f32,
    /// `1 - β₁`.
    pub one_minus_beta1: f32,
    /// `β₂`.
    pub beta2: f32,
    /// `1 - β₂`.
    pub one_minus_beta2: f32,
    /// `1 / √(1 - β₂ᵗ)`.
    pub rsqrt_correction2: f32,
    /// Added to the denominator.
    pub eps: f32,
    /// The weight decay, added to the gradient as `weight_decay · w`.
    pub weight_decay: f32,
}

/// Updates of weights `w` from gradients `g`. Formulas: PyTorch's `torch.optim`.
pub trait UpdateKernels: Copy {
    /// `w ← w - lr (g + weight_decay · w)`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::{SgdStep, UpdateKernels}};
    /// let mut w = [1.0];
    /// Portable.sgd(SgdStep { lr: 0.5, momentum: 0.0, weight_decay: 0.0 }, &mut w, &[1.0]);
    /// assert_eq!(w, [0.5]);
    /// ```
    #[inline]
    fn sgd(self, step: SgdStep, w: &mut [f32], g: &[f32]) {
        for (w, g) in w.iter_mut().zip(g) {
            *w -= step.lr * (g + step.weight_decay * *w);
        }
    }

    /// `b ← momentum · b + g + weight_decay · w`, `w ← w - lr · b`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::{SgdStep, UpdateKernels}};
    /// let (mut w, mut b) = ([1.0], [1.0]);
    /// Portable.sgd_momentum(SgdStep { lr: 0.5, momentum: 0.5, weight_decay: 0.0 }, &mut w, &[1.0], &mut b);
    /// assert_eq!((w, b), ([0.25], [1.5]));
    /// ```
    #[inline]
    fn sgd_momentum(self, step: SgdStep, w: &mut [f32], g: &[f32], buffer: &mut [f32]) {
        for ((w, g), b) in w.iter_mut().zip(g).zip(buffer) {
            *b = step.momentum * *b + (g + step.weight_decay * *w);
            *w -= step.lr * *b;
        }
    }

    /// `g' = g + weight_decay · w`, `m ← β₁ m + (1 - β₁) g'`, `v ← β₂ v + (1 - β₂) g'²`,
    /// `w ← w - lr/(1 - β₁ᵗ) · m / (√v / √(1 - β₂ᵗ) + ε)`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::{AdamStep, UpdateKernels}};
    /// let (mut w, mut m, mut v) = ([1.0], [0.0], [0.0]);
    /// let step = AdamStep {
    ///     step_size: 0.2, beta1: 0.5, one_minus_beta1: 0.5, beta2: 0.75, one_minus_beta2: 0.25,
    ///     rsqrt_correction2: 2.0, eps: 0.0, weight_decay: 0.0,
    /// };
    /// Portable.adam(step, &mut w, &[4.0], &mut m, &mut v);
    /// assert_eq!((m, v), ([2.0], [4.0]));
    /// assert_eq!(w, [0.9]);
    /// ```
    #[inline]
    fn adam(self, step: AdamStep, w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
        for (((w, g), m), v) in w.iter_mut().zip(g).zip(m).zip(v) {
            let g = g + step.weight_decay * *w;
            *m = step.beta1 * *m + step.one_minus_beta1 * g;
            *v = step.beta2 * *v + step.one_minus_beta2 * g * g;
            *w -= step.step_size * *m / (math::sqrt(*v) * step.rsqrt_correction2 + step.eps);
        }
    }
}
