//! Stochastic gradient descent.

use super::{Optimizer, States};
use crate::kernel::{Kernels, SgdStep};

/// Stochastic gradient descent: PyTorch's `optim.SGD`.
///
/// `g' = g + weight_decay · w`, then `w ← w - lr · g'`, or with momentum
/// `b ← momentum · b + g'`, `w ← w - lr · b` (PyTorch's defaults: no dampening, no Nesterov).
///
/// Momentum is part of the type, since it decides about memory: `Sgd` keeps nothing, `Sgd<true>` one
/// word for each weight.
///
/// ```
/// use tensorlet::optim::{Optimizer, Sgd};
/// let plain = Sgd::new(0.1).weight_decay(1e-4);
/// let heavy = Sgd::with_momentum(0.05, 0.9);
/// fn states<O: Optimizer>(_: O) -> usize { O::STATES }
/// assert_eq!((states(plain), states(heavy)), (0, 1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd<const MOMENTUM: bool = false> {
    /// Learning rate, momentum and weight decay; the rate may change between steps.
    pub step: SgdStep,
}

impl Sgd<false> {
    /// Plain gradient descent with this learning rate.
    #[must_use]
    pub const fn new(lr: f32) -> Self {
        Self { step: SgdStep { lr, momentum: 0.0, weight_decay: 0.0 } }
    }
}

impl Sgd<true> {
    /// Gradient descent with momentum.
    #[must_use]
    pub const fn with_momentum(lr: f32, momentum: f32) -> Self {
        Self { step: SgdStep { lr, momentum, weight_decay: 0.0 } }
    }
}

impl<const MOMENTUM: bool> Sgd<MOMENTUM> {
    /// The same with weight decay (L2 penalty).
    #[must_use]
    pub const fn weight_decay(mut self, weight_decay: f32) -> Self {
        self.step.weight_decay = weight_decay;
        self
    }
}

impl<const MOMENTUM: bool> Optimizer for Sgd<MOMENTUM> {
    const STATES: usize = MOMENTUM as usize;

    #[inline(always)]
    fn advance(&mut self) {}

    #[inline(always)]
    fn update<K: Kernels>(&self, k: K, w: &mut [f32], g: &[f32], states: States<'_>) {
        let [buffer, ..] = states.slices();
        if MOMENTUM {
            k.sgd_momentum(self.step, w, g, buffer);
        } else {
            k.sgd(self.step, w, g);
        }
    }
}
