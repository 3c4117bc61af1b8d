//! Convolution.

use core::marker::PhantomData;

use super::{
    Bias, Fused, Layer, Pass, Train,
    windowed::{Sizes, check_output, convolution, parameters, plane, shaped},
};
use crate::{
    Slide, Sliding, Tensor,
    description::{Description, LayerInfo, Op, Window},
    kernel::{Conv2dDims, Conv2dShape, Epilogue, Kernels, samples, samples_mut},
    memory::{self, End, Input},
    message::{Part, fail},
    optim::{Optimizer, States},
    shape::Shape,
    sliding::PaddingMode,
};

/// Two-dimensional convolution (cross-correlation): PyTorch's
/// `nn.Conv2d(IN, OUT, (KH, KW), stride, padding, dilation, groups, bias, padding_mode)`.
///
/// `y[o][i][j] = bias[o] + Σ_{c,r,s} weight[o][c][r][s] · x[c][i·stride + r·dilation - padding][j·stride + s·dilation - padding]`
///
/// The output's rows and columns `OH`, `OW` are part of the type, since stable Rust cannot compute
/// them from the input's; [`Window::outputs`] does, and [`network!`](crate::network) writes
/// them. Wrong ones do not compile.
///
/// How the window slides is the type `S` ([`sliding`](crate::sliding) has all of PyTorch's options), the
/// bias `B` an array or [`NoBias`](super::NoBias). `PER_GROUP` is the number of input channels that each
/// output channel sees: PyTorch's `groups` is `IN / PER_GROUP`, and `c` above counts the channels of the
/// group of `o`. A depthwise convolution has 1 ([`DepthwiseConv2d`]).
///
/// ```
/// use tensorlet::{Conv2d, Layer, Module, Portable};
/// let mut conv = Conv2d::<1, 1, 2, 2, 1, 2>::ZERO;
/// conv.weight = [[[[1.0, 0.0], [0.0, 1.0]]]];
/// let x = [[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]];
/// let y = conv.forward(Portable, &[x], &mut [0.0; 8]).unwrap().to_vec();
/// assert_eq!(y, [[[[6.0, 8.0]]]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conv2d<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    S = Slide<1, 0>,
    B = [f32; OUT],
    const PER_GROUP: usize = IN,
> {
    /// The weight, `[out][in per group][kernel rows][kernel columns]`.
    pub weight: [[[[f32; KW]; KH]; PER_GROUP]; OUT],
    /// The bias of each output channel.
    pub bias: B,
    sliding: PhantomData<S>,
}

impl<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    S,
    B: Copy,
    const PER_GROUP: usize,
> Conv2d<IN, OUT, KH, KW, OH, OW, S, B, PER_GROUP>
{
    /// With this weight and bias: what a constant or a `static` is made of.
    ///
    /// ```
    /// use tensorlet::{Conv2d, NoBias, Slide};
    /// static EDGES: Conv2d<1, 1, 1, 2, 4, 3, Slide, NoBias> = Conv2d::new([[[[-1.0, 1.0]]]], NoBias);
    /// assert_eq!(EDGES.weight[0][0][0][1], 1.0);
    /// ```
    #[must_use]
    pub const fn new(weight: [[[[f32; KW]; KH]; PER_GROUP]; OUT], bias: B) -> Self {
        Self { weight, bias, sliding: PhantomData }
    }
}

/// A [`Conv2d`] of which every channel sees its own channel alone:
/// PyTorch's `nn.Conv2d(C, C, (KH, KW), groups=C)`.
///
/// ```
/// use tensorlet::{Module, layer::DepthwiseConv2d};
/// assert_eq!(DepthwiseConv2d::<8, 3, 3, 6, 6>::PARAMETERS, 8 * 3 * 3 + 8);
/// ```
pub type DepthwiseConv2d<
    const C: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    S = Slide<1, 0>,
    B = [f32; C],
> = Conv2d<C, C, KH, KW, OH, OW, S, B, 1>;

