//! Gates: one half of the numbers decides how much of the other passes.

use core::marker::PhantomData;

use rand_core::Rng;

use super::{Bias, Fused, Layer, Linear, NoBias, Pass, Sigmoid, Silu, Train};
use crate::{
    Module, Path, Tensor, Visitor, VisitorMut,
    description::{Description, LayerInfo, Layout, Op, ParameterInfo},
    kernel::{Function, Kernels, samples, samples_mut},
    memory::{self, End, Input},
    message::{Part, fail},
    module::no_parameters,
    optim::Optimizer,
    shape::Shape,
};

/// `a · σ(b)`, where `a` and `b` are the halves of the input along dimension `DIM` of a sample:
/// PyTorch's `nn.GLU` (Dauphin et al., 2017).
///
/// `Y` is the type of an output: that of the input, with half as much along the dimension. PyTorch counts
/// the batch as a dimension, so that its `dim=1` is 0 here; -1, the default, is the same in both.
///
/// ```
/// use tensorlet::{Glu, Layer, Portable};
/// let glu = Glu::<[f32; 2]>::NEW;
/// let y = glu.forward(Portable, &[[4.0, 6.0, 0.0, 0.0]], &mut [0.0; 6]).unwrap().to_vec();
/// assert_eq!(y, [[2.0, 3.0]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Glu<Y, const DIM: isize = -1>(PhantomData<Y>);

impl<Y: Tensor, const DIM: isize> Glu<Y, DIM> {
    /// The layer: it has no parameters.
    pub const NEW: Self = Self(PhantomData);

    /// The axis, and the elements of a run of `a` or `b`. Fails to compile unless the shapes fit.
    const fn axis_and_run<X: Tensor>() -> (usize, usize) {
        let axis = crate::ops::axis::<X>("Glu", DIM);
        let (mut fits, mut run, mut i) = (X::SHAPE.rank() == Y::SHAPE.rank(), 1, 0);
        while i < X::SHAPE.rank() {
            let factor = if i == axis { 2 } else { 1 };
            fits &= X::SHAPE.dim(i) == factor * Y::SHAPE.dim(i);
            if i >= axis {
                run *= Y::SHAPE.dim(i);
            }
            i += 1;
        }
        if !fits {
            fail(&[
                Part::Text("shape mismatch: layer `Glu` along dimension "),
                Part::Number(axis),
                Part::Text(" of an input of shape "),
                Part::Shape(X::SHAPE),
                Part::Text(" cannot give an output of shape "),
                Part::Shape(Y::SHAPE),
            ]);
        }
        (axis, run)
    }
}
no_parameters!([Y: Tensor, const DIM: isize] Glu<Y, DIM>);

impl<X: Tensor<Elem = f32>, Y: Tensor<Elem = f32>, const DIM: isize> Layer<X> for Glu<Y, DIM> {
    type Out = Y;
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::Glu { axis: Self::axis_and_run::<X>().0, gate: Sigmoid::ACTIVATION },
        input: X::SHAPE,
        output: Y::SHAPE,
        parameters: &[],
        macs: Y::LEN,
    });

    #[inline(always)]
    fn infer<K: Kernels>(&self, k: K, input: Input<'_, X>, _: &mut [f32], arena: &mut [f32]) -> End {
        memory::out_of_place(input, arena, |x: &[X], y: &mut [Y], _| Self::apply::<X, K>(k, X::flat(x), Y::flat_mut(y)))
    }
}

impl<Y: Tensor<Elem = f32>, const DIM: isize> Glu<Y, DIM> {
    #[inline(always)]
    fn apply<X: Tensor<Elem = f32>, K: Kernels>(k: K, x: &[f32], y: &mut [f32]) {
        let run = const { Self::axis_and_run::<X>().1 };
        for (x, y) in samples(x, 2 * run).zip(samples_mut(y, run)) {
            if let Some((a, b)) = x.split_at_checked(run) {
                k.gate(Sigmoid, a, b, y);
            }
        }
    }
}

impl<X: Tensor<Elem = f32>, Y: Tensor<Elem = f32>, const DIM: isize> Train<X> for Glu<Y, DIM> {
    #[inline(always)]
    fn forward_train<K: Kernels>(&self, k: K, _: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
        Self::apply::<X, K>(k, x, tape);
    }

