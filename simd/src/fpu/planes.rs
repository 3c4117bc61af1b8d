//! Windows of three by three weights on planes, forward and backward: strips of up to four columns.
//!
//! The weights of one input channel for one or two output channels stay in registers while a strip is gone through row
//! by row; an output row of a strip is loaded, gets the products of the three input rows that it sees, and is stored.
//! Six inputs serve the three taps of a row, for both channels: a round of two channels has up to 72 products and 23
//! other instructions. Products with padding are left out: of rows by comparing where they would lie, of columns because
//! strips at the edges have code of their own.
//!
//! Forward, a product with its sum is one instruction (`VMLA`, which rounds both), and takes three cycles of a
//! Cortex-M4. A multiplication and an addition are two, and take two cycles, if there are registers between them: so it
//! is backward, where two columns are loaded later, and forward in strips that are as wide as the plane.

use core::arch::naked_asm;

/// What a core works on.
#[repr(C)]
pub(super) struct Job {
    /// The first input of the strip that exists, in the first row of the first channel.
    pub(super) x: *const f32,
    /// Bytes from there to what the first output row sees by the first row of the window.
    pub(super) first: isize,
    /// Bytes of the rows of a channel.
    pub(super) plane: usize,
    /// Bytes from what an output row sees by one row of the window to what it sees by the next.
    pub(super) tap: isize,
    /// Bytes from what an output row sees by the last row of the window to what the next sees by the first.
    pub(super) next: isize,
    /// The strip of the first output channel and of the second.
    pub(super) y: [*mut f32; 2],
    /// Bytes from one row of the output to the next.
    pub(super) y_row: usize,
    /// The rows of the output, at least one.
    pub(super) rows: usize,
    /// The weights of the first input channel.
    pub(super) weight: *const f32,
    /// Bytes from the weights of one output channel to the next.
    pub(super) weight_out: usize,
    /// Bytes from the weights of one input channel to the next.
    pub(super) weight_in: usize,
    /// Bytes from one input channel to the next.
    pub(super) x_plane: usize,
    /// The input channels, at least one.
    pub(super) channels: usize,
}

/// Adds to a strip of one output channel or two.
pub(super) type Core = unsafe extern "C" fn(*const Job);

/// The core for `channels` output channels and `columns` columns, of which `edge[0]` inputs on the left and `edge[1]` on
/// the right are missing. `BACKWARD`, the last column of the window comes first.
pub(super) const fn core<const BACKWARD: bool>(channels: usize, columns: usize, edge: [usize; 2]) -> Option<Core> {
    macro_rules! choose {
        ($($t:literal $p:literal $l:literal $r:literal)*) => {
            match (channels, columns, edge) {
                $(($t, $p, [$l, $r]) => Some(strip::<$t, $p, $l, $r, BACKWARD>),)*
                _ => None,
            }
        };
    }
    // Those that see at least one column that exists.
    macro_rules! edges {
        ($($t:literal)*) => {
            choose! { $(
                $t 1 0 0  $t 1 0 1  $t 1 0 2  $t 1 1 0  $t 1 1 1  $t 1 2 0
                $t 2 0 0  $t 2 0 1  $t 2 0 2  $t 2 1 0  $t 2 1 1  $t 2 1 2  $t 2 2 0  $t 2 2 1
                $t 3 0 0  $t 3 0 1  $t 3 0 2  $t 3 1 0  $t 3 1 1  $t 3 1 2  $t 3 2 0  $t 3 2 1  $t 3 2 2
                $t 4 0 0  $t 4 0 1  $t 4 0 2  $t 4 1 0  $t 4 1 1  $t 4 1 2  $t 4 2 0  $t 4 2 1  $t 4 2 2
            )* }
        };
    }
    edges! { 1 2 }
}

/// The products of one tap with four inputs: `tap![weights; pixel sums input, …]`, all but the pixel registers. One
/// instruction each.
macro_rules! tap {
    ($w0:literal $w1:literal; $($p:literal $a0:literal $a1:literal $x:literal),*) => {
        concat!($(
            ".if ({p} > ", $p, ") && (", $x, " >= {lo}) && (", $x, " <= {hi})\n",
            "vmla.f32 s", $a0, ", s", $w0, ", s", $x, "\n",
            ".if {t} > 1\n",
            "vmla.f32 s", $a1, ", s", $w1, ", s", $x, "\n",
            ".endif\n",
            ".endif\n",
        )*)
    };
}

