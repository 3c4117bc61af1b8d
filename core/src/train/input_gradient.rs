//! Gradients with respect to inputs.

use super::batch::{Space, forward};
use crate::{
    Error, Tensor,
    kernel::Kernels,
    layer::{Pass, Train},
    loss::Loss,
};

/// Words of the workspace that [`input_gradient`] needs for `n` samples.
#[must_use]
pub const fn input_gradient_words<X: Tensor, N: Train<X>>(n: usize) -> usize {
    n * (X::WORDS + N::TAPE)
}

/// The mean loss of a batch and its gradient with respect to each input: PyTorch's `x.grad` after
/// `x.requires_grad_()`, `net.eval()` and `backward()`. The gradients lie in the workspace.
///
/// The network evaluates: dropout lets everything pass, batch normalisation uses its running
/// statistics. No gradient of a parameter is computed, and no parameter is changed.
///
/// ```
/// use tensorlet::{Linear, Portable, loss::MseLoss, train::{input_gradient, input_gradient_words}};
/// let mut net = Linear { weight: [[2.0], [3.0]], bias: [0.0] };
/// let mut workspace = [0.0; input_gradient_words::<[f32; 2], Linear<2, 1>>(1)];
/// let (loss, dx) = input_gradient(Portable, &mut net, &MseLoss, &[[1.0, 1.0]], &[[4.0]], &mut workspace)?;
/// assert_eq!(loss, 1.0);
/// assert_eq!(dx, [[4.0, 6.0]]); // 2 (5 - 4) · weight
/// # Ok::<(), tensorlet::Error>(())
/// ```
///
/// # Errors
/// Bad targets, a batch larger than the workspace, a loss that is not finite.
#[inline]
pub fn input_gradient<'w, K: Kernels, X: Tensor<Elem = f32>, N: Train<X>, T, L: Loss<N::Out, T>>(
    k: K,
    net: &mut N,
    loss: &L,
    x: &[X],
    targets: &[T],
    workspace: &'w mut [f32],
) -> Result<(f32, &'w mut [X]), Error> {
    let n = x.len();
    let pass = Pass { n, input_gradient: true, training: false, seed: 0, ..Pass::NEW };
    let space = Space { words: workspace, scratch: 0, taken: 0 };
    let scale = 1.0 / loss.divisor(targets);
    let (value, batch) = forward(k, &*net, loss, x, (targets, scale), &mut [], (pass, space))?;
    net.backward(k, pass, batch.slot, batch.tape, &mut []);
    Ok((value, X::in_words_mut(batch.slot, n)))
}
