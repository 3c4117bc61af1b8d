//! Depthwise convolutions with windows of 3 by 3: sixteen channels at a time, or those of some pixels beside each other.

use tensorlet::{
    kernel::Conv2dDims,
    quantized::{Requantize, Scale},
    sliding::Options,
};

use super::{
    asm,
    lines::{FOURTHS, Line, WINDOW},
    round::Rounds,
};
use crate::{bounds, samples};

/// Whether [`depthwise_conv2d`] can do without the portable body: in fours, channels that are loaded together are all
/// there. Asked of sizes that can be counted with.
pub(super) const fn can(d: &Conv2dDims) -> bool {
    let Options { dilation, .. } = d.window.options;
    let square = d.window.kernel[0] == WINDOW && d.window.kernel[1] == WINDOW && dilation[0] == 1 && dilation[1] == 1;
    let inside = bounds::are_inside(&d.window, d.input, d.output);
    square && inside && d.in_channels == 1 && d.out_channels == 1 && d.groups.is_multiple_of(4)
}

/// Whether the input has padding, which lines in scratch then hold.
const fn is_padded(d: &Conv2dDims) -> bool {
    let Options { padding, padding_end, .. } = d.window.options;
    padding[0] + padding[1] + padding_end[0] + padding_end[1] > 0
}

/// Bytes of a line of the input with its padding.
const fn line(d: &Conv2dDims) -> usize {
    let Options { padding, padding_end, .. } = d.window.options;
    (padding[1] + d.input[1] + padding_end[1]) * d.groups
}

/// Pixels beside each other whose channels make sixteen bytes, both in the input and in the output; 1 if there are none.
const fn beside(d: &Conv2dDims) -> usize {
    if d.window.options.stride[1] == 1 && (d.groups == 4 || d.groups == 8) { 16 / d.groups } else { 1 }
}

/// What belongs to the channels of a pixel, again for each of the pixels that make sixteen bytes.
#[repr(C)]
struct Repeated {
    weight: [i8; 16 * WINDOW * WINDOW],
    bias: [i32; 16],
    scales: [Scale; 16],
}

// The words that the scratch has for it, and their alignment.
const _: () = assert!(size_of::<Repeated>() == 400 && align_of::<Repeated>() == 4);

/// Repeats what belongs to the channels of a pixel for so many pixels.
///
/// # Safety
/// There is room for 16 channels, aligned to words, and all have a weight of each tap, a bias and a scale.
unsafe fn repeat([channels, pixels]: [usize; 2], weight: &[i8], requantize: &Requantize<'_>, to: *mut Repeated) {
    let copy = |from: *const i8, to: *mut i8, bytes: usize| {
        for pixel in 0..pixels {
            // SAFETY: the caller's.
            unsafe { asm::copy(to.wrapping_add(pixel * bytes), from, bytes as u32) }
        }
    };
    // SAFETY: only the places are taken.
    let (weights, bias, scales): (*mut i8, *mut i32, *mut Scale) =
        unsafe { ((&raw mut (*to).weight).cast(), (&raw mut (*to).bias).cast(), (&raw mut (*to).scales).cast()) };
    for tap in 0..WINDOW * WINDOW {
        copy(weight.as_ptr().wrapping_add(tap * channels), weights.wrapping_add(16 * tap), channels);
    }
    copy(requantize.bias.as_ptr().cast(), bias.cast(), size_of::<i32>() * channels);
    copy(requantize.scales.as_ptr().cast(), scales.cast(), size_of::<Scale>() * channels);
}

