//! Convolutions on int8.

use core::marker::PhantomData;

use super::{
    Multiplier, Order, Packing, Quantization, QuantizeError, QuantizedLayer, Requantize, Rounding, RowMajor, Scale,
    Twice, ZeroPoints,
    layer::{quantized_layer, quantized_module},
    prepare::{self, Fused, Product, Rows},
};
use crate::{
    Sliding, Tensor,
    description::{Description, LayerInfo, Layout, Op, ParameterInfo, Window},
    kernel::{Conv2dDims, Conv2dShape, Kernels},
    layer,
    shape::Shape,
    sliding::Slide,
};

/// The sizes of a layer `L` on inputs of type `X`.
pub(super) struct Sizes<L, X>(PhantomData<(L, X)>);

/// The sizes of a convolution of NHWC tensors.
pub(super) const fn dims(name: &str, window: Window, per_group: usize, input: Shape, stated: Shape) -> Conv2dDims {
    layer::conv_dims(name, window, per_group, planes(input), planes(stated))
}

/// The shape `[channels, rows, columns]` of a tensor `[rows][columns][channels]`.
pub(super) const fn planes(shape: Shape) -> Shape {
    Shape::new(&[shape.dim(2), shape.dim(0), shape.dim(1)])
}

/// Convolution of int8 images `[rows][columns][channels]`: PyTorch's `torch.ao.nn.quantized.Conv2d`, TensorFlow
/// Lite's `CONV_2D`, with a scale for each output channel.
///
/// The generics are those of [`tensorlet::Conv2d`](crate::Conv2d); the weight lies in flash in the order `P`, and
/// `R` says how sums are rounded. Outside its borders the input holds its zero point.
///
/// ```
/// use tensorlet::{Layer, Portable, quantized::{self, Conv2d, Multiplier, ZeroPoints}};
/// // Differences of neighbouring columns, not scaled.
/// const ONE: Multiplier = Multiplier::from_real(1.0);
/// static DIFFERENCES: Conv2d<1, 1, 1, 2, 1, 2> =
///     quantized::unwrap(Conv2d::from_multipliers(&[-1, 1], &[], &[ONE], ZeroPoints::new(0, 0)));
/// let mut arena = [0.0; 2];
/// let y = DIFFERENCES.forward(Portable, &[[[[1], [5], [-9]]]], &mut arena)?;
/// assert_eq!(y, [[[[4], [-14]]]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(4))]
pub struct Conv2d<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    S = Slide<1, 0>,
    P = RowMajor,
    R = Twice,
    const PER_GROUP: usize = IN,
> {
    weight: [[[[i8; PER_GROUP]; KW]; KH]; OUT],
    bias: [i32; OUT],
    scales: [Scale; OUT],
    zero: ZeroPoints,
    folded: bool,
    kind: PhantomData<(S, P, R)>,
}

/// Convolution of which every output channel sees one input channel: TensorFlow Lite's `DEPTHWISE_CONV_2D`,
/// PyTorch's `quantized.Conv2d(IN, OUT, (KH, KW), groups=IN)`.
///
/// The weight is `[KH][KW][OUT]`; output channel `o` sees input channel `o / (OUT / IN)`.
///
/// ```
/// use tensorlet::{Layer, Portable, quantized::{self, DepthwiseConv2d, Multiplier, ZeroPoints}};
/// const ONE: Multiplier = Multiplier::from_real(1.0);
/// static SCALED: DepthwiseConv2d<2, 2, 1, 1, 1, 1> =
///     quantized::unwrap(DepthwiseConv2d::from_multipliers(&[2, -3], &[], &[ONE; 2], ZeroPoints::new(0, 0)));
/// let mut arena = [0.0; 2];
/// let y = SCALED.forward(Portable, &[[[[10, 20]]]], &mut arena)?;
/// assert_eq!(y, [[[[20, -60]]]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(4))]
pub struct DepthwiseConv2d<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    S = Slide<1, 0>,
    P = RowMajor,
    R = Twice,
> {
    weight: [[[i8; OUT]; KW]; KH],
    bias: [i32; OUT],
    scales: [Scale; OUT],
    zero: ZeroPoints,
    folded: bool,
    kind: PhantomData<(S, P, R)>,
}

