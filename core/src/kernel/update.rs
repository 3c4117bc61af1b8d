//! What an optimiser does to each weight.
//!
//! The numbers of a step come from the optimiser, which computes once a step what does not depend on
//! the weight. Where an optimiser maximises, it negates step size and weight decay, and the kernel is
//! the same.

use super::{ReduceKernels, descent};
use crate::math;

/// The numbers of one step of stochastic gradient descent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SgdStep {
    /// The learning rate.
    pub lr: f32,
    /// The factor of the momentum buffer.
    pub momentum: f32,
    /// The factor of the gradient where it enters the buffer: `1 - dampening`.
    pub gain: f32,
    /// Whether to step along `g' + momentum · b` (Nesterov) and not along `b`.
    pub nesterov: bool,
    /// The weight decay, added to the gradient as `weight_decay · w`.
    pub weight_decay: f32,
}

/// The numbers of one step of Adam and its relatives, bias corrections included.
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

impl AdamStep {
    /// `g' = g + weight_decay · w`, and the running mean of `g'`.
    #[inline(always)]
    fn mean(&self, w: f32, g: f32, m: &mut f32) -> f32 {
        let g = g + self.weight_decay * w;
        *m = self.beta1 * *m + self.one_minus_beta1 * g;
        g
    }

    /// The running mean of `g²`.
    #[inline(always)]
    fn square(&self, g: f32, v: &mut f32) {
        *v = self.beta2 * *v + self.one_minus_beta2 * g * g;
    }

    /// `√v / √(1 - β₂ᵗ) + ε`.
    #[inline(always)]
    fn denominator(&self, v: f32) -> f32 {
        math::sqrt(v) * self.rsqrt_correction2 + self.eps
    }
}

/// The numbers of one step of RMSprop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsPropStep {
    /// The learning rate.
    pub lr: f32,
    /// The factor of the running means.
    pub alpha: f32,
    /// `1 - α`.
    pub one_minus_alpha: f32,
    /// Added to the denominator.
    pub eps: f32,
    /// The factor of the momentum buffer.
    pub momentum: f32,
    /// The weight decay, added to the gradient as `weight_decay · w`.
    pub weight_decay: f32,
}

impl RmsPropStep {
    /// `g' / (√q + ε)` with `q ← α q + (1 - α) g'²`.
    #[inline(always)]
    fn plain(&self, w: f32, g: f32, square: &mut f32) -> f32 {
        let g = g + self.weight_decay * w;
        *square = self.alpha * *square + self.one_minus_alpha * g * g;
        g / (math::sqrt(*square) + self.eps)
    }

    /// The same with the running variance of `g'` for `q`.
    #[inline(always)]
    fn centered(&self, w: f32, g: f32, variance: &mut f32, mean: &mut f32) -> f32 {
        let g = g + self.weight_decay * w;
        let off = g - *mean;
        *variance = self.alpha * (*variance + self.one_minus_alpha * off * off);
        *mean += self.one_minus_alpha * off;
        g / (math::sqrt(*variance) + self.eps)
    }
}

/// The numbers of one step of Adagrad.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdagradStep {
    /// `lr / (1 + (t - 1) · lr_decay)`.
    pub lr: f32,
    /// What the sum of squares begins with.
    pub initial: f32,
    /// Added to the denominator.
    pub eps: f32,
    /// The weight decay, added to the gradient as `weight_decay · w`.
    pub weight_decay: f32,
}

/// The numbers of one step of Adadelta.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdadeltaStep {
    /// The learning rate.
    pub lr: f32,
    /// The factor of the running means.
    pub rho: f32,
    /// `1 - ρ`.
    pub one_minus_rho: f32,
    /// Added under the roots.
    pub eps: f32,
    /// The weight decay, added to the gradient as `weight_decay · w`.
    pub weight_decay: f32,
}

/// The larger number; NaN if one of them is.
#[inline(always)]
fn maximum(a: f32, b: f32) -> f32 {
    if a > b || a.is_nan() { a } else { b }
}

