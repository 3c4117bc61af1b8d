//! The fully connected layer with int8 weights that are trained.

use rand_core::Rng;

use super::{
    super::float::{rounded_weight, symmetric_scale},
    Int8Weights, StochasticRounding,
    weights::moved,
};
use crate::{
    Module, Parameter, Path, Tensor, Visitor, VisitorMut,
    description::{Description, LayerInfo, Layout, Op, ParameterInfo},
    init,
    kernel::Kernels,
    layer::{Fused, Layer, Pass, Train},
    memory::{self, End, Input},
    optim::{Optimizer, States},
    shape::Shape,
};

/// `y[o] = bias[o] + scale[o] · Σ_i weight[i][o] · x[i]` with weights of int8: [`Linear`](crate::Linear) in training
/// as it is deployed.
///
/// Trained row by row as that: in a fused step a row of `OUT` floats is all that there is of weights and gradient.
///
/// ```
/// use tensorlet::{FusedTrainer, Module, Portable, loss::MseLoss, memory::{Mode, training_words}, optim::Sgd, quantized::qas};
/// type Net = qas::Linear<64, 10>;
/// // Weights of one byte; a fused step takes input, output, a row of weights and one of gradients.
/// const _: () = assert!(size_of::<Net>() == 64 * 10 + 4 * (10 + 10 + 1));
/// const WORDS: usize = training_words::<[f32; 64], Net, Sgd>(Mode::Fused, 1);
/// const _: () = assert!(WORDS == 64 + 10 + 10 + 10);
///
/// let mut net = Net::ZERO;
/// net.assign(&tensorlet::Linear { weight: [[0.5; 10]; 64], bias: [0.0; 10] });
/// assert_eq!(net.weight[0][0], 127); // of 0.5 / 127
/// let mut workspace = [0.0; WORDS];
/// let mut trainer = FusedTrainer::<[f32; 64], Net, _>::new(Sgd::new(0.01), &mut workspace)?;
/// let first = trainer.step(Portable, &mut net, &MseLoss, &[[0.1; 64]], &[[1.0; 10]])?;
/// let second = trainer.step(Portable, &mut net, &MseLoss, &[[0.1; 64]], &[[1.0; 10]])?;
/// assert!(second < first);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(4))]
pub struct Linear<const IN: usize, const OUT: usize> {
    /// The weight in steps of `scale`, stored `[IN][OUT]`.
    pub weight: [[i8; OUT]; IN],
    /// The scale of each output's weights; 0 in what has no weights yet.
    pub scale: [f32; OUT],
    /// The bias.
    pub bias: [f32; OUT],
    /// How new weights are rounded.
    pub rounding: StochasticRounding,
}

impl<const IN: usize, const OUT: usize> Linear<IN, OUT> {
    const WEIGHT: ParameterInfo =
        ParameterInfo { name: "weight", shape: Shape::new(&[OUT, IN]), layout: Layout::Transposed };
    const SCALE: ParameterInfo = ParameterInfo { name: "scale", shape: Shape::new(&[OUT]), layout: Layout::RowMajor };
    const BIAS: ParameterInfo = ParameterInfo { name: "bias", shape: Shape::new(&[OUT]), layout: Layout::RowMajor };

    /// Takes over the weights of a layer of floats: symmetric in -127 to 127, a scale for each output.
    pub fn assign(&mut self, float: &crate::Linear<IN, OUT>) {
        for (o, scale) in self.scale.iter_mut().enumerate() {
            *scale = symmetric_scale(float.weight.iter().filter_map(|row| row.get(o).copied()));
        }
        for (to, from) in self.weight.iter_mut().zip(&float.weight) {
            for ((to, from), scale) in to.iter_mut().zip(from).zip(&self.scale) {
                *to = rounded_weight(*from, *scale);
            }
        }
        self.bias = float.bias;
    }

    /// The real numbers that a row of weights stands for.
    #[inline(always)]
    fn reals(row: &[i8; OUT], scale: &[f32; OUT], to: &mut [f32]) {
        for ((to, w), scale) in to.iter_mut().zip(row).zip(scale) {
            *to = scale * f32::from(*w);
        }
    }

    #[inline(always)]
    fn apply<K: Kernels>(&self, k: K, x: &[[f32; IN]], y: &mut [[f32; OUT]], scratch: &mut [f32]) {
        let (reals, _) = memory::split(scratch, OUT);
        for y in &mut *y {
            *y = self.bias;
        }
        for (i, row) in self.weight.iter().enumerate() {
            Self::reals(row, &self.scale, reals);
            for (x, y) in x.iter().zip(&mut *y) {
                if let Some(&x) = x.get(i) {
                    k.add_scaled(y, x, reals);
                }
            }
        }
    }

    /// `∂L/∂x` of one input in place of that input.
    #[inline(always)]
    fn input_gradient<K: Kernels>(k: K, i: usize, reals: &[f32], x: &mut [[f32; IN]], dy: &[[f32; OUT]]) {
        for (x, dy) in x.iter_mut().zip(dy) {
            if let Some(x) = x.get_mut(i) {
                *x = k.dot(reals, dy);
            }
        }
    }
}

impl<const IN: usize, const OUT: usize> Module for Linear<IN, OUT> {
    const ZERO: Self =
        Self { weight: [[0; OUT]; IN], scale: [0.0; OUT], bias: [0.0; OUT], rounding: StochasticRounding::new(0) };
    const PARAMETERS: usize = IN * OUT + OUT;

