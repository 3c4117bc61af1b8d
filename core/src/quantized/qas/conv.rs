//! Convolution with int8 weights that are trained.

use core::marker::PhantomData;

use rand_core::Rng;

use super::{
    super::float::{rounded_weight, symmetric_scale},
    Int8Weights, StochasticRounding,
    weights::moved,
};
use crate::{
    Module, Parameter, Path, Slide, Sliding, Tensor, Visitor, VisitorMut,
    description::{Description, LayerInfo, Layout, Op, ParameterInfo, Window},
    init,
    kernel::{Conv2dDims, Conv2dShape, Epilogue, Kernels, samples, samples_mut},
    layer::{Fused, Layer, Pass, Train, conv_dims},
    memory::{self, End, Input},
    optim::{Optimizer, States},
    shape::Shape,
};

/// [`Conv2d`](crate::Conv2d) with weights of int8, in training as it is deployed: each is `scale[o] · weight[o][c][r][s]`.
///
/// The generics are those of [`Conv2d`](crate::Conv2d). Forward takes one filter of floats at a time, backward the
/// weights of one input channel: `max(PER_GROUP, OUT · PER_GROUP / IN) · KH · KW` words, and in a fused step as many for
/// the gradient.
///
/// ```
/// use tensorlet::{FusedTrainer, Module, Portable, Slide, loss::MseLoss, optim::Sgd, quantized::qas};
/// type Net = qas::Conv2d<1, 1, 1, 2, 1, 2>;
/// let mut net = Net::ZERO;
/// net.assign(&tensorlet::Conv2d::new([[[[0.5, -1.0]]]], [0.0]));
/// assert_eq!(net.weight, [[[[64, -127]]]]);
/// let mut workspace = [0.0; 16];
/// let mut trainer = FusedTrainer::<[[[f32; 3]; 1]; 1], Net, _>::new(Sgd::new(0.1), &mut workspace)?;
/// let (x, y) = ([[[[1.0, 2.0, 3.0]]]], [[[[0.0, 1.0]]]]);
/// let first = trainer.step(Portable, &mut net, &MseLoss, &x, &y)?;
/// let second = trainer.step(Portable, &mut net, &MseLoss, &x, &y)?;
/// assert!(second < first);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(4))]
pub struct Conv2d<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    S = Slide<1, 0>,
    const PER_GROUP: usize = IN,
> {
    /// The weight in steps of `scale`, `[out][in per group][kernel rows][kernel columns]`.
    pub weight: [[[[i8; KW]; KH]; PER_GROUP]; OUT],
    /// The scale of each output channel's weights; 0 in what has no weights yet.
    pub scale: [f32; OUT],
    /// The bias of each output channel.
    pub bias: [f32; OUT],
    /// How new weights are rounded.
    pub rounding: StochasticRounding,
    sliding: PhantomData<S>,
}

/// The sizes of a layer `L` on inputs of type `X`.
struct Sizes<L, X>(PhantomData<(L, X)>);

/// One output channel and what it sees.
struct OneOutput<G>(PhantomData<G>);

impl<G: Conv2dShape> Conv2dShape for OneOutput<G> {
    const DIMS: Conv2dDims = Conv2dDims { groups: 1, out_channels: 1, ..G::DIMS };
}

/// One input channel and all that see it.
struct OneInput<G>(PhantomData<G>);

impl<G: Conv2dShape> Conv2dShape for OneInput<G> {
    const DIMS: Conv2dDims = Conv2dDims { groups: 1, in_channels: 1, ..G::DIMS };
}

impl<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    S,
    const PER_GROUP: usize,
