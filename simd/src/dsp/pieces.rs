//! Pieces of windows on their way from the input to scratch.
//!
//! Two kinds with the same signature: as they are into a patch of bytes, or widened to 16 bits into one of three
//! windows whose words lie in turns. Each takes what to read (or a word to fill with), elements and the place, and
//! returns the place behind.

use core::arch::naked_asm;

use super::asm::arch;

/// How pieces are put.
#[derive(Clone, Copy)]
pub(super) struct Put {
    /// From the input.
    pub(super) copy: unsafe extern "C" fn(*const i8, usize, *mut u8) -> *mut u8,
    /// A word again and again.
    pub(super) fill: unsafe extern "C" fn(u32, usize, *mut u8) -> *mut u8,
    /// The zero point four times, or twice in 16 bits.
    pub(super) word: u32,
}

impl Put {
    /// As bytes; up to three behind a piece may be overwritten.
    pub(super) fn bytes(zero: i8) -> Self {
        Self { copy, fill, word: u32::from(zero as u8) * 0x101_0101 }
    }

    /// Widened, whole fours in the order 0, 2, 1, 3, if all pieces are whole fours.
    pub(super) fn wide(zero: i8) -> Self {
        Self { copy: widen, fill: fill_wide, word: u32::from(zero as i16 as u16) * 0x1_0001 }
    }
}

/// Copies bytes.
///
/// # Safety
/// `from` must have `n` bytes, `to` room for them.
// SAFETY of the assembly: whole words are copied, at any address; what is left by one more that ends where the piece
// does, or byte by byte if the piece is shorter than a word. `r0` to `r3` and flags belong to the callee.
#[unsafe(naked)]
unsafe extern "C" fn copy(from: *const i8, n: usize, to: *mut u8) -> *mut u8 {
    naked_asm!(
        "subs r1, #4",
        "blt 3f",
        "2: ldr r3, [r0], #4",
        "str r3, [r2], #4",
        "subs r1, #4",
        "bge 2b",
        "adds r1, #4",
        "beq 5f",
        "add r0, r1",
        "add r2, r1",
        "ldr r3, [r0, #-4]",
        "str r3, [r2, #-4]",
        "mov r0, r2",
        "bx lr",
        "3: adds r1, #4",
        "beq 5f",
        "4: ldrb r3, [r0], #1",
        "strb r3, [r2], #1",
        "subs r1, #1",
        "bne 4b",
        "5: mov r0, r2",
        "bx lr",
    )
}

/// Fills bytes.
///
/// # Safety
/// `to` must have room for `n` bytes, rounded up to words.
// SAFETY of the assembly: it writes words, at any address. `r0` to `r3` and flags belong to the callee.
#[unsafe(naked)]
unsafe extern "C" fn fill(word: u32, n: usize, to: *mut u8) -> *mut u8 {
    naked_asm!("2: str r0, [r2], #4", "subs r1, #4", "bgt 2b", "adds r0, r2, r1", "bx lr",)
}

/// Widens a piece into one of three windows. What is behind its fours stays in its order, and the last word of an odd
/// number is filled up with 0.
///
/// # Safety
/// `from` must have `n` bytes, and the window at `to`, aligned to words, room for as many halfwords.
// SAFETY of the assembly: it reads 4 bytes at a time, at any address, and writes two words of the window, 12 bytes
// apart; of the last three 2 and 1 for one word each. `r0` to `r3`, `r12` and flags belong to the callee.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn widen(from: *const i8, n: usize, to: *mut u8) -> *mut u8 {
    naked_asm!(
        arch!(),
        "subs r1, #8",
        "blt 3f",
        "2: ldr r3, [r0], #4",
        "sxtb16 r12, r3",
        "sxtb16 r3, r3, ror #8",
        "str r12, [r2], #12",
        "str r3, [r2], #12",
        "ldr r3, [r0], #4",
        "sxtb16 r12, r3",
        "sxtb16 r3, r3, ror #8",
        "str r12, [r2], #12",
        "str r3, [r2], #12",
        "subs r1, #8",
        "bge 2b",
        // The bits of what is left: 4 to the carry, then 2 to the carry and 1 to the sign.
        "3: lsls r3, r1, #30",
        "bcc 4f",
        "ldr r3, [r0], #4",
        "sxtb16 r12, r3",
        "sxtb16 r3, r3, ror #8",
        "str r12, [r2], #12",
        "str r3, [r2], #12",
        "4: lsls r1, r1, #31",
        "bcc 5f",
        "ldrsb r3, [r0], #1",
        "ldrsb r12, [r0], #1",
        "pkhbt r3, r3, r12, lsl #16",
        "str r3, [r2], #12",
        "5: bpl 6f",
        "ldrsb r3, [r0]",
        "uxth r3, r3",
        "str r3, [r2], #12",
        "6: mov r0, r2",
        "bx lr",
    )
}

