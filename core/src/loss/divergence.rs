//! Kullback-Leibler divergences.
//!
//! Those between two distributions that are both outputs of a network take an output in which the
//! parameters of the distributions are stacked, `[mean, log-variance]`, and no target: `&[(); N]`.

use super::{
    Loss, Reduction,
    elementwise::{Pair, elementwise},
};
use crate::{
    Tensor,
    kernel::{Kernels, samples_mut},
    math,
    memory::split,
};

/// The divergence of given probabilities from log-probabilities: PyTorch's `nn.KLDivLoss`.
///
/// `loss = t (ln t - y)` for each number, the outputs `y` being log-probabilities and the targets `t`
/// probabilities, or `eᵗ (t - y)` where the targets are log-probabilities too. The divergence itself is
/// the [`Sum`](super::Sum), or over a batch the [`BatchMean`](super::BatchMean).
///
/// ```
/// use tensorlet::{loss::{BatchMean, KlDivLoss, Loss}, Portable};
/// let ln = f32::ln;
/// let loss = BatchMean(KlDivLoss::NEW).mean(Portable, &mut [[ln(0.5), ln(0.5)]], &[[1.0, 0.0]]);
/// assert!((loss - ln(2.0)).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct KlDivLoss {
    /// Whether the targets are log-probabilities.
    pub log_target: bool,
}

impl KlDivLoss {
    /// PyTorch's default: the targets are probabilities.
    pub const NEW: Self = Self { log_target: false };

    #[inline(always)]
    fn of(self, y: f32, t: f32) -> Pair {
        if self.log_target {
            let probability = math::exp(t);
            return Pair { value: probability * (t - y), derivative: -probability };
        }
        let own = if t == 0.0 { 0.0 } else { t * math::ln(t) };
        Pair { value: own - t * y, derivative: -t }
    }
}

impl<Y: Tensor<Elem = f32>> Loss<Y, Y> for KlDivLoss {
    #[inline]
    fn divisor(&self, targets: &[Y]) -> f32 {
        (targets.len() * Y::LEN) as f32
    }

    #[inline]
    fn evaluate<K: Kernels, R: Reduction>(&self, _: K, y: &mut [Y], targets: &[Y], reduction: &mut R) {
        elementwise(Y::flat_mut(y), Y::flat(targets), reduction, |y, t| self.of(y, t));
    }
}

/// The divergence of normal distributions with diagonal covariance, from mean and log-variance: PyTorch's
/// `distributions.kl_divergence` of two `Normal`.
///
/// | output | targets | divergence |
/// |---|---|---|
/// | `[μ, ln σ²]`: `[X; 2]` | none: `()` | from the standard normal distribution: `½ (μ² + σ² - 1 - ln σ²)` |
/// | `[μ, ln σ²]` | `[μ, ln σ²]` of another distribution | from that one |
/// | `[μ₁, ln σ₁², μ₂, ln σ₂²]`: `[X; 4]` | none: `()` | of the first from the second, both learned |
///
/// Between two: `½ (ln σ₂² - ln σ₁² + (σ₁² + (μ₁ - μ₂)²) / σ₂² - 1)`. One element for each number of
/// `X`; the divergence of the whole distribution is their [`Sum`](super::Sum), over a batch the
/// [`BatchMean`](super::BatchMean). In a variational autoencoder it is a part of
/// [`VaeLoss`](super::VaeLoss).
///
/// ```
/// use tensorlet::{loss::{BatchMean, GaussianKl, Loss}, Portable};
/// // Two numbers: means 1 and 0, variances 1.
/// let mut y = [[[1.0, 0.0], [0.0, 0.0]]];
/// assert_eq!(BatchMean(GaussianKl).mean(Portable, &mut y, &[()]), 0.5);
/// assert_eq!(y, [[[1.0, 0.0], [0.0, 0.0]]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GaussianKl;

impl<X: Tensor<Elem = f32>> Loss<[X; 2], ()> for GaussianKl {
    #[inline]
    fn divisor(&self, targets: &[()]) -> f32 {
        (targets.len() * X::LEN) as f32
    }

    #[inline]
    fn evaluate<K: Kernels, R: Reduction>(&self, _: K, y: &mut [[X; 2]], targets: &[()], reduction: &mut R) {
        for (sample, ()) in samples_mut(Tensor::flat_mut(y), 2 * X::LEN).zip(targets) {
            let (mean, log_variance) = split(sample, X::LEN);
            for (m, v) in mean.iter_mut().zip(log_variance) {
                reduction.element(|scale| {
                    let (mean, excess) = (*m, math::expm1(*v));
                    let value = 0.5 * (mean * mean + (excess - *v));
                    (*m, *v) = (scale * mean, scale * 0.5 * excess);
                    value
                });
            }
        }
    }
}

