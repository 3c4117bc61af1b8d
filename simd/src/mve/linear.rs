//! Fully connected layers: six rows of weights at a time.

use core::arch::naked_asm;

use tensorlet::quantized::{Order, Requantize};

use super::round::{Outputs, Rounds};
use crate::samples;

/// Rows of weights whose sums are made together.
const ROWS: usize = 6;

/// What [`sums_of_sixes`] and [`sums_of_short_sixes`] work on. The assembly puts the first six words on its stack.
#[repr(C)]
struct Sixes {
    /// The inputs.
    x: *const i8,
    /// Bytes of a row.
    len: u32,
    /// Where the sums go.
    sums: *mut i32,
    /// Behind the last sum.
    end: *const i32,
    /// Bytes of a row behind its first vector.
    rest: u32,
    /// Bytes that the last vector of a row has too many.
    excess: u32,
    /// The rows of weights, one behind the other.
    weight: *const i8,
}

impl Sixes {
    /// The sums of so many rows, at least 6, of `len` weights, at least 1.
    fn new(x: *const i8, len: usize, weight: *const i8, sums: *mut i32, rows: usize) -> Self {
        Self {
            x,
            len: len as u32,
            sums,
            end: sums.wrapping_add(rows),
            rest: len.saturating_sub(16) as u32,
            excess: (len.next_multiple_of(16) - len) as u32,
            weight,
        }
    }
}

/// The function that makes sums: `name, [what begins the sums], the beginning of the loop`.
macro_rules! sums {
    ($(#[$doc:meta])* $name:ident, [$($begin:literal),*], $loop:literal) => {
        $(#[$doc])*
        // SAFETY of the assembly: `r4` to `r11` and `lr` are saved and restored, the stack is as before at the end. Each
        // round reads six rows of `len` bytes and as many of `x`, the last vector only as far as the row goes, and writes
        // six sums. Where fewer are left it goes back by as many rows and sums as are too few: there are six.
        #[unsafe(naked)]
        unsafe extern "C" fn $name(sixes: *const Sixes) {
            naked_asm!(
                ".cpu cortex-m55",
                "push {{r4-r11, lr}}",
                "ldm r0, {{r1-r7}}",
                "push {{r1-r6}}",
                "mov r1, r7",
                "1:",
                "ldrd r12, lr, [sp]",
                "add r3, r1, lr",
                "add r5, r3, lr",
                "add r7, r5, lr",
                "add r9, r7, lr",
                "add r11, r9, lr",
                $($begin,)*
                $loop,
                "2:",
                "vldrb.u8 q0, [r12], #16",
                "vldrb.u8 q1, [r1], #16",
                "vmladava.s8 r0, q0, q1",
                "vldrb.u8 q2, [r3], #16",
                "vmladava.s8 r2, q0, q2",
                "vldrb.u8 q3, [r5], #16",
                "vmladava.s8 r4, q0, q3",
                "vldrb.u8 q1, [r7], #16",
                "vmladava.s8 r6, q0, q1",
                "vldrb.u8 q2, [r9], #16",
                "vmladava.s8 r8, q0, q2",
                "vldrb.u8 q3, [r11], #16",
                "vmladava.s8 r10, q0, q3",
                "letp lr, 2b",
                "3:",
                "ldrd r12, r3, [sp, #8]",
                "strd r0, r2, [r12], #8",
                "strd r4, r6, [r12], #8",
                "strd r8, r10, [r12], #8",
                "ldr r1, [sp, #20]",
                "sub r1, r11, r1",
                // The last six rows overlap with those before them rather than to be fewer.
                "subs r3, r3, r12",
                "beq 5f",
                "subs r3, #24",
                "bpl 4f",
                "add r12, r3",
                "asrs r3, r3, #2",
                "ldr r0, [sp, #4]",
                "mla r1, r3, r0, r1",
                "4: str r12, [sp, #8]",
                "b 1b",
                "5: add sp, #24",
                "pop {{r4-r11, pc}}",
            )
        }
    };
}

sums!(
    /// The sums of the products of rows of weights with one row of inputs, six at a time.
    ///
    /// # Safety
    /// All is there as [`Sixes::new`] says, rows have at least 16 bytes, and there is room for all sums.
    sums_of_sixes,
    // The first round begins the sums.
    ["vldrb.u8 q0, [r12], #16", "vldrb.u8 q1, [r1], #16", "vmladav.s8 r0, q0, q1", "vldrb.u8 q2, [r3], #16",
     "vmladav.s8 r2, q0, q2", "vldrb.u8 q3, [r5], #16", "vmladav.s8 r4, q0, q3", "vldrb.u8 q1, [r7], #16",
     "vmladav.s8 r6, q0, q1", "vldrb.u8 q2, [r9], #16", "vmladav.s8 r8, q0, q2", "vldrb.u8 q3, [r11], #16",
     "vmladav.s8 r10, q0, q3", "ldr lr, [sp, #16]"],
    "wlstp.8 lr, lr, 3f"
);
sums!(
    /// The same for rows of fewer bytes.
    ///
    /// # Safety
    /// As [`sums_of_sixes`], but for the number of bytes.
    sums_of_short_sixes,
    ["mov r0, #0", "mov r2, #0", "mov r4, #0", "mov r6, #0", "mov r8, #0", "mov r10, #0"],
    "dlstp.8 lr, lr"
);

/// Computes a layer, or returns false if a slice is too short, the layer too small, or its scales not
/// [`ready`](super::ready).
#[inline(never)]
pub(super) fn linear(
    [inputs, outputs]: [usize; 2],
    twice: bool,
    [x, weight]: [&[i8]; 2],
    requantize: Requantize<'_>,
    y: &mut [i8],
    scratch: &mut [f32],
) -> bool {
    let ready = outputs >= ROWS && inputs > 0 && weight.len() >= inputs * outputs && super::ready(&requantize);
    if !ready || scratch.len() < Order::Mve.linear_scratch(inputs, outputs) {
        return false;
    }
    let sums: *mut i32 = scratch.as_mut_ptr().cast();
    let round = Rounds::of(twice, &requantize).one(&requantize);
    let make = if inputs < 16 { sums_of_short_sixes } else { sums_of_sixes };
    let samples = samples::count([x.len(), y.len()], [inputs, outputs]);
    for sample in 0..samples {
        let (Some(x), Some(y)) = (x.get(sample * inputs..), y.get_mut(sample * outputs..)) else { return false };
        // SAFETY: there are so many rows of weights, checked above, and as many sums of the scratch, whose length was
        // checked, too; `x` has `inputs` bytes, since the sample is one of those that fit into it. Words of `f32` hold
        // words of `i32`.
        unsafe { make(&Sixes::new(x.as_ptr(), inputs, weight.as_ptr(), sums, outputs)) }
        let Some(outputs_of) = Outputs::new(&requantize, 0, outputs, sums, [y.as_mut_ptr(); 3]) else { return false };
        // SAFETY: `Outputs::new` has checked biases and scales, all sums have been written, and `y` has room for
        // `outputs` bytes, since the sample is one of those that fit into it.
        unsafe { round(&outputs_of) }
        super::clamp(y, outputs, requantize.clamp);
    }
    true
}
