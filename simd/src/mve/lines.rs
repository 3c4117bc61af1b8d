//! Lines of outputs of depthwise convolutions with windows of 3 by 3, sixteen channels at a time.
//!
//! Products of bytes have 16 bits, and so has a sum of two: taps go in pairs, whose sums are widened to 32 bits. What
//! comes of even and odd bytes stays apart until the outputs are narrowed, which brings the channels back into order.

use core::arch::naked_asm;

use tensorlet::quantized::Scale;

use super::round::Rounds;

/// Rows and columns of the window.
pub(super) const WINDOW: usize = 3;

/// What the functions in assembly work on. They load the first ten words at once.
#[derive(Clone, Copy)]
#[repr(C)]
pub(super) struct Line {
    /// The lines of the input that the window meets, from its first column on.
    pub(super) x: [*const i8; WINDOW],
    /// The weights: up to sixteen channels of each tap, tap after tap, then the next sixteen.
    pub(super) weight: *const i8,
    /// Where the outputs go.
    pub(super) y: *mut i8,
    /// Bytes from one pixel to the next.
    pub(super) pixel: u32,
    /// The bias of each channel.
    pub(super) bias: *const i32,
    /// The scale of each channel.
    pub(super) scales: *const Scale,
    /// Offsets of the biases and scales of every fourth channel.
    pub(super) fourths: *const [u32; 8],
    /// The number of channels by sixteen, or that of fewer than sixteen channels, a multiple of 4.
    pub(super) channels: u32,
    /// The number of outputs, at least 1.
    pub(super) outputs: u32,
    /// Bytes from the weights of one tap to those of the next; of whole sixteens, from the seventeenth channel of a tap
    /// to the next one.
    pub(super) tap: u32,
    /// Bytes from one window to the next.
    pub(super) step: u32,
    /// Bytes from one output to the next.
    pub(super) along: u32,
}

impl Line {
    /// The same line for the channels from `first` on.
    pub(super) fn from(self, first: usize, channels: usize) -> Self {
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

    /// Makes outputs of sixteen bytes, of one pixel or of some beside each other, or those of fewer channels.
    ///
    /// # Safety
    /// Weights, biases and scales are there for all channels, each line of the input holds all windows, and there is
    /// room for the outputs.
    pub(super) unsafe fn run(&mut self, rounds: Rounds, whole: bool) {
        let make = match (rounds, whole) {
            (Rounds::Once, true) => line_once,
            (Rounds::Twice, true) => line_twice,
            (Rounds::Rectified, true) => line_rectified,
            (Rounds::Once, false) => tail_once,
            (Rounds::Twice, false) => tail_twice,
            (Rounds::Rectified, false) => tail_rectified,
        };
        // SAFETY: the caller's.
        unsafe { make(self) }
    }
}

/// Offsets in bytes of the biases of four channels that lie four apart, and of their scales.
pub(super) static FOURTHS: [u32; 8] = [0, 16, 32, 48, 0, 48, 96, 144];

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
        // SAFETY of the assembly: `r4` to `r11`, `lr` and `q4` to `q7` (`d8` to `d15`) are saved and restored, the
        // stack is as before at the end, and flags, `r0` to `r3`, `r12` and `q0` to `q3` belong to the callee. A round
        // reads sixteen bytes of three pixels in each line and of nine taps, sixteen biases and scales, and writes
        // sixteen bytes. For fewer than sixteen channels there is one, which reads and writes so many bytes, and where
        // it gathers words those of a lane for each four. Then `x` and `y` of the job go on by `step` and `along`.
        // Offsets, biases and scales are words, aligned by their types.
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
                // Taps 0 and 1.
                "vldrb.u8 q4, [r1]",
                $($weights,)*
                "vmullb.s8 q6, q4, q5",
                "vmullt.s8 q7, q4, q5",
                "add r8, r1, r6",
                "add r1, r1, #16",
                "vldrb.u8 q4, [r8]",
                $($weights,)*
                "vmullb.s8 q0, q4, q5",
                "vadd.i16 q6, q6, q0",
                "vmullt.s8 q0, q4, q5",
                "vadd.i16 q7, q7, q0",
                // The sums begin with the biases: q0 has channels 0 4 8 12, q1 1 5 9 13, q2 2 6 10 14, q3 3 7 11 15.
                $($bias,)*
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
                "ldrd r8, r7, [r0, #48]",
                "ldm r0, {{r1-r5}}",
                "add r1, r1, r8",
                "add r2, r2, r8",
                "add r3, r3, r8",
                "add r5, r5, r7",
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
    /// A line of outputs of a multiple of sixteen channels, rounded twice and rectified.
    line_rectified,
    ["dls lr, lr", "le lr, 2b"],
    ["vld40.32 {{q0, q1, q2, q3}}, [r7]", "vld41.32 {{q0, q1, q2, q3}}, [r7]", "vld42.32 {{q0, q1, q2, q3}}, [r7]",
     "vld43.32 {{q0, q1, q2, q3}}, [r7]!"],
    ["vldrb.u8 q5, [r4], #16"],
    "vldrb.u8 q4, [r2], #16", ["add r8, r2, r12"],
    ["vqrdmulh.s32 q0, q0, q5", "vqrdmulh.s32 q1, q1, q5", "vqrdmulh.s32 q2, q2, q5", "vqrdmulh.s32 q3, q3, q5"],
    [],
    [],
    [],
    []
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
    /// A line of outputs of fewer than sixteen channels, rounded twice and rectified.
    tail_rectified,
    ["dlstp.8 lr, lr", "letp lr, 2b"],
    ["vldrw.u32 q4, [r10]", "vadd.i32 q4, q4, r7", "vldrw.u32 q0, [q4]", "vldrw.u32 q1, [q4, #4]",
     "vldrw.u32 q2, [q4, #8]", "vldrw.u32 q3, [q4, #12]"],
    ["vldrb.u8 q5, [r4]", "add r4, r4, r12"],
    "vldrb.u8 q4, [r2]", ["add r8, r2, r6"],
    ["vqrdmulh.s32 q0, q0, q5", "vqrdmulh.s32 q1, q1, q5", "vqrdmulh.s32 q2, q2, q5", "vqrdmulh.s32 q3, q3, q5"],
    [],
    [],
    [],
    []
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
