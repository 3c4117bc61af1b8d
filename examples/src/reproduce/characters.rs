//! Character models of "The Time Machine" (H. G. Wells, 1895), as "Dive into Deep Learning" has them.

use std::path::Path;

use tensorlet::{
    Gru, Kernels, Linear, Lstm, Mode, Rnn, Train, Trainer,
    data::SequentialSequences,
    loss::{CrossEntropyLoss, Loss, PerStep},
    memory::training_words,
    optim::{
        Adam, Optimizer, Sgd, grad_clipping,
        schedule::{CosineAnnealingLR, Schedule},
    },
    random,
};
use tensorlet_simd::dispatch;

use super::{
    data::characters,
    error::Error,
    fit::{generator, initialised},
    task::{Better, Reference, Task},
};

pub(super) const TASKS: &[Task] = &[
    Task {
        name: "characters-rnn",
        recipe: "RNN-128, 160k characters, T 35, batch 32, Adam 2e-3, clip 1, 3 epochs",
        reference: perplexity("test perplexity", 7.87),
        run: |isa, seed, folder| {
            dispatch!(isa, |k| test::<_, (Rnn<CLASSES, 128>, Linear<128, CLASSES>)>(k, seed, folder))
        },
    },
    Task {
        name: "characters-gru",
        recipe: "the same, GRU-128",
        reference: perplexity("test perplexity", 7.17),
        run: |isa, seed, folder| {
            dispatch!(isa, |k| test::<_, (Gru<CLASSES, 128>, Linear<128, CLASSES>)>(k, seed, folder))
        },
    },
    Task {
        name: "characters-lstm",
        recipe: "the same, LSTM-128",
        reference: perplexity("test perplexity", 7.74),
        run: |isa, seed, folder| {
            dispatch!(isa, |k| test::<_, (Lstm<CLASSES, 128>, Linear<128, CLASSES>)>(k, seed, folder))
        },
    },
    Task {
        name: "characters-overfit",
        recipe: "RNN-256, first 10k characters, batch 16, T 35, SGD 1, cosine, clip 1, 500 epochs",
        reference: perplexity("train perplexity", 1.004),
        run: |isa, seed, folder| dispatch!(isa, |k| overfit(k, seed, folder)),
    },
];

const fn perplexity(measure: &'static str, mean: f64) -> Reference {
    Reference { measure, mean, deviation: 0.0, better: Better::Lower }
}

/// The space, 26 letters, and one for all else, which does not occur.
const CLASSES: usize = 28;
/// Steps of a sequence.
const STEPS: usize = 35;

type OneHot = [[f32; CLASSES]; STEPS];
type Labels = [u8; STEPS];

const LOSS: PerStep<CrossEntropyLoss> = PerStep(CrossEntropyLoss);

/// One pass over a stream: sequences of `B` places of it side by side, the state carried on. Each batch
/// goes with its state to `each`; the mean of the losses that it returns.
fn pass<const B: usize>(
    tokens: &[u8],
    offset: usize,
    state: &mut [f32],
    mut each: impl FnMut(&[OneHot], &[Labels], &mut [f32]) -> Result<f32, Error>,
) -> Result<f64, Error> {
    state.fill(0.0);
    let mut batches = SequentialSequences::<_, B, STEPS>::with_offset(tokens, offset);
    let (mut x, mut y) = ([[0; STEPS]; B], [[0; STEPS]; B]);
    let (mut sum, mut n) = (0.0, 0);
    while batches.next_batch(&mut x, &mut y) {
        let one_hot: Vec<OneHot> = x.iter().map(one_hot).collect();
        sum += f64::from(each(&one_hot, &y, state)?);
        n += 1;
    }
    Ok(sum / f64::from(n))
}

fn one_hot(tokens: &Labels) -> OneHot {
    let mut x = [[0.0; CLASSES]; STEPS];
    for (x, &token) in x.iter_mut().zip(tokens) {
        x[usize::from(token)] = 1.0;
    }
    x
}

/// Trains for some epochs; `offset` says where in the stream each begins, `before` sees the optimiser before
/// each. The perplexity of the last epoch.
fn train<K: Kernels, N: Train<OneHot, Out = OneHot>, O: Optimizer, const B: usize>(
    k: K,
    net: &mut N,
    tokens: &[u8],
    optimizer: O,
    epochs: usize,
    mut offset: impl FnMut() -> usize,
    mut before: impl FnMut(&mut O, usize),
) -> Result<f64, Error> {
    let mut workspace = vec![0.0; training_words::<OneHot, N, O>(Mode::Accumulate, B)];
    let mut trainer = Trainer::<OneHot, N, O>::new(optimizer, &mut workspace)?;
    let mut state = vec![0.0; B * N::STATE];
    let mut loss = f64::NAN;
    for epoch in 0..epochs {
        before(&mut trainer.optimizer, epoch);
        loss = pass::<B>(tokens, offset(), &mut state, |x, y, state| {
            trainer.zero_grad();
            let scale = 1.0 / Loss::<OneHot, Labels>::divisor(&LOSS, y);
            let loss = trainer.accumulate_with_state(k, net, &LOSS, x, y, scale, state)?;
            grad_clipping(k, trainer.gradients(), 1.0);
            trainer.apply(k, net);
            Ok(loss)
        })?;
    }
    Ok(loss.exp())
}

fn test<K: Kernels, N: Train<OneHot, Out = OneHot>>(k: K, seed: u64, folder: &Path) -> Result<f64, Error> {
    const TRAIN: usize = 160_000;
    let tokens = characters(folder)?;
    let (learn, test) = tokens.split_at(TRAIN.min(tokens.len()));
    let mut rng = generator(seed);
    let mut net = initialised::<N>(&mut rng);
    train::<_, _, _, 32>(
        k,
        &mut *net,
        learn,
        Adam::new(2e-3),
        3,
        || random::below(STEPS as u32, &mut rng) as usize,
        |_, _| (),
    )?;

    let (mut state, mut arena) = (vec![0.0; N::STATE], vec![0.0; N::PEAK]);
    let loss = pass::<1>(test, 0, &mut state, |x, y, state| {
        let mut logits = net.forward_with_state(k, x, state, &mut arena)?.to_vec();
        Ok(LOSS.mean(k, &mut logits, y))
    })?;
    Ok(loss.exp())
}

fn overfit<K: Kernels>(k: K, seed: u64, folder: &Path) -> Result<f64, Error> {
    const EPOCHS: usize = 500;
    let tokens = characters(folder)?;
    let mut rng = generator(seed);
    let mut net = initialised::<(Rnn<CLASSES, 256>, Linear<256, CLASSES>)>(&mut rng);
    let schedule = CosineAnnealingLR::new(1.0, EPOCHS as u32);
    train::<_, _, _, 16>(
        k,
        &mut *net,
        &tokens[..10_000],
        Sgd::new(1.0),
        EPOCHS,
        || 0,
        |optimizer, epoch| {
            schedule.set(optimizer, epoch as u32);
        },
    )
}
