//! Losses: the value and its gradient with respect to the network's output, in one call.

mod cross_entropy;

pub use cross_entropy::CrossEntropyLoss;

use crate::{Error, Tensor, kernel::Kernels};

/// A loss of outputs of type `Y`.
#[diagnostic::on_unimplemented(message = "shape mismatch: the loss `{Self}` cannot take outputs of shape `{Y}`")]
pub trait Loss<Y: Tensor> {
    /// What an output is compared with.
    type Target;

    /// Checks the targets of a batch.
    ///
    /// # Errors
    /// What is wrong with the first bad target.
    fn check(&self, targets: &[Self::Target]) -> Result<(), Error>;

    /// What the mean over these targets divides the sum of losses by: their number, unless some of
    /// them count less; 1 for a loss with `reduction="sum"`.
    #[inline]
    fn divisor(&self, targets: &[Self::Target]) -> f32 {
        targets.len() as f32
    }

    /// The sum of the losses of a batch, each multiplied by `scale`; replaces the outputs `y` by the
    /// gradient of that sum. The targets have been checked.
    fn value_and_gradient<K: Kernels>(&self, k: K, y: &mut [Y], targets: &[Self::Target], scale: f32) -> f32;
}
