//! Normalisation of groups of channels of a sample, and of single channels.

use rand_core::Rng;

use super::{
    Affine, EPS, NoWeight,
    affine::{show, show_mut},
    plane,
};
use crate::{
    Module, NoBias, Path, Shape, Tensor, Visitor, VisitorMut,
    description::{Description, LayerInfo, Layout, Op, ParameterInfo},
    kernel::{
        Kernels, Standard,
        norm::{moments, standard},
        samples, samples_mut,
    },
    layer::{Layer, Pass, Train},
    memory::{self, End, Input},
    message::{Part, fail},
};

/// `(x - mean) / √(variance + eps) · weight + bias` with mean and variance of a group of channels at all
/// places of a sample: PyTorch's `nn.GroupNorm(G, C)` (Wu and He, 2018). The variance is the biased one.
///
/// The channels are the first dimension of a sample; `G` groups of `C / G` follow each other. Weight and
/// bias are per channel; [`NoWeight`] and [`NoBias`] for `W` and `B` are PyTorch's `affine=False`.
///
/// ```
/// use tensorlet::{GroupNorm, Layer, Module, Portable};
/// let mut norm = GroupNorm::<1, 2>::ZERO;
/// norm.weight = [1.0, 10.0];
/// norm.eps = 0.0;
/// let y = norm.forward(Portable, &[[[3.0], [5.0]]], &mut [0.0; 2]).unwrap().to_vec();
/// assert_eq!(y, [[[-1.0], [10.0]]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct GroupNorm<const G: usize, const C: usize, W = [f32; C], B = [f32; C]> {
    /// What each channel is multiplied by.
    pub weight: W,
    /// What is then added to it.
    pub bias: B,
    /// Added to the variance; 1e-5 by default.
    pub eps: f32,
}

/// [`GroupNorm`] with every channel a group of its own (Ulyanov et al., 2016): PyTorch's `nn.InstanceNorm2d(C)`,
/// also 1d and 3d, since the shape is the input's.
///
/// Without weight and bias unless stated, and without running statistics: PyTorch's defaults, `affine=False`
/// and `track_running_stats=False`.
///
/// ```
/// use tensorlet::{InstanceNorm, Layer, Module, Portable};
/// let mut norm = InstanceNorm::<2>::ZERO;
/// norm.eps = 0.0;
/// let y = norm.forward(Portable, &[[[3.0, 5.0], [1.0, -1.0]]], &mut [0.0; 4]).unwrap().to_vec();
/// assert_eq!(y, [[[-1.0, 1.0], [1.0, -1.0]]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct InstanceNorm<const C: usize, W = NoWeight, B = NoBias> {
    /// What each channel is multiplied by.
    pub weight: W,
    /// What is then added to it.
    pub bias: B,
    /// Added to the variance; 1e-5 by default.
    pub eps: f32,
}

/// [`InstanceNorm`] of samples `[[f32; L]; C]`: PyTorch's `nn.InstanceNorm1d(C)`.
pub type InstanceNorm1d<const C: usize, W = NoWeight, B = NoBias> = InstanceNorm<C, W, B>;
/// [`InstanceNorm`] of images: PyTorch's `nn.InstanceNorm2d(C)`.
pub type InstanceNorm2d<const C: usize, W = NoWeight, B = NoBias> = InstanceNorm<C, W, B>;

/// Sizes as numbers, so that the bodies are compiled once.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    /// Channels of a group.
    channels: usize,
    /// Elements of a channel.
    plane: usize,
}

/// Elements of a channel, for `G` groups. Fails to compile unless the channels fit.
const fn sizes<X: Tensor>(layer: &str, groups: usize, channels: usize) -> Sizes {
    if groups == 0 || !channels.is_multiple_of(groups) {
        fail(&[
            Part::Text("shape mismatch: layer `"),
            Part::Text(layer),
            Part::Text("` cannot divide "),
            Part::Number(channels),
            Part::Text(" channels into "),
            Part::Number(groups),
            Part::Text(" groups"),
        ]);
    }
    Sizes { channels: channels / groups, plane: plane(layer, X::SHAPE, channels) }
}

/// Weight, bias and `eps`.
#[derive(Clone, Copy)]
struct Settings<'a> {
    weight: &'a [f32],
    bias: &'a [f32],
    eps: f32,
}

/// The batch as groups, each with the position of its first channel among those of a sample.
#[inline(always)]
fn first_channels(groups: usize, channels: usize) -> impl Iterator<Item = usize> {
    (0..groups).cycle().map(move |group| group * channels)
}

/// Normalises a batch, in place.
#[inline]
fn apply<K: Kernels>(k: K, groups: usize, sizes: Sizes, settings: Settings<'_>, x: &mut [f32]) {
    let Sizes { channels, plane } = sizes;
    for (x, first) in samples_mut(x, channels * plane).zip(first_channels(groups, channels)) {
        let Standard { mean, rstd } = standard(moments(k, x), settings.eps);
        for (c, x) in samples_mut(x, plane).enumerate() {
            let weight = settings.weight.get(first + c).copied().unwrap_or(1.0);
            let bias = settings.bias.get(first + c).copied().unwrap_or(0.0);
            k.standardize(x, mean, rstd * weight, bias);
        }
    }
}