    #[inline(always)]
    fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], _: &mut [f32]) {
        if pass.input_gradient {
            let run = const { Self::axis_and_run::<X>().1 };
            for (x, dy) in samples_mut(x, 2 * run).zip(samples(tape, run)) {
                let (a, b) = memory::split(x, run);
                k.gate_backward(Sigmoid, a, b, dy);
            }
        }
    }
}

/// `f(x W1ᵀ) · (x W3ᵀ)`: two linear layers, one of which gates the other (Shazeer, 2020), PyTorch's
/// `f(w1(x)) * w3(x)`. With [`Silu`] it is [`SwiGlu`].
///
/// ```
/// use tensorlet::{GatedLinear, Layer, Linear, NoBias, Portable, Relu};
/// let w1 = Linear { weight: [[1.0, -1.0]], bias: NoBias };
/// let w3 = Linear { weight: [[2.0, 2.0]], bias: NoBias };
/// let layer = GatedLinear { gate: Relu, w1, w3 };
/// let y = layer.forward(Portable, &[[3.0]], &mut [0.0; 5]).unwrap().to_vec();
/// assert_eq!(y, [[18.0, 0.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct GatedLinear<const IN: usize, const OUT: usize, F, B = NoBias> {
    /// `f`.
    pub gate: F,
    /// The layer that `f` is applied to.
    pub w1: Linear<IN, OUT, B>,
    /// The layer that it gates.
    pub w3: Linear<IN, OUT, B>,
}

/// `silu(x W1ᵀ) · (x W3ᵀ)`, PyTorch's `F.silu(w1(x)) * w3(x)`: the gate of most large language models.
pub type SwiGlu<const IN: usize, const OUT: usize, B = NoBias> = GatedLinear<IN, OUT, Silu, B>;

impl<const IN: usize, const OUT: usize, F: Function + Module, B: Bias<OUT>> GatedLinear<IN, OUT, F, B> {
    const W1: ParameterInfo = weight::<IN, OUT>("w1.weight");
    const B1: ParameterInfo = bias::<OUT>("w1.bias");
    const W3: ParameterInfo = weight::<IN, OUT>("w3.weight");
    const B3: ParameterInfo = bias::<OUT>("w3.bias");
}

impl<const IN: usize, const OUT: usize, F: Function + Module, B: Bias<OUT>> Module for GatedLinear<IN, OUT, F, B> {
    const ZERO: Self = Self { gate: F::ZERO, w1: Linear::ZERO, w3: Linear::ZERO };
    const PARAMETERS: usize = 2 * Linear::<IN, OUT, B>::PARAMETERS;

    #[inline]
    fn init<R: Rng>(&mut self, rng: &mut R) {
        self.w1.init(rng);
        self.w3.init(rng);
    }

    #[inline]
    fn parameters<V: Visitor>(&self, path: Path<'_>, visitor: &mut V) {
        self.gate.parameters(path.join("gate"), visitor);
        self.w1.parameters(path.join("w1"), visitor);
        self.w3.parameters(path.join("w3"), visitor);
    }

    #[inline]
    fn parameters_mut<V: VisitorMut>(&mut self, path: Path<'_>, visitor: &mut V) {
        self.w1.parameters_mut(path.join("w1"), visitor);
        self.w3.parameters_mut(path.join("w3"), visitor);
    }
}

impl<const IN: usize, const OUT: usize, F: Function + Module, B: Bias<OUT>> Layer<[f32; IN]>
    for GatedLinear<IN, OUT, F, B>
{
    type Out = [f32; OUT];
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::GatedLinear { gate: F::ACTIVATION },
        input: <[f32; IN]>::SHAPE,
        output: <[f32; OUT]>::SHAPE,
        parameters: if B::LEN == 0 { &[Self::W1, Self::W3] } else { &[Self::W1, Self::B1, Self::W3, Self::B3] },
        macs: 2 * IN * OUT + OUT,
    });
    const PEAK: usize = IN + 2 * OUT;
    const PEAK_GIVEN: usize = 2 * OUT;

    #[inline(always)]
    fn infer<K: Kernels>(&self, k: K, input: Input<'_, [f32; IN]>, _: &mut [f32], arena: &mut [f32]) -> End {
        memory::out_of_place(input, arena, |x: &[[f32; IN]], y: &mut [[f32; OUT]], scratch| {
            self.w3.apply(k, x, y);
            let gates = <[f32; OUT]>::in_words_mut(scratch, x.len());
            self.w1.apply(k, x, gates);
            let gates = Tensor::flat_mut(gates);
            k.map(self.gate, gates);
            for (y, gate) in Tensor::flat_mut(y).iter_mut().zip(gates) {
                *y *= *gate;
            }
        })
    }
}

