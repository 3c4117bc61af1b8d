//! Recurrent layers: the sums of all gates, and the functions that they go through.

use core::arch::naked_asm;

use tensorlet::{
    kernel::LOGISTIC,
    quantized::{GateScale, Multiplier},
};

use crate::bounds;

/// A matrix of weights whose rows are those of several gates of `units` each.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    pub(super) weight: &'a [i8],
    pub(super) bias: &'a [i32],
    pub(super) scales: &'a [GateScale],
    pub(super) inputs: usize,
    pub(super) units: usize,
}

/// Rows whose sums are made together.
const ROWS: usize = 4;

/// Whether layers of these sizes can do without the portable body.
pub(super) const fn can(gates: usize, inputs: usize, units: usize) -> bool {
    bounds::is_countable(&[gates, units, inputs])
        && bounds::is_countable(&[gates, units, units])
        && gates * units >= ROWS
        && inputs > 0
}

impl Matrix<'_> {
    /// The number of rows.
    fn rows(&self) -> usize {
        self.scales.len() * self.units
    }

    /// Whether all is there, and enough of it.
    pub(super) fn is_ready(&self) -> bool {
        let rows = self.rows();
        can(self.scales.len(), self.inputs, self.units)
            && self.weight.len() >= rows * self.inputs
            && self.bias.len() >= rows
            && self.scales.iter().all(|scale| scale.factor > 0)
    }

    /// The sums of the products of all rows with `x`.
    ///
    /// # Safety
    /// The matrix [is ready](Self::is_ready), `x` has the inputs, and `sums` room for a sum of each row.
    pub(super) unsafe fn sums(&self, x: *const i8, sums: *mut i32) {
        let (rows, len) = (self.rows(), self.inputs);
        let weight = self.weight.as_ptr();
        let groups = |first: usize, end: usize| Groups {
            x,
            len: len as u32,
            weight: weight.wrapping_add(first * len),
            back: (len as u32).wrapping_sub(len.next_multiple_of(16) as u32),
            sums: sums.wrapping_add(first),
            end: sums.wrapping_add(end),
        };
        // SAFETY: there are `rows` rows, at least 4, and as many sums; where their number is no multiple of 4, the last
        // four overlap with those before.
        unsafe {
            sums_of_fours(&groups(0, rows & !(ROWS - 1)));
            if !rows.is_multiple_of(ROWS) {
                sums_of_fours(&groups(rows - ROWS, rows));
            }
        }
    }

    /// The numbers of gate `gate` from its sums, added to those in `y` if `add`.
    ///
    /// # Safety
    /// The matrix is ready; `sums` has a sum of each row, and `y` room for a number of each unit.
    pub(super) unsafe fn numbers(&self, twice: bool, gate: usize, sums: *const i32, y: *mut i16, add: bool) {
        let Some(scale) = self.scales.get(gate) else { return };
        let first = gate * self.units;
        let core = match (twice, add) {
            (true, false) => first_twice,
            (true, true) => second_twice,
            (false, false) => first_once,
            (false, true) => second_once,
        };
        // SAFETY: biases and sums of the gate's rows are there, since it has one of the scales.
        unsafe {
            core(&Numbers {
                sums: sums.wrapping_add(first),
                bias: self.bias.as_ptr().wrapping_add(first),
                y,
                n: self.units as u32,
                lift: scale.lift(),
                multiplier: scale.multiplier,
                sign: -scale.sign,
                right: -scale.right,
            });
        }
    }
}

/// What [`sums_of_fours`] works on.
#[repr(C)]
struct Groups {
    x: *const i8,
    /// Bytes of a row, at least 1.
    len: u32,
    weight: *const i8,
    /// Bytes from a row's end in whole sixteens to the row's end.
    back: u32,
    sums: *mut i32,
    /// Behind the last sum.
    end: *const i32,
}

