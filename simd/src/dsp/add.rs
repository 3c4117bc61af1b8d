//! Sums of two tensors, by the tables of what each integer adds.

use core::arch::naked_asm;

use tensorlet::quantized::AddTables;

use super::{
    Rounds,
    asm::{arch, requantize},
};

/// What [`twice`] and [`once`] work on.
#[repr(C)]
struct Sums {
    a: *const i8,
    b: *const i8,
    first: *const i32,
    second: *const i32,
    y: *mut i8,
    /// At least one.
    n: usize,
    multiplier: i32,
    addend: i32,
    shift: i32,
}

/// Computes sums of as many elements, or returns false if there are none or operands have others, or if the scale is
/// not folded or has a bias that is not doubled: its shift is negative.
#[inline(never)]
pub(super) fn add(round_twice: bool, a: &[i8], b: Option<&[i8]>, add: AddTables<'_>, y: &mut [i8]) -> bool {
    let (n, to) = (y.len(), y.as_mut_ptr());
    let b = match b {
        Some(b) if b.len() == n => b.as_ptr(),
        Some(_) => return false,
        None => to.cast_const(),
    };
    if a.len() != n || n == 0 || !add.scale.folded || add.scale.shift < 0 {
        return false;
    }
    let core = match Rounds::of(round_twice, core::slice::from_ref(&add.scale), add.clamp) {
        Rounds::Once => once,
        Rounds::Twice => twice,
        Rounds::Rectified => rectified,
    };
    // SAFETY: all slices have `n` elements, and the tables 256. Where `y` is one of the operands, each of its elements is
    // read before it is written.
    unsafe {
        core(&Sums {
            a: a.as_ptr(),
            b,
            first: add.tables[0].as_ptr(),
            second: add.tables[1].as_ptr(),
            y: to,
            n,
            multiplier: add.scale.multiplier,
            addend: add.scale.addend,
            shift: i32::from(add.scale.shift),
        });
    }
    super::clamp(y, n, add.clamp);
    true
}

macro_rules! sums {
    ($name:ident $rounding:ident) => {
        /// Adds element by element.
        ///
        /// # Safety
        /// The pointers must be as [`Sums`] says, with `n` elements, and 256 in each table.
        // SAFETY of the assembly: `r4` to `r11` and `lr` are saved and restored, flags and `r0` to `r3` belong to the
        // callee. In each round it reads one byte of `a` and of `b`, the entry of each table that this byte counts
        // to, and writes one byte.
        #[unsafe(naked)]
        unsafe extern "C" fn $name(sums: &Sums) {
            naked_asm!(
                arch!(),
                "push {{r4-r11, lr}}",
                "ldm r0, {{r0-r8}}",
                "2: ldrb r9, [r0], #1",
                "ldrb r10, [r1], #1",
                "ldr r9, [r2, r9, lsl #2]",
                "ldr r10, [r3, r10, lsl #2]",
                "add r9, r10",
                requantize![$rounding, "r6" "r7" "r8": "r9"],
                "strb r9, [r4], #1",
                "subs r5, #1",
                "bne 2b",
                "pop {{r4-r11, pc}}",
            )
        }
    };
}

sums!(twice Twice);
sums!(rectified Rectified);
sums!(once Once);
