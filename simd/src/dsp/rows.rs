//! The inner loop of a fully connected layer: four rows of weights at a time, then two.

use core::arch::naked_asm;

use tensorlet::quantized::Scale;

use super::asm::{arch, requantize};

/// What [`twice`] and [`once`] work on.
#[repr(C)]
pub(super) struct Rows {
    /// The inputs, widened to 16 bits, fours in the order 0, 2, 1, 3. The second half of the last word of an odd number
    /// is 0.
    pub(super) x: *const u32,
    /// The pairs of outputs: an even number of halfwords each, aligned to words.
    pub(super) weight: *const i8,
    /// Bytes from one pair to the next.
    pub(super) row: usize,
    /// The last halfwords of the pairs, if their number of weights is odd.
    pub(super) tails: *const i8,
    /// One for each output.
    pub(super) bias: *const i32,
    /// One for each output, or one for all.
    pub(super) scales: *const Scale,
    /// Bytes from one scale to the next, or 0.
    pub(super) step: usize,
    /// The outputs.
    pub(super) y: *mut i8,
    /// The number of pairs.
    pub(super) pairs: isize,
    /// A quarter of the number of whole fours of weights, rounded up.
    pub(super) rounds: usize,
    /// With how many fours the first round begins: 1 to 4, or 0 if there are none.
    pub(super) entry: usize,
    /// The weights left after the fours: 0 to 3.
    pub(super) rest: usize,
}

/// `acc += w · x` for a pair of outputs and four weights: both outputs, and the second alone.
macro_rules! four {
    ($row:literal $both:literal $second:literal) => {
        concat!(
            "ldrd r10, r11, [",
            $row,
            "], #8\n",
            words!("r10" "r8" $both $second),
            words!("r11" "r9" $both $second),
        )
    };
}

/// The same for a word.
macro_rules! words {
    ($w:literal $x:literal $both:literal $second:literal) => {
        concat!(
            "smlad ", $both, ", ", $w, ", ", $x, ", ", $both, "\n", "sxtb16 ", $w, ", ", $w, "\n", "smlad ", $second,
            ", ", $w, ", ", $x, ", ", $second, "\n",
        )
    };
}

/// Four weights of four outputs: 16 products in 15 instructions.
macro_rules! two_pairs {
    () => {
        concat!("ldrd r8, r9, [r0], #8\n", four!("r1" "r4" "r5"), four!("r2" "r6" "r7"))
    };
}

/// Four weights of two outputs.
macro_rules! one_pair {
    () => {
        concat!("ldrd r8, r9, [r0], #8\n", four!("r1" "r4" "r5"))
    };
}

/// Four times the fours of `$four`, entered where `r12` says, in as many rounds as `r3` says.
macro_rules! rounds {
    ($four:ident) => {
        concat!(
            "tbb [pc, r12]\n",
            "3: .byte (8f - 3b) / 2, (7f - 3b) / 2, (6f - 3b) / 2, (5f - 3b) / 2, (4f - 3b) / 2, 0\n",
            "4:\n",
            $four!(),
            "5:\n",
            $four!(),
            "6:\n",
            $four!(),
            "7:\n",
            $four!(),
            "subs r3, #1\n",
            "bne 4b\n",
            "8:\n",
        )
    };
}

