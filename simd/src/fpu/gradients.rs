//! The gradients of windows of three by three weights: one row of the window at a time, for one or two output channels.
//!
//! The sums of a row of the plane, three for each output channel, stay in registers, and so do the totals. Six inputs
//! and four gradients of each output channel make up to 24 products. These are a multiplication and an addition each,
//! which together take two cycles of a Cortex-M4, one less than a product that accumulates.

use core::arch::naked_asm;

/// What a core works on.
#[repr(C)]
pub(super) struct Job {
    /// What the first row of the gradient sees by this row of the window, of the first input channel.
    pub(super) x: *const f32,
    /// The first row of the gradient of the first output channel.
    pub(super) dy: *const f32,
    /// Bytes from one output channel to the next.
    pub(super) dy_plane: usize,
    /// The gradient of the row of the window, of the first input channel.
    pub(super) dw: *mut f32,
    /// Bytes from the weights of one output channel to the next.
    pub(super) dw_out: usize,
    /// Bytes from the weights of one input channel to the next.
    pub(super) dw_in: usize,
    /// Bytes from one input channel to the next.
    pub(super) x_plane: usize,
    /// Bytes from what one row sees to what the next sees.
    pub(super) x_row: usize,
    /// Rows of the gradient, at least one.
    pub(super) rows: usize,
    /// Fours of columns between the first columns and the last.
    pub(super) fours: usize,
    /// The input channels, at least one.
    pub(super) channels: usize,
}

/// Adds to the gradients of one row of the windows of one output channel or two.
pub(super) type Core = unsafe extern "C" fn(*const Job);

/// The core for `channels` output channels. Rows have `first` columns, then fours of columns, then `last`; of what the
/// first see `edge[0]` inputs on the left are missing, of what the last see `edge[1]`. Without `last`, there are no
/// others but the first.
pub(super) const fn core(channels: usize, first: usize, last: usize, edge: [usize; 2]) -> Option<Core> {
    macro_rules! choose {
        ($($t:literal $f:literal $p:literal $l:literal $r:literal)*) => {
            match (channels, first, last, edge) {
                $(($t, $f, $p, [$l, $r]) => Some(row::<$t, $f, $p, $l, $r>),)*
                _ => None,
            }
        };
    }
    macro_rules! edges {
        ($($t:literal $f:literal $p:literal)*) => {
            choose! { $( $t $f $p 0 0  $t $f $p 0 1  $t $f $p 1 0  $t $f $p 1 1 )* }
        };
    }
    edges! {
        1 1 0  1 2 0  1 3 0  1 4 0  1 4 1  1 4 2  1 4 3  1 4 4
        2 1 0  2 2 0  2 3 0  2 4 0  2 4 1  2 4 2  2 4 3  2 4 4
    }
}

/// A product of an input with the gradient of an output, into the sum where it is the first, else beside it:
/// `product![columns lowest highest begins; pixel gradient; sum beside input]`.
macro_rules! product {
    ($n:literal $lo:literal $hi:literal $begins:literal; $p:literal $dy:literal; $sum:literal $beside:literal $x:literal) => {
        concat!(
            ".if (",
            $n,
            " > ",
            $p,
            ") && (",
            $x,
            " >= ",
            $lo,
            ") && (",
            $x,
            " <= ",
            $hi,
            ")\n",
            ".if ",
            $begins,
            " && ((",
            $p,
            " == 0) || (",
            $x,
            " == ",
            $lo,
            "))\n",
            "vmul.f32 s",
            $sum,
            ", s",
            $x,
            ", s",
            $dy,
            "\n",
            ".else\n",
            "vmul.f32 s",
            $beside,
            ", s",
            $x,
            ", s",
            $dy,
            "\n",
            ".endif\n",
            ".endif\n",
        )
    };
}

/// Adds a product that is beside its sum.
macro_rules! add {
    ($n:literal $lo:literal $hi:literal $begins:literal; $p:literal; $sum:literal $beside:literal $x:literal) => {
        concat!(
            ".if (",
            $n,
            " > ",
            $p,
            ") && (",
            $x,
            " >= ",
            $lo,
            ") && (",
            $x,
            " <= ",
            $hi,
            ")\n",
            ".if ",
            $begins,
            " && ((",
            $p,
            " == 0) || (",
            $x,
            " == ",
            $lo,
            "))\n",
            ".else\n",
            "vadd.f32 s",
            $sum,
            ", s",
            $sum,
            ", s",
            $beside,
            "\n",
            ".endif\n",
            ".endif\n",
        )
    };
}

/// The products of a pixel's gradients with the three inputs that it sees.
macro_rules! pixel {
    ([$($strip:tt)*] $p:literal $dy0:literal $dy1:literal; $x0:literal $x1:literal $x2:literal) => {
        concat!(
            product![$($strip)*; $p $dy0; 14 26 $x0],
            product![$($strip)*; $p $dy0; 15 27 $x1],
            product![$($strip)*; $p $dy0; 16 28 $x2],
            ".if {t} > 1\n",
            product![$($strip)*; $p $dy1; 17 29 $x0],
            product![$($strip)*; $p $dy1; 18 30 $x1],
            product![$($strip)*; $p $dy1; 19 31 $x2],
            ".endif\n",
            add![$($strip)*; $p; 14 26 $x0],
            add![$($strip)*; $p; 15 27 $x1],
            add![$($strip)*; $p; 16 28 $x2],
            ".if {t} > 1\n",
            add![$($strip)*; $p; 17 29 $x0],
            add![$($strip)*; $p; 18 30 $x1],
            add![$($strip)*; $p; 19 31 $x2],
            ".endif\n",
        )
    };
}

