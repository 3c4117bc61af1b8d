//! Layers of which only a part is trained.

use core::marker::PhantomData;

use rand_core::Rng;

use super::{Bias, Conv1d, Conv2d, Layer, Linear, Pass, Train, windowed::Sizes};
use crate::{
    Error, Module, Parameter, Path, Sliding, Tensor, Visitor, VisitorMut,
    description::Description,
    kernel::{Conv2dDims, Conv2dShape, Kernels, samples, samples_mut},
    memory::{self, End, Input},
};

/// A layer whose weight and bias belong to output channels, each with a part of its own:
/// [`Linear`], [`Conv1d`] and [`Conv2d`]. What [`BiasOnly`] and [`Channels`] are made of.
pub trait OutputChannels: Module {
    /// The output channels: the first dimension of the weight.
    const CHANNELS: usize;
    /// The biases: as many or none.
    const BIASES: usize;
    /// The weights of one channel.
    const WEIGHTS: usize = (Self::PARAMETERS - Self::BIASES) / Self::CHANNELS;
}

/// The gradients of such a layer one by one, for inputs of type `X`. The gradient of the output lies on
/// its tape.
pub trait ChannelGradients<X: Tensor>: OutputChannels + Train<X> {
    /// Adds to `grad`, in PyTorch's order, `∂L/∂weight` of one channel.
    fn weight_gradient<K: Kernels>(k: K, channel: usize, x: &[f32], dy: &[f32], grad: &mut [f32]);

    /// `∂L/∂bias` of one channel.
    fn bias_gradient<K: Kernels>(k: K, channel: usize, dy: &[f32]) -> f32;
}

impl<const IN: usize, const OUT: usize, B: Bias<OUT>> OutputChannels for Linear<IN, OUT, B> {
    const CHANNELS: usize = OUT;
    const BIASES: usize = B::LEN;
}

impl<const IN: usize, const OUT: usize, B: Bias<OUT>> ChannelGradients<[f32; IN]> for Linear<IN, OUT, B> {
    #[inline]
    fn weight_gradient<K: Kernels>(k: K, channel: usize, x: &[f32], dy: &[f32], grad: &mut [f32]) {
        for (x, dy) in samples(x, IN).zip(samples(dy, OUT)) {
            if let Some(&dy) = dy.get(channel) {
                k.add_scaled(grad, dy, x);
            }
        }
    }

    #[inline]
    fn bias_gradient<K: Kernels>(_: K, channel: usize, dy: &[f32]) -> f32 {
        samples(dy, OUT).filter_map(|dy| dy.get(channel)).sum()
    }
}

/// One channel of the output of a convolution, and the channels of the input that it sees.
struct OneChannel<G>(PhantomData<G>);

impl<G: Conv2dShape> Conv2dShape for OneChannel<G> {
    const DIMS: Conv2dDims = Conv2dDims { groups: 1, out_channels: 1, ..G::DIMS };
}

fn convolution_gradient<G: Conv2dShape, K: Kernels>(
    k: K,
    [input, output]: [usize; 2],
    channel: usize,
    [x, dy]: [&[f32]; 2],
    grad: &mut [f32],
) {
    let d = const { G::DIMS };
    let group = channel.checked_div(d.out_channels).unwrap_or(0);
    let (input_part, plane) = (d.in_channels * d.input[0] * d.input[1], d.output[0] * d.output[1]);
    for (x, dy) in samples(x, input).zip(samples(dy, output)) {
        if let (Some(x), Some(dy)) = (samples(x, input_part).nth(group), samples(dy, plane).nth(channel)) {
            k.conv2d_weight_gradient::<OneChannel<G>>(x, dy, grad, &mut []);
        }
    }
}

/// Both traits for a convolution.
macro_rules! convolution {
    ($name:ident [$($own:tt)*] <$($arg:ident),*> [$($on:tt)*] $input:ty, $channels:ident) => {
        impl<$($own)*> OutputChannels for $name<$($arg),*> {
            const CHANNELS: usize = $channels;
            const BIASES: usize = B::LEN;
        }

        impl<$($own)*, $($on)*> ChannelGradients<$input> for $name<$($arg),*> {
            #[inline]
            fn weight_gradient<T: Kernels>(k: T, channel: usize, x: &[f32], dy: &[f32], grad: &mut [f32]) {
                let lengths = [<$input>::LEN, <Self as Layer<$input>>::Out::LEN];
                convolution_gradient::<Sizes<Self, $input>, T>(k, lengths, channel, [x, dy], grad);
            }

            #[inline]
            fn bias_gradient<T: Kernels>(k: T, channel: usize, dy: &[f32]) -> f32 {
                let plane = const { <Self as Layer<$input>>::Out::LEN / $channels };
                samples(dy, <Self as Layer<$input>>::Out::LEN)
                    .filter_map(|dy| samples(dy, plane).nth(channel))
                    .map(|dy| k.sum(dy))
                    .sum()
            }
        }
    };
}