/// The products of one tap with two inputs, as multiplications and additions of which none waits for the one before it:
/// `quick_tap![two spare registers; weights; pixel sums input column, …]`, the last of these being the input's column.
macro_rules! quick_tap {
    ($m:literal $n:literal; $w0:literal $w1:literal;
     $p:literal $a0:literal $a1:literal $x:literal $q:literal, $r:literal $b0:literal $b1:literal $y:literal $v:literal) => {
        concat!(
            ".if {t} > 1\n",
            quick_tap!(@ $p $q "vmul.f32 s", $m, ", s", $w0, ", s", $x, "\nvmul.f32 s", $n, ", s", $w1, ", s", $x, "\n",
                "vadd.f32 s", $a0, ", s", $a0, ", s", $m, "\nvadd.f32 s", $a1, ", s", $a1, ", s", $n),
            quick_tap!(@ $r $v "vmul.f32 s", $m, ", s", $w0, ", s", $y, "\nvmul.f32 s", $n, ", s", $w1, ", s", $y, "\n",
                "vadd.f32 s", $b0, ", s", $b0, ", s", $m, "\nvadd.f32 s", $b1, ", s", $b1, ", s", $n),
            ".else\n",
            quick_tap!(@ $p $q "vmul.f32 s", $m, ", s", $w0, ", s", $x),
            quick_tap!(@ $r $v "vmul.f32 s", $n, ", s", $w0, ", s", $y),
            quick_tap!(@ $p $q "vadd.f32 s", $a0, ", s", $a0, ", s", $m),
            quick_tap!(@ $r $v "vadd.f32 s", $b0, ", s", $b0, ", s", $n),
            ".endif\n",
        )
    };
    (@ $p:literal $q:literal $($text:literal),*) => {
        concat!(".if ({p} > ", $p, ") && (", $q, " >= {left}) && (", $q, " <= {last})\n", $($text,)* "\n.endif\n")
    };
}

/// The three taps of a row of the window, if what it sees exists.
macro_rules! row {
    ($w0:literal $w1:literal $w2:literal; $v0:literal $v1:literal $v2:literal) => {
        concat!(
            "cmp r2, r3\n",
            "bhs 4f\n",
            "add r10, r1, r2\n",
            ".if {backward}\n",
            // The last four columns come first. The two before them take the registers of the last two.
            ".if {hi} >= 28\n",
            "vldmia r10, {{s28-s{hi}}}\n",
            ".endif\n",
            quick_tap![26 27; $w0 $v0; 0 18 22 28 2, 1 19 23 29 3],
            quick_tap![26 27; $w0 $v0; 2 20 24 30 4, 3 21 25 31 5],
            ".if ({left} <= 1) && ({last} >= 1)\n",
            "vldr s31, [r10, #-4]\n",
            ".endif\n",
            quick_tap![26 27; $w1 $v1; 1 19 23 28 2, 2 20 24 29 3],
            quick_tap![26 27; $w1 $v1; 3 21 25 30 4, 0 18 22 31 1],
            ".if {left} == 0\n",
            "vldr s30, [r10, #-8]\n",
            ".endif\n",
            quick_tap![26 27; $w2 $v2; 2 20 24 28 2, 3 21 25 29 3],
            quick_tap![26 27; $w2 $v2; 0 18 22 30 0, 1 19 23 31 1],
            ".else\n",
            "vldmia r10, {{s{lo}-s{hi}}}\n",
            // Where columns are missing on both sides, two registers are spare.
            ".if ({lo} > 26) && ({hi} < 31)\n",
            quick_tap![26 31; $w0 $v0; 0 18 22 26 0, 1 19 23 27 1],
            quick_tap![26 31; $w0 $v0; 2 20 24 28 2, 3 21 25 29 3],
            quick_tap![26 31; $w1 $v1; 0 18 22 27 1, 1 19 23 28 2],
            quick_tap![26 31; $w1 $v1; 2 20 24 29 3, 3 21 25 30 4],
            quick_tap![26 31; $w2 $v2; 0 18 22 28 2, 1 19 23 29 3],
            quick_tap![26 31; $w2 $v2; 2 20 24 30 4, 3 21 25 31 5],
            ".else\n",
            tap![$w0 $v0; 0 18 22 26, 1 19 23 27, 2 20 24 28, 3 21 25 29],
            tap![$w1 $v1; 0 18 22 27, 1 19 23 28, 2 20 24 29, 3 21 25 30],
            tap![$w2 $v2; 0 18 22 28, 1 19 23 29, 2 20 24 30, 3 21 25 31],
            ".endif\n",
            ".endif\n",
            "4:\n",
        )
    };
}

