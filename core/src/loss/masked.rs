//! Cross-entropy of padded sequences.

use super::{Loss, Reduction, class::check};
use crate::{Error, Index, Tensor, kernel::Kernels};

/// Softmax cross-entropy of sequences of which only the first steps count: d2l's `MaskedSoftmaxCELoss`, for
/// machine translation.
///
/// The outputs are logits `[[f32; C]; T]` of each step, the targets the labels of all steps and the number
/// of valid steps: `([u8; T], usize)`. One element for each sequence: the cross-entropies of its valid
/// steps, over `T`.
///
/// ```
/// use tensorlet::{loss::{Loss, MaskedSoftmaxCeLoss}, Portable};
/// let mut y = [[[0.0, 0.0], [3.0, 3.0]]];
/// let loss = MaskedSoftmaxCeLoss.mean(Portable, &mut y, &[([0, 1], 1)]);
/// assert!((loss - 2.0_f32.ln() / 2.0).abs() < 1e-6);
/// assert_eq!(y, [[[-0.25, 0.25], [0.0, 0.0]]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MaskedSoftmaxCeLoss;

impl<I: Index + Tensor<Elem = I>, const C: usize, const T: usize> Loss<[[f32; C]; T], ([I; T], usize)>
    for MaskedSoftmaxCeLoss
{
    /// Labels behind the valid steps may be anything.
    #[inline]
    fn check(&self, targets: &[([I; T], usize)]) -> Result<(), Error> {
        for (i, (labels, valid)) in targets.iter().enumerate() {
            check(labels.get(..*valid).unwrap_or(labels), C, i64::MIN).map_err(|error| match error {
                Error::LabelOutOfRange { index, label, classes } => {
                    Error::LabelOutOfRange { index: i * T + index, label, classes }
                }
                other => other,
            })?;
        }
        Ok(())
    }

    #[inline]
    fn evaluate<K: Kernels, R: Reduction>(
        &self,
        k: K,
        y: &mut [[[f32; C]; T]],
        targets: &[([I; T], usize)],
        reduction: &mut R,
    ) {
        let share = const { 1.0 / T as f32 };
        for (steps, (labels, valid)) in y.iter_mut().zip(targets) {
            reduction.element(|scale| {
                let mut sum = 0.0;
                for (i, (y, label)) in steps.iter_mut().zip(labels).enumerate() {
                    if i < *valid {
                        sum += k.cross_entropy(y, label.position(C).unwrap_or(usize::MAX), scale * share);
                    } else {
                        y.fill(0.0);
                    }
                }
                sum * share
            });
        }
    }
}
