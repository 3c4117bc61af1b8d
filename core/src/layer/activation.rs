//! Activations: functions of each element alone.

use super::{Layer, Pass, Train};
use crate::{
    Tensor,
    description::{Description, LayerInfo, Op},
    kernel::Kernels,
    memory::{self, End, Input, bits},
    module::no_parameters,
};

/// `max(x, 0)`: PyTorch's `nn.ReLU`. The derivative at 0 is 0; NaN stays NaN.
///
/// Works in place. In training it remembers one bit per element.
///
/// ```
/// use tensorlet::{Layer, Portable, Relu};
/// let y = Relu.forward(Portable, &[[-1.0, 2.0]], &mut [0.0; 2]).unwrap().to_vec();
/// assert_eq!(y, [[0.0, 2.0]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Relu;

/// `1 / (1 + e⁻ˣ)`: PyTorch's `nn.Sigmoid`.
///
/// ```
/// use tensorlet::{Layer, Portable, Sigmoid};
/// let y = Sigmoid.forward(Portable, &[[0.0]], &mut [0.0; 1]).unwrap().to_vec();
/// assert_eq!(y, [[0.5]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sigmoid;

/// The hyperbolic tangent: PyTorch's `nn.Tanh`.
///
/// ```
/// use tensorlet::{Layer, Portable, Tanh};
/// let y = Tanh.forward(Portable, &[[0.0]], &mut [0.0; 1]).unwrap().to_vec();
/// assert_eq!(y, [[0.0]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tanh;

/// What all activations share as layers that work in place at inference.
macro_rules! activation {
    ($name:ident, $op:expr, $forward:ident) => {
        impl $name {
            const NEW: Self = Self;
        }
        no_parameters!([] $name);

        impl<X: Tensor<Elem = f32>> Layer<X> for $name {
            type Out = X;
            const DESCRIPTION: Description =
                Description::Layer(LayerInfo { op: $op, input: X::SHAPE, output: X::SHAPE, parameters: &[], macs: 0 });
            const PEAK: usize = X::WORDS;
            const PEAK_GIVEN: usize = X::WORDS;

            #[inline(always)]
            fn infer<K: Kernels>(&self, k: K, input: Input<'_, X>, _: &mut [f32], arena: &mut [f32]) -> End {
                memory::in_place(input, arena, |x| k.$forward(x))
            }
        }
    };
}

activation!(Relu, Op::Relu, relu);
activation!(Sigmoid, Op::Sigmoid, sigmoid);
activation!(Tanh, Op::Tanh, tanh);

/// In place: the slot of the input takes the output, then `∂L/∂y`, then `∂L/∂x`; the tape holds the mask.
impl<X: Tensor<Elem = f32>> Train<X> for Relu {
    const TAPE: usize = X::LEN.div_ceil(32);
    const OVERWRITES_X: bool = true;
    const OVERWRITES_DY: bool = true;

    #[inline(always)]
    fn forward_train<K: Kernels>(&self, k: K, _: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
        k.relu_masked(x, bits(tape));
    }

    #[inline(always)]
    fn out<'a>(_: Pass, x: &'a mut [f32], _: &'a mut [f32]) -> &'a mut [f32] {
        x
    }

    #[inline(always)]
    fn backward<K: Kernels>(&mut self, k: K, _: Pass, x: &mut [f32], tape: &mut [f32], _: &mut [f32]) {
        k.relu_backward(x, bits(tape));
    }
}

/// The derivative needs the value: the slot of the input keeps a copy of the output, since the
/// output's own slot takes `∂L/∂y`.
macro_rules! train_from_value {
    ($name:ident, $forward:ident, $backward:ident) => {
        impl<X: Tensor<Elem = f32>> Train<X> for $name {
            const OVERWRITES_X: bool = true;

            #[inline(always)]
            fn forward_train<K: Kernels>(&self, k: K, _: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
                k.$forward(x);
                for (y, x) in tape.iter_mut().zip(x) {
                    *y = *x;
                }
            }

            #[inline(always)]
            fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], _: &mut [f32]) {
                if pass.input_gradient {
                    k.$backward(x, tape);
                }
            }
        }
    };
}

train_from_value!(Sigmoid, sigmoid, sigmoid_backward);
train_from_value!(Tanh, tanh, tanh_backward);
