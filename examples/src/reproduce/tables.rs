//! The classic tables: iris, breast cancer, wine, diabetes.

use std::path::Path;

use tensorlet::{
    Kernels, Linear, Train,
    loss::CrossEntropyLoss,
    network,
    optim::{Adam, Optimizer, Sgd},
};
use tensorlet_simd::{Isa, dispatch};

use super::{
    data::{self, Split},
    error::Error,
    fit::{Recipe, accuracy, fit, generator, initialised},
    task::{Reference, Task},
};

pub(super) const TASKS: &[Task] = &[
    Task {
        name: "iris",
        recipe: "4-8-3 tanh, Adam 1e-2, batch 16, 100 epochs",
        reference: Reference::accuracy(0.967, 0.0),
        run: iris,
    },
    Task {
        name: "breast-cancer",
        recipe: "30-16-2 ReLU, Adam 1e-3, batch 16, 30 epochs",
        reference: Reference::accuracy(0.975, 0.004),
        run: breast_cancer,
    },
    Task {
        name: "wine",
        recipe: "softmax regression, SGD 0.1, batch 16, 100 epochs",
        reference: Reference::accuracy(1.0, 0.0),
        run: wine,
    },
];

network! {
    struct Iris: [f32; 4] { fc1: Linear(8), tanh: Tanh, fc2: Linear(3) }
}

network! {
    struct BreastCancer: [f32; 30] { fc1: Linear(16), relu: Relu, fc2: Linear(2) }
}

fn iris(isa: Isa, seed: u64, _: &Path) -> Result<f64, Error> {
    let split = data::labelled(data::table::<4>("iris", include_bytes!("../../data/iris.safetensors"))?);
    dispatch!(isa, |k| classify::<_, 4, Iris, _, 3>(k, seed, &split, Adam::new(1e-2), 16, 100))
}

fn breast_cancer(isa: Isa, seed: u64, _: &Path) -> Result<f64, Error> {
    let table = data::table::<30>("breast_cancer", include_bytes!("../../data/breast_cancer.safetensors"))?;
    let split = data::labelled(table);
    dispatch!(isa, |k| classify::<_, 30, BreastCancer, _, 2>(k, seed, &split, Adam::new(1e-3), 16, 30))
}

fn wine(isa: Isa, seed: u64, _: &Path) -> Result<f64, Error> {
    let split = data::labelled(data::table::<13>("wine", include_bytes!("../../data/wine.safetensors"))?);
    dispatch!(isa, |k| classify::<_, 13, Linear<13, 3>, _, 3>(k, seed, &split, Sgd::new(0.1), 16, 100))
}

fn classify<K: Kernels, const IN: usize, N: Train<[f32; IN], Out = [f32; C]>, O: Optimizer, const C: usize>(
    k: K,
    seed: u64,
    split: &Split<[f32; IN], u8>,
    optimizer: O,
    batch: usize,
    epochs: usize,
) -> Result<f64, Error> {
    let mut rng = generator(seed);
    let mut net = initialised::<N>(&mut rng);
    fit(k, &mut *net, &split.train, &Recipe { optimizer, loss: CrossEntropyLoss, batch, epochs }, &mut rng)?;
    accuracy(k, &*net, &split.test)
}