/// The sums of the products of rows with `x`, four rows at a time.
///
/// # Safety
/// There are `len` inputs, rows of as many weights for all sums, whose number is a multiple of 4 and not 0.
// SAFETY of the assembly: `r4` to `r11` and `lr` are saved and restored, the word for the end is taken from the stack
// again, and flags, `r0` to `r3`, `r12` and `q0` to `q3` belong to the callee. Each round reads `len` bytes of `x` and
// of four rows, of the last vector only what is left, and writes four sums; `back` leads to the next row. It ends where
// the sums do. `ldrd` and `strd` see addresses of words.
#[unsafe(naked)]
unsafe extern "C" fn sums_of_fours(groups: *const Groups) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r4-r11, lr}}",
        "ldrd r3, r2, [r0, #12]",
        "ldr r1, [r0, #20]",
        "push {{r1}}",
        "ldr r5, [r0, #8]",
        "ldrd r0, r1, [r0]",
        "1:",
        "add r7, r5, r1",
        "add r9, r7, r1",
        "add r11, r9, r1",
        "mov r12, r0",
        "mov r4, #0",
        "mov r6, #0",
        "mov r8, #0",
        "mov r10, #0",
        "dlstp.8 lr, r1",
        "2:",
        "vldrb.u8 q0, [r12], #16",
        "vldrb.u8 q1, [r5], #16",
        "vmladava.s8 r4, q0, q1",
        "vldrb.u8 q2, [r7], #16",
        "vmladava.s8 r6, q0, q2",
        "vldrb.u8 q3, [r9], #16",
        "vmladava.s8 r8, q0, q3",
        "vldrb.u8 q1, [r11], #16",
        "vmladava.s8 r10, q0, q1",
        "letp lr, 2b",
        "add r5, r11, r3",
        "strd r4, r6, [r2], #8",
        "strd r8, r10, [r2], #8",
        "ldr r12, [sp]",
        "cmp r2, r12",
        "bne 1b",
        "pop {{r0}}",
        "pop {{r4-r11, pc}}",
    )
}

/// What the functions from sums to numbers work on: `x = (sum << lift) + bias`, and see `GateScale`.
#[repr(C)]
struct Numbers {
    sums: *const i32,
    bias: *const i32,
    y: *mut i16,
    /// How many, at least 1.
    n: u32,
    lift: u32,
    multiplier: i32,
    /// A mask for signs.
    sign: i32,
    /// Bits to the left, negative.
    right: i32,
}

