//! Sequences: a layer at every time step, and one vector of a whole sequence.

use super::{Fused, Layer, Linear, Pass, Train, bias::Bias};
use crate::{
    Error, Module, Tensor,
    description::{Description, LayerInfo, Op},
    kernel::{Kernels, samples, samples_mut},
    memory::{self, End, Input},
    module::{no_parameters, parameters_of_inner},
    optim::Optimizer,
};

/// A layer at every time step: `L` takes an `X`, this takes `[X; T]` and gives `[L::Out; T]`.
///
/// The steps count as samples of the layer inside, so their weights are read once for all of them.
/// Linear layers do this of themselves, in PyTorch and here: [`Linear`].
///
/// ```
/// use tensorlet::{Layer, Linear, Portable, TimeDistributed};
/// let layer = Linear { weight: [[1.0], [10.0]], bias: [0.5] };
/// let sequence = [[3.0, 4.0], [5.0, 6.0]];
/// let mut arena = [0.0; 6];
/// assert_eq!(layer.forward(Portable, &sequence, &mut arena), Ok(&[[43.5], [65.5]][..]));
/// assert_eq!(TimeDistributed(layer).forward(Portable, &[sequence], &mut arena), Ok(&[[[43.5], [65.5]]][..]));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(transparent)]
pub struct TimeDistributed<L>(
    /// The layer.
    pub L,
);

parameters_of_inner!([L: Module] TimeDistributed<L>, L);

/// The steps of all samples as samples.
#[inline(always)]
fn flattened<'a, X: Tensor, const T: usize>(input: &Input<'a, [X; T]>) -> Input<'a, X> {
    match *input {
        Input::Given(x) => Input::Given(x.as_flattened()),
        Input::Arena { n, at } => Input::Arena { n: n * T, at },
    }
}

#[inline(always)]
const fn flat_pass<const T: usize>(pass: Pass) -> Pass {
    Pass { n: pass.n * T, ..pass }
}

/// Implements `Layer<[X; T]>` and `Train<[X; T]>` by those of a layer `L` of `X`, which `$inner` of
/// `self` is.
macro_rules! at_every_step {
    ([$($generics:tt)*] $name:ty, $x:ty, $inner:ty, |$self:ident| $get:expr, $get_mut:expr, [$($layer:tt)*] [$($train:tt)*]) => {
        impl<$($generics)*, const T: usize> Layer<[$x; T]> for $name
        where
            $($layer)*
        {
            type Out = [<$inner as Layer<$x>>::Out; T];
            const DESCRIPTION: Description = Description::Steps(&<$inner as Layer<$x>>::DESCRIPTION, T);
            const PEAK: usize = T * <$inner as Layer<$x>>::PEAK;
            const PEAK_GIVEN: usize = T * <$inner as Layer<$x>>::PEAK_GIVEN;
            const STATE: usize = T * <$inner as Layer<$x>>::STATE;

            #[inline(always)]
            fn check(x: &[[$x; T]]) -> Result<(), Error> {
                <$inner as Layer<$x>>::check(x.as_flattened())
            }

            #[inline(always)]
            fn infer<K: Kernels>(
                &$self,
                k: K,
                input: Input<'_, [$x; T]>,
                state: &mut [f32],
                arena: &mut [f32],
            ) -> End {
                <$inner as Layer<$x>>::infer($get, k, flattened(&input), state, arena)
            }
        }

        impl<$($generics)*, const T: usize> Train<[$x; T]> for $name
        where
            $($train)*
        {
            const TAPE: usize = T * <$inner as Train<$x>>::TAPE;
            const TAPE_LEAF: usize = T * <$inner as Train<$x>>::TAPE_LEAF;
            const FUSED: usize = <$inner as Train<$x>>::FUSED;
            const FUSED_PER_SAMPLE: usize = T * <$inner as Train<$x>>::FUSED_PER_SAMPLE;
            const OVERWRITES_X: bool = <$inner as Train<$x>>::OVERWRITES_X;
            const OVERWRITES_DY: bool = <$inner as Train<$x>>::OVERWRITES_DY;
            const DIFFERS_IN_TRAINING: bool = <$inner as Train<$x>>::DIFFERS_IN_TRAINING;
            const MIN_BATCH: usize = <$inner as Train<$x>>::MIN_BATCH.div_ceil(T);

            #[inline(always)]
            fn forward_train<K: Kernels>(
                &$self,
                k: K,
                pass: Pass,
                x: &mut [f32],
                state: &mut [f32],
                tape: &mut [f32],
            ) {
                <$inner as Train<$x>>::forward_train($get, k, flat_pass::<T>(pass), x, state, tape);
            }

            #[inline(always)]
            fn out<'a>(pass: Pass, x: &'a mut [f32], tape: &'a mut [f32]) -> &'a mut [f32] {
                <$inner as Train<$x>>::out(flat_pass::<T>(pass), x, tape)
            }

            #[inline(always)]
            fn backward<K: Kernels>(
                &mut $self,
                k: K,
                pass: Pass,
                x: &mut [f32],
                tape: &mut [f32],
                grad: &mut [f32],
            ) {
                <$inner as Train<$x>>::backward($get_mut, k, flat_pass::<T>(pass), x, tape, grad);
            }

            #[inline(always)]
            fn backward_fused<K: Kernels, O: Optimizer>(
                &mut $self,
                k: K,
                pass: Pass,
                x: &mut [f32],
                tape: &mut [f32],
                step: Fused<'_, O>,
            ) {
                <$inner as Train<$x>>::backward_fused($get_mut, k, flat_pass::<T>(pass), x, tape, step);
            }
        }
    };
}

