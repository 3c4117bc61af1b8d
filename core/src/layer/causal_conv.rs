//! Causal convolution: of a stream, piece by piece.

use core::marker::PhantomData;

use super::{
    Bias, Layer, Pass, Train,
    bias::listed,
    conv::dims,
    windowed::{Sizes, parameters},
};
use crate::{
    Tensor,
    description::{Description, LayerInfo, Op, Window},
    kernel::{
        Conv2dDims, Conv2dShape, Kernels,
        conv::{accumulate, channel_weight_gradient},
        samples_mut,
    },
    memory::{self, End, Input},
    sliding::Options,
};

/// One-dimensional convolution that sees no later element: a [`Conv1d`](super::Conv1d) with
/// `(K - 1)·DILATION` elements of padding on the left and none on the right, as in WaveNet
/// (van den Oord et al., 2016) and temporal convolutional networks: PyTorch's `nn.Conv1d` of
/// `F.pad(x, ((K - 1) * dilation, 0))`.
///
/// `y[o][t] = bias[o] + Σ_{c,r} weight[o][c][r] · x[c][t - (K - 1 - r)·DILATION]`
///
/// What the elements before the first are is its state: zeros, or with
/// [`forward_with_state`](Layer::forward_with_state) the last elements of the call before. A stream can
/// so be cut into pieces of any length, down to one element, and gives what the whole would give. In
/// training no gradient flows into the piece before.
///
/// ```
/// use tensorlet::{CausalConv1d, Layer, Module, Portable};
/// let mut conv = CausalConv1d::<1, 1, 2>::ZERO;
/// conv.weight = [[[10.0, 1.0]]];
/// let whole = conv.forward(Portable, &[[[1.0, 2.0, 3.0]]], &mut [0.0; 6]).unwrap().to_vec();
/// assert_eq!(whole, [[[1.0, 12.0, 23.0]]]);
///
/// let mut state = [0.0; 1];
/// for (x, y) in [(1.0, 1.0), (2.0, 12.0), (3.0, 23.0)] {
///     let mut arena = [0.0; 2];
///     assert_eq!(conv.forward_with_state(Portable, &[[[x]]], &mut state, &mut arena).unwrap(), [[[y]]]);
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CausalConv1d<
    const IN: usize,
    const OUT: usize,
    const K: usize,
    const DILATION: usize = 1,
    B = [f32; OUT],
    const PER_GROUP: usize = IN,
> {
    /// The weight, `[out][in per group][kernel]`.
    pub weight: [[[f32; K]; PER_GROUP]; OUT],
    /// The bias of each output channel.
    pub bias: B,
    sliding: PhantomData<()>,
}

parameters!(
    CausalConv1d [
        const IN: usize, const OUT: usize, const K: usize, const DILATION: usize, B: Bias<OUT>, const PER_GROUP: usize
    ] <IN, OUT, K, DILATION, B, PER_GROUP>: [[[f32; K]; PER_GROUP]; OUT], OUT
);

impl<
    const IN: usize,
    const OUT: usize,
    const K: usize,
    const DILATION: usize,
    B: Bias<OUT>,
    const PER_GROUP: usize,
    const L: usize,
> Conv2dShape for Sizes<CausalConv1d<IN, OUT, K, DILATION, B, PER_GROUP>, [[f32; L]; IN]>
{
    const DIMS: Conv2dDims = dims(
        "CausalConv1d",
        Window {
            kernel: [1, K],
            options: Options { padding: [0, (K - 1) * DILATION], dilation: [1, DILATION], ..Options::NEW },
        },
        PER_GROUP,
        <[[f32; L]; IN]>::SHAPE,
        <[[f32; L]; OUT]>::SHAPE,
    );
}

impl<
    const IN: usize,
    const OUT: usize,
    const K: usize,
    const DILATION: usize,
    B: Bias<OUT>,
    const PER_GROUP: usize,
    const L: usize,