/// A function from sums to numbers: `name, [the high words], [what the sign adds], [what is added]`.
macro_rules! numbers {
    ($(#[$doc:meta])* $name:ident, $high:literal, [$($sign:literal),*], [$($add:literal),*]) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// There are so many sums, biases and numbers.
        // SAFETY of the assembly: `r4` to `r7` and `lr` are saved and restored, the stack is as before at the end, and
        // flags, `r0` to `r3` and `q0` to `q3` belong to the callee. In each round it reads four sums, four biases and,
        // to add to them, four numbers of `y`, and writes four; the last round only those that are left. Words and
        // halfwords are aligned by their types.
        #[unsafe(naked)]
        unsafe extern "C" fn $name(numbers: *const Numbers) {
            naked_asm!(
                ".cpu cortex-m55",
                "push {{r4-r7, lr}}",
                "ldrd r1, r2, [r0]",
                "ldrd r3, lr, [r0, #8]",
                "ldrd r4, r5, [r0, #16]",
                "ldrd r6, r7, [r0, #24]",
                "vdup.32 q3, r6",
                "dlstp.32 lr, lr",
                "2:",
                "vldrw.u32 q0, [r1], #16",
                "vshl.s32 q0, r4",
                "vldrw.u32 q1, [r2], #16",
                "vadd.i32 q0, q0, q1",
                $high,
                $($sign,)*
                "vrshl.s32 q0, r7",
                $($add,)*
                "vqmovnb.s32 q0, q0",
                "vstrh.32 q0, [r3], #8",
                "letp lr, 2b",
                "pop {{r4-r7, pc}}",
            )
        }
    };
}

numbers!(
    /// The numbers of sums, rounded twice.
    first_twice, "vqrdmulh.s32 q0, q0, r5", ["vshr.s32 q1, q0, #31", "vand q1, q1, q3", "vadd.i32 q0, q0, q1"], []);
numbers!(
    /// The same, added to those that are there.
    second_twice, "vqrdmulh.s32 q0, q0, r5", ["vshr.s32 q1, q0, #31", "vand q1, q1, q3", "vadd.i32 q0, q0, q1"],
    ["vldrh.s32 q1, [r3]", "vadd.i32 q0, q0, q1"]);
numbers!(
    /// The numbers of sums, rounded once.
    first_once, "vqdmulh.s32 q0, q0, r5", [], []);
numbers!(
    /// The same, added to those that are there.
    second_once, "vqdmulh.s32 q0, q0, r5", [], ["vldrh.s32 q1, [r3]", "vadd.i32 q0, q0, q1"]);

/// The middle of the table, and the entry behind it.
pub(super) fn table() -> [*const i16; 2] {
    [LOGISTIC.as_ptr().wrapping_add(256), LOGISTIC.as_ptr().wrapping_add(257)]
}

/// The multiplier of products, and bits to the left, negative; none if there is no shift to the right.
pub(super) fn products(scale: Multiplier) -> Option<[i32; 2]> {
    (-31..=-1).contains(&scale.shift).then_some([scale.multiplier, scale.shift])
}

/// `σ` of four numbers in Q3.12, in Q0.15, in `q0`, with `q1` to `q3`. `r4`, `r5`, `r6` and `r12` are the middle of
/// the table, the entry behind it, 3 and 2^14, `q7` is 511: entry plus difference to the next times what lies between.
macro_rules! sigmoid {
    () => {
        concat!(
            "vmul.i32 q0, q0, r6\n",
            "vshr.s32 q1, q0, #9\n",
            "vldrh.s32 q2, [r4, q1, uxtw #1]\n",
            "vldrh.s32 q3, [r5, q1, uxtw #1]\n",
            "vand q1, q0, q7\n",
            "vsub.i32 q3, q3, q2\n",
            "vmul.i32 q3, q3, q1\n",
            "vshl.i32 q2, q2, #9\n",
            "vshr.s32 q0, q0, #31\n",
            "vadd.i32 q2, q2, q3\n",
            "vadd.i32 q0, q0, q2\n",
            "vrshr.s32 q0, q0, #10\n",
            "vadd.i32 q0, q0, r12\n",
        )
    };
}

/// `tanh` of four numbers, three times which in Q3.12 are in `q0`, in Q0.15, as [`sigmoid`]; `q6` is 255.
macro_rules! tanh {
    () => {
        concat!(
            // What does not fit 17 bits has the last entry.
            "vqshl.s32 q0, q0, #15\n",
            "vshr.s32 q0, q0, #15\n",
            "vshr.s32 q1, q0, #8\n",
            "vldrh.s32 q2, [r4, q1, uxtw #1]\n",
            "vldrh.s32 q3, [r5, q1, uxtw #1]\n",
            "vand q1, q0, q6\n",
            "vsub.i32 q3, q3, q2\n",
            "vmul.i32 q3, q3, q1\n",
            "vshl.i32 q2, q2, #8\n",
            "vshr.s32 q0, q0, #31\n",
            "vadd.i32 q2, q2, q3\n",
            "vadd.i32 q0, q0, q2\n",
            "vrshr.s32 q0, q0, #8\n",
        )
    };
}

/// Products in `q0`, scaled, with the multiplier in `r8` and the shift in `r9`.
macro_rules! scale {
    (Twice) => {
        "vqrdmulh.s32 q0, q0, r8\nvshr.s32 q1, q0, #31\nvadd.i32 q0, q0, q1\nvrshl.s32 q0, r9\n"
    };
    (Once) => {
        "vqdmulh.s32 q0, q0, r8\nvrshl.s32 q0, r9\n"
    };
}

pub(super) use {scale, sigmoid, tanh};
