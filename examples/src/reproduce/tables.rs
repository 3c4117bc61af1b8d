//! The classic tables: iris, breast cancer, wine, diabetes.

use std::path::Path;

use tensorlet::{
    Kernels, Linear, Train,
    loss::{CrossEntropyLoss, MseLoss},
    network,
    optim::{Adam, Optimizer, Sgd},
};
use tensorlet_simd::{Isa, dispatch};

use super::{
    data::{self, Rows, Split},
    error::Error,
    fit::{Recipe, accuracy, fit, generator, initialised, outputs},
    task::{Better, Reference, Task},
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
    Task {
        name: "diabetes",
        recipe: "linear regression, SGD 0.01 momentum 0.9, full batch, 300 epochs",
        reference: Reference { measure: "test R²", mean: 0.520, deviation: 0.0, better: Better::Higher },
        run: diabetes,
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

/// Predicts the standardised target; R² is the same as of the target itself.
fn diabetes(isa: Isa, seed: u64, _: &Path) -> Result<f64, Error> {
    let mut split = data::table::<10>("diabetes", include_bytes!("../../data/diabetes.safetensors"))?;
    data::standardise_targets(&mut split);
    dispatch!(isa, |k| regress(k, seed, &split))
}

fn regress<K: Kernels>(k: K, seed: u64, split: &Split<[f32; 10], f32>) -> Result<f64, Error> {
    let column =
        |rows: &Rows<[f32; 10], f32>| Rows { x: rows.x.clone(), targets: rows.targets.iter().map(|&y| [y]).collect() };
    let (train, test) = (column(&split.train), column(&split.test));
    let mut rng = generator(seed);
    let mut net = initialised::<Linear<10, 1>>(&mut rng);
    let recipe = Recipe { optimizer: Sgd::with_momentum(0.01, 0.9), loss: MseLoss, batch: train.x.len(), epochs: 300 };
    fit(k, &mut *net, &train, &recipe, &mut rng)?;
    let y = outputs(k, &*net, &test.x)?;
    let wide = |column: &[[f32; 1]]| column.iter().map(|[y]| f64::from(*y)).collect::<Vec<_>>();
    let (y, targets) = (wide(&y), wide(&test.targets));
    let (_, deviation) = data::mean_and_deviation(&targets);
    let squares: f64 = y.iter().zip(&targets).map(|(y, t)| (y - t) * (y - t)).sum();
    Ok(1.0 - squares / (targets.len() as f64 * deviation * deviation))
}
