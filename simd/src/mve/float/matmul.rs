//! Matrix products: four rows by a vector of columns stay in registers over the whole depth.

use core::arch::naked_asm;

use super::dot;
use crate::samples::{samples, samples_mut};

/// What a core works on: vectors of columns beside each other, for the same rows of the product. The assembly changes
/// it.
#[repr(C)]
struct Job {
    /// The rows of the first factor; where it is read by columns, the first is the place of the first column.
    a: [*const f32; 4],
    /// The rows of the product.
    c: [*mut f32; 4],
    /// The second factor.
    b: *const f32,
    /// Bytes from one row of the second factor to the next.
    b_step: usize,
    /// The terms of a sum, at least one.
    depth: usize,
    /// At least one.
    vectors: usize,
    /// The bytes of a vector that are columns, as bits.
    mask: u32,
    /// Bytes from one row of the first factor to the next, where that is read by columns.
    a_step: usize,
}

/// Vectors of columns, the last one partly filled: `(column, vectors, mask)`.
fn parts(columns: usize) -> [(usize, usize, u32); 2] {
    let whole = columns - columns % 4;
    [(0, whole / 4, 0xffff), (whole, columns.div_ceil(4) - whole / 4, (1 << (4 * (columns % 4))) - 1)]
}

/// `c[m][n] += Σ_k a[m][k] b[k][n]` for matrices without gaps.
#[inline(never)]
pub(crate) fn matmul([inner, columns]: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
    let Some(rows) = rows([inner, columns], [a, b], c.len()) else { return };
    for row in (0..rows).step_by(4) {
        for (column, vectors, mask) in parts(columns) {
            if vectors == 0 {
                continue;
            }
            let last = rows - 1;
            // SAFETY: rows and columns are within the matrices, whose sizes have been checked; rows that the product
            // lacks are its last row, with the same sums. Of a vector that is partly filled the rest is not touched.
            unsafe {
                let mut job = Job {
                    a: [0, 1, 2, 3].map(|i| a.as_ptr().add((row + i).min(last) * inner)),
                    c: [0, 1, 2, 3].map(|i| c.as_mut_ptr().add((row + i).min(last) * columns + column)),
                    b: b.as_ptr().add(column),
                    b_step: columns * size_of::<f32>(),
                    depth: inner,
                    vectors,
                    mask,
                    a_step: 0,
                };
                match (rows - row > 1, mask == 0xffff) {
                    (true, true) => rows_by_rows::<4, false>(&mut job),
                    (true, false) => rows_by_rows::<4, true>(&mut job),
                    (false, true) => rows_by_rows::<1, false>(&mut job),
                    (false, false) => rows_by_rows::<1, true>(&mut job),
                }
            }
        }
    }
}

/// `c[m][k] += Σ_n a[m][n] b[k][n]` for matrices without gaps, `b` of `columns` rows.
#[inline(never)]
pub(crate) fn matmul_nt([columns, inner]: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
    let Some(rows) = rows([inner, columns], [a, b], c.len()) else { return };
    for (a, c) in samples(a, inner).zip(samples_mut(c, columns)).take(rows) {
        for (n, c) in c.chunks_mut(4).enumerate() {
            // SAFETY: the second factor has these rows, those it lacks are its last; all have `inner` numbers.
            let sums = unsafe {
                let b = [0, 1, 2, 3].map(|i| b.as_ptr().add((4 * n + i).min(columns - 1) * inner));
                dot::Job::of(b, [1, inner], [0, 0]).sums(a.as_ptr())
            };
            for (c, sum) in c.iter_mut().zip(sums) {
                *c += sum;
            }
        }
    }
}

