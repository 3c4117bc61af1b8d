//! The fully connected layer on int16.

use super::{Accumulator, Requantize16};
use crate::{
    Tensor,
    description::{Description, LayerInfo, Layout, Op, ParameterInfo},
    kernel::Kernels,
    quantized::{
        Clamp, Fused, Multiplier, Quantization, QuantizeError, QuantizedLayer,
        layer::{quantized_layer, quantized_module},
        prepare::{self, Product, Rows},
    },
    shape::Shape,
};

/// [`quantized::Linear`](crate::quantized::Linear) with int16 activations; `B` is the type of bias and sums, `N`
/// the number of scales.
///
/// ```
/// use tensorlet::{Layer, Portable, quantized::{self, Fused, int16::Linear}};
/// static HALVES: Linear<2, 1> =
///     quantized::unwrap(Linear::<2, 1, i64>::from_scales(&[64, 127], &[], 1.0, &[1.0 / 128.0], 1.0, Fused::Identity));
/// let mut arena = [0.0; 2];
/// assert_eq!(HALVES.forward(Portable, &[[4000, 1000]], &mut arena)?, [[2992]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(8))]
pub struct Linear<const IN: usize, const OUT: usize, B = i64, const N: usize = 1> {
    weight: [[i8; IN]; OUT],
    bias: [B; OUT],
    scales: [Multiplier; N],
    clamp: Clamp<i16>,
}

impl<const IN: usize, const OUT: usize, B: Accumulator, const N: usize> Linear<IN, OUT, B, N> {
    const INFOS: [ParameterInfo; 2] = [
        ParameterInfo { name: "weight", shape: Shape::new(&[OUT, IN]), layout: Layout::RowMajor },
        ParameterInfo { name: "bias", shape: Shape::new(&[OUT]), layout: Layout::RowMajor },
    ];

    const NEW: Self = {
        assert!(N == 1 || N == OUT, "a quantized linear layer has one scale or one for each output");
        Self {
            weight: [[0; IN]; OUT],
            bias: [B::ZERO; OUT],
            scales: [Multiplier { multiplier: 0, shift: 0 }; N],
            clamp: Clamp::<i16>::NONE,
        }
    };

    const fn rows(weight: &[i8]) -> Rows<'_> {
        Rows::row_major(weight, OUT, IN)
    }

    const fn fill(weight: &[i8], layer: &mut Self) {
        prepare::copy(weight, layer.weight.as_flattened_mut());
    }
}

super::constructors!(
    [const IN: usize, const OUT: usize, const N: usize] Linear <IN, OUT> [N],
    N, Product::Single
);

quantized_module!(
    [const IN: usize, const OUT: usize, B: Accumulator, const N: usize] Linear<IN, OUT, B, N>, IN * OUT + OUT
);

impl<const IN: usize, const OUT: usize, B: Accumulator, const N: usize> QuantizedLayer<[i16; IN]>
    for Linear<IN, OUT, B, N>
{
    type Out = [i16; OUT];
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::Custom("quantized.int16.Linear"),
        input: <[i16; IN]>::SHAPE,
        output: <[i16; OUT]>::SHAPE,
        parameters: &Self::INFOS,
        macs: IN * OUT,
    });

    #[inline]
    fn apply<K: Kernels>(&self, k: K, x: &[[i16; IN]], y: &mut [[i16; OUT]], _: &mut [f32]) {
        let requantize = Requantize16 { bias: &self.bias, scales: &self.scales, clamp: self.clamp };
        k.linear_i16::<IN, OUT, B>(x.as_flattened(), self.weight.as_flattened(), requantize, y.as_flattened_mut());
    }
}

quantized_layer!(
    [const IN: usize, const OUT: usize, B: Accumulator, const N: usize] Linear<IN, OUT, B, N>, [] [i16; IN]
);