/// `y += w ∗ x` for a strip of `P` columns of `T` output channels; of what it sees, `LEFT` columns on the left and
/// `RIGHT` on the right do not exist.
///
/// # Safety
/// The job's weights and outputs are there, and the inputs of all rows that lie within the planes.
// SAFETY of the assembly: `r4` to `r11`, `lr` and `s16` to `s31` are saved and restored, the stack is as before at the
// end, and flags, `r0` to `r3`, `r12` and `s0` to `s15` belong to the callee. Of each input channel it reads nine
// weights of `T` channels, and `rows` times it reads and writes `P` numbers of `T` strips. Of the three rows that each
// of them sees it reads the `P + 2 - LEFT - RIGHT` numbers that exist, if the row does: if its place, a large number
// where it is negative, is below `plane`. All are words, as `ldrd`, `vldmia` and `vstmia` want them.
#[unsafe(naked)]
unsafe extern "C" fn strip<
    const T: usize,
    const P: usize,
    const LEFT: usize,
    const RIGHT: usize,
    const BACKWARD: bool,
>(
    job: *const Job,
) {
    naked_asm!(
        fpu!(),
        "push {{r4-r11, lr}}",
        "vpush {{s16-s31}}",
        "ldr r1, [r0]",
        "ldrd r3, r4, [r0, #8]",
        "ldr r5, [r0, #16]",
        "ldr r8, [r0, #28]",
        "ldr r11, [r0, #36]",
        "ldr r12, [r0, #52]",
        ".if {backward}",
        "add r1, r1, #4 * (2 - {left})",
        ".endif",
        "2:",
        "vldmia r11, {{s0-s8}}",
        ".if {t} > 1",
        "ldr r2, [r0, #40]",
        "add r2, r2, r11",
        "vldmia r2, {{s9-s17}}",
        ".endif",
        "ldr r2, [r0, #4]",
        "ldrd r6, r7, [r0, #20]",
        "ldr r9, [r0, #32]",
        "3:",
        "vldmia r6, {{s18-s{a0}}}",
        ".if {t} > 1",
        "vldmia r7, {{s22-s{a1}}}",
        ".endif",
        row![0 1 2; 9 10 11],
        "add r2, r2, r4",
        row![3 4 5; 12 13 14],
        "add r2, r2, r4",
        row![6 7 8; 15 16 17],
        "add r2, r2, r5",
        "vstmia r6, {{s18-s{a0}}}",
        "add r6, r6, r8",
        ".if {t} > 1",
        "vstmia r7, {{s22-s{a1}}}",
        "add r7, r7, r8",
        ".endif",
        "subs r9, r9, #1",
        "bne 3b",
        "ldrd r6, r7, [r0, #44]",
        "add r11, r11, r6",
        "add r1, r1, r7",
        "subs r12, r12, #1",
        "bne 2b",
        "vpop {{s16-s31}}",
        "pop {{r4-r11, pc}}",
        t = const T,
        p = const P,
        backward = const BACKWARD as usize,
        left = const LEFT,
        last = const 1 + P - RIGHT,
        lo = const 26 + LEFT,
        hi = const 27 + P - RIGHT,
        a0 = const 17 + P,
        a1 = const 21 + P,
    )
}
