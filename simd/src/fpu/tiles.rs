//! The cores of matrix products: tiles of four by four sums stay in registers over the whole depth.
//!
//! | core | reads | instructions of a round | for products |
//! |---|---|---|---|
//! | [`rows_by_rows`] | two numbers of four rows each, four numbers of two rows | 42 | 32 |
//! | [`row_by_rows`] | two numbers of a row, eight numbers of two rows | 23 | 16 |
//! | [`rows_by_columns`] | two numbers of eight rows | 42 | 32 |
//! | [`columns_by_rows`] | four numbers of two rows | 22 | 16 |

use core::arch::naked_asm;

/// What a core works on: tiles beside each other, for the same rows of the product. The assembly changes it.
#[repr(C)]
pub(super) struct Job {
    /// The rows of the first factor; where it is read by columns, the first is the place of the first column.
    pub(super) a: [*const f32; 4],
    /// The rows of the product.
    pub(super) c: [*mut f32; 4],
    /// The second factor; the rows of the first tile where it is read by columns.
    pub(super) b: [*const f32; 4],
    /// Bytes from one row of the first factor to the next, where that is read by columns.
    pub(super) a_step: usize,
    /// Bytes from one row of the second factor to the next; where it is read by columns, from a tile's to the next's.
    pub(super) b_step: usize,
    /// The terms of a sum, at least one.
    pub(super) depth: usize,
    /// At least one.
    pub(super) tiles: usize,
}

/// The products of a number of the first factor with a row of the second, in tiles `{p}` wide,
/// 4, 2 or 1:
/// `products![sums; number; row]`, all registers.
macro_rules! products {
    ($c0:literal $c1:literal $c2:literal $c3:literal; $a:literal; $b0:literal $b1:literal $b2:literal $b3:literal) => {
        concat!(
            "vmla.f32 s",
            $c0,
            ", s",
            $a,
            ", s",
            $b0,
            "\n",
            ".if {p} > 1\n",
            "vmla.f32 s",
            $c1,
            ", s",
            $a,
            ", s",
            $b1,
            "\n",
            ".endif\n",
            ".if {p} > 2\n",
            "vmla.f32 s",
            $c2,
            ", s",
            $a,
            ", s",
            $b2,
            "\n",
            "vmla.f32 s",
            $c3,
            ", s",
            $a,
            ", s",
            $b3,
            "\n",
            ".endif\n",
        )
    };
}

/// The products of four numbers with a row, in tiles of `{q}` rows.
macro_rules! tile {
    ($a0:literal $a1:literal $a2:literal $a3:literal; $b0:literal $b1:literal $b2:literal $b3:literal) => {
        concat!(
            products![0 1 2 3; $a0; $b0 $b1 $b2 $b3],
            ".if {q} > 1\n",
            products![4 5 6 7; $a1; $b0 $b1 $b2 $b3],
            products![8 9 10 11; $a2; $b0 $b1 $b2 $b3],
            products![12 13 14 15; $a3; $b0 $b1 $b2 $b3],
            ".endif\n",
        )
    };
}

/// The products of a number with a row of `{p}` numbers, 8, 2 or 1.
macro_rules! wide {
    ($a:literal; $b0:literal $b1:literal $b2:literal $b3:literal $b4:literal $b5:literal $b6:literal $b7:literal) => {
        concat!(
            products![0 1 2 3; $a; $b0 $b1 $b2 $b3],
            ".if {p} > 4\n",
            products![4 5 6 7; $a; $b4 $b5 $b6 $b7],
            ".endif\n",
        )
    };
}

/// Loads or stores the sums: `sums![instruction, what follows the register; registers of the rows]`.
macro_rules! sums {
    ($instruction:literal $back:literal; $c0:literal $c1:literal $c2:literal $c3:literal) => {
        concat!(
            $instruction,
            " ",
            $c0,
            $back,
            ", {{s0-s{c0}}}\n",
            ".if {q} > 1\n",
            $instruction,
            " ",
            $c1,
            $back,
            ", {{s4-s{c1}}}\n",
            $instruction,
            " ",
            $c2,
            $back,
            ", {{s8-s{c2}}}\n",
            $instruction,
            " ",
            $c3,
            $back,
            ", {{s12-s{c3}}}\n",
            ".endif\n",
        )
    };
}

/// The second half of a tile's work: its sums go to the rows of the product in these registers, and the next tile is
/// begun at `2:`; the place in the second factor is moved on before. The last lines of a core.
macro_rules! next_tile {
    ($c0:literal $c1:literal $c2:literal $c3:literal) => {
        concat!(
            sums!["vstmia" "!"; $c0 $c1 $c2 $c3],
            "add r1, r0, #16\n",
            "stm r1, {{", $c0, ", ", $c1, ", ", $c2, ", ", $c3, "}}\n",
            "ldr r1, [r0, #60]\n",
            "subs r1, r1, #1\n",
            "str r1, [r0, #60]\n",
            "bne 2b\n",
            "vpop {{s16-s31}}\n",
            "pop {{r4-r11, pc}}\n",
        )
    };
}