    /// Uniform as [`Linear`](crate::Linear) has them, with scales that let weights grow eightfold.
    fn init<R: Rng>(&mut self, rng: &mut R) {
        let bound = init::default_bound(IN);
        self.scale = [super::weights::init(self.weight.as_flattened_mut(), bound, rng); OUT];
        init::uniform(&mut self.bias, -bound, bound, rng);
        self.rounding = StochasticRounding::new(rng.next_u32());
    }

    #[inline]
    fn parameters<V: Visitor>(&self, path: Path<'_>, visitor: &mut V) {
        let of = |info: &'static ParameterInfo, trained| Parameter { path: path.join(info.name), info, trained };
        visitor.int8(of(&Self::WEIGHT, true), self.weight.as_flattened());
        visitor.parameter(of(&Self::SCALE, false), &self.scale);
        visitor.parameter(of(&Self::BIAS, true), &self.bias);
    }

    #[inline]
    fn parameters_mut<V: VisitorMut>(&mut self, path: Path<'_>, visitor: &mut V) {
        let of = |info: &'static ParameterInfo, trained| Parameter { path: path.join(info.name), info, trained };
        let weights = Int8Weights {
            values: self.weight.as_flattened_mut(),
            scales: &self.scale,
            layout: Layout::Transposed,
            rounding: &mut self.rounding,
        };
        visitor.int8(of(&Self::WEIGHT, true), weights);
        visitor.parameter(of(&Self::SCALE, false), &mut self.scale);
        visitor.parameter(of(&Self::BIAS, true), &mut self.bias);
    }
}

impl<const IN: usize, const OUT: usize> Layer<[f32; IN]> for Linear<IN, OUT> {
    type Out = [f32; OUT];
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::Custom("quantized.qas.Linear"),
        input: <[f32; IN]>::SHAPE,
        output: <[f32; OUT]>::SHAPE,
        parameters: &[Self::WEIGHT, Self::SCALE, Self::BIAS],
        macs: IN * OUT,
    });
    /// Input, output and a row of weights.
    const PEAK: usize = IN + 2 * OUT;
    const PEAK_GIVEN: usize = 2 * OUT;

    #[inline(always)]
    fn infer<K: Kernels>(&self, k: K, input: Input<'_, [f32; IN]>, _: &mut [f32], arena: &mut [f32]) -> End {
        memory::out_of_place(input, arena, |x, y, scratch| self.apply(k, x, y, scratch))
    }
}

impl<const IN: usize, const OUT: usize> Train<[f32; IN]> for Linear<IN, OUT> {
    /// The output and a row of weights.
    const TAPE: usize = 2 * OUT;
    const FUSED: usize = OUT;

    #[inline(always)]
    fn forward_train<K: Kernels>(&self, k: K, pass: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
        let (y, scratch) = memory::cut(tape, End::High, pass.n * OUT);
        self.apply(k, <[f32; IN]>::in_words(x, pass.n), <[f32; OUT]>::in_words_mut(y, pass.n), scratch);
    }

    #[inline]
    fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32]) {
        let (dy, scratch) = memory::cut(tape, End::High, pass.n * OUT);
        let (reals, _) = memory::split(scratch, OUT);
        let (x, dy) = (<[f32; IN]>::in_words_mut(x, pass.n), <[f32; OUT]>::in_words(dy, pass.n));
        let (weight, bias) = memory::split(grad, IN * OUT);
        if let Some(weight) = <[[f32; OUT]; IN]>::view_mut(weight).first_mut() {
            k.matmul_tn(x, dy, weight);
        }
        if !bias.is_empty() {
            dy.iter().for_each(|dy| k.add(bias, dy));
        }
        if pass.input_gradient {
            for (i, row) in self.weight.iter().enumerate() {
                Self::reals(row, &self.scale, reals);
                Self::input_gradient(k, i, reals, x, dy);
            }
        }
    }

    /// Row by row: nothing needs a row of the weight after it.
    #[inline]
    fn backward_fused<K: Kernels, O: Optimizer>(
        &mut self,
        k: K,
        pass: Pass,
        x: &mut [f32],
        tape: &mut [f32],
        step: Fused<'_, O>,
    ) {
        let (dy, scratch) = memory::cut(tape, End::High, pass.n * OUT);
        let (reals, _) = memory::split(scratch, OUT);
        let (x, dy) = (<[f32; IN]>::in_words_mut(x, pass.n), <[f32; OUT]>::in_words(dy, pass.n));
        let (weight_optimizer, bias_optimizer) = (step.of("weight"), step.of("bias"));
        let (gradient, _) = memory::split(step.scratch, OUT);
        let (state_weight, state_bias) = memory::split(step.state, O::STATES * IN * OUT);
        let mut state = States::new::<O>(state_weight);
        for (i, row) in self.weight.iter_mut().enumerate() {
            Self::reals(row, &self.scale, reals);
            gradient.fill(0.0);
            for (x, dy) in x.iter().zip(dy) {
                if let Some(&x) = x.get(i) {
                    k.add_scaled(gradient, x, dy);
                }
            }
            if pass.input_gradient {
                Self::input_gradient(k, i, reals, x, dy);
            }
            weight_optimizer.update(k, reals, gradient, state.take(OUT));
            for ((weight, real), scale) in row.iter_mut().zip(reals.iter()).zip(&self.scale) {
                *weight = moved(*weight, *scale, *real, &mut self.rounding);
            }
        }
        gradient.fill(0.0);
        dy.iter().for_each(|dy| k.add(gradient, dy));
        bias_optimizer.update(k, &mut self.bias, gradient, States::new::<O>(state_bias));
    }
}
