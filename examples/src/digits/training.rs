//! Training and testing on a host.

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::loss::CrossEntropyLoss;
use tensorlet::optim::{Adam, Optimizer, Sgd};
use tensorlet::{Kernels, Layer, Mode, Module, Trainer, random};

use super::data::{CLASSES, DataSet, Digit, Picture};
use super::{BATCH, Digits};
use crate::error::Error;
use crate::options::{Method, Options};
use crate::progress::Progress;
use crate::report::{Confusion, Epoch, Misread};

/// The digits in memory, split into those to learn from and those to test with.
#[derive(Clone, Debug)]
pub struct Split {
    /// The digits to learn from.
    pub train: Vec<Digit>,
    /// The digits to test with.
    pub test: Vec<Digit>,
}

impl From<DataSet<'_>> for Split {
    fn from(digits: DataSet<'_>) -> Self {
        Self { train: digits.train().collect(), test: digits.test().collect() }
    }
}

/// A trained network with the measures of each epoch.
#[derive(Clone, Debug)]
pub struct Trained {
    /// The network after the last epoch.
    pub network: Digits,
    /// The measures of each epoch.
    pub epochs: Vec<Epoch>,
    /// How it reads the test digits after the last epoch.
    pub reading: Reading,
}

/// How a network reads the test digits.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Which was read as which.
    pub confusion: Confusion,
    /// Those that were read as another.
    pub misread: Vec<Misread>,
    /// The share that was read correctly.
    pub accuracy: f32,
}

/// Trains a network from this seed as the options say.
///
/// # Errors
/// [`Error::Training`] or [`Error::Diverged`] if the loss diverges.
pub fn train<K: Kernels>(k: K, digits: &Split, seed: u64, options: &Options) -> Result<Trained, Error> {
    let rate = options.rate();
    match options.optimizer {
        Method::Adam => train_with(k, Adam::new(rate), digits, seed, options.epochs),
        Method::Sgd => train_with(k, Sgd::new(rate), digits, seed, options.epochs),
        Method::Momentum => train_with(k, Sgd::with_momentum(rate, 0.9), digits, seed, options.epochs),
    }
}

fn train_with<K: Kernels, O: Optimizer>(
    k: K,
    optimizer: O,
    digits: &Split,
    seed: u64,
    epochs: u32,
) -> Result<Trained, Error> {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(seed);
    let mut network = Digits::ZERO;
    network.init(&mut rng);

    let stopped = |epoch| move |source| Error::Training { seed, epoch, source };
    let mut workspace = vec![0.0; Digits::training_words::<O>(Mode::Accumulate, BATCH)];
    let mut trainer = Trainer::new(optimizer, &mut workspace).map_err(stopped(0))?;
    let mut order = digits.train.clone();
    let (mut pictures, mut labels) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));

    let progress = Progress::new(seed, epochs, order.len().div_ceil(BATCH));
    let mut history: Vec<Epoch> = Vec::new();
    let mut reading = Reading::default();
    for epoch in 1..=epochs {
        random::shuffle(&mut order, &mut rng);
        let (mut sum, mut met) = (0.0, 0.0);
        for batch in order.chunks(BATCH) {
            pictures.clear();
            pictures.extend(batch.iter().map(|digit| digit.picture));
            labels.clear();
            labels.extend(batch.iter().map(|digit| digit.label));
            let loss = trainer.step(k, &mut network, &CrossEntropyLoss, &pictures, &labels).map_err(stopped(epoch))?;
            sum += f64::from(loss) * batch.len() as f64;
            met += batch.len() as f64;
            progress.batch(epoch, (sum / met) as f32, history.last());
        }
        reading = read(k, &network, &digits.test).map_err(stopped(epoch))?;
        let loss = (sum / met) as f32;
        let guessing = (CLASSES as f32).ln();
        if loss > 2.0 * guessing {
            return Err(Error::Diverged { seed, epoch, loss, guessing });
        }
        let measures = Epoch { loss, test_accuracy: reading.accuracy };
        progress.epoch(epoch, &measures).map_err(Error::Print)?;
        history.push(measures);
    }
    Ok(Trained { network, epochs: history, reading })
}

/// Reads the digits with a network.
///
/// # Errors
/// None that a set of digits can bring about; the library's, if its arena were too small.
pub fn read<K: Kernels>(k: K, network: &Digits, digits: &[Digit]) -> Result<Reading, tensorlet::Error> {
    let mut arena = vec![0.0; BATCH * Digits::INFERENCE_WORDS];
    let mut reading = Reading::default();
    for batch in digits.chunks(BATCH) {
        let pictures: Vec<Picture> = batch.iter().map(|digit| digit.picture).collect();
        let logits = network.forward(k, &pictures, &mut arena)?;
        for (digit, logits) in batch.iter().zip(logits) {
            let (predicted, confidence) = best(logits);
            reading.confusion.add(digit.label, predicted);
            if predicted != digit.label {
                let Digit { picture, label } = *digit;
                reading.misread.push(Misread { picture, label, predicted, confidence });
            }
        }
    }
    let right = digits.len() - reading.misread.len();
    reading.accuracy = right as f32 / digits.len().max(1) as f32;
    Ok(reading)
}

/// The digit with the largest logit, and its probability.
fn best(logits: &[f32]) -> (u8, f32) {
    let mut best = (0, f32::NEG_INFINITY);
    for (digit, &logit) in (0..).zip(logits) {
        if logit > best.1 {
            best = (digit, logit);
        }
    }
    let sum: f32 = logits.iter().map(|logit| (logit - best.1).exp()).sum();
    (best.0, 1.0 / sum)
}