/// `c[k][n] += Σ_m a[m][k] b[m][n]` for matrices without gaps, `c` of `rows` rows.
#[inline(never)]
pub(crate) fn matmul_tn([rows, columns]: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
    let whole = rows.checked_mul(columns).is_some_and(|numbers| c.len() >= numbers);
    if rows == 0 || columns == 0 || !whole {
        return;
    }
    let depth = (a.len() / rows).min(b.len() / columns);
    if depth == 0 {
        return;
    }
    let mut row = 0;
    while row < rows {
        let count = if rows - row >= 4 { 4 } else { 1 };
        for (column, vectors, mask) in parts(columns) {
            if vectors == 0 {
                continue;
            }
            // SAFETY: as in `matmul`; with one row only the first is touched.
            unsafe {
                let mut job = Job {
                    a: [a.as_ptr().add(row); 4],
                    c: [0, 1, 2, 3].map(|i| c.as_mut_ptr().wrapping_add((row + i) * columns + column)),
                    b: b.as_ptr().add(column),
                    b_step: columns * size_of::<f32>(),
                    depth,
                    vectors,
                    mask,
                    a_step: rows * size_of::<f32>(),
                };
                match (count, mask == 0xffff) {
                    (4, true) => columns_by_rows::<4, false>(&mut job),
                    (4, false) => columns_by_rows::<4, true>(&mut job),
                    (_, true) => columns_by_rows::<1, false>(&mut job),
                    (_, false) => columns_by_rows::<1, true>(&mut job),
                }
            }
        }
        row += count;
    }
}

/// The rows of a product, if there are any and the second factor is whole.
fn rows([inner, columns]: [usize; 2], [a, b]: [&[f32]; 2], c: usize) -> Option<usize> {
    let whole = inner.checked_mul(columns).is_some_and(|numbers| b.len() >= numbers);
    if inner == 0 || columns == 0 || !whole {
        return None;
    }
    let rows = (a.len() / inner).min(c / columns);
    (rows > 0).then_some(rows)
}

/// Loads or stores of vectors, of the bytes in the mask if there is one: `touch![instruction, its suffix, letters of a
/// predicated block but for the first; what follows, …]`.
macro_rules! touch {
    ($instruction:literal, $then:literal, $mask:literal; $($rest:expr),*) => {
        concat!(
            ".if {masked}\n",
            "vpst", $mask, "\n",
            $($instruction, "t", $then, " ", $rest, "\n",)*
            ".else\n",
            $($instruction, $then, " ", $rest, "\n",)*
            ".endif\n",
        )
    };
}

/// The sums of all rows: loaded, or stored.
macro_rules! sums {
    ($instruction:literal, $then:literal, $back:literal) => {
        concat!(
            ".if {q} > 1\n",
            touch!($instruction, $then, "ttt";
                concat!("q0, [r8]", $back), concat!("q1, [r9]", $back),
                concat!("q2, [r10]", $back), concat!("q3, [r11]", $back)),
            ".else\n",
            touch!($instruction, $then, ""; concat!("q0, [r8]", $back)),
            ".endif\n",
        )
    };
}

/// Stores the sums and goes on to the next vector, which begins at `2:`; the last lines of a core.
macro_rules! next_vector {
    () => {
        concat!(
            "add r12, r0, #16\n",
            "ldm r12, {{r8-r11}}\n",
            sums!["vstrw", ".32", ", #16"],
            "stm r12, {{r8-r11}}\n",
            "ldr r5, [r0, #32]\n",
            "adds r5, r5, #16\n",
            "str r5, [r0, #32]\n",
            "ldr r5, [r0, #44]\n",
            "subs r5, r5, #1\n",
            "str r5, [r0, #44]\n",
            "bne 2b\n",
            "vpop {{d8-d11}}\n",
            "pop {{r4-r11, pc}}\n",
        )
    };
}

