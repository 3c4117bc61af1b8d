//! From sums to outputs, four channels at a time.

use core::arch::naked_asm;

use tensorlet::quantized::{Requantize, Scale};

/// What the functions of this file work on. The offsets of the fields stand in the assembly.
#[repr(C)]
pub(super) struct Outputs {
    /// The bias of the first channel.
    bias: *const i32,
    /// The scale of the first channel.
    scales: *const Scale,
    /// The sums.
    sums: *const i32,
    /// The number of channels, at least 1.
    channels: u32,
    /// From one channel's scale to the next: the size of one, or 0.
    step: u32,
    /// Where the outputs of each pixel go.
    pub(super) y: [*mut i8; 3],
}

// The assembly reads multiplier, addend and shift from the first three words.
const _: () = assert!(size_of::<Scale>() == 12);

impl Outputs {
    /// The outputs of channels `first..first + channels`; none if there are not as many.
    pub(super) fn new(
        requantize: &Requantize<'_>,
        first: usize,
        channels: usize,
        sums: *const i32,
        y: [*mut i8; 3],
    ) -> Option<Self> {
        let bias = requantize.bias.get(first..)?.get(..channels)?;
        let scales = match requantize.scales {
            [one] => core::slice::from_ref(one),
            scales => scales.get(first..)?.get(..channels)?,
        };
        let step = if scales.len() == 1 { 0 } else { size_of::<Scale>() as u32 };
        (channels > 0).then_some(Self {
            bias: bias.as_ptr(),
            scales: scales.as_ptr(),
            sums,
            channels: channels as u32,
            step,
            y,
        })
    }
}

