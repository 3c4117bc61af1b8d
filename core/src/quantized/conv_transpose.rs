//! Transposed convolution on int8.

use core::marker::PhantomData;

use super::{
    Multiplier, Quantization, QuantizeError, QuantizedLayer, Requantize, Rounding, Scale, Twice, ZeroPoints,
    conv::{Sizes, planes},
    layer::{quantized_layer, quantized_module},
    prepare::{self, Fused, Product, Rows},
};
use crate::{
    Sliding, Tensor,
    description::{Description, LayerInfo, Layout, Op, ParameterInfo, Window},
    kernel::{Conv2dDims, Conv2dShape, Kernels},
    layer::mirrored,
    shape::Shape,
    sliding::Slide,
};

/// Transposed convolution of int8 images: PyTorch's `torch.ao.nn.quantized.ConvTranspose2d`, TensorFlow Lite's
/// `TRANSPOSE_CONV`.
///
/// The weight is `[OUT][KH][KW][IN]`. Sizes, padding and stride are those of
/// [`tensorlet::ConvTranspose2d`](crate::ConvTranspose2d).
///
/// ```
/// use tensorlet::{Layer, Portable, Slide, quantized::{self, ConvTranspose2d, Multiplier, ZeroPoints}};
/// // Every element twice.
/// const ONE: Multiplier = Multiplier::from_real(1.0);
/// static TWICE: ConvTranspose2d<1, 1, 1, 2, 1, 4, Slide<2>> =
///     quantized::unwrap(ConvTranspose2d::from_multipliers(&[1, 1], &[], &[ONE], ZeroPoints::new(0, 0)));
/// let mut arena = [0.0; 2];
/// assert_eq!(TWICE.forward(Portable, &[[[[5], [-9]]]], &mut arena)?, [[[[5], [5], [-9], [-9]]]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(4))]
pub struct ConvTranspose2d<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    S = Slide<1, 0>,
    R = Twice,
> {
    weight: [[[[i8; IN]; KW]; KH]; OUT],
    bias: [i32; OUT],
    scales: [Scale; OUT],
    zero: ZeroPoints,
    folded: bool,
    kind: PhantomData<(S, R)>,
}

impl<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    S: Sliding,
    R: Rounding,
> ConvTranspose2d<IN, OUT, KH, KW, OH, OW, S, R>
{
    const INFOS: [ParameterInfo; 2] = [
        ParameterInfo { name: "weight", shape: Shape::new(&[OUT, KH, KW, IN]), layout: Layout::RowMajor },
        ParameterInfo { name: "bias", shape: Shape::new(&[OUT]), layout: Layout::RowMajor },
    ];

    const NEW: Self = Self {
        weight: [[[[0; IN]; KW]; KH]; OUT],
        bias: [0; OUT],
        scales: [Scale::ZERO; OUT],
        zero: ZeroPoints::new(0, 0),
        folded: true,
        kind: PhantomData,
    };

    /// From weights `[OUT][KH][KW][IN]`, a bias of `OUT` elements or none, a multiplier for each output channel
    /// and the zero points, as CMSIS-NN takes them.
    ///
    /// # Errors
    /// [`QuantizeError`]: a length does not fit, a multiplier is out of range, or a sum can overflow.
    pub const fn from_multipliers(
        weight: &[i8],
        bias: &[i32],
        multipliers: &[Multiplier],
        zero: ZeroPoints,
    ) -> Result<Self, QuantizeError> {
        let mut layer = Self { zero, ..Self::NEW };
        // Not every output meets all weights: the zero point of the input stays with the input.
        let rows = Rows { largest: 255, ..Rows::row_major(weight, OUT, KH * KW * IN) };
        let outside = ZeroPoints { input: 0, ..zero };
        match prepare::channels(rows, bias, multipliers, outside, &mut layer.bias, &mut layer.scales) {
            Ok(folded) => layer.folded = folded,
            Err(error) => return Err(error),
        }
        prepare::copy(weight, layer.weight.as_flattened_mut().as_flattened_mut().as_flattened_mut());
        Ok(layer)
    }

    /// From weights `[OUT][KH][KW][IN]`, a bias of `OUT` elements or none, and the scales of input, weight (one, or
    /// one for each output channel) and output.
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
        let mut multipliers = [Multiplier { multiplier: 0, shift: 0 }; OUT];
        if let Err(error) = prepare::multipliers(input, weight_scales, output, Product::Double, &mut multipliers) {
            return Err(error);
        }
        match ZeroPoints::of(input, output, fused) {
            Ok(zero) => Self::from_multipliers(weight, bias, &multipliers, zero),
            Err(error) => Err(error),
        }
    }
}

quantized_module!(
    [
        const IN: usize, const OUT: usize, const KH: usize, const KW: usize, const OH: usize, const OW: usize,
        S: Sliding, R: Rounding
    ] ConvTranspose2d<IN, OUT, KH, KW, OH, OW, S, R>,
    IN * KH * KW * OUT + OUT
);

impl<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    S: Sliding,
    R: Rounding,
    const H: usize,
    const W: usize,
> Conv2dShape for Sizes<ConvTranspose2d<IN, OUT, KH, KW, OH, OW, S, R>, [[[i8; IN]; W]; H]>
{
    const DIMS: Conv2dDims = mirrored(
        "quantized.ConvTranspose2d",
        Window { kernel: [KH, KW], options: S::OPTIONS },
        OUT,
        planes(<[[[i8; IN]; W]; H]>::SHAPE),
        planes(<[[[i8; OUT]; OW]; OH]>::SHAPE),
    );
}

impl<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    S: Sliding,
    R: Rounding,
    const H: usize,
    const W: usize,
> QuantizedLayer<[[[i8; IN]; W]; H]> for ConvTranspose2d<IN, OUT, KH, KW, OH, OW, S, R>
{
    type Out = [[[i8; OUT]; OW]; OH];
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::Custom("quantized.ConvTranspose2d"),
        input: <[[[i8; IN]; W]; H]>::SHAPE,
        output: <[[[i8; OUT]; OW]; OH]>::SHAPE,
        parameters: &Self::INFOS,
        macs: IN * KH * KW * OUT * H * W,
    });

    #[inline]
    fn apply<K: Kernels>(&self, k: K, x: &[[[[i8; IN]; W]; H]], y: &mut [[[[i8; OUT]; OW]; OH]], _: &mut [f32]) {
        let requantize =
            Requantize { bias: &self.bias, scales: &self.scales, folded: self.folded, clamp: self.zero.clamp };
        let (x, y, weight) = (Tensor::flat(x), Tensor::flat_mut(y), self.weight.elements());
        k.conv_transpose2d_i8::<Sizes<Self, [[[i8; IN]; W]; H]>, R>(x, self.zero.input, weight, requantize, y);
    }
}

quantized_layer!(
    [
        const IN: usize, const OUT: usize, const KH: usize, const KW: usize, const OH: usize, const OW: usize,
        S: Sliding, R: Rounding
    ] ConvTranspose2d<IN, OUT, KH, KW, OH, OW, S, R>, [const H: usize, const W: usize,] [[[i8; IN]; W]; H]
);
