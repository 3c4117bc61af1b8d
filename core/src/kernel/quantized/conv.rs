//! Convolutions of int8.

use super::linear::{dot, fours};
use crate::{
    kernel::{Conv2dDims, samples, samples_mut},
    quantized::{Order, Requantize, Rounding},
    sliding::Options,
};

/// The channels of the input at tap `(r, s)` of the window of output `(i, j)`; none in the padding.
#[inline(always)]
pub(super) fn pixel<'a, T>(dims: &Conv2dDims, x: &'a [T], [i, j]: [usize; 2], [r, s]: [usize; 2]) -> Option<&'a [T]> {
    let Options { stride, padding, dilation, .. } = dims.window.options;
    let row = (i * stride[0] + r * dilation[0]).checked_sub(padding[0]).filter(|row| *row < dims.input[0])?;
    let column = (j * stride[1] + s * dilation[1]).checked_sub(padding[1]).filter(|column| *column < dims.input[1])?;
    let channels = dims.groups * dims.in_channels;
    let start = (row * dims.input[1] + column) * channels;
    x.get(start..)?.get(..channels)
}

/// Calls `f` with each output's place and its channels.
#[inline(always)]
pub(super) fn for_each_output<T>(dims: &Conv2dDims, y: &mut [T], f: impl FnMut([usize; 2], &mut [T])) {
    for_each_place(dims.output[1], dims.groups * dims.out_channels, y, f);
}

/// Calls `f` with each place and its channels, in rows of so many columns.
#[inline(always)]
pub(super) fn for_each_place<T>(columns: usize, channels: usize, y: &mut [T], mut f: impl FnMut([usize; 2], &mut [T])) {
    for (i, row) in samples_mut(y, columns * channels).enumerate() {
        for (j, y) in samples_mut(row, channels).enumerate() {
            f([i, j], y);
        }
    }
}

#[inline(never)]
pub(super) fn conv2d<R: Rounding>(
    order: Order,
    dims: &Conv2dDims,
    x: &[i8],
    zero: i8,
    weight: &[i8],
    requantize: Requantize<'_>,
    y: &mut [i8],
) {
    let ([rows, columns], len) = (dims.window.kernel, dims.filter_len());
    let filters = dims.groups * dims.out_channels;
    for (x, y) in samples(x, dims.in_len()).zip(samples_mut(y, dims.out_len())) {
        for_each_output(dims, y, |place, y| {
            for (group, y) in samples_mut(y, dims.out_channels).enumerate() {
                for (m, y) in y.iter_mut().enumerate() {
                    let o = group * dims.out_channels + m;
                    let mut sum = 0_i32;
                    for r in 0..rows {
                        for s in 0..columns {
                            let tap = (r * columns + s) * dims.in_channels;
                            let pixel = pixel(dims, x, place, [r, s])
                                .and_then(|pixel| pixel.get(group * dims.in_channels..)?.get(..dims.in_channels));
                            if let (Some(x), Order::RowMajor | Order::Mve) = (pixel, order) {
                                let weight = weight.get(o * len + tap..).unwrap_or_default();
                                sum = sum.wrapping_add(dot(x, weight));
                                continue;
                            }
                            if let (Some(x), Order::Host) = (pixel, order)
                                && dims.in_channels.is_multiple_of(4)
                            {
                                sum = sum.wrapping_add(fours(weight, filters, [o, tap], len, x));
                                continue;
                            }
                            for c in 0..dims.in_channels {
                                let x = pixel.and_then(|x| x.get(c)).unwrap_or(&zero);
                                let w = order.get(weight, filters, len, o, tap + c);
                                sum = sum.wrapping_add(i32::from(*x) * i32::from(w));
                            }
                        }
                    }
                    *y = requantize.apply::<R>(o, sum);
                }
            }
        });
    }
}

#[inline(never)]
pub(super) fn depthwise_conv2d<R: Rounding>(
    order: Order,
    dims: &Conv2dDims,
    x: &[i8],
    zero: i8,
    weight: &[i8],
    requantize: Requantize<'_>,
    y: &mut [i8],
) {
    let [rows, columns] = dims.window.kernel;
    let channels = dims.groups * dims.out_channels;
    for (x, y) in samples(x, dims.in_len()).zip(samples_mut(y, dims.out_len())) {
        for_each_output(dims, y, |place, y| {
            for (group, y) in samples_mut(y, dims.out_channels).enumerate() {
                for (m, y) in y.iter_mut().enumerate() {
                    let o = group * dims.out_channels + m;
                    let mut sum = 0_i32;
                    for r in 0..rows {
                        for s in 0..columns {
                            let x = pixel(dims, x, place, [r, s]).and_then(|x| x.get(group)).unwrap_or(&zero);
                            let w =
                                weight.get(order.depthwise(channels, rows * columns, o, r * columns + s)).unwrap_or(&0);
                            sum = sum.wrapping_add(i32::from(*x) * i32::from(*w));
                        }
                    }
                    *y = requantize.apply::<R>(o, sum);
                }
            }
        });
    }
}
