//! Adamax.

use super::{
    Optimizer, States, learning_rate,
    moment::{Moment, Moments, moments_settings},
};
use crate::kernel::Kernels;

/// Adam with the largest gradient in place of the root mean square (Kingma and Ba, 2015): PyTorch's
/// `optim.Adamax`, with `betas = (0.9, 0.999)` and `eps = 1e-8` unless set. Keeps two words for each
/// weight.
///
/// `g' = g + weight_decay · w`, `m ← β₁ m + (1 - β₁) g'`, `u ← max(β₂ u, |g'| + ε)`,
/// `w ← w - lr / (1 - β₁ᵗ) · m / u`.
///
/// ```
/// use tensorlet::{Portable, optim::{Adamax, Optimizer, States}};
/// let mut optimizer = Adamax::new(0.25).eps(0.0);
/// let mut w = [1.0];
/// optimizer.advance();
/// optimizer.update(Portable, &mut w, &[8.0], States::new::<Adamax>(&mut [0.0; 2]));
/// assert_eq!(w, [0.75]); // The first step is as long as the rate.
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adamax {
    /// The learning rate; it may change between steps.
    pub lr: f32,
    moments: Moments,
}

impl Adamax {
    /// Adamax with this learning rate; PyTorch's default is 0.002.
    #[must_use]
    pub const fn new(lr: f32) -> Self {
        Self { lr, moments: Moments::DEFAULT }
    }

    moments_settings!();

    /// The same with weight decay (L2 penalty, added to the gradient).
    #[must_use]
    pub const fn weight_decay(mut self, weight_decay: f32) -> Self {
        self.moments.weight_decay = weight_decay;
        self
    }
}

impl Optimizer for Adamax {
    const STATES: usize = 2;

    learning_rate!();

    #[inline]
    fn advance(&mut self) {
        self.moments.advance();
        self.moments.prepare(self.lr / self.moments.first.correction, 1.0, self.moments.weight_decay);
    }

    #[inline(always)]
    fn update<K: Kernels>(&self, k: K, w: &mut [f32], g: &[f32], states: States<'_>) {
        let [m, u, _] = states.slices();
        k.adamax(self.moments.step, w, g, m, u);
    }
}
