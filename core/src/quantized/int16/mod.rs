//! The same layers with int16 activations: TensorFlow Lite's "16x8" quantization.
//!
//! Weights are int8. Activations are symmetric, their zero point is 0, and so nothing is absorbed by the bias.
//! The type of the bias is that of the sums, and says how they are scaled, as TensorFlow Lite's does:
//!
//! | bias | sum | `y` before the clamp |
//! |---|---|---|
//! | `i64` | 64 bits | `(((acc · red) >> (14 - shift)) + 1) >> 1`, where `red` is the multiplier in 16 bits, rounded |
//! | `i32` | 32 bits | as for int8, [rounded twice](super::Twice) |

mod concat;
mod conv;
mod linear;
mod lstm;
mod rescale;
mod softmax;

pub use concat::Concat;
pub use conv::{Conv2d, ConvTranspose2d, DepthwiseConv2d};
pub use linear::Linear;
pub use lstm::{Lstm, LstmScales, LstmWeights};
pub use rescale::{Relu, Relu6, Rescale};
pub use softmax::Softmax;

use super::{Clamp, Multiplier, QuantizeError, Twice, prepare::Rows};

mod sealed {
    pub trait Sealed {}
    impl Sealed for i32 {}
    impl Sealed for i64 {}
}

/// The integers in which products of int16 and int8 are summed: `i32` or `i64`.
pub trait Accumulator: sealed::Sealed + Copy + core::fmt::Debug + PartialEq + Send + Sync + 'static {
    /// Zero.
    const ZERO: Self;

    /// This sum and one product more.
    #[must_use]
    fn add_product(self, x: i16, w: i8) -> Self;

    /// The output's integer for a sum, before the clamp.
    #[must_use]
    fn requantize(self, scale: Multiplier) -> i32;
}

impl Accumulator for i32 {
    const ZERO: Self = 0;

    #[inline(always)]
    fn add_product(self, x: i16, w: i8) -> Self {
        self.wrapping_add(Self::from(x) * Self::from(w))
    }

    #[inline(always)]
    fn requantize(self, scale: Multiplier) -> i32 {
        scale.scale::<Twice>(self)
    }
}

impl Accumulator for i64 {
    const ZERO: Self = 0;

    #[inline(always)]
    fn add_product(self, x: i16, w: i8) -> Self {
        self.wrapping_add(Self::from(i32::from(x) * i32::from(w)))
    }

    #[inline(always)]
    fn requantize(self, scale: Multiplier) -> i32 {
        let Multiplier { multiplier, shift } = scale;
        let reduced = if multiplier < 0x7fff_0000 { (multiplier + (1 << 15)) >> 16 } else { 0x7fff };
        let product = self.wrapping_mul(Self::from(reduced));
        (((product >> ((14 - shift) as u32 & 63)) + 1) >> 1) as i32
    }
}

/// What a kernel needs to make int16 outputs of sums.
#[derive(Clone, Copy, Debug)]
pub struct Requantize16<'a, B> {
    /// The bias of each output channel.
    pub bias: &'a [B],
    /// The scale of each output channel, or one for all.
    pub scales: &'a [Multiplier],
    /// The limits of the output.
    pub clamp: Clamp<i16>,
}

impl<B: Accumulator> Requantize16<'_, B> {
    /// The sum of channel `o` before the first product: its bias.
    #[inline(always)]
    #[must_use]
    pub fn start(&self, o: usize) -> B {
        self.bias.get(o).copied().unwrap_or(B::ZERO)
    }

    /// The output of channel `o` for a sum.
    #[inline(always)]
    #[must_use]
    pub fn apply(&self, o: usize, acc: B) -> i16 {
        let scale = if self.scales.len() == 1 { self.scales.first() } else { self.scales.get(o) };
        scale.map_or(0, |scale| self.clamp.apply(acc.requantize(*scale)))
    }
}

/// Checks lengths, multipliers and that no sum with its bias can leave `bits` bits. Inputs are -32768 to 32767.
const fn check(rows: Rows<'_>, multipliers: &[Multiplier], scales: usize) -> Result<(), QuantizeError> {
    if rows.weight.len() != rows.channels * rows.len {
        return Err(QuantizeError::Length {
            what: "weight",
            needed: rows.channels * rows.len,
            given: rows.weight.len(),
        });
    }
    if multipliers.len() != scales {
        return Err(QuantizeError::Length { what: "scales", needed: scales, given: multipliers.len() });
    }
    let mut i = 0;
    while i < scales {
        let Multiplier { multiplier, shift } = multipliers[i];
        // More than 14 to the left does not fit the 64-bit formula.
        if multiplier < 0 || shift < -31 || shift > 14 {
            return Err(QuantizeError::Scale { channel: i });
        }
        i += 1;
    }
    Ok(())
}

