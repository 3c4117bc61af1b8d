//! Training steps in a workspace that the caller owns.
//!
//! | | gradients kept | use |
//! |---|---|---|
//! | [`Trainer`] | all | mini-batches, also summed up sample by sample; clipping |
//! | [`FusedTrainer`] | at most one layer's | the least memory: each layer is updated at once |
//!
//! Both give the same result for the same batch, up to the order of additions.

use core::marker::PhantomData;

use crate::{
    Error, Path, Tensor,
    kernel::Kernels,
    layer::{Fused, Pass, Train, whole_state},
    loss::Loss,
    memory::{self, Mode, training_words},
    optim::{self, Optimizer},
};

/// Trains by accumulated gradients: PyTorch's `zero_grad`, `backward`, `step`.
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
#[derive(Debug)]
pub struct Trainer<'w, X, N, O> {
    /// The optimiser; its learning rate may be changed between steps.
    pub optimizer: O,
    state: &'w mut [f32],
    grad: &'w mut [f32],
    tape: &'w mut [f32],
    seed: u64,
    types: PhantomData<fn(X, N)>,
}

impl<'w, X: Tensor, N: Train<X>, O: Optimizer> Trainer<'w, X, N, O> {
    /// A trainer on this workspace, which it clears.
    ///
    /// # Errors
    /// [`Error::WorkspaceTooSmall`] if not even a batch of one fits; how many words a batch needs,
    /// [`training_words`] tells.
    pub fn new(optimizer: O, workspace: &'w mut [f32]) -> Result<Self, Error> {
        let [state, grad, tape] = carve::<X, N, O>(Mode::Accumulate, N::GRAD, workspace)?;
        Ok(Self { optimizer, state, grad, tape, seed: 0, types: PhantomData })
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
        self.zero_grad();
        let value = self.accumulate_with_state(k, net, loss, x, targets, 1.0 / loss.divisor(targets), state)?;
        self.apply(k, net);
        Ok(value)
    }

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
        let state = carried::<X, N>(state, x.len())?;
        self.seed = self.seed.wrapping_add(1);
        let given = self.state.len() + self.grad.len() + self.tape.len();
        let budget = Budget { mode: Mode::Accumulate, given };
        let (pass, slot, tape) = slots::<X, N, O, T, L>(loss, x, targets, self.tape, budget, self.seed)?;
        let value = forward(k, net, loss, pass, (slot, state, tape), targets, scale)?;
        net.backward(k, pass, slot, tape, self.grad);
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

/// Trains layer by layer: each is updated as soon as its gradient is known.
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
#[derive(Debug)]
pub struct FusedTrainer<'w, X, N, O> {
    /// The optimiser; its learning rate may be changed between steps.
    pub optimizer: O,
    state: &'w mut [f32],
    words: &'w mut [f32],
    seed: u64,
    types: PhantomData<fn(X, N)>,
}

impl<'w, X: Tensor, N: Train<X>, O: Optimizer> FusedTrainer<'w, X, N, O> {
    /// A trainer on this workspace, which it clears.
    ///
    /// # Errors
    /// [`Error::WorkspaceTooSmall`] if not even a batch of one fits; how many words a batch needs,
    /// [`training_words`] tells.
    pub fn new(optimizer: O, workspace: &'w mut [f32]) -> Result<Self, Error> {
        let [state, _, words] = carve::<X, N, O>(Mode::Fused, 0, workspace)?;
        Ok(Self { optimizer, state, words, seed: 0, types: PhantomData })
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
        let state = carried::<X, N>(state, x.len())?;
        self.seed = self.seed.wrapping_add(1);
        let budget = Budget { mode: Mode::Fused, given: self.state.len() + self.words.len() };
        let words = memory::gradient_words::<X, N>(Mode::Fused, x.len());
        let (scratch, tape) = memory::split(self.words, words);
        let (pass, slot, tape) = slots::<X, N, O, T, L>(loss, x, targets, tape, budget, self.seed)?;
        let value = forward(k, net, loss, pass, (slot, state, tape), targets, 1.0 / loss.divisor(targets))?;
        self.optimizer.advance();
        let step = Fused { optimizer: &self.optimizer, path: Path::ROOT, state: self.state, scratch };
        net.backward_fused(k, pass, slot, tape, step);
        Ok(value)
    }
}

/// The state that a batch carries on: none, or all of it.
#[inline(always)]
fn carried<X: Tensor, N: Train<X>>(state: &mut [f32], n: usize) -> Result<&mut [f32], Error> {
    if state.is_empty() { Ok(state) } else { whole_state(state, n * N::STATE) }
}

/// Cuts a workspace into state, gradient and the rest; clears it.
fn carve<X: Tensor, N: Train<X>, O: Optimizer>(
    mode: Mode,
    grad: usize,
    workspace: &mut [f32],
) -> Result<[&mut [f32]; 3], Error> {
    let (needed, given) = (training_words::<X, N, O>(mode, 1), workspace.len());
    if given < needed {
        return Err(Error::WorkspaceTooSmall { needed, given });
    }
    workspace.fill(0.0);
    let (state, rest) = memory::split(workspace, O::STATES * N::GRAD);
    let (grad, rest) = memory::split(rest, grad);
    Ok([state, grad, rest])
}

/// The whole workspace, for the message when a batch does not fit.
struct Budget {
    mode: Mode,
    /// Its words.
    given: usize,
}

/// Checks a batch, and puts its inputs into their slot.
#[inline(always)]
fn slots<'a, X: Tensor, N: Train<X>, O: Optimizer, T, L: Loss<N::Out, T>>(
    loss: &L,
    x: &[X],
    targets: &[T],
    words: &'a mut [f32],
    budget: Budget,
    seed: u64,
) -> Result<(Pass, &'a mut [f32], &'a mut [f32]), Error> {
    let n = x.len();
    if n == 0 {
        return Err(Error::EmptyBatch);
    }
    if n < N::MIN_BATCH {
        return Err(Error::BatchTooSmall { needed: N::MIN_BATCH, given: n });
    }
    if n != targets.len() {
        return Err(Error::BatchMismatch { inputs: n, targets: targets.len() });
    }
    N::check(x)?;
    loss.check(targets)?;
    let Some(words) = words.get_mut(..n.saturating_mul(X::WORDS + N::TAPE_LEAF)) else {
        let needed = training_words::<X, N, O>(budget.mode, n);
        return Err(Error::WorkspaceTooSmall { needed, given: budget.given });
    };
    let (slot, tape) = memory::split(words, n * X::WORDS);
    for (to, from) in X::in_words_mut(slot, n).iter_mut().zip(x) {
        *to = *from;
    }
    Ok((Pass { n, input_gradient: false, training: true, seed }, slot, tape))
}

/// Forward and loss: afterwards the output's slot holds the gradient of the loss.
#[inline(always)]
fn forward<X: Tensor, N: Train<X>, T, L: Loss<N::Out, T>, K: Kernels>(
    k: K,
    net: &N,
    loss: &L,
    pass: Pass,
    (slot, state, tape): (&mut [f32], &mut [f32], &mut [f32]),
    targets: &[T],
    scale: f32,
) -> Result<f32, Error> {
    net.forward_train(k, pass, slot, state, tape);
    let y = N::Out::in_words_mut(N::out(pass, slot, tape), pass.n);
    let value = loss.value_and_gradient(k, y, targets, scale);
    if value.is_finite() { Ok(value) } else { Err(Error::NonFiniteLoss { loss: value }) }
}
