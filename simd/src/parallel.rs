//! Batches on all cores: training steps and inference over rayon's threads, with the same bits for any
//! number of them.
//!
//! A batch is cut into pieces of [`PIECE`] samples, whatever the number of threads. In training, piece
//! `i` adds its gradient to sum `i % SUMS`, in order; the sums are then added in order. So every
//! number comes from the same additions, whoever does them. It is not the order of
//! [`tensorlet::Trainer`], from which results differ by rounding.
//!
//! The threads are those of the rayon pool from which the call is made.

use std::{
    sync::{Mutex, PoisonError},
    vec::Vec,
};

use rayon::{iter::*, slice::*};
use tensorlet::{
    Error, Layer, Tensor, Train,
    kernel::Kernels,
    loss::Loss,
    memory::{self, Mode, training_words},
    optim::Optimizer,
    train,
};

use crate::{Isa, WithKernels};

/// Samples that a thread takes at a time: enough for the kernels to be at their best.
pub const PIECE: usize = 16;
/// The most sums of gradients that are kept side by side.
pub const SUMS: usize = 32;
/// Gradients that a thread adds up at a time.
const RUN: usize = 4096;

/// Trains with batches on all cores: what [`tensorlet::Trainer`] does on one.
///
/// Beside the workspace it keeps, on the heap, a copy of the network and the memory of a piece for each
/// thread at work, and a gradient for each of up to [`SUMS`] pieces. A network whose samples depend on
/// each other in training, through batch normalisation, does not compile; inside
/// [`Frozen`](tensorlet::Frozen) they don't.
///
/// Random layers draw from the seed, the step and the number of the piece.
///
/// ```
/// use tensorlet::{Linear, Module, loss::CrossEntropyLoss, optim::Sgd};
/// use tensorlet_simd::{Isa, parallel::Trainer};
/// type Net = Linear<2, 2>;
///
/// let mut net = Net::ZERO;
/// let mut workspace = vec![0.0; Trainer::<[f32; 2], Net, Sgd>::WORDS];
/// let mut trainer = Trainer::<[f32; 2], Net, _>::new(Sgd::new(0.5), &mut workspace)?;
/// let (x, labels) = ([[1.0, 0.0], [0.0, 1.0]], [0, 1]);
/// let first = trainer.step(Isa::best(), &mut net, &CrossEntropyLoss, &x, &labels)?;
/// let second = trainer.step(Isa::best(), &mut net, &CrossEntropyLoss, &x, &labels)?;
/// assert!(second < first);
/// # Ok::<(), tensorlet::Error>(())
/// ```
///
/// Batch normalisation needs the whole batch at once:
///
/// ```compile_fail,E0080
/// # use tensorlet::{BatchNorm2d, Image, Module, optim::Sgd};
/// # use tensorlet_simd::parallel::Trainer;
/// let trainer = Trainer::<Image<3, 8, 8>, BatchNorm2d<3>, _>::new(Sgd::new(0.5), &mut []);
/// ```
#[derive(Debug)]
pub struct Trainer<'w, X, N, O> {
    inner: tensorlet::Trainer<'w, X, N, O>,
    sums: Vec<Sum>,
    /// Those that no thread is using.
    workers: Mutex<Vec<Worker<N>>>,
    seed: u64,
    steps: u64,
}

/// What the pieces of one sum come to.
#[derive(Debug)]
struct Sum {
    grad: Vec<f32>,
    loss: Result<f32, Error>,
}

/// What a thread needs for itself.
#[derive(Debug)]
struct Worker<N> {
    /// A copy of the network, behind a pointer: it may be large.
    net: Vec<N>,
    /// The step at whose beginning it was copied.
    step: u64,
    /// The pass over a piece.
    words: Vec<f32>,
}

