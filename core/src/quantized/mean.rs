//! The mean over rows and columns.

use core::marker::PhantomData;

use super::{
    Integer, Multiplier, Quantization, QuantizeError, QuantizedLayer, Rounding, Scale, Twice, ZeroPoints,
    layer::{quantized_layer, quantized_module},
    prepare::Fused,
};
use crate::{
    Tensor,
    description::{Description, LayerInfo, Op},
    kernel::Kernels,
    message::{Part, fail},
};

/// The mean of the channels of an image `[rows][columns][channels]` of `N` pixels: PyTorch's
/// `x.mean(dim=(0, 1))` on `torch.qint8`, TensorFlow Lite's `MEAN` over rows and columns.
///
/// Unlike [`AvgPool2d`](super::AvgPool2d) it brings the mean to the output's scale. `R` says how that is rounded, and
/// `T` is the type of the elements, `i8` or `i16`.
///
/// Both types have the formula of TensorFlow Lite's `QuantizedMeanOrSum` with sums of 32 bits: for a ratio of scales
/// `multiplier · 2^(shift - 31)` the output is `Σ (x - zero_x)` times `m · 2^(shift - s - 31)`, plus the zero point of
/// the output, where `m = ⌊multiplier · 2^s / N⌋` and `s = min(⌊log2 N⌋, 31 + shift)`. On int16 too that is all of
/// `m`, not the 16 bits of it that convolutions with biases of 64 bits take. Zero points of int16 are 0.
///
/// ```
/// use tensorlet::{Layer, Portable, quantized::{self, Mean, Quantization, Twice}};
/// static MEAN: Mean<4> =
///     quantized::unwrap(Mean::from_scales(Quantization::new(1.0, 0), Quantization::new(0.25, 1)));
/// let mut arena = [0.0; 3];
/// let y = MEAN.forward(Portable, &[[[[1_i8, -1], [2, -2]], [[3, -3], [4, -4]]]], &mut arena)?;
/// assert_eq!(y, [[11, -9]]);
/// // Of int16.
/// static WIDE: Mean<4, Twice, i16> =
///     quantized::unwrap(Mean::from_scales(Quantization::new(1.0, 0), Quantization::new(0.25, 0)));
/// let y = WIDE.forward(Portable, &[[[[1000_i16], [2000]], [[3000], [4001]]]], &mut arena)?;
/// assert_eq!(y, [[10001]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean<const N: usize, R = Twice, T = i8> {
    bias: i32,
    scale: Scale,
    kind: PhantomData<(R, T)>,
}

impl<const N: usize, R: Rounding, T: Integer> Mean<N, R, T> {
    const NEW: Self = Self { bias: 0, scale: Scale::ZERO, kind: PhantomData };

    /// From the scales of input and output.
    ///
    /// # Errors
    /// [`QuantizeError`]: a scale is not positive and finite, a zero point is out of range, or the sum of `N` elements
    /// can overflow.
    pub const fn from_scales(input: Quantization, output: Quantization) -> Result<Self, QuantizeError> {
        if !(input.is_valid() && output.is_valid()) {
            return Err(QuantizeError::Scale { channel: 0 });
        }
        match ZeroPoints::of(input, output, Fused::Identity) {
            Ok(zero) => Self::from_multiplier(Multiplier::from_real(input.scale as f64 / output.scale as f64), zero),
            Err(error) => Err(error),
        }
    }

    /// From the multiplier that brings the input's scale to that of the output.
    ///
    /// # Errors
    /// As [`from_scales`](Self::from_scales).
    pub const fn from_multiplier(scale: Multiplier, zero: ZeroPoints) -> Result<Self, QuantizeError> {
        const { assert!(N > 0, "a mean of no elements") };
        if scale.multiplier < 0 || scale.shift < -31 || scale.shift > 30 {
            return Err(QuantizeError::Scale { channel: 0 });
        }
        // The largest difference of an integer and its zero point.
        let largest = if T::MOST == i8::MAX as i32 {
            256
        } else if zero.input == 0 && zero.output == 0 {
            1 << 15
        } else {
            return Err(QuantizeError::ZeroPoint);
        };
        if N as u64 >= (1 << 31) / largest {
            return Err(QuantizeError::AccumulatorOverflow { channel: 0, bits: 32 });
        }
        // One over `N` is part of the multiplier, which keeps its bits where the shift has room for them.
        let room = 31 + scale.shift;
        let shift = if (N.ilog2() as i32) < room { N.ilog2() as i32 } else { room };
        let multiplier = (((scale.multiplier as i64) << shift) / N as i64) as i32;
        let scale = Multiplier { multiplier, shift: scale.shift - shift };
        let bias = -(zero.input as i32) * N as i32;
        // The sum of what integers differ from the zero point by.
        match Scale::new(scale, zero.output as i32, (largest * N as u64) as i64) {
            Ok(scale) => Ok(Self { bias: scale.prepare_bias(bias), scale, kind: PhantomData }),
            Err(error) => Err(error),
        }
    }
}

quantized_module!([const N: usize, R: Rounding, T: Integer] Mean<N, R, T>, 0);

impl<const N: usize, R: Rounding, T: Integer, const H: usize, const W: usize, const C: usize>
    QuantizedLayer<[[[T; C]; W]; H]> for Mean<N, R, T>
{
    type Out = [T; C];
    const DESCRIPTION: Description = {
        check(N, H, W);
        Description::Layer(LayerInfo {
            op: Op::Custom("quantized.Mean"),
            input: <[[[T; C]; W]; H]>::SHAPE,
            output: <[T; C]>::SHAPE,
            parameters: &[],
            macs: 0,
        })
    };

    #[inline]
    fn apply<K: Kernels>(&self, k: K, x: &[[[[T; C]; W]; H]], y: &mut [[T; C]], _: &mut [f32]) {
        const { check(N, H, W) };
        T::mean::<K, R, C>(k, N, Tensor::flat(x), self.bias, self.scale, y.as_flattened_mut());
    }
}

quantized_layer!(
    [const N: usize, R: Rounding, T: Integer] Mean<N, R, T>,
    [const H: usize, const W: usize, const C: usize,] [[[T; C]; W]; H]
);

/// Fails to compile unless an image has as many pixels as the layer's type says.
const fn check(pixels: usize, rows: usize, columns: usize) {
    if rows * columns != pixels {
        fail(&[
            Part::Text("shape mismatch: layer `quantized.Mean` of "),
            Part::Number(pixels),
            Part::Text(" pixels cannot take an image of "),
            Part::Number(rows),
            Part::Text(" rows and "),
            Part::Number(columns),
            Part::Text(" columns"),
        ]);
    }
}
