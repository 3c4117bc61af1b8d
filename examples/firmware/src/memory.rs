//! What the program uses of the chip's memory: the linker's symbols, and the stack's painted words.

use cortex_m_rt::STACK_PAINT_VALUE;

// SAFETY: cortex-m-rt's linker script defines every one of these. Only their addresses are taken.
unsafe extern "C" {
    static __vector_table: u32;
    static __sidata: u32;
    static __sdata: u32;
    static __edata: u32;
    static __euninit: u32;
    static _stack_end: u32;
    static _stack_start: u32;
}

/// Bytes of flash that the program fills: vectors, code, constants and the initial values of statics.
pub fn flash() -> usize {
    // The initial values of statics come last.
    (&raw const __sidata).addr() - (&raw const __vector_table).addr() + (&raw const __edata).addr()
        - (&raw const __sdata).addr()
}

/// Bytes of RAM that statics occupy.
pub fn static_ram() -> usize {
    (&raw const __euninit).addr() - (&raw const __sdata).addr()
}

/// Bytes of RAM that are left for the stack.
pub fn stack_available() -> usize {
    (&raw const _stack_start).addr() - (&raw const _stack_end).addr()
}

/// Bytes of the stack that have ever been used: the start-up code painted all of it, and what was written since is
/// no longer painted.
pub fn stack_high_water() -> usize {
    (&raw const _stack_start).addr() - first_unpainted().addr()
}

/// Runs `body` and says how many bytes of stack it and what it calls have used.
///
/// This paints the stack anew, so [`stack_high_water`] knows only what came after.
#[inline(never)]
pub fn stack_used<R>(body: impl FnOnce() -> R) -> (R, usize) {
    let top = repaint();
    let result = outlined(body);
    (result, top.saturating_sub(first_unpainted().addr()))
}

/// Gives `body` a frame of its own, below the one whose depth is known.
#[inline(never)]
fn outlined<R>(body: impl FnOnce() -> R) -> R {
    core::hint::black_box(body())
}

/// Paints the stack anew below the caller's frame and returns where that frame ends.
#[inline(always)]
fn repaint() -> usize {
    let top = cortex_m::register::msp::read() as usize & !3;
    let mut word = (&raw const _stack_end).cast_mut();
    while word.addr() < top {
        // SAFETY: `word` lies between the end of the statics and the stack pointer. That memory belongs to the
        // stack, which uses none of it now: this function calls nothing and no interrupt is enabled.
        unsafe {
            word.write_volatile(STACK_PAINT_VALUE);
            word = word.add(1);
        }
    }
    top
}

/// The lowest word of the stack that is no longer painted.
fn first_unpainted() -> *const u32 {
    let mut word = &raw const _stack_end;
    // SAFETY: `word` stays between the end of the statics and the top of the stack: RAM that start-up has written.
    unsafe {
        while word < &raw const _stack_start && word.read_volatile() == STACK_PAINT_VALUE {
            word = word.add(1);
        }
    }
    word
}