/// Computes a convolution, or returns false if it is empty, a slice too short, or scales not
/// [`ready`](super::ready).
#[inline(never)]
pub(super) fn depthwise_conv2d(
    d: &Conv2dDims,
    twice: bool,
    [x, weight]: [&[i8]; 2],
    zero: i8,
    requantize: Requantize<'_>,
    y: &mut [i8],
    scratch: &mut [f32],
) -> bool {
    let channels = d.groups;
    let ready = weight.len() >= channels * WINDOW * WINDOW
        && requantize.bias.len() >= channels
        && requantize.scales.len() >= channels
        && super::ready(&requantize);
    let padded = is_padded(d);
    let line = line(d);
    if !ready || d.in_len() == 0 || d.out_len() == 0 {
        return false;
    }
    let rounds = Rounds::of(twice, &requantize);
    let words = if padded { (WINDOW * line).div_ceil(4) } else { 0 };
    let Some((lines, room)) = scratch.split_at_mut_checked(words) else { return false };
    let lines: *mut i8 = lines.as_mut_ptr().cast();
    let repeated: *mut Repeated = room.as_mut_ptr().cast();
    let pixels = if size_of_val(room) < size_of::<Repeated>() { 1 } else { beside(d) };
    if pixels > 1 {
        // SAFETY: there is room, aligned to words as all of it is; weights, biases and scales have been checked, and as
        // many channels as pixels make 16 bytes.
        unsafe { repeat([channels, pixels], weight, &requantize, repeated) }
    }
    let Options { stride, padding, .. } = d.window.options;
    let bytes = d.input[1] * channels;
    if padded {
        // The columns of the padding stay as they are.
        // SAFETY: the scratch has room for all lines.
        unsafe { asm::fill(lines, zero.into(), (WINDOW * line) as u32) }
    }
    let samples = samples::count([x.len(), y.len()], [d.in_len(), d.out_len()]);
    for sample in 0..samples {
        let (Some(x), Some(y)) = (
            x.get(sample * d.in_len()..(sample + 1) * d.in_len()),
            y.get_mut(sample * d.out_len()..(sample + 1) * d.out_len()),
        ) else {
            return false;
        };
        // The next row, those of the padding counted, that a line of the scratch does not hold yet.
        let mut next = 0;
        for i in 0..d.output[0] {
            let first = i * stride[0];
            let mut rows = [x.as_ptr(); WINDOW];
            for (r, row) in rows.iter_mut().enumerate() {
                let at = first + r;
                if !padded {
                    *row = x.as_ptr().wrapping_add(at * bytes);
                    continue;
                }
                let to = lines.wrapping_add(at % WINDOW * line);
                *row = to;
                if at < next {
                    continue;
                }
                next = at + 1;
                let own = to.wrapping_add(padding[1] * channels);
                let from = at.wrapping_sub(padding[0]);
                // SAFETY: the line has room for its padding and a row of the input, and a row of the input is one of
                // those that there are.
                unsafe {
                    if from < d.input[0] {
                        asm::copy(own, x.as_ptr().wrapping_add(from * bytes), bytes as u32);
                    } else {
                        asm::fill(own, zero.into(), bytes as u32);
                    }
                }
            }
            let line = Line {
                x: rows,
                weight: weight.as_ptr(),
                y: y.as_mut_ptr().wrapping_add(i * d.output[1] * channels),
                pixel: channels as u32,
                bias: requantize.bias.as_ptr(),
                scales: requantize.scales.as_ptr(),
                fourths: &FOURTHS,
                channels: 0,
                outputs: d.output[1] as u32,
                tap: 0,
                step: (stride[1] * channels) as u32,
                along: channels as u32,
            };
            let (whole, rest) = (channels & !15, channels % 16);
            // SAFETY: weights, biases and scales have been checked, and repeated for as many pixels as are done together. All
            // windows of the line lie inside the input with its padding, as the convolution's sizes say, and so in the
            // lines; `y` has a line of outputs there.
            unsafe {
                if whole > 0 {
                    line.from(0, whole).run(rounds, true);
                }
                let together = if pixels > 1 { d.output[1] / pixels } else { 0 };
                if together > 0 {
                    let mut line = Line {
                        weight: (&raw const (*repeated).weight).cast(),
                        bias: (&raw const (*repeated).bias).cast(),
                        scales: (&raw const (*repeated).scales).cast(),
                        channels: 1,
                        outputs: together as u32,
                        tap: line.pixel.wrapping_sub(16),
                        step: 16,
                        along: 16,
                        ..line
                    };
                    line.run(rounds, true);
                }
                let left = d.output[1] - together * pixels;
                if rest > 0 && left > 0 {
                    let done = together * 16;
                    let mut line = Line { outputs: left as u32, ..line.from(whole, rest) };
                    line.x = line.x.map(|x| x.wrapping_add(done));
                    line.y = line.y.wrapping_add(done);
                    line.run(rounds, false);
                }
            }
        }
        super::clamp(y, d.out_len(), requantize.clamp);
    }
    true
}
