//! Limits on a tensor of int8.

use super::{Clamp, Fused, Quantization, QuantizedLayer, layer::quantized_module};
use crate::{
    Layer, Tensor, Train,
    description::{Description, LayerInfo, Op},
    kernel::Kernels,
    layer::Pass,
    memory::{self, End, Input},
};

/// `min(max(x, min), max)` on int8 in place: ReLU and the like with the quantization of the input. One whose work a
/// layer before it has taken over costs nothing.
///
/// ```
/// use tensorlet::{Layer, Portable, quantized::{Clip, Fused, Quantization}};
/// static RELU: Clip = Clip::new(Fused::Relu, Quantization::new(0.1, -3));
/// let mut arena = [0.0];
/// assert_eq!(RELU.forward(Portable, &[[-5_i8, -3, 2]], &mut arena)?, [[-3, -3, 2]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clip {
    /// The limits.
    pub clamp: Clamp<i8>,
}

impl Clip {
    /// Does nothing.
    pub const NONE: Self = Self { clamp: Clamp::<i8>::NONE };

    const NEW: Self = Self::NONE;

    /// The activation for inputs of this quantization.
    #[must_use]
    pub const fn new(activation: Fused, input: Quantization) -> Self {
        Self { clamp: activation.clamp(input) }
    }

    #[inline(always)]
    fn in_place(self, x: &mut [i8]) {
        if self != Self::NONE {
            for x in x {
                *x = self.clamp.apply(i32::from(*x));
            }
        }
    }
}

quantized_module!([] Clip, 0);

impl<X: Tensor<Elem = i8>> QuantizedLayer<X> for Clip {
    type Out = X;
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::Custom("quantized.Clip"),
        input: X::SHAPE,
        output: X::SHAPE,
        parameters: &[],
        macs: 0,
    });

    #[inline]
    fn apply<K: Kernels>(&self, _: K, x: &[X], y: &mut [X], _: &mut [f32]) {
        let (x, y) = (X::flat(x), X::flat_mut(y));
        y.iter_mut().zip(x).for_each(|(y, x)| *y = *x);
        self.in_place(y);
    }
}

impl<X: Tensor<Elem = i8>> Layer<X> for Clip {
    type Out = X;
    const DESCRIPTION: Description = <Self as QuantizedLayer<X>>::DESCRIPTION;
    const PEAK: usize = X::WORDS;
    const PEAK_GIVEN: usize = X::WORDS;

    #[inline(always)]
    fn infer<K: Kernels>(&self, _: K, input: Input<'_, X>, _: &mut [f32], arena: &mut [f32]) -> End {
        memory::in_place(input, arena, |x| self.in_place(x))
    }
}

/// In place and without a trace: the slot of the input is the slot of the output.
impl<X: Tensor<Elem = i8>> Train<X> for Clip {
    const TAPE: usize = 0;
    const OVERWRITES_X: bool = true;

    #[inline(always)]
    fn forward_train<K: Kernels>(&self, _: K, pass: Pass, x: &mut [f32], _: &mut [f32], _: &mut [f32]) {
        self.in_place(X::flat_mut(X::in_words_mut(x, pass.n)));
    }

    #[inline(always)]
    fn out<'a>(_: Pass, x: &'a mut [f32], _: &'a mut [f32]) -> &'a mut [f32] {
        x
    }

    #[inline(always)]
    fn backward<K: Kernels>(&mut self, _: K, _: Pass, _: &mut [f32], _: &mut [f32], _: &mut [f32]) {}
}
