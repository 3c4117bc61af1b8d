//! Digits read row by row.

use tensorlet::{
    Gelu, Kernels, LastStep, LayerNorm, LearnedPositions, Linear, Lstm, MeanStep, MultiheadAttention, Residual, Train,
    loss::CrossEntropyLoss, optim::Adam,
};
use tensorlet_simd::{Isa, dispatch};

use super::{
    data,
    error::Error,
    fit::{Recipe, accuracy, fit, generator, initialised},
    task::{Reference, Task},
};

/// Eight rows of eight pixels.
type Rows = [[f32; 8]; 8];

pub(super) const TASKS: &[Task] = &[
    Task {
        name: "digits-lstm",
        recipe: "rows, LSTM(8, 32), last step, fc10, Adam 5e-3, batch 32, 20 epochs",
        reference: Reference::accuracy(0.959, 0.014),
        run: |isa, seed, _| train::<(Lstm<8, 32>, (LastStep, Linear<32, 10>))>(isa, seed, 5e-3, 20),
    },
    Task {
        name: "digits-transformer",
        recipe: "rows, block of 16 features, 2 heads, ff 32, pre-LN, GELU, learned positions, mean, fc10, Adam 3e-3, \
                 batch 32, 30 epochs",
        reference: Reference::accuracy(0.949, 0.011),
        run: |isa, seed, _| train::<Transformer>(isa, seed, 3e-3, 30),
    },
];

/// `x + f(norm(x))`.
type PreNorm<F> = Residual<(LayerNorm<[f32; 16]>, F)>;
type Attention = PreNorm<MultiheadAttention<16, 2>>;
type FeedForward = PreNorm<(Linear<16, 32>, (Gelu, Linear<32, 16>))>;
type Embedded = (Linear<8, 16>, LearnedPositions<[[f32; 16]; 8]>);
type Transformer = (Embedded, (Attention, (FeedForward, (LayerNorm<[f32; 16]>, (MeanStep, Linear<16, 10>)))));

fn train<N: Train<Rows, Out = [f32; 10]>>(isa: Isa, seed: u64, rate: f32, epochs: usize) -> Result<f64, Error> {
    dispatch!(isa, |k| train_with::<_, N>(k, seed, rate, epochs))
}

fn train_with<K: Kernels, N: Train<Rows, Out = [f32; 10]>>(
    k: K,
    seed: u64,
    rate: f32,
    epochs: usize,
) -> Result<f64, Error> {
    let split = data::digits().map(|[rows]| *rows);
    let mut rng = generator(seed);
    let mut net = initialised::<N>(&mut rng);
    let recipe = Recipe { optimizer: Adam::new(rate), loss: CrossEntropyLoss, batch: 32, epochs };
    fit(k, &mut *net, &split.train, &recipe, &mut rng)?;
    accuracy(k, &*net, &split.test)
}
