//! Whole networks: inference and training steps.

use std::hint::black_box;

use tensorlet::{
    Image, Kernels, Mode, Module, Tensor, Train, Training, Vector,
    loss::{CrossEntropyLoss, Loss, PerStep},
    memory::training_words,
    optim::{Adam, Optimizer as Update, Sgd},
};
use tensorlet_host::networks::{Digits, LeNet, Mlp};

use super::{
    Token, Work, boxed,
    window::{Forward, Line},
};
use crate::{
    arrays::{Aligned, Arrays},
    case::{Network, Optimizer},
    contestant::Contestant,
    networks::CharGru,
    parameters,
};

type OneHot = [[f32; CharGru::CLASSES]; CharGru::STEPS];

pub(super) fn inference(network: Network, n: usize, arrays: &Arrays, token: Token) -> Box<dyn Contestant> {
    match network {
        Network::Lenet => boxed(token, Forward::<Image<1, 28, 28>, LeNet>::new(Module::ZERO, n, arrays)),
        Network::Mlp => boxed(token, Forward::<Vector<784>, Mlp>::new(Module::ZERO, n, arrays)),
        Network::Digits => boxed(token, Forward::<Image<1, 8, 8>, Digits>::new(Module::ZERO, n, arrays)),
        Network::CharGru => boxed(token, Forward::<OneHot, CharGru>::new(Module::ZERO, n, arrays)),
    }
}

pub(super) fn training(
    network: Network,
    optimizer: Optimizer,
    n: usize,
    lr: f32,
    arrays: &Arrays,
    token: Token,
) -> Option<Box<dyn Contestant>> {
    let labels = || arrays["labels"].iter().map(|&label| label as u8);
    let each: Vec<u8> = labels().collect();
    // Whichever trainer is the faster one.
    Some(match (network, optimizer) {
        (Network::Lenet, Optimizer::Sgd) => {
            type Job = Step<Image<1, 28, 28>, LeNet, Sgd, CrossEntropyLoss, u8, false>;
            boxed(token, Job::new(Sgd::new(lr), CrossEntropyLoss, each, n, arrays))
        }
        (Network::Mlp, Optimizer::Sgd) => {
            type Job = Step<Vector<784>, Mlp, Sgd, CrossEntropyLoss, u8, true>;
            boxed(token, Job::new(Sgd::new(lr), CrossEntropyLoss, each, n, arrays))
        }
        (Network::Digits, Optimizer::Adam) => {
            type Job = Step<Image<1, 8, 8>, Digits, Adam, CrossEntropyLoss, u8, false>;
            boxed(token, Job::new(Adam::new(lr), CrossEntropyLoss, each, n, arrays))
        }
        (Network::CharGru, Optimizer::Adam) => {
            type Labels = [u8; CharGru::STEPS];
            type Job = Step<OneHot, CharGru, Adam, PerStep<CrossEntropyLoss>, Labels, false>;
            let sequences = Labels::view(&each).to_vec();
            boxed(token, Job::new(Adam::new(lr), PerStep(CrossEntropyLoss), sequences, n, arrays))
        }
        _ => return None,
    })
}

/// Training steps on one batch.
struct Step<X: 'static, N: 'static, O: 'static, L, T, const FUSED: bool> {
    net: Box<Line<N>>,
    trainer: Training<'static, X, N, O, FUSED>,
    loss: L,
    x: Aligned,
    targets: Vec<T>,
}

impl<X: Tensor<Elem = f32>, N: Train<X>, O: Update, L, T, const FUSED: bool> Step<X, N, O, L, T, FUSED> {
    fn new(optimizer: O, loss: L, targets: Vec<T>, n: usize, arrays: &Arrays) -> Self {
        let mut net = Box::new(Line(N::ZERO));
        parameters::load(&mut net.0, arrays);
        let mode = if FUSED { Mode::Fused } else { Mode::Accumulate };
        let workspace = Aligned::zeros(training_words::<X, N, O>(mode, n)).leak();
        let trainer = Training::new(optimizer, workspace).expect("the workspace fits");
        Self { net, trainer, loss, x: Aligned::of(&arrays["x"]), targets }
    }
}

impl<X, N, O, L, T, const FUSED: bool> Work for Step<X, N, O, L, T, FUSED>
where
    X: Tensor<Elem = f32>,
    N: Train<X> + 'static,
    O: Update + 'static,
    L: Loss<N::Out, T> + 'static,
    T: 'static,
{
    const EACH: bool = true;
    const FORM: &'static str = if FUSED { "FusedTrainer::step" } else { "Trainer::step" };

    #[inline(always)]
    fn repeat<K: Kernels>(&mut self, k: K, times: usize) {
        for _ in 0..times {
            let x = black_box(X::view(&self.x));
            let loss = self.trainer.step(k, &mut self.net.0, &self.loss, x, &self.targets);
            black_box(loss).expect("a finite loss");
        }
    }

    fn answer<K: Kernels>(&mut self, k: K) -> Arrays {
        self.repeat(k, 1);
        let mut answer = Arrays::default();
        parameters::store(&self.net.0, &mut answer);
        answer
    }
}
