//! The fully connected layer on int8.

use core::marker::PhantomData;

use super::{
    Multiplier, Once, Packing, Quantization, QuantizeError, QuantizedLayer, Requantize, Rounding, RowMajor, Scale,
    ZeroPoints,
    layer::{quantized_layer, quantized_module},
    prepare::{self, Fused, Product, Rows},
};
use crate::{
    Tensor,
    description::{Description, LayerInfo, Layout, Op, ParameterInfo},
    kernel::Kernels,
    shape::Shape,
};

/// `y = requantize(x Wᵀ + b)` on int8: PyTorch's `torch.ao.nn.quantized.Linear(IN, OUT)`, TensorFlow Lite's
/// `FULLY_CONNECTED`.
///
/// `N` is the number of scales of the weight: 1, or `OUT` with one for each output. The weight lies in flash in
/// the order `P`; `R` says how sums are rounded. Made in a constant, all that is computed from weights and
/// scales is computed by the compiler.
///
/// ```
/// use tensorlet::{Layer, Portable, quantized::{self, Fused, Linear, Quantization}};
/// static HALVES: Linear<2, 1> = quantized::unwrap(Linear::from_scales(
///     &[64, 127],                    // 0.5 and about 1
///     &[0],
///     Quantization::new(1.0, 0),     // the input
///     &[1.0 / 128.0],
///     Quantization::new(1.0, 0),     // the output
///     Fused::Identity,
/// ));
/// let mut arena = [0.0; 2];
/// let y = HALVES.forward(Portable, &[[40, 10]], &mut arena)?;
/// assert_eq!(y, [[30]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(4))]
pub struct Linear<const IN: usize, const OUT: usize, P = RowMajor, R = Once, const N: usize = 1> {
    weight: [[i8; IN]; OUT],
    bias: [i32; OUT],
    scales: [Scale; N],
    zero: ZeroPoints,
    folded: bool,
    kind: PhantomData<(P, R)>,
}

impl<const IN: usize, const OUT: usize, P: Packing, R: Rounding, const N: usize> Linear<IN, OUT, P, R, N> {
    const INFOS: [ParameterInfo; 2] = [
        ParameterInfo { name: "weight", shape: Shape::new(&[OUT, IN]), layout: Layout::RowMajor },
        ParameterInfo { name: "bias", shape: Shape::new(&[OUT]), layout: Layout::RowMajor },
    ];

    const NEW: Self = Self {
        weight: [[0; IN]; OUT],
        bias: [0; OUT],
        scales: [Scale::ZERO; N],
        zero: ZeroPoints::new(0, 0),
        folded: true,
        kind: PhantomData,
    };

    /// From weights `[OUT][IN]`, a bias of `OUT` elements or none, `N` multipliers and the zero points, as
    /// CMSIS-NN takes them.
    ///
    /// # Errors
    /// [`QuantizeError`]: a length does not fit, a multiplier is out of range, or a sum can overflow.
    pub const fn from_multipliers(
        weight: &[i8],
        bias: &[i32],
        multipliers: &[Multiplier],
        zero: ZeroPoints,
    ) -> Result<Self, QuantizeError> {
        const { assert!(N == 1 || N == OUT, "a quantized linear layer has one scale or one for each output") };
        let mut layer = Self { zero, ..Self::NEW };
        let rows = Rows::packed(weight, OUT, IN, P::ORDER);
        match prepare::channels(rows, bias, multipliers, zero, &mut layer.bias, &mut layer.scales) {
            Ok(folded) => layer.folded = folded,
            Err(error) => return Err(error),
        }
        P::ORDER.pack(weight, layer.weight.as_flattened_mut(), OUT);
        Ok(layer)
    }

    /// From weights `[OUT][IN]`, a bias of `OUT` elements or none, and the scales of input, weight and output.
    ///
    /// # Errors
    /// As [`from_multipliers`](Self::from_multipliers).
    pub const fn from_scales(
        weight: &[i8],
        bias: &[i32],
        input: Quantization,
        weight_scales: &[f32],
        output: Quantization,
        fused: Fused,
    ) -> Result<Self, QuantizeError> {
        let mut multipliers = [Multiplier { multiplier: 0, shift: 0 }; N];
        if let Err(error) = prepare::multipliers(input, weight_scales, output, Product::Single, &mut multipliers) {
            return Err(error);
        }
        match ZeroPoints::of(input, output, fused) {
            Ok(zero) => Self::from_multipliers(weight, bias, &multipliers, zero),
            Err(error) => Err(error),
        }
    }

    /// Weight `i` of output `o`.
    #[must_use]
    pub fn weight(&self, o: usize, i: usize) -> i8 {
        P::ORDER.get(self.weight.as_flattened(), OUT, IN, o, i)
    }
}

quantized_module!(
    [const IN: usize, const OUT: usize, P: Packing, R: Rounding, const N: usize] Linear<IN, OUT, P, R, N>,
    IN * OUT + OUT
);

impl<const IN: usize, const OUT: usize, P: Packing, R: Rounding, const N: usize> QuantizedLayer<[i8; IN]>
    for Linear<IN, OUT, P, R, N>
{
    type Out = [i8; OUT];
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::Custom("quantized.Linear"),
        input: <[i8; IN]>::SHAPE,
        output: <[i8; OUT]>::SHAPE,
        parameters: &Self::INFOS,
        macs: IN * OUT,
    });
    const SCRATCH: usize = P::ORDER.linear_scratch(IN, OUT);

    #[inline]
    fn apply<K: Kernels>(&self, k: K, x: &[[i8; IN]], y: &mut [[i8; OUT]], scratch: &mut [f32]) {
        let requantize =
            Requantize { bias: &self.bias, scales: &self.scales, folded: self.folded, clamp: self.zero.clamp };
        let weight = self.weight.as_flattened();
        k.linear_i8::<IN, OUT, P, R>(x.as_flattened(), weight, requantize, y.as_flattened_mut(), scratch);
    }
}

quantized_layer!(
    [const IN: usize, const OUT: usize, P: Packing, R: Rounding, const N: usize] Linear<IN, OUT, P, R, N>, [] [i8; IN]
);
