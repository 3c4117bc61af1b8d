//! Golden cases: how they are read, and the trainings among them, for whoever computes them.
//!
//! The CPU's runner and that of the GPU include this folder. Where they are included, `Computable` is the trait of
//! the losses that they can compute.

pub(crate) mod case;
mod characters;
mod classes;
mod optimizer;
mod residual;
mod sampling;
pub(crate) mod schedule;
mod transformer;

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{Module, Tensor, Train, optim::Optimizer};

pub(crate) use characters::Characters;
pub(crate) use classes::{Classes, LeNet, Mlp};
pub(crate) use optimizer::Any;
pub(crate) use residual::Residual;
pub(crate) use sampling::{BinaryMlp, GumbelAutoencoder, Vae};
pub(crate) use transformer::NextToken;

use crate::Computable;
use case::Case;

/// The training of a case: its network and its data.
pub(crate) trait Job {
    /// Hands the training to a runner.
    fn run<R: Runner>(runner: &R, case: &Case);
}

/// Where trainings are computed.
pub(crate) trait Runner {
    /// Trains as the case says and compares all that it has.
    fn train<X: Tensor, N: Train<X>, T: Copy, L: Computable<N::Out, T>>(
        &self,
        case: &Case,
        training: &Training<'_, X, N, T, L>,
    );
}

/// What is trained, from the case's weights and with its optimiser.
pub(crate) struct Training<'a, X, N, T, L> {
    pub(crate) loss: &'a L,
    /// The batches of the steps; from the first again after the last.
    pub(crate) batches: &'a [(&'a [X], &'a [T])],
    /// Prepares the network for a step.
    pub(crate) prepare: &'a dyn Fn(&mut N, usize),
    /// The layer that samples, and its random numbers in each step; `prepare` puts them into the network.
    pub(crate) noise: Option<(&'static str, &'a [&'a [f32]])>,
}

impl<'a, X, N, T, L> Training<'a, X, N, T, L> {
    /// A training without preparations.
    pub(crate) fn new(loss: &'a L, batches: &'a [(&'a [X], &'a [T])]) -> Self {
        Self { loss, batches, prepare: &|_, _| (), noise: None }
    }
}

/// What a case says about the way of its training.
pub(crate) struct Plan {
    pub(crate) steps: usize,
    /// The largest norm of the gradient.
    pub(crate) theta: Option<f32>,
    /// The rate of each step, where a schedule says it.
    rates: Option<Vec<f32>>,
}

impl Plan {
    pub(crate) fn of(case: &Case) -> Self {
        let lr = case.number("lr").expect("a rate") as f32;
        let steps = case.number("steps").expect("a number of steps") as usize;
        let rates = match case.text("schedule") {
            None | Some("constant") => None,
            Some(text) => Some(schedule::described(case, text, lr, steps as u32)),
        };
        Self { steps, theta: case.number("clip_theta").map(|theta| theta as f32), rates }
    }

    pub(crate) fn set(&self, optimizer: &mut impl Optimizer, step: usize) {
        if let Some(rates) = &self.rates {
            optimizer.set_lr(rates[step]);
        }
    }
}

/// The network with the case's initial weights; running statistics begin as ever.
#[inline(never)]
pub(crate) fn initial<N: Module>(case: &Case) -> Box<N> {
    let mut net = Box::new(N::ZERO);
    net.init(&mut Xoshiro128PlusPlus::seed_from_u64(0));
    case.load(&mut *net, "in.W.");
    net
}

/// Compares losses and last weights.
pub(crate) fn compare<N: Module>(case: &Case, losses: &[f32], net: &N) {
    case.compare("out.loss", losses);
    case.compare_parameters(net, "out.final.");
}