at_every_step!(
    [X: Tensor<Elem = f32>, L] TimeDistributed<L>, X, L, |self| &self.0, &mut self.0,
    [L: Layer<X, Out: Tensor<Elem = f32>>] [L: Train<X, Out: Tensor<Elem = f32>>]
);
// PyTorch's `nn.Linear` works on the last dimension: here on a vector or on each of a sequence.
at_every_step!(
    [const IN: usize, const OUT: usize, B] Linear<IN, OUT, B>, [f32; IN], Self, |self| self, self,
    [B: Bias<OUT>] [B: Bias<OUT>]
);

/// The last time step of a sequence: PyTorch's `x[:, -1]`.
///
/// ```
/// use tensorlet::{LastStep, Layer, Portable};
/// let y = LastStep.forward(Portable, &[[[1.0, 2.0], [3.0, 4.0]]], &mut [0.0; 6]).unwrap().to_vec();
/// assert_eq!(y, [[3.0, 4.0]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LastStep;

/// The mean over the time steps of a sequence: PyTorch's `x.mean(dim=1)`.
///
/// ```
/// use tensorlet::{Layer, MeanStep, Portable};
/// let y = MeanStep.forward(Portable, &[[[1.0, 2.0], [3.0, 4.0]]], &mut [0.0; 6]).unwrap().to_vec();
/// assert_eq!(y, [[2.0, 3.0]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MeanStep;

/// What both share. `|k, x, y, n|` computes one sample, `|k, dy, dx, n|` its gradient.
macro_rules! one_of_all_steps {
    ($name:ident, $op:expr, $forward:expr, $backward:expr) => {
        impl $name {
            const NEW: Self = Self;
        }
        no_parameters!([] $name);

        impl<X: Tensor<Elem = f32>, const T: usize> Layer<[X; T]> for $name {
            type Out = X;
            const DESCRIPTION: Description = Description::Layer(LayerInfo {
                op: $op,
                input: <[X; T]>::SHAPE,
                output: X::SHAPE,
                parameters: &[],
                macs: 0,
            });

            #[inline(always)]
            fn infer<K: Kernels>(&self, k: K, input: Input<'_, [X; T]>, _: &mut [f32], arena: &mut [f32]) -> End {
                memory::out_of_place(input, arena, |x, y: &mut [X], _| {
                    for (x, y) in x.iter().zip(y) {
                        $forward(k, x.elements(), y.elements_mut(), T);
                    }
                })
            }
        }

        impl<X: Tensor<Elem = f32>, const T: usize> Train<[X; T]> for $name {
            #[inline(always)]
            fn forward_train<K: Kernels>(&self, k: K, _: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
                for (x, y) in samples(x, T * X::LEN).zip(samples_mut(tape, X::LEN)) {
                    $forward(k, x, y, T);
                }
            }

            #[inline(always)]
            fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], _: &mut [f32]) {
                if pass.input_gradient {
                    for (dx, dy) in samples_mut(x, T * X::LEN).zip(samples(tape, X::LEN)) {
                        $backward(k, dy, dx, T);
                    }
                }
            }
        }
    };
}

one_of_all_steps!(LastStep, Op::LastStep, last, last_backward);
one_of_all_steps!(MeanStep, Op::MeanStep, mean, mean_backward);

#[inline(always)]
fn copy(to: &mut [f32], from: &[f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

#[inline(always)]
fn last<K: Kernels>(_: K, x: &[f32], y: &mut [f32], _: usize) {
    copy(y, x.get(x.len().saturating_sub(y.len())..).unwrap_or_default());
}

#[inline(always)]
fn last_backward<K: Kernels>(_: K, dy: &[f32], dx: &mut [f32], _: usize) {
    let (last, others) = memory::cut(dx, End::High, dy.len());
    others.fill(0.0);
    copy(last, dy);
}

#[inline(always)]
fn mean<K: Kernels>(k: K, x: &[f32], y: &mut [f32], steps: usize) {
    y.fill(0.0);
    for x in samples(x, y.len()) {
        k.add(y, x);
    }
    k.scale(y, 1.0 / steps as f32);
}

#[inline(always)]
fn mean_backward<K: Kernels>(k: K, dy: &[f32], dx: &mut [f32], steps: usize) {
    for dx in samples_mut(dx, dy.len()) {
        copy(dx, dy);
    }
    k.scale(dx, 1.0 / steps as f32);
}