impl<'w, X, N, O> Trainer<'w, X, N, O>
where
    X: Tensor + Sync,
    N: Train<X> + Copy + Send + Sync,
    O: Optimizer,
{
    /// Words of the workspace.
    pub const WORDS: usize = training_words::<X, N, O>(Mode::Accumulate, 1);

    /// A trainer on this workspace, which it clears.
    ///
    /// # Errors
    /// [`Error::WorkspaceTooSmall`] if it has fewer than [`WORDS`](Self::WORDS).
    pub fn new(optimizer: O, workspace: &'w mut [f32]) -> Result<Self, Error> {
        const {
            assert!(
                !N::DESCRIPTION.couples_samples(true),
                "a network with batch normalisation cannot be trained in parts: its statistics are those of the whole batch"
            );
        }
        let inner = tensorlet::Trainer::new(optimizer, workspace)?;
        Ok(Self { inner, sums: Vec::new(), workers: Mutex::new(Vec::new()), seed: 0, steps: 0 })
    }

    /// Sets what random layers draw from, in this order in every step: PyTorch's `torch.manual_seed`.
    pub fn manual_seed(&mut self, seed: u64) {
        (self.seed, self.steps) = (seed, 0);
    }

    /// The optimiser, whose learning rate may be changed between steps.
    pub fn optimizer(&mut self) -> &mut O {
        &mut self.inner.optimizer
    }

    /// One step on a batch: the mean loss before the update.
    ///
    /// # Errors
    /// Bad inputs or targets, a loss that is not finite. The network is then unchanged.
    pub fn step<T: Sync, L: Loss<N::Out, T> + Sync>(
        &mut self,
        isa: Isa,
        net: &mut N,
        loss: &L,
        x: &[X],
        targets: &[T],
    ) -> Result<f32, Error> {
        if x.is_empty() {
            return Err(Error::EmptyBatch);
        }
        if x.len() != targets.len() {
            return Err(Error::BatchMismatch { inputs: x.len(), targets: targets.len() });
        }
        N::check(x)?;
        loss.check(targets)?;
        self.steps += 1;
        let pieces = x.len().div_ceil(PIECE);
        let used = pieces.min(SUMS);
        self.sums.resize_with(used.max(self.sums.len()), || Sum { grad: std::vec![0.0; N::GRAD], loss: Ok(0.0) });

        let job =
            Job { net: &*net, loss, x, targets, scale: 1.0 / loss.divisor(targets), seed: self.seed, step: self.steps };
        let (workers, sums) = (&self.workers, &mut self.sums[..used]);
        sums.par_iter_mut().enumerate().for_each(|(first, sum)| {
            let mut worker = take(workers).unwrap_or_else(|| job.worker());
            worker.begin(&job);
            sum.loss =
                isa.run(Pieces { job: &job, worker: &mut worker, grad: &mut sum.grad, pieces: (first, pieces, used) });
            lock(workers).push(worker);
        });

        let mut value = 0.0;
        for sum in &*sums {
            value += sum.loss?;
        }
        let sums = &*sums;
        self.inner.gradients().par_chunks_mut(RUN).enumerate().for_each(|(run, total)| {
            let start = run * RUN;
            isa.run(Total { total, parts: sums.iter().map(|sum| &sum.grad[start..]) });
        });
        isa.run(Apply { trainer: &mut self.inner, net });
        Ok(value)
    }
}

/// What is computed in pieces.
struct Job<'a, X, N, T, L> {
    net: &'a N,
    loss: &'a L,
    x: &'a [X],
    targets: &'a [T],
    scale: f32,
    seed: u64,
    step: u64,
}

impl<X: Tensor, N: Train<X> + Copy, T, L> Job<'_, X, N, T, L> {
    fn worker(&self) -> Worker<N> {
        let words = std::vec![0.0; train::gradient_pass_words::<X, N>(PIECE)];
        Worker { net: core::slice::from_ref(self.net).to_vec(), step: self.step, words }
    }
}

impl<N: Copy> Worker<N> {
    /// Brings the copy of the network up to date.
    fn begin<X, T, L>(&mut self, job: &Job<'_, X, N, T, L>) {
        if self.step != job.step {
            self.net.copy_from_slice(core::slice::from_ref(job.net));
            self.step = job.step;
        }
    }
}

/// The pieces of one sum: `(first, all, steps from one to the next)`.
struct Pieces<'a, X, N, T, L> {
    job: &'a Job<'a, X, N, T, L>,
    worker: &'a mut Worker<N>,
    grad: &'a mut [f32],
    pieces: (usize, usize, usize),
}

