//! Gated recurrent units: all gates, then all units.

use core::arch::naked_asm;

use tensorlet::quantized::GruWeights;

use super::{
    asm::arch,
    gates::{self, Matrix, scale, sigmoid, tanh},
    linear::widen,
    lstm::{Constants, products},
};

/// What [`twice`] and [`once`] work on.
#[repr(C)]
struct Units {
    /// The numbers of the gates r and z of all units, and those of n from the state.
    gates: *const i16,
    /// Bytes from one gate to the next.
    stride: usize,
    /// The numbers of n from the input.
    new: *const i16,
    /// The output of each unit before.
    h: *const i8,
    /// The middle of the table, 65535, 512 and `2^24 + 512`.
    constants: Constants,
    /// Multiplier, addend and shift of `(1 - z) n`.
    scale: [i32; 3],
    /// The zero point of the output.
    zero: i32,
    /// The output of each unit, and behind the last one.
    y: *mut i8,
    end: *const i8,
}

/// Computes a step, or nothing if operands are not as preparation makes them.
#[inline(never)]
pub(super) fn step(twice: bool, [x, h]: [&[i8]; 2], weights: &GruWeights<'_>, y: &mut [i8], scratch: &mut [f32]) {
    let (inputs, units) = (x.len(), h.len());
    let ih = Matrix { weight: weights.weight_ih, bias: weights.bias_ih, scales: weights.input, inputs, units };
    let hh = Matrix { weight: weights.weight_hh, bias: weights.bias_hh, scales: weights.hidden, inputs: units, units };
    let (wide_x, wide_h) = (inputs.div_ceil(2), units.div_ceil(2));
    if !ih.is_ready() || !hh.is_ready() || y.len() < units || scratch.len() < wide_x + wide_h + 3 * units {
        return;
    }
    let Some(scale) = products(weights.cell.new) else { return };
    let x_at: *mut u32 = scratch.as_mut_ptr().cast();
    let sums = if twice { gates::twice } else { gates::once };
    let combine = if twice { self::twice } else { once };
    // SAFETY: scratch has room for both inputs, widened, and for twice 3·units numbers of 16 bits, checked above. All
    // weights, biases and scales are there, checked by `is_ready`; `h` and `y` have a number for each unit.
    unsafe {
        let h_at = x_at.add(wide_x);
        let from_x: *mut i16 = h_at.add(wide_h).cast();
        let all = from_x.add(3 * units);
        widen(x.as_ptr(), inputs, x_at);
        widen(h.as_ptr(), units, h_at);
        sums(&ih.sums([0, 3], x_at, core::ptr::null(), from_x));
        sums(&hh.sums([0, 2], h_at, from_x, all));
        sums(&hh.sums([2, 1], h_at, core::ptr::null(), all));
        combine(&mut Units {
            gates: all,
            stride: 2 * units,
            new: from_x.add(2 * units),
            h: h.as_ptr(),
            constants: Constants::new(),
            scale,
            zero: weights.cell.output_zero,
            y: y.as_mut_ptr(),
            end: y.as_ptr().add(units),
        });
    }
}

macro_rules! units {
    ($(#[$doc:meta])* $name:ident $rounding:ident) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// The pointers must be as [`Units`] says, with at least one unit.
        // SAFETY of the assembly: `r4` to `r11` and `lr` are saved and restored, flags and `r0` to `r3` and `r12` belong
        // to the callee. Of each unit it reads the 2 bytes of each gate and of `new` and 1 of `h`, and writes 1 of `y`.
        // Of the table it reads entries `i` and `i + 1`, `i` being -192 to 191 for a sigmoid, whose 17 bits go 9 to the
        // right, and -256 to 255 for a tanh, whose 17 bits go 8: all are there, and 16-bit numbers at any place are
        // read as a word.
        #[unsafe(naked)]
        unsafe extern "C" fn $name(units: &mut Units) {
            naked_asm!(
                arch!(),
                "push {{r4-r11, lr}}",
                "mov r12, r0",
                "ldm r12!, {{r0-r7}}",
                // r, times the sum over the state, and n.
                "2: ldrsh r8, [r0]",
                sigmoid!("r8" "r9" "r10"),
                "ldrsh r9, [r0, r1, lsl #1]",
                "mov r10, #16384",
                "mla r8, r8, r9, r10",
                "ldrsh r9, [r2], #2",
                "add r8, r9, r8, asr #15",
                "ssat r8, #16, r8",
                "add r8, r8, r8, lsl #1",
                tanh!("r8" "r9" "r10"),
                // z, and what of n goes in.
                "ldrsh r9, [r0, r1]",
                "adds r0, #2",
                sigmoid!("r9" "r10" "r11"),
                "rsb r10, r9, #32768",
                "mul r8, r8, r10",
                "ldm r12, {{r10, r11, lr}}",
                scale!($rounding, "r10" "r11" "lr": "r8"),
                // z times what was there.
                "ldrd r10, lr, [r12, #12]",
                "ldrsb r11, [r3], #1",
                "sub r11, r10",
                "mla r8, r9, r11, r8",
                "add r8, #16384",
                "add r8, r10, r8, asr #15",
                "ssat r8, #8, r8",
                "strb r8, [lr], #1",
                "str lr, [r12, #16]",
                "ldr r8, [r12, #20]",
                "cmp lr, r8",
                "bne 2b",
                "pop {{r4-r11, pc}}",
            )
        }
    };
}

units! {
    /// The output of all units, rounded [`Twice`](tensorlet::quantized::Twice).
    twice Twice
}
units! {
    /// The same, rounded [`Once`](tensorlet::quantized::Once).
    once Once
}
