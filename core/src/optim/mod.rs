//! Optimisers: PyTorch's `torch.optim`.
//!
//! An optimiser is a small value of hyperparameters. What it remembers of each weight lies in the
//! workspace: [`Optimizer::STATES`] words for each word of the gradient, so that what is not trained
//! costs nothing. Options that need memory are part of the type, all others are numbers.
//!
//! | | words for a weight |
//! |---|---|
//! | [`Sgd`] | 0; with momentum, also Nesterov's, 1 |
//! | [`Adam`], [`AdamW`] | 2; with the largest square so far (AMSGrad) 3 |
//! | [`Adamax`], [`NAdam`], [`RAdam`] | 2 |
//! | [`RmsProp`] | 1; 1 more if centered, 1 more with momentum |
//! | [`Adagrad`] | 1 |
//! | [`Adadelta`] | 2 |
//!
//! [`schedule`] has the rates that change from step to step, [`Groups`] gives parameters settings of
//! their own, and [`clip_grad_norm`], [`grad_clipping`] and [`clip_grad_value`] hold gradients in bounds
//! between [`Trainer::accumulate`](crate::Trainer) and `apply`:
//!
//! ```
//! use tensorlet::{Linear, Module, Portable, Trainer, loss::CrossEntropyLoss, optim::{AdamW, clip_grad_norm}};
//! let mut net = Linear::<2, 2>::ZERO;
//! let mut workspace = [0.0; 64];
//! let mut trainer = Trainer::<[f32; 2], _, _>::new(AdamW::new(0.1), &mut workspace)?;
//! trainer.zero_grad();
//! for (x, label) in [([1.0, 2.0], 0), ([3.0, 4.0], 1)] {
//!     trainer.accumulate(Portable, &mut net, &CrossEntropyLoss, &[x], &[label], 0.5)?; // half of each
//! }
//! clip_grad_norm(Portable, trainer.gradients(), 1.0);
//! trainer.apply(Portable, &mut net);
//! # Ok::<(), tensorlet::Error>(())
//! ```

mod adagrad;
mod adam;
mod adamax;
mod clip;
mod groups;
mod moment;
mod nadam;
mod radam;
mod rmsprop;
mod rule;
pub mod schedule;
mod sgd;

pub use adagrad::{Adadelta, Adagrad};
pub use adam::{Adam, AdamW};
pub use adamax::Adamax;
pub use clip::{clip_grad_norm, clip_grad_value, grad_clipping};
pub use groups::Groups;
pub use nadam::NAdam;
pub use radam::RAdam;
pub use rmsprop::RmsProp;
pub use rule::Rule;
pub use sgd::Sgd;

use core::slice::{from_mut, from_ref};

use crate::{
    Module, Parameter, Path, VisitorMut,
    description::Layout,
    kernel::{Kernels, SgdStep, samples},
    memory,
    quantized::qas::Int8Weights,
};

/// The most words that an optimiser may keep for a weight.
const MAX_STATES: usize = 3;

/// A rule that turns gradients into new weights.
pub trait Optimizer: Copy {
    /// Words that it keeps for each trained weight; all start at zero.
    const STATES: usize;

    /// Whether [`of`](Self::of) gives parameters optimisers that differ.
    const GROUPED: bool = false;

    /// The learning rate of the next step.
    fn lr(&self) -> f32;

    /// Sets the learning rate of the steps to come, as a schedule does.
    fn set_lr(&mut self, lr: f32);

    /// Begins the next step; called once before the updates of a step.
    fn advance(&mut self);

    /// The optimiser of the parameter of this path: itself, unless parameters are in groups.
    #[inline(always)]
    #[must_use]
    fn of(&self, parameter: Path<'_>) -> Self {
        let _ = parameter;
        *self
    }

    /// The numbers of the step, for an optimiser that does nothing but [`sgd`](crate::kernel::UpdateKernels::sgd): kernels
    /// may then compute gradient and update in one.
    #[inline(always)]
    fn plain(&self) -> Option<SgdStep> {
        None
    }

    /// What the present step does to a weight, in numbers, for a device that updates weights by itself; none where
    /// only [`update`](Self::update) knows.
    #[inline]
    fn rule(&self) -> Option<Rule> {
        None
    }

