//! Whole trainings of 20 steps from PyTorch's weights: losses, first gradients and last weights.

use tensorlet::{
    FusedTrainer, Image, Kernels, Mode, Module, Tensor, Train, Trainer, Vector,
    loss::CrossEntropyLoss,
    memory::training_words,
    network,
    optim::{Adam, Optimizer, Sgd},
};
use tensorlet_host::on_every_instruction_set;

use crate::case::{Case, by_path};

network! {
    /// The network of `train_mlp_digits`.
    pub struct Mlp: Vector<64> {
        l1: Linear(32),
        act: Relu,
        l2: Linear(10),
    }
}

network! {
    /// The network of `train_lenet`: LeNet-5 as "Dive into Deep Learning" has it.
    pub struct LeNet: Image<1, 28, 28> {
        c1: Conv2d(6, 5, padding = 2),
        act1: Sigmoid,
        pool1: AvgPool2d(2),
        c2: Conv2d(16, 5),
        act2: Sigmoid,
        pool2: AvgPool2d(2),
        flatten: Flatten,
        f1: Linear(120),
        act3: Sigmoid,
        f2: Linear(84),
        act4: Sigmoid,
        f3: Linear(10),
    }
}

const BATCH: usize = 8;
const STEPS: usize = 20;

/// The network with the case's initial weights.
#[inline(never)]
fn initial<N: Module>(case: &Case) -> Box<N> {
    let mut network = Box::new(N::ZERO);
    case.load(&mut *network, "in.W.");
    network
}

/// Both trainers along a trajectory.
fn trajectory<K: Kernels, X: Tensor<Elem = f32>, N: Train<X, Out = [f32; 10]>, O: Optimizer>(
    k: K,
    name: &str,
    new: impl Fn(&Case) -> O,
) {
    let case = Case::open(name);
    let (x, labels) = (case.floats("in.x"), case.labels("in.y"));
    let batches: Vec<(&[X], &[u8])> = X::view(&x).chunks(BATCH).zip(labels.chunks(BATCH)).cycle().take(STEPS).collect();
    let mut start: Box<N> = initial(&case);

    let mut workspace = vec![0.0; training_words::<X, N, O>(Mode::Accumulate, BATCH)];
    let mut trainer = Trainer::<X, N, O>::new(new(&case), &mut workspace).expect("the workspace is large enough");
    let (x0, labels0) = batches[0];
    trainer
        .accumulate(k, &mut *initial::<N>(&case), &CrossEntropyLoss, x0, labels0, 1.0 / BATCH as f32)
        .expect("the first batch");
    for (path, gradient) in by_path(&*start, Some(trainer.gradients())) {
        case.compare(&format!("out.grad0.{path}"), &gradient, K::NAME);
    }

    let mut network: Box<N> = initial(&case);
    let losses: Vec<f32> = batches
        .iter()
        .map(|(x, labels)| trainer.step(k, &mut network, &CrossEntropyLoss, x, labels).expect("a step"))
        .collect();
    compare_end(&case, &losses, &*network, &format!("{}, accumulated", K::NAME));

    let mut workspace = vec![0.0; training_words::<X, N, O>(Mode::Fused, BATCH)];
    let mut trainer = FusedTrainer::<X, N, O>::new(new(&case), &mut workspace).expect("the workspace is large enough");
    let losses: Vec<f32> = batches
        .iter()
        .map(|(x, labels)| trainer.step(k, &mut start, &CrossEntropyLoss, x, labels).expect("a step"))
        .collect();
    compare_end(&case, &losses, &*start, &format!("{}, fused", K::NAME));
}

#[track_caller]
fn compare_end<N: Module>(case: &Case, losses: &[f32], network: &N, on: &str) {
    case.compare("out.loss", losses, on);
    for (path, values) in by_path(network, None) {
        case.compare(&format!("out.final.{path}"), &values, on);
    }
}

fn sgd(case: &Case) -> Sgd {
    Sgd::new(case.number("lr", 0.0) as f32)
}

fn momentum(case: &Case) -> Sgd<true> {
    Sgd::with_momentum(case.number("lr", 0.0) as f32, case.number("momentum", 0.0) as f32)
}

fn adam(case: &Case) -> Adam {
    let [beta1, beta2] = case.betas();
    Adam::new(case.number("lr", 0.0) as f32).betas(beta1, beta2).eps(case.number("eps", 0.0) as f32)
}

macro_rules! trajectories {
    ($($test:ident: $case:literal, $input:ty => $network:ty, $optimizer:ident;)+) => {
        $(
            #[test]
            fn $test() {
                // Unoptimised, a network of a quarter of a megabyte is copied on the stack.
                let run = || on_every_instruction_set!(trajectory::<_, $input, $network, _>, $case, $optimizer);
                let thread = std::thread::Builder::new().stack_size(16 << 20).spawn(run);
                let outcome = thread.expect("a thread").join();
                outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            }
        )+
    };
}

trajectories! {
    mlp_sgd: "train_mlp_digits.sgd", Vector<64> => Mlp, sgd;
    mlp_adam: "train_mlp_digits.adam", Vector<64> => Mlp, adam;
    lenet_sgd: "train_lenet.sgd", Image<1, 28, 28> => LeNet, sgd;
    lenet_momentum: "train_lenet.momentum", Image<1, 28, 28> => LeNet, momentum;
    lenet_adam: "train_lenet.adam", Image<1, 28, 28> => LeNet, adam;
}