impl<X: Tensor, N: Train<X>, T, L: Loss<N::Out, T>> WithKernels for Pieces<'_, X, N, T, L> {
    type Output = Result<f32, Error>;

    fn with<K: Kernels>(self, k: K) -> Self::Output {
        let Self { job, worker, grad, pieces: (first, all, step) } = self;
        grad.fill(0.0);
        let (mut value, samples) = (0.0, job.x.chunks(PIECE).zip(job.targets.chunks(PIECE)));
        for (piece, (x, targets)) in samples.enumerate().take(all).skip(first).step_by(step) {
            let seed = job.seed ^ (job.step << 32 | piece as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            if let [net] = &mut *worker.net {
                value += train::gradient(k, net, job.loss, (x, targets, job.scale), seed, grad, &mut worker.words)?;
            }
        }
        Ok(value)
    }
}

/// The total of a run of gradients.
struct Total<'a, I> {
    total: &'a mut [f32],
    parts: I,
}

impl<'p, I: Iterator<Item = &'p [f32]>> WithKernels for Total<'_, I> {
    type Output = ();

    fn with<K: Kernels>(self, k: K) {
        self.total.fill(0.0);
        for part in self.parts {
            k.add(self.total, part);
        }
    }
}

/// The update.
struct Apply<'a, 'w, X, N, O> {
    trainer: &'a mut tensorlet::Trainer<'w, X, N, O>,
    net: &'a mut N,
}

impl<X: Tensor, N: Train<X>, O: Optimizer> WithKernels for Apply<'_, '_, X, N, O> {
    type Output = ();

    fn with<K: Kernels>(self, k: K) {
        self.trainer.apply(k, self.net);
    }
}

/// The network's outputs for a batch of any size, on all cores: what
/// [`Layer::forward`] gives on one.
///
/// A network whose samples depend on each other does not compile.
///
/// # Errors
/// [`Error::EmptyBatch`]; [`Error::BatchMismatch`] unless there are as many outputs as inputs; bad
/// values of the input.
///
/// ```
/// use tensorlet::Linear;
/// use tensorlet_simd::{Isa, parallel};
/// let net = Linear::<1, 1> { weight: [[2.0]], bias: [1.0] };
/// let mut y = [[0.0]; 3];
/// parallel::forward(Isa::best(), &net, &[[1.0], [2.0], [3.0]], &mut y)?;
/// assert_eq!(y, [[3.0], [5.0], [7.0]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
pub fn forward<X, N>(isa: Isa, net: &N, x: &[X], y: &mut [N::Out]) -> Result<(), Error>
where
    X: Tensor + Sync,
    N: Layer<X> + Sync,
    N::Out: Send,
{
    const {
        assert!(
            !N::DESCRIPTION.couples_samples(false),
            "a network that normalises with statistics of the batch cannot be run in parts"
        );
    }
    if x.is_empty() {
        return Err(Error::EmptyBatch);
    }
    if x.len() != y.len() {
        return Err(Error::BatchMismatch { inputs: x.len(), targets: y.len() });
    }
    N::check(x)?;
    let arenas = Mutex::new(Vec::new());
    x.par_chunks(PIECE).zip(y.par_chunks_mut(PIECE)).try_for_each(|(x, y)| {
        let words = memory::inference_words::<X, N>(PIECE);
        let mut arena = take(&arenas).unwrap_or_else(|| std::vec![0.0; words]);
        let result = isa.run(Piece { net, x, y, arena: &mut arena });
        lock(&arenas).push(arena);
        result
    })
}

/// The outputs of one piece.
struct Piece<'a, X, N: Layer<X>>
where
    X: Tensor,
{
    net: &'a N,
    x: &'a [X],
    y: &'a mut [N::Out],
    arena: &'a mut [f32],
}

impl<X: Tensor, N: Layer<X>> WithKernels for Piece<'_, X, N> {
    type Output = Result<(), Error>;

    fn with<K: Kernels>(self, k: K) -> Self::Output {
        let y = self.net.forward(k, self.x, self.arena)?;
        self.y.copy_from_slice(y);
        Ok(())
    }
}

fn lock<T>(shared: &Mutex<Vec<T>>) -> std::sync::MutexGuard<'_, Vec<T>> {
    // What is in there is whole even if a thread has panicked: things are only pushed and popped.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn take<T>(shared: &Mutex<Vec<T>>) -> Option<T> {
    lock(shared).pop()
}