    /// Updates weights from their gradients; `g` may be longer than `w`.
    fn update<K: Kernels>(&self, k: K, w: &mut [f32], g: &[f32], states: States<'_>);
}

/// The sign of an optimiser that climbs: with rate and decay negated it goes the other way, and what it
/// keeps of the gradient is negated too.
#[inline(always)]
const fn signed(maximize: bool, x: f32) -> f32 {
    if maximize { -x } else { x }
}

/// The two methods of [`Optimizer`] about the rate, for an optimiser with a field `lr`.
macro_rules! learning_rate {
    () => {
        #[inline(always)]
        fn lr(&self) -> f32 {
            self.lr
        }

        #[inline(always)]
        fn set_lr(&mut self, lr: f32) {
            self.lr = lr;
        }
    };
}
use learning_rate;

/// An optimiser's words for a run of weights: up to three slices as long as the run.
#[derive(Debug)]
pub struct States<'a> {
    slices: [&'a mut [f32]; MAX_STATES],
}

impl<'a> States<'a> {
    /// The states of one parameter: `O::STATES` slices one behind the other.
    #[inline(always)]
    #[must_use]
    pub fn new<O: Optimizer>(words: &'a mut [f32]) -> Self {
        const { assert!(O::STATES <= MAX_STATES, "an optimiser keeps at most three words for a weight") };
        let len = words.len().checked_div(O::STATES).unwrap_or(0);
        let (first, rest) = memory::split(words, len);
        let (second, rest) = memory::split(rest, len);
        let (third, _) = memory::split(rest, len);
        Self { slices: [first, second, third] }
    }

    /// Takes the states of the next `n` weights.
    #[inline(always)]
    #[must_use]
    pub fn take(&mut self, n: usize) -> States<'a> {
        States { slices: self.slices.each_mut().map(|slice| take(slice, n)) }
    }

    /// The states of the `n` weights from position `start` on.
    #[inline(always)]
    #[must_use]
    pub fn part(&mut self, start: usize, n: usize) -> States<'_> {
        States { slices: self.slices.each_mut().map(|slice| memory::split(memory::split(slice, start).1, n).0) }
    }

    /// The states of another optimiser, which keeps fewer words for a weight: for one that passes its
    /// steps on.
    #[inline(always)]
    #[must_use]
    pub fn first<O: Optimizer>(&mut self) -> States<'_> {
        let mut kept = 0;
        States {
            slices: self.slices.each_mut().map(|slice| {
                kept += 1;
                if kept > O::STATES { &mut [][..] } else { &mut **slice }
            }),
        }
    }

    /// The slices.
    #[inline(always)]
    #[must_use]
    pub fn slices(self) -> [&'a mut [f32]; MAX_STATES] {
        self.slices
    }
}

/// Takes the first `n` words off a slice.
#[inline(always)]
fn take<'a>(words: &mut &'a mut [f32], n: usize) -> &'a mut [f32] {
    let (first, rest) = memory::split(core::mem::take(words), n);
    *words = rest;
    first
}

/// Updates all trained parameters of a module, which is the part `path` of a network.
pub(crate) fn update<M: Module, K: Kernels, O: Optimizer>(
    module: &mut M,
    k: K,
    optimizer: &O,
    path: Path<'_>,
    grad: &mut [f32],
    state: &mut [f32],
) {
    module.parameters_mut(path, &mut Update { k, optimizer, grad, state });
}

/// Walks along parameters, gradient and state in step.
struct Update<'a, K, O> {
    k: K,
    optimizer: &'a O,
    grad: &'a mut [f32],
    state: &'a mut [f32],
}

impl<K: Kernels, O: Optimizer> VisitorMut for Update<'_, K, O> {
    #[inline]
    fn parameter(&mut self, parameter: Parameter<'_>, values: &mut [f32]) {
        if parameter.trained {
            let gradient = take(&mut self.grad, values.len());
            let state = take(&mut self.state, O::STATES * values.len());
            self.optimizer.of(parameter.path).update(self.k, values, gradient, States::new::<O>(state));
        }
    }

    fn int8(&mut self, parameter: Parameter<'_>, mut weights: Int8Weights<'_>) {
        if parameter.trained {
            let gradient = take(&mut self.grad, weights.values.len());
            let state = take(&mut self.state, O::STATES * weights.values.len());
            weights.update(self.k, &self.optimizer.of(parameter.path), gradient, States::new::<O>(state));
        }
    }

    fn partly_trained(&mut self, parameter: Parameter<'_>, channels: &[u16], values: &mut [f32]) {
        let Parameter { path, info, .. } = parameter;
        let (optimizer, len) = (self.optimizer.of(path), values.len().checked_div(info.shape.dim(0)).unwrap_or(0));
        let gradient = take(&mut self.grad, channels.len() * len);
        let mut states = States::new::<O>(take(&mut self.state, O::STATES * channels.len() * len));
        for (&channel, gradient) in channels.iter().zip(samples(gradient, len)) {
            let channel = usize::from(channel);
            if info.layout == Layout::RowMajor {
                let (w, _) = memory::split(memory::split(values, channel * len).1, len);
                optimizer.update(self.k, w, gradient, states.take(len));
                continue;
            }
            for (i, g) in gradient.iter().enumerate() {
                if let Some(w) = values.get_mut(parameter.position(channel * len + i)) {
                    optimizer.update(self.k, from_mut(w), from_ref(g), states.take(1));
                }
            }
        }
    }
}
