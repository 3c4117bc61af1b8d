//! The cores in assembly: what the loops of the kernels consist of.
//!
//! Stable Rust has no intrinsics for these vectors, and would not hand out their registers unless the whole program
//! were built for such a processor. Naked functions say themselves what they are assembled for (`.cpu`), keep to the
//! calling convention of the target, and are the same in every program.
//!
//! Loops run with `DLSTP`, `WLSTP` and `LETP`: the last round reads and writes only the elements that are left, so that
//! nothing is read behind a slice whatever its length.

use core::arch::naked_asm;

/// What [`sums_of_pairs`] and [`sums_of_short_pairs`] work on. The assembly loads the first six words at once.
#[repr(C)]
pub(super) struct Pairs {
    /// Behind the last sum.
    pub(super) end: *mut i32,
    /// Bytes from where a row's last vector ends, or from where a short row begins, to the row after the next one.
    pub(super) step: u32,
    /// Three rows of inputs.
    pub(super) x: [*const i8; 3],
    /// Bytes of a row behind its first vector; all of a short row.
    pub(super) rest: u32,
    /// Two rows of weights.
    pub(super) weight: [*const i8; 2],
    /// Where the sums go: of each pair of rows `a` and `b` those with each input, `a0 b0 a1 b1 a2 b2`.
    pub(super) sums: *mut i32,
    /// The pairs.
    pub(super) pairs: u32,
}

impl Pairs {
    /// So many rows of `len` bytes, one behind the other.
    pub(super) fn new(x: [*const i8; 3], weight: *const i8, len: usize, rows: usize, sums: *mut i32) -> Self {
        let short = len < 16;
        Self {
            end: sums.wrapping_add(3 * rows),
            step: (2 * len - if short { 0 } else { len.next_multiple_of(16) }) as u32,
            x,
            rest: (if short { len } else { len - 16 }) as u32,
            weight: [weight, weight.wrapping_add(len)],
            sums,
            pairs: (rows / 2) as u32,
        }
    }
}

/// The sums of the products of pairs of rows of weights with three rows of inputs.
///
/// Six sums at a time stay in registers; five loads and six products make a round of 96 multiplications.
///
/// # Safety
/// All rows have as many bytes as [`Pairs::new`] was told, at least 16; of weights there are so many, an even number and
/// not none, and room for three sums of each.
// SAFETY of the assembly: `r4` to `r11` and `lr` are saved and restored, the stack is as before at the end, and flags,
// `r0` to `r3`, `r12` and `q0` to `q3` belong to the callee. Each round reads two rows of weights and the three of
// inputs, a vector, then `rest` bytes, of the last vector only what is left, and writes six sums. `step` leads from
// behind that vector to the row after the next one; rounds end where the sums do. `ldrd`, `strd` and `ldm` see
// addresses that are multiples of 4: those of words.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn sums_of_pairs(pairs: *const Pairs) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r4-r11, lr}}",
        "mov r11, r0",
        "ldrd r1, r3, [r11, #24]",
        "ldr r12, [r11, #32]",
        "ldm r11, {{r0, r2, r5, r7, r9, lr}}",
        "1:",
        // The first round begins the sums.
        "vldrb.u8 q0, [r1], #16",
        "vldrb.u8 q2, [r5], #16",
        "vmladav.s8 r0, q0, q2",
        "vldrb.u8 q1, [r3], #16",
        "vmladav.s8 r2, q1, q2",
        "vldrb.u8 q3, [r7], #16",
        "vmladav.s8 r4, q0, q3",
        "vldrb.u8 q2, [r9], #16",
        "vmladav.s8 r6, q1, q3",
        "vmladav.s8 r8, q0, q2",
        "vmladav.s8 r10, q1, q2",
        "wlstp.8 lr, lr, 3f",
        "2:",
        "vldrb.u8 q0, [r1], #16",
        "vldrb.u8 q2, [r5], #16",
        "vmladava.s8 r0, q0, q2",
        "vldrb.u8 q1, [r3], #16",
        "vmladava.s8 r2, q1, q2",
        "vldrb.u8 q3, [r7], #16",
        "vmladava.s8 r4, q0, q3",
        "vldrb.u8 q2, [r9], #16",
        "vmladava.s8 r6, q1, q3",
        "vmladava.s8 r8, q0, q2",
        "vmladava.s8 r10, q1, q2",
        "letp lr, 2b",
        "3:",
        "strd r0, r2, [r12], #8",
        "strd r4, r6, [r12], #8",
        "strd r8, r10, [r12], #8",
        "ldm r11, {{r0, r2, r5, r7, r9, lr}}",
        "add r1, r1, r2",
        "add r3, r3, r2",
        "cmp r12, r0",
        "blo 1b",
        "pop {{r4-r11, pc}}",
    )
}

