//! Sampling from categorical distributions whose logits a network gives.

use super::{Drawn, Layer, Noise, Pass, Train};
use crate::{
    Module, Path, Tensor, Visitor, VisitorMut,
    description::{Description, LayerInfo, Op},
    kernel::{Kernels, pieces_mut},
    line::Lines,
    memory::{self, End, Input},
    ops::{axis, hard, hard_of, soft, soft_backward},
    random,
};

/// A sample of categorical distributions over dimension `D`, from logits: the Gumbel-softmax
/// `y = softmax((x + g) / τ)` with Gumbel noise `g` (Jang et al., 2017; Maddison et al., 2017), PyTorch's
/// `F.gumbel_softmax`.
///
/// With `hard` the output is one-hot, and the gradient is that of the soft form: the straight-through
/// estimator. The noise is drawn anew in each step of training, or given as uniform numbers; at inference
/// there is none: `softmax(x / τ)`, or one-hot where `x` is largest. The temperature is lowered in the
/// course of training, as an [`Annealing`] says.
///
/// The sample's dimensions are counted without the batch, from the end where negative. The soft output
/// stays in the slot of the input, since its derivative needs it.
///
/// ```
/// use tensorlet::{layer::{Annealing, GumbelSoftmax}, Layer, Module, Portable};
/// let mut sample = GumbelSoftmax::<-1>::ZERO;
/// let logits = [[[0.0, 0.0], [1.0, 3.0]]]; // two variables of two categories
/// let y = sample.forward(Portable, &logits, &mut [0.0; 4]).unwrap().to_vec();
/// assert_eq!(y[0][0], [0.5, 0.5]);
///
/// sample.hard = true;
/// let y = sample.forward(Portable, &logits, &mut [0.0; 4]).unwrap().to_vec();
/// assert_eq!(y, [[[1.0, 0.0], [0.0, 1.0]]]);
///
/// // Before each epoch:
/// sample.tau = Annealing { start: 1.0, factor: 0.95, least: 0.5 }.tau(10);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GumbelSoftmax<const D: isize = -1, N = Drawn> {
    /// The temperature: near 0 the output is nearly one-hot and its gradients are large.
    pub tau: f32,
    /// Whether the output is one-hot.
    pub hard: bool,
    /// Where the noise comes from, uniform numbers in 0 to 1.
    pub noise: N,
}

impl<const D: isize, N: Noise> GumbelSoftmax<D, N> {
    /// PyTorch's defaults: temperature 1, soft.
    pub const NEW: Self = Self { tau: 1.0, hard: false, noise: N::NEW };
}

impl<const D: isize, N: Noise> Default for GumbelSoftmax<D, N> {
    fn default() -> Self {
        Self::NEW
    }
}

impl<const D: isize, N: Noise> Module for GumbelSoftmax<D, N> {
    const ZERO: Self = Self::NEW;
    const PARAMETERS: usize = 0;

    #[inline(always)]
    fn init<R: rand_core::Rng>(&mut self, _: &mut R) {}

    #[inline(always)]
    fn parameters<V: Visitor>(&self, path: Path<'_>, visitor: &mut V) {
        visitor.setting(path.join("tau"), self.tau);
        visitor.setting(path.join("hard"), if self.hard { 1.0 } else { 0.0 });
    }

    #[inline(always)]
    fn parameters_mut<V: VisitorMut>(&mut self, _: Path<'_>, _: &mut V) {}
}

/// Numbers that stay in a first cache while they are worked on.
const NEAR: usize = 4096;

/// The lines of dimension `D`.
const fn lines<X: Tensor>(dim: isize) -> Lines {
    Lines::along::<X>("GumbelSoftmax", dim)
}

impl<X: Tensor<Elem = f32>, N: Noise, const D: isize> Layer<X> for GumbelSoftmax<D, N> {
    type Out = X;
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::GumbelSoftmax { axis: axis::<X>("GumbelSoftmax", D) },
        input: X::SHAPE,
        output: X::SHAPE,
        parameters: &[],
        macs: 0,
    });
    const PEAK: usize = X::WORDS;
    const PEAK_GIVEN: usize = X::WORDS;

    #[inline(always)]
    fn infer<K: Kernels>(&self, k: K, input: Input<'_, X>, _: &mut [f32], arena: &mut [f32]) -> End {
        memory::in_place(input, arena, |x| {
            if self.hard {
                hard(x, const { lines::<X>(D) });
            } else {
                soft(k, x, self.tau, const { lines::<X>(D) });
            }
        })
    }
}

impl<X: Tensor<Elem = f32>, N: Noise, const D: isize> Train<X> for GumbelSoftmax<D, N> {
    const OVERWRITES_X: bool = true;
    const DIFFERS_IN_TRAINING: bool = true;

    #[inline(always)]
    fn forward_train<K: Kernels>(&self, k: K, pass: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
        let lines = const { lines::<X>(D) };
        if pass.training {
            match self.noise.seed(&pass) {
                Some(seed) => k.draw_gumbel(x, seed),
                None => {
                    for (x, u) in x.iter_mut().zip(self.noise.numbers(&pass, random::uniform)) {
                        *x += random::gumbel_quantile(u);
                    }
                }
            }
        }
        // A part of the batch at a time, which stays near from one step to the next.
        let part = (NEAR / X::LEN.max(1)).max(1) * X::LEN;
        for (x, y) in pieces_mut(x, part).zip(pieces_mut(tape, part)) {
            soft(k, x, self.tau, lines);
            if self.hard {
                hard_of(k, x, y, lines);
            } else if y.len() == x.len() {
                y.copy_from_slice(x);
            }
        }
    }

    #[inline(always)]
    fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], _: &mut [f32]) {
        if pass.input_gradient {
            soft_backward(k, x, tape, self.tau, const { lines::<X>(D) });
        }
    }
}

/// A temperature that falls from step to step: `τ = max(least, start · factorᵗ)`.
///
/// Jang et al. (2017) take `factor = e⁻ʳ` with a rate `r` of 10⁻⁵ to 10⁻⁴ per step and `least = 0.5`. The
/// [schedules](crate::optim::schedule) of learning rates serve as well, where it is to fall otherwise.
///
/// ```
/// use tensorlet::{layer::Annealing, optim::schedule::{LinearLR, Schedule}};
/// let annealing = Annealing { start: 1.0, factor: 0.5, least: 0.2 };
/// assert_eq!([0, 1, 2, 3].map(|t| annealing.tau(t)), [1.0, 0.5, 0.25, 0.2]);
/// let linear = LinearLR::new(1.0, 1.0, 0.5, 4);
/// assert_eq!([0, 2, 4, 9].map(|t| linear.lr(t)), [1.0, 0.75, 0.5, 0.5]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Annealing {
    /// The temperature of step 0.
    pub start: f32,
    /// By what a step multiplies it.
    pub factor: f32,
    /// Where it stops.
    pub least: f32,
}

impl Annealing {
    /// The temperature of a step.
    #[must_use]
    pub fn tau(&self, step: u32) -> f32 {
        let tau = self.start * crate::math::pow(self.factor, step as f32);
        if tau < self.least { self.least } else { tau }
    }
}