/// Fills fours of one of three windows.
///
/// # Safety
/// The window at `to` must have room for `n` halfwords, whole fours, at least one.
// SAFETY of the assembly: for each four it writes two words of the window, 12 bytes apart. `r0` to `r3` and flags
// belong to the callee.
#[unsafe(naked)]
unsafe extern "C" fn fill_wide(word: u32, n: usize, to: *mut u8) -> *mut u8 {
    naked_asm!("2: str r0, [r2], #12", "str r0, [r2], #12", "subs r1, #4", "bne 2b", "mov r0, r2", "bx lr",)
}

/// The windows of three pixels in a row of outputs, or one, that lie inside the input.
#[repr(C)]
pub(super) struct Inside {
    /// The first piece of the first window.
    pub(super) from: *const i8,
    /// Bytes from one window to the next.
    pub(super) along: usize,
    /// Bytes from one piece of a window to its next.
    pub(super) step: usize,
    /// Elements of a piece, at least one.
    pub(super) n: usize,
    /// Pieces, at least one.
    pub(super) pieces: usize,
    /// The windows, or the patch.
    pub(super) to: *mut u8,
}

/// Widens three windows whose pieces are whole fours.
///
/// # Safety
/// All pieces must be there, and room for them as halfwords of three windows, aligned to words.
// SAFETY of the assembly: of each window it reads 4 bytes at a time, at any address, and writes two words of each. `r4`
// to `r11` and `lr` are saved and restored; flags, `r0` to `r3` and `r12` belong to the callee.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn widen_three(inside: &Inside) {
    naked_asm!(
        arch!(),
        "push {{r4-r11, lr}}",
        "ldm r0, {{r0-r3, r11, r12}}",
        "push {{r1, r3}}",
        "2: ldrd r1, r3, [sp]",
        "adds r4, r0, r1",
        "adds r5, r4, r1",
        "mov r1, r0",
        "3: ldr r6, [r1], #4",
        "ldr r7, [r4], #4",
        "ldr lr, [r5], #4",
        "sxtb16 r8, r6",
        "sxtb16 r9, r7",
        "sxtb16 r10, lr",
        "stm r12!, {{r8, r9, r10}}",
        "sxtb16 r6, r6, ror #8",
        "sxtb16 r7, r7, ror #8",
        "sxtb16 lr, lr, ror #8",
        "stm r12!, {{r6, r7, lr}}",
        "subs r3, #4",
        "bne 3b",
        "add r0, r2",
        "subs r11, #1",
        "bne 2b",
        "add sp, #8",
        "pop {{r4-r11, pc}}",
    )
}

/// Copies a window to the patch, as [`copy`] does its pieces.
///
/// # Safety
/// All pieces must be there, and room for them.
// SAFETY of the assembly: as in `copy`. `r4` to `r7` and `lr` are saved and restored; flags, `r0` to `r3` and `r12`
// belong to the callee.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn copy_inside(inside: &Inside) {
    naked_asm!(
        "push {{r4-r7, lr}}",
        "ldm r0, {{r1-r6}}",
        "2: mov r0, r1",
        "subs r7, r4, #4",
        "blt 5f",
        "3: ldr r12, [r0], #4",
        "str r12, [r6], #4",
        "subs r7, #4",
        "bge 3b",
        "adds r7, #4",
        "beq 4f",
        "add r0, r7",
        "add r6, r7",
        "ldr r12, [r0, #-4]",
        "str r12, [r6, #-4]",
        "4: add r1, r3",
        "subs r5, #1",
        "bne 2b",
        "pop {{r4-r7, pc}}",
        "5: adds r7, #4",
        "6: ldrb r12, [r0], #1",
        "strb r12, [r6], #1",
        "subs r7, #1",
        "bne 6b",
        "b 4b",
    )
}
