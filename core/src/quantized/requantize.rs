//! From a sum of products back to the output's integers.

use super::{Multiplier, QuantizeError, Rounding};

/// How the sums of an output channel, or of all, become the output's integers: a [`Multiplier`] and the
/// output's zero point, prepared for kernels.
///
/// Nearly all scales are *folded*: then kernels compute, for sums `acc` of products of the integers as they
/// are stored, with a bias that has the zero point of the input in it and is doubled,
///
/// `h = (2·acc + bias) · multiplier / 2^32`, rounded for [`Twice`](super::Twice) and cut off for
/// [`Once`](super::Once); `y = (h + sign(h) + addend) >> shift`, the sign (-1 or 0) for `Twice` alone.
///
/// The doubling makes the high word of one product what TensorFlow Lite takes from two, and the zero point
/// of the output is part of the addend beside the half that rounds.
///
/// Vectors of Armv8.1-M have an instruction that doubles the product, and shift to the left by a negative number: in
/// layers prepared [`ForMve`](super::ForMve) the bias is not doubled and the shift negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Scale {
    /// The mantissa.
    pub multiplier: i32,
    /// `2^(shift - 1) + zero_point · 2^shift` if folded.
    pub addend: i32,
    /// Bits to the right, negative where the bias is not doubled; if not folded, TensorFlow Lite's shift: to the left
    /// if positive.
    pub shift: i8,
    /// Whether the formula above applies. If not, the bias is not doubled either.
    pub folded: bool,
    /// The zero point of the output, which the addend has in it if folded.
    pub zero_point: i16,
}

impl Scale {
    /// Whatever the sum, 0.
    pub(super) const ZERO: Self = Self { multiplier: 0, addend: 1, shift: 1, folded: true, zero_point: 0 };

    /// Whatever the sum, this output, of a tensor with this zero point.
    pub(super) const fn constant(y: i8, zero_point: i8) -> Self {
        Self { addend: 2 * y as i32 + 1, zero_point: zero_point as i16, ..Self::ZERO }
    }

    /// Shifts to the right with which nothing in the folded formula can overflow.
    const FOLDED_SHIFTS: core::ops::RangeInclusive<i32> = 1..=21;

    /// Prepares a scale. `bound` is the largest absolute value that the sum with its bias can have.
    pub(super) const fn new(scale: Multiplier, zero_point: i32, bound: i64) -> Result<Self, QuantizeError> {
        let Multiplier { multiplier, shift } = scale;
        if multiplier < 0 || shift < -31 || shift > 30 {
            return Err(QuantizeError::Scale { channel: 0 });
        }
        let (right, least, most) = (-shift, *Self::FOLDED_SHIFTS.start(), *Self::FOLDED_SHIFTS.end());
        let folded = right >= least && right <= most && bound < 1 << 30;
        Ok(if folded {
            let addend = (1 << (right - 1)) + (zero_point << right);
            Self { multiplier, addend, shift: right as i8, folded, zero_point: zero_point as i16 }
        } else {
            Self { multiplier, addend: 0, shift: shift as i8, folded, zero_point: zero_point as i16 }
        })
    }

    /// The same for a bias that is not doubled.
    pub(super) const fn with_plain_bias(self) -> Self {
        if self.folded { Self { shift: -self.shift, ..self } } else { self }
    }

    /// The bias as kernels add it.
    pub(super) const fn prepare_bias(&self, bias: i32) -> i32 {
        if self.folded && self.shift > 0 { bias << 1 } else { bias }
    }

    /// The output's integer for a sum, before the clamp.
    #[inline(always)]
    #[must_use]
    pub const fn apply<R: Rounding>(&self, acc: i32, bias: i32) -> i32 {
        if self.folded { self.apply_folded::<R>(acc, bias) } else { self.apply_unfolded::<R>(acc, bias) }
    }

    /// [`apply`](Self::apply) for a folded scale.
    #[inline(always)]
    #[must_use]
    pub const fn apply_folded<R: Rounding>(&self, acc: i32, bias: i32) -> i32 {
        let doubled = if self.shift < 0 { bias.wrapping_mul(2) } else { bias };
        let product = acc.wrapping_mul(2).wrapping_add(doubled) as i64 * self.multiplier as i64;
        let sum = if R::TWICE {
            let high = ((product + (1 << 31)) >> 32) as i32;
            high.wrapping_add(high >> 31)
        } else {
            (product >> 32) as i32
        };
        sum.wrapping_add(self.addend) >> (self.shift.unsigned_abs() & 31)
    }

