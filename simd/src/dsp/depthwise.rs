//! Depthwise convolutions: one channel after the other is widened to 16 bits, line by line, and windows slide over the
//! lines.

use core::arch::naked_asm;

use tensorlet::{
    kernel::Conv2dDims,
    quantized::{Plane, Requantize},
};

use super::{
    Rounds,
    asm::arch,
    plane::{Core, Lines},
};
use crate::samples;

/// The lines of a plane that lie inside the input, on their way there. Steps are bytes.
#[repr(C)]
struct Spread {
    x: *const i8,
    /// From one element of a line to the next.
    x_along: usize,
    /// From one line to the next.
    x_step: usize,
    to: *mut i16,
    to_step: usize,
    /// Elements of a line.
    n: usize,
    /// Lines, at least one.
    lines: usize,
}

/// Computes a depthwise convolution, or returns false if it is empty, a slice too short, or scales not folded.
#[inline(never)]
#[allow(clippy::too_many_arguments, reason = "what the kernel has, and what follows from the shape")]
pub(super) fn depthwise_conv2d(
    d: &Conv2dDims,
    plane: &Plane,
    core: Core,
    [x, weight]: [&[i8]; 2],
    zero: i8,
    requantize: Requantize<'_>,
    y: &mut [i8],
    scratch: &mut [f32],
) -> bool {
    let (channels, taps) = (d.groups * d.out_channels, d.taps());
    if scratch.len() < plane.scratch()
        || weight.len() < channels * taps
        || requantize.bias.len() < channels
        || requantize.scales.len() < channels
        || !requantize.folded
        || d.in_len() == 0
        || d.out_len() == 0
        || taps == 0
    {
        return false;
    }
    let (a, options) = (plane.along & 1, &d.window.options);
    let b = 1 - a;
    // From one element along a line to the next, and from one line to the next.
    let (in_along, in_step) = steps(a, d.input[1], d.groups);
    let (out_along, out_step) = steps(a, d.output[1], channels);
    let rectified = Rounds::of(true, requantize.scales, requantize.clamp) == Rounds::Rectified;
    let run = if rectified { core.rectified } else { core.run };
    let weights: *mut u32 = scratch.as_mut_ptr().cast();
    // SAFETY: scratch has the words of the weights and of the lines, as checked above.
    let lines: *mut i16 = unsafe { weights.add(plane.window * plane.words) }.cast();
    let samples = samples::count([x.len(), y.len()], [d.in_len(), d.out_len()]);
    for sample in 0..samples {
        let mut line = 0;
        while line < d.output[b] {
            let here = plane.outputs.min(d.output[b] - line);
            let first = (line * options.stride[b]) as isize - options.padding[b] as isize;
            // Lines of the plane that lie inside the input, and elements of them.
            let seen = ((here - 1) * options.stride[b] + Plane::extent(d, b)) as isize;
            let (begin, end) = ((-first).max(0).min(seen), (d.input[b] as isize - first).max(0).min(seen));
            let inside = d.input[a].min(plane.pitch.saturating_sub(options.padding[a]));
            let word = u32::from(zero as i16 as u16) * 0x1_0001;
            for i in 0..plane.lines * plane.pitch / 2 {
                // SAFETY: scratch has the words of the lines.
                unsafe { lines.cast::<u32>().add(i).write(word) };
            }
            let (stride, pairs) = (2 * options.stride[a], d.output[a] / 2);
            let mut windows = Lines {
                x: lines,
                x_step: 2 * plane.pitch * options.stride[b],
                line: 2 * plane.pitch * options.dilation[b],
                weight: weights,
                // SAFETY: `y` has this line of this sample.
                y: unsafe { y.as_mut_ptr().add(sample * d.out_len() + line * out_step) },
                odd: d.output[a] % 2,
                y_step: out_step,
                lines: here,
                pairs: 2 * pairs * stride,
                bias: 0,
                multiplier: 0,
                addend: 0,
                shift: 0,
                y_along: out_along,
                stride,
                skip: (2 * plane.pitch * options.dilation[b]) as isize - 4 * plane.words as isize,
                window: plane.window,
                rounds: plane.words.div_ceil(4),
                entry: (plane.words + 3) % 4 + 1,
                now: 0,
            };
            let mut channel = weight.chunks_exact(taps).zip(requantize.bias.iter().zip(requantize.scales));
            for group in 0..d.groups {
                if begin < end && inside > 0 {
                    // SAFETY: the lines from `first + begin` to `first + end` are in the input, and `inside` elements
                    // of each; those from `begin` to `end`, in which they fit behind the padding, in the plane.
                    unsafe {
                        let from = (first + begin) as usize * in_step + group;
                        spread(&Spread {
                            x: x.as_ptr().add(sample * d.in_len() + from),
                            x_along: in_along,
                            x_step: in_step,
                            to: lines.add(begin as usize * plane.pitch + options.padding[a]),
                            to_step: 2 * plane.pitch,
                            n: inside,
                            lines: (end - begin) as usize,
                        });
                    }
                }
                for _ in 0..d.out_channels {
                    let Some((weight, (bias, scale))) = channel.next() else { return false };
                    // SAFETY: scratch has the words of the weights: of three lines of three taps they are six.
                    unsafe {
                        match weight.first_chunk() {
                            Some(weight) if core.three => *weights.cast() = three(weight, a),
                            _ => widen(d, plane, weight, weights),
                        }
                    }
                    windows.bias = *bias;
                    (windows.multiplier, windows.addend) = (scale.multiplier, scale.addend);
                    windows.shift = i32::from(scale.shift);
                    // SAFETY: the plane has the lines of the windows of `here` lines of outputs, each as long as
                    // `Plane` finds that its outputs see, and is aligned to words with an even pitch; the weights
                    // stand as the core wants them. The outputs are those of this channel in these lines.
                    unsafe { run(&windows) }
                    windows.y = windows.y.wrapping_add(1);
                }
            }
            line += here;
        }
    }
    super::clamp(y, samples * d.out_len(), requantize.clamp);
    true
}

