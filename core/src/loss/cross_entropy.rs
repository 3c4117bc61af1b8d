//! Softmax cross-entropy.

use super::{
    Labels, Loss, Reduction, WeightedCrossEntropyLoss,
    class::{IGNORE_INDEX, check},
};
use crate::{Error, Index, Tensor, kernel::Kernels, memory};

/// Softmax cross-entropy of logits with class labels or probabilities: PyTorch's `nn.CrossEntropyLoss()`.
///
/// `loss = -ln(exp(y_t) / Σ_j exp(y_j))`, averaged over all labels; the gradient is
/// `(softmax(y) - one_hot(t)) / n`. The label -100 is ignored.
///
/// | output | targets |
/// |---|---|
/// | logits `[f32; C]` | a label: `u8`, or any other [`Index`] |
/// | logits `[[f32; L]; C]`, `[[[f32; W]; H]; C]`, …: classes first, as PyTorch's `(N, C, d1, …)` | labels `[u8; L]`, `[[u8; W]; H]`, … |
/// | either | probabilities of the output's type |
/// | logits `[[f32; C]; T]` of each step of a sequence | labels `[u8; T]`, with [`PerStep(CrossEntropyLoss)`](super::PerStep) |
///
/// It has no fields and costs nothing that it does not do. Options make it a
/// [`WeightedCrossEntropyLoss`].
///
/// ```
/// use tensorlet::{loss::{CrossEntropyLoss, Loss}, Portable};
/// let mut y = [[0.0, 0.0]];
/// let loss = CrossEntropyLoss.value_and_gradient(Portable, &mut y, &[0], 1.0);
/// assert!((loss - 2.0_f32.ln()).abs() < 1e-6);
/// assert_eq!(y, [[-0.5, 0.5]]);
/// assert!(Loss::<[f32; 2], u8>::check(&CrossEntropyLoss, &[2]).is_err());
///
/// // PyTorch's `nn.CrossEntropyLoss(weight, ignore_index=0, label_smoothing=0.1)`
/// let loss = CrossEntropyLoss.weight([1.0, 2.0]).ignore_index(0).label_smoothing(0.1);
/// assert!(loss.mean(Portable, &mut y, &[0]).is_nan());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CrossEntropyLoss;

impl CrossEntropyLoss {
    /// With a weight for each class: PyTorch's `weight`.
    #[must_use]
    pub const fn weight<const C: usize>(self, weight: [f32; C]) -> WeightedCrossEntropyLoss<[f32; C]> {
        WeightedCrossEntropyLoss { weight, ignore_index: IGNORE_INDEX, label_smoothing: 0.0 }
    }

    /// With a label that counts nowhere: PyTorch's `ignore_index`, -100 by default.
    #[must_use]
    pub const fn ignore_index(self, ignore_index: i64) -> WeightedCrossEntropyLoss {
        WeightedCrossEntropyLoss { ignore_index, ..WeightedCrossEntropyLoss::NEW }
    }

    /// With a share of the probability that all classes get evenly: PyTorch's `label_smoothing`.
    #[must_use]
    pub const fn label_smoothing(self, label_smoothing: f32) -> WeightedCrossEntropyLoss {
        WeightedCrossEntropyLoss { label_smoothing, ..WeightedCrossEntropyLoss::NEW }
    }
}

impl<Z: Tensor<Elem = f32>, T: Labels<Z>, const C: usize> Loss<[Z; C], T> for CrossEntropyLoss {
    #[inline]
    fn check(&self, targets: &[T]) -> Result<(), Error> {
        check(T::flat(targets), C, IGNORE_INDEX)
    }

    #[inline]
    fn divisor(&self, targets: &[T]) -> f32 {
        T::flat(targets).iter().filter(|label| label.to_i64() != IGNORE_INDEX).count() as f32
    }

    #[inline]
    fn evaluate<K: Kernels, R: Reduction>(&self, k: K, y: &mut [[Z; C]], targets: &[T], reduction: &mut R) {
        if Z::LEN > 1 {
            return WeightedCrossEntropyLoss::NEW.evaluate(k, y, targets, reduction);
        }
        if const { !K::ROWS_SIDE_BY_SIDE } {
            for (y, label) in y.iter_mut().zip(T::flat(targets)) {
                let y = Z::flat_mut(y);
                reduction.element(|scale| {
                    if label.to_i64() == IGNORE_INDEX {
                        y.fill(0.0);
                        return 0.0;
                    }
                    k.cross_entropy(y, label.position(C).unwrap_or(usize::MAX), scale)
                });
            }
            return;
        }
        let (mut positions, mut values) = ([0; ROWS], [0.0; ROWS]);
        for (y, labels) in y.chunks_mut(ROWS).zip(T::flat(targets).chunks(ROWS)) {
            let ignored = |label: &&T::Elem| label.to_i64() == IGNORE_INDEX;
            positions.iter_mut().zip(labels).for_each(|(to, label)| *to = label.position(C).unwrap_or(usize::MAX));
            let (values, _) = memory::split(&mut values, y.len().min(labels.len()));
            reduction.elements(values, |values| {
                k.cross_entropy_rows(<[Z; C]>::flat_mut(y), C, &positions, values);
                for ((y, _), value) in y.iter_mut().zip(labels).zip(values).filter(|((_, label), _)| ignored(label)) {
                    Z::flat_mut(y).fill(0.0);
                    *value = 0.0;
                }
            });
        }
    }
}

/// Rows that go into the kernel at once.
const ROWS: usize = 16;
