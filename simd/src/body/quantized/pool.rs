//! Pooling and means: neighbouring channels side by side.

use tensorlet::{
    description::Window,
    kernel::Pool2dDims,
    quantized::{Clamp, Integer, Scale},
    sliding::Options,
};

use super::Rounds;

/// What becomes of a window.
trait Pooling<T>: Copy {
    /// Of the channels of some elements.
    type Sum: Copy;
    const NOTHING: Self::Sum;

    fn add(self, sum: Self::Sum, x: T) -> Self::Sum;

    /// The outputs for windows of so many elements.
    fn finish<const L: usize>(self, sums: [Self::Sum; L], count: usize) -> [T; L];
}

#[derive(Clone, Copy)]
struct Max<T>(Clamp<T>);

impl<T: Integer> Pooling<T> for Max<T> {
    type Sum = T;
    const NOTHING: T = T::ALL.min;

    #[inline(always)]
    fn add(self, sum: T, x: T) -> T {
        sum.max(x)
    }

    #[inline(always)]
    fn finish<const L: usize>(self, sums: [T; L], _: usize) -> [T; L] {
        sums.map(|sum| sum.max(self.0.min).min(self.0.max))
    }
}

#[derive(Clone, Copy)]
struct Mean<T>(Clamp<T>);

/// The most elements of a window whose mean is divided in floating point.
const MOST_COUNT: usize = 1 << 15;

/// `⌊(|sum| + count / 2) / count⌋` with the sign of the sum.
///
/// Exact: a quotient that is no whole number is at least `1 / count` away from the next one. It is below 2^8 for int8
/// and below 2^16 for int16, so that half a unit in its last place is at most 2^-17 in `f32` and 2^-37 in `f64`, which
/// is less. The dividend, below `2^8 · 2^15` and `2^16 · 2^15`, is exact too.
#[inline(always)]
fn divide<T: Integer, const L: usize>(sums: [i32; L], count: usize) -> [i32; L] {
    let half = count as i32 / 2;
    sums.map(|sum| {
        let dividend = sum.wrapping_abs().wrapping_add(half);
        let quotient = if T::MOST < 256 {
            (dividend as f32 / count as f32) as i32
        } else {
            (f64::from(dividend) / count as f64) as i32
        };
        if sum < 0 { -quotient } else { quotient }
    })
}

impl<T: Integer> Pooling<T> for Mean<T> {
    type Sum = i32;
    const NOTHING: i32 = 0;

    #[inline(always)]
    fn add(self, sum: i32, x: T) -> i32 {
        sum.wrapping_add(x.into())
    }

    #[inline(always)]
    fn finish<const L: usize>(self, sums: [i32; L], count: usize) -> [T; L] {
        let (min, max): (i32, i32) = (self.0.min.into(), self.0.max.into());
        divide::<T, L>(sums, count).map(|y| T::truncate(y.max(min).min(max)))
    }
}

/// What a window covers along an axis: the first element, their number and the step.
#[inline(always)]
fn cover(d: &Pool2dDims, window: Window, axis: usize, output: usize) -> [usize; 3] {
    let Options { stride, padding, dilation, .. } = window.options;
    let (start, step) = (output * stride[axis], dilation[axis].max(1));
    let before = padding[axis].saturating_sub(start).div_ceil(step).min(window.kernel[axis]);
    let first = (start + before * step).saturating_sub(padding[axis]);
    let inside = d.input[axis].saturating_sub(first).div_ceil(step);
    [first, inside.min(window.kernel[axis] - before), step]
}

/// Pools `L` channels at a time; fewer than that one by one.
#[inline(always)]
fn pool<T: Integer, P: Pooling<T>, const L: usize>(
    pooling: P,
    d: &Pool2dDims,
    window: Window,
    channels: usize,
    x: &[T],
    y: &mut [T],
) {
    let samples = x.chunks_exact(d.in_plane() * channels).zip(y.chunks_exact_mut(d.out_plane() * channels));
    for (x, y) in samples {
        for (i, y) in y.chunks_exact_mut(d.output[1] * channels).enumerate() {
            let [row, rows, down] = cover(d, window, 0, i);
            for (j, y) in y.chunks_exact_mut(channels).enumerate() {
                let [column, columns, along] = cover(d, window, 1, j);
                let mut c = 0;
                while c < channels {
                    // The last channels may be done twice.
                    let first = if L > 1 { c.min(channels - L) } else { c };
                    let mut sums = [P::NOTHING; L];
                    for r in 0..rows {
                        let mut at = ((row + r * down) * d.input[1] + column) * channels + first;
                        for _ in 0..columns {
                            if let Some(x) = x.get(at..).and_then(|x| x.first_chunk::<L>()) {
                                for (sum, x) in sums.iter_mut().zip(x) {
                                    *sum = pooling.add(*sum, *x);
                                }
                            }
                            at += along * channels;
                        }
                    }
                    if let Some(y) = y.get_mut(first..).and_then(|y| y.first_chunk_mut::<L>()) {
                        *y = pooling.finish(sums, rows * columns);
                    }
                    c += L;
                }
            }
        }
    }
}