/// What both have in common: `Name [generics] <their names> { weight: zero, shape, input channels per group,
/// kernel method, rows, pack }`.
macro_rules! convolution {
    (
        $name:ident [$($own:tt)*] <$($arg:ident),*>,
        $op:literal, $zero:expr, $shape:expr, $per_group:expr, $kernel:ident, $rows:expr, $pack:expr, $scratch:ident
    ) => {
        impl<$($own)*> $name<$($arg),*> {
            const WEIGHTS: usize = Self::INFOS[0].shape.numel();

            const INFOS: [ParameterInfo; 2] = [
                ParameterInfo { name: "weight", shape: $shape, layout: Layout::RowMajor },
                ParameterInfo { name: "bias", shape: Shape::new(&[OUT]), layout: Layout::RowMajor },
            ];

            const NEW: Self = Self {
                weight: $zero,
                bias: [0; OUT],
                scales: [Scale::ZERO; OUT],
                zero: ZeroPoints::new(0, 0),
                folded: true,
                kind: PhantomData,
            };

            /// From weights in TensorFlow Lite's order, a bias of `OUT` elements or none, a multiplier for each
            /// output channel and the zero points, as CMSIS-NN takes them.
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
                let rows: Rows<'_> = $rows(weight);
                match prepare::channels(rows, bias, multipliers, zero, &mut layer.bias, &mut layer.scales) {
                    Ok(folded) => layer.folded = folded,
                    Err(error) => return Err(error),
                }
                $pack(weight, &mut layer);
                Ok(layer)
            }

            /// From weights in TensorFlow Lite's order, a bias of `OUT` elements or none, and the scales of
            /// input, weight (one, or one for each output channel) and output.
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

        quantized_module!([$($own)*] $name<$($arg),*>, Self::WEIGHTS + OUT);

        impl<$($own)*, const H: usize, const W: usize> Conv2dShape for Sizes<$name<$($arg),*>, [[[i8; IN]; W]; H]> {
            const DIMS: Conv2dDims = dims(
                $op,
                Window { kernel: [KH, KW], options: S::OPTIONS },
                $per_group,
                <[[[i8; IN]; W]; H]>::SHAPE,
                <[[[i8; OUT]; OW]; OH]>::SHAPE,
            );
        }

        impl<$($own)*, const H: usize, const W: usize> QuantizedLayer<[[[i8; IN]; W]; H]> for $name<$($arg),*> {
            type Out = [[[i8; OUT]; OW]; OH];
            const DESCRIPTION: Description = Description::Layer(LayerInfo {
                op: Op::Custom($op),
                input: <[[[i8; IN]; W]; H]>::SHAPE,
                output: <[[[i8; OUT]; OW]; OH]>::SHAPE,
                parameters: &Self::INFOS,
                macs: Self::WEIGHTS * <Sizes<Self, [[[i8; IN]; W]; H]>>::DIMS.out_plane(),
            });
            const SCRATCH: usize = P::ORDER.$scratch(&<Sizes<Self, [[[i8; IN]; W]; H]>>::DIMS);

            #[inline]
            fn apply<K: Kernels>(
                &self,
                k: K,
                x: &[[[[i8; IN]; W]; H]],
                y: &mut [[[[i8; OUT]; OW]; OH]],
                scratch: &mut [f32],
            ) {
                let requantize =
                    Requantize { bias: &self.bias, scales: &self.scales, folded: self.folded, clamp: self.zero.clamp };
                let (x, y) = (Tensor::flat(x), Tensor::flat_mut(y));
                let (zero, weight) = (self.zero.input, self.weight.elements());
                k.$kernel::<Sizes<Self, [[[i8; IN]; W]; H]>, P, R>(x, zero, weight, requantize, y, scratch);
            }
        }

        quantized_layer!(
            [$($own)*] $name<$($arg),*>, [const H: usize, const W: usize,] [[[i8; IN]; W]; H]
        );
    };
}

convolution!(
    Conv2d [
        const IN: usize, const OUT: usize, const KH: usize, const KW: usize, const OH: usize, const OW: usize,
        S: Sliding, P: Packing, R: Rounding, const PER_GROUP: usize
    ] <IN, OUT, KH, KW, OH, OW, S, P, R, PER_GROUP>,
    "quantized.Conv2d",
    [[[[0; PER_GROUP]; KW]; KH]; OUT],
    Shape::new(&[OUT, KH, KW, PER_GROUP]),
    PER_GROUP,
    conv2d_i8,
    Self::rows,
    Self::pack,
    conv_scratch
);

impl<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    S: Sliding,
    P: Packing,
    R: Rounding,
    const PER_GROUP: usize,
> Conv2d<IN, OUT, KH, KW, OH, OW, S, P, R, PER_GROUP>
{
    const fn rows(weight: &[i8]) -> Rows<'_> {
        Rows::packed(weight, OUT, KH * KW * PER_GROUP, P::ORDER)
    }

    const fn pack(weight: &[i8], layer: &mut Self) {
        P::ORDER.pack(weight, layer.weight.as_flattened_mut().as_flattened_mut().as_flattened_mut(), OUT);
    }
}

convolution!(
    DepthwiseConv2d [
        const IN: usize, const OUT: usize, const KH: usize, const KW: usize, const OH: usize, const OW: usize,
        S: Sliding, P: Packing, R: Rounding
    ] <IN, OUT, KH, KW, OH, OW, S, P, R>,
    "quantized.DepthwiseConv2d",
    [[[0; OUT]; KW]; KH],
    Shape::new(&[1, KH, KW, OUT]),
    1,
    depthwise_conv2d_i8,
    Self::rows,
    Self::pack,
    depthwise_scratch
);

impl<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    S: Sliding,
    P: Packing,
    R: Rounding,
> DepthwiseConv2d<IN, OUT, KH, KW, OH, OW, S, P, R>
{
    const fn rows(weight: &[i8]) -> Rows<'_> {
        let vectors = matches!(P::ORDER, Order::Mve);
        // Two products are summed in 16 bits.
        Rows { plain_bias: vectors, lowest: !vectors, ..Rows::depthwise(weight, OUT, KH * KW) }
    }

    const fn pack(weight: &[i8], layer: &mut Self) {
        let to = layer.weight.as_flattened_mut().as_flattened_mut();
        let (mut o, taps) = (0, KH * KW);
        while o < OUT {
            let mut tap = 0;
            while tap < taps {
                to[P::ORDER.depthwise(OUT, taps, o, tap)] = weight[tap * OUT + o];
                tap += 1;
            }
            o += 1;
        }
    }
}
