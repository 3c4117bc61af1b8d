//! Softmax of int8, in integers alone.

use crate::{
    kernel::{samples, samples_mut},
    quantized::{divide_by_power_of_two, fixed_point},
};

/// Bits before the point in a sum of exponentials.
const SUM_BITS: u32 = 12;

#[inline(never)]
pub(super) fn softmax(row: usize, exponentials: &[i32; 256], x: &[i8], y: &mut [i8]) {
    for (x, y) in samples(x, row).zip(samples_mut(y, row)) {
        let max = x.iter().copied().max().unwrap_or_default();
        // The difference is 0 to 255.
        let exponential = |x: i8| exponentials.get(usize::from(max.wrapping_sub(x) as u8)).copied().unwrap_or_default();
        let parts = x.iter().map(|&x| divide_by_power_of_two(exponential(x), SUM_BITS));
        let SoftmaxScale { multiplier, shift } = SoftmaxScale::of(parts.fold(0, i32::wrapping_add));
        for (y, &x) in y.iter_mut().zip(x) {
            // Neither factor is negative.
            let share = ((i64::from(multiplier) * i64::from(exponential(x)) + (1 << 30)) >> 31) as u32;
            // More than 31 bits leave less than a half.
            let rounded = if shift > 31 { 0 } else { share.wrapping_add(1 << shift >> 1) >> shift };
            *y = (rounded as i32 - 128).min(127) as i8;
        }
    }
}

/// One over the sum of a row's exponentials, as softmax multiplies them by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoftmaxScale {
    /// The mantissa in Q0.31.
    pub multiplier: i32,
    /// Bits to the right behind the product, for 8 bits of result.
    pub shift: u32,
}

impl SoftmaxScale {
    /// For a sum of exponentials with 19 bits behind the point.
    #[inline]
    #[must_use]
    pub fn of(sum: i32) -> Self {
        let headroom = sum.leading_zeros();
        // The sum, shifted to 1 to 2, less 1.
        let fraction = sum.wrapping_shl(headroom).wrapping_sub(i32::MIN);
        Self {
            multiplier: fixed_point::one_over_one_plus(fraction),
            shift: (SUM_BITS + 31 - 8).saturating_sub(headroom),
        }
    }
}
