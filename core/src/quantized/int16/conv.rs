//! Convolutions on int16.

use core::marker::PhantomData;

use super::{Accumulator, Requantize16};
use crate::{
    Sliding, Tensor,
    description::{Description, LayerInfo, Layout, Op, ParameterInfo, Window},
    kernel::{Conv2dDims, Conv2dShape, Kernels},
    layer::mirrored,
    quantized::{
        Clamp, Fused, Multiplier, Quantization, QuantizeError, QuantizedLayer,
        conv::{Sizes, dims, planes},
        layer::{quantized_layer, quantized_module},
        prepare::{self, Product, Rows},
    },
    shape::Shape,
    sliding::Slide,
};

/// [`quantized::Conv2d`](crate::quantized::Conv2d) with int16 activations; `B` is the type of bias and sums.
///
/// ```
/// use tensorlet::{Layer, Portable, quantized::{self, Clamp, Multiplier, int16::Conv2d}};
/// const ONE: Multiplier = Multiplier::from_real(1.0);
/// static DIFFERENCES: Conv2d<1, 1, 1, 2, 1, 2> =
///     quantized::unwrap(Conv2d::<1, 1, 1, 2, 1, 2, _, i64>::from_multipliers(&[-1, 1], &[], &[ONE], Clamp::<i16>::NONE));
/// let mut arena = [0.0; 3];
/// let y = DIFFERENCES.forward(Portable, &[[[[1], [500], [-900]]]], &mut arena)?;
/// assert_eq!(y, [[[[499], [-1400]]]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(8))]
pub struct Conv2d<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    S = Slide<1, 0>,
    B = i64,
    const PER_GROUP: usize = IN,
> {
    weight: [[[[i8; PER_GROUP]; KW]; KH]; OUT],
    bias: [B; OUT],
    scales: [Multiplier; OUT],
    clamp: Clamp<i16>,
    sliding: PhantomData<S>,
}

/// [`quantized::DepthwiseConv2d`](crate::quantized::DepthwiseConv2d) with int16 activations; `B` is the type of
/// bias and sums.
///
/// ```
/// use tensorlet::{Layer, Portable, quantized::{self, Clamp, Multiplier, int16::DepthwiseConv2d}};
/// const ONE: Multiplier = Multiplier::from_real(1.0);
/// static SCALED: DepthwiseConv2d<2, 2, 1, 1, 1, 1> = quantized::unwrap(
///     DepthwiseConv2d::<2, 2, 1, 1, 1, 1, _, i64>::from_multipliers(&[2, -3], &[], &[ONE; 2], Clamp::<i16>::NONE),
/// );
/// let mut arena = [0.0; 2];
/// assert_eq!(SCALED.forward(Portable, &[[[[1000, 2000]]]], &mut arena)?, [[[[2000, -6000]]]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(8))]
pub struct DepthwiseConv2d<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    S = Slide<1, 0>,
    B = i64,
> {
    weight: [[[i8; OUT]; KW]; KH],
    bias: [B; OUT],
    scales: [Multiplier; OUT],
    clamp: Clamp<i16>,
    sliding: PhantomData<S>,
}

/// [`quantized::ConvTranspose2d`](crate::quantized::ConvTranspose2d) with int16 activations; `B` is the type of bias
/// and sums.
///
/// ```
/// use tensorlet::{Layer, Portable, Slide, quantized::{self, Clamp, Multiplier, int16::ConvTranspose2d}};
/// // Every element twice, tripled.
/// const ONE: Multiplier = Multiplier::from_real(1.0);
/// static TWICE: ConvTranspose2d<1, 1, 1, 2, 1, 4, Slide<2>> = quantized::unwrap(
///     ConvTranspose2d::<1, 1, 1, 2, 1, 4, _, i64>::from_multipliers(&[3, 3], &[], &[ONE], Clamp::<i16>::NONE),
/// );
/// let mut arena = [0.0; 3];
/// assert_eq!(TWICE.forward(Portable, &[[[[500], [-900]]]], &mut arena)?, [[[[1500], [1500], [-2700], [-2700]]]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(8))]
pub struct ConvTranspose2d<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    S = Slide<1, 0>,
    B = i64,
> {
    weight: [[[[i8; IN]; KW]; KH]; OUT],
    bias: [B; OUT],
    scales: [Multiplier; OUT],
    clamp: Clamp<i16>,
    sliding: PhantomData<S>,
}

/// The sizes of the convolution that a transposed one mirrors.
const fn mirrored_dims(name: &str, window: Window, per_group: usize, input: Shape, stated: Shape) -> Conv2dDims {
    mirrored(name, window, per_group, planes(input), planes(stated))
}

