//! Recurrent layers: the sums of all gates, and the functions that they go through.

use core::arch::naked_asm;

use tensorlet::quantized::GateScale;

use super::{
    asm::arch,
    rows::{four, rounds, two_pairs, words},
    tile::Tile,
};
use crate::bounds;

/// What [`twice`] and [`once`] work on: the gates of one matrix of weights.
#[repr(C)]
pub(super) struct Sums {
    /// The inputs, widened to 16 bits, fours in the order 0, 2, 1, 3. The second half of the last word of an odd number
    /// is 0.
    x: *const u32,
    /// The pairs of rows: an even number of halfwords each, aligned to words.
    weight: *const i8,
    /// Bytes from one pair to the next.
    row: usize,
    /// The last halfwords of the pairs, if their number of weights is odd.
    tails: *const i8,
    /// A quarter of the number of whole fours of weights, rounded up.
    rounds: usize,
    /// With how many fours the first round begins: 1 to 4, or 0 if there are none.
    entry: usize,
    /// The weights left after the fours: 0 to 3.
    rest: usize,
    /// One for each row, lifted.
    bias: *const i32,
    /// One for each gate, all lifted.
    scales: *const GateScale,
    /// One number for each row, aligned to words.
    y: *mut i16,
    /// What is added to each, aligned to words, or null.
    from: *const i16,
    /// Pairs of rows of each gate, at least 2.
    pairs: usize,
    /// At least 1.
    gates: usize,
}

// The assembly goes from one scale to the next, and reads the first five words of each.
const _: () = assert!(size_of::<GateScale>() == 24);

/// A matrix of weights whose rows are those of several gates of `units` each.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    pub(super) weight: &'a [i8],
    pub(super) bias: &'a [i32],
    pub(super) scales: &'a [GateScale],
    pub(super) inputs: usize,
    pub(super) units: usize,
}

/// Whether layers of these sizes can do without the portable body: all pairs of rows are of one gate, which has two.
pub(super) const fn can(gates: usize, inputs: usize, units: usize) -> bool {
    bounds::is_countable(&[gates, units, inputs])
        && bounds::is_countable(&[gates, units, units])
        && units >= 4
        && units.is_multiple_of(2)
        && inputs > 0
}

impl Matrix<'_> {
    /// Whether the gates can be summed up by [`twice`] and [`once`]: all is there, and prepared.
    pub(super) fn is_ready(&self) -> bool {
        let rows = self.scales.len() * self.units;
        can(self.scales.len(), self.inputs, self.units)
            && self.weight.len() >= rows * self.inputs
            && self.weight.as_ptr().cast::<u32>().is_aligned()
            && self.bias.len() >= rows
            && self.scales.iter().all(|scale| scale.factor > 0)
    }

    /// The sums of gates `first..first + gates` for the inputs `x`. All pointers are those of gate 0.
    pub(super) fn sums(&self, [first, gates]: [usize; 2], x: *const u32, from: *const i16, y: *mut i16) -> Sums {
        let (inputs, even) = (self.inputs, self.inputs & !1);
        let (all, before) = (self.scales.len() * self.units / 2, first * self.units / 2);
        let (rounds, entry, rest) = Tile::rounds(inputs);
        Sums {
            x,
            weight: self.weight.as_ptr().wrapping_add(2 * before * even),
            row: 2 * even,
            tails: self.weight.as_ptr().wrapping_add(2 * (all * even + before)),
            rounds,
            entry,
            rest,
            bias: self.bias.as_ptr().wrapping_add(2 * before),
            scales: self.scales.as_ptr().wrapping_add(first),
            y: y.wrapping_add(2 * before),
            from: if from.is_null() { from } else { from.wrapping_add(2 * before) },
            pairs: self.units / 2,
            gates,
        }
    }
}

