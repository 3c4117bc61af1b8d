//! Means over pixels.

use super::pool::BLOCK;
use crate::{
    kernel::{samples, samples_mut},
    quantized::{Integer, Rounding, Scale, limit},
};

#[inline(never)]
pub(super) fn mean<T: Integer, R: Rounding>(
    [pixels, channels]: [usize; 2],
    x: &[T],
    bias: i32,
    scale: Scale,
    y: &mut [T],
) {
    for (x, y) in samples(x, pixels * channels).zip(samples_mut(y, channels)) {
        for (block, y) in y.chunks_mut(BLOCK).enumerate() {
            let mut sums = [0_i32; BLOCK];
            for x in samples(x, channels) {
                for (sum, x) in sums.iter_mut().zip(x.get(block * BLOCK..).unwrap_or_default()) {
                    *sum = sum.wrapping_add((*x).into());
                }
            }
            for (y, sum) in y.iter_mut().zip(sums) {
                *y = limit(T::ALL, scale.apply::<R>(sum, bias));
            }
        }
    }
}