/// Pools; false if windows are adaptive, or too large.
#[inline(always)]
fn any<T: Integer, P: Pooling<T>>(pooling: P, d: &Pool2dDims, channels: usize, x: &[T], y: &mut [T]) -> bool {
    let Some(window) = d.window.filter(|window| window.kernel[0] * window.kernel[1] <= MOST_COUNT) else {
        return false;
    };
    if channels == 0 || d.in_plane() == 0 || d.out_plane() == 0 {
        return false;
    }
    match channels {
        64.. => pool::<T, P, 64>(pooling, d, window, channels, x, y),
        16.. => pool::<T, P, 16>(pooling, d, window, channels, x, y),
        8.. => pool::<T, P, 8>(pooling, d, window, channels, x, y),
        _ => pool::<T, P, 1>(pooling, d, window, channels, x, y),
    }
    true
}

#[inline(always)]
pub(crate) fn max_pool2d<V, T: Integer>(_: V, d: &Pool2dDims, c: usize, clamp: Clamp<T>, x: &[T], y: &mut [T]) -> bool {
    any(Max(clamp), d, c, x, y)
}

#[inline(always)]
pub(crate) fn avg_pool2d<V, T: Integer>(_: V, d: &Pool2dDims, c: usize, clamp: Clamp<T>, x: &[T], y: &mut [T]) -> bool {
    any(Mean(clamp), d, c, x, y)
}

/// `y[c] = scale(bias + Σ x[i][c])` over pixels.
#[inline(always)]
pub(crate) fn mean_i8<V>(
    _: V,
    [pixels, channels]: [usize; 2],
    rounds: Rounds,
    x: &[i8],
    bias: i32,
    scale: Scale,
    y: &mut [i8],
) {
    const LEN: usize = 32;
    if pixels * channels == 0 {
        return;
    }
    for (x, y) in x.chunks_exact(pixels * channels).zip(y.chunks_exact_mut(channels)) {
        for (block, y) in y.chunks_mut(LEN).enumerate() {
            let mut sums = [0_i32; LEN];
            for x in x.chunks_exact(channels) {
                let x = x.get(block * LEN..).unwrap_or_default();
                match x.first_chunk::<LEN>() {
                    Some(x) => sums.iter_mut().zip(x).for_each(|(sum, x)| *sum = sum.wrapping_add((*x).into())),
                    None => sums.iter_mut().zip(x).for_each(|(sum, x)| *sum = sum.wrapping_add((*x).into())),
                }
            }
            let outputs = rounds.apply(&scale, &sums, &[bias; LEN]).map(|y| Clamp::<i8>::NONE.apply(y));
            y.iter_mut().zip(outputs).for_each(|(y, output)| *y = output);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where quotients change, and just before.
    #[test]
    fn means_are_divided_as_integers() {
        let exact = |sum: i32, count: usize| {
            let quotient = (i64::from(sum.abs()) + count as i64 / 2) / count as i64;
            if sum < 0 { -quotient } else { quotient }
        };
        let counts: [usize; 12] = [1, 2, 3, 4, 5, 7, 9, 25, 49, 1000, 16384, MOST_COUNT - 1];
        for count in counts.into_iter().chain([MOST_COUNT]) {
            for quotient in (0..=128).chain([1000, 12345, 32767, 32768]) {
                let edge = (quotient * count) as i32 - count as i32 / 2;
                for sum in [edge - 1, edge, edge + 1] {
                    let sum = sum.clamp(-32768 * count as i32, 32767 * count as i32);
                    for sum in [sum, -sum] {
                        let want = exact(sum, count);
                        assert_eq!(i64::from(divide::<i16, 1>([sum], count)[0]), want, "{sum} / {count}");
                        if sum.abs() <= 128 * count as i32 {
                            assert_eq!(i64::from(divide::<i8, 1>([sum], count)[0]), want, "{sum} / {count}");
                        }
                    }
                }
            }
        }
    }
}