/// From one pixel along axis `a` to the next, and along the other axis.
fn steps(a: usize, columns: usize, channels: usize) -> (usize, usize) {
    if a == 1 { (channels, columns * channels) } else { (columns * channels, channels) }
}

/// The doubled weights of a window of 3 by 3, lines along axis `a`: the words `(0, 1)` and `(1, 2)` of each line.
fn three(weight: &[i8; 9], a: usize) -> [u32; 6] {
    let [p, q, r, s, t, u, v, w, x] = weight.map(i32::from);
    let lines = if a == 1 { [[p, q, r], [s, t, u], [v, w, x]] } else { [[p, s, v], [q, t, w], [r, u, x]] };
    let word = |low: i32, high: i32| (low << 1) as u32 & 0xffff | (high << 17) as u32;
    let [[a, b], [c, d], [e, f]] = lines.map(|[first, second, third]| [word(first, second), word(second, third)]);
    [a, b, c, d, e, f]
}

/// The doubled weights of a channel, in words of two taps along a line.
///
/// # Safety
/// `to` must have the words that the plane has for weights.
unsafe fn widen(d: &Conv2dDims, plane: &Plane, weight: &[i8], to: *mut u32) {
    let a = plane.along & 1;
    let (along, across) = if a == 1 { (1, d.window.kernel[1]) } else { (d.window.kernel[1], 1) };
    let tap = |line: usize, i: usize| weight.get(line * across + i * along).map_or(0, |w| 2 * i16::from(*w));
    let to: *mut i16 = to.cast();
    for line in 0..plane.window {
        // SAFETY: a line has so many words.
        let to = unsafe { core::slice::from_raw_parts_mut(to.add(line * 2 * plane.words), 2 * plane.words) };
        to.fill(0);
        for i in 0..d.window.kernel[a] {
            if let Some(to) = to.get_mut(i * d.window.options.dilation[a]) {
                *to = tap(line, i);
            }
        }
    }
}

/// Widens lines of one channel.
///
/// # Safety
/// All elements of all lines must be there, and room for them.
// SAFETY of the assembly: `r4` to `r11` and `lr` are saved and restored, flags, `r0` to `r3` and `r12` belong to the
// callee. Of each line `n` bytes are read, `x_along` apart, and as many halfwords written, one behind the other: four
// in each round, then one by one. `str` takes any address.
#[unsafe(naked)]
unsafe extern "C" fn spread(lines: &Spread) {
    naked_asm!(
        arch!(),
        "push {{r4-r11, lr}}",
        "ldm r0, {{r4-r10}}",
        "add r11, r5, r5, lsl #1",
        "2: mov r0, r4",
        "mov r1, r7",
        "lsrs r2, r9, #2",
        "beq 4f",
        "3: ldrsb r3, [r0]",
        "ldrsb r12, [r0, r5]",
        "ldrsb lr, [r0, r5, lsl #1]",
        "pkhbt r3, r3, r12, lsl #16",
        "ldrsb r12, [r0, r11]",
        "str r3, [r1], #4",
        "pkhbt lr, lr, r12, lsl #16",
        "str lr, [r1], #4",
        "add r0, r0, r5, lsl #2",
        "subs r2, #1",
        "bne 3b",
        "4: ands r2, r9, #3",
        "beq 6f",
        "5: ldrsb r3, [r0]",
        "add r0, r5",
        "strh r3, [r1], #2",
        "subs r2, #1",
        "bne 5b",
        "6: add r4, r6",
        "add r7, r8",
        "subs r10, #1",
        "bne 2b",
        "pop {{r4-r11, pc}}",
    )
}