/// One-dimensional convolution (cross-correlation): PyTorch's
/// `nn.Conv1d(IN, OUT, K, stride, padding, dilation, groups, bias, padding_mode)`.
///
/// `y[o][i] = bias[o] + Σ_{c,r} weight[o][c][r] · x[c][i·stride + r·dilation - padding]`
///
/// The parameters are those of [`Conv2d`] without the rows; `OL` is the length of the output.
///
/// ```
/// use tensorlet::{Conv1d, Layer, Module, Portable};
/// let mut conv = Conv1d::<1, 1, 2, 3>::ZERO;
/// conv.weight = [[[1.0, -1.0]]];
/// let y = conv.forward(Portable, &[[[1.0, 4.0, 2.0, 2.0]]], &mut [0.0; 7]).unwrap().to_vec();
/// assert_eq!(y, [[[-3.0, 2.0, 0.0]]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conv1d<
    const IN: usize,
    const OUT: usize,
    const K: usize,
    const OL: usize,
    S = Slide<1, 0>,
    B = [f32; OUT],
    const PER_GROUP: usize = IN,
> {
    /// The weight, `[out][in per group][kernel]`.
    pub weight: [[[f32; K]; PER_GROUP]; OUT],
    /// The bias of each output channel.
    pub bias: B,
    sliding: PhantomData<S>,
}

parameters!(
    Conv2d [
        const IN: usize, const OUT: usize, const KH: usize, const KW: usize, const OH: usize, const OW: usize,
        S: Sliding, B: Bias<OUT>, const PER_GROUP: usize
    ] <IN, OUT, KH, KW, OH, OW, S, B, PER_GROUP>: [[[[f32; KW]; KH]; PER_GROUP]; OUT], OUT
);

convolution!(
    direct Conv2d [
        const IN: usize, const OUT: usize, const KH: usize, const KW: usize, const OH: usize, const OW: usize,
        S: Sliding, B: Bias<OUT>, const PER_GROUP: usize
    ] <IN, OUT, KH, KW, OH, OW, S, B, PER_GROUP>
    [const H: usize, const W: usize] [[[f32; W]; H]; IN] => [[[f32; OW]; OH]; OUT], OUT,
    direct::dims(
        "Conv2d",
        Window { kernel: [KH, KW], options: S::OPTIONS },
        PER_GROUP,
        <[[[f32; W]; H]; IN]>::SHAPE,
        <[[[f32; OW]; OH]; OUT]>::SHAPE,
    )
);

parameters!(
    Conv1d [
        const IN: usize, const OUT: usize, const K: usize, const OL: usize, S: Sliding, B: Bias<OUT>,
        const PER_GROUP: usize
    ] <IN, OUT, K, OL, S, B, PER_GROUP>: [[[f32; K]; PER_GROUP]; OUT], OUT
);

convolution!(
    direct Conv1d [
        const IN: usize, const OUT: usize, const K: usize, const OL: usize, S: Sliding, B: Bias<OUT>,
        const PER_GROUP: usize
    ] <IN, OUT, K, OL, S, B, PER_GROUP>
    [const L: usize] [[f32; L]; IN] => [[f32; OL]; OUT], OUT,
    direct::dims(
        "Conv1d",
        Window { kernel: [1, K], options: S::OPTIONS.along_columns() },
        PER_GROUP,
        <[[f32; L]; IN]>::SHAPE,
        <[[f32; OL]; OUT]>::SHAPE,
    )
);

