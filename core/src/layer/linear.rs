//! The fully connected layer.

use rand_core::Rng;

use super::{
    Bias, Fused, Layer, Pass, Train,
    bias::{self, listed},
};
use crate::{
    Module, Tensor,
    description::{Description, LayerInfo, Layout, Op, ParameterInfo},
    init,
    kernel::{Kernels, pieces_mut},
    memory::{self, End, Input},
    module::visit_parameters,
    optim::{Optimizer, States},
    shape::Shape,
};

/// `y = x Wᵀ + b`: PyTorch's `nn.Linear(IN, OUT)`; with [`NoBias`](super::NoBias) for `B` its `bias=False`.
///
/// The weight is stored transposed, `[IN][OUT]`: in a fused training step each row can then be
/// updated as soon as the gradient of its input is known, with no scratch at all. Names and shapes
/// towards the outside are PyTorch's: `weight` is `[OUT, IN]`.
///
/// ```
/// use tensorlet::{Layer, Linear, Portable};
/// let linear = Linear { weight: [[1.0], [10.0]], bias: [0.5] };
/// let y = linear.forward(Portable, &[[3.0, 4.0]], &mut [0.0; 3]).unwrap().to_vec();
/// assert_eq!(y, [[43.5]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Linear<const IN: usize, const OUT: usize, B = [f32; OUT]> {
    /// The weight, stored `[IN][OUT]`.
    pub weight: [[f32; OUT]; IN],
    /// The bias.
    pub bias: B,
}

impl<const IN: usize, const OUT: usize, B: Bias<OUT>> Linear<IN, OUT, B> {
    /// What initialisations ask of the weight's shape.
    pub const FANS: init::Fans = init::Fans { fan_in: IN, fan_out: OUT };

    const WEIGHT: ParameterInfo =
        ParameterInfo { name: "weight", shape: Shape::new(&[OUT, IN]), layout: Layout::Transposed };
    const BIAS: ParameterInfo = ParameterInfo { name: "bias", shape: Shape::new(&[OUT]), layout: Layout::RowMajor };
    const INFOS: [ParameterInfo; 2] = [Self::WEIGHT, Self::BIAS];
}

impl<const IN: usize, const OUT: usize, B: Bias<OUT>> Module for Linear<IN, OUT, B> {
    const ZERO: Self = Self { weight: [[0.0; OUT]; IN], bias: B::ZERO };
    const PARAMETERS: usize = IN * OUT + B::LEN;

    /// Both uniform in `±1/√IN`: PyTorch's `kaiming_uniform_(weight, a=√5)` comes to that.
    fn init<R: Rng>(&mut self, rng: &mut R) {
        let bound = init::default_bound(IN);
        init::uniform(&mut self.weight, -bound, bound, rng);
        bias::uniform(&mut self.bias, bound, rng);
    }

    visit_parameters!(weight: Self::WEIGHT; bias: Self::BIAS);
}

impl<const IN: usize, const OUT: usize, B: Bias<OUT>> Layer<[f32; IN]> for Linear<IN, OUT, B> {
    type Out = [f32; OUT];
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::Linear,
        input: <[f32; IN]>::SHAPE,
        output: <[f32; OUT]>::SHAPE,
        parameters: listed::<OUT, B>(&Self::INFOS, 1),
        macs: IN * OUT,
    });

    #[inline(always)]
    fn infer<K: Kernels>(&self, k: K, input: Input<'_, [f32; IN]>, _: &mut [f32], arena: &mut [f32]) -> End {
        memory::out_of_place(input, arena, |x, y, _| self.apply(k, x, y))
    }
}

impl<const IN: usize, const OUT: usize, B: Bias<OUT>> Linear<IN, OUT, B> {
    #[inline(always)]
    pub(super) fn apply<K: Kernels>(&self, k: K, x: &[[f32; IN]], y: &mut [[f32; OUT]]) {
        for y in y.iter_mut() {
            self.bias.begin(y);
        }
        k.matmul(x, &self.weight, y);
    }
}

impl<const IN: usize, const OUT: usize, B: Bias<OUT>> Train<[f32; IN]> for Linear<IN, OUT, B> {
    const FUSED: usize = 0;
    const FUSED_PER_SAMPLE: usize = 1;

    #[inline(always)]
    fn forward_train<K: Kernels>(&self, k: K, pass: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
        self.apply(k, <[f32; IN]>::in_words(x, pass.n), <[f32; OUT]>::in_words_mut(tape, pass.n));
    }

    #[inline(always)]
    fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32]) {
        let (x, dy) = (<[f32; IN]>::in_words_mut(x, pass.n), <[f32; OUT]>::in_words(tape, pass.n));
        let (weight, bias) = memory::split(grad, IN * OUT);
        if let Some(weight) = <[[f32; OUT]; IN]>::view_mut(weight).first_mut() {
            k.matmul_tn(x, dy, weight);
        }
        if let Some(bias) = <[f32; OUT]>::view_mut(bias).first_mut() {
            for dy in dy {
                k.add(bias, dy);
            }
        }
        if pass.input_gradient {
            Tensor::flat_mut(x).fill(0.0);
            k.matmul_nt(dy, &self.weight, x);
        }
    }

    /// Row by row: the gradient of input `j` needs row `j` of the weight as it was, and nothing needs
    /// that row after it. The scratch holds input `j` of each sample while its gradient takes its place.
    #[inline]
    fn backward_fused<K: Kernels, O: Optimizer>(
        &mut self,
        k: K,
        pass: Pass,
        x: &mut [f32],
        tape: &mut [f32],
        step: Fused<'_, O>,
    ) {
        let (x, dy) = (<[f32; IN]>::in_words_mut(x, pass.n), <[f32; OUT]>::in_words(tape, pass.n));
        let (weight_optimizer, bias_optimizer) = (step.of("weight"), step.of("bias"));
        let (column, _) = memory::split(step.scratch, pass.n);
        let (state_weight, state_bias) = memory::split(step.state, O::STATES * IN * OUT);
        let mut state = States::new::<O>(state_weight);
        for (j, row) in self.weight.iter_mut().enumerate() {
            for ((x, dy), saved) in x.iter_mut().zip(dy).zip(column.iter_mut()) {
                if let Some(x) = x.get_mut(j) {
                    *saved = *x;
                    if pass.input_gradient {
                        *x = k.dot(row, dy);
                    }
                }
            }
            let mut start = 0;
            for chunk in pieces_mut(row, LANES) {
                let gradient = weighted_sum(column, dy, start);
                weight_optimizer.update(k, chunk, &gradient, state.take(chunk.len()));
                start += LANES;
            }
        }
        column.fill(1.0);
        let mut state = States::new::<O>(state_bias);
        let mut start = 0;
        for chunk in pieces_mut(self.bias.values_mut(), LANES) {
            let gradient = weighted_sum(column, dy, start);
            bias_optimizer.update(k, chunk, &gradient, state.take(chunk.len()));
            start += LANES;
        }
    }
}

/// Gradients of this many weights are summed side by side in registers.
const LANES: usize = 8;

/// `Σ_s x[s] · dy[s][start + i]` for `i` in `0..LANES`.
#[inline(always)]
fn weighted_sum<const OUT: usize>(x: &[f32], dy: &[[f32; OUT]], start: usize) -> [f32; LANES] {
    let mut sum = [0.0; LANES];
    for (&x, dy) in x.iter().zip(dy) {
        for (sum, dy) in sum.iter_mut().zip(dy.get(start..).unwrap_or_default()) {
            *sum += x * dy;
        }
    }
    sum
}