convolution!(
    Conv2d [
        const IN: usize, const OUT: usize, const KH: usize, const KW: usize, const OH: usize, const OW: usize,
        S: Sliding, B: Bias<OUT>, const PER_GROUP: usize
    ] <IN, OUT, KH, KW, OH, OW, S, B, PER_GROUP>
    [const H: usize, const W: usize] [[[f32; W]; H]; IN], OUT
);

convolution!(
    Conv1d [
        const IN: usize, const OUT: usize, const K: usize, const OL: usize, S: Sliding, B: Bias<OUT>,
        const PER_GROUP: usize
    ] <IN, OUT, K, OL, S, B, PER_GROUP>
    [const L: usize] [[f32; L]; IN], OUT
);

/// A layer of which only the bias is trained (Cai et al., 2020, "TinyTL"), after PyTorch's
/// `weight.requires_grad_(False)`: gradient and optimiser keep a
/// word for each output channel and none for the weight.
///
/// ```
/// use tensorlet::{BiasOnly, Conv2d, Module};
/// type Conv = Conv2d<8, 16, 3, 3, 6, 6>;
/// assert_eq!((Conv::GRAD, BiasOnly::<Conv>::GRAD), (16 * 8 * 9 + 16, 16));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(transparent)]
pub struct BiasOnly<L>(
    /// The layer.
    pub L,
);

/// Marks all but biases as not trained.
struct Biases<'a, V>(&'a mut V);

impl<V: Visitor> Visitor for Biases<'_, V> {
    fn parameter(&mut self, parameter: Parameter<'_>, values: &[f32]) {
        let trained = parameter.info.name == "bias";
        self.0.parameter(Parameter { trained, ..parameter }, values);
    }

    fn setting(&mut self, path: Path<'_>, value: f32) {
        self.0.setting(path, value);
    }
}

impl<V: VisitorMut> VisitorMut for Biases<'_, V> {
    fn parameter(&mut self, parameter: Parameter<'_>, values: &mut [f32]) {
        let trained = parameter.info.name == "bias";
        self.0.parameter(Parameter { trained, ..parameter }, values);
    }
}

impl<L: OutputChannels> Module for BiasOnly<L> {
    const ZERO: Self = Self(L::ZERO);
    const PARAMETERS: usize = L::PARAMETERS;
    const GRAD: usize = L::BIASES;

    #[inline]
    fn init<R: Rng>(&mut self, rng: &mut R) {
        self.0.init(rng);
    }

    #[inline]
    fn parameters<V: Visitor>(&self, path: Path<'_>, visitor: &mut V) {
        self.0.parameters(path, &mut Biases(visitor));
    }

    #[inline]
    fn parameters_mut<V: VisitorMut>(&mut self, path: Path<'_>, visitor: &mut V) {
        self.0.parameters_mut(path, &mut Biases(visitor));
    }
}

/// A layer of which only some output channels are trained, their weights and biases: gradient and
/// optimiser keep words for these `N` alone (Lin et al., 2022, "On-Device Training Under 256KB Memory").
///
/// Which ones, [`choose`](Self::choose) says, at run time: those with the largest gradients, say. At first
/// it is the first `N`.
///
/// ```
/// use tensorlet::{Channels, Linear, Module};
/// type Layer = Channels<Linear<64, 10>, 2>;
/// assert_eq!(Layer::GRAD, 2 * 64 + 2);
/// let mut layer = Layer::ZERO;
/// assert!(layer.choose([3, 8]).is_ok());
/// assert!(layer.choose([3, 10]).is_err() && layer.choose([3, 3]).is_err());
/// assert_eq!(layer.chosen(), [3, 8]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Channels<L, const N: usize> {
    /// The layer.
    pub layer: L,
    chosen: [u16; N],
}

impl<L: OutputChannels, const N: usize> Channels<L, N> {
    /// A layer of which the first `N` output channels are trained.
    #[must_use]
    pub const fn new(layer: L) -> Self {
        const { assert!(N <= L::CHANNELS && L::CHANNELS <= 1 << 16, "a layer has no so many output channels") };
        let (mut chosen, mut i) = ([0; N], 0);
        while i < N {
            chosen[i] = i as u16;
            i += 1;
        }
        Self { layer, chosen }
    }

    /// The channels that are trained.
    #[must_use]
    pub const fn chosen(&self) -> [u16; N] {
        self.chosen
    }