/// The sizes of a convolution of inputs of shape `[channels, (rows,) columns]`. Fails to compile unless
/// they fit each other.
pub(crate) const fn dims(layer: &str, window: Window, per_group: usize, input: Shape, stated: Shape) -> Conv2dDims {
    let (in_channels, out_channels) = (input.dim(0), stated.dim(0));
    let groups = match in_channels.checked_div(per_group) {
        Some(groups) => groups,
        None => 0,
    };
    if groups * per_group != in_channels || groups == 0 || !out_channels.is_multiple_of(groups) {
        fail(&[
            Part::Text("shape mismatch: layer `"),
            Part::Text(layer),
            Part::Text("` from an input of shape "),
            Part::Shape(input),
            Part::Text(" to one of shape "),
            Part::Shape(stated),
            Part::Text(" cannot have groups of "),
            Part::Number(per_group),
            Part::Text(" input channels: groups divide both numbers of channels"),
        ]);
    }
    let (plane, options) = (plane(input), window.options);
    let mut axis = 0;
    while axis < 2 {
        let padding = memory::max(options.padding[axis], options.padding_end[axis]);
        let (most, mode) = match options.mode {
            PaddingMode::Reflect => (plane[axis] - 1, "reflect"),
            PaddingMode::Circular => (plane[axis], "circular"),
            PaddingMode::Zeros | PaddingMode::Replicate => (padding, ""),
        };
        if padding > most {
            fail(&[
                Part::Text("shape mismatch: layer `"),
                Part::Text(layer),
                Part::Text("` with `"),
                Part::Text(mode),
                Part::Text("` padding of "),
                Part::Number(padding),
                Part::Text(" cannot take an input of shape "),
                Part::Shape(input),
                Part::Text(": it has no so many elements to repeat"),
            ]);
        }
        axis += 1;
    }
    let output = window.outputs(plane);
    check_output(layer, input, shaped(out_channels, output, stated.rank()), stated);
    Conv2dDims { groups, in_channels: per_group, input: plane, out_channels: out_channels / groups, output, window }
}

/// A convolution on flat slices.
mod direct {
    pub(super) use super::dims;
    use super::*;

    #[inline(always)]
    pub(super) fn forward<G: Conv2dShape, K: Kernels>(
        k: K,
        x: &[f32],
        weight: &[f32],
        bias: &[f32],
        then: Epilogue,
        y: &mut [f32],
    ) {
        k.conv2d_fused::<G>(x, weight, bias, then, y);
    }

    #[inline(always)]
    pub(super) fn backward<G: Conv2dShape, K: Kernels>(
        k: K,
        pass: Pass,
        x: &mut [f32],
        dy: &[f32],
        weight: &[f32],
        grad: &mut [f32],
    ) {
        if !grad.is_empty() {
            let (weight, bias) = memory::split(grad, weight.len());
            k.conv2d_weight_gradient::<G>(x, dy, weight, bias);
        }
        if pass.input_gradient {
            k.conv2d_input_gradient::<G>(dy, weight, x);
        }
    }

    /// The gradient of one input channel's weights, or of the bias.
    pub(super) const fn fused_words(weight: &Shape, _: usize) -> usize {
        weight.numel() / weight.dim(1)
    }

    /// Channel by channel: the gradient of an input channel needs its weights as they were, and
    /// nothing needs them after it.
    #[inline(always)]
    pub(super) fn fused<G: Conv2dShape, K: Kernels, O: Optimizer>(
        k: K,
        pass: Pass,
        x: &mut [f32],
        dy: &[f32],
        step: Fused<'_, O>,
        weight: &mut [f32],
        bias: &mut [f32],
    ) {
        let (taps, filter_len, filters) =
            const { (G::DIMS.taps(), G::DIMS.filter_len(), G::DIMS.groups * G::DIMS.out_channels) };
        let (weight_optimizer, bias_optimizer) = (step.of("weight"), step.of("bias"));
        let (state_weight, state_bias) = memory::split(step.state, O::STATES * filters * filter_len);
        let mut state = States::new::<O>(state_weight);
        let (gradient, _) = memory::split(step.scratch, filters * taps);
        for channel in 0..G::DIMS.in_channels {
            gradient.fill(0.0);
            k.conv2d_channel_weight_gradient::<G>(channel, x, dy, gradient);
            if pass.input_gradient {
                k.conv2d_channel_input_gradient::<G>(channel, dy, weight, x);
            }
            let mut start = channel * taps;
            for (filter, gradient) in samples_mut(weight, filter_len).zip(samples(gradient, taps)) {
                if let Some(weight) = filter.get_mut(channel * taps..(channel + 1) * taps) {
                    weight_optimizer.update(k, weight, gradient, state.part(start, taps));
                }
                start += filter_len;
            }
        }
        let (gradient, _) = memory::split(gradient, bias.len());
        gradient.fill(0.0);
        k.conv2d_bias_gradient::<G>(dy, gradient);
        bias_optimizer.update(k, bias, gradient, States::new::<O>(state_bias));
    }
}
