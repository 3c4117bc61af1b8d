//! Sampling from normal distributions whose parameters a network gives.

use super::{Drawn, Layer, Noise, Pass, Train};
use crate::{
    Tensor,
    description::{Description, LayerInfo, Op},
    kernel::{Kernels, samples, samples_mut},
    memory::{self, End, Input, split},
    module::no_parameters,
    ops::{Deviation, LogVariance, Softplus},
    random,
};

/// A sample of a normal distribution, from mean and log-variance: `z = μ + e^(ln σ²/2) ε` with standard normal
/// noise `ε`, the reparameterisation of variational autoencoders (Kingma & Welling, 2014): PyTorch's
/// `distributions.Normal(mu, (0.5 * logvar).exp()).rsample()`.
///
/// The input `[μ, ln σ²]` is `[X; 2]`, as [`Concat`](super::Concat) stacks it; the output is `X`. Gradients
/// flow to both. In training the noise is drawn anew in each step, or given; at inference there is none:
/// `z = μ`. It keeps nothing on the tape but its output: the noise is drawn again in the backward pass.
///
/// ```
/// use tensorlet::{layer::{Drawn, GaussianReparam}, Layer, Portable};
/// let x = [[[1.0, 2.0], [0.0, 0.0]]]; // means and log-variances
/// let z = GaussianReparam { noise: Drawn }.forward(Portable, &x, &mut [0.0; 6]).unwrap().to_vec();
/// assert_eq!(z, [[1.0, 2.0]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GaussianReparam<N = Drawn> {
    /// Where `ε` comes from.
    pub noise: N,
}

/// A sample of a normal distribution, from mean and the root of standard deviation: `z = μ + softplus(ρ) ε` with
/// standard normal noise `ε`, as in Bayesian networks (Blundell et al., 2015): PyTorch's
/// `distributions.Normal(mu, F.softplus(rho)).rsample()`.
///
/// The input `[μ, ρ]` is `[X; 2]`, the output `X`; all else is as in [`GaussianReparam`].
///
/// ```
/// use tensorlet::{layer::{Drawn, GaussianSigmaReparam}, Layer, Portable};
/// let x = [[[1.0, 2.0], [0.0, 0.0]]];
/// let z = GaussianSigmaReparam { noise: Drawn }.forward(Portable, &x, &mut [0.0; 6]).unwrap().to_vec();
/// assert_eq!(z, [[1.0, 2.0]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GaussianSigmaReparam<N = Drawn> {
    /// Where `ε` comes from.
    pub noise: N,
}

/// `z = μ + σ ε`, samples of `len` numbers.
#[inline]
fn forward<D: Deviation>(x: &[f32], noise: impl Iterator<Item = f32>, len: usize, z: &mut [f32]) {
    let mut noise = noise;
    for (x, z) in samples(x, 2 * len).zip(samples_mut(z, len)) {
        let (mean, parameter) = x.split_at_checked(len).unwrap_or_default();
        for ((z, mean), &parameter) in z.iter_mut().zip(mean).zip(parameter) {
            *z = mean + D::sigma(parameter) * noise.next().unwrap_or(0.0);
        }
    }
}

/// From `∂L/∂z` the gradients of mean and parameter, in the place of both.
#[inline]
fn backward<D: Deviation>(x: &mut [f32], noise: impl Iterator<Item = f32>, len: usize, dz: &[f32]) {
    let mut noise = noise;
    for (x, dz) in samples_mut(x, 2 * len).zip(samples(dz, len)) {
        let (mean, parameter) = split(x, len);
        for ((mean, parameter), &dz) in mean.iter_mut().zip(parameter).zip(dz) {
            *mean = dz;
            *parameter = dz * noise.next().unwrap_or(0.0) * D::slope(*parameter);
        }
    }
}

macro_rules! reparameterisation {
    ($name:ident, $deviation:ty) => {
        impl<N: Noise> $name<N> {
            /// With noise that is drawn, or with none given yet.
            pub const NEW: Self = Self { noise: N::NEW };
        }
        no_parameters!([N: Noise] $name<N>);

        impl<N: Noise, X: Tensor<Elem = f32>> Layer<[X; 2]> for $name<N> {
            type Out = X;
            const DESCRIPTION: Description = Description::Layer(LayerInfo {
                op: Op::$name,
                input: <[X; 2]>::SHAPE,
                output: X::SHAPE,
                parameters: &[],
                macs: 0,
            });

            #[inline(always)]
            fn infer<K: Kernels>(&self, _: K, input: Input<'_, [X; 2]>, _: &mut [f32], arena: &mut [f32]) -> End {
                memory::out_of_place(input, arena, |x, z, _| {
                    for ([mean, _], z) in x.iter().zip(z) {
                        *z = *mean;
                    }
                })
            }
        }

        impl<N: Noise, X: Tensor<Elem = f32>> Train<[X; 2]> for $name<N> {
            const DIFFERS_IN_TRAINING: bool = true;

            #[inline(always)]
            fn forward_train<K: Kernels>(&self, _: K, pass: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
                if pass.training {
                    forward::<$deviation>(x, self.noise.numbers(&pass, random::normal), X::LEN, tape);
                } else {
                    forward::<$deviation>(x, core::iter::repeat(0.0), X::LEN, tape);
                }
            }

            #[inline(always)]
            fn backward<K: Kernels>(&mut self, _: K, pass: Pass, x: &mut [f32], tape: &mut [f32], _: &mut [f32]) {
                if !pass.input_gradient {
                } else if pass.training {
                    backward::<$deviation>(x, self.noise.numbers(&pass, random::normal), X::LEN, tape);
                } else {
                    backward::<$deviation>(x, core::iter::repeat(0.0), X::LEN, tape);
                }
            }
        }
    };
}

reparameterisation!(GaussianReparam, LogVariance);
reparameterisation!(GaussianSigmaReparam, Softplus);
