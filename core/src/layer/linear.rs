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
    kernel::{Epilogue, Kernels, descent},
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

    #[inline(always)]
    fn infer_then<K: Kernels>(
        &self,
        k: K,
        then: Epilogue,
        input: Input<'_, [f32; IN]>,
        _: &mut [f32],
        arena: &mut [f32],
    ) -> End {
        memory::out_of_place(input, arena, |x, y, _| {
            k.linear(x, &self.weight, self.bias.values(), then, y);
        })
    }
}

impl<const IN: usize, const OUT: usize, B: Bias<OUT>> Linear<IN, OUT, B> {
    #[inline(always)]
    pub(super) fn apply<K: Kernels>(&self, k: K, x: &[[f32; IN]], y: &mut [[f32; OUT]]) {
        k.linear(x, &self.weight, self.bias.values(), Epilogue::Identity, y);
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

    /// Row by row, in place: nothing needs a row of the weight after it.
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
        if let Some(plain) = weight_optimizer.plain() {
            k.sgd_linear(plain, x, dy, &mut self.weight, column, pass.input_gradient);
        } else {
            let mut state = States::new::<O>(state_weight);
            descent::row_by_row(k, x, dy, &mut self.weight, column, pass.input_gradient, |w, g| {
                weight_optimizer.update(k, w, g, state.take(w.len()));
            });
        }
        let mut state = States::new::<O>(state_bias);
        descent::shared(dy, self.bias.values_mut(), column, |w, g| {
            bias_optimizer.update(k, w, g, state.take(w.len()));
        });
    }
}
