//! The rectifier whose slope is learned.

use rand_core::Rng;

use super::{Layer, LeakyRelu, Pass, Train};
use crate::{
    Module, Shape, Tensor,
    description::{Description, LayerInfo, Layout, Op, ParameterInfo},
    kernel::{Kernels, samples, samples_mut},
    memory::{self, End, Input},
    message::{Part, fail},
    module::visit_parameters,
};

/// `x` for positive `x`, else `weight · x`: PyTorch's `nn.PReLU(C)` (He et al., 2015).
///
/// One weight for all (`C = 1`), or one for each channel, the first dimension of a sample. The
/// derivative at 0 is the weight.
///
/// ```
/// use tensorlet::{Layer, PRelu, Portable};
/// let layer = PRelu { weight: [0.5, 0.1] };
/// let y = layer.forward(Portable, &[[[-1.0, 2.0], [-10.0, 20.0]]], &mut [0.0; 4]).unwrap().to_vec();
/// assert_eq!(y, [[[-0.5, 2.0], [-1.0, 20.0]]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(transparent)]
pub struct PRelu<const C: usize = 1> {
    /// The slope for negative numbers of each channel, or of all.
    pub weight: [f32; C],
}

impl<const C: usize> PRelu<C> {
    const WEIGHT: ParameterInfo = ParameterInfo { name: "weight", shape: Shape::new(&[C]), layout: Layout::RowMajor };

    /// Elements of a sample that share a weight.
    const fn plane<X: Tensor>() -> usize {
        if C > 1 && X::SHAPE.dim(0) != C {
            fail(&[
                Part::Text("shape mismatch: layer `PRelu<"),
                Part::Number(C),
                Part::Text(">` cannot take an input of shape "),
                Part::Shape(X::SHAPE),
            ]);
        }
        X::LEN / C
    }
}

impl<const C: usize> Module for PRelu<C> {
    const ZERO: Self = Self { weight: [0.0; C] };
    const PARAMETERS: usize = C;

    /// All weights 0.25, as in PyTorch; draws nothing.
    fn init<R: Rng>(&mut self, _: &mut R) {
        self.weight.fill(0.25);
    }

    visit_parameters!(weight: Self::WEIGHT);
}

impl<X: Tensor<Elem = f32>, const C: usize> Layer<X> for PRelu<C> {
    type Out = X;
    const DESCRIPTION: Description = {
        let _ = Self::plane::<X>();
        Description::Layer(LayerInfo {
            op: Op::PRelu,
            input: X::SHAPE,
            output: X::SHAPE,
            parameters: &[Self::WEIGHT],
            macs: X::LEN,
        })
    };
    const PEAK: usize = X::WORDS;
    const PEAK_GIVEN: usize = X::WORDS;

    #[inline(always)]
    fn infer<K: Kernels>(&self, k: K, input: Input<'_, X>, _: &mut [f32], arena: &mut [f32]) -> End {
        memory::in_place(input, arena, |x| self.apply::<X, K>(k, x))
    }
}

impl<const C: usize> PRelu<C> {
    #[inline(always)]
    fn apply<X: Tensor<Elem = f32>, K: Kernels>(&self, k: K, x: &mut [f32]) {
        for x in samples_mut(x, X::LEN) {
            for (x, &slope) in samples_mut(x, const { Self::plane::<X>() }).zip(&self.weight) {
                k.map(LeakyRelu::new(slope), x);
            }
        }
    }
}

impl<X: Tensor<Elem = f32>, const C: usize> Train<X> for PRelu<C> {
    #[inline(always)]
    fn forward_train<K: Kernels>(&self, k: K, _: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
        for (y, x) in tape.iter_mut().zip(x) {
            *y = *x;
        }
        self.apply::<X, K>(k, tape);
    }

    #[inline(always)]
    fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32]) {
        let plane = const { Self::plane::<X>() };
        for (x, dy) in samples_mut(x, X::LEN).zip(samples(tape, X::LEN)) {
            for ((x, dy), dw) in samples_mut(x, plane).zip(samples(dy, plane)).zip(grad.iter_mut()) {
                *dw += negative_part(x, dy);
            }
            if pass.input_gradient {
                for ((x, dy), &slope) in samples_mut(x, plane).zip(samples(dy, plane)).zip(&self.weight) {
                    k.map_backward(LeakyRelu::new(slope), x, dy);
                }
            }
        }
    }
}

/// `Σ dy · x` over the elements that are not positive.
#[inline(always)]
fn negative_part(x: &[f32], dy: &[f32]) -> f32 {
    let mut sum = 0.0;
    for (&x, &dy) in x.iter().zip(dy) {
        sum += if x > 0.0 { 0.0 } else { dy * x };
    }
    sum
}
