//! Scales and zero points, and scales as fixed-point numbers.

use core::fmt;

/// What the integers of a tensor stand for: `real = scale · (integer - zero_point)`.
///
/// PyTorch's `torch.per_tensor_affine`, TensorFlow Lite's scheme (Jacob et al., "Quantization and
/// Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", 2018).
///
/// ```
/// use tensorlet::quantized::Quantization;
/// const PIXELS: Quantization = Quantization::new(1.0 / 255.0, -128);
/// assert_eq!(PIXELS.quantize(1.0), 127);
/// assert_eq!(PIXELS.dequantize(-128), 0.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantization {
    /// The real number that one step stands for; finite and greater than 0.
    pub scale: f32,
    /// The integer that stands for 0.
    pub zero_point: i32,
}

impl Quantization {
    /// With this scale and zero point.
    #[must_use]
    pub const fn new(scale: f32, zero_point: i32) -> Self {
        Self { scale, zero_point }
    }

    /// Whether the scale is positive and finite.
    #[must_use]
    pub const fn is_valid(&self) -> bool {
        self.scale > 0.0 && self.scale < f32::INFINITY
    }

    /// The int8 that stands for `x`, rounded half away from zero as TensorFlow Lite's `QUANTIZE` does,
    /// and saturated. NaN gives the zero point.
    #[must_use]
    pub fn quantize(&self, x: f32) -> i8 {
        self.quantize_to(x, -128, 127) as i8
    }

    /// As [`quantize`](Self::quantize), between `least` and `most`.
    #[must_use]
    pub fn quantize_to(&self, x: f32, least: i32, most: i32) -> i32 {
        // The conversion saturates, and makes 0 of NaN.
        let steps = libm::roundf(x / self.scale) as i32;
        steps.saturating_add(self.zero_point).clamp(least, most.max(least))
    }

    /// The real number that an integer stands for.
    #[must_use]
    pub const fn dequantize(&self, q: i32) -> f32 {
        self.scale * q.wrapping_sub(self.zero_point) as f32
    }
}

/// A positive real number in fixed point: `multiplier · 2^(shift - 31)`, the multiplier in `2^30..2^31`, or 0.
///
/// TensorFlow Lite's `QuantizeMultiplier`, as which CMSIS-NN takes scales, too.
///
/// ```
/// use tensorlet::quantized::Multiplier;
/// const HALF: Multiplier = Multiplier::from_real(0.5);
/// assert_eq!((HALF.multiplier, HALF.shift), (1 << 30, 0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Multiplier {
    /// The mantissa.
    pub multiplier: i32,
    /// The exponent: to the left if positive.
    pub shift: i32,
}

impl Multiplier {
    /// The nearest to a real number; 0 for what is not positive and finite, or smaller than `2^-32`.
    #[must_use]
    pub const fn from_real(real: f64) -> Self {
        const ZERO: Multiplier = Multiplier { multiplier: 0, shift: 0 };
        let bits = real.to_bits();
        let exponent = ((bits >> 52) & 0x7ff) as i32;
        // Negative, zero, subnormal, infinite and NaN.
        if bits >> 63 != 0 || exponent == 0 || exponent == 0x7ff {
            return ZERO;
        }
        // `real = mantissa · 2^shift` with the mantissa in 0.5..1: its 53 bits rounded to 31, half away from zero.
        let mut shift = exponent - 1022;
        let mantissa = (bits & ((1 << 52) - 1)) | (1 << 52);
        let mut rounded = ((mantissa >> 21) + 1) >> 1;
        if rounded == 1 << 31 {
            rounded >>= 1;
            shift += 1;
        }
        if shift < -31 {
            return ZERO;
        }
        if shift > 30 {
            return Self { multiplier: i32::MAX, shift: 30 };
        }
        Self { multiplier: rounded as i32, shift }
    }
}

/// Why a quantized layer cannot be made of its weights and scales.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum QuantizeError {
    /// A slice has another length than the layer's sizes say.
    Length {
        /// Which.
        what: &'static str,
        /// The length that the sizes say.
        needed: usize,
        /// The length given.
        given: usize,
    },
    /// The sum of an output channel can leave the accumulator. One of an instruction set can have fewer bits than 32,
    /// which the order [`RowMajor`](super::RowMajor) has on all of them.
    AccumulatorOverflow {
        /// The output channel; of a recurrent layer the unit.
        channel: usize,
        /// Bits of the accumulator, the sign included.
        bits: u32,
    },
    /// A weight is -128, which the order of weights for this instruction set has no room for.
    WeightOutOfRange {
        /// The output channel.
        channel: usize,
    },
    /// A scale is not positive and finite, or a multiplier or shift out of range.
    Scale {
        /// The output channel.
        channel: usize,
    },
    /// A zero point, or a limit of the output, is not a number of the tensor's type.
    ZeroPoint,
}

impl QuantizeError {
    /// What is wrong, for constants: their panics cannot format numbers.
    #[must_use]
    pub const fn message(&self) -> &'static str {
        match self {
            Self::Length { .. } => "a slice has another length than the layer's sizes say",
            Self::AccumulatorOverflow { .. } => {
                "the sum of an output channel can leave the accumulator: with weights packed for an instruction set take `RowMajor`"
            }
            Self::WeightOutOfRange { .. } => "a weight is -128: take the order `RowMajor` for this layer",
            Self::Scale { .. } => "a scale is not positive and finite, or a multiplier or shift out of range",
            Self::ZeroPoint => "a zero point or limit is not a number of the tensor's type",
        }
    }
}

impl fmt::Display for QuantizeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Length { what, needed, given } => {
                write!(f, "the {what} has {given} elements, the layer's sizes say {needed}")
            }
            Self::AccumulatorOverflow { channel, bits } => {
                write!(f, "the sum of output channel {channel} can leave an accumulator of {bits} bits")?;
                if bits < 32 { f.write_str(": take the order `RowMajor` for this layer") } else { Ok(()) }
            }
            Self::WeightOutOfRange { channel } => {
                write!(f, "a weight of output channel {channel} is -128: take the order `RowMajor` for this layer")
            }
            Self::Scale { channel } => {
                write!(f, "the scale of output channel {channel} is not positive and finite, or out of range")
            }
            Self::ZeroPoint => f.write_str(self.message()),
        }
    }
}

impl core::error::Error for QuantizeError {}