impl<X: Tensor<Elem = f32>> Loss<[X; 2], [X; 2]> for GaussianKl {
    #[inline]
    fn divisor(&self, targets: &[[X; 2]]) -> f32 {
        (targets.len() * X::LEN) as f32
    }

    #[inline]
    fn evaluate<K: Kernels, R: Reduction>(&self, _: K, y: &mut [[X; 2]], targets: &[[X; 2]], reduction: &mut R) {
        for (sample, [mean2, log_variance2]) in samples_mut(Tensor::flat_mut(y), 2 * X::LEN).zip(targets) {
            let (mean, log_variance) = split(sample, X::LEN);
            let other = mean2.elements().iter().zip(log_variance2.elements());
            for ((m, v), (&m2, &v2)) in mean.iter_mut().zip(log_variance).zip(other) {
                reduction.element(|scale| {
                    let Gaussians { value, mean, log_variance, .. } = Gaussians::new([*m, *v], [m2, v2]);
                    (*m, *v) = (scale * mean, scale * log_variance);
                    value
                });
            }
        }
    }
}

impl<X: Tensor<Elem = f32>> Loss<[X; 4], ()> for GaussianKl {
    #[inline]
    fn divisor(&self, targets: &[()]) -> f32 {
        (targets.len() * X::LEN) as f32
    }

    #[inline]
    fn evaluate<K: Kernels, R: Reduction>(&self, _: K, y: &mut [[X; 4]], targets: &[()], reduction: &mut R) {
        for (sample, ()) in samples_mut(Tensor::flat_mut(y), 4 * X::LEN).zip(targets) {
            let (first, second) = split(sample, 2 * X::LEN);
            let ((mean, log_variance), (mean2, log_variance2)) = (split(first, X::LEN), split(second, X::LEN));
            let other = mean2.iter_mut().zip(log_variance2);
            for ((m, v), (m2, v2)) in mean.iter_mut().zip(log_variance).zip(other) {
                reduction.element(|scale| {
                    let two = Gaussians::new([*m, *v], [*m2, *v2]);
                    (*m, *v) = (scale * two.mean, scale * two.log_variance);
                    (*m2, *v2) = (-scale * two.mean, scale * two.log_variance2);
                    two.value
                });
            }
        }
    }
}

/// The divergence of two normal distributions, and its derivatives; that with respect to the second mean
/// is the negative of the first.
struct Gaussians {
    value: f32,
    mean: f32,
    log_variance: f32,
    log_variance2: f32,
}

impl Gaussians {
    #[inline(always)]
    fn new([m1, v1]: [f32; 2], [m2, v2]: [f32; 2]) -> Self {
        // σ₁²/σ₂² - 1
        let excess = math::expm1(v1 - v2);
        let mean = (m1 - m2) * math::exp(-v2);
        let distance = (m1 - m2) * mean;
        Self {
            value: 0.5 * ((excess - (v1 - v2)) + distance),
            mean,
            log_variance: 0.5 * excess,
            log_variance2: -0.5 * (excess + distance),
        }
    }
}

/// The divergence of categorical distributions, from their logits: `Σ_k p_k (ln p_k - ln q_k)` with
/// `p = softmax(a)`, `q = softmax(b)` over the last dimension: PyTorch's `distributions.kl_divergence` of two
/// `Categorical`.
///
/// | output | targets | |
/// |---|---|---|
/// | `[a, b]`: `[X; 2]` | none: `()` | both learned |
/// | `a`: `X` | `b`: `X` | |
///
/// One element for each row. From the uniform distribution: [`UniformKl`].
///
/// ```
/// use tensorlet::{loss::{CategoricalKl, Loss}, Portable};
/// let mut y = [[[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]];
/// assert_eq!(CategoricalKl.mean(Portable, &mut y, &[()]), 0.0);
/// assert_eq!(y, [[[0.0; 3]; 2]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CategoricalKl;

