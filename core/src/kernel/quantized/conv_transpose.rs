//! Transposed convolution of int8 and int16.

use super::conv::for_each_place;
use crate::{
    kernel::{Conv2dDims, samples, samples_mut},
    quantized::{
        Requantize, Rounding,
        int16::{Accumulator, Requantize16},
    },
    sliding::Options,
};

/// The input that output `place` takes through tap `tap` along an axis; none between inputs and outside.
#[inline(always)]
fn source(place: usize, tap: usize, axis: usize, dims: &Conv2dDims) -> Option<usize> {
    let Options { stride, padding, dilation, .. } = dims.window.options;
    let at = (place + padding[axis]).checked_sub(tap * dilation[axis])?;
    let input = at.checked_div(stride[axis])?;
    (input * stride[axis] == at && input < dims.output[axis]).then_some(input)
}

/// Each output from its channel and the sum of what it takes: that starts as `start` says for the channel, and `add` adds
/// an input times a weight. `dims` are those of the mirrored convolution: its input is `y`.
#[inline(always)]
fn gather<T: Copy, S>(
    dims: &Conv2dDims,
    (x, weight, y): (&[T], &[i8], &mut [T]),
    start: impl Fn(usize) -> S,
    add: impl Fn(S, T, i8) -> S,
    output: impl Fn(usize, S) -> T,
) {
    let ([rows, columns], channels) = (dims.window.kernel, dims.out_channels);
    for (x, y) in samples(x, dims.out_len()).zip(samples_mut(y, dims.in_len())) {
        for_each_place(dims.input[1], dims.in_channels, y, |[i, j], y| {
            for ((o, y), weight) in y.iter_mut().enumerate().zip(samples(weight, rows * columns * channels)) {
                let mut sum = start(o);
                for (r, weight) in samples(weight, columns * channels).enumerate() {
                    let Some(row) = source(i, r, 0, dims) else { continue };
                    for (s, weight) in samples(weight, channels).enumerate() {
                        let Some(column) = source(j, s, 1, dims) else { continue };
                        let start = (row * dims.output[1] + column) * channels;
                        let x = x.get(start..).unwrap_or_default();
                        sum = x.iter().zip(weight).fold(sum, |sum, (x, w)| add(sum, *x, *w));
                    }
                }
                *y = output(o, sum);
            }
        });
    }
}

#[inline(never)]
pub(super) fn conv_transpose2d<R: Rounding>(
    dims: &Conv2dDims,
    x: &[i8],
    zero: i8,
    weight: &[i8],
    requantize: Requantize<'_>,
    y: &mut [i8],
) {
    let add = |sum: i32, x: i8, w: i8| sum.wrapping_add((i32::from(x) - i32::from(zero)) * i32::from(w));
    gather(dims, (x, weight, y), |_| 0, add, |o, sum| requantize.apply::<R>(o, sum));
}

#[inline(never)]
pub(super) fn conv_transpose2d_i16<B: Accumulator>(
    dims: &Conv2dDims,
    x: &[i16],
    weight: &[i8],
    requantize: Requantize16<'_, B>,
    y: &mut [i16],
) {
    gather(dims, (x, weight, y), |o| requantize.start(o), B::add_product, |o, sum| requantize.apply(o, sum));
}