/// The tape holds `x W1ᵀ`, `x W3ᵀ` and the output.
impl<const IN: usize, const OUT: usize, F: Function + Module, B: Bias<OUT>> Train<[f32; IN]>
    for GatedLinear<IN, OUT, F, B>
{
    const TAPE: usize = 3 * OUT;
    const FUSED: usize = 0;
    /// The input, while its gradient takes its place, and what a linear layer needs.
    const FUSED_PER_SAMPLE: usize = IN + 1;

    #[inline(always)]
    fn forward_train<K: Kernels>(&self, k: K, pass: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
        let x = <[f32; IN]>::in_words(x, pass.n);
        let [gates, values, y] = parts::<OUT>(pass, tape);
        self.w1.apply(k, x, <[f32; OUT]>::in_words_mut(gates, pass.n));
        self.w3.apply(k, x, <[f32; OUT]>::in_words_mut(values, pass.n));
        k.gate(self.gate, values, gates, y);
    }

    #[inline(always)]
    fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32]) {
        let [gates, values, dy] = parts::<OUT>(pass, tape);
        k.gate_backward(self.gate, values, gates, dy);
        let (first, third) = memory::split(grad, Linear::<IN, OUT, B>::GRAD);
        Train::<[f32; IN]>::backward(&mut self.w1, k, Pass { input_gradient: false, ..pass }, x, gates, first);
        Train::<[f32; IN]>::backward(&mut self.w3, k, Pass { input_gradient: false, ..pass }, x, values, third);
        self.input_gradient(k, pass, x, gates, values);
    }

    #[inline]
    fn backward_fused<K: Kernels, O: Optimizer>(
        &mut self,
        k: K,
        pass: Pass,
        x: &mut [f32],
        tape: &mut [f32],
        step: Fused<'_, O>,
    ) {
        let [gates, values, dy] = parts::<OUT>(pass, tape);
        k.gate_backward(self.gate, values, gates, dy);
        let Fused { optimizer, path, state, scratch } = step;
        let (kept, scratch) = memory::split(scratch, pass.n * IN);
        for (kept, x) in kept.iter_mut().zip(x.iter()) {
            *kept = *x;
        }
        self.input_gradient(k, pass, x, gates, values);
        let words = Linear::<IN, OUT, B>::GRAD;
        let leaf = Pass { input_gradient: false, ..pass };
        let mut step = Fused { optimizer, path, state, scratch };
        Train::<[f32; IN]>::backward_fused(&mut self.w1, k, leaf, kept, gates, step.part("w1", 0, words));
        Train::<[f32; IN]>::backward_fused(&mut self.w3, k, leaf, kept, values, step.part("w3", words, words));
    }
}

impl<const IN: usize, const OUT: usize, F, B: Bias<OUT>> GatedLinear<IN, OUT, F, B> {
    /// `∂L/∂x` in place of `x`, if it is wanted.
    #[inline(always)]
    fn input_gradient<K: Kernels>(&self, k: K, pass: Pass, x: &mut [f32], gates: &[f32], values: &[f32]) {
        if pass.input_gradient {
            let dx = <[f32; IN]>::in_words_mut(x, pass.n);
            Tensor::flat_mut(dx).fill(0.0);
            k.matmul_nt(<[f32; OUT]>::in_words(gates, pass.n), &self.w1.weight, dx);
            k.matmul_nt(<[f32; OUT]>::in_words(values, pass.n), &self.w3.weight, dx);
        }
    }
}

const fn weight<const IN: usize, const OUT: usize>(name: &'static str) -> ParameterInfo {
    ParameterInfo { name, shape: Shape::new(&[OUT, IN]), layout: Layout::Transposed }
}

const fn bias<const OUT: usize>(name: &'static str) -> ParameterInfo {
    ParameterInfo { name, shape: Shape::new(&[OUT]), layout: Layout::RowMajor }
}

/// The gates before `f`, the values and the output on the tape.
#[inline(always)]
fn parts<const OUT: usize>(pass: Pass, tape: &mut [f32]) -> [&mut [f32]; 3] {
    let (gates, rest) = memory::split(tape, pass.n * OUT);
    let (values, y) = memory::split(rest, pass.n * OUT);
    [gates, values, y]
}
