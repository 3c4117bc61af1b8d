//! Losses: the value and its gradient with respect to the network's output, in one call.
//!
//! A loss compares a batch of outputs with a batch of targets and replaces the outputs by the gradient.
//! Which targets fit which outputs is part of the types: class labels of any integer type, class
//! probabilities, or a tensor like the output.
//!
//! | PyTorch's `reduction` | here |
//! |---|---|
//! | `"mean"` | as it stands: `CrossEntropyLoss`; [`Loss::mean`] outside of training |
//! | `"sum"` | [`Sum(loss)`](Sum) |
//! | `"batchmean"` | [`BatchMean(loss)`](BatchMean) |
//! | `"none"` | [`Loss::each`]: every element's value, gradients weighted by an upstream gradient |
//!
//! A loss of several outputs of a network takes them as one tensor: stacked `[mean, variance]`, or one
//! behind the other as in [`VaeLoss`]. [`Concat`](crate::layer::Concat) makes such outputs.

mod binary;
mod class;
mod cross_entropy;
mod difference;
mod divergence;
mod elementwise;
mod gaussian_nll;
mod masked;
mod nll;
mod reduction;
mod steps;
mod vae;
mod weighted_cross_entropy;

pub use binary::{BceLoss, BceWithLogitsLoss, FocalLoss};
pub use class::{ClassWeights, Labels};
pub use cross_entropy::CrossEntropyLoss;
pub use difference::{HuberLoss, L1Loss, MseLoss, SmoothL1Loss};
pub use divergence::{CategoricalKl, GaussianKl, KlDivLoss, UniformKl};
pub use elementwise::ElementWeights;
pub use gaussian_nll::GaussianNllLoss;
pub use masked::MaskedSoftmaxCeLoss;
pub use nll::NllLoss;
pub use reduction::{BatchMean, Each, Reduction, Scaled, Sum};
pub use steps::PerStep;
pub use vae::VaeLoss;
pub use weighted_cross_entropy::WeightedCrossEntropyLoss;

use crate::{Error, Tensor, kernel::Kernels};

/// A loss of outputs of type `Y` that are compared with targets of type `T`.
///
/// A loss has *elements*, the numbers that PyTorch gives with `reduction="none"`: one for each label
/// for a cross-entropy, one for each number of the output for a squared error. A new loss gives
/// [`evaluate`](Self::evaluate), and [`divisor`](Self::divisor) unless there is one element for each
/// target.
///
/// ```
/// use tensorlet::{kernel::Kernels, loss::{Loss, Reduction}, Portable};
/// /// `(y - t)⁴ / 4`
/// struct Quartic;
/// impl Loss<f32, f32> for Quartic {
///     fn evaluate<K: Kernels, R: Reduction>(&self, _: K, y: &mut [f32], targets: &[f32], reduction: &mut R) {
///         for (y, t) in y.iter_mut().zip(targets) {
///             reduction.element(|scale| {
///                 let d = *y - t;
///                 *y = scale * d * d * d;
///                 d * d * d * d / 4.0
///             });
///         }
///     }
/// }
/// let mut y = [1.0, 2.0];
/// assert_eq!(Quartic.mean(Portable, &mut y, &[1.0, 0.0]), 2.0);
/// assert_eq!(y, [0.0, 4.0]);
/// ```
#[diagnostic::on_unimplemented(
    message = "shape mismatch: the loss `{Self}` cannot take outputs of shape `{Y}` with targets of type `{T}`"
)]
pub trait Loss<Y: Tensor, T> {
    /// Checks the targets of a batch.
    ///
    /// # Errors
    /// What is wrong with the first bad target.
    #[inline]
    fn check(&self, targets: &[T]) -> Result<(), Error> {
        let _ = targets;
        Ok(())
    }

    /// What the mean over these targets divides the sum of losses by: the number of elements, unless
    /// some of them count less; 1 for a loss with `reduction="sum"`.
    #[inline]
    fn divisor(&self, targets: &[T]) -> f32 {
        targets.len() as f32
    }

    /// Computes all elements in order and replaces the outputs `y` by the gradient. For each element it
    /// calls [`Reduction::element`] with a closure that gets the factor of the element's gradient, puts
    /// the gradient in place, and returns the element's value. The targets have been checked.
    fn evaluate<K: Kernels, R: Reduction>(&self, k: K, y: &mut [Y], targets: &[T], reduction: &mut R);

    /// The sum of the losses of a batch, each multiplied by `scale`; replaces the outputs `y` by the
    /// gradient of that sum. The targets have been checked.
    #[inline]
    fn value_and_gradient<K: Kernels>(&self, k: K, y: &mut [Y], targets: &[T], scale: f32) -> f32 {
        let mut reduction = Scaled::new(scale);
        self.evaluate(k, y, targets, &mut reduction);
        reduction.value()
    }

    /// The mean loss; replaces the outputs `y` by its gradient. Over no element at all, all targets
    /// being ignored, it is NaN, as in PyTorch. The targets have been checked.
    ///
    /// ```
    /// use tensorlet::{loss::{CrossEntropyLoss, Loss}, Portable};
    /// let loss = CrossEntropyLoss.mean(Portable, &mut [[0.0, 0.0], [3.0, 3.0]], &[1, 0]);
    /// assert!((loss - 2.0_f32.ln()).abs() < 1e-6);
    /// ```
    #[inline]
    fn mean<K: Kernels>(&self, k: K, y: &mut [Y], targets: &[T]) -> f32 {
        self.value_and_gradient(k, y, targets, 1.0 / self.divisor(targets))
    }

    /// Every element's loss into `values`: PyTorch's `reduction="none"`. Replaces the outputs `y` by the
    /// gradient of `Σ upstream · values`; elements for which `upstream` is too short count 1, so an empty
    /// one gives the gradient of the plain sum. The targets have been checked.
    ///
    /// ```
    /// use tensorlet::{loss::{CrossEntropyLoss, Loss}, Portable};
    /// let (mut y, mut values) = ([[0.0, 0.0], [9.0, 9.0]], [0.0; 2]);
    /// CrossEntropyLoss.each(Portable, &mut y, &[1, 0], &[2.0, -1.0], &mut values);
    /// assert_eq!(values, [core::f32::consts::LN_2; 2]);
    /// assert_eq!(y, [[1.0, -1.0], [0.5, -0.5]]);
    /// ```
    #[inline]
    fn each<K: Kernels>(&self, k: K, y: &mut [Y], targets: &[T], upstream: &[f32], values: &mut [f32]) {
        self.evaluate(k, y, targets, &mut Each::new(upstream, values));
    }
}
