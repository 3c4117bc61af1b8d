//! What recurrent layers have in common: from the sums of their gates to what sigmoid and tanh take.

use super::{
    Multiplier, Order, QuantizeError, Rounding,
    prepare::{self, Rows},
};

/// How the sums of a gate become numbers in Q3.12, and what kernels want of that to be prepared.
///
/// `y = scale(acc + bias)` with a [`Multiplier`] `m · 2^(shift - 31)`. In layers packed for an instruction set, unless a
/// number could overflow, the bias is stored times `2^lift`, and with `x = 2^lift (acc + bias)`
///
/// `y = (high(x · m) + addend - sign · [x < 0]) >> right`,
///
/// the high word rounded for [`Twice`](super::Twice) and cut off for [`Once`](super::Once). TensorFlow Lite takes the
/// high word of the doubled product. Armv8.1-M has an instruction for that; for Armv7E-M `lift` is 1 more. A `shift` to
/// the left is part of `lift`, and in the rounding `Once` one bit more where there is none to the right, so that there is
/// one to round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct GateScale {
    /// `2^(24 + lift)`; 0 where nothing is prepared, and the bias stored as it is.
    pub factor: i32,
    /// `2^(right - 1)`, or 0 without a shift to the right.
    pub addend: i32,
    /// 1 where halves are rounded away from zero, else 0.
    pub sign: i32,
    /// The mantissa `m`.
    pub multiplier: i32,
    /// Bits to the right.
    pub right: i32,
    /// TensorFlow Lite's shift: to the left if positive.
    pub shift: i32,
}

impl GateScale {
    /// Whatever the sum, 0.
    pub(super) const ZERO: Self = Self { factor: 0, addend: 0, sign: 0, multiplier: 0, right: 0, shift: 0 };

    /// The most bits by which a bias is lifted: `2^(24 + lift)` is an `i32`.
    const MOST: i32 = 6;

    /// Prepares a scale. `bound` is the largest absolute value that the sum with its bias can have.
    const fn new<R: Rounding>(scale: Multiplier, order: Order, bound: i64) -> Result<Self, QuantizeError> {
        let Multiplier { multiplier, shift } = scale;
        if multiplier < 0 || shift < -31 || shift > 30 {
            return Err(QuantizeError::Scale { channel: 0 });
        }
        let (left, right) = if R::TWICE {
            (if shift > 0 { shift } else { 0 }, if shift < 0 { -shift } else { 0 })
        } else if shift < 0 {
            (0, -shift)
        } else {
            (shift + 1, 1)
        };
        let (lift, prepared) = match order {
            Order::RowMajor => (0, false),
            Order::Dsp => (left + 1, true),
            Order::Mve => (left, true),
        };
        let prepared = prepared && lift <= Self::MOST && bound < 1 << (31 - lift);
        let factor = if prepared { 1 << (24 + lift) } else { 0 };
        let addend = if right > 0 { 1 << (right - 1) } else { 0 };
        Ok(Self { factor, addend, sign: (R::TWICE && right > 0) as i32, multiplier, right, shift })
    }

    /// Bits by which the bias is lifted.
    #[inline(always)]
    #[must_use]
    pub const fn lift(&self) -> u32 {
        if self.factor > 0 { self.factor.trailing_zeros().saturating_sub(24) } else { 0 }
    }

    /// The gate's number for a sum.
    #[inline(always)]
    #[must_use]
    pub const fn apply<R: Rounding>(&self, acc: i32, bias: i32) -> i32 {
        let scale = Multiplier { multiplier: self.multiplier, shift: self.shift };
        scale.scale::<R>(acc.wrapping_add(bias >> (self.lift() & 31)))
    }
}

/// Prepares the biases and the scale of one gate, whose rows are `rows`. Without a bias the slice is empty.
pub(super) const fn prepare<R: Rounding>(
    rows: Rows<'_>,
    bias: &[i32],
    multiplier: Multiplier,
    zero: i8,
    order: Order,
    to_bias: &mut [i32],
) -> Result<GateScale, QuantizeError> {
    let (mut row, mut largest) = (0, 0);
    while row < rows.channels {
        let (sum, size) = match prepare::sums(rows, row) {
            Ok(sums) => sums,
            Err(error) => return Err(error),
        };
        let bias = if bias.is_empty() { 0 } else { bias[row] as i64 };
        let absorbed = bias - zero as i64 * sum;
        let bound = absorbed.abs() + rows.largest * size;
        if bound >= 1 << 31 {
            return Err(QuantizeError::AccumulatorOverflow { channel: row, bits: 32 });
        }
        to_bias[row] = absorbed as i32;
        if bound > largest {
            largest = bound;
        }
        row += 1;
    }
    let scale = match GateScale::new::<R>(multiplier, order, largest) {
        Ok(scale) => scale,
        Err(error) => return Err(error),
    };
    row = 0;
    while row < rows.channels {
        to_bias[row] <<= scale.lift();
        row += 1;
    }
    Ok(scale)
}

/// Whether a scale is one of products of two int16, which take 31 bits: less than a half.
pub(super) const fn is_of_products(scale: Multiplier) -> bool {
    scale.multiplier >= 0 && scale.shift < 0 && scale.shift >= -31
}
