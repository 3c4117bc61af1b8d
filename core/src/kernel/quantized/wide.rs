//! Products and convolutions of int16 activations and int8 weights.

use super::conv::{for_each_output, pixel};
use crate::{
    kernel::{Conv2dDims, samples, samples_mut},
    quantized::int16::{Accumulator, Requantize16},
};

/// The sum and the products of two rows.
#[inline(always)]
fn dot<B: Accumulator>(sum: B, x: &[i16], weight: &[i8]) -> B {
    x.iter().zip(weight).fold(sum, |sum, (&x, &w)| sum.add_product(x, w))
}

#[inline(never)]
pub(super) fn linear<B: Accumulator>(
    [inputs, outputs]: [usize; 2],
    x: &[i16],
    weight: &[i8],
    requantize: Requantize16<'_, B>,
    y: &mut [i16],
) {
    for (x, y) in samples(x, inputs).zip(samples_mut(y, outputs)) {
        for ((o, y), weight) in y.iter_mut().enumerate().zip(samples(weight, inputs)) {
            *y = requantize.apply(o, dot(requantize.start(o), x, weight));
        }
    }
}

#[inline(never)]
pub(super) fn conv2d<B: Accumulator>(
    dims: &Conv2dDims,
    x: &[i16],
    weight: &[i8],
    requantize: Requantize16<'_, B>,
    y: &mut [i16],
) {
    let ([rows, columns], len) = (dims.window.kernel, dims.filter_len());
    for (x, y) in samples(x, dims.in_len()).zip(samples_mut(y, dims.out_len())) {
        for_each_output(dims, y, |place, y| {
            for (o, y) in y.iter_mut().enumerate() {
                let group = o.checked_div(dims.out_channels).unwrap_or(0);
                let mut sum = requantize.start(o);
                for r in 0..rows {
                    for s in 0..columns {
                        let channels = pixel(dims, x, place, [r, s])
                            .and_then(|pixel| pixel.get(group * dims.in_channels..)?.get(..dims.in_channels));
                        let tap = o * len + (r * columns + s) * dims.in_channels;
                        sum = dot(sum, channels.unwrap_or_default(), weight.get(tap..).unwrap_or_default());
                    }
                }
                *y = requantize.apply(o, sum);
            }
        });
    }
}

#[inline(never)]
pub(super) fn depthwise_conv2d<B: Accumulator>(
    dims: &Conv2dDims,
    x: &[i16],
    weight: &[i8],
    requantize: Requantize16<'_, B>,
    y: &mut [i16],
) {
    let ([rows, columns], channels) = (dims.window.kernel, dims.groups * dims.out_channels);
    for (x, y) in samples(x, dims.in_len()).zip(samples_mut(y, dims.out_len())) {
        for_each_output(dims, y, |place, y| {
            for (o, y) in y.iter_mut().enumerate() {
                let group = o.checked_div(dims.out_channels).unwrap_or(0);
                let mut sum = requantize.start(o);
                for r in 0..rows {
                    for s in 0..columns {
                        let x = pixel(dims, x, place, [r, s]).and_then(|x| x.get(group)).unwrap_or(&0);
                        let w = weight.get((r * columns + s) * channels + o).unwrap_or(&0);
                        sum = sum.add_product(*x, *w);
                    }
                }
                *y = requantize.apply(o, sum);
            }
        });
    }
}