/// Both factors by rows: `Q` rows, 4 or 1, by vectors of columns; the only one `MASKED` if it is partly filled.
///
/// # Safety
/// The pointers are those of rows of `depth` numbers, of as many rows with the columns of all vectors, and of rows of
/// the product with these columns.
// SAFETY of the assembly: `r4` to `r11`, `lr`, `q4` and `q5` (`d8` to `d11`) are saved and restored, the stack is as
// before at the end, and flags, `p0`, `r0` to `r3`, `r12` and `q0` to `q3` belong to the callee. For each of `vectors`
// it reads `depth` numbers of `Q` rows, a vector of `depth` rows, and reads and writes one of `Q` rows of the product;
// `MASKED`, only the bytes in the mask. `b`, `c` and `vectors` of the job are changed. All are words, aligned by their
// types.
#[unsafe(naked)]
unsafe extern "C" fn rows_by_rows<const Q: usize, const MASKED: bool>(job: *mut Job) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r4-r11, lr}}",
        "vpush {{d8-d11}}",
        "ldr r12, [r0, #48]",
        "vmsr p0, r12",
        "2:",
        "ldm r0, {{r1-r4, r8-r11}}",
        "ldr r5, [r0, #32]",
        "ldrd r6, r7, [r0, #36]",
        sums!["vldrw", ".u32", ""],
        "lsrs lr, r7, #1",
        "wls lr, lr, 4f",
        "3:",
        touch!("vldrw", ".u32", ""; "q4, [r5]"),
        "add r5, r5, r6",
        "ldrd r8, r9, [r1], #8",
        ".if {q} > 1",
        "ldrd r10, r11, [r2], #8",
        "vfma.f32 q0, q4, r8",
        touch!("vldrw", ".u32", ""; "q5, [r5]"),
        "vfma.f32 q1, q4, r10",
        "add r5, r5, r6",
        "vfma.f32 q0, q5, r9",
        "vfma.f32 q1, q5, r11",
        "ldrd r8, r9, [r3], #8",
        "ldrd r10, r11, [r4], #8",
        "vfma.f32 q2, q4, r8",
        "vfma.f32 q3, q4, r10",
        "vfma.f32 q2, q5, r9",
        "vfma.f32 q3, q5, r11",
        ".else",
        touch!("vldrw", ".u32", ""; "q5, [r5]"),
        "add r5, r5, r6",
        "vfma.f32 q0, q4, r8",
        "vfma.f32 q0, q5, r9",
        ".endif",
        "le lr, 3b",
        "4:",
        "lsls r7, r7, #31",
        "beq 5f",
        touch!("vldrw", ".u32", ""; "q4, [r5]"),
        "ldr r8, [r1]",
        "vfma.f32 q0, q4, r8",
        ".if {q} > 1",
        "ldr r9, [r2]",
        "vfma.f32 q1, q4, r9",
        "ldr r10, [r3]",
        "vfma.f32 q2, q4, r10",
        "ldr r11, [r4]",
        "vfma.f32 q3, q4, r11",
        ".endif",
        "5:",
        next_vector!(),
        q = const Q,
        masked = const MASKED as usize,
    )
}

/// The first factor by columns, the second by rows: `Q` rows of the product, 4 or 1, by vectors of columns; the only one
/// `MASKED` if it is partly filled.
///
/// # Safety
/// The first pointers are those of the first of `Q` columns of `depth` numbers and of the first of the vectors' columns;
/// those of the product are of `Q` rows with these columns.
// SAFETY of the assembly: as in `rows_by_rows`, but that `depth` times, once at least, it reads `Q` numbers beside each
// other, `a_step` apart, from the first pointer of `a` alone.
#[unsafe(naked)]
unsafe extern "C" fn columns_by_rows<const Q: usize, const MASKED: bool>(job: *mut Job) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r4-r11, lr}}",
        "vpush {{d8-d11}}",
        "ldr r12, [r0, #48]",
        "vmsr p0, r12",
        "2:",
        "ldm r0, {{r1-r4, r8-r11}}",
        "ldr r5, [r0, #32]",
        "ldrd r6, lr, [r0, #36]",
        "ldr r2, [r0, #52]",
        sums!["vldrw", ".u32", ""],
        "dls lr, lr",
        "3:",
        touch!("vldrw", ".u32", ""; "q4, [r5]"),
        "add r5, r5, r6",
        ".if {q} > 1",
        "ldm r1, {{r8-r11}}",
        ".else",
        "ldr r8, [r1]",
        ".endif",
        "add r1, r1, r2",
        "vfma.f32 q0, q4, r8",
        ".if {q} > 1",
        "vfma.f32 q1, q4, r9",
        "vfma.f32 q2, q4, r10",
        "vfma.f32 q3, q4, r11",
        ".endif",
        "le lr, 3b",
        next_vector!(),
        q = const Q,
        masked = const MASKED as usize,
    )
}