/// From lifted sums in `r4` to `r7` to numbers, with addend, sign and multiplier in `r1` to `r3`, before the shift:
/// see `GateScale`.
macro_rules! scaled {
    (Twice) => {
        concat!(
            "smmla r8, r4, r2, r1\nsmmla r9, r5, r2, r1\nsmmla r10, r6, r2, r1\nsmmla r11, r7, r2, r1\n",
            "smmlar r4, r4, r3, r8\nsmmlar r5, r5, r3, r9\nsmmlar r6, r6, r3, r10\nsmmlar r7, r7, r3, r11\n",
        )
    };
    (Once) => {
        "smmla r4, r4, r3, r1\nsmmla r5, r5, r3, r1\nsmmla r6, r6, r3, r1\nsmmla r7, r7, r3, r1\n"
    };
}

macro_rules! sums {
    ($(#[$doc:meta])* $name:ident $rounding:ident) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// The pointers must be as [`Sums`] says, valid for what the sizes say.
        // SAFETY of the assembly: `r4` to `r11` and `lr` are saved and restored, the stack is as before at the end,
        // and flags, `r0` to `r3` and `r12` belong to the callee. Of each gate two pairs of rows are summed up in each
        // round; where one is left over, the one before it is summed up again with it, of which there is one, since
        // `pairs` is at least 2. Each pair reads `4·fours + rest` halfwords: 8 bytes of `weight` for each four, 4 if
        // `rest` has its second bit, 2 of `tails` if it has its first; of `x`, from its beginning, as many, the last
        // word whole. For each row it reads 4 bytes of `bias` and 2 of `from` unless that is null, and writes 2 of `y`.
        // `ldrd`, `strd` and `ldm` see addresses that are multiples of 4: those of words, and of pairs of halfwords.
        #[unsafe(naked)]
        pub(super) unsafe extern "C" fn $name(sums: &Sums) {
            naked_asm!(
                arch!(),
                "push {{r4-r11, lr}}",
                "ldm r0, {{r1-r12, lr}}",
                // Room for the pairs left.
                "push {{r0}}",
                "push {{r1-r12, lr}}",
                // The next gate.
                "1: ldr r3, [sp, #44]",
                "str r3, [sp, #52]",
                // The next two pairs.
                "2: ldr r0, [sp]",
                "ldrd r1, r2, [sp, #4]",
                "add r2, r1",
                "ldrd r3, r12, [sp, #16]",
                "movs r4, #0",
                "movs r5, #0",
                "movs r6, #0",
                "movs r7, #0",
                rounds!(two_pairs),
                "ldr r3, [sp, #24]",
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
                // 256·A + B and B become A and B with their bias, lifted.
                "10: str r2, [sp, #4]",
                "ldrd r0, lr, [sp, #28]",
                "ldm r0!, {{r8-r11}}",
                "str r0, [sp, #28]",
                "ldm lr, {{r0-r3, r12}}",
                "subs r4, r4, r5",
                "subs r6, r6, r7",
                "smmla r4, r4, r0, r8",
                "smmla r6, r6, r0, r10",
                "lsrs r0, r0, #24",
                "mla r5, r5, r0, r9",
                "mla r7, r7, r0, r11",
                scaled!($rounding),
                "asr r4, r12",
                "asr r5, r12",
                "asr r6, r12",
                "asr r7, r12",
                "ldrd r3, r8, [sp, #36]",
                "cmp r8, #0",
                "beq 11f",
                "ldrd r9, r10, [r8], #8",
                "str r8, [sp, #40]",
                "sxtah r4, r4, r9",
                "add r5, r5, r9, asr #16",
                "sxtah r6, r6, r10",
                "add r7, r7, r10, asr #16",
                "11: ssat r4, #16, r4",
                "ssat r5, #16, r5",
                "ssat r6, #16, r6",
                "ssat r7, #16, r7",
                "pkhbt r4, r4, r5, lsl #16",
                "pkhbt r6, r6, r7, lsl #16",
                "strd r4, r6, [r3], #8",
                "str r3, [sp, #36]",
                "ldr r3, [sp, #52]",
                "subs r3, #2",
                "str r3, [sp, #52]",
                "cmp r3, #1",
                "bhi 2b",
                "blo 13f",
                // One is left: one back.
                "movs r3, #2",
                "str r3, [sp, #52]",
                "ldrd r0, r1, [sp, #4]",
                "subs r0, r0, r1",
                "ldr r1, [sp, #12]",
                "subs r1, #2",
                "ldr r2, [sp, #28]",
                "subs r2, #8",
                "ldrd r3, r4, [sp, #36]",
                "subs r3, #4",
                "cbz r4, 12f",
                "subs r4, #4",
                "12: str r0, [sp, #4]",
                "str r1, [sp, #12]",
                "str r2, [sp, #28]",
                "strd r3, r4, [sp, #36]",
                "b 2b",
                "13: ldr r0, [sp, #32]",
                "adds r0, #24",
                "str r0, [sp, #32]",
                "ldr r0, [sp, #48]",
                "subs r0, #1",
                "str r0, [sp, #48]",
                "bne 1b",
                "add sp, #56",
                "pop {{r4-r11, pc}}",
            )
        }
    };
}

sums! {
    /// The numbers of all rows, rounded [`Twice`](tensorlet::quantized::Twice).
    twice Twice
}
sums! {
    /// The same, rounded [`Once`](tensorlet::quantized::Once).
    once Once
}

/// `σ` of a number in Q3.12, in Q0.15, in its place, with two more registers. `r4` to `r7` are the middle of the table,
/// 65535, 512 and `2^24 + 512`: an entry and the next one in one word, times the halves of another.
macro_rules! sigmoid {
    ($x:literal $entries:literal $rest:literal) => {
        concat!(
            "add ",
            $x,
            ", ",
            $x,
            ", ",
            $x,
            ", lsl #1\n",
            "asr ",
            $entries,
            ", ",
            $x,
            ", #9\n",
            "ubfx ",
            $rest,
            ", ",
            $x,
            ", #0, #9\n",
            "ldr ",
            $entries,
            ", [r4, ",
            $entries,
            ", lsl #1]\n",
            "mla ",
            $rest,
            ", ",
            $rest,
            ", r5, r6\n",
            "add ",
            $x,
            ", r7, ",
            $x,
            ", asr #31\n",
            "smlad ",
            $x,
            ", ",
            $entries,
            ", ",
            $rest,
            ", ",
            $x,
            "\n",
            "asr ",
            $x,
            ", #10\n",
        )
    };
}

/// `tanh` of a number in Q3.12, in Q0.15, in the place of three times that number, with two more registers.
macro_rules! tanh {
    ($x:literal $entries:literal $rest:literal) => {
        concat!(
            "ssat ",
            $x,
            ", #17, ",
            $x,
            "\n",
            "asr ",
            $entries,
            ", ",
            $x,
            ", #8\n",
            "ubfx ",
            $rest,
            ", ",
            $x,
            ", #0, #8\n",
            "ldr ",
            $entries,
            ", [r4, ",
            $entries,
            ", lsl #1]\n",
            "asr ",
            $x,
            ", #31\n",
            "add ",
            $x,
            ", #128\n",
            "mla ",
            $rest,
            ", ",
            $rest,
            ", r5, r6\n",
            "sub ",
            $rest,
            ", #256\n",
            "smlad ",
            $x,
            ", ",
            $entries,
            ", ",
            $rest,
            ", ",
            $x,
            "\n",
            "asr ",
            $x,
            ", #8\n",
        )
    };
}

/// A product of two int16, scaled, in its place: `scale![rounding, multiplier addend right: product]`. The addend's
/// register is lost.
macro_rules! scale {
    (Twice, $multiplier:literal $addend:literal $right:literal: $x:literal) => {
        concat!(
            "add ",
            $x,
            ", ",
            $x,
            "\n",
            "add ",
            $addend,
            ", ",
            $addend,
            ", ",
            $x,
            ", asr #31\n",
            "smmlar ",
            $x,
            ", ",
            $x,
            ", ",
            $multiplier,
            ", ",
            $addend,
            "\n",
            "asr ",
            $x,
            ", ",
            $right,
            "\n",
        )
    };
    (Once, $multiplier:literal $addend:literal $right:literal: $x:literal) => {
        concat!(
            "add ",
            $x,
            ", ",
            $x,
            "\n",
            "smmla ",
            $x,
            ", ",
            $x,
            ", ",
            $multiplier,
            ", ",
            $addend,
            "\n",
            "asr ",
            $x,
            ", ",
            $right,
            "\n",
        )
    };
}

pub(super) use {scale, sigmoid, tanh};
