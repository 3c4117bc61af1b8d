//! Transposed convolution.
//!
//! It is the gradient of a convolution with respect to its input, and its gradients are that
//! convolution and the gradient of its weights. So `Conv2dDims` are those of the mirrored convolution,
//! from the output to the input.

use core::marker::PhantomData;

use super::{
    Bias, Fused, Layer, Pass, Train,
    windowed::{Sizes, convolution, parameters, plane, shaped},
};
use crate::{
    Slide, Sliding, Tensor,
    description::{Description, LayerInfo, Op, Window},
    kernel::{Conv2dDims, Conv2dShape, Epilogue, Kernels},
    memory::{self, End, Input},
    message::{Part, fail},
    optim::Optimizer,
    shape::Shape,
    sliding::PaddingMode,
};

/// Two-dimensional transposed convolution: PyTorch's
/// `nn.ConvTranspose2d(IN, OUT, (KH, KW), stride, padding, output_padding, groups, bias, dilation)`.
///
/// `y[o][i·stride + r·dilation - padding][j·stride + s·dilation - padding] += weight[c][o][r][s] · x[c][i][j]`,
/// beginning with `bias[o]`: what a [`Conv2d`](super::Conv2d) of the same options takes apart, it puts
/// together.
///
/// Several output sizes belong to one input size when the stride is larger than 1: `OH` and `OW` say
/// which is meant, the smallest being `(H - 1)·stride - 2·padding + dilation·(KH - 1) + 1`. What they have
/// more, less than the stride or the dilation, is PyTorch's `output_padding`.
///
/// `S` and `B` are as in `Conv2d`, the padding zeros; `PER_GROUP` is the number of output channels of
/// each group, so that PyTorch's `groups` is `OUT / PER_GROUP`.
///
/// ```
/// use tensorlet::{ConvTranspose2d, Layer, Module, Portable, Slide};
/// let mut conv = ConvTranspose2d::<1, 1, 2, 2, 2, 4, Slide<2>>::ZERO;
/// conv.weight = [[[[1.0, 2.0], [3.0, 4.0]]]];
/// let y = conv.forward(Portable, &[[[[1.0, 10.0]]]], &mut [0.0; 10]).unwrap().to_vec();
/// assert_eq!(y, [[[[1.0, 2.0, 10.0, 20.0], [3.0, 4.0, 30.0, 40.0]]]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConvTranspose2d<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    S = Slide<1, 0>,
    B = [f32; OUT],
    const PER_GROUP: usize = OUT,
> {
    /// The weight, `[in][out per group][kernel rows][kernel columns]`.
    pub weight: [[[[f32; KW]; KH]; PER_GROUP]; IN],
    /// The bias of each output channel.
    pub bias: B,
    sliding: PhantomData<S>,
}

/// One-dimensional transposed convolution: PyTorch's
/// `nn.ConvTranspose1d(IN, OUT, K, stride, padding, output_padding, groups, bias, dilation)`.
///
/// `y[o][i·stride + r·dilation - padding] += weight[c][o][r] · x[c][i]`, beginning with `bias[o]`. The
/// parameters are those of [`ConvTranspose2d`] without the rows; `OL` is the length of the output.
///
/// ```
/// use tensorlet::{ConvTranspose1d, Layer, Module, Portable};
/// let mut conv = ConvTranspose1d::<1, 1, 2, 3>::ZERO;
/// conv.weight = [[[1.0, 2.0]]];
/// let y = conv.forward(Portable, &[[[1.0, 10.0]]], &mut [0.0; 5]).unwrap().to_vec();
/// assert_eq!(y, [[[1.0, 12.0, 20.0]]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConvTranspose1d<
    const IN: usize,
    const OUT: usize,
    const K: usize,
    const OL: usize,
    S = Slide<1, 0>,
    B = [f32; OUT],
    const PER_GROUP: usize = OUT,
> {
    /// The weight, `[in][out per group][kernel]`.
    pub weight: [[[f32; K]; PER_GROUP]; IN],
    /// The bias of each output channel.
    pub bias: B,
    sliding: PhantomData<S>,
}

parameters!(
    ConvTranspose2d [
        const IN: usize, const OUT: usize, const KH: usize, const KW: usize, const OH: usize, const OW: usize,
        S: Sliding, B: Bias<OUT>, const PER_GROUP: usize
    ] <IN, OUT, KH, KW, OH, OW, S, B, PER_GROUP>: [[[[f32; KW]; KH]; PER_GROUP]; IN], OUT
);

convolution!(
    transposed ConvTranspose2d [
        const IN: usize, const OUT: usize, const KH: usize, const KW: usize, const OH: usize, const OW: usize,
        S: Sliding, B: Bias<OUT>, const PER_GROUP: usize
    ] <IN, OUT, KH, KW, OH, OW, S, B, PER_GROUP>
    [const H: usize, const W: usize] [[[f32; W]; H]; IN] => [[[f32; OW]; OH]; OUT], OUT,
    mirrored(
        "ConvTranspose2d",
        Window { kernel: [KH, KW], options: S::OPTIONS },
        PER_GROUP,
        <[[[f32; W]; H]; IN]>::SHAPE,
        <[[[f32; OW]; OH]; OUT]>::SHAPE,
    )
);

