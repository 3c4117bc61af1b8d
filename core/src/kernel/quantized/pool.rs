//! Pooling of integers. Channels lie next to each other, and are pooled side by side.

use crate::{
    kernel::{Pool2dDims, samples, samples_mut, window::Cover},
    quantized::{Clamp, Integer, limit},
};

/// Channels whose sums are formed at once.
pub(super) const BLOCK: usize = 16;

/// Calls `f` with the samples' windows and the channels of their outputs.
#[inline(always)]
fn for_each_output<T: Integer>(
    d: &Pool2dDims,
    channels: usize,
    x: &[T],
    y: &mut [T],
    mut f: impl FnMut(&[T], [Cover; 2], &mut [T]),
) {
    for (x, y) in samples(x, d.in_plane() * channels).zip(samples_mut(y, d.out_plane() * channels)) {
        let mut outputs = samples_mut(y, channels);
        d.for_each_window(|window| {
            if let Some(y) = outputs.next() {
                f(x, window, y);
            }
        });
    }
}

#[inline(always)]
pub(super) fn max_pool<T: Integer>(d: &Pool2dDims, channels: usize, clamp: Clamp<T>, x: &[T], y: &mut [T]) {
    for_each_output(d, channels, x, y, |x, window, y| {
        y.fill(T::ALL.min);
        d.for_each_element::<false>(window, |_, i| {
            for (y, x) in y.iter_mut().zip(x.get(i * channels..).unwrap_or_default()) {
                *y = (*y).max(*x);
            }
        });
        for y in y {
            *y = (*y).max(clamp.min).min(clamp.max);
        }
    });
}

#[inline(always)]
pub(super) fn avg_pool<T: Integer>(d: &Pool2dDims, channels: usize, clamp: Clamp<T>, x: &[T], y: &mut [T]) {
    for_each_output(d, channels, x, y, |x, window, y| {
        let count = (window[0].count * window[1].count) as i32;
        for (block, y) in y.chunks_mut(BLOCK).enumerate() {
            let mut sums = [0_i32; BLOCK];
            d.for_each_element::<false>(window, |_, i| {
                for (sum, x) in sums.iter_mut().zip(x.get(i * channels + block * BLOCK..).unwrap_or_default()) {
                    *sum = sum.wrapping_add((*x).into());
                }
            });
            for (y, sum) in y.iter_mut().zip(sums) {
                // Half away from zero.
                let half = if sum > 0 { count / 2 } else { -(count / 2) };
                *y = limit(clamp, sum.wrapping_add(half).checked_div(count).unwrap_or_default());
            }
        }
    });
}