/// Updates of weights `w` from gradients `g`. Formulas: PyTorch's `torch.optim`; in all of them
/// `g' = g + weight_decay · w`.
pub trait UpdateKernels: ReduceKernels {
    /// `w ← w - lr g'`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::{SgdStep, UpdateKernels}};
    /// let mut w = [1.0];
    /// let step = SgdStep { lr: 0.5, momentum: 0.0, gain: 1.0, nesterov: false, weight_decay: 0.0 };
    /// Portable.sgd(step, &mut w, &[1.0]);
    /// assert_eq!(w, [0.5]);
    /// ```
    #[inline]
    fn sgd(self, step: SgdStep, w: &mut [f32], g: &[f32]) {
        for (w, g) in w.iter_mut().zip(g) {
            *w -= step.lr * (g + step.weight_decay * *w);
        }
    }

    /// [`sgd`](Self::sgd) of the weight of a fully connected layer `y = x w`, from its input and `∂L/∂y`:
    /// `w ← w - lr (xᵀ dy + weight_decay · w)`. With `input_gradient` `x` becomes `∂L/∂x = dy wᵀ`, of `w`
    /// as it was. The scratch has a word for each row of `x`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::{SgdStep, UpdateKernels}};
    /// let (mut x, mut w) = ([[1.0, 2.0]], [[1.0], [4.0]]);
    /// let step = SgdStep { lr: 0.5, momentum: 0.0, gain: 1.0, nesterov: false, weight_decay: 0.0 };
    /// Portable.sgd_linear(step, &mut x, &[[3.0]], &mut w, &mut [0.0], true);
    /// assert_eq!((w, x), ([[-0.5], [1.0]], [[3.0, 12.0]]));
    /// ```
    #[inline]
    fn sgd_linear<const K: usize, const N: usize>(
        self,
        step: SgdStep,
        x: &mut [[f32; K]],
        dy: &[[f32; N]],
        w: &mut [[f32; N]; K],
        scratch: &mut [f32],
        input_gradient: bool,
    ) {
        let update = |w: &mut [f32], g: &[f32]| self.sgd(step, w, g);
        descent::row_by_row(self, x, dy, w, scratch, input_gradient, update);
    }

    /// `b ← momentum · b + gain · g'`, `w ← w - lr · b`; with Nesterov's momentum
    /// `w ← w - lr · (g' + momentum · b)`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::{SgdStep, UpdateKernels}};
    /// let (mut w, mut b) = ([1.0], [1.0]);
    /// let step = SgdStep { lr: 0.5, momentum: 0.5, gain: 1.0, nesterov: false, weight_decay: 0.0 };
    /// Portable.sgd_momentum(step, &mut w, &[1.0], &mut b);
    /// assert_eq!((w, b), ([0.25], [1.5]));
    /// Portable.sgd_momentum(SgdStep { nesterov: true, ..step }, &mut w, &[1.0], &mut b);
    /// assert_eq!((w, b), ([-0.6875], [1.75]));
    /// ```
    #[inline]
    fn sgd_momentum(self, step: SgdStep, w: &mut [f32], g: &[f32], buffer: &mut [f32]) {
        for ((w, g), b) in w.iter_mut().zip(g).zip(buffer) {
            let g = g + step.weight_decay * *w;
            *b = step.momentum * *b + step.gain * g;
            *w -= step.lr * if step.nesterov { g + step.momentum * *b } else { *b };
        }
    }