    /// [`apply`](Self::apply) for the others: TensorFlow Lite's formulas as they stand there.
    #[inline]
    #[must_use]
    pub const fn apply_unfolded<R: Rounding>(&self, acc: i32, bias: i32) -> i32 {
        let x = acc.wrapping_add(bias);
        let scale = Multiplier { multiplier: self.multiplier, shift: self.shift as i32 };
        scale.scale::<R>(x).wrapping_add(self.zero_point as i32)
    }
}

impl Multiplier {
    /// `x` times this number, rounded as `R` says; TensorFlow Lite's `MultiplyByQuantizedMultiplier`.
    ///
    /// ```
    /// use tensorlet::quantized::{Multiplier, Once, Twice};
    /// let quarter = Multiplier::from_real(0.25);
    /// assert_eq!((quarter.scale::<Twice>(-2), quarter.scale::<Once>(-2)), (-1, 0));
    /// ```
    #[inline]
    #[must_use]
    pub const fn scale<R: Rounding>(self, x: i32) -> i32 {
        let (left, right) = if self.shift > 0 { (self.shift, 0) } else { (0, -self.shift) };
        let (left, right) = (left as u32 & 31, right as u32 & 31);
        // What the left shift drives out of 32 bits TensorFlow Lite leaves undefined.
        let product = (x.wrapping_shl(left)) as i64 * self.multiplier as i64;
        if !R::TWICE {
            let product = x as i64 * self.multiplier as i64;
            let total = (31 - self.shift) as u32 & 63;
            return if total == 0 { product as i32 } else { ((product + (1 << (total - 1))) >> total) as i32 };
        }
        let high = ((product + (1 << 30)) >> 31) as i32;
        divide_by_power_of_two(high, right)
    }
}

/// `x / 2^exponent`, rounded half away from zero: gemmlowp's `RoundingDivideByPOT`.
#[inline(always)]
#[must_use]
pub(crate) const fn divide_by_power_of_two(x: i32, exponent: u32) -> i32 {
    let mask = ((1_i64 << exponent) - 1) as i32;
    let threshold = (mask >> 1) + (x < 0) as i32;
    (x >> exponent) + ((x & mask) > threshold) as i32
}

/// The largest and smallest integers of an output: those of its type, or what a fused activation leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clamp<T> {
    /// The smallest.
    pub min: T,
    /// The largest.
    pub max: T,
}

impl Clamp<i8> {
    /// All of int8.
    pub const NONE: Self = Self { min: i8::MIN, max: i8::MAX };

    /// The nearest that is allowed.
    #[inline(always)]
    #[must_use]
    pub const fn apply(self, y: i32) -> i8 {
        let (min, max) = (self.min as i32, self.max as i32);
        (if y < min {
            min
        } else if y > max {
            max
        } else {
            y
        }) as i8
    }
}

impl Clamp<i16> {
    /// All of int16.
    pub const NONE: Self = Self { min: i16::MIN, max: i16::MAX };

    /// The nearest that is allowed.
    #[inline(always)]
    #[must_use]
    pub const fn apply(self, y: i32) -> i16 {
        let (min, max) = (self.min as i32, self.max as i32);
        (if y < min {
            min
        } else if y > max {
            max
        } else {
            y
        }) as i16
    }
}

/// What a kernel needs to make outputs of sums.
#[derive(Clone, Copy, Debug)]
pub struct Requantize<'a> {
    /// The bias of each output channel, as [`Scale`] says.
    pub bias: &'a [i32],
    /// The scale of each output channel, or one for all.
    pub scales: &'a [Scale],
    /// Whether all scales are folded.
    pub folded: bool,
    /// The limits of the output.
    pub clamp: Clamp<i8>,
}

impl Requantize<'_> {
    /// The scale of output channel `o`.
    #[inline(always)]
    #[must_use]
    pub fn scale(&self, o: usize) -> Option<&Scale> {
        if self.scales.len() == 1 { self.scales.first() } else { self.scales.get(o) }
    }

    /// The output of channel `o` for a sum.
    #[inline(always)]
    #[must_use]
    pub fn apply<R: Rounding>(&self, o: usize, acc: i32) -> i8 {
        match (self.scale(o), self.bias.get(o)) {
            (Some(scale), Some(bias)) => self.clamp.apply(scale.apply::<R>(acc, *bias)),
            _ => 0,
        }
    }
}
