//! The fused and the accumulated mode against each other, and batches against their samples.

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{
    FusedTrainer, Image, Kernels, Mode, Module, Tensor, Train, Trainer, Vector,
    loss::CrossEntropyLoss,
    memory::training_words,
    network,
    optim::{Adadelta, Adagrad, Adam, AdamW, Adamax, NAdam, Optimizer, RAdam, RmsProp, Sgd},
    random,
};
use tensorlet_host::{on_every_instruction_set, reference::wide, tolerance};

use crate::values::by_path;

network! {
    /// A perceptron of odd sizes.
    pub struct Mlp: Vector<7> {
        a: Linear(19),
        act: Relu,
        b: Linear(9),
        tanh: Tanh,
        c: Linear(3),
    }
}

network! {
    /// Convolutions, a residual block and both kinds of pooling.
    pub struct Cnn: Image<1, 7, 7> {
        conv1: Conv2d(3, 3, padding = 1),
        relu1: Relu,
        pool1: MaxPool2d(2),
        block: Residual(Conv2d(3, 3, padding = 1)),
        act: Sigmoid,
        pool2: AvgPool2d(2, stride = 1),
        flatten: Flatten,
        fc: Linear(3),
    }
}

const STEPS: usize = 4;

/// A network with initial weights.
pub(crate) fn fresh<N: Module>(seed: u64) -> N {
    let mut network = N::ZERO;
    network.init(&mut Xoshiro128PlusPlus::seed_from_u64(seed));
    network
}

/// Random inputs and labels of three classes.
pub(crate) fn batch<X: Tensor<Elem = f32>>(n: usize, seed: u64) -> (Vec<X>, Vec<u8>) {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(seed);
    let x: Vec<f32> = (0..n * X::LEN).map(|_| 2.0 * random::uniform(&mut rng) - 1.0).collect();
    let labels = (0..n).map(|_| random::below(3, &mut rng) as u8).collect();
    (X::view(&x).to_vec(), labels)
}

#[track_caller]
fn compare<N: Module>(row: &str, what: &str, got: &N, expected: &N) {
    for ((path, got), (_, expected)) in by_path(got).into_iter().zip(by_path(expected)) {
        let expected = wide(&expected);
        if let Err(message) = tolerance::of(row).compare(&got, &expected, &expected) {
            panic!("{what}: {path}: {message}");
        }
    }
}

/// Several steps in both modes.
fn fused_equals_accumulated<K: Kernels, X: Tensor<Elem = f32>, N: Train<X, Out = [f32; 3]>, O: Optimizer>(
    k: K,
    what: &str,
    optimizer: O,
    row: &str,
) {
    for n in [1, 5] {
        let (mut one, mut other): (N, N) = (fresh(1), fresh(1));
        let mut workspace = vec![0.0; training_words::<X, N, O>(Mode::Accumulate, n)];
        let mut trainer = Trainer::<X, N, O>::new(optimizer, &mut workspace).expect("large enough");
        let mut workspace = vec![0.0; training_words::<X, N, O>(Mode::Fused, n)];
        let mut fused = FusedTrainer::<X, N, O>::new(optimizer, &mut workspace).expect("large enough");
        for step in 0..STEPS as u64 {
            let (x, labels) = batch::<X>(n, step);
            let a = trainer.step(k, &mut one, &CrossEntropyLoss, &x, &labels).expect("a step");
            let b = fused.step(k, &mut other, &CrossEntropyLoss, &x, &labels).expect("a step");
            assert!((a - b).abs() < 1e-5, "{what}: loss {a} accumulated, {b} fused");
        }
        let fresh: N = fresh(1);
        assert_ne!(by_path(&fresh), by_path(&one), "{what}: nothing was learned");
        compare(row, &format!("{what} on {}, batch of {n}", K::NAME), &other, &one);
    }
}

macro_rules! modes {
    ($($network:ident of $input:ty { $($test:ident: $optimizer:expr, $row:literal;)+ })+) => {
        $($(
            #[test]
            fn $test() {
                on_every_instruction_set!(
                    fused_equals_accumulated::<_, $input, $network, _>, stringify!($network), $optimizer, $row);
            }
        )+)+
    };
}

