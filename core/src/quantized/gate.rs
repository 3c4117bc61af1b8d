//! What recurrent layers have in common: from the sums of their gates to what sigmoid and tanh take.

use super::{
    Multiplier, Order, Quantization, QuantizeError, Rounding,
    lstm::power_of_two,
    prepare::{self, Rows},
};

/// How the sums of a gate become numbers in Q3.12, and what kernels want of that to be prepared.
///
/// `y = scale(acc + bias)` with a [`Multiplier`] `m · 2^(shift - 31)`. In layers packed for an instruction set the bias
/// is stored times `2^lift`, and with `x = 2^lift (acc + bias)`, which fits into 32 bits,
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

    /// Prepares a scale. `bound` is the largest absolute value that the sum with its bias can have, in this row.
    const fn new<R: Rounding>(
        scale: Multiplier,
        order: Order,
        (bound, row): (i64, usize),
    ) -> Result<Self, QuantizeError> {
        let Multiplier { multiplier, shift } = scale;
        if multiplier < 0 || shift < -31 || shift > 30 {
            return Err(QuantizeError::Scale { channel: row });
        }
        let (left, right) = if R::TWICE {
            (if shift > 0 { shift } else { 0 }, if shift < 0 { -shift } else { 0 })
        } else if shift < 0 {
            (0, -shift)
        } else {
            (shift + 1, 1)
        };
        let (lift, prepared) = match order {
            Order::RowMajor | Order::Host => (0, false),
            Order::Dsp => (left + 1, true),
            Order::Mve => (left, true),
        };
        if prepared && (lift > Self::MOST || bound >= 1 << (31 - lift)) {
            return Err(QuantizeError::AccumulatorOverflow { channel: row, bits: (32 - lift) as u32 });
        }
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

/// Prepares the biases and the scale of one gate, whose rows are `rows`: errors count them from 0. Without a bias the
/// slice is empty.
pub(super) const fn prepare<R: Rounding>(
    rows: Rows<'_>,
    bias: &[i32],
    multiplier: Multiplier,
    zero: i8,
    order: Order,
    to_bias: &mut [i32],
) -> Result<GateScale, QuantizeError> {
    let (mut row, mut largest) = (0, (0, 0));
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
        if bound > largest.0 {
            largest = (bound, row);
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

/// Adds a number to all outputs, with one loop for the layers of a program.
#[inline(never)]
pub(super) fn shift(h: &mut [i8], by: i8) {
    h.iter_mut().for_each(|h| *h = h.wrapping_add(by));
}

/// Whether a scale is one of products of two int16, which take 31 bits: less than a half.
pub(super) const fn is_of_products(scale: Multiplier) -> bool {
    scale.multiplier >= 0 && scale.shift < 0 && scale.shift >= -31
}

/// The multipliers that bring the sums of each gate over a tensor to steps of `2^-12`.
pub(super) const fn multipliers<const GATES: usize>(
    tensor: Quantization,
    weights: [f32; GATES],
) -> Result<[Multiplier; GATES], QuantizeError> {
    let (mut multipliers, mut gate) = ([Multiplier::from_real(0.0); GATES], 0);
    while gate < GATES {
        if !(weights[gate] > 0.0 && weights[gate] < 1e9) {
            return Err(QuantizeError::Scale { channel: gate });
        }
        multipliers[gate] = Multiplier::from_real(tensor.scale as f64 * weights[gate] as f64 * power_of_two(12));
        gate += 1;
    }
    Ok(multipliers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantized::{Once, Twice};

    /// The formula of [`GateScale`], as kernels compute it.
    fn prepared<R: Rounding>(scale: &GateScale, doubles: bool, acc: i32, bias: i32) -> i32 {
        let x = (acc << scale.lift()) + bias;
        let product = (i64::from(x) * i64::from(scale.multiplier)) << u32::from(doubles);
        let high = if R::TWICE { (product + (1 << 31)) >> 32 } else { product >> 32 } as i32;
        (high + scale.addend - scale.sign * i32::from(x < 0)) >> scale.right
    }

    fn check<R: Rounding>() {
        let mut state = 1_u64;
        let mut next = |bits: u32| {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            (state >> (64 - bits)) as i32
        };
        // Miri does a thousandth of the cases in the same time.
        for case in 0..if cfg!(miri) { 200 } else { 200_000 } {
            let shift = next(6) % 34 - 31;
            let multiplier = Multiplier { multiplier: (1 << 30) | next(30), shift };
            let (acc, bias) = (next(20) - (1 << 19), next(20) - (1 << 19));
            // A quarter of all sums is small, so that halves come up.
            let (acc, bias) = if case % 4 == 0 { (acc >> 15, bias >> 15) } else { (acc, bias) };
            for (order, doubles) in [(Order::Dsp, false), (Order::Mve, true)] {
                let scale = GateScale::new::<R>(multiplier, order, (1 << 20, 0)).expect("a scale");
                assert!(scale.factor > 0, "{multiplier:?} is prepared");
                let lifted = bias << scale.lift();
                let want = multiplier.scale::<R>(acc + bias);
                assert_eq!(scale.apply::<R>(acc, lifted), want, "{multiplier:?} of {acc} + {bias}");
                assert_eq!(prepared::<R>(&scale, doubles, acc, lifted), want, "{scale:?} of {acc} + {bias}");
            }
        }
    }

    #[test]
    fn prepared_scales_round_twice() {
        check::<Twice>();
    }

    #[test]
    fn prepared_scales_round_once() {
        check::<Once>();
    }

    #[test]
    fn what_could_overflow_is_refused_where_it_is_prepared() {
        let scale = |order, shift, bound| {
            let scale = Multiplier { multiplier: 1 << 30, shift };
            GateScale::new::<Twice>(scale, order, (bound, 7)).map(|scale| (scale.factor, scale.lift()))
        };
        let overflow = |bits| Err(QuantizeError::AccumulatorOverflow { channel: 7, bits });
        assert_eq!(scale(Order::Dsp, 0, (1 << 30) - 1), Ok((1 << 25, 1)));
        assert_eq!(scale(Order::Dsp, 0, 1 << 30), overflow(31));
        assert_eq!(scale(Order::Mve, 0, 1 << 30), Ok((1 << 24, 0)));
        assert_eq!(scale(Order::Mve, 1, 1 << 30), overflow(31));
        assert_eq!(scale(Order::Dsp, 5, 1), Ok((1 << 30, 6)));
        assert_eq!(scale(Order::Dsp, 6, 1), overflow(25));
        assert_eq!(scale(Order::RowMajor, 6, 1 << 30), Ok((0, 0)));
        assert_eq!(scale(Order::RowMajor, 31, 1), Err(QuantizeError::Scale { channel: 7 }));
    }
}
