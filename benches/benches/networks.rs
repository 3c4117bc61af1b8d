//! Inference of one sample and a training step on 32, per network and instruction set.

use divan::{Bencher, black_box};
use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{
    Image, Mode, Module, Tensor, Train, Trainer, Vector, init, loss::CrossEntropyLoss, memory, optim::Sgd,
};
use tensorlet_host::networks::{Digits, LeNet, Mlp};
use tensorlet_simd::{Isa, dispatch};

const BATCH: usize = 32;

fn main() {
    divan::main();
}

/// A network with random weights, and a batch of random samples.
fn setup<X: Tensor<Elem = f32>, N: Module>() -> (N, Vec<X>, [u8; BATCH]) {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(0);
    let mut net = N::ZERO;
    net.init(&mut rng);
    let mut x = vec![X::ZERO; BATCH];
    x.iter_mut().for_each(|x| init::uniform(x, 0.0, 1.0, &mut rng));
    (net, x, core::array::from_fn(|i| (i % 10) as u8))
}

#[divan::bench(types = [Digits, LeNet, Mlp], args = Isa::available())]
fn inference<N: Job>(bencher: Bencher<'_, '_>, isa: Isa) {
    let (net, x, _) = setup::<N::Input, N>();
    let mut arena = vec![0.0; memory::inference_words::<N::Input, N>(1)];
    bencher.bench_local(|| {
        dispatch!(isa, |k| net.forward(k, black_box(&x[..1]), &mut arena).map(|y| y[0])).expect("the arena fits")
    });
}

#[divan::bench(types = [Digits, LeNet, Mlp], args = Isa::available())]
fn sgd_step_32<N: Job>(bencher: Bencher<'_, '_>, isa: Isa) {
    let (mut net, x, labels) = setup::<N::Input, N>();
    let mut workspace = vec![0.0; memory::training_words::<N::Input, N, Sgd>(Mode::Accumulate, BATCH)];
    let mut trainer = Trainer::<N::Input, N, _>::new(Sgd::new(1e-3), &mut workspace).expect("the workspace fits");
    bencher.bench_local(|| {
        dispatch!(isa, |k| trainer.step(k, &mut net, &CrossEntropyLoss, black_box(&x), &labels)).expect("a finite loss")
    });
}

/// A network with its input.
trait Job: Train<Self::Input, Out = [f32; 10]> {
    type Input: Tensor<Elem = f32>;
}

impl Job for Digits {
    type Input = Image<1, 8, 8>;
}

impl Job for LeNet {
    type Input = Image<1, 28, 28>;
}

impl Job for Mlp {
    type Input = Vector<784>;
}
