//! Losses of sequences.

use super::{Loss, Reduction};
use crate::{Error, Tensor, kernel::Kernels};

/// A loss at every step of a sequence: outputs `[Y; N]` with targets `[T; N]`, for a loss of outputs `Y`
/// with targets `T`.
///
/// PyTorch's `loss(output.reshape(-1, C), target.reshape(-1))`: the classes come last
/// here, as a recurrent network gives them, while [`CrossEntropyLoss`](super::CrossEntropyLoss) alone
/// takes `[[f32; L]; C]`, the classes first. The mean is over the steps of all sequences.
///
/// ```
/// use tensorlet::{loss::{CrossEntropyLoss, Loss, PerStep}, Portable};
/// // Two classes at each of three steps.
/// let mut y = [[[0.0, 0.0], [4.0, 4.0], [-1.0, -1.0]]];
/// let loss = PerStep(CrossEntropyLoss).mean(Portable, &mut y, &[[0, 1, 1]]);
/// assert!((loss - 2.0_f32.ln()).abs() < 1e-6);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(transparent)]
pub struct PerStep<L>(
    /// The loss of a step.
    pub L,
);

impl<Y: Tensor, T, L: Loss<Y, T>, const N: usize> Loss<[Y; N], [T; N]> for PerStep<L> {
    #[inline]
    fn check(&self, targets: &[[T; N]]) -> Result<(), Error> {
        self.0.check(targets.as_flattened())
    }

    #[inline]
    fn divisor(&self, targets: &[[T; N]]) -> f32 {
        self.0.divisor(targets.as_flattened())
    }

    #[inline]
    fn evaluate<K: Kernels, R: Reduction>(&self, k: K, y: &mut [[Y; N]], targets: &[[T; N]], reduction: &mut R) {
        self.0.evaluate(k, y.as_flattened_mut(), targets.as_flattened(), reduction);
    }
}
