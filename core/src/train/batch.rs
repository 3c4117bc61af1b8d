//! A batch in a workspace: its checks and its way forward.

use crate::{
    Error, Tensor,
    kernel::Kernels,
    layer::{Pass, Train, whole_state},
    loss::Loss,
    memory,
};

/// Where a pass finds its memory.
pub(super) struct Space<'w> {
    /// Scratch, the inputs and the tape.
    pub(super) words: &'w mut [f32],
    /// How many of the words are scratch.
    pub(super) scratch: usize,
    /// Words of the workspace in front of these, for the message when a batch does not fit.
    pub(super) taken: usize,
}

/// A batch after the forward pass: the output's slot holds the gradient of the loss.
pub(super) struct Batch<'w> {
    pub(super) slot: &'w mut [f32],
    pub(super) tape: &'w mut [f32],
    pub(super) scratch: &'w mut [f32],
}

/// Checks a batch, puts its inputs into their slot, and goes forward to the loss.
///
/// `targets` come with what their losses are multiplied by; `state` is that which the batch carries
/// on: all of it, or none.
#[inline(always)]
pub(super) fn forward<'w, X: Tensor, N: Train<X>, T, L: Loss<N::Out, T>, K: Kernels>(
    k: K,
    net: &N,
    loss: &L,
    x: &[X],
    (targets, scale): (&[T], f32),
    state: &mut [f32],
    (pass, space): (Pass, Space<'w>),
) -> Result<(f32, Batch<'w>), Error> {
    let n = x.len();
    if n == 0 {
        return Err(Error::EmptyBatch);
    }
    if pass.training && n < N::MIN_BATCH {
        return Err(Error::BatchTooSmall { needed: N::MIN_BATCH, given: n });
    }
    if n != targets.len() {
        return Err(Error::BatchMismatch { inputs: n, targets: targets.len() });
    }
    N::check(x)?;
    loss.check(targets)?;
    let state = if state.is_empty() { state } else { whole_state(state, n * N::STATE)? };

    let tape = if pass.input_gradient { N::TAPE } else { N::TAPE_LEAF };
    let needed = n.saturating_mul(X::WORDS + tape).saturating_add(space.scratch);
    let given = space.words.len();
    let Some(words) = space.words.get_mut(..needed) else {
        let taken = space.taken;
        return Err(Error::WorkspaceTooSmall { needed: needed.saturating_add(taken), given: given + taken });
    };
    let (scratch, words) = memory::split(words, space.scratch);
    let (slot, tape) = memory::split(words, n * X::WORDS);
    for (to, from) in X::in_words_mut(slot, n).iter_mut().zip(x) {
        *to = *from;
    }

    net.forward_train(k, pass, slot, state, tape);
    let y = N::Out::in_words_mut(N::out(pass, slot, tape), n);
    let value = loss.value_and_gradient(k, y, targets, scale);
    if value.is_finite() {
        Ok((value, Batch { slot, tape, scratch }))
    } else {
        Err(Error::NonFiniteLoss { loss: value })
    }
}
