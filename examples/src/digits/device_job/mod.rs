//! Jobs for a microcontroller: train from a fixed seed on a few digits held in flash, then read digits that
//! were held out.
//!
//! | job | network | trained |
//! |---|---|---|
//! | [`pictures`] | convolutions | with fused updates after every digit, which takes the least memory; then, from the same weights, with gradients accumulated over small batches |
//! | [`rows`] | a recurrent network that sees a picture row by row | with fused updates after every digit |
//! | [`head`] | a linear layer of floats behind convolutions on int8, which stay as they are | as `pictures` |
//!
//! A host and a device that run a job with [`Portable`](tensorlet::Portable) get the same bits: every loss,
//! every weight.

pub mod head;
pub mod pictures;
pub mod rows;

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{FusedTrainer, Kernels, Mode, Path, Tensor, Train, Trainer, loss::CrossEntropyLoss, optim::Optimizer};

use super::data::{BYTES, CLASSES, DataError, DataSet, Digit, Picture, RECORD};
use crate::fingerprint::Fingerprint;

/// How many digits of the set are held in flash.
pub const RECORDS: usize = 250;
/// Passes over the digits to train on, in each mode.
pub const EPOCHS: usize = 5;
/// Digits between two updates where gradients are accumulated.
pub const BATCH: usize = 10;

const SEED: u64 = 0;

static SUBSET: [u8; RECORDS * RECORD] = match BYTES.first_chunk() {
    Some(records) => *records,
    None => panic!("the set holds fewer digits than the job asks for"),
};

/// Why the job stopped.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum JobError {
    /// The digits are damaged.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Training or inference failed.
    #[error(transparent)]
    Tensorlet(#[from] tensorlet::Error),
}

/// A network that reads a digit.
pub trait Reader: Train<Self::Input, Out = [f32; CLASSES]> {
    /// What it sees of a picture.
    type Input: Tensor;

    /// The picture as it sees it.
    fn input(picture: &Picture) -> Self::Input;
}

/// All the memory of a job but its stack, which the caller owns.
#[derive(Debug)]
pub struct Memory<'a, N> {
    /// The network: its weights change, so they lie in RAM.
    pub network: &'a mut N,
    /// The workspace of training; each mode takes what it needs of it.
    pub workspace: &'a mut [f32],
    /// The arena of inference.
    pub arena: &'a mut [f32],
}

/// A mode of training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Training {
    /// How gradients are used.
    pub mode: Mode,
    /// In words, with the optimiser.
    pub name: &'static str,
}

/// A piece of work that is done many times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// A step of training on one digit with fused updates.
    FusedStep,
    /// Adding up the gradient of one digit.
    Accumulate,
    /// Updating the weights from the gradients.
    Apply,
    /// Reading one digit.
    Inference,
}

/// Looks on while the job runs.
pub trait Watch {
    /// Does a piece of work; a device measures it.
    fn work<R>(&mut self, work: Work, body: impl FnOnce() -> R) -> R;

    /// An epoch is over; its mean loss.
    fn epoch(&mut self, training: &Training, epoch: usize, loss: f32);
}

/// Looks away.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn work<R>(&mut self, _: Work, body: impl FnOnce() -> R) -> R {
        body()
    }

    fn epoch(&mut self, _: &Training, _: usize, _: f32) {}
}

/// What came out of one training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// How the network was trained, with the optimiser.
    pub name: &'static str,
    /// The mean loss of each epoch.
    pub losses: [f32; EPOCHS],
    /// A fingerprint of the loss of every step and of every weight at the end.
    pub fingerprint: u32,
    /// Digits read correctly of those held out.
    pub correct: usize,
    /// How many digits were held out.
    pub held_out: usize,
}

/// The digits of a job.
///
/// # Errors
/// [`DataError`] if they are damaged.
fn digits() -> Result<DataSet<'static>, DataError> {
    DataSet::parse(&SUBSET)
}

