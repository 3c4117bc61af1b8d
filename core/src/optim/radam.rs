//! RAdam.

use super::{
    Optimizer, States, learning_rate,
    moment::{Moment, Moments, moments_settings},
};
use crate::{kernel::Kernels, math};

/// Adam that waits until its root mean square can be trusted (Liu et al., 2020): PyTorch's
/// `optim.RAdam`, with `betas = (0.9, 0.999)` and `eps = 1e-8` unless set. Keeps two words for each
/// weight.
///
/// `m` and `v` as in [`Adam`](super::Adam). With `ρ∞ = 2 / (1 - β₂) - 1` and
/// `ρ = ρ∞ - 2 t β₂ᵗ / (1 - β₂ᵗ)`: where `ρ > 5`, `w ← w - lr · r · m̂ √(1 - β₂ᵗ) / (√v + ε)` with
/// `r² = (ρ - 4)(ρ - 2) ρ∞ / ((ρ∞ - 4)(ρ∞ - 2) ρ)`; before that `w ← w - lr · m̂`.
///
/// ```
/// use tensorlet::{Portable, optim::{Optimizer, RAdam, States}};
/// let mut optimizer = RAdam::new(0.5);
/// let mut w = [1.0];
/// optimizer.advance();
/// optimizer.update(Portable, &mut w, &[0.5], States::new::<RAdam>(&mut [0.0; 2]));
/// assert!((w[0] - 0.75_f32).abs() < 1e-6); // The first steps are those of momentum.
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RAdam {
    /// The learning rate; it may change between steps.
    pub lr: f32,
    moments: Moments,
    decoupled: bool,
    steps: f32,
    /// `β₂ᵗ⁻¹`.
    power: f32,
    /// `Σ βⁱ⁻¹` and `Σ i βⁱ⁻¹` over the steps `i` up to `t`, with `β₂`. Both have positive terms
    /// only, and `ρ = 2 Σ i βⁱ⁻¹ / Σ βⁱ⁻¹ - 1`, where the formula above would cancel.
    sums: [f32; 2],
}

impl RAdam {
    /// RAdam with this learning rate; PyTorch's default is 0.001.
    #[must_use]
    pub const fn new(lr: f32) -> Self {
        Self { lr, moments: Moments::DEFAULT, decoupled: false, steps: 0.0, power: 1.0, sums: [0.0; 2] }
    }

    moments_settings!();

    /// The same with weight decay (L2 penalty, added to the gradient).
    #[must_use]
    pub const fn weight_decay(mut self, weight_decay: f32) -> Self {
        self.moments.weight_decay = weight_decay;
        self
    }

    /// The same with a weight decay that multiplies the weights by `1 - lr · weight_decay`, as in
    /// [`AdamW`](super::AdamW), in place of one that is added to the gradient.
    #[must_use]
    pub const fn decoupled_weight_decay(mut self, weight_decay: f32) -> Self {
        self.decoupled = true;
        self.weight_decay(weight_decay)
    }

    /// `r √(1 - β₂ᵗ)`, once it can be trusted.
    #[inline]
    fn rectification(&self) -> Option<f32> {
        let second = &self.moments.second;
        let limit = (1.0 + second.beta) / second.one_minus_beta;
        let [count, weighted] = self.sums;
        let rho = 2.0 * weighted / count - 1.0;
        let variance = (rho - 4.0) / (limit - 4.0) * ((rho - 2.0) / (limit - 2.0)) * (limit / rho);
        (rho > 5.0).then(|| math::sqrt(variance * second.correction))
    }
}

impl Optimizer for RAdam {
    const STATES: usize = 2;

    learning_rate!();

    #[inline]
    fn advance(&mut self) {
        self.moments.advance();
        self.steps += 1.0;
        self.sums = [self.sums[0] + self.power, self.sums[1] + self.steps * self.power];
        self.power *= self.moments.second.beta;
        let step_size = self.lr / self.moments.first.correction;
        let coupled = if self.decoupled { 0.0 } else { self.moments.weight_decay };
        match self.rectification() {
            Some(factor) => self.moments.prepare(step_size * factor, 1.0, coupled),
            None => {
                // A denominator of one: 0 · √v + 1.
                self.moments.prepare(step_size, 0.0, coupled);
                self.moments.step.eps = 1.0;
            }
        }
    }

    #[inline(always)]
    fn update<K: Kernels>(&self, k: K, w: &mut [f32], g: &[f32], states: States<'_>) {
        if self.decoupled {
            k.scale(w, 1.0 - self.lr * self.moments.weight_decay);
        }
        let [m, v, _] = states.slices();
        k.adam(self.moments.step, w, g, m, v);
    }
}