modes! {
    Mlp of Vector<7> {
        fused_sgd: Sgd::new(0.2), "fused";
        fused_sgd_with_decay: Sgd::new(0.2).weight_decay(0.05), "fused";
        fused_momentum: Sgd::with_momentum(0.1, 0.9), "fused";
        fused_momentum_with_decay: Sgd::with_momentum(0.1, 0.9).weight_decay(0.05), "fused";
        fused_adam: Adam::new(0.01), "fused_adam";
        fused_adam_with_decay: Adam::new(0.01).weight_decay(0.05), "fused_adam";
    }
    Cnn of Image<1, 7, 7> {
        convolutions_sgd: Sgd::new(0.2), "fused";
        convolutions_sgd_with_decay: Sgd::new(0.2).weight_decay(0.05), "fused";
        convolutions_momentum: Sgd::with_momentum(0.1, 0.9), "fused";
        convolutions_momentum_with_decay: Sgd::with_momentum(0.1, 0.9).weight_decay(0.05), "fused";
        convolutions_adam: Adam::new(0.01), "fused_adam";
        convolutions_adam_with_decay: Adam::new(0.01).weight_decay(0.05), "fused_adam";
        convolutions_nesterov: Sgd::with_momentum(0.1, 0.9).nesterov(), "fused";
        convolutions_dampening: Sgd::with_momentum(0.1, 0.9).dampening(0.5).maximize(), "fused";
        convolutions_amsgrad: Adam::new(0.01).amsgrad(), "fused_adam";
        convolutions_adamw: AdamW::new(0.01).weight_decay(0.05), "fused_adam";
        convolutions_adamax: Adamax::new(0.01), "fused_adam";
        convolutions_nadam: NAdam::new(0.01), "fused_adam";
        convolutions_radam: RAdam::new(0.01).betas(0.8, 0.9), "fused_adam";
        convolutions_rmsprop: RmsProp::new(0.01), "fused_adam";
        convolutions_rmsprop_with_all: RmsProp::new(0.01).centered().momentum(0.5).weight_decay(0.05), "fused_adam";
        convolutions_adagrad: Adagrad::new(0.01).lr_decay(0.1), "fused_adam";
        convolutions_adadelta: Adadelta::new(1.0), "fused_adam";
    }
}

/// One sample after the other, or in parts, gives the gradients of the whole batch.
fn parts_equal_whole<K: Kernels, X: Tensor<Elem = f32>, N: Train<X, Out = [f32; 3]>>(k: K, what: &str) {
    const N_SAMPLES: usize = 6;
    let (x, labels) = batch::<X>(N_SAMPLES, 3);
    let gradients = |part: usize| {
        let mut network: N = fresh(2);
        let mut workspace = vec![0.0; training_words::<X, N, Sgd>(Mode::Accumulate, part)];
        let mut trainer = Trainer::<X, N, Sgd>::new(Sgd::new(0.1), &mut workspace).expect("large enough");
        let mut loss = 0.0;
        for (x, labels) in x.chunks(part).zip(labels.chunks(part)) {
            let scale = 1.0 / N_SAMPLES as f32;
            loss += trainer.accumulate(k, &mut network, &CrossEntropyLoss, x, labels, scale).expect("a part");
        }
        (loss, trainer.gradients().to_vec())
    };
    let (loss, whole) = gradients(N_SAMPLES);
    let reference = wide(&whole);
    let largest = reference.iter().fold(0.0, |max: f64, x| max.max(x.abs()));
    for part in [1, 4] {
        let (loss_of_parts, got) = gradients(part);
        assert!((loss - loss_of_parts).abs() < 1e-6, "{what}: loss {loss}, in parts {loss_of_parts}");
        tolerance::of("fused").compare(&got, &reference, &vec![largest; got.len()]).expect(what);
    }
}

#[test]
fn gradients_of_parts_add_up() {
    on_every_instruction_set!(parts_equal_whole::<_, Vector<7>, Mlp>, "perceptron");
    on_every_instruction_set!(parts_equal_whole::<_, Image<1, 7, 7>, Cnn>, "convolutions");
}

/// `accumulate` in parts and `apply` is `step`.
#[test]
fn apply_takes_the_accumulated_step() {
    let k = tensorlet::Portable;
    let (x, labels) = batch::<Vector<7>>(4, 5);
    let mut workspaces = [(); 2].map(|()| vec![0.0; Mlp::training_words::<Adam>(Mode::Accumulate, 4)]);
    let [first, second] = &mut workspaces;
    let (mut one, mut other): (Mlp, Mlp) = (fresh(4), fresh(4));
    let mut trainer = Mlp::trainer(Adam::new(0.01), first).expect("large enough");
    trainer.step(k, &mut one, &CrossEntropyLoss, &x, &labels).expect("a step");
    let mut trainer = Mlp::trainer(Adam::new(0.01), second).expect("large enough");
    trainer.zero_grad();
    for (x, labels) in x.chunks(2).zip(labels.chunks(2)) {
        trainer.accumulate(k, &mut other, &CrossEntropyLoss, x, labels, 0.25).expect("a part");
    }
    trainer.apply(k, &mut other);
    compare("fused_adam", "two parts", &other, &one);
}
