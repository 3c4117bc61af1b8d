//! Training steps in a workspace that the caller owns.
//!
//! | | gradients kept | use |
//! |---|---|---|
//! | [`Trainer`] | all | mini-batches, also summed up sample by sample; clipping |
//! | [`FusedTrainer`] | at most one layer's | the least memory: each layer is updated at once |
//!
//! Both are [`Training`], and give the same result for the same batch, up to the order of additions.
//!
//! Training and evaluation are different calls, so that no flag can be forgotten: a trainer's `step`
//! trains, with dropout and with the statistics of the batch; [`Layer::forward`](crate::Layer::forward)
//! evaluates, and takes the network by a shared reference, which nothing can change.

mod batch;
mod early_stopping;
mod gradient;
mod input_gradient;

pub use early_stopping::{Best, EarlyStopping, Goal, Progress};
pub use gradient::{gradient, gradient_pass_words};
pub use input_gradient::{input_gradient, input_gradient_words};

use core::marker::PhantomData;

use crate::{
    Error, Path, Tensor,
    kernel::Kernels,
    layer::{Fused, Pass, Train},
    loss::Loss,
    memory::{self, Mode, gradient_words, training_words},
    optim::{self, Optimizer},
};
use batch::{Space, forward};

/// Trains by accumulated gradients: PyTorch's `optimizer.zero_grad(); loss.backward(); optimizer.step()`.
///
/// ```
/// use tensorlet::{loss::CrossEntropyLoss, optim::Sgd, memory::{training_words, Mode}};
/// use tensorlet::{Linear, Module, Portable, Trainer};
/// type Net = Linear<2, 2>;
/// const WORDS: usize = training_words::<[f32; 2], Net, Sgd>(Mode::Accumulate, 4);
///
/// let mut net = Net::ZERO;
/// let mut workspace = [0.0; WORDS];
/// let mut trainer = Trainer::<[f32; 2], Net, _>::new(Sgd::new(0.5), &mut workspace)?;
/// let (x, labels) = ([[1.0, 0.0], [0.0, 1.0]], [0, 1]);
/// let first = trainer.step(Portable, &mut net, &CrossEntropyLoss, &x, &labels)?;
/// let second = trainer.step(Portable, &mut net, &CrossEntropyLoss, &x, &labels)?;
/// assert!(second < first);
/// # Ok::<(), tensorlet::Error>(())
/// ```
pub type Trainer<'w, X, N, O> = Training<'w, X, N, O, false>;

/// Trains layer by layer, each is updated as soon as its gradient is known: PyTorch's
/// `register_post_accumulate_grad_hook(step)`.
///
/// ```
/// use tensorlet::{loss::CrossEntropyLoss, optim::Sgd, memory::{training_words, Mode}};
/// use tensorlet::{FusedTrainer, Linear, Module, Portable};
/// type Net = Linear<2, 2>;
/// const WORDS: usize = training_words::<[f32; 2], Net, Sgd>(Mode::Fused, 1);
/// assert_eq!(WORDS, 2 + 2 + 1);
///
/// let mut net = Net::ZERO;
/// let mut workspace = [0.0; WORDS];
/// let mut trainer = FusedTrainer::<[f32; 2], Net, _>::new(Sgd::new(0.5), &mut workspace)?;
/// let loss = trainer.step(Portable, &mut net, &CrossEntropyLoss, &[[1.0, 0.0]], &[0])?;
/// assert_eq!(net.weight[0], [0.25, -0.25]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
pub type FusedTrainer<'w, X, N, O> = Training<'w, X, N, O, true>;

/// An optimiser at work on networks of type `N`: a [`Trainer`] or a [`FusedTrainer`].
///
/// It holds the workspace, not the network, which every call names. The optimiser's state in the
/// workspace belongs to the parameters of one network.
#[derive(Debug)]
pub struct Training<'w, X, N, O, const FUSED: bool> {
    /// The optimiser; its learning rate may be changed between steps.
    pub optimizer: O,
    state: &'w mut [f32],
    /// The gradients; none where they are not kept.
    grad: &'w mut [f32],
    /// Scratch, the inputs and the tape.
    words: &'w mut [f32],
    seed: u64,
    types: PhantomData<fn(X, N)>,
}

impl<'w, X: Tensor, N: Train<X>, O: Optimizer, const FUSED: bool> Training<'w, X, N, O, FUSED> {
    const MODE: Mode = if FUSED { Mode::Fused } else { Mode::Accumulate };

    /// A trainer on this workspace, which it clears.
    ///
    /// # Errors
    /// [`Error::WorkspaceTooSmall`] if not even a batch of one fits; how many words a batch needs,
    /// [`training_words`] tells.
    pub fn new(optimizer: O, workspace: &'w mut [f32]) -> Result<Self, Error> {
        let (needed, given) = (training_words::<X, N, O>(Self::MODE, 1), workspace.len());
        if given < needed {
            return Err(Error::WorkspaceTooSmall { needed, given });
        }
        workspace.fill(0.0);
        let (state, rest) = memory::split(workspace, O::STATES * N::GRAD);
        let (grad, words) = memory::split(rest, if FUSED { 0 } else { N::GRAD });
        Ok(Self { optimizer, state, grad, words, seed: 0, types: PhantomData })
    }