> Conv2d<IN, OUT, KH, KW, OH, OW, S, PER_GROUP>
{
    const WEIGHT: ParameterInfo =
        ParameterInfo { name: "weight", shape: Shape::new(&[OUT, PER_GROUP, KH, KW]), layout: Layout::RowMajor };
    const SCALE: ParameterInfo = ParameterInfo { name: "scale", shape: Shape::new(&[OUT]), layout: Layout::RowMajor };
    const BIAS: ParameterInfo = ParameterInfo { name: "bias", shape: Shape::new(&[OUT]), layout: Layout::RowMajor };
    const WEIGHTS: usize = OUT * PER_GROUP * KH * KW;
    /// Weights of one filter, and of one input channel.
    const FILTER: usize = PER_GROUP * KH * KW;
    const COLUMN: usize = OUT * PER_GROUP / IN * KH * KW;
    const SCRATCH: usize = memory::max(Self::FILTER, Self::COLUMN);

    /// Takes over the weights of a layer of floats: symmetric in -127 to 127, a scale for each output channel.
    pub fn assign(&mut self, float: &crate::Conv2d<IN, OUT, KH, KW, OH, OW, S, [f32; OUT], PER_GROUP>) {
        for ((to, from), scale) in self.weight.iter_mut().zip(&float.weight).zip(&mut self.scale) {
            *scale = symmetric_scale(from.elements().iter().copied());
            for (to, from) in to.elements_mut().iter_mut().zip(from.elements()) {
                *to = rounded_weight(*from, *scale);
            }
        }
        self.bias = float.bias;
    }

    #[inline(always)]
    fn apply<G: Conv2dShape, K: Kernels>(&self, k: K, x: &[f32], y: &mut [f32], scratch: &mut [f32]) {
        let d = const { G::DIMS };
        let (filter, _) = memory::split(scratch, Self::FILTER);
        for (o, (weight, scale)) in samples(self.weight.elements(), Self::FILTER).zip(&self.scale).enumerate() {
            for (real, w) in filter.iter_mut().zip(weight) {
                *real = scale * f32::from(*w);
            }
            let (bias, group) = (self.bias.get(o..).unwrap_or_default(), o.checked_div(d.out_channels).unwrap_or(0));
            for (x, y) in samples(x, d.in_len()).zip(samples_mut(y, d.out_len())) {
                let x = x.get(group * d.group_in_len()..(group + 1) * d.group_in_len());
                if let (Some(x), Some(y)) = (x, y.get_mut(o * d.out_plane()..(o + 1) * d.out_plane())) {
                    k.conv2d_fused::<OneOutput<G>>(x, filter, bias, Epilogue::Identity, y);
                }
            }
        }
    }

    /// The weights of one input channel as floats.
    #[inline(always)]
    fn column(&self, d: &Conv2dDims, group: usize, channel: usize, reals: &mut [f32]) {
        let taps = KH * KW;
        let (weight, outputs) = (self.weight.elements(), group * d.out_channels..(group + 1) * d.out_channels);
        for (reals, o) in samples_mut(reals, taps).zip(outputs) {
            let start = o * Self::FILTER + channel * taps;
            if let (Some(weight), Some(scale)) = (weight.get(start..start + taps), self.scale.get(o)) {
                for (real, w) in reals.iter_mut().zip(weight) {
                    *real = scale * f32::from(*w);
                }
            }
        }
    }

    /// For each sample, the input channel, which takes `∂L/∂x`, and the `∂L/∂y` of all that see it.
    #[inline(always)]
    fn pairs<'a>(
        d: Conv2dDims,
        group: usize,
        channel: usize,
        x: &'a mut [f32],
        dy: &'a [f32],
    ) -> impl Iterator<Item = (&'a mut [f32], &'a [f32])> {
        let plane = group * d.in_channels + channel;
        samples_mut(x, d.in_len()).zip(samples(dy, d.out_len())).filter_map(move |(x, dy)| {
            let x = x.get_mut(plane * d.in_plane()..(plane + 1) * d.in_plane())?;
            Some((x, dy.get(group * d.group_out_len()..(group + 1) * d.group_out_len())?))
        })
    }
}

impl<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    S: Sliding,
    const PER_GROUP: usize,