/// Trains with an update of all layers after every digit.
fn fused<N: Reader, O: Optimizer, K: Kernels>(
    k: K,
    (name, optimizer): (&'static str, O),
    memory: &mut Memory<'_, N>,
    watch: &mut impl Watch,
) -> Result<Outcome, JobError> {
    let training = Training { mode: Mode::Fused, name };
    let (set, network) = (digits()?, &mut *memory.network);
    network.init(&mut Xoshiro128PlusPlus::seed_from_u64(SEED));
    let mut trainer = FusedTrainer::new(optimizer, memory.workspace)?;

    let mut course = Course::default();
    for epoch in 0..EPOCHS {
        for Digit { picture, label } in set.train() {
            let x = N::input(&picture);
            let step = || trainer.step(k, network, &CrossEntropyLoss, &[x], &[label]);
            course.add(watch.work(Work::FusedStep, step)?);
        }
        watch.epoch(&training, epoch, course.end_epoch(epoch));
    }
    course.end(k, (name, set), network, memory.arena, watch)
}

/// Trains with gradients added up over small batches.
fn accumulated<N: Reader, O: Optimizer, K: Kernels>(
    k: K,
    (name, optimizer): (&'static str, O),
    memory: &mut Memory<'_, N>,
    watch: &mut impl Watch,
) -> Result<Outcome, JobError> {
    let training = Training { mode: Mode::Accumulate, name };
    let (set, network) = (digits()?, &mut *memory.network);
    network.init(&mut Xoshiro128PlusPlus::seed_from_u64(SEED));
    let mut trainer = Trainer::new(optimizer, memory.workspace)?;

    let mut course = Course::default();
    let scale = 1.0 / BATCH as f32;
    for epoch in 0..EPOCHS {
        for (i, Digit { picture, label }) in set.train().enumerate() {
            let x = N::input(&picture);
            let step = || trainer.accumulate(k, network, &CrossEntropyLoss, &[x], &[label], scale);
            course.add(watch.work(Work::Accumulate, step)? / scale);
            if i % BATCH == BATCH - 1 {
                watch.work(Work::Apply, || trainer.apply(k, network));
                trainer.zero_grad();
            }
        }
        watch.epoch(&training, epoch, course.end_epoch(epoch));
    }
    course.end(k, (name, set), network, memory.arena, watch)
}

/// The class with the highest score; the first of equals.
pub fn best<const C: usize>(scores: &[f32; C]) -> usize {
    let mut best = (0, f32::NEG_INFINITY);
    for (class, &score) in scores.iter().enumerate() {
        if score > best.1 {
            best = (class, score);
        }
    }
    best.0
}

/// Losses as they come, and what is remembered of them.
#[derive(Default)]
struct Course {
    losses: [f32; EPOCHS],
    sum: f32,
    steps: usize,
    fingerprint: Fingerprint,
}

impl Course {
    fn add(&mut self, loss: f32) {
        self.sum += loss;
        self.steps += 1;
        self.fingerprint.add(&loss);
    }

    fn end_epoch(&mut self, epoch: usize) -> f32 {
        let loss = self.sum / self.steps as f32;
        self.losses[epoch] = loss;
        (self.sum, self.steps) = (0.0, 0);
        loss
    }

    /// Reads the digits held out.
    fn end<N: Reader, K: Kernels>(
        mut self,
        k: K,
        (name, set): (&'static str, DataSet<'_>),
        network: &N,
        arena: &mut [f32],
        watch: &mut impl Watch,
    ) -> Result<Outcome, JobError> {
        let (mut correct, mut held_out) = (0, 0);
        for Digit { picture, label } in set.test() {
            N::Input::in_words_mut(arena, 1)[0] = N::input(&picture);
            let inference = || network.forward_in_arena(k, 1, arena).map(|scores| best(&scores[0]));
            correct += usize::from(watch.work(Work::Inference, inference)? == usize::from(label));
            held_out += 1;
        }
        network.parameters(Path::ROOT, &mut self.fingerprint);
        Ok(Outcome { name, losses: self.losses, fingerprint: self.fingerprint.value(), correct, held_out })
    }
}
