//! Variational autoencoders of the digits, with Gaussian and with categorical latent variables.

use tensorlet::{
    Flatten, Kernels, Linear, Relu, Train, Vector,
    layer::{Concat, GaussianReparam, GumbelSoftmax, Identity, Pass, View},
    loss::{BceWithLogitsLoss, GaussianKl, Loss, UniformKl, VaeLoss},
    optim::Adam,
};
use tensorlet_simd::dispatch;

use super::{
    data::{self, Rows},
    error::Error,
    fit::{Recipe, fit, generator, initialised},
    images::flat_digits,
    task::{Better, Reference, Task},
};

pub(super) const TASKS: &[Task] = &[
    Task {
        name: "digits-vae",
        recipe: "64-32-8-32-64 ReLU, BCE with logits + KL, Adam 2e-3, batch 32, 40 epochs",
        reference: elbo(25.01, 0.05),
        run: |isa, seed, _| dispatch!(isa, |k| gaussian(k, seed)),
    },
    Task {
        name: "digits-cvae-soft",
        recipe: "64-32-8x5-32-64, Gumbel-softmax 0.7, Adam 2e-3, batch 32, 40 epochs",
        reference: elbo(24.82, 0.27),
        run: |isa, seed, _| dispatch!(isa, |k| categorical(k, seed, false)),
    },
    Task {
        name: "digits-cvae-hard",
        recipe: "the same, straight-through",
        reference: elbo(25.97, 0.18),
        run: |isa, seed, _| dispatch!(isa, |k| categorical(k, seed, true)),
    },
];

const fn elbo(mean: f64, deviation: f64) -> Reference {
    Reference { measure: "negative ELBO", mean, deviation, better: Better::Lower }
}

/// Means and log-variances of eight latent variables.
type Gaussian = [[f32; 8]; 2];
/// Logits of eight latent variables with five categories each.
type Categorical = [[f32; 5]; 8];

type Heads = Concat<Linear<32, 8>, Linear<32, 8>, Gaussian>;
type Decoder<const LATENT: usize> = (Linear<LATENT, 32>, (Relu, Linear<32, 64>));
type GaussianVae = ((Linear<64, 32>, (Relu, Heads)), Concat<(GaussianReparam, Decoder<8>), Identity, [f32; 64 + 16]>);
type CategoricalVae = (
    (Linear<64, 32>, (Relu, (Linear<32, 40>, View<Categorical>))),
    Concat<(GumbelSoftmax, (Flatten<40>, Decoder<40>)), Identity, [f32; 64 + 40]>,
);

fn gaussian<K: Kernels>(k: K, seed: u64) -> Result<f64, Error> {
    let loss = VaeLoss::<Gaussian>::with(BceWithLogitsLoss::NEW, GaussianKl);
    train::<_, GaussianVae, _, 80>(k, seed, loss, |_| ())
}

fn categorical<K: Kernels>(k: K, seed: u64, hard: bool) -> Result<f64, Error> {
    let loss = VaeLoss::<Categorical, _, _>::with(BceWithLogitsLoss::NEW, UniformKl);
    train::<_, CategoricalVae, _, 104>(k, seed, loss, |net| {
        let sample = &mut net.1.first.0;
        (sample.tau, sample.hard) = (0.7, hard);
    })
}

/// Trains, and returns the mean loss of the test digits.
fn train<
    K: Kernels,
    N: Train<Vector<64>, Out = [f32; OUT]>,
    L: Loss<[f32; OUT], Vector<64>> + Copy,
    const OUT: usize,
>(
    k: K,
    seed: u64,
    loss: L,
    prepare: impl FnOnce(&mut N),
) -> Result<f64, Error> {
    let split = data::digits().map(flat_digits);
    let itself = |rows: &Rows<Vector<64>, u8>| Rows { x: rows.x.clone(), targets: rows.x.clone() };
    let mut rng = generator(seed);
    let mut net = initialised::<N>(&mut rng);
    prepare(&mut net);
    let recipe = Recipe { optimizer: Adam::new(2e-3), loss, batch: 32, epochs: 40 };
    fit(k, &mut *net, &itself(&split.train), &recipe, &mut rng)?;
    Ok(sampled_loss(k, &*net, &split.test.x, loss, seed))
}

/// The mean loss with sampled latent variables: the forward pass of training, without a step.
fn sampled_loss<K: Kernels, N: Train<Vector<64>>, L: Loss<N::Out, Vector<64>>>(
    k: K,
    net: &N,
    x: &[Vector<64>],
    loss: L,
    seed: u64,
) -> f64 {
    let pass = Pass { n: x.len(), input_gradient: false, training: true, seed, ..Pass::NEW };
    let (mut slot, mut tape) = (x.as_flattened().to_vec(), vec![0.0; x.len() * N::TAPE_LEAF]);
    net.forward_train(k, pass, &mut slot, &mut [], &mut tape);
    let y = <N::Out as tensorlet::Tensor>::in_words_mut(N::out(pass, &mut slot, &mut tape), x.len());
    f64::from(loss.mean(k, y, x))
}