/// The divergence of categorical distributions from the uniform one, from their logits:
/// `ln K + Σ_k p_k ln p_k` with `p = softmax(y)` over the last dimension, of `K` categories: PyTorch's
/// `math.log(K) - Categorical(logits=y).entropy()`.
///
/// In an autoencoder with categorical latent variables it is a part of [`VaeLoss`](super::VaeLoss). One
/// element for each row.
///
/// ```
/// use tensorlet::{loss::{Loss, UniformKl}, Portable};
/// let mut y = [[5.0, 5.0]];
/// assert!(UniformKl.mean(Portable, &mut y, &[()]).abs() < 1e-6);
/// // Two variables of two categories; the first is certain.
/// let mut y = [[[1e4, -1e4], [0.0, 0.0]]];
/// assert!((UniformKl.mean(Portable, &mut y, &[()]) - 2.0_f32.ln() / 2.0).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UniformKl;

/// Categories of a tensor: its last dimension.
const fn categories<X: Tensor>() -> usize {
    let rank = X::SHAPE.rank();
    if rank == 0 { 1 } else { X::SHAPE.dim(rank - 1) }
}

/// The number of rows of a tensor.
const fn rows<X: Tensor>() -> usize {
    X::LEN / categories::<X>()
}

/// `p · x` where impossible categories add nothing, however unlikely the other distribution has them.
#[inline(always)]
fn expected(p: f32, x: f32) -> f32 {
    if p == 0.0 { 0.0 } else { p * x }
}

impl<X: Tensor<Elem = f32>> Loss<[X; 2], ()> for CategoricalKl {
    #[inline]
    fn divisor(&self, targets: &[()]) -> f32 {
        (targets.len() * const { rows::<X>() }) as f32
    }

    #[inline]
    fn evaluate<K: Kernels, R: Reduction>(&self, k: K, y: &mut [[X; 2]], targets: &[()], reduction: &mut R) {
        for (sample, ()) in samples_mut(Tensor::flat_mut(y), 2 * X::LEN).zip(targets) {
            let (a, b) = split(sample, X::LEN);
            for (a, b) in samples_mut(a, const { categories::<X>() }).zip(samples_mut(b, const { categories::<X>() })) {
                reduction.element(|scale| {
                    k.log_softmax(a);
                    k.log_softmax(b);
                    let value = a.iter().zip(&*b).fold(0.0, |sum, (&a, b)| sum + expected(math::exp(a), a - b));
                    for (a, b) in a.iter_mut().zip(b) {
                        let (p, q) = (math::exp(*a), math::exp(*b));
                        (*a, *b) = (scale * expected(p, *a - *b - value), scale * (q - p));
                    }
                    value
                });
            }
        }
    }
}

impl<X: Tensor<Elem = f32>> Loss<X, X> for CategoricalKl {
    #[inline]
    fn divisor(&self, targets: &[X]) -> f32 {
        (targets.len() * const { rows::<X>() }) as f32
    }

    #[inline]
    fn evaluate<K: Kernels, R: Reduction>(&self, k: K, y: &mut [X], targets: &[X], reduction: &mut R) {
        let rows = samples_mut(X::flat_mut(y), const { categories::<X>() });
        for (a, b) in rows.zip(crate::kernel::samples(X::flat(targets), const { categories::<X>() })) {
            reduction.element(|scale| {
                k.log_softmax(a);
                let max = b.iter().fold(f32::NEG_INFINITY, |max, &b| if b > max { b } else { max });
                let shift = max + math::ln(b.iter().fold(0.0, |sum, &b| sum + math::exp(b - max)));
                let term = |a: f32, b: f32| a - (b - shift);
                let value = a.iter().zip(b).fold(0.0, |sum, (&a, &b)| sum + expected(math::exp(a), term(a, b)));
                for (a, &b) in a.iter_mut().zip(b) {
                    *a = scale * expected(math::exp(*a), term(*a, b) - value);
                }
                value
            });
        }
    }
}

impl<X: Tensor<Elem = f32>> Loss<X, ()> for UniformKl {
    #[inline]
    fn divisor(&self, targets: &[()]) -> f32 {
        (targets.len() * const { rows::<X>() }) as f32
    }

    #[inline]
    fn evaluate<K: Kernels, R: Reduction>(&self, k: K, y: &mut [X], targets: &[()], reduction: &mut R) {
        let categories = const { categories::<X>() };
        let (uniform, n) = (math::ln(categories as f32), targets.len() * const { rows::<X>() });
        for y in samples_mut(X::flat_mut(y), categories).take(n) {
            reduction.element(|scale| {
                k.log_softmax(y);
                let negentropy = y.iter().fold(0.0, |sum, &y| sum + expected(math::exp(y), y));
                for y in y.iter_mut() {
                    *y = scale * expected(math::exp(*y), *y - negentropy);
                }
                uniform + negentropy
            });
        }
    }
}