/// The same for rows of less than a vector: the inputs stay in registers, with zeros behind them.
///
/// # Safety
/// As [`sums_of_pairs`], but for the number of bytes, which is 1 to 15.
// SAFETY of the assembly: `r4` to `r11`, `lr` and `q4` (`d8` and `d9`) are saved and restored, the stack is as before
// at the end, and flags, `p0`, `r0` to `r3`, `r12` and `q0` to `q3` belong to the callee. All loads of vectors are
// predicated: they read the `rest` bytes of a row, those of the inputs once. Each of `pairs` rounds reads two rows of
// weights, `step` behind the two before them, and writes six sums. `ldrd` and `strd` see addresses of words.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn sums_of_short_pairs(pairs: *const Pairs) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r4-r11, lr}}",
        "vpush {{d8-d9}}",
        "ldrd r5, r7, [r0, #4]",
        "ldrd r9, r11, [r0, #12]",
        "ldrd r3, r1, [r0, #20]",
        "ldr lr, [r0, #36]",
        "ldr r12, [r0, #32]",
        "vctp.8 r3",
        "vpsttt",
        "vldrbt.u8 q0, [r7]",
        "vldrbt.u8 q1, [r9]",
        "vldrbt.u8 q2, [r11]",
        "add r3, r1, r3",
        "dls lr, lr",
        "2:",
        "vpstt",
        "vldrbt.u8 q3, [r1]",
        "vldrbt.u8 q4, [r3]",
        "vmladav.s8 r0, q0, q3",
        "vmladav.s8 r2, q0, q4",
        "add r1, r1, r5",
        "vmladav.s8 r4, q1, q3",
        "vmladav.s8 r6, q1, q4",
        "add r3, r3, r5",
        "vmladav.s8 r8, q2, q3",
        "vmladav.s8 r10, q2, q4",
        "strd r0, r2, [r12], #8",
        "strd r4, r6, [r12], #8",
        "strd r8, r10, [r12], #8",
        "le lr, 2b",
        "vpop {{d8-d9}}",
        "pop {{r4-r11, pc}}",
    )
}

/// What [`sums_of_row`] works on.
#[repr(C)]
pub(super) struct Row {
    /// Three rows of inputs.
    pub(super) x: [*const i8; 3],
    /// Bytes of a row, at least 1.
    pub(super) len: u32,
    /// The row of weights.
    pub(super) weight: *const i8,
    /// Where the sums go: four bytes each, with four bytes between them.
    pub(super) sums: *mut i32,
}

/// The sums of the products of one row of weights, of any length, with three rows of inputs.
///
/// # Safety
/// All rows have `len` bytes, and there is room for five sums.
// SAFETY of the assembly: `r4` to `r8` and `lr` are saved and restored, the stack is as before at the end, and flags,
// `r0` to `r3`, `r12` and `q0` to `q3` belong to the callee. It reads `len` bytes of each of four rows, of the last
// vector only what is left, and writes the first, the third and the fifth word of `sums`. `ldrd` sees addresses of
// words.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn sums_of_row(row: *const Row) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r4-r8, lr}}",
        "ldrd r1, r3, [r0]",
        "ldrd r5, lr, [r0, #8]",
        "ldrd r7, r12, [r0, #16]",
        "mov r2, #0",
        "mov r4, #0",
        "mov r6, #0",
        "dlstp.8 lr, lr",
        "2:",
        "vldrb.u8 q0, [r7], #16",
        "vldrb.u8 q1, [r1], #16",
        "vmladava.s8 r2, q0, q1",
        "vldrb.u8 q2, [r3], #16",
        "vmladava.s8 r4, q0, q2",
        "vldrb.u8 q3, [r5], #16",
        "vmladava.s8 r6, q0, q3",
        "letp lr, 2b",
        "str r2, [r12]",
        "str r4, [r12, #8]",
        "str r6, [r12, #16]",
        "pop {{r4-r8, pc}}",
    )
}

/// Copies `n` bytes.
///
/// # Safety
/// There are `n` bytes at both places, which do not overlap.
// SAFETY of the assembly: `r7` and `lr` are saved and restored, the stack is as before at the end, and flags, `r0` to
// `r3` and `q0` belong to the callee. It reads and writes `n` bytes, of the last vector only what is left, and nothing
// if there are none.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn copy(to: *mut i8, from: *const i8, n: u32) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r7, lr}}",
        "wlstp.8 lr, r2, 3f",
        "2:",
        "vldrb.u8 q0, [r1], #16",
        "vstrb.8 q0, [r0], #16",
        "letp lr, 2b",
        "3:",
        "pop {{r7, pc}}",
    )
}

