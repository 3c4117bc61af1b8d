//! The negative log-likelihood of class labels.

use super::{
    ClassWeights, Labels, Loss, Reduction,
    class::{IGNORE_INDEX, check, weight_of_labels},
};
use crate::{
    Error, Index, Tensor,
    kernel::Kernels,
    line::{Lines, cells},
};

/// The negative log-likelihood of class labels: PyTorch's `nn.NLLLoss(weight, ignore_index=…)`.
///
/// `loss = -w_t y_t`, the outputs `y` being log-probabilities, for instance of a log-softmax. Outputs and
/// labels have the shapes of [`CrossEntropyLoss`](super::CrossEntropyLoss). The mean divides by the sum of
/// the labels' weights.
///
/// ```
/// use tensorlet::{loss::{Loss, NllLoss}, Portable};
/// let mut y = [[-0.5, -1.0], [-2.0, -0.25]];
/// let loss = NllLoss::NEW.weight([1.0, 3.0]).mean(Portable, &mut y, &[0, 1]);
/// assert_eq!(loss, (0.5 + 3.0 * 0.25) / 4.0);
/// assert_eq!(y, [[-0.25, 0.0], [0.0, -0.75]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NllLoss<W = ()> {
    /// The weight of each class, `[f32; C]`, or `()`.
    pub weight: W,
    /// The label that counts nowhere.
    pub ignore_index: i64,
}

impl NllLoss {
    /// PyTorch's defaults.
    pub const NEW: Self = Self { weight: (), ignore_index: IGNORE_INDEX };
}

impl Default for NllLoss {
    fn default() -> Self {
        Self::NEW
    }
}

impl<W: Copy> NllLoss<W> {
    /// With a weight for each class.
    #[must_use]
    pub const fn weight<const C: usize>(self, weight: [f32; C]) -> NllLoss<[f32; C]> {
        NllLoss { weight, ignore_index: self.ignore_index }
    }

    /// With a label that counts nowhere.
    #[must_use]
    pub const fn ignore_index(self, ignore_index: i64) -> Self {
        Self { ignore_index, ..self }
    }
}

impl<W: ClassWeights<C>, Z: Tensor<Elem = f32>, T: Labels<Z>, const C: usize> Loss<[Z; C], T> for NllLoss<W> {
    #[inline]
    fn check(&self, targets: &[T]) -> Result<(), Error> {
        check(T::flat(targets), C, self.ignore_index)
    }

    #[inline]
    fn divisor(&self, targets: &[T]) -> f32 {
        weight_of_labels(T::flat(targets), &self.weight, self.ignore_index)
    }

    #[inline]
    fn evaluate<K: Kernels, R: Reduction>(&self, _: K, y: &mut [[Z; C]], targets: &[T], reduction: &mut R) {
        let lines = const { Lines { len: C, stride: Z::LEN } }.of(cells(Tensor::flat_mut(y)));
        for (line, label) in lines.zip(T::flat(targets)) {
            let ignored = label.to_i64() == self.ignore_index;
            let target = label.position(C).filter(|_| !ignored);
            reduction.element(|scale| {
                // The loss of a label that is none is NaN; callers check labels first.
                let mut value = if ignored { 0.0 } else { f32::NAN };
                for (class, y) in line.iter().enumerate() {
                    if target == Some(class) {
                        let weight = self.weight.of(class);
                        value = -weight * y.get();
                        y.set(-weight * scale);
                    } else {
                        y.set(0.0);
                    }
                }
                value
            });
        }
    }
}
