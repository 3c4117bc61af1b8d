//! Convolution.

use core::marker::PhantomData;

use rand_core::Rng;

use super::{
    Bias, Fused, Layer, Pass, Train,
    bias::{self, listed},
};
use crate::{
    Module, Slide, Sliding, Tensor,
    description::{Description, LayerInfo, Layout, Op, ParameterInfo},
    init,
    kernel::{Conv2dDims, Conv2dShape, Kernels, samples},
    memory::{self, End, Input},
    message::{Part, fail},
    module::visit_parameters,
    optim::{Optimizer, States},
    shape::Shape,
    windows,
};

/// Two-dimensional convolution (cross-correlation) with zero padding: PyTorch's
/// `nn.Conv2d(IN, OUT, (KH, KW), stride, padding)`.
///
/// `y[o][i][j] = bias[o] + Σ_{c,r,s} weight[o][c][r][s] · x[c][i·stride + r - padding][j·stride + s - padding]`
///
/// The output's rows and columns `OH`, `OW` are part of the type, since stable Rust cannot compute
/// them from the input's; [`windows`](crate::windows) does, and [`network!`](crate::network) writes
/// them. Wrong ones do not compile.
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
> {
    /// The weight, `[out][in][kernel rows][kernel columns]`.
    pub weight: [[[[f32; KW]; KH]; IN]; OUT],
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
    S: Sliding,
    B: Bias<OUT>,
> Conv2d<IN, OUT, KH, KW, OH, OW, S, B>
{
    /// What initialisations ask of the weight's shape.
    pub const FANS: init::Fans = init::Fans { fan_in: IN * KH * KW, fan_out: OUT * KH * KW };

    const WEIGHTS: usize = OUT * IN * KH * KW;
    const WEIGHT: ParameterInfo =
        ParameterInfo { name: "weight", shape: Shape::new(&[OUT, IN, KH, KW]), layout: Layout::RowMajor };
    const BIAS: ParameterInfo = ParameterInfo { name: "bias", shape: Shape::new(&[OUT]), layout: Layout::RowMajor };
    const INFOS: [ParameterInfo; 2] = [Self::WEIGHT, Self::BIAS];
}

impl<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    S: Sliding,
    B: Bias<OUT>,
> Module for Conv2d<IN, OUT, KH, KW, OH, OW, S, B>
{
    const ZERO: Self = Self { weight: [[[[0.0; KW]; KH]; IN]; OUT], bias: B::ZERO, sliding: PhantomData };
    const PARAMETERS: usize = Self::WEIGHTS + B::LEN;

    /// Both uniform in `±1/√(IN · KH · KW)`: PyTorch's default.
    fn init<R: Rng>(&mut self, rng: &mut R) {
        let bound = init::default_bound(IN * KH * KW);
        init::uniform(&mut self.weight, -bound, bound, rng);
        bias::uniform(&mut self.bias, bound, rng);
    }

    visit_parameters!(weight: Self::WEIGHT; bias: Self::BIAS);
}

/// The sizes of a convolution layer on inputs of `H` rows and `W` columns.
struct Sizes<L, const H: usize, const W: usize>(PhantomData<L>);

impl<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    const H: usize,
    const W: usize,
    S: Sliding,
    B: Bias<OUT>,
> Conv2dShape for Sizes<Conv2d<IN, OUT, KH, KW, OH, OW, S, B>, H, W>
{
    const DIMS: Conv2dDims = {
        let window = crate::description::Window { kernel: [KH, KW], stride: S::STRIDE, padding: S::PADDING };
        let output = [windows(H, KH, S::STRIDE[0], S::PADDING[0]), windows(W, KW, S::STRIDE[1], S::PADDING[1])];
        if output[0] != OH || output[1] != OW {
            fail(&[
                Part::Text("shape mismatch: layer `Conv2d` of an input of shape "),
                Part::Shape(Shape::new(&[IN, H, W])),
                Part::Text(" gives an output of shape "),
                Part::Shape(Shape::new(&[OUT, output[0], output[1]])),
                Part::Text(", but its type says "),
                Part::Shape(Shape::new(&[OUT, OH, OW])),
            ]);
        }
        Conv2dDims { in_channels: IN, input: [H, W], out_channels: OUT, output, window }
    };
}

impl<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    const H: usize,
    const W: usize,
    S: Sliding,
    B: Bias<OUT>,
> Layer<[[[f32; W]; H]; IN]> for Conv2d<IN, OUT, KH, KW, OH, OW, S, B>
{
    type Out = [[[f32; OW]; OH]; OUT];
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::Conv2d(<Sizes<Self, H, W> as Conv2dShape>::DIMS.window),
        input: <[[[f32; W]; H]; IN]>::SHAPE,
        output: Self::Out::SHAPE,
        parameters: listed::<OUT, B>(&Self::INFOS, 1),
        macs: Self::WEIGHTS * OH * OW,
    });

    #[inline(always)]
    fn infer<K: Kernels>(&self, k: K, input: Input<'_, [[[f32; W]; H]; IN]>, _: &mut [f32], arena: &mut [f32]) -> End {
        memory::out_of_place(input, arena, |x: &[[[[f32; W]; H]; IN]], y: &mut [Self::Out], _| {
            k.conv2d::<Sizes<Self, H, W>>(
                Tensor::flat(x),
                self.weight.elements(),
                self.bias.values(),
                Tensor::flat_mut(y),
            );
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
    const H: usize,
    const W: usize,
    S: Sliding,
    B: Bias<OUT>,
> Train<[[[f32; W]; H]; IN]> for Conv2d<IN, OUT, KH, KW, OH, OW, S, B>
{
    /// The gradient of one input channel's weights, or of the bias.
    const FUSED: usize = OUT * KH * KW;

    #[inline(always)]
    fn forward_train<K: Kernels>(&self, k: K, _: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
        k.conv2d::<Sizes<Self, H, W>>(x, self.weight.elements(), self.bias.values(), tape);
    }

    #[inline(always)]
    fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32]) {
        if !grad.is_empty() {
            let (weight, bias) = memory::split(grad, Self::WEIGHTS);
            k.conv2d_weight_gradient::<Sizes<Self, H, W>>(x, tape, weight, bias);
        }
        if pass.input_gradient {
            k.conv2d_input_gradient::<Sizes<Self, H, W>>(tape, self.weight.elements(), x);
        }
    }

    /// Channel by channel: the gradient of an input channel needs its weights as they were, and
    /// nothing needs them after it.
    #[inline]
    fn backward_fused<K: Kernels, O: Optimizer>(
        &mut self,
        k: K,
        pass: Pass,
        x: &mut [f32],
        tape: &mut [f32],
        step: Fused<'_, O>,
    ) {
        let (weight_optimizer, bias_optimizer) = (step.of("weight"), step.of("bias"));
        let (state_weight, state_bias) = memory::split(step.state, O::STATES * Self::WEIGHTS);
        let mut state = States::new::<O>(state_weight);
        let (gradient, _) = memory::split(step.scratch, OUT * KH * KW);
        for channel in 0..IN {
            gradient.fill(0.0);
            k.conv2d_channel_weight_gradient::<Sizes<Self, H, W>>(channel, x, tape, gradient);
            if pass.input_gradient {
                k.conv2d_channel_input_gradient::<Sizes<Self, H, W>>(channel, tape, self.weight.elements(), x);
            }
            let mut start = channel * KH * KW;
            for (weight, gradient) in self.weight.iter_mut().zip(samples(gradient, KH * KW)) {
                if let Some(weight) = weight.get_mut(channel) {
                    let weight = weight.as_flattened_mut();
                    weight_optimizer.update(k, weight, gradient, state.part(start, KH * KW));
                }
                start += IN * KH * KW;
            }
        }
        let (gradient, _) = memory::split(gradient, B::LEN);
        gradient.fill(0.0);
        k.conv2d_bias_gradient::<Sizes<Self, H, W>>(tape, gradient);
        bias_optimizer.update(k, self.bias.values_mut(), gradient, States::new::<O>(state_bias));
    }
}
