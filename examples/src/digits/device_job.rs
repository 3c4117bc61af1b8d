//! The digits job as a microcontroller runs it: train from a fixed seed on a few digits held in flash,
//! then read digits that were held out.
//!
//! The network is trained twice from the same weights: with fused updates after every picture, which
//! takes the least memory, and with gradients accumulated over small batches. A host and a device that
//! call [`run`] with [`Portable`](tensorlet::Portable) get the same bits: every loss, every weight.

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{
    FusedTrainer, Kernels, Layer, Mode, Module, Parameter, Path, Tensor, Trainer, Visitor,
    loss::CrossEntropyLoss,
    memory,
    optim::{Adam, Sgd},
};

use super::Digits;
use super::data::{BYTES, DataError, DataSet, Digit, Picture, RECORD};

/// How many digits of the set are held in flash.
pub const RECORDS: usize = 250;
/// Passes over the digits to train on, in each mode.
pub const EPOCHS: usize = 5;
/// Digits between two updates where gradients are accumulated.
pub const BATCH: usize = 10;

/// Words of the workspace that training with fused updates takes.
pub const FUSED_WORDS: usize = Digits::training_words::<Sgd>(Mode::Fused, 1);
/// Words of the workspace that training with accumulated gradients takes.
pub const ACCUMULATED_WORDS: usize = Digits::training_words::<Adam>(Mode::Accumulate, 1);

const SEED: u64 = 0;
const FUSED: Sgd = Sgd::new(0.05);
const ACCUMULATED: Adam = Adam::new(0.01);

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

/// Words of the workspace of both modes, one after the other.
pub const WORKSPACE_WORDS: usize = memory::max(FUSED_WORDS, ACCUMULATED_WORDS);

/// All the memory of the job but its stack, which the caller owns.
#[derive(Debug)]
pub struct Memory<'a> {
    /// The network: its weights change, so they lie in RAM.
    pub network: &'a mut Digits,
    /// The workspace of training; each mode takes what it needs of it.
    pub workspace: &'a mut [f32; WORKSPACE_WORDS],
    /// The arena of inference.
    pub arena: &'a mut [f32; Digits::INFERENCE_WORDS],
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
    /// The mean loss of each epoch.
    pub losses: [f32; EPOCHS],
    /// A fingerprint of the loss of every step and of every weight at the end.
    pub fingerprint: u32,
    /// Digits read correctly of those held out.
    pub correct: usize,
}

/// What came out of the job.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Record {
    /// Fused updates.
    pub fused: Outcome,
    /// Accumulated gradients.
    pub accumulated: Outcome,
    /// How many digits were held out.
    pub held_out: usize,
}

/// Runs the job.
///
/// # Errors
/// [`JobError`] if the digits are damaged or training diverges.
pub fn run<K: Kernels>(k: K, memory: &mut Memory<'_>, watch: &mut impl Watch) -> Result<Record, JobError> {
    let set = DataSet::parse(&SUBSET)?;
    let fused = fused(k, set, memory, watch)?;
    let accumulated = accumulated(k, set, memory, watch)?;
    Ok(Record { fused, accumulated, held_out: set.test().count() })
}

fn fused<K: Kernels>(
    k: K,
    set: DataSet<'_>,
    memory: &mut Memory<'_>,
    watch: &mut impl Watch,
) -> Result<Outcome, JobError> {
    let training = Training { mode: Mode::Fused, name: "fused updates, SGD" };
    let network = &mut *memory.network;
    network.init(&mut Xoshiro128PlusPlus::seed_from_u64(SEED));
    let mut trainer = FusedTrainer::new(FUSED, &mut memory.workspace[..FUSED_WORDS])?;

    let mut course = Course::default();
    for epoch in 0..EPOCHS {
        for Digit { picture, label } in set.train() {
            let step = || trainer.step(k, network, &CrossEntropyLoss, &[picture], &[label]);
            course.add(watch.work(Work::FusedStep, step)?);
        }
        watch.epoch(&training, epoch, course.end_epoch(epoch));
    }
    course.end(k, set, network, memory.arena, watch)
}

fn accumulated<K: Kernels>(
    k: K,
    set: DataSet<'_>,
    memory: &mut Memory<'_>,
    watch: &mut impl Watch,
) -> Result<Outcome, JobError> {
    let training = Training { mode: Mode::Accumulate, name: "accumulated gradients, Adam" };
    let network = &mut *memory.network;
    network.init(&mut Xoshiro128PlusPlus::seed_from_u64(SEED));
    let mut trainer = Trainer::new(ACCUMULATED, &mut memory.workspace[..ACCUMULATED_WORDS])?;

    let mut course = Course::default();
    let scale = 1.0 / BATCH as f32;
    for epoch in 0..EPOCHS {
        for (i, Digit { picture, label }) in set.train().enumerate() {
            let step = || trainer.accumulate(k, network, &CrossEntropyLoss, &[picture], &[label], scale);
            course.add(watch.work(Work::Accumulate, step)? / scale);
            if i % BATCH == BATCH - 1 {
                watch.work(Work::Apply, || trainer.apply(k, network));
                trainer.zero_grad();
            }
        }
        watch.epoch(&training, epoch, course.end_epoch(epoch));
    }
    course.end(k, set, network, memory.arena, watch)
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
        self.fingerprint.add(loss);
    }

    fn end_epoch(&mut self, epoch: usize) -> f32 {
        let loss = self.sum / self.steps as f32;
        self.losses[epoch] = loss;
        (self.sum, self.steps) = (0.0, 0);
        loss
    }

    /// Reads the digits held out.
    fn end<K: Kernels>(
        mut self,
        k: K,
        set: DataSet<'_>,
        network: &Digits,
        arena: &mut [f32],
        watch: &mut impl Watch,
    ) -> Result<Outcome, JobError> {
        let mut correct = 0;
        for Digit { picture, label } in set.test() {
            Picture::in_words_mut(arena, 1)[0] = picture;
            let inference = || network.forward_in_arena(k, 1, arena).map(|scores| best(&scores[0]));
            correct += usize::from(watch.work(Work::Inference, inference)? == usize::from(label));
        }
        network.parameters(Path::ROOT, &mut self.fingerprint);
        Ok(Outcome { losses: self.losses, fingerprint: self.fingerprint.0, correct })
    }
}

/// FNV-1a over the bits of numbers.
struct Fingerprint(u32);

impl Default for Fingerprint {
    fn default() -> Self {
        Self(0x811c_9dc5)
    }
}

impl Fingerprint {
    fn add(&mut self, value: f32) {
        for byte in value.to_bits().to_le_bytes() {
            self.0 = (self.0 ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
    }
}

impl Visitor for Fingerprint {
    fn parameter(&mut self, _: Parameter<'_>, values: &[f32]) {
        for &value in values {
            self.add(value);
        }
    }
}