> Module for Conv2d<IN, OUT, KH, KW, OH, OW, S, PER_GROUP>
{
    const ZERO: Self = Self {
        weight: [[[[0; KW]; KH]; PER_GROUP]; OUT],
        scale: [0.0; OUT],
        bias: [0.0; OUT],
        rounding: StochasticRounding::new(0),
        sliding: PhantomData,
    };
    const PARAMETERS: usize = Self::WEIGHTS + OUT;

    /// Uniform as [`Conv2d`](crate::Conv2d) has them, with scales that let weights grow eightfold.
    fn init<R: Rng>(&mut self, rng: &mut R) {
        let bound = init::default_bound(Self::FILTER);
        self.scale = [super::weights::init(self.weight.elements_mut(), bound, rng); OUT];
        init::uniform(&mut self.bias, -bound, bound, rng);
        self.rounding = StochasticRounding::new(rng.next_u32());
    }

    #[inline]
    fn parameters<V: Visitor>(&self, path: Path<'_>, visitor: &mut V) {
        let of = |info: &'static ParameterInfo, trained| Parameter { path: path.join(info.name), info, trained };
        visitor.int8(of(&Self::WEIGHT, true), self.weight.elements());
        visitor.parameter(of(&Self::SCALE, false), &self.scale);
        visitor.parameter(of(&Self::BIAS, true), &self.bias);
    }

    #[inline]
    fn parameters_mut<V: VisitorMut>(&mut self, path: Path<'_>, visitor: &mut V) {
        let of = |info: &'static ParameterInfo, trained| Parameter { path: path.join(info.name), info, trained };
        let weights = Int8Weights {
            values: self.weight.elements_mut(),
            scales: &self.scale,
            layout: Layout::RowMajor,
            rounding: &mut self.rounding,
        };
        visitor.int8(of(&Self::WEIGHT, true), weights);
        visitor.parameter(of(&Self::SCALE, false), &mut self.scale);
        visitor.parameter(of(&Self::BIAS, true), &mut self.bias);
    }
}

impl<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    S: Sliding,
    const PER_GROUP: usize,
    const H: usize,
    const W: usize,
> Conv2dShape for Sizes<Conv2d<IN, OUT, KH, KW, OH, OW, S, PER_GROUP>, [[[f32; W]; H]; IN]>
{
    const DIMS: Conv2dDims = conv_dims(
        "quantized.qas.Conv2d",
        Window { kernel: [KH, KW], options: S::OPTIONS },
        PER_GROUP,
        <[[[f32; W]; H]; IN]>::SHAPE,
        <[[[f32; OW]; OH]; OUT]>::SHAPE,
    );
}

impl<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    S: Sliding,
    const PER_GROUP: usize,
    const H: usize,
    const W: usize,
> Layer<[[[f32; W]; H]; IN]> for Conv2d<IN, OUT, KH, KW, OH, OW, S, PER_GROUP>
{
    type Out = [[[f32; OW]; OH]; OUT];
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::Custom("quantized.qas.Conv2d"),
        input: <[[[f32; W]; H]; IN]>::SHAPE,
        output: <[[[f32; OW]; OH]; OUT]>::SHAPE,
        parameters: &[Self::WEIGHT, Self::SCALE, Self::BIAS],
        macs: Self::WEIGHTS * <Sizes<Self, [[[f32; W]; H]; IN]>>::DIMS.out_plane(),
    });
    const PEAK: usize = H * W * IN + OH * OW * OUT + Self::FILTER;
    const PEAK_GIVEN: usize = OH * OW * OUT + Self::FILTER;

    #[inline]
    fn infer<K: Kernels>(&self, k: K, input: Input<'_, [[[f32; W]; H]; IN]>, _: &mut [f32], arena: &mut [f32]) -> End {
        memory::out_of_place(input, arena, |x, y: &mut [Self::Out], scratch| {
            self.apply::<Sizes<Self, [[[f32; W]; H]; IN]>, K>(k, Tensor::flat(x), Tensor::flat_mut(y), scratch);
        })
    }
}

impl<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    S: Sliding,
    const PER_GROUP: usize,
    const H: usize,
    const W: usize,