/// Up to four columns: `strip![columns lowest highest begins dy0 dy1]`; inputs from register `lowest` to `highest`
/// exist, `begins` says whether sums begin here, and the last two are the last registers of the gradients.
macro_rules! strip {
    ($n:literal $lo:literal $hi:literal $begins:literal $dy0:literal $dy1:literal) => {
        concat!(
            "vldmia r4, {{s", $lo, "-s", $hi, "}}\n",
            "vldmia r2!, {{s0-s", $dy0, "}}\n",
            ".if {t} > 1\n",
            "vldmia r3!, {{s4-s", $dy1, "}}\n",
            ".endif\n",
            pixel![[$n $lo $hi $begins] 0 0 4; 8 9 10],
            pixel![[$n $lo $hi $begins] 1 1 5; 9 10 11],
            pixel![[$n $lo $hi $begins] 2 2 6; 10 11 12],
            pixel![[$n $lo $hi $begins] 3 3 7; 11 12 13],
        )
    };
}

/// Adds to three gradients for each of `T` output channels what rows of `FIRST` columns, then fours, then `LAST` give.
///
/// # Safety
/// The job's gradients are there, and the inputs that rows see.
// SAFETY of the assembly: `r4` to `r11`, `lr` and `s16` to `s31` are saved and restored, the stack is as before at the
// end, and flags, `r0` to `r3`, `r12` and `s0` to `s15` belong to the callee. Of each input channel it reads and writes
// three gradients of `T` channels. `rows` times it reads all columns of `T` rows of `dy`, one row behind the other, and
// what they see: `FIRST + 2` numbers, then, if there is a `LAST`, six for each of `fours` and `LAST + 2`, but for
// `LEFT` of the first and `RIGHT` of the last, which do not exist. All are words, as `ldrd`, `vldmia` and `vstmia` want
// them.
#[unsafe(naked)]
unsafe extern "C" fn row<
    const T: usize,
    const FIRST: usize,
    const LAST: usize,
    const LEFT: usize,
    const RIGHT: usize,
>(
    job: *const Job,
) {
    naked_asm!(
        fpu!(),
        "push {{r4-r11, lr}}",
        "vpush {{s16-s31}}",
        "ldr r1, [r0]",
        "ldr r9, [r0, #12]",
        "ldr r8, [r0, #28]",
        "ldr r12, [r0, #40]",
        "2:",
        "vldmia r9, {{s20-s22}}",
        "ldrd r2, r3, [r0, #4]",
        ".if {t} > 1",
        "add r3, r3, r2",
        "ldr r10, [r0, #16]",
        "add r10, r10, r9",
        "vldmia r10, {{s23-s25}}",
        ".endif",
        "mov r5, r1",
        "ldr r6, [r0, #32]",
        "3:",
        "mov r4, r5",
        "add r5, r5, r8",
        strip!["{first}" "{lo}" "{first_hi}" "1" "{first_a}" "{first_b}"],
        ".if {last} > 0",
        "add r4, r4, #16 - 4 * ({lo} - 8)",
        "ldr r7, [r0, #36]",
        "cmp r7, #0",
        "beq 5f",
        "4:",
        strip!["4" "8" "13" "0" "3" "7"],
        "add r4, r4, #16",
        "subs r7, r7, #1",
        "bne 4b",
        "5:",
        strip!["{last}" "8" "{last_hi}" "0" "{last_a}" "{last_b}"],
        ".endif",
        "vadd.f32 s20, s20, s14",
        "vadd.f32 s21, s21, s15",
        "vadd.f32 s22, s22, s16",
        ".if {t} > 1",
        "vadd.f32 s23, s23, s17",
        "vadd.f32 s24, s24, s18",
        "vadd.f32 s25, s25, s19",
        ".endif",
        "subs r6, r6, #1",
        "bne 3b",
        "vstmia r9, {{s20-s22}}",
        ".if {t} > 1",
        "vstmia r10, {{s23-s25}}",
        ".endif",
        "ldrd r2, r3, [r0, #20]",
        "add r9, r9, r2",
        "add r1, r1, r3",
        "subs r12, r12, #1",
        "bne 2b",
        "vpop {{s16-s31}}",
        "pop {{r4-r11, pc}}",
        t = const T,
        first = const FIRST,
        last = const LAST,
        lo = const 8 + LEFT,
        first_hi = const if LAST == 0 { 9 + FIRST - RIGHT } else { 9 + FIRST },
        last_hi = const 9 + LAST - RIGHT,
        first_a = const FIRST - 1,
        first_b = const FIRST + 3,
        last_a = const if LAST == 0 { 0 } else { LAST - 1 },
        last_b = const LAST + 3,
    )
}