/// What [`copy_windows`] works on. The assembly loads all of it at once.
#[repr(C)]
pub(super) struct Lines {
    /// Where the windows go, one behind the other.
    pub(super) to: *mut i8,
    /// The first window.
    pub(super) from: *const i8,
    /// Bytes of a line of a window, and the lines; at least 1.
    pub(super) line: u32,
    pub(super) lines: u32,
    /// Bytes from one line of a window to the next.
    pub(super) below: u32,
    /// Bytes from one window to the next.
    pub(super) step: u32,
    /// Bytes from one line to the next where they go.
    pub(super) pitch: u32,
    /// The windows, at least 1.
    pub(super) windows: u32,
}

/// Copies windows.
///
/// # Safety
/// All lines of the windows are there, and room for them, which does not overlap with them.
// SAFETY of the assembly: `r4` to `r9` and `lr` are saved and restored, the stack is as before at the end, and flags,
// `p0`, `r0` to `r3`, `r12` and `q0` belong to the callee. Of each window it reads `lines` times `line` bytes, `below`
// apart, and writes them `pitch` apart, of the last vector only what is left; lines that fit a vector have a predicate
// for it. Neither lines nor windows may be none: both loops count at their ends. `ldm` sees an address of words.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn copy_windows(lines: *const Lines) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r4-r9, lr}}",
        "ldm r0, {{r1-r7, r12}}",
        "mov r0, r12",
        "cmp r3, #16",
        "bls 4f",
        // The pointer into a line goes on in whole sixteens.
        "add r9, r3, #15",
        "bic r9, r9, #15",
        "sub r5, r5, r9",
        "1:",
        "mov r12, r2",
        "add r2, r2, r6",
        "mov r8, r4",
        "2:",
        "mov r9, r1",
        "add r1, r1, r7",
        "dlstp.8 lr, r3",
        "3:",
        "vldrb.u8 q0, [r12], #16",
        "vstrb.8 q0, [r9], #16",
        "letp lr, 3b",
        "add r12, r12, r5",
        "subs r8, r8, #1",
        "bne 2b",
        "subs r0, r0, #1",
        "bne 1b",
        "pop {{r4-r9, pc}}",
        // Lines that fit a vector.
        "4:",
        "vctp.8 r3",
        "5:",
        "mov r12, r2",
        "add r2, r2, r6",
        "dls lr, r4",
        "6:",
        "vpstt",
        "vldrbt.u8 q0, [r12]",
        "vstrbt.8 q0, [r1]",
        "add r12, r12, r5",
        "add r1, r1, r7",
        "le lr, 6b",
        "subs r0, r0, #1",
        "bne 5b",
        "pop {{r4-r9, pc}}",
    )
}

/// Writes `n` bytes of one value.
///
/// # Safety
/// There are `n` bytes at the place.
// SAFETY of the assembly: `r7` and `lr` are saved and restored, the stack is as before at the end, and flags, `r0` to
// `r3` and `q0` belong to the callee. It writes `n` bytes, of the last vector only what is left, and nothing if there
// are none.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn fill(to: *mut i8, value: i32, n: u32) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r7, lr}}",
        "vdup.8 q0, r1",
        "wlstp.8 lr, r2, 3f",
        "2:",
        "vstrb.8 q0, [r0], #16",
        "letp lr, 2b",
        "3:",
        "pop {{r7, pc}}",
    )
}

/// Limits `n` bytes to what lies between two values.
///
/// # Safety
/// There are `n` bytes at the place.
// SAFETY of the assembly: `r7` and `lr` are saved and restored, the stack is as before at the end, and flags, `r0` to
// `r3` and `q0` to `q2` belong to the callee. It reads `n` bytes and writes them where they were, of the last vector
// only what is left, and nothing if there are none.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn clamp(y: *mut i8, n: u32, min: i32, max: i32) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r7, lr}}",
        "vdup.8 q1, r2",
        "vdup.8 q2, r3",
        "wlstp.8 lr, r1, 3f",
        "2:",
        "vldrb.u8 q0, [r0]",
        "vmax.s8 q0, q0, q1",
        "vmin.s8 q0, q0, q2",
        "vstrb.8 q0, [r0], #16",
        "letp lr, 2b",
        "3:",
        "pop {{r7, pc}}",
    )
}