    /// `m ← β₁ m + (1 - β₁) g'`, `v ← β₂ v + (1 - β₂) g'²`,
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
            let g = step.mean(*w, *g, m);
            step.square(g, v);
            *w -= step.step_size * *m / step.denominator(*v);
        }
    }

    /// [`adam`](Self::adam) with the largest `v` so far in the denominator (AMSGrad).
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::{AdamStep, UpdateKernels}};
    /// let (mut w, mut m, mut v, mut largest) = ([1.0], [0.0], [0.0], [16.0]);
    /// let step = AdamStep {
    ///     step_size: 0.5, beta1: 0.5, one_minus_beta1: 0.5, beta2: 0.75, one_minus_beta2: 0.25,
    ///     rsqrt_correction2: 1.0, eps: 0.0, weight_decay: 0.0,
    /// };
    /// Portable.adam_amsgrad(step, &mut w, &[4.0], &mut m, &mut v, &mut largest);
    /// assert_eq!((w, m, v, largest), ([0.75], [2.0], [4.0], [16.0]));
    /// ```
    #[inline]
    fn adam_amsgrad(self, step: AdamStep, w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], largest: &mut [f32]) {
        for ((((w, g), m), v), largest) in w.iter_mut().zip(g).zip(m).zip(v).zip(largest) {
            let g = step.mean(*w, *g, m);
            step.square(g, v);
            *largest = maximum(*largest, *v);
            *w -= step.step_size * *m / step.denominator(*largest);
        }
    }

    /// [`adam`](Self::adam) with the gradient itself beside its mean (Nesterov's momentum):
    /// `w ← w - (gradient_size · g' + step_size · m) / (√v / √(1 - β₂ᵗ) + ε)`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::{AdamStep, UpdateKernels}};
    /// let (mut w, mut m, mut v) = ([1.0], [0.0], [0.0]);
    /// let step = AdamStep {
    ///     step_size: 0.25, beta1: 0.5, one_minus_beta1: 0.5, beta2: 0.75, one_minus_beta2: 0.25,
    ///     rsqrt_correction2: 1.0, eps: 0.0, weight_decay: 0.0,
    /// };
    /// Portable.nadam(step, 0.125, &mut w, &[4.0], &mut m, &mut v);
    /// assert_eq!((w, m, v), ([0.5], [2.0], [4.0]));
    /// ```
    #[inline]
    fn nadam(self, step: AdamStep, gradient_size: f32, w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
        for (((w, g), m), v) in w.iter_mut().zip(g).zip(m).zip(v) {
            let g = step.mean(*w, *g, m);
            step.square(g, v);
            *w -= (gradient_size * g + step.step_size * *m) / step.denominator(*v);
        }
    }

    /// `m ← β₁ m + (1 - β₁) g'`, `u ← max(β₂ u, |g'| + ε)`, `w ← w - lr/(1 - β₁ᵗ) · m / u`. Of the
    /// step it does not use `one_minus_beta2` and `rsqrt_correction2`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::{AdamStep, UpdateKernels}};
    /// let (mut w, mut m, mut u) = ([1.0], [0.0], [16.0]);
    /// let step = AdamStep {
    ///     step_size: 1.0, beta1: 0.5, one_minus_beta1: 0.5, beta2: 0.5, one_minus_beta2: 0.5,
    ///     rsqrt_correction2: 1.0, eps: 0.0, weight_decay: 0.0,
    /// };
    /// Portable.adamax(step, &mut w, &[4.0], &mut m, &mut u);
    /// assert_eq!((w, m, u), ([0.75], [2.0], [8.0]));
    /// ```
    #[inline]
    fn adamax(self, step: AdamStep, w: &mut [f32], g: &[f32], m: &mut [f32], u: &mut [f32]) {
        for (((w, g), m), u) in w.iter_mut().zip(g).zip(m).zip(u) {
            let g = step.mean(*w, *g, m);
            *u = maximum(step.beta2 * *u, g.abs() + step.eps);
            *w -= step.step_size * *m / *u;
        }
    }

    /// `q ← α q + (1 - α) g'²`, `w ← w - lr · g' / (√q + ε)`.
    ///
    /// Centered, with a slice `mean`, the variance of `g'` takes the place of `q`:
    /// `q ← α (q + (1 - α)(g' - a)²)`, `a ← a + (1 - α)(g' - a)`. That is PyTorch's
    /// `α q + (1 - α) g'² - a²`, but cannot cancel or turn negative.
    ///
    /// With a slice `buffer`, `b ← momentum · b + g' / (√q + ε)`, `w ← w - lr · b`. A slice that is
    /// not wanted is empty.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::{RmsPropStep, UpdateKernels}};
    /// let step =
    ///     RmsPropStep { lr: 0.25, alpha: 0.75, one_minus_alpha: 0.25, eps: 0.0, momentum: 0.5, weight_decay: 0.0 };
    /// let (mut w, mut q) = ([1.0], [0.0]);
    /// Portable.rmsprop(step, &mut w, &[4.0], &mut q, &mut [], &mut []);
    /// assert!((w[0] - 0.5).abs() < 1e-2 && q == [4.0]);
    /// let (mut w, mut q, mut a, mut b) = ([1.0], [9.0], [4.0], [2.0]);
    /// Portable.rmsprop(RmsPropStep { alpha: 1.0, ..step }, &mut w, &[4.0], &mut q, &mut a, &mut b);
    /// assert_eq!((q, a), ([9.0], [4.0]));
    /// assert!((b[0] - (1.0 + 4.0 / 3.0_f32)).abs() < 1e-2);
    /// ```
    #[inline]
    fn rmsprop(
        self,
        step: RmsPropStep,
        w: &mut [f32],
        g: &[f32],
        square: &mut [f32],
        mean: &mut [f32],
        buffer: &mut [f32],
    ) {
        let each = w.iter_mut().zip(g).zip(square);
        match (mean.is_empty(), buffer.is_empty()) {
            (true, true) => each.for_each(|((w, g), q)| *w -= step.lr * step.plain(*w, *g, q)),
            (false, true) => {
                each.zip(mean).for_each(|(((w, g), q), a)| *w -= step.lr * step.centered(*w, *g, q, a));
            }
            (true, false) => {
                for (((w, g), q), b) in each.zip(buffer) {
                    *b = step.momentum * *b + step.plain(*w, *g, q);
                    *w -= step.lr * *b;
                }
            }
            (false, false) => {
                for ((((w, g), q), a), b) in each.zip(mean).zip(buffer) {
                    *b = step.momentum * *b + step.centered(*w, *g, q, a);
                    *w -= step.lr * *b;
                }
            }
        }
    }

    /// `s ← s + g'²`, `w ← w - lr · g' / (√(initial + s) + ε)`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::{AdagradStep, UpdateKernels}};
    /// let (mut w, mut s) = ([1.0], [5.0]);
    /// let step = AdagradStep { lr: 0.5, initial: 7.0, eps: 0.0, weight_decay: 0.0 };
    /// Portable.adagrad(step, &mut w, &[2.0], &mut s);
    /// assert_eq!((w, s), ([0.75], [9.0]));
    /// ```
    #[inline]
    fn adagrad(self, step: AdagradStep, w: &mut [f32], g: &[f32], sum: &mut [f32]) {
        for ((w, g), s) in w.iter_mut().zip(g).zip(sum) {
            let g = g + step.weight_decay * *w;
            *s += g * g;
            *w -= step.lr * g / (math::sqrt(step.initial + *s) + step.eps);
        }
    }

    /// `q ← ρ q + (1 - ρ) g'²`, `δ = √(d + ε) / √(q + ε) · g'`, `d ← ρ d + (1 - ρ) δ²`, `w ← w - lr δ`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::{AdadeltaStep, UpdateKernels}};
    /// let (mut w, mut q, mut d) = ([1.0], [0.0], [0.0]);
    /// let step = AdadeltaStep { lr: 1.0, rho: 0.0, one_minus_rho: 1.0, eps: 9.0, weight_decay: 0.0 };
    /// Portable.adadelta(step, &mut w, &[4.0], &mut q, &mut d);
    /// assert_eq!(q, [16.0]);
    /// assert!((w[0] - (1.0 - 3.0 / 5.0 * 4.0_f32)).abs() < 1e-2 && (d[0] - 5.76).abs() < 5e-2);
    /// ```
    #[inline]
    fn adadelta(self, step: AdadeltaStep, w: &mut [f32], g: &[f32], square: &mut [f32], delta: &mut [f32]) {
        for (((w, g), q), d) in w.iter_mut().zip(g).zip(square).zip(delta) {
            let g = g + step.weight_decay * *w;
            *q = step.rho * *q + step.one_minus_rho * g * g;
            let by = math::sqrt(*d + step.eps) / math::sqrt(*q + step.eps) * g;
            *d = step.rho * *d + step.one_minus_rho * by * by;
            *w -= step.lr * by;
        }
    }
}
