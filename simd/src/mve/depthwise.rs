//! Depthwise convolutions with windows of 3 by 3: sixteen channels at a time.
//!
//! Products of bytes have 16 bits, and so has a sum of two: taps go in pairs, whose sums are widened to 32 bits. What
//! comes of even and odd bytes stays apart until the outputs are narrowed, which brings the channels back into order.

use core::arch::naked_asm;

use tensorlet::{
    kernel::Conv2dDims,
    quantized::{Requantize, Scale},
    sliding::Options,
};

use super::asm;

/// Rows and columns of the window.
const WINDOW: usize = 3;

/// Whether [`depthwise_conv2d`] can do without the portable body: in fours, channels that are loaded together are all
/// there.
pub(super) const fn can(d: &Conv2dDims) -> bool {
    let Options { dilation, .. } = d.window.options;
    let square = d.window.kernel[0] == WINDOW && d.window.kernel[1] == WINDOW && dilation[0] == 1 && dilation[1] == 1;
    square && d.in_channels == 1 && d.out_channels == 1 && d.groups.is_multiple_of(4)
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

/// What the functions in assembly work on. They load the first ten words at once.
#[derive(Clone, Copy)]
#[repr(C)]
struct Line {
    /// The lines of the input that the window meets, from its first column on.
    x: [*const i8; WINDOW],
    /// The weights: up to sixteen channels of each tap, tap after tap, then the next sixteen.
    weight: *const i8,
    /// Where the outputs go.
    y: *mut i8,
    /// Bytes from one pixel to the next.
    pixel: u32,
    /// The bias of each channel.
    bias: *const i32,
    /// The scale of each channel.
    scales: *const Scale,
    /// Offsets of the biases and scales of every fourth channel.
    fourths: *const [u32; 8],
    /// The number of channels by sixteen, or that of fewer than sixteen channels, a multiple of 4.
    channels: u32,
    /// The number of outputs, at least 1.
    outputs: u32,
    /// Bytes from the weights of one tap to those of the next; of whole sixteens, from the seventeenth channel of a tap
    /// to the next one.
    tap: u32,
    /// Bytes from one window to the next.
    step: u32,
}

impl Line {
    /// The same line for the channels from `first` on.
    fn from(self, first: usize, channels: usize) -> Self {
        Self {
            x: self.x.map(|x| x.wrapping_add(first)),
            weight: self.weight.wrapping_add(first * WINDOW * WINDOW),
            y: self.y.wrapping_add(first),
            bias: self.bias.wrapping_add(first),
            scales: self.scales.wrapping_add(first),
            channels: if channels < 16 { channels } else { channels / 16 } as u32,
            tap: if channels < 16 { channels as u32 } else { self.pixel - 16 },
            ..self
        }
    }
}

/// Offsets in bytes of the biases of four channels that lie four apart, and of their scales.
static FOURTHS: [u32; 8] = [0, 16, 32, 48, 0, 48, 96, 144];

/// A function that makes a line of outputs: `name, [begin and end of the loop over channels],
/// [their biases], [the weights of a tap, and on to the next], tap 3 for the second
/// time, [where tap 4 is], [the high words of the products of q0 to q3 with q5], [what their
/// signs add]`.
macro_rules! lines {
    (
        $(#[$doc:meta])* $name:ident,
        [$begin:literal, $end:literal], [$($bias:literal),*], [$($weights:literal),*],
        $third:literal, [$($fourth:literal),*],
        [$high0:literal, $high1:literal, $high2:literal, $high3:literal],
        [$($sign0:literal),*], [$($sign1:literal),*], [$($sign2:literal),*], [$($sign3:literal),*]
    ) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// Weights, biases and scales are there for all channels, each line of the input holds all windows, and there
        /// is room for the outputs.
        #[unsafe(naked)]
        unsafe extern "C" fn $name(line: *mut Line) {
            naked_asm!(
                ".cpu cortex-m55",
                "push {{r4-r11, lr}}",
                "vpush {{d8-d15}}",
                "ldrd r11, r12, [r0, #40]",
                "1:",
                "ldm r0, {{r1-r7, r9, r10, lr}}",
                $begin,
                "2:",
                // The sums begin with the biases: q0 has channels 0 4 8 12, q1 1 5 9 13, q2 2 6 10 14, q3 3 7 11 15.
                $($bias,)*
                // Taps 0 and 1.
                "vldrb.u8 q4, [r1]",
                $($weights,)*
                "vmullb.s8 q6, q4, q5",
                "vmullt.s8 q7, q4, q5",
                "add r8, r1, r6",
                "add r1, r1, #16",
                "vldrb.u8 q4, [r8]",
                $($weights,)*
                "vmullb.s8 q4, q4, q5",
                "vadd.i16 q6, q6, q4",
                "vldrb.u8 q4, [r8]",
                "vmullt.s8 q4, q4, q5",
                "vadd.i16 q7, q7, q4",
                "vmovlb.s16 q4, q6",
                "vadd.i32 q0, q0, q4",
                "vmovlt.s16 q4, q6",
                "vadd.i32 q2, q2, q4",
                "vmovlb.s16 q4, q7",
                "vadd.i32 q1, q1, q4",
                "vmovlt.s16 q4, q7",
                "vadd.i32 q3, q3, q4",
                // Taps 2 and 3.
                "add r8, r8, r6",
                "vldrb.u8 q4, [r8]",
                $($weights,)*
                "vmullb.s8 q6, q4, q5",
                "vmullt.s8 q7, q4, q5",
                "vldrb.u8 q4, [r2]",
                $($weights,)*
                "vmullb.s8 q4, q4, q5",
                "vadd.i16 q6, q6, q4",
                $third,
                "vmullt.s8 q4, q4, q5",
                "vadd.i16 q7, q7, q4",
                "vmovlb.s16 q4, q6",
                "vadd.i32 q0, q0, q4",
                "vmovlt.s16 q4, q6",
                "vadd.i32 q2, q2, q4",
                "vmovlb.s16 q4, q7",
                "vadd.i32 q1, q1, q4",
                "vmovlt.s16 q4, q7",
                "vadd.i32 q3, q3, q4",
                // Taps 4 and 5.
                $($fourth,)*
                "vldrb.u8 q4, [r8]",
                $($weights,)*
                "vmullb.s8 q6, q4, q5",
                "vmullt.s8 q7, q4, q5",
                "add r8, r8, r6",
                "vldrb.u8 q4, [r8]",
                $($weights,)*
                "vmullb.s8 q4, q4, q5",
                "vadd.i16 q6, q6, q4",
                "vldrb.u8 q4, [r8]",
                "vmullt.s8 q4, q4, q5",
                "vadd.i16 q7, q7, q4",
                "vmovlb.s16 q4, q6",
                "vadd.i32 q0, q0, q4",
                "vmovlt.s16 q4, q6",
                "vadd.i32 q2, q2, q4",
                "vmovlb.s16 q4, q7",
                "vadd.i32 q1, q1, q4",
                "vmovlt.s16 q4, q7",
                "vadd.i32 q3, q3, q4",
                // Taps 6 and 7.
                "vldrb.u8 q4, [r3]",
                $($weights,)*
                "vmullb.s8 q6, q4, q5",
                "vmullt.s8 q7, q4, q5",
                "add r8, r3, r6",
                "add r3, r3, #16",
                "vldrb.u8 q4, [r8]",
                $($weights,)*
                "vmullb.s8 q4, q4, q5",
                "vadd.i16 q6, q6, q4",
                "vldrb.u8 q4, [r8]",
                "vmullt.s8 q4, q4, q5",
                "vadd.i16 q7, q7, q4",
                "vmovlb.s16 q4, q6",
                "vadd.i32 q0, q0, q4",
                "vmovlt.s16 q4, q6",
                "vadd.i32 q2, q2, q4",
                "vmovlb.s16 q4, q7",
                "vadd.i32 q1, q1, q4",
                "vmovlt.s16 q4, q7",
                "vadd.i32 q3, q3, q4",
                // Tap 8.
                "add r8, r8, r6",
                "vldrb.u8 q4, [r8]",
                $($weights,)*
                "vmullb.s8 q6, q4, q5",
                "vmullt.s8 q7, q4, q5",
                "vmovlb.s16 q4, q6",
                "vadd.i32 q0, q0, q4",
                "vmovlt.s16 q4, q6",
                "vadd.i32 q2, q2, q4",
                "vmovlb.s16 q4, q7",
                "vadd.i32 q1, q1, q4",
                "vmovlt.s16 q4, q7",
                "vadd.i32 q3, q3, q4",
                // Scales.
                "vldrw.u32 q4, [r10, #16]",
                "vadd.i32 q4, q4, r9",
                "vldrw.u32 q5, [q4, #0]",
                $high0,
                "vldrw.u32 q6, [q4, #4]",
                $($sign0,)*
                "vadd.i32 q0, q0, q6",
                "vldrw.u32 q5, [q4, #8]",
                "vshl.s32 q0, q0, q5",
                "vldrw.u32 q5, [q4, #12]",
                $high1,
                "vldrw.u32 q6, [q4, #16]",
                $($sign1,)*
                "vadd.i32 q1, q1, q6",
                "vldrw.u32 q5, [q4, #20]",
                "vshl.s32 q1, q1, q5",
                "vldrw.u32 q5, [q4, #24]",
                $high2,
                "vldrw.u32 q6, [q4, #28]",
                $($sign2,)*
                "vadd.i32 q2, q2, q6",
                "vldrw.u32 q5, [q4, #32]",
                "vshl.s32 q2, q2, q5",
                "vldrw.u32 q5, [q4, #36]",
                $high3,
                "vldrw.u32 q6, [q4, #40]",
                $($sign3,)*
                "vadd.i32 q3, q3, q6",
                "vldrw.u32 q5, [q4, #44]",
                "vshl.s32 q3, q3, q5",
                "vqmovnb.s32 q5, q0",
                "vqmovnt.s32 q5, q2",
                "vqmovnb.s32 q6, q1",
                "vqmovnt.s32 q6, q3",
                "vqmovnb.s16 q7, q5",
                "vqmovnt.s16 q7, q6",
                "vstrb.8 q7, [r5], #16",
                "add r9, r9, #192",
                $end,
                // The next window and the next output.
                "ldr r8, [r0, #48]",
                "ldm r0, {{r1-r5}}",
                "add r1, r1, r8",
                "add r2, r2, r8",
                "add r3, r3, r8",
                "add r5, r5, r6",
                "stm r0, {{r1-r5}}",
                "subs r11, r11, #1",
                "bne 1b",
                "vpop {{d8-d15}}",
                "pop {{r4-r11, pc}}",
            )
        }
    };
}

lines!(
    /// A line of outputs of a multiple of sixteen channels, rounded twice.
    line_twice,
    ["dls lr, lr", "le lr, 2b"],
    ["vld40.32 {{q0, q1, q2, q3}}, [r7]", "vld41.32 {{q0, q1, q2, q3}}, [r7]", "vld42.32 {{q0, q1, q2, q3}}, [r7]",
     "vld43.32 {{q0, q1, q2, q3}}, [r7]!"],
    ["vldrb.u8 q5, [r4], #16"],
    "vldrb.u8 q4, [r2], #16", ["add r8, r2, r12"],
    ["vqrdmulh.s32 q0, q0, q5", "vqrdmulh.s32 q1, q1, q5", "vqrdmulh.s32 q2, q2, q5", "vqrdmulh.s32 q3, q3, q5"],
    ["vshr.s32 q5, q0, #31", "vadd.i32 q0, q0, q5"],
    ["vshr.s32 q5, q1, #31", "vadd.i32 q1, q1, q5"],
    ["vshr.s32 q5, q2, #31", "vadd.i32 q2, q2, q5"],
    ["vshr.s32 q5, q3, #31", "vadd.i32 q3, q3, q5"]
);
lines!(
    /// A line of outputs of a multiple of sixteen channels, rounded once.
    line_once,
    ["dls lr, lr", "le lr, 2b"],
    ["vld40.32 {{q0, q1, q2, q3}}, [r7]", "vld41.32 {{q0, q1, q2, q3}}, [r7]", "vld42.32 {{q0, q1, q2, q3}}, [r7]",
     "vld43.32 {{q0, q1, q2, q3}}, [r7]!"],
    ["vldrb.u8 q5, [r4], #16"],
    "vldrb.u8 q4, [r2], #16", ["add r8, r2, r12"],
    ["vqdmulh.s32 q0, q0, q5", "vqdmulh.s32 q1, q1, q5", "vqdmulh.s32 q2, q2, q5", "vqdmulh.s32 q3, q3, q5"],
    [],
    [],
    [],
    []
);
lines!(
    /// A line of outputs of fewer than sixteen channels, rounded twice.
    tail_twice,
    ["dlstp.8 lr, lr", "letp lr, 2b"],
    ["vldrw.u32 q4, [r10]", "vadd.i32 q4, q4, r7", "vldrw.u32 q0, [q4]", "vldrw.u32 q1, [q4, #4]",
     "vldrw.u32 q2, [q4, #8]", "vldrw.u32 q3, [q4, #12]"],
    ["vldrb.u8 q5, [r4]", "add r4, r4, r12"],
    "vldrb.u8 q4, [r2]", ["add r8, r2, r6"],
    ["vqrdmulh.s32 q0, q0, q5", "vqrdmulh.s32 q1, q1, q5", "vqrdmulh.s32 q2, q2, q5", "vqrdmulh.s32 q3, q3, q5"],
    ["vshr.s32 q5, q0, #31", "vadd.i32 q0, q0, q5"],
    ["vshr.s32 q5, q1, #31", "vadd.i32 q1, q1, q5"],
    ["vshr.s32 q5, q2, #31", "vadd.i32 q2, q2, q5"],
    ["vshr.s32 q5, q3, #31", "vadd.i32 q3, q3, q5"]
);
lines!(
    /// A line of outputs of fewer than sixteen channels, rounded once.
    tail_once,
    ["dlstp.8 lr, lr", "letp lr, 2b"],
    ["vldrw.u32 q4, [r10]", "vadd.i32 q4, q4, r7", "vldrw.u32 q0, [q4]", "vldrw.u32 q1, [q4, #4]",
     "vldrw.u32 q2, [q4, #8]", "vldrw.u32 q3, [q4, #12]"],
    ["vldrb.u8 q5, [r4]", "add r4, r4, r12"],
    "vldrb.u8 q4, [r2]", ["add r8, r2, r6"],
    ["vqdmulh.s32 q0, q0, q5", "vqdmulh.s32 q1, q1, q5", "vqdmulh.s32 q2, q2, q5", "vqdmulh.s32 q3, q3, q5"],
    [],
    [],
    [],
    []
);

/// Computes a convolution, or returns false if a slice is too short.
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
    if !ready || d.in_len() == 0 || d.out_len() == 0 || (padded && 4 * scratch.len() < WINDOW * line) {
        return false;
    }
    let lines: *mut i8 = scratch.as_mut_ptr().cast();
    let Options { stride, padding, .. } = d.window.options;
    let bytes = d.input[1] * channels;
    if padded {
        // The columns of the padding stay as they are.
        // SAFETY: the scratch has room for all lines.
        unsafe { asm::fill(lines, zero.into(), (WINDOW * line) as u32) }
    }
    let samples = (x.len() / d.in_len()).min(y.len() / d.out_len());
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
            };
            let (whole, rest) = (channels & !15, channels % 16);
            // SAFETY: weights, biases and scales have been checked. All windows of the line lie inside the input with
            // its padding, as the convolution's sizes say, and so in the lines; `y` has a line of outputs there.
            unsafe {
                if whole > 0 {
                    let mut line = line.from(0, whole);
                    if twice { line_twice(&mut line) } else { line_once(&mut line) }
                }
                if rest > 0 {
                    let mut line = line.from(whole, rest);
                    if twice { tail_twice(&mut line) } else { tail_once(&mut line) }
                }
            }
        }
        super::clamp(y, d.out_len(), requantize.clamp);
    }
    true
}