/// Both factors by rows: tiles of four rows and `P` columns, 4 or 1.
///
/// # Safety
/// The pointers are those of rows of `depth` numbers, of as many rows with the columns of all tiles, and of rows of the
/// product with these columns.
// SAFETY of the assembly: `r4` to `r11`, `lr` and `s16` to `s31` are saved and restored, the stack is as before at the
// end, and flags, `r0` to `r3`, `r12` and `s0` to `s15` belong to the callee. For each of `tiles` it reads `depth`
// numbers of four rows, `P` of `depth` rows, `b_step` apart, and reads and writes `P` of four rows of the product.
// `b[0]`, `c` and `tiles` of the job are changed. `ldrd`, `ldm`, `stm`, `vldmia` and `vstmia` see addresses that are
// multiples of 4: those of words.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn rows_by_rows<const P: usize>(job: *mut Job) {
    naked_asm!(
        fpu!(),
        "push {{r4-r11, lr}}",
        "vpush {{s16-s31}}",
        "2:",
        "ldm r0, {{r1-r4, r8-r11}}",
        "ldr r5, [r0, #32]",
        "ldrd r6, r7, [r0, #52]",
        sums!["vldmia" ""; "r8" "r9" "r10" "r11"],
        "lsrs r12, r7, #1",
        "beq 4f",
        "3:",
        "vldmia r1!, {{s20-s21}}",
        "vldmia r2!, {{s22-s23}}",
        "vldmia r3!, {{s24-s25}}",
        "vldmia r4!, {{s26-s27}}",
        "vldmia r5, {{s16-s{b}}}",
        "add r5, r5, r6",
        tile![20 22 24 26; 16 17 18 19],
        "vldmia r5, {{s16-s{b}}}",
        "add r5, r5, r6",
        tile![21 23 25 27; 16 17 18 19],
        "subs r12, r12, #1",
        "bne 3b",
        "4:",
        "lsls r7, r7, #31",
        "beq 5f",
        "vldr s20, [r1]",
        "vldr s22, [r2]",
        "vldr s24, [r3]",
        "vldr s26, [r4]",
        "vldmia r5, {{s16-s{b}}}",
        tile![20 22 24 26; 16 17 18 19],
        "5:",
        "ldr r5, [r0, #32]",
        "add r5, r5, #4 * {p}",
        "str r5, [r0, #32]",
        next_tile!["r8" "r9" "r10" "r11"],
        p = const P,
        q = const 4,
        b = const 15 + P,
        c0 = const P - 1,
        c1 = const 3 + P,
        c2 = const 7 + P,
        c3 = const 11 + P,
    )
}

/// Both factors by rows: tiles of one row and `P` columns, 8, 2 or 1.
///
/// # Safety
/// As [`rows_by_rows`], of the first pointers.
// SAFETY of the assembly: as in `rows_by_rows`, but that it reads `depth` numbers of one row, and reads and writes `P`
// of one row of the product: of `a` and `c` the first pointers alone are used.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn row_by_rows<const P: usize>(job: *mut Job) {
    naked_asm!(
        fpu!(),
        "push {{r4-r11, lr}}",
        "vpush {{s16-s31}}",
        "2:",
        "ldr r1, [r0]",
        "add r12, r0, #16",
        "ldm r12, {{r8-r11}}",
        "ldr r5, [r0, #32]",
        "ldrd r6, r7, [r0, #52]",
        "vldmia r8, {{s0-s{c0}}}",
        "lsrs r12, r7, #1",
        "beq 4f",
        "3:",
        "vldmia r1!, {{s8-s9}}",
        "vldmia r5, {{s16-s{b}}}",
        "add r5, r5, r6",
        "vldmia r5, {{s24-s{d}}}",
        "add r5, r5, r6",
        wide![8; 16 17 18 19 20 21 22 23],
        wide![9; 24 25 26 27 28 29 30 31],
        "subs r12, r12, #1",
        "bne 3b",
        "4:",
        "lsls r7, r7, #31",
        "beq 5f",
        "vldr s8, [r1]",
        "vldmia r5, {{s16-s{b}}}",
        wide![8; 16 17 18 19 20 21 22 23],
        "5:",
        "ldr r5, [r0, #32]",
        "add r5, r5, #4 * {p}",
        "str r5, [r0, #32]",
        next_tile!["r8" "r9" "r10" "r11"],
        p = const P,
        q = const 1,
        b = const 15 + P,
        d = const 23 + P,
        c0 = const P - 1,
        c1 = const 0,
        c2 = const 0,
        c3 = const 0,
    )
}

