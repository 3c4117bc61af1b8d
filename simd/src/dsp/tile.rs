//! The tile of a convolution: two output channels at three pixels.

use core::arch::naked_asm;

use tensorlet::quantized::Scale;

use super::asm::{arch, requantize};

/// What [`twice`] and [`once`] work on.
#[repr(C)]
pub(super) struct Tile {
    /// The windows of three pixels, widened to 16 bits: for each two weights a word of each pixel, fours in the order
    /// 0, 2, 1, 3. The second half of the last word of an odd number is 0.
    pub(super) x: *const u32,
    /// The pairs of channels: an even number of halfwords each, aligned to words.
    pub(super) weight: *const i8,
    /// The last halfwords of the pairs, if their number of weights is odd.
    pub(super) tails: *const i8,
    /// Two for each pair.
    pub(super) bias: *const i32,
    /// Two for each pair.
    pub(super) scales: *const Scale,
    /// The outputs of the pixels. What the third has is written first, so that where there are fewer pixels the last
    /// one can stand for those that are missing.
    pub(super) y: [*mut i8; 3],
    /// Behind the last scale. There is at least one pair.
    pub(super) end: *const Scale,
    /// A quarter of the number of whole fours of weights, rounded up.
    pub(super) rounds: usize,
    /// With how many fours the first round begins: 1 to 4, or 0 if there are none.
    pub(super) entry: usize,
    /// The weights left after the fours: 0 to 3.
    pub(super) rest: usize,
}

impl Tile {
    /// Rounds, entry and rest for so many weights.
    pub(super) fn rounds(len: usize) -> (usize, usize, usize) {
        let fours = len / 4;
        (fours.div_ceil(4), if fours == 0 { 0 } else { (fours - 1) % 4 + 1 }, len % 4)
    }
}

/// `acc += w · x` for three pixels: both channels of the pair, and the second alone.
macro_rules! word {
    ($w:literal) => {
        concat!(
            "smlad r4, ",
            $w,
            ", r10, r4\n",
            "smlad r6, ",
            $w,
            ", r11, r6\n",
            "smlad r8, ",
            $w,
            ", r12, r8\n",
            "sxtb16 ",
            $w,
            ", ",
            $w,
            "\n",
            "smlad r5, ",
            $w,
            ", r10, r5\n",
            "smlad r7, ",
            $w,
            ", r11, r7\n",
            "smlad r9, ",
            $w,
            ", r12, r9\n",
        )
    };
}

/// Four weights of both channels at three pixels: 24 products in 17 instructions.
macro_rules! four {
    () => {
        concat!(
            "ldrd r3, lr, [r1], #8\n",
            "ldm r0!, {{r10, r11, r12}}\n",
            word!("r3"),
            "ldm r0!, {{r10, r11, r12}}\n",
            word!("lr"),
        )
    };
}

macro_rules! tile {
    ($(#[$doc:meta])* $name:ident $rounding:ident) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// The pointers must be as [`Tile`] says, valid for what the sizes say, and the weights (`x` and `weight`)
        /// aligned to words.
        // SAFETY of the assembly: `r4` to `r11` and `lr` are saved and restored, the stack is as before at the end,
        // and flags, `r0` to `r3` and `r12` belong to the callee. Each pair reads `4·fours + rest` halfwords: 8 bytes
        // of `weight` for each four, 4 if `rest` has its second bit, 2 of `tails` if it has its first; of `x`, from
        // its beginning, 12 bytes for each two of them. It reads 8 bytes of `bias` and 24 of `scales`, and writes two
        // bytes to each output. `ldrd` and `ldm` see addresses that are multiples of 4: those of words.
        #[unsafe(naked)]
        pub(super) unsafe extern "C" fn $name(tile: &Tile) {
            naked_asm!(
                arch!(),
                "push {{r4-r11, lr}}",
                "ldm r0, {{r1-r12}}",
                "push {{r1-r12}}",
                "ldr r1, [sp, #4]",
                // The next pair.
                "2: ldr r0, [sp]",
                "ldrd r2, r3, [sp, #36]",
                "movs r4, #0",
                "movs r5, #0",
                "movs r6, #0",
                "movs r7, #0",
                "mov r8, #0",
                "mov r9, #0",
                "tbb [pc, r3]",
                "3: .byte (8f - 3b) / 2, (7f - 3b) / 2, (6f - 3b) / 2, (5f - 3b) / 2, (4f - 3b) / 2, 0",
                "4:",
                four!(),
                "5:",
                four!(),
                "6:",
                four!(),
                "7:",
                four!(),
                "subs r2, #1",
                "bne 4b",
                "8: ldr r2, [sp, #44]",
                "cbz r2, 10f",
                // The second bit to the carry, the first to the sign.
                "lsls r2, r2, #31",
                "bcc 9f",
                "ldr r3, [r1], #4",
                "ldm r0!, {{r10, r11, r12}}",
                word!("r3"),
                "9: bpl 10f",
                "ldr lr, [sp, #8]",
                "ldrsh r3, [lr], #2",
                "str lr, [sp, #8]",
                "ldm r0, {{r10, r11, r12}}",
                "smlad r4, r3, r10, r4",
                "smlad r6, r3, r11, r6",
                "smlad r8, r3, r12, r8",
                "sxtb r3, r3",
                "smlad r5, r3, r10, r5",
                "smlad r7, r3, r11, r7",
                "smlad r9, r3, r12, r9",
                // 256·A + B and B become 2·A and 2·B with their bias.
                "10: ldr lr, [sp, #12]",
                "ldrd r2, r3, [lr], #8",
                "str lr, [sp, #12]",
                "subs r4, r4, r5",
                "subs r6, r6, r7",
                "sub r8, r8, r9",
                "add r4, r2, r4, asr #7",
                "add r6, r2, r6, asr #7",
                "add r8, r2, r8, asr #7",
                "add r5, r3, r5, lsl #1",
                "add r7, r3, r7, lsl #1",
                "add r9, r3, r9, lsl #1",
                "ldr lr, [sp, #16]",
                "ldm lr!, {{r2, r3, r10}}",
                requantize![$rounding, "r2" "r3" "r10": "r4" "r6" "r8"],
                "ldm lr!, {{r2, r3, r10}}",
                "str lr, [sp, #16]",
                requantize![$rounding, "r2" "r3" "r10": "r5" "r7" "r9"],
                "ldrd r10, r11, [sp, #20]",
                "ldr r12, [sp, #28]",
                "strb r8, [r12], #1",
                "strb r9, [r12], #1",
                "strb r6, [r11], #1",
                "strb r7, [r11], #1",
                "strb r4, [r10], #1",
                "strb r5, [r10], #1",
                "strd r10, r11, [sp, #20]",
                "str r12, [sp, #28]",
                "ldr r2, [sp, #32]",
                "cmp lr, r2",
                "bne 2b",
                "add sp, #48",
                "pop {{r4-r11, pc}}",
            )
        }
    };
}

tile! {
    /// The outputs of all pairs of channels at three pixels, rounded [`Twice`](tensorlet::quantized::Twice).
    twice Twice
}
tile! {
    /// The same, rectified.
    rectified Rectified
}
tile! {
    /// The same, rounded [`Once`](tensorlet::quantized::Once).
    once Once
}