macro_rules! rows {
    ($(#[$doc:meta])* $name:ident $rounding:ident) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// The pointers must be as [`Rows`] says, valid for what the sizes say, and the weights (`x` and `weight`)
        /// aligned to words.
        // SAFETY of the assembly: `r4` to `r11` and `lr` are saved and restored, the stack is as before at the end,
        // and flags, `r0` to `r3` and `r12` belong to the callee. Each pair reads `4·fours + rest` halfwords: 8 bytes
        // of `weight` for each four, 4 if `rest` has its second bit, 2 of `tails` if it has its first; of `x`, from
        // its beginning, as many, the last word whole. For each output it reads 4 bytes of `bias` and 12 of `scales`,
        // and writes one of `y`. `ldrd` and `ldm` see addresses that are multiples of 4: those of words.
        #[unsafe(naked)]
        pub(super) unsafe extern "C" fn $name(rows: &Rows) {
            naked_asm!(
                arch!(),
                "push {{r4-r11, lr}}",
                "ldm r0, {{r1-r12}}",
                "push {{r1-r12}}",
                "subs r9, #2",
                "blt 11f",
                "str r9, [sp, #32]",
                // The next two pairs.
                "2: ldr r0, [sp]",
                "ldrd r1, r3, [sp, #4]",
                "adds r2, r1, r3",
                "ldrd r3, r12, [sp, #36]",
                "movs r4, #0",
                "movs r5, #0",
                "movs r6, #0",
                "movs r7, #0",
                rounds!(two_pairs),
                "ldr r3, [sp, #44]",
                "cbz r3, 10f",
                // The second bit to the carry, the first to the sign.
                "lsls r3, r3, #31",
                "bcc 9f",
                "ldr r8, [r0], #4",
                "ldr r10, [r1], #4",
                "ldr r11, [r2], #4",
                words!("r10" "r8" "r4" "r5"),
                words!("r11" "r8" "r6" "r7"),
                "9: bpl 10f",
                "ldr r12, [sp, #12]",
                "ldr r8, [r0]",
                "ldrsh r10, [r12], #2",
                "ldrsh r11, [r12], #2",
                "str r12, [sp, #12]",
                words!("r10" "r8" "r4" "r5"),
                words!("r11" "r8" "r6" "r7"),
                // 256·A + B and B become 2·A and 2·B with their bias.
                "10: str r2, [sp, #4]",
                "add r3, sp, #16",
                "ldm r3, {{r0-r3}}",
                "ldm r0!, {{r8, r9, r10, r11}}",
                "subs r4, r4, r5",
                "subs r6, r6, r7",
                "add r4, r8, r4, asr #7",
                "add r5, r9, r5, lsl #1",
                "add r6, r10, r6, asr #7",
                "add r7, r11, r7, lsl #1",
                "ldm r1, {{r8, r9, r10}}",
                "add r1, r2",
                requantize![$rounding, "r8" "r9" "r10": "r4"],
                "ldm r1, {{r8, r9, r10}}",
                "add r1, r2",
                requantize![$rounding, "r8" "r9" "r10": "r5"],
                "ldm r1, {{r8, r9, r10}}",
                "add r1, r2",
                requantize![$rounding, "r8" "r9" "r10": "r6"],
                "ldm r1, {{r8, r9, r10}}",
                "add r1, r2",
                requantize![$rounding, "r8" "r9" "r10": "r7"],
                "strb r4, [r3], #1",
                "strb r5, [r3], #1",
                "strb r6, [r3], #1",
                "strb r7, [r3], #1",
                "strd r0, r1, [sp, #16]",
                "str r3, [sp, #28]",
                "ldr r9, [sp, #32]",
                "subs r9, #2",
                "str r9, [sp, #32]",
                "bge 2b",
                // The last pair.
                "11: adds r9, #1",
                "bne 14f",
                "ldrd r0, r1, [sp]",
                "ldrd r3, r12, [sp, #36]",
                "movs r4, #0",
                "movs r5, #0",
                rounds!(one_pair),
                "ldr r3, [sp, #44]",
                "cbz r3, 13f",
                "lsls r3, r3, #31",
                "bcc 12f",
                "ldr r8, [r0], #4",
                "ldr r10, [r1], #4",
                words!("r10" "r8" "r4" "r5"),
                "12: bpl 13f",
                "ldr r12, [sp, #12]",
                "ldr r8, [r0]",
                "ldrsh r10, [r12]",
                words!("r10" "r8" "r4" "r5"),
                "13: add r3, sp, #16",
                "ldm r3, {{r0-r3}}",
                "ldrd r8, r9, [r0]",
                "subs r4, r4, r5",
                "add r4, r8, r4, asr #7",
                "add r5, r9, r5, lsl #1",
                "ldm r1, {{r8, r9, r10}}",
                "add r1, r2",
                requantize![$rounding, "r8" "r9" "r10": "r4"],
                "ldm r1, {{r8, r9, r10}}",
                requantize![$rounding, "r8" "r9" "r10": "r5"],
                "strb r4, [r3]",
                "strb r5, [r3, #1]",
                "14: add sp, #48",
                "pop {{r4-r11, pc}}",
            )
        }
    };
}

rows! {
    /// The outputs of pairs of rows, rounded [`Twice`](tensorlet::quantized::Twice).
    twice Twice
}
rows! {
    /// The same, rounded [`Once`](tensorlet::quantized::Once).
    once Once
}

pub(super) use {four, rounds, two_pairs, words};