/// The first factor by rows, the second by columns, which are rows in memory: tiles of `Q` rows and `P` columns, 4 or 1
/// each.
///
/// # Safety
/// The pointers are those of `Q` rows of `depth` numbers, of `P` such rows, behind which lie those of the other tiles,
/// and of rows of the product with the columns of all tiles.
// SAFETY of the assembly: as in `rows_by_rows`, but that for each of `tiles` it reads `depth` numbers of `Q` rows and
// of `P` rows of the second factor, and reads and writes `P` of `Q` rows of the product. All four of `b` go on by
// `b_step`; of those the first `P` are read from, of `a` and `c` the first `Q` are used.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn rows_by_columns<const Q: usize, const P: usize>(job: *mut Job) {
    naked_asm!(
        fpu!(),
        "push {{r4-r11, lr}}",
        "vpush {{s16-s31}}",
        "2:",
        "ldm r0, {{r1-r4, r10-r12, lr}}",
        "add r9, r0, #32",
        "ldm r9, {{r5-r8}}",
        "ldr r9, [r0, #56]",
        sums!["vldmia" ""; "r10" "r11" "r12" "lr"],
        "lsrs r9, r9, #1",
        "beq 4f",
        "3:",
        "vldmia r1!, {{s16-s17}}",
        ".if {q} > 1",
        "vldmia r2!, {{s18-s19}}",
        "vldmia r3!, {{s20-s21}}",
        "vldmia r4!, {{s22-s23}}",
        ".endif",
        "vldmia r5!, {{s24-s25}}",
        ".if {p} > 1",
        "vldmia r6!, {{s26-s27}}",
        "vldmia r7!, {{s28-s29}}",
        "vldmia r8!, {{s30-s31}}",
        ".endif",
        tile![16 18 20 22; 24 26 28 30],
        tile![17 19 21 23; 25 27 29 31],
        "subs r9, r9, #1",
        "bne 3b",
        "4:",
        "ldr r9, [r0, #56]",
        "lsls r9, r9, #31",
        "beq 5f",
        "vldr s16, [r1]",
        ".if {q} > 1",
        "vldr s18, [r2]",
        "vldr s20, [r3]",
        "vldr s22, [r4]",
        ".endif",
        "vldr s24, [r5]",
        ".if {p} > 1",
        "vldr s26, [r6]",
        "vldr s28, [r7]",
        "vldr s30, [r8]",
        ".endif",
        tile![16 18 20 22; 24 26 28 30],
        "5:",
        "add r9, r0, #32",
        "ldm r9, {{r5-r8}}",
        "ldr r1, [r0, #52]",
        "add r5, r5, r1",
        "add r6, r6, r1",
        "add r7, r7, r1",
        "add r8, r8, r1",
        "stm r9, {{r5-r8}}",
        next_tile!["r10" "r11" "r12" "lr"],
        p = const P,
        q = const Q,
        c0 = const P - 1,
        c1 = const 3 + P,
        c2 = const 7 + P,
        c3 = const 11 + P,
    )
}

/// The first factor by columns, the second by rows: tiles of `Q` rows and `P` columns, 4 or 1 each.
///
/// # Safety
/// The first pointers are those of the first of `Q` columns of `depth` numbers and of the first of the tiles' columns;
/// those of the product are of `Q` rows with these columns.
// SAFETY of the assembly: as in `rows_by_rows`, but that `depth` times, once at least, it reads `Q` numbers beside each
// other, `a_step` apart, from the first pointer of `a` alone, and that it reads and writes `P` numbers of `Q` rows of
// the product.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn columns_by_rows<const Q: usize, const P: usize>(job: *mut Job) {
    naked_asm!(
        fpu!(),
        "push {{r4-r11, lr}}",
        "vpush {{s16-s31}}",
        "2:",
        "ldr r1, [r0]",
        "add r12, r0, #16",
        "ldm r12, {{r8-r11}}",
        "ldr r5, [r0, #32]",
        "ldrd r2, r6, [r0, #48]",
        "ldr r7, [r0, #56]",
        sums!["vldmia" ""; "r8" "r9" "r10" "r11"],
        "3:",
        "vldmia r1, {{s16-s{a}}}",
        "add r1, r1, r2",
        "vldmia r5, {{s20-s{b}}}",
        "add r5, r5, r6",
        tile![16 17 18 19; 20 21 22 23],
        "subs r7, r7, #1",
        "bne 3b",
        "ldr r5, [r0, #32]",
        "add r5, r5, #4 * {p}",
        "str r5, [r0, #32]",
        next_tile!["r8" "r9" "r10" "r11"],
        p = const P,
        q = const Q,
        a = const 15 + Q,
        b = const 19 + P,
        c0 = const P - 1,
        c1 = const 3 + P,
        c2 = const 7 + P,
        c3 = const 11 + P,
    )
}
