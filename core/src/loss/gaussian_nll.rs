//! The negative log-likelihood of a normal distribution.

use super::{Loss, Reduction};
use crate::{
    Tensor,
    kernel::{Kernels, samples_mut},
    math,
    memory::split,
};

/// The negative log-likelihood of targets under normal distributions whose mean and variance a network
/// gives: PyTorch's `nn.GaussianNLLLoss`.
///
/// `loss = ½ (ln v + (t - μ)² / v)` for an output `[μ, v]`: `[X; 2]`, with targets `X`; the variance `v` is
/// taken as at least `eps`, its gradient as if it were not, as PyTorch does it. `full` adds `½ ln 2π`.
///
/// ```
/// use tensorlet::{loss::{GaussianNllLoss, Loss}, Portable};
/// let mut y = [[[1.0], [4.0]]];
/// let loss = GaussianNllLoss::NEW.mean(Portable, &mut y, &[[3.0]]);
/// assert!((loss - 0.5 * (4.0_f32.ln() + 1.0)).abs() < 1e-6);
/// assert_eq!(y, [[[-0.5], [0.0]]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GaussianNllLoss {
    /// Whether to add the constant `½ ln 2π`.
    pub full: bool,
    /// The smallest variance.
    pub eps: f32,
}

impl GaussianNllLoss {
    /// PyTorch's defaults: without the constant, variances of at least 10⁻⁶.
    pub const NEW: Self = Self { full: false, eps: 1e-6 };
}

impl Default for GaussianNllLoss {
    fn default() -> Self {
        Self::NEW
    }
}

/// `½ ln 2π`
const HALF_LN_TAU: f32 = 0.918_938_5;

impl<X: Tensor<Elem = f32>> Loss<[X; 2], X> for GaussianNllLoss {
    #[inline]
    fn divisor(&self, targets: &[X]) -> f32 {
        (targets.len() * X::LEN) as f32
    }

    #[inline]
    fn evaluate<K: Kernels, R: Reduction>(&self, _: K, y: &mut [[X; 2]], targets: &[X], reduction: &mut R) {
        let constant = if self.full { HALF_LN_TAU } else { 0.0 };
        for (sample, target) in samples_mut(Tensor::flat_mut(y), 2 * X::LEN).zip(targets) {
            let (mean, variance) = split(sample, X::LEN);
            for ((m, v), t) in mean.iter_mut().zip(variance).zip(target.elements()) {
                reduction.element(|scale| {
                    let variance = if *v < self.eps { self.eps } else { *v };
                    let error = *m - t;
                    let slope = error / variance;
                    let value = 0.5 * (math::ln(variance) + error * slope) + constant;
                    (*m, *v) = (scale * slope, scale * 0.5 * (1.0 - error * slope) / variance);
                    value
                });
            }
        }
    }
}
