//! Adam and AdamW.

use super::{
    Optimizer, Rule, States, learning_rate,
    moment::{Moment, Moments, moments_settings},
};
use crate::{kernel::Kernels, math};

/// Adam (Kingma and Ba, 2015): PyTorch's `optim.Adam`, with `betas = (0.9, 0.999)` and `eps = 1e-8`
/// unless set.
///
/// `g' = g + weight_decay · w`, `m ← β₁ m + (1 - β₁) g'`, `v ← β₂ v + (1 - β₂) g'²`,
/// `w ← w - lr · m̂ / (√v̂ + ε)` with `m̂ = m / (1 - β₁ᵗ)`, `v̂ = v / (1 - β₂ᵗ)`.
///
/// Keeps two words for each weight; with [`amsgrad`](Self::amsgrad), which is part of the type, three.
///
/// ```
/// use tensorlet::optim::{Adam, Optimizer};
/// let adam = Adam::new(2e-3).betas(0.9, 0.99).weight_decay(1e-4);
/// assert_eq!(adam.lr, 2e-3);
/// fn states<O: Optimizer>(_: O) -> usize { O::STATES }
/// assert_eq!((states(adam), states(adam.amsgrad())), (2, 3));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam<const AMSGRAD: bool = false> {
    /// The learning rate; it may change between steps.
    pub lr: f32,
    moments: Moments,
}

impl Adam {
    /// Adam with this learning rate; PyTorch's default is 0.001.
    #[must_use]
    pub const fn new(lr: f32) -> Self {
        Self { lr, moments: Moments::DEFAULT }
    }

    /// The same with the largest `v` so far in the denominator (Reddi, Kale and Kumar, 2018).
    #[must_use]
    pub const fn amsgrad(self) -> Adam<true> {
        Adam { lr: self.lr, moments: self.moments }
    }
}

impl<const AMSGRAD: bool> Adam<AMSGRAD> {
    moments_settings!();

    /// The same with weight decay (L2 penalty, added to the gradient).
    #[must_use]
    pub const fn weight_decay(mut self, weight_decay: f32) -> Self {
        self.moments.weight_decay = weight_decay;
        self
    }
}

impl<const AMSGRAD: bool> Optimizer for Adam<AMSGRAD> {
    const STATES: usize = 2 + AMSGRAD as usize;

    learning_rate!();

    #[inline]
    fn advance(&mut self) {
        let coupled = self.moments.weight_decay;
        advance(&mut self.moments, self.lr, coupled);
    }

    #[inline]
    fn rule(&self) -> Option<Rule> {
        Some(Rule::Adam { step: self.moments.step, shrink: 1.0, amsgrad: AMSGRAD })
    }

    #[inline(always)]
    fn update<K: Kernels>(&self, k: K, w: &mut [f32], g: &[f32], states: States<'_>) {
        update::<AMSGRAD, K>(&self.moments, k, w, g, states);
    }
}

/// Adam with decoupled weight decay (Loshchilov and Hutter, 2019): PyTorch's `optim.AdamW`, with
/// `weight_decay = 0.01` unless set.
///
/// `w ← (1 - lr · weight_decay) w`, then the step of [`Adam`] from `g` alone.
///
/// ```
/// use tensorlet::{Portable, optim::{AdamW, Optimizer, States}};
/// let mut optimizer = AdamW::new(0.5).weight_decay(0.5);
/// let mut w = [1.0];
/// optimizer.advance();
/// optimizer.update(Portable, &mut w, &[0.0], States::new::<AdamW>(&mut [0.0; 2]));
/// assert_eq!(w, [0.75]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW<const AMSGRAD: bool = false> {
    /// The learning rate; it may change between steps.
    pub lr: f32,
    moments: Moments,
}

impl AdamW {
    /// AdamW with this learning rate; PyTorch's default is 0.001.
    #[must_use]
    pub const fn new(lr: f32) -> Self {
        Self { lr, moments: Moments { weight_decay: 0.01, ..Moments::DEFAULT } }
    }

    /// The same with the largest `v` so far in the denominator (Reddi, Kale and Kumar, 2018).
    #[must_use]
    pub const fn amsgrad(self) -> AdamW<true> {
        AdamW { lr: self.lr, moments: self.moments }
    }
}

impl<const AMSGRAD: bool> AdamW<AMSGRAD> {
    moments_settings!();

    /// The same with this weight decay, decoupled from the gradient.
    #[must_use]
    pub const fn weight_decay(mut self, weight_decay: f32) -> Self {
        self.moments.weight_decay = weight_decay;
        self
    }
}

impl<const AMSGRAD: bool> Optimizer for AdamW<AMSGRAD> {
    const STATES: usize = 2 + AMSGRAD as usize;

    learning_rate!();

    #[inline]
    fn advance(&mut self) {
        advance(&mut self.moments, self.lr, 0.0);
    }

    #[inline]
    fn rule(&self) -> Option<Rule> {
        Some(Rule::Adam {
            step: self.moments.step,
            shrink: 1.0 - self.lr * self.moments.weight_decay,
            amsgrad: AMSGRAD,
        })
    }

    #[inline(always)]
    fn update<K: Kernels>(&self, k: K, w: &mut [f32], g: &[f32], states: States<'_>) {
        k.scale(w, 1.0 - self.lr * self.moments.weight_decay);
        update::<AMSGRAD, K>(&self.moments, k, w, g, states);
    }
}

/// Begins a step; `coupled` is a weight decay that is added to the gradient.
#[inline]
fn advance(moments: &mut Moments, lr: f32, coupled: f32) {
    moments.advance();
    moments.prepare(lr / moments.first.correction, 1.0 / math::sqrt(moments.second.correction), coupled);
}

#[inline(always)]
fn update<const AMSGRAD: bool, K: Kernels>(moments: &Moments, k: K, w: &mut [f32], g: &[f32], states: States<'_>) {
    let [m, v, largest] = states.slices();
    if AMSGRAD {
        k.adam_amsgrad(moments.step, w, g, m, v, largest);
    } else {
        k.adam(moments.step, w, g, m, v);
    }
}
