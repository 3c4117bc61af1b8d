//! Softmax cross-entropy.

use super::Loss;
use crate::{Error, kernel::Kernels};

/// Softmax cross-entropy of logits with a class label: PyTorch's `nn.CrossEntropyLoss()`.
///
/// `loss = -ln(exp(y_t) / Σ_j exp(y_j))`, averaged over the batch; the gradient is
/// `(softmax(y) - one_hot(t)) / n`.
///
/// ```
/// use tensorlet::{loss::{CrossEntropyLoss, Loss}, Portable};
/// let mut y = [[0.0, 0.0]];
/// let loss = CrossEntropyLoss.value_and_gradient(Portable, &mut y, &[0], 1.0);
/// assert!((loss - 2.0_f32.ln()).abs() < 1e-6);
/// assert_eq!(y, [[-0.5, 0.5]]);
/// assert!(Loss::<[f32; 2]>::check(&CrossEntropyLoss, &[2]).is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CrossEntropyLoss;

impl<const C: usize> Loss<[f32; C]> for CrossEntropyLoss {
    type Target = u8;

    #[inline]
    fn check(&self, targets: &[u8]) -> Result<(), Error> {
        for (index, &label) in targets.iter().enumerate() {
            let label = usize::from(label);
            if label >= C {
                return Err(Error::LabelOutOfRange { index, label, classes: C });
            }
        }
        Ok(())
    }

    #[inline]
    fn value_and_gradient<K: Kernels>(&self, k: K, y: &mut [[f32; C]], targets: &[u8], scale: f32) -> f32 {
        let mut sum = 0.0;
        for (y, &target) in y.iter_mut().zip(targets) {
            sum += k.cross_entropy(y, usize::from(target), scale);
        }
        sum * scale
    }
}
