//! NAdam.

use super::{
    Optimizer, States, learning_rate,
    moment::{Moment, Moments, moments_settings},
    signed,
};
use crate::{kernel::Kernels, math};

/// Adam with Nesterov's momentum (Dozat, 2016): PyTorch's `optim.NAdam`, with
/// `betas = (0.9, 0.999)`, `eps = 1e-8` and `momentum_decay = 0.004` unless set. Keeps two words for
/// each weight.
///
/// `m` and `v` as in [`Adam`](super::Adam), `μₜ = β₁ (1 - 0.5 · 0.96^(t · momentum_decay))`, and
/// `w ← w - lr · (μₜ₊₁ m / (1 - μ₁ … μₜ₊₁) + (1 - μₜ) g' / (1 - μ₁ … μₜ)) / (√v̂ + ε)`.
///
/// ```
/// use tensorlet::{Portable, optim::{NAdam, Optimizer, States}};
/// let mut optimizer = NAdam::new(0.1);
/// let (mut w, mut state) = ([1.0], [0.0; 2]);
/// for _ in 0..40 {
///     optimizer.advance();
///     let g = [2.0 * w[0]]; // of w²
///     optimizer.update(Portable, &mut w, &g, States::new::<NAdam>(&mut state));
/// }
/// assert!(w[0].abs() < 0.2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NAdam {
    /// The learning rate; it may change between steps.
    pub lr: f32,
    moments: Moments,
    decoupled: bool,
    /// `0.96^momentum_decay`.
    fade: f32,
    /// `0.96^(t · momentum_decay)`.
    faded: f32,
    /// `μ₁ … μₜ`.
    product: f32,
    /// What the gradient is multiplied by in the present step.
    gradient_size: f32,
}

impl NAdam {
    /// NAdam with this learning rate; PyTorch's default is 0.002.
    #[must_use]
    pub const fn new(lr: f32) -> Self {
        let start = Self {
            lr,
            moments: Moments::DEFAULT,
            decoupled: false,
            fade: 0.0,
            faded: 1.0,
            product: 1.0,
            gradient_size: 0.0,
        };
        start.momentum_decay(4e-3)
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

    /// The same with this decay of the momentum's warm-up.
    #[must_use]
    pub const fn momentum_decay(mut self, momentum_decay: f32) -> Self {
        self.fade = power_of_096(momentum_decay as f64) as f32;
        self
    }
}

/// `0.96^x` for constants: `2^(x log₂ 0.96)` by the series of the exponential.
const fn power_of_096(x: f64) -> f64 {
    const LN: f64 = -0.040_821_994_520_255_166;
    // The argument is halved until the series needs few terms; the result is squared as often.
    let (mut y, mut halvings) = (x * LN, 0);
    while (y > 0.5 || y < -0.5) && halvings < 64 {
        y *= 0.5;
        halvings += 1;
    }
    let (mut sum, mut term, mut i) = (1.0, 1.0, 1);
    while i < 16 {
        term *= y / i as f64;
        sum += term;
        i += 1;
    }
    while halvings > 0 {
        sum *= sum;
        halvings -= 1;
    }
    sum
}

impl Optimizer for NAdam {
    const STATES: usize = 2;

    learning_rate!();

    #[inline]
    fn advance(&mut self) {
        self.moments.advance();
        self.faded *= self.fade;
        let beta = self.moments.first.beta;
        let mu = beta * (1.0 - 0.5 * self.faded);
        let next = beta * (1.0 - 0.5 * self.faded * self.fade);
        self.product *= mu;
        self.gradient_size = signed(self.moments.maximize, self.lr * (1.0 - mu) / (1.0 - self.product));
        let step_size = self.lr * next / (1.0 - self.product * next);
        let coupled = if self.decoupled { 0.0 } else { self.moments.weight_decay };
        self.moments.prepare(step_size, 1.0 / math::sqrt(self.moments.second.correction), coupled);
    }

    #[inline(always)]
    fn update<K: Kernels>(&self, k: K, w: &mut [f32], g: &[f32], states: States<'_>) {
        if self.decoupled {
            k.scale(w, 1.0 - self.lr * self.moments.weight_decay);
        }
        let [m, v, _] = states.slices();
        k.nadam(self.moments.step, self.gradient_size, w, g, m, v);
    }
}