/// A function that makes outputs: `name, [the high words of the products], [what the sign adds]`, for three pixels, for
/// one, or for one with the same scale for all channels.
///
/// Of each channel `h` is the high word of `2 · (sum + bias) · multiplier`, rounded or not, and
/// `y = (h + sign(h) + addend) >> shift`, saturated: see `Scale`. In `q0` to `q3` are bias, multiplier, addend and
/// the shift, negative. Shifted to the left by 24 bits less, with saturation, the highest byte is `y`.
macro_rules! outputs {
    (three $(#[$doc:meta])* $name:ident, $multiply:literal, [$($sign:literal),*]) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// Channels and scales are there as `Outputs` says, sums as `sums_of_pairs` leaves them, and room for all outputs.
        // SAFETY of the assembly: `r4` to `r9`, `lr` and `q4` to `q7` (`d8` to `d15`) are saved and restored, the stack
        // is as before at the end, and flags, `r0` to `r3` and `q0` to `q3` belong to the callee. Of each channel it
        // reads a bias, the three words of a scale and a sum of each pixel, 4 bytes from the first of a pair to the
        // second and 24 to the next pair, and writes a byte to each of `y`; the last round only for the channels that
        // are left, where it gathers, too. All but bytes are words, aligned by their types.
        #[unsafe(naked)]
        unsafe extern "C" fn $name(outputs: *const Outputs) {
            naked_asm!(
                ".cpu cortex-m55",
                "push {{r4-r9, lr}}",
                "vpush {{d8-d15}}",
                "ldrd r1, r9, [r0]",
                "ldrd r3, lr, [r0, #8]",
                "ldrd r8, r4, [r0, #16]",
                "ldrd r5, r6, [r0, #24]",
                // The addresses of four scales; and of the sums of two pairs, 0 4 24 28.
                "mov r2, #0",
                "vidup.u32 q7, r2, #1",
                "vmul.i32 q7, q7, r8",
                "vadd.i32 q7, q7, r9",
                "lsl r8, r8, #2",
                "mov r2, #0",
                "vidup.u32 q6, r2, #4",
                "mov r7, #24",
                "vmov.32 q6[2], r7",
                "mov r7, #28",
                "vmov.32 q6[3], r7",
                "mov r7, #48",
                "add r0, r3, #8",
                "add r2, r3, #16",
                "mov r9, #24",
                "dlstp.32 lr, lr",
                "2:",
                "vldrw.u32 q0, [r1], #16",
                "vldrw.u32 q1, [q7]",
                "vldrw.u32 q2, [q7, #4]",
                "vldrw.u32 q3, [q7, #8]",
                "vadd.i32 q7, q7, r8",
                "vadd.i32 q3, q3, r9",
                "vldrw.u32 q4, [r3, q6]",
                "vadd.i32 q4, q4, q0",
                $multiply,
                $($sign,)*
                "vadd.i32 q4, q4, q2",
                "vqshl.s32 q4, q4, q3",
                "vshr.s32 q4, q4, #24",
                "vstrb.32 q4, [r4], #4",
                "vldrw.u32 q4, [r0, q6]",
                "vadd.i32 q4, q4, q0",
                $multiply,
                $($sign,)*
                "vadd.i32 q4, q4, q2",
                "vqshl.s32 q4, q4, q3",
                "vshr.s32 q4, q4, #24",
                "vstrb.32 q4, [r5], #4",
                "vldrw.u32 q4, [r2, q6]",
                "vadd.i32 q4, q4, q0",
                $multiply,
                $($sign,)*
                "vadd.i32 q4, q4, q2",
                "vqshl.s32 q4, q4, q3",
                "vshr.s32 q4, q4, #24",
                "vstrb.32 q4, [r6], #4",
                "vadd.i32 q6, q6, r7",
                "letp lr, 2b",
                "vpop {{d8-d15}}",
                "pop {{r4-r9, pc}}",
            )
        }
    };
    (one $(#[$doc:meta])* $name:ident, $multiply:literal, [$($sign:literal),*]) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// Channels and scales are there as `Outputs` says, a sum and room for an output of each channel.
        // SAFETY of the assembly: `r4` to `r9`, `lr` and `q4` to `q7` (`d8` to `d15`) are saved and restored, the stack
        // is as before at the end, and flags, `r0` to `r3` and `q0` to `q3` belong to the callee. Of each channel it
        // reads a bias, the three words of a scale and a sum, and writes a byte to the first of `y`; the last round
        // only for the channels that are left, where it gathers, too. All but bytes are words, aligned by their types.
        #[unsafe(naked)]
        unsafe extern "C" fn $name(outputs: *const Outputs) {
            naked_asm!(
                ".cpu cortex-m55",
                "push {{r4-r9, lr}}",
                "vpush {{d8-d15}}",
                "ldrd r1, r9, [r0]",
                "ldrd r3, lr, [r0, #8]",
                "ldrd r8, r4, [r0, #16]",
                "mov r2, #0",
                "vidup.u32 q7, r2, #1",
                "vmul.i32 q7, q7, r8",
                "vadd.i32 q7, q7, r9",
                "lsl r8, r8, #2",
                "dlstp.32 lr, lr",
                "2:",
                "vldrw.u32 q0, [r1], #16",
                "vldrw.u32 q1, [q7]",
                "vldrw.u32 q2, [q7, #4]",
                "vldrw.u32 q4, [r3], #16",
                "vadd.i32 q4, q4, q0",
                "vldrw.u32 q3, [q7, #8]",
                $multiply,
                $($sign,)*
                "vadd.i32 q4, q4, q2",
                "vadd.i32 q7, q7, r8",
                "vshl.s32 q4, q4, q3",
                "vqmovnb.s32 q4, q4",
                "vqmovnb.s16 q4, q4",
                "vstrb.32 q4, [r4], #4",
                "letp lr, 2b",
                "vpop {{d8-d15}}",
                "pop {{r4-r9, pc}}",
            )
        }
    };
    (same $(#[$doc:meta])* $name:ident, $multiply:literal, [$($sign:literal),*]) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// Channels and a scale are there as `Outputs` says, a sum and room for an output of each channel.
        // SAFETY of the assembly: `r4` to `r7` and `lr` are saved and restored, the stack is as before at the end, and
        // flags, `r0` to `r3`, `q0` and `q1` belong to the callee. It reads the first 9 bytes of a scale, then of each
        // channel a bias and a sum, and writes a byte to the first of `y`; the last round only for the channels that
        // are left. All but bytes are words, aligned by their types.
        #[unsafe(naked)]
        unsafe extern "C" fn $name(outputs: *const Outputs) {
            naked_asm!(
                ".cpu cortex-m55",
                "push {{r4-r7, lr}}",
                "ldrd r1, r2, [r0]",
                "ldrd r3, lr, [r0, #8]",
                "ldr r4, [r0, #20]",
                "ldrd r5, r6, [r2]",
                "ldrsb r7, [r2, #8]",
                "add r7, r7, #24",
                "dlstp.32 lr, lr",
                "2:",
                "vldrw.u32 q0, [r1], #16",
                "vldrw.u32 q1, [r3], #16",
                "vadd.i32 q0, q0, q1",
                $multiply,
                $($sign,)*
                "vadd.i32 q0, q0, r6",
                "vqshl.s32 q0, r7",
                "vshr.s32 q0, q0, #24",
                "vstrb.32 q0, [r4], #4",
                "letp lr, 2b",
                "pop {{r4-r7, pc}}",
            )
        }
    };
}

outputs!(same
    /// The outputs of one pixel with one scale, rounded twice.
    same_twice, "vqrdmulh.s32 q0, q0, r5", ["vshr.s32 q1, q0, #31", "vadd.i32 q0, q0, q1"]);
outputs!(same
    /// The outputs of one pixel with one scale, rounded twice and rectified.
    same_rectified, "vqrdmulh.s32 q0, q0, r5", []);
outputs!(same
    /// The outputs of one pixel with one scale, rounded once.
    same_once, "vqdmulh.s32 q0, q0, r5", []);
outputs!(three
    /// The outputs of three pixels, rounded twice.
    three_twice, "vqrdmulh.s32 q4, q4, q1", ["vshr.s32 q5, q4, #31", "vadd.i32 q4, q4, q5"]);
outputs!(three
    /// The outputs of three pixels, rounded twice and rectified.
    three_rectified, "vqrdmulh.s32 q4, q4, q1", []);
outputs!(three
    /// The outputs of three pixels, rounded once.
    three_once, "vqdmulh.s32 q4, q4, q1", []);
outputs!(one
    /// The outputs of one pixel, rounded twice.
    one_twice, "vqrdmulh.s32 q4, q4, q1", ["vshr.s32 q5, q4, #31", "vadd.i32 q4, q4, q5"]);
outputs!(one
    /// The outputs of one pixel, rounded twice and rectified.
    one_rectified, "vqrdmulh.s32 q4, q4, q1", []);
outputs!(one
    /// The outputs of one pixel, rounded once.
    one_once, "vqdmulh.s32 q4, q4, q1", []);

/// How sums are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rounds {
    /// As [`Once`](tensorlet::quantized::Once).
    Once,
    /// As [`Twice`](tensorlet::quantized::Twice).
    Twice,
    /// The same where no output below the zero point is seen. Of a negative `h` the output is never above that,
    /// with the sign's part or without: that part can go.
    Rectified,
}

impl Rounds {
    /// Which it is for these outputs.
    pub(super) fn of(twice: bool, requantize: &Requantize<'_>) -> Self {
        let min = i16::from(requantize.clamp.min);
        match twice {
            false => Self::Once,
            true if requantize.scales.iter().all(|scale| scale.zero_point <= min) => Self::Rectified,
            true => Self::Twice,
        }
    }

    /// The function for three pixels.
    pub(super) fn three(self) -> unsafe extern "C" fn(*const Outputs) {
        match self {
            Self::Once => three_once,
            Self::Twice => three_twice,
            Self::Rectified => three_rectified,
        }
    }

    /// The function for one pixel with these scales.
    pub(super) fn one(self, requantize: &Requantize<'_>) -> unsafe extern "C" fn(*const Outputs) {
        match (self, requantize.scales.len() == 1) {
            (Self::Once, false) => one_once,
            (Self::Twice, false) => one_twice,
            (Self::Rectified, false) => one_rectified,
            (Self::Once, true) => same_once,
            (Self::Twice, true) => same_twice,
            (Self::Rectified, true) => same_rectified,
        }
    }
}
