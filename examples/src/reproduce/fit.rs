//! The training loop that all tasks of independent samples share.

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{
    Kernels, Layer, Mode, Module, Tensor, Train, Trainer,
    loss::Loss,
    memory::{inference_words, training_words},
    optim::Optimizer,
    random,
};

use super::{data::Rows, error::Error};

/// How a network is trained.
#[derive(Clone, Copy, Debug)]
pub struct Recipe<O, L> {
    /// The optimiser.
    pub optimizer: O,
    /// The loss.
    pub loss: L,
    /// Samples of a step; the last batch of an epoch may be smaller.
    pub batch: usize,
    /// How often each sample is met.
    pub epochs: usize,
}

/// The generator of a seed.
#[must_use]
pub fn generator(seed: u64) -> Xoshiro128PlusPlus {
    Xoshiro128PlusPlus::seed_from_u64(seed)
}

/// A network with PyTorch's default initialisation.
pub fn initialised<N: Module>(rng: &mut Xoshiro128PlusPlus) -> Box<N> {
    let mut net = Box::new(N::ZERO);
    net.init(rng);
    net
}

/// Trains a network on shuffled mini-batches.
///
/// # Errors
/// The loss is no longer finite.
pub fn fit<K: Kernels, X: Tensor, N: Train<X>, O: Optimizer, T: Copy, L: Loss<N::Out, T>>(
    k: K,
    net: &mut N,
    rows: &Rows<X, T>,
    recipe: &Recipe<O, L>,
    rng: &mut Xoshiro128PlusPlus,
) -> Result<(), Error> {
    let batch = recipe.batch.min(rows.x.len());
    let mut workspace = vec![0.0; training_words::<X, N, O>(Mode::Accumulate, batch)];
    let mut trainer = Trainer::new(recipe.optimizer, &mut workspace)?;
    let mut order: Vec<usize> = (0..rows.x.len()).collect();
    for _ in 0..recipe.epochs {
        random::shuffle(&mut order, rng);
        for chosen in order.chunks(batch) {
            let x: Vec<X> = chosen.iter().map(|&i| rows.x[i]).collect();
            let targets: Vec<T> = chosen.iter().map(|&i| rows.targets[i]).collect();
            trainer.step(k, net, &recipe.loss, &x, &targets)?;
        }
    }
    Ok(())
}

/// The outputs for all rows.
///
/// # Errors
/// An input that the network does not take.
pub fn outputs<K: Kernels, X: Tensor, N: Layer<X>>(k: K, net: &N, x: &[X]) -> Result<Vec<N::Out>, Error> {
    const BATCH: usize = 64;
    let mut arena = vec![0.0; inference_words::<X, N>(BATCH)];
    let mut all = Vec::with_capacity(x.len());
    for x in x.chunks(BATCH) {
        all.extend_from_slice(net.forward(k, x, &mut arena)?);
    }
    Ok(all)
}

/// The share of rows whose largest output is that of the label.
///
/// # Errors
/// An input that the network does not take.
pub fn accuracy<K: Kernels, X: Tensor, N: Layer<X, Out = [f32; C]>, const C: usize>(
    k: K,
    net: &N,
    rows: &Rows<X, u8>,
) -> Result<f64, Error> {
    let outputs = outputs(k, net, &rows.x)?;
    let right = outputs.iter().zip(&rows.targets).filter(|(y, label)| k.argmax(&y[..]) == usize::from(**label));
    Ok(right.count() as f64 / rows.x.len() as f64)
}