> Train<[[[f32; W]; H]; IN]> for Conv2d<IN, OUT, KH, KW, OH, OW, S, PER_GROUP>
{
    /// The output, and a filter or the weights of an input channel.
    const TAPE: usize = OH * OW * OUT + Self::SCRATCH;
    const FUSED: usize = memory::max(Self::COLUMN, OUT);

    #[inline]
    fn forward_train<K: Kernels>(&self, k: K, pass: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
        let (y, scratch) = memory::cut(tape, End::High, pass.n * OH * OW * OUT);
        self.apply::<Sizes<Self, [[[f32; W]; H]; IN]>, K>(k, x, y, scratch);
    }

    #[inline]
    fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32]) {
        let (dy, scratch) = memory::cut(tape, End::High, pass.n * OH * OW * OUT);
        if !grad.is_empty() {
            let (weight, bias) = memory::split(grad, Self::WEIGHTS);
            k.conv2d_weight_gradient::<Sizes<Self, [[[f32; W]; H]; IN]>>(x, dy, weight, bias);
        }
        if !pass.input_gradient {
            return;
        }
        let d = const { <Sizes<Self, [[[f32; W]; H]; IN]>>::DIMS };
        let (reals, _) = memory::split(scratch, Self::COLUMN);
        for (group, channel) in (0..d.groups).flat_map(|group| (0..d.in_channels).map(move |channel| (group, channel)))
        {
            self.column(&d, group, channel, reals);
            for (x, dy) in Self::pairs(d, group, channel, x, dy) {
                k.conv2d_input_gradient::<OneInput<Sizes<Self, [[[f32; W]; H]; IN]>>>(dy, reals, x);
            }
        }
    }

    /// Input channel by input channel: nothing needs its weights after it.
    #[inline]
    fn backward_fused<K: Kernels, O: Optimizer>(
        &mut self,
        k: K,
        pass: Pass,
        x: &mut [f32],
        tape: &mut [f32],
        step: Fused<'_, O>,
    ) {
        let d = const { <Sizes<Self, [[[f32; W]; H]; IN]>>::DIMS };
        let (dy, scratch) = memory::cut(tape, End::High, pass.n * OH * OW * OUT);
        let (reals, _) = memory::split(scratch, Self::COLUMN);
        let (weight_optimizer, bias_optimizer) = (step.of("weight"), step.of("bias"));
        let (state_weight, state_bias) = memory::split(step.state, O::STATES * Self::WEIGHTS);
        let mut state = States::new::<O>(state_weight);
        let (gradient, _) = memory::split(step.scratch, memory::max(Self::COLUMN, OUT));
        for (group, channel) in (0..d.groups).flat_map(|group| (0..d.in_channels).map(move |channel| (group, channel)))
        {
            self.column(&d, group, channel, reals);
            gradient.fill(0.0);
            for (x, dy) in Self::pairs(d, group, channel, x, dy) {
                k.conv2d_weight_gradient::<OneInput<Sizes<Self, [[[f32; W]; H]; IN]>>>(x, dy, gradient, &mut []);
                if pass.input_gradient {
                    k.conv2d_input_gradient::<OneInput<Sizes<Self, [[[f32; W]; H]; IN]>>>(dy, reals, x);
                }
            }
            let (taps, first) = (KH * KW, group * d.out_channels);
            for (o, (reals, gradient)) in (first..).zip(samples_mut(reals, taps).zip(samples(gradient, taps))) {
                let start = o * Self::FILTER + channel * taps;
                weight_optimizer.update(k, reals, gradient, state.part(start, taps));
                let weight = self.weight.elements_mut().get_mut(start..start + taps);
                if let (Some(weight), Some(scale)) = (weight, self.scale.get(o)) {
                    for (weight, real) in weight.iter_mut().zip(reals) {
                        *weight = moved(*weight, *scale, *real, &mut self.rounding);
                    }
                }
            }
        }
        let (gradient, _) = memory::split(gradient, OUT);
        gradient.fill(0.0);
        k.conv2d_bias_gradient::<Sizes<Self, [[[f32; W]; H]; IN]>>(dy, gradient);
        bias_optimizer.update(k, &mut self.bias, gradient, States::new::<O>(state_bias));
    }
}
