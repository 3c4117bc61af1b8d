//! The gradient of a part of a batch.

use super::batch::{Space, forward};
use crate::{
    Error, Tensor,
    kernel::Kernels,
    layer::{Pass, Train},
    loss::Loss,
};

/// Words that [`gradient`] needs for the pass over `n` samples: their inputs and the tape.
#[must_use]
pub const fn gradient_pass_words<X: Tensor, N: Train<X>>(n: usize) -> usize {
    n * (X::WORDS + N::TAPE_LEAF)
}

/// Adds to `grad` the gradient of `scale · Σ loss` over some samples, and returns that sum: what
/// [`Trainer::accumulate`](crate::Trainer::accumulate) does, in memory of the caller's choice. For those
/// who compute the parts of a batch in several places and bring the gradients together.
///
/// `grad` has [`Module::GRAD`](crate::Module::GRAD) words, `words` [`gradient_pass_words`]; random layers
/// draw from `seed`. Layers with statistics of the batch take those of these samples.
///
/// # Errors
/// As [`Trainer::accumulate`](crate::Trainer::accumulate); the gradient is then unchanged.
///
/// ```
/// use tensorlet::{Linear, Module, Portable, loss::MseLoss, train};
/// type Net = Linear<1, 1>;
/// let mut net = Net::ZERO;
/// let (mut grad, mut words) = ([0.0; Net::GRAD], [0.0; train::gradient_pass_words::<[f32; 1], Net>(1)]);
/// let loss = train::gradient(Portable, &mut net, &MseLoss, (&[[2.0]], &[[3.0]], 1.0), 0, &mut grad, &mut words)?;
/// assert_eq!((loss, grad), (9.0, [-12.0, -6.0]));
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[inline]
pub fn gradient<X: Tensor, N: Train<X>, K: Kernels, T, L: Loss<N::Out, T>>(
    k: K,
    net: &mut N,
    loss: &L,
    (x, targets, scale): (&[X], &[T], f32),
    seed: u64,
    grad: &mut [f32],
    words: &mut [f32],
) -> Result<f32, Error> {
    let given = grad.len();
    let Some(grad) = grad.get_mut(..N::GRAD) else {
        return Err(Error::WorkspaceTooSmall { needed: N::GRAD, given });
    };
    let space = Space { words, scratch: 0, taken: 0 };
    let pass = Pass { n: x.len(), input_gradient: false, training: true, seed, ..Pass::NEW };
    let (value, batch) = forward(k, net, loss, x, (targets, scale), &mut [], (pass, space))?;
    net.backward(k, pass, batch.slot, batch.tape, grad);
    Ok(value)
}