/// Adds the gradients of weight and bias, and puts that of the input in place of the input.
#[inline]
fn apply_backward<K: Kernels>(
    k: K,
    groups: usize,
    sizes: Sizes,
    settings: Settings<'_>,
    x: &mut [f32],
    dy: &[f32],
    [dweight, dbias]: [&mut [f32]; 2],
) {
    let Sizes { channels, plane } = sizes;
    let len = channels * plane;
    for ((x, dy), first) in samples_mut(x, len).zip(samples(dy, len)).zip(first_channels(groups, channels)) {
        let Standard { mean, rstd } = standard(moments(k, x), settings.eps);
        let weight = |c: usize| settings.weight.get(first + c).copied().unwrap_or(1.0);
        let (mut sum, mut dot) = (0.0, 0.0);
        for (c, (x, dy)) in samples(x, plane).zip(samples(dy, plane)).enumerate() {
            let (of_bias, of_weight) = (k.sum(dy), k.dot_deviations(x, dy, mean) * rstd);
            if let Some(dweight) = dweight.get_mut(first + c) {
                *dweight += of_weight;
            }
            if let Some(dbias) = dbias.get_mut(first + c) {
                *dbias += of_bias;
            }
            sum += weight(c) * of_bias;
            dot += weight(c) * of_weight;
        }
        let scale = rstd / len as f32;
        for (c, (x, dy)) in samples_mut(x, plane).zip(samples(dy, plane)).enumerate() {
            k.standardize_backward(x, dy, mean, [rstd * weight(c), -dot * rstd * scale, -sum * scale]);
        }
    }
}

/// What both layers share.
macro_rules! layer {
    ($name:ident, [$($generics:tt)*], [$($arguments:tt)*], $groups:expr, $op:expr) => {
        impl<$($generics)*, W: Affine<[f32; C]>, B: Affine<[f32; C]>> $name<$($arguments)*, W, B> {
            const WEIGHT: ParameterInfo =
                ParameterInfo { name: "weight", shape: Shape::new(&[C]), layout: Layout::RowMajor };
            const BIAS: ParameterInfo =
                ParameterInfo { name: "bias", shape: Shape::new(&[C]), layout: Layout::RowMajor };

            #[inline(always)]
            fn settings(&self) -> Settings<'_> {
                Settings { weight: self.weight.values(), bias: self.bias.values(), eps: self.eps }
            }
        }

        impl<$($generics)*, W: Affine<[f32; C]>, B: Affine<[f32; C]>> Module for $name<$($arguments)*, W, B> {
            const ZERO: Self = Self { weight: W::ZERO, bias: B::ZERO, eps: EPS };
            const PARAMETERS: usize = W::LEN + B::LEN;

            /// The weight 1, the bias 0, as in PyTorch; draws nothing.
            fn init<R: Rng>(&mut self, _: &mut R) {
                self.weight.values_mut().fill(1.0);
                self.bias.values_mut().fill(0.0);
            }

            #[inline]
            fn parameters<V: Visitor>(&self, path: Path<'_>, visitor: &mut V) {
                visitor.setting(path.join("eps"), self.eps);
                show(&self.weight, &Self::WEIGHT, path, visitor);
                show(&self.bias, &Self::BIAS, path, visitor);
            }

            #[inline]
            fn parameters_mut<V: VisitorMut>(&mut self, path: Path<'_>, visitor: &mut V) {
                show_mut(&mut self.weight, &Self::WEIGHT, path, visitor);
                show_mut(&mut self.bias, &Self::BIAS, path, visitor);
            }
        }

        impl<X: Tensor<Elem = f32>, $($generics)*, W: Affine<[f32; C]>, B: Affine<[f32; C]>> Layer<X>
            for $name<$($arguments)*, W, B>
        {
            type Out = X;
            const DESCRIPTION: Description = {
                let _ = sizes::<X>(stringify!($name), $groups, C);
                Description::Layer(LayerInfo {
                    op: $op,
                    input: X::SHAPE,
                    output: X::SHAPE,
                    parameters: match (W::LEN, B::LEN) {
                        (0, 0) => &[],
                        (_, 0) => &[Self::WEIGHT],
                        (0, _) => &[Self::BIAS],
                        _ => &[Self::WEIGHT, Self::BIAS],
                    },
                    macs: X::LEN,
                })
            };
            const PEAK: usize = X::WORDS;
            const PEAK_GIVEN: usize = X::WORDS;

            #[inline(always)]
            fn infer<K: Kernels>(&self, k: K, input: Input<'_, X>, _: &mut [f32], arena: &mut [f32]) -> End {
                let sizes = const { sizes::<X>(stringify!($name), $groups, C) };
                memory::in_place(input, arena, |x| apply(k, $groups, sizes, self.settings(), x))
            }
        }

        impl<X: Tensor<Elem = f32>, $($generics)*, W: Affine<[f32; C]>, B: Affine<[f32; C]>> Train<X>
            for $name<$($arguments)*, W, B>
        {
            #[inline(always)]
            fn forward_train<K: Kernels>(&self, k: K, _: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
                for (y, x) in tape.iter_mut().zip(x) {
                    *y = *x;
                }
                apply(k, $groups, const { sizes::<X>(stringify!($name), $groups, C) }, self.settings(), tape);
            }

            #[inline(always)]
            fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32]) {
                if grad.is_empty() && !pass.input_gradient {
                    return;
                }
                let (dweight, dbias) = memory::split(grad, W::LEN);
                let sizes = const { sizes::<X>(stringify!($name), $groups, C) };
                apply_backward(k, $groups, sizes, self.settings(), x, tape, [dweight, dbias]);
            }
        }
    };
}

layer!(GroupNorm, [const G: usize, const C: usize], [G, C], G, Op::GroupNorm { groups: G });
layer!(InstanceNorm, [const C: usize], [C], C, Op::InstanceNorm);
