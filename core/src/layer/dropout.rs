//! Dropout: numbers, or whole channels, that are left out at random in training.

use super::{Drawn, Layer, Noise, Pass, Train};
use crate::{
    Tensor,
    description::{Description, LayerInfo, Op},
    kernel::{Kernels, samples_mut},
    memory::{self, End, Input},
    module::no_parameters,
    random,
    shape::Shape,
};

/// In training each number is 0 with probability `p`, else `1 / (1 - p)` times itself: PyTorch's
/// `nn.Dropout` (Srivastava et al., 2014). Inference, and training inside [`Frozen`](crate::Frozen), changes
/// nothing.
///
/// Works in place and remembers nothing: the backward pass draws the same numbers again, one for each of the
/// input, from [`Pass::generator`]. With noise that is [`Given`](super::Given), a number stays where the
/// noise is not below `p`.
///
/// ```
/// use tensorlet::{Dropout, Layer, Portable};
/// let dropout: Dropout = Dropout::new(0.2);
/// let y = dropout.forward(Portable, &[[1.0, 2.0]], &mut [0.0; 2]).unwrap().to_vec();
/// assert_eq!(y, [[1.0, 2.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout<N = Drawn> {
    /// The probability of 0; 0.5 by default.
    pub p: f32,
    /// Where the random numbers come from.
    pub noise: N,
}

/// [`Dropout`] of whole channels, the first dimension of a sample: PyTorch's `nn.Dropout2d`, also 1d and 3d,
/// since the shape is the input's (Tompson et al., 2015). One number is drawn for each channel.
///
/// ```
/// use tensorlet::{Dropout2d, Layer, Portable};
/// let dropout: Dropout2d = Dropout2d::new(0.2);
/// let y = dropout.forward(Portable, &[[[[1.0]], [[2.0]]]], &mut [0.0; 2]).unwrap().to_vec();
/// assert_eq!(y, [[[[1.0]], [[2.0]]]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChannelDropout<N = Drawn> {
    /// The probability of 0; 0.5 by default.
    pub p: f32,
    /// Where the random numbers come from.
    pub noise: N,
}

/// [`ChannelDropout`] of samples `[[f32; L]; C]`: PyTorch's `nn.Dropout1d`.
pub type Dropout1d<N = Drawn> = ChannelDropout<N>;
/// [`ChannelDropout`] of images: PyTorch's `nn.Dropout2d`.
pub type Dropout2d<N = Drawn> = ChannelDropout<N>;

/// `1 / (1 - p)`; 0 where nothing is left.
#[inline(always)]
pub(crate) fn scale(p: f32) -> f32 {
    if p < 1.0 { 1.0 / (1.0 - p) } else { 0.0 }
}

/// Runs of `len` numbers.
#[inline]
fn drop_runs(x: &mut [f32], len: usize, p: f32, noise: impl Iterator<Item = f32>) {
    let scale = scale(p);
    let factor = |u: f32| if u < p { 0.0 } else { scale };
    if len == 1 {
        x.iter_mut().zip(noise).for_each(|(x, u)| *x *= factor(u));
        return;
    }
    for (x, u) in samples_mut(x, len).zip(noise) {
        x.iter_mut().for_each(|x| *x *= factor(u));
    }
}

macro_rules! dropout {
    ($name:ident, $len:expr) => {
        impl<N: Noise> $name<N> {
            /// With PyTorch's default, and noise that is drawn, or none given yet.
            pub const NEW: Self = Self::new(0.5);

            /// With this probability.
            #[must_use]
            pub const fn new(p: f32) -> Self {
                Self { p, noise: N::NEW }
            }
        }

        impl<N: Noise> Default for $name<N> {
            fn default() -> Self {
                Self::NEW
            }
        }

        no_parameters!([N: Noise] $name<N>, p);

        impl<N: Noise> $name<N> {
            /// The same numbers in both directions.
            #[inline(always)]
            fn apply(&self, pass: &Pass, len: usize, x: &mut [f32]) {
                if pass.training {
                    drop_runs(x, len, self.p, self.noise.numbers(pass, random::uniform));
                }
            }
        }

        impl<X: Tensor<Elem = f32>, N: Noise> Layer<X> for $name<N> {
            type Out = X;
            const DESCRIPTION: Description = Description::Layer(LayerInfo {
                op: Op::$name,
                input: X::SHAPE,
                output: X::SHAPE,
                parameters: &[],
                macs: 0,
            });
            const PEAK: usize = X::WORDS;
            const PEAK_GIVEN: usize = X::WORDS;

            #[inline(always)]
            fn infer<K: Kernels>(&self, _: K, input: Input<'_, X>, _: &mut [f32], arena: &mut [f32]) -> End {
                memory::in_place(input, arena, |_| ())
            }
        }

        /// In place and without a trace: the slot of the input is the slot of the output.
        impl<X: Tensor<Elem = f32>, N: Noise> Train<X> for $name<N> {
            const TAPE: usize = 0;
            const OVERWRITES_X: bool = true;
            const OVERWRITES_DY: bool = true;
            const DIFFERS_IN_TRAINING: bool = true;

            #[inline(always)]
            fn forward_train<K: Kernels>(&self, _: K, pass: Pass, x: &mut [f32], _: &mut [f32], _: &mut [f32]) {
                self.apply(&pass, const { $len(X::SHAPE) }, x);
            }

            #[inline(always)]
            fn out<'a>(_: Pass, x: &'a mut [f32], _: &'a mut [f32]) -> &'a mut [f32] {
                x
            }

            #[inline(always)]
            fn backward<K: Kernels>(&mut self, _: K, pass: Pass, x: &mut [f32], _: &mut [f32], _: &mut [f32]) {
                if pass.input_gradient {
                    self.apply(&pass, const { $len(X::SHAPE) }, x);
                }
            }
        }
    };
}

/// Numbers that share a fate.
const fn one(_: Shape) -> usize {
    1
}

/// Those of a channel, the first dimension.
const fn channel(shape: Shape) -> usize {
    shape.numel() / shape.dim(0)
}

dropout!(Dropout, one);
dropout!(ChannelDropout, channel);
