//! Digits read row by row.

use tensorlet::{Kernels, LastStep, Linear, Lstm, Train, loss::CrossEntropyLoss, optim::Adam};
use tensorlet_simd::{Isa, dispatch};

use super::{
    data,
    error::Error,
    fit::{Recipe, accuracy, fit, generator, initialised},
    task::{Reference, Task},
};

/// Eight rows of eight pixels.
type Rows = [[f32; 8]; 8];

pub(super) const TASKS: &[Task] = &[Task {
    name: "digits-lstm",
    recipe: "rows, LSTM(8, 32), last step, fc10, Adam 5e-3, batch 32, 20 epochs",
    reference: Reference::accuracy(0.959, 0.014),
    run: |isa, seed, _| train::<(Lstm<8, 32>, (LastStep, Linear<32, 10>))>(isa, seed, 5e-3, 20),
}];

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