/// Checks that the sum of channel `o` with this bias cannot leave `bits` bits.
const fn check_sum(rows: Rows<'_>, o: usize, bias: i64, bits: u32) -> Result<(), QuantizeError> {
    let (mut i, mut place, mut size) = (0, o * rows.stride, 0);
    while i < rows.len {
        size += (rows.weight[place] as i64).abs();
        place += rows.step;
        i += 1;
    }
    if bias.saturating_abs().saturating_add(size << 15) >= 1 << (bits - 1) {
        return Err(QuantizeError::AccumulatorOverflow { channel: o, bits });
    }
    Ok(())
}

/// Bits of a 64-bit sum that its product with a reduced multiplier leaves room for.
const WIDE: u32 = 48;

/// The constructors of a layer for both types of bias: `[generics] Name <their names before the type of the bias> [those
/// behind it], number of scales, precision of their product`, with functions `rows` and `fill`.
macro_rules! constructors {
    ([$($own:tt)*] $name:ident <$($arg:ident),*> [$($last:ident)?], $scales:expr, $product:expr) => {
        $crate::quantized::int16::constructors!(
            @ [$($own)*] $name<$($arg,)* i32 $(, $last)?>, i32, 32, $scales, $product
        );
        $crate::quantized::int16::constructors!(
            @ [$($own)*] $name<$($arg,)* i64 $(, $last)?>, i64, $crate::quantized::int16::WIDE, $scales, $product
        );
    };
    (@ [$($own:tt)*] $layer:ty, $bias:ty, $bits:expr, $scales:expr, $product:expr) => {
        impl<$($own)*> $layer {
            /// From weights in TensorFlow Lite's order, a bias of `OUT` elements or none, and multipliers.
            ///
            /// # Errors
            /// [`QuantizeError`]: a length does not fit, a multiplier is out of range, or a sum can overflow.
            pub const fn from_multipliers(
                weight: &[i8],
                bias: &[$bias],
                multipliers: &[Multiplier],
                clamp: Clamp<i16>,
            ) -> Result<Self, QuantizeError> {
                let mut layer = Self { clamp, ..Self::NEW };
                let rows = Self::rows(weight);
                if let Err(error) = $crate::quantized::int16::check(rows, multipliers, $scales) {
                    return Err(error);
                }
                if !bias.is_empty() && bias.len() != OUT {
                    return Err(QuantizeError::Length { what: "bias", needed: OUT, given: bias.len() });
                }
                let mut o = 0;
                while o < OUT {
                    let bias = if bias.is_empty() { 0 } else { bias[o] };
                    if let Err(error) = $crate::quantized::int16::check_sum(rows, o, bias as i64, $bits) {
                        return Err(error);
                    }
                    layer.bias[o] = bias;
                    o += 1;
                }
                let mut i = 0;
                while i < $scales {
                    layer.scales[i] = multipliers[i];
                    i += 1;
                }
                Self::fill(weight, &mut layer);
                Ok(layer)
            }

            /// From weights in TensorFlow Lite's order, a bias of `OUT` elements or none, and the scales of
            /// input, weight (one, or one for each output channel) and output.
            ///
            /// # Errors
            /// As [`from_multipliers`](Self::from_multipliers).
            pub const fn from_scales(
                weight: &[i8],
                bias: &[$bias],
                input: f32,
                weight_scales: &[f32],
                output: f32,
                fused: Fused,
            ) -> Result<Self, QuantizeError> {
                let (input, output) = (Quantization::new(input, 0), Quantization::new(output, 0));
                let mut multipliers = [Multiplier { multiplier: 0, shift: 0 }; $scales];
                if let Err(error) = prepare::multipliers(input, weight_scales, output, $product, &mut multipliers) {
                    return Err(error);
                }
                let (min, max) = fused.limits(output, i16::MIN as i32, i16::MAX as i32);
                Self::from_multipliers(weight, bias, &multipliers, Clamp { min: min as i16, max: max as i16 })
            }
        }
    };
}
pub(super) use constructors;