/// What all have in common: `Name [generics before and behind the type of the bias] <their names>, operation,
/// weight's zero, shape, function of the sizes, channels per group that it takes, kernel`.
macro_rules! convolution {
    (
        $name:ident [$($own:tt)*] [$($behind:tt)*] <$($arg:ident),*> [$($last:ident)?],
        $op:literal, $zero:expr, $shape:expr, $dims:ident, $per_group:expr, $kernel:ident
    ) => {
        impl<$($own)* B: Accumulator, $($behind)*> $name<$($arg,)* B $(, $last)?> {
            const WEIGHTS: usize = Self::INFOS[0].shape.numel();

            const INFOS: [ParameterInfo; 2] = [
                ParameterInfo { name: "weight", shape: $shape, layout: Layout::RowMajor },
                ParameterInfo { name: "bias", shape: Shape::new(&[OUT]), layout: Layout::RowMajor },
            ];

            const NEW: Self = Self {
                weight: $zero,
                bias: [B::ZERO; OUT],
                scales: [Multiplier { multiplier: 0, shift: 0 }; OUT],
                clamp: Clamp::<i16>::NONE,
                sliding: PhantomData,
            };
        }

        super::constructors!([$($own)* $($behind)*] $name <$($arg),*> [$($last)?], OUT, Product::Double);

        quantized_module!([$($own)* B: Accumulator, $($behind)*] $name<$($arg,)* B $(, $last)?>, Self::WEIGHTS + OUT);

        impl<$($own)* B: Accumulator, const H: usize, const W: usize, $($behind)*> Conv2dShape
            for Sizes<$name<$($arg,)* B $(, $last)?>, [[[i16; IN]; W]; H]>
        {
            const DIMS: Conv2dDims = $dims(
                $op,
                Window { kernel: [KH, KW], options: S::OPTIONS },
                $per_group,
                <[[[i16; IN]; W]; H]>::SHAPE,
                <[[[i16; OUT]; OW]; OH]>::SHAPE,
            );
        }

        impl<$($own)* B: Accumulator, const H: usize, const W: usize, $($behind)*> QuantizedLayer<[[[i16; IN]; W]; H]>
            for $name<$($arg,)* B $(, $last)?>
        {
            type Out = [[[i16; OUT]; OW]; OH];
            const DESCRIPTION: Description = Description::Layer(LayerInfo {
                op: Op::Custom($op),
                input: <[[[i16; IN]; W]; H]>::SHAPE,
                output: <[[[i16; OUT]; OW]; OH]>::SHAPE,
                parameters: &Self::INFOS,
                // Of a transposed one the output is the input.
                macs: Self::WEIGHTS * <Sizes<Self, [[[i16; IN]; W]; H]>>::DIMS.out_plane(),
            });

            #[inline]
            fn apply<K: Kernels>(
                &self,
                k: K,
                x: &[[[[i16; IN]; W]; H]],
                y: &mut [[[[i16; OUT]; OW]; OH]],
                _: &mut [f32],
            ) {
                let requantize = Requantize16 { bias: &self.bias, scales: &self.scales, clamp: self.clamp };
                let (x, y, weight) = (Tensor::flat(x), Tensor::flat_mut(y), self.weight.elements());
                k.$kernel::<Sizes<Self, [[[i16; IN]; W]; H]>, B>(x, weight, requantize, y);
            }
        }

        quantized_layer!(
            [$($own)* B: Accumulator, $($behind)*] $name<$($arg,)* B $(, $last)?>,
            [const H: usize, const W: usize,] [[[i16; IN]; W]; H]
        );
    };
}

convolution!(
    Conv2d [
        const IN: usize, const OUT: usize, const KH: usize, const KW: usize, const OH: usize, const OW: usize,
        S: Sliding,
    ] [const PER_GROUP: usize] <IN, OUT, KH, KW, OH, OW, S> [PER_GROUP],
    "quantized.int16.Conv2d",
    [[[[0; PER_GROUP]; KW]; KH]; OUT],
    Shape::new(&[OUT, KH, KW, PER_GROUP]),
    dims,
    PER_GROUP,
    conv2d_i16
);

impl<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    S: Sliding,
    B: Accumulator,
    const PER_GROUP: usize,
> Conv2d<IN, OUT, KH, KW, OH, OW, S, B, PER_GROUP>
{
    const fn rows(weight: &[i8]) -> Rows<'_> {
        Rows::row_major(weight, OUT, KH * KW * PER_GROUP)
    }

    const fn fill(weight: &[i8], layer: &mut Self) {
        prepare::copy(weight, layer.weight.as_flattened_mut().as_flattened_mut().as_flattened_mut());
    }
}

convolution!(
    DepthwiseConv2d [
        const IN: usize, const OUT: usize, const KH: usize, const KW: usize, const OH: usize, const OW: usize,
        S: Sliding,
    ] [] <IN, OUT, KH, KW, OH, OW, S> [],
    "quantized.int16.DepthwiseConv2d",
    [[[0; OUT]; KW]; KH],
    Shape::new(&[1, KH, KW, OUT]),
    dims,
    1,
    depthwise_conv2d_i16
);

impl<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    S: Sliding,
    B: Accumulator,
> DepthwiseConv2d<IN, OUT, KH, KW, OH, OW, S, B>
{
    const fn rows(weight: &[i8]) -> Rows<'_> {
        Rows::depthwise(weight, OUT, KH * KW)
    }

    const fn fill(weight: &[i8], layer: &mut Self) {
        prepare::copy(weight, layer.weight.as_flattened_mut().as_flattened_mut());
    }
}

convolution!(
    ConvTranspose2d [
        const IN: usize, const OUT: usize, const KH: usize, const KW: usize, const OH: usize, const OW: usize,
        S: Sliding,
    ] [] <IN, OUT, KH, KW, OH, OW, S> [],
    "quantized.int16.ConvTranspose2d",
    [[[[0; IN]; KW]; KH]; OUT],
    Shape::new(&[OUT, KH, KW, IN]),
    mirrored_dims,
    OUT,
    conv_transpose2d_i16
);

impl<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    S: Sliding,
    B: Accumulator,
> ConvTranspose2d<IN, OUT, KH, KW, OH, OW, S, B>
{
    const fn rows(weight: &[i8]) -> Rows<'_> {
        Rows::row_major(weight, OUT, KH * KW * IN)
    }

    const fn fill(weight: &[i8], layer: &mut Self) {
        prepare::copy(weight, layer.weight.as_flattened_mut().as_flattened_mut().as_flattened_mut());
    }
}
