//! Transposed convolution of int8.

use super::conv::for_each_place;
use crate::{
    kernel::{Conv2dDims, samples, samples_mut},
    quantized::{Requantize, Rounding},
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

/// `dims` are those of the mirrored convolution: its input is `y`.
#[inline(never)]
pub(super) fn conv_transpose2d<R: Rounding>(
    dims: &Conv2dDims,
    x: &[i8],
    zero: i8,
    weight: &[i8],
    requantize: Requantize<'_>,
    y: &mut [i8],
) {
    let ([rows, columns], channels) = (dims.window.kernel, dims.out_channels);
    for (x, y) in samples(x, dims.out_len()).zip(samples_mut(y, dims.in_len())) {
        for_each_place(dims.input[1], dims.in_channels, y, |[i, j], y| {
            for ((o, y), weight) in y.iter_mut().enumerate().zip(samples(weight, rows * columns * channels)) {
                let mut sum = 0_i32;
                for (r, weight) in samples(weight, columns * channels).enumerate() {
                    let Some(row) = source(i, r, 0, dims) else { continue };
                    for (s, weight) in samples(weight, channels).enumerate() {
                        let Some(column) = source(j, s, 1, dims) else { continue };
                        let start = (row * dims.output[1] + column) * channels;
                        let x = x.get(start..).unwrap_or_default();
                        for (x, w) in x.iter().zip(weight) {
                            sum = sum.wrapping_add((i32::from(*x) - i32::from(zero)) * i32::from(*w));
                        }
                    }
                }
                *y = requantize.apply::<R>(o, sum);
            }
        });
    }
}
