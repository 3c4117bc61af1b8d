//! The product of two tensors, element by element.

use core::marker::PhantomData;

use super::{
    Binary, Clamp, Fused, Integer, Multiplier, Operands, Quantization, QuantizeError, QuantizedLayer, Rounding, Scale,
    Twice,
    binary::binary_layer,
    layer::{quantized_layer, quantized_module},
};
use crate::{
    Tensor,
    description::{Description, LayerInfo, Op},
    kernel::Kernels,
};

/// What a product is made of, as CMSIS-NN takes it: `y = output · (a - zero_a)(b - zero_b) + output_zero`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MulParameters {
    /// The zero points of the inputs; 0 for int16.
    pub zero: [i32; 2],
    /// The multiplier of the product.
    pub output: Multiplier,
    /// The zero point of the output.
    pub output_zero: i32,
    /// The smallest output.
    pub min: i32,
    /// The largest output.
    pub max: i32,
}

/// Prepared parameters of a product.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MulScales<T> {
    /// The zero points of the inputs.
    pub zero: [i32; 2],
    /// The scale of the product.
    pub output: Scale,
    /// The limits of the output.
    pub clamp: Clamp<T>,
}

/// `y = a b` element by element, broadcast to each other, on int8 and int16: PyTorch's `torch.ops.quantized.mul`,
/// TensorFlow Lite's `MUL`. `R` says how the product is rounded.
///
/// ```
/// use tensorlet::{Portable, quantized::{self, Binary, Fused, Mul, Quantization}};
/// static MUL: Mul = quantized::unwrap(Mul::<i8>::from_scales(
///     [Quantization::new(0.5, 0), Quantization::new(1.0, -1)],
///     Quantization::new(0.25, 2),
///     Fused::Identity,
/// ));
/// let mut y = [[0_i8; 3]];
/// // 1, 2 and -3 times 3.
/// MUL.apply2(Portable, &[[2_i8, 4, -6]], &[[2_i8]], &mut y);
/// assert_eq!(y, [[14, 26, -34]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mul<T = i8, R = Twice> {
    scales: MulScales<T>,
    kind: PhantomData<R>,
}

impl<T, R> Mul<T, R> {
    /// What the kernel takes.
    #[inline(always)]
    #[must_use]
    pub const fn scales(&self) -> &MulScales<T> {
        &self.scales
    }
}

macro_rules! mul {
    ($t:ty, $kernel:ident) => {
        impl<R: Rounding> Mul<$t, R> {
            const NEW: Self = Self {
                scales: MulScales { zero: [0; 2], output: Scale::ZERO, clamp: Clamp::<$t>::NONE },
                kind: PhantomData,
            };

            /// From a multiplier.
            ///
            /// # Errors
            /// [`QuantizeError`]: the multiplier, its shift or a zero point is out of range.
            pub const fn from_multiplier(parameters: MulParameters) -> Result<Self, QuantizeError> {
                let MulParameters { zero: [a, b], output, output_zero, min, max } = parameters;
                // Products of int16 with other zero points need more than 32 bits.
                let most = if <$t>::BITS == 8 { 127 } else { 0 };
                if a > most || -a > most + 1 || b > most || -b > most + 1 || (most == 0 && (a != 0 || b != 0)) {
                    return Err(QuantizeError::ZeroPoint);
                }
                if min as $t as i32 != min || max as $t as i32 != max || output_zero as $t as i32 != output_zero {
                    return Err(QuantizeError::ZeroPoint);
                }
                let bound = largest::<$t>(a) * largest::<$t>(b);
                match Scale::new(output, output_zero, bound) {
                    Ok(output) => {
                        let clamp = Clamp { min: min as $t, max: max as $t };
                        Ok(Self { scales: MulScales { zero: [a, b], output, clamp }, kind: PhantomData })
                    }
                    Err(error) => Err(error),
                }
            }

            /// From the scales of both inputs and the output.
            ///
            /// # Errors
            /// [`QuantizeError`]: a scale is not positive and finite, or a zero point out of range.
            pub const fn from_scales(
                inputs: [Quantization; 2],
                output: Quantization,
                fused: Fused,
            ) -> Result<Self, QuantizeError> {
                let [a, b] = inputs;
                if !(a.is_valid() && b.is_valid() && output.is_valid()) {
                    return Err(QuantizeError::Scale { channel: 0 });
                }
                let (min, max) = fused.limits(output, <$t>::MIN as i32, <$t>::MAX as i32);
                Self::from_multiplier(MulParameters {
                    zero: [a.zero_point, b.zero_point],
                    output: Multiplier::from_real(a.scale as f64 * b.scale as f64 / output.scale as f64),
                    output_zero: output.zero_point,
                    min,
                    max,
                })
            }
        }

        impl<R: Rounding> Binary<$t> for Mul<$t, R> {
            const NAME: &'static str = "quantized.Mul";

            #[inline]
            fn rows<K: Kernels>(&self, k: K, operands: Operands<'_, $t>, y: &mut [$t]) {
                match operands {
                    Operands::Both(a, b) => k.$kernel::<R>(a, Some(b), &self.scales, y),
                    Operands::First(a) => k.$kernel::<R>(a, None, &self.scales, y),
                    Operands::Second(b) => {
                        let [first, second] = self.scales.zero;
                        k.$kernel::<R>(b, None, &MulScales { zero: [second, first], ..self.scales }, y);
                    }
                }
            }
        }

        binary_layer!([R: Rounding] Mul<$t, R>, $t);
    };
}

/// The largest difference of an integer and its zero point.
const fn largest<T: Integer>(zero: i32) -> i64 {
    let (low, high) = ((T::LEAST as i64 - zero as i64).abs(), (T::MOST as i64 - zero as i64).abs());
    if low > high { low } else { high }
}

mul!(i8, mul_i8);
mul!(i16, mul_i16);