    /// Sets the channels that are trained, in ascending order. What an optimiser keeps stays with the
    /// places in this list, so a change is best followed by a new trainer.
    ///
    /// # Errors
    /// [`Error::IndexOutOfRange`] for one that the layer does not have or that is not above the one before;
    /// nothing is then changed.
    pub fn choose(&mut self, channels: [u16; N]) -> Result<(), Error> {
        let mut least = 0;
        for (position, &channel) in channels.iter().enumerate() {
            let index = usize::from(channel);
            if index < least || index >= L::CHANNELS {
                return Err(Error::IndexOutOfRange { position, index: i64::from(channel), entries: L::CHANNELS });
            }
            least = index + 1;
        }
        self.chosen = channels;
        Ok(())
    }
}

/// Tells which channels are trained.
struct Chosen<'a, V> {
    visitor: &'a mut V,
    channels: &'a [u16],
}

impl<V: Visitor> Visitor for Chosen<'_, V> {
    fn parameter(&mut self, parameter: Parameter<'_>, values: &[f32]) {
        self.visitor.partly_trained(parameter, self.channels, values);
    }

    fn setting(&mut self, path: Path<'_>, value: f32) {
        self.visitor.setting(path, value);
    }
}

impl<V: VisitorMut> VisitorMut for Chosen<'_, V> {
    fn parameter(&mut self, parameter: Parameter<'_>, values: &mut [f32]) {
        self.visitor.partly_trained(parameter, self.channels, values);
    }
}

impl<L: OutputChannels, const N: usize> Module for Channels<L, N> {
    const ZERO: Self = Self::new(L::ZERO);
    const PARAMETERS: usize = L::PARAMETERS;
    const GRAD: usize = N * L::WEIGHTS + if L::BIASES > 0 { N } else { 0 };

    #[inline]
    fn init<R: Rng>(&mut self, rng: &mut R) {
        self.layer.init(rng);
    }

    #[inline]
    fn parameters<V: Visitor>(&self, path: Path<'_>, visitor: &mut V) {
        self.layer.parameters(path, &mut Chosen { visitor, channels: &self.chosen });
    }

    #[inline]
    fn parameters_mut<V: VisitorMut>(&mut self, path: Path<'_>, visitor: &mut V) {
        self.layer.parameters_mut(path, &mut Chosen { visitor, channels: &self.chosen });
    }
}

/// [`Layer`] and [`Train`] for a wrapper of a layer `L`, which is its field: all as the layer does it but
/// for the gradients of parameters, `|layer and chosen channels, k, pass, x, dy, grad|`. Where they are
/// updated at once, they all lie in scratch.
macro_rules! wrapper {
    ([$($generics:tt)*] $name:ty, $field:tt, |$self:ident, $k:ident, $pass:ident, $x:ident, $dy:ident, $grad:ident| $gradient:block) => {
        impl<X: Tensor, L: Layer<X> + OutputChannels, $($generics)*> Layer<X> for $name {
            type Out = L::Out;
            const DESCRIPTION: Description = L::DESCRIPTION;
            const PEAK: usize = L::PEAK;
            const PEAK_GIVEN: usize = L::PEAK_GIVEN;

            #[inline(always)]
            fn infer<K: Kernels>(&self, k: K, input: Input<'_, X>, state: &mut [f32], arena: &mut [f32]) -> End {
                self.$field.infer(k, input, state, arena)
            }
        }

        impl<X: Tensor, L: ChannelGradients<X>, $($generics)*> Train<X> for $name {
            const TAPE: usize = L::TAPE;
            const TAPE_LEAF: usize = L::TAPE_LEAF;

            #[inline(always)]
            fn forward_train<K: Kernels>(&self, k: K, pass: Pass, x: &mut [f32], state: &mut [f32], tape: &mut [f32]) {
                self.$field.forward_train(k, pass, x, state, tape);
            }

            #[inline(always)]
            fn out<'a>(pass: Pass, x: &'a mut [f32], tape: &'a mut [f32]) -> &'a mut [f32] {
                L::out(pass, x, tape)
            }

            #[inline]
            fn backward<K: Kernels>(
                &mut $self,
                $k: K,
                $pass: Pass,
                $x: &mut [f32],
                $dy: &mut [f32],
                $grad: &mut [f32],
            ) {
                $gradient
                if $pass.input_gradient {
                    $self.$field.backward($k, $pass, $x, $dy, &mut []);
                }
            }
        }
    };
}

wrapper!([] BiasOnly<L>, 0, |self, k, pass, x, dy, grad| {
    for (channel, grad) in grad.iter_mut().enumerate() {
        *grad += L::bias_gradient(k, channel, dy);
    }
});

wrapper!([const N: usize] Channels<L, N>, layer, |self, k, pass, x, dy, grad| {
    let (weights, biases) = memory::split(grad, N * L::WEIGHTS);
    for (&channel, grad) in self.chosen.iter().zip(samples_mut(weights, L::WEIGHTS)) {
        L::weight_gradient(k, channel.into(), x, dy, grad);
    }
    for (&channel, grad) in self.chosen.iter().zip(biases) {
        *grad += L::bias_gradient(k, channel.into(), dy);
    }
});