> Layer<[[f32; L]; IN]> for CausalConv1d<IN, OUT, K, DILATION, B, PER_GROUP>
{
    type Out = [[f32; L]; OUT];
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::CausalConv1d(<Sizes<Self, [[f32; L]; IN]> as Conv2dShape>::DIMS.window),
        input: <[[f32; L]; IN]>::SHAPE,
        output: <[[f32; L]; OUT]>::SHAPE,
        parameters: listed::<OUT, B>(&Self::INFOS, 1),
        macs: Self::WEIGHTS * L,
    });
    /// The last `(K - 1)·DILATION` elements of each input channel.
    const STATE: usize = IN * Self::BEFORE;

    #[inline(always)]
    fn infer<T: Kernels>(&self, k: T, input: Input<'_, [[f32; L]; IN]>, state: &mut [f32], arena: &mut [f32]) -> End {
        memory::out_of_place(input, arena, |x: &[[[f32; L]; IN]], y: &mut [[[f32; L]; OUT]], _| {
            self.apply(k, x, state, Tensor::flat_mut(y));
        })
    }
}

impl<const IN: usize, const OUT: usize, const K: usize, const DILATION: usize, B: Bias<OUT>, const PER_GROUP: usize>
    CausalConv1d<IN, OUT, K, DILATION, B, PER_GROUP>
{
    /// Elements of a channel that an output sees before its own.
    const BEFORE: usize = (K - 1) * DILATION;

    /// The convolution of the state, as it contributes to the first of `L` outputs.
    const fn history<const L: usize>() -> Conv2dDims {
        let d = <Sizes<Self, [[f32; L]; IN]> as Conv2dShape>::DIMS;
        let options = Options { padding: [0, 0], ..d.window.options };
        Conv2dDims { input: [1, Self::BEFORE], window: Window { options, ..d.window }, ..d }
    }

    #[inline(always)]
    fn apply<T: Kernels, const L: usize>(&self, k: T, x: &[[[f32; L]; IN]], state: &mut [f32], y: &mut [f32]) {
        let weight = self.weight.elements();
        k.conv2d::<Sizes<Self, [[f32; L]; IN]>>(Tensor::flat(x), weight, self.bias.values(), y);
        for ((state, x), y) in samples_mut(state, IN * Self::BEFORE).zip(x).zip(samples_mut(y, OUT * L)) {
            accumulate::<false, _>(const { &Self::history::<L>() }, state, weight, y, |_| ());
            for (state, x) in samples_mut(state, Self::BEFORE).zip(x) {
                let kept = Self::BEFORE.saturating_sub(L);
                memory::move_down(state, kept);
                let last = x.get(L.saturating_sub(Self::BEFORE)..).unwrap_or_default();
                for (state, x) in state.iter_mut().skip(kept).zip(last) {
                    *state = *x;
                }
            }
        }
    }
}

impl<
    const IN: usize,
    const OUT: usize,
    const K: usize,
    const DILATION: usize,
    B: Bias<OUT>,
    const PER_GROUP: usize,
    const L: usize,
> Train<[[f32; L]; IN]> for CausalConv1d<IN, OUT, K, DILATION, B, PER_GROUP>
{
    /// The state as it was, then the output.
    const TAPE: usize = IN * Self::BEFORE + OUT * L;

    #[inline(always)]
    fn forward_train<T: Kernels>(&self, k: T, pass: Pass, x: &mut [f32], state: &mut [f32], tape: &mut [f32]) {
        let (before, y) = memory::split(tape, pass.n * IN * Self::BEFORE);
        before.fill(0.0);
        for (before, state) in before.iter_mut().zip(&*state) {
            *before = *state;
        }
        self.apply(k, <[[f32; L]; IN]>::in_words(x, pass.n), state, y);
    }

    #[inline(always)]
    fn backward<T: Kernels>(&mut self, k: T, pass: Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32]) {
        let (before, dy) = memory::split(tape, pass.n * IN * Self::BEFORE);
        if !grad.is_empty() {
            let (weight, bias) = memory::split(grad, Self::WEIGHTS);
            k.conv2d_weight_gradient::<Sizes<Self, [[f32; L]; IN]>>(x, dy, weight, bias);
            for channel in 0..PER_GROUP {
                let (_, weight) = memory::split(weight, channel * K);
                channel_weight_gradient::<false, _>(
                    const { &Self::history::<L>() },
                    channel,
                    before,
                    dy,
                    weight,
                    PER_GROUP * K,
                );
            }
        }
        if pass.input_gradient {
            k.conv2d_input_gradient::<Sizes<Self, [[f32; L]; IN]>>(dy, self.weight.elements(), x);
        }
    }
}