    /// Sets what random layers draw from, in this order in every step: PyTorch's `torch.manual_seed`.
    /// Two trainings with the same seed, weights and batches are the same.
    pub fn manual_seed(&mut self, seed: u64) {
        self.seed = seed;
    }

    /// One step on a batch: the mean loss before the update.
    ///
    /// # Errors
    /// Bad targets, a batch larger than the workspace, a loss that is not finite. The network is
    /// then unchanged.
    #[inline]
    pub fn step<K: Kernels, T, L: Loss<N::Out, T>>(
        &mut self,
        k: K,
        net: &mut N,
        loss: &L,
        x: &[X],
        targets: &[T],
    ) -> Result<f32, Error> {
        self.step_with_state(k, net, loss, x, targets, &mut [])
    }

    /// [`step`](Self::step) of a recurrent network from the state that the last call left, which this
    /// call changes: truncated back-propagation through time. A sequence begins with zeros.
    ///
    /// # Errors
    /// As [`step`](Self::step); [`Error::StateTooSmall`] if there is a state that is shorter than the
    /// batch needs.
    #[inline]
    pub fn step_with_state<K: Kernels, T, L: Loss<N::Out, T>>(
        &mut self,
        k: K,
        net: &mut N,
        loss: &L,
        x: &[X],
        targets: &[T],
        state: &mut [f32],
    ) -> Result<f32, Error> {
        self.grad.fill(0.0);
        let Self { optimizer, state: kept, grad, words, .. } = self;
        let scratch = if FUSED { gradient_words::<X, N>(Mode::Fused, x.len()) } else { 0 };
        let space = Space { words, scratch, taken: kept.len() + grad.len() };
        let pass = training(&mut self.seed, x.len());
        let scale = 1.0 / loss.divisor(targets);
        let (value, batch) = forward(k, net, loss, x, (targets, scale), state, (pass, space))?;

        optimizer.advance();
        if FUSED {
            let step = Fused { optimizer: &*optimizer, path: Path::ROOT, state: kept, scratch: batch.scratch };
            net.backward_fused(k, pass, batch.slot, batch.tape, step);
        } else {
            net.backward(k, pass, batch.slot, batch.tape, grad);
            optim::update(net, k, optimizer, Path::ROOT, grad, kept);
        }
        Ok(value)
    }
}

impl<X: Tensor, N: Train<X>, O: Optimizer> Trainer<'_, X, N, O> {
    /// Sets all gradients to zero.
    #[inline]
    pub fn zero_grad(&mut self) {
        self.grad.fill(0.0);
    }

    /// Adds to the gradients those of `scale · Σ loss` over the batch, and returns that sum. For the
    /// mean over several calls `scale` is one over the [`divisor`](Loss::divisor) of all targets.
    ///
    /// # Errors
    /// As [`step`](Self::step); the gradients are then unchanged.
    #[inline]
    pub fn accumulate<K: Kernels, T, L: Loss<N::Out, T>>(
        &mut self,
        k: K,
        net: &mut N,
        loss: &L,
        x: &[X],
        targets: &[T],
        scale: f32,
    ) -> Result<f32, Error> {
        self.accumulate_with_state(k, net, loss, x, targets, scale, &mut [])
    }

    /// [`accumulate`](Self::accumulate) from the state that the last call left.
    ///
    /// # Errors
    /// As [`step_with_state`](Self::step_with_state); the gradients are then unchanged.
    #[inline]
    #[expect(clippy::too_many_arguments, reason = "a training step has that many parts")]
    pub fn accumulate_with_state<K: Kernels, T, L: Loss<N::Out, T>>(
        &mut self,
        k: K,
        net: &mut N,
        loss: &L,
        x: &[X],
        targets: &[T],
        scale: f32,
        state: &mut [f32],
    ) -> Result<f32, Error> {
        let space = Space { words: self.words, scratch: 0, taken: self.state.len() + self.grad.len() };
        let pass = training(&mut self.seed, x.len());
        let (value, batch) = forward(k, net, loss, x, (targets, scale), state, (pass, space))?;
        net.backward(k, pass, batch.slot, batch.tape, self.grad);
        Ok(value)
    }

    /// Updates the network from the gradients, which stay as they are.
    #[inline]
    pub fn apply<K: Kernels>(&mut self, k: K, net: &mut N) {
        self.optimizer.advance();
        optim::update(net, k, &self.optimizer, Path::ROOT, self.grad, self.state);
    }

    /// The gradients of all trained parameters, one parameter behind the other in the order in which
    /// they are visited, each in the order in which its values are stored.
    #[must_use]
    pub fn gradients(&mut self) -> &mut [f32] {
        self.grad
    }
}

/// The next pass in training, over `n` samples.
#[inline(always)]
fn training(seed: &mut u64, n: usize) -> Pass {
    *seed = seed.wrapping_add(1);
    Pass { n, input_gradient: false, training: true, seed: *seed, ..Pass::NEW }
}