parameters!(
    ConvTranspose1d [
        const IN: usize, const OUT: usize, const K: usize, const OL: usize, S: Sliding, B: Bias<OUT>,
        const PER_GROUP: usize
    ] <IN, OUT, K, OL, S, B, PER_GROUP>: [[[f32; K]; PER_GROUP]; IN], OUT
);

convolution!(
    transposed ConvTranspose1d [
        const IN: usize, const OUT: usize, const K: usize, const OL: usize, S: Sliding, B: Bias<OUT>,
        const PER_GROUP: usize
    ] <IN, OUT, K, OL, S, B, PER_GROUP>
    [const L: usize] [[f32; L]; IN] => [[f32; OL]; OUT], OUT,
    mirrored(
        "ConvTranspose1d",
        Window { kernel: [1, K], options: S::OPTIONS.along_columns() },
        PER_GROUP,
        <[[f32; L]; IN]>::SHAPE,
        <[[f32; OL]; OUT]>::SHAPE,
    )
);

/// The sizes of the mirrored convolution. Fails to compile unless they fit each other.
pub(crate) const fn mirrored(layer: &str, window: Window, per_group: usize, input: Shape, stated: Shape) -> Conv2dDims {
    let (in_channels, out_channels) = (input.dim(0), stated.dim(0));
    let groups = match out_channels.checked_div(per_group) {
        Some(groups) => groups,
        None => 0,
    };
    if groups * per_group != out_channels || groups == 0 || !in_channels.is_multiple_of(groups) {
        fail(&[
            Part::Text("shape mismatch: layer `"),
            Part::Text(layer),
            Part::Text("` from an input of shape "),
            Part::Shape(input),
            Part::Text(" to one of shape "),
            Part::Shape(stated),
            Part::Text(" cannot have groups of "),
            Part::Number(per_group),
            Part::Text(" output channels: groups divide both numbers of channels"),
        ]);
    }
    let options = window.options;
    if !matches!(options.mode, PaddingMode::Zeros) {
        fail(&[Part::Text("shape mismatch: the padding of a transposed convolution is zeros")]);
    }
    let (from, to) = (plane(input), plane(stated));
    let (mut least, mut most) = (from, from);
    let mut fits = true;
    let mut axis = 0;
    while axis < 2 {
        let (stride, dilation) = (options.stride[axis], options.dilation[axis]);
        let whole = (from[axis] - 1) * stride + dilation * (window.kernel[axis] - 1) + 1;
        least[axis] = whole.saturating_sub(options.padding[axis] + options.padding_end[axis]);
        most[axis] = least[axis] + memory::max(stride, dilation) - 1;
        fits &= to[axis] >= least[axis] && to[axis] <= most[axis] && stride > 0 && dilation > 0;
        axis += 1;
    }
    if !fits {
        fail(&[
            Part::Text("shape mismatch: layer `"),
            Part::Text(layer),
            Part::Text("` of an input of shape "),
            Part::Shape(input),
            Part::Text(" gives an output of shape "),
            Part::Shape(shaped(out_channels, least, stated.rank())),
            Part::Text(" to "),
            Part::Shape(shaped(out_channels, most, stated.rank())),
            Part::Text(", but its type says "),
            Part::Shape(stated),
        ]);
    }
    Conv2dDims { groups, in_channels: per_group, input: to, out_channels: in_channels / groups, output: from, window }
}

/// A transposed convolution on flat slices; `G` are the sizes of the mirrored one.
mod transposed {
    use super::*;
    use crate::{
        kernel::{samples, samples_mut},
        optim::States,
    };

    #[inline(always)]
    pub(super) fn forward<G: Conv2dShape, K: Kernels>(
        k: K,
        x: &[f32],
        weight: &[f32],
        bias: &[f32],
        then: Epilogue,
        y: &mut [f32],
    ) {
        k.conv2d_input_gradient::<G>(x, weight, y);
        for y in samples_mut(y, const { G::DIMS.in_len() }) {
            for (y, bias) in samples_mut(y, const { G::DIMS.in_plane() }).zip(bias) {
                for y in y {
                    *y += bias;
                }
            }
        }
        then.apply(k, y);
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
            k.conv2d_weight_gradient::<G>(dy, x, weight, &mut []);
            for dy in samples(dy, const { G::DIMS.in_len() }) {
                for (dy, bias) in samples(dy, const { G::DIMS.in_plane() }).zip(bias.iter_mut()) {
                    *bias += k.sum(dy);
                }
            }
        }
        if pass.input_gradient {
            k.conv2d::<G>(dy, weight, &[], x);
        }
    }

    /// All gradients: those of the input need the weights as they were.
    pub(super) const fn fused_words(_: &Shape, gradient: usize) -> usize {
        gradient
    }

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
        let (weight_optimizer, bias_optimizer) = (step.of("weight"), step.of("bias"));
        let (grad, _) = memory::split(step.scratch, weight.len() + bias.len());
        grad.fill(0.0);
        backward::<G, K>(k, pass, x, dy, weight, grad);
        let (state_weight, state_bias) = memory::split(step.state, O::STATES * weight.len());
        let (grad_weight, grad_bias) = memory::split(grad, weight.len());
        weight_optimizer.update(k, weight, grad_weight, States::new::<O>(state_weight));
        bias_optimizer.update(k, bias, grad_bias, States::new::<O>(state_bias));
    }
}
