//! Gated recurrent units: all gates, then four units at a time.

use core::arch::naked_asm;

use tensorlet::quantized::GruWeights;

use super::gates::{self, Matrix, scale, sigmoid, tanh};

/// What [`twice`] and [`once`] work on. The assembly loads the first eight words at once.
#[repr(C)]
struct Units {
    /// The numbers of the gates r and z of all units, those of n from the input, and those from the state.
    gates: *const i16,
    /// Bytes from one gate to the next.
    stride: u32,
    /// The output of each unit before.
    h: *const i8,
    /// The output of each unit.
    y: *mut i8,
    /// The middle of the table and the entry behind it, 3 and 2^14.
    table: [*const i16; 2],
    three: u32,
    half: u32,
    /// The number of units, at least 1.
    n: u32,
    /// The zero point of the output.
    zero: i32,
    /// Multiplier and shift of `(1 - z) n`.
    scale: [i32; 2],
}

/// Computes a step, or nothing if operands are not as preparation makes them.
#[inline(never)]
pub(super) fn step(twice: bool, [x, h]: [&[i8]; 2], weights: &GruWeights<'_>, y: &mut [i8], scratch: &mut [f32]) {
    let (inputs, units) = (x.len(), h.len());
    let ih = Matrix { weight: weights.weight_ih, bias: weights.bias_ih, scales: weights.input, inputs, units };
    let hh = Matrix { weight: weights.weight_hh, bias: weights.bias_hh, scales: weights.hidden, inputs: units, units };
    if !ih.is_ready() || !hh.is_ready() || y.len() < units || scratch.len() < 5 * units {
        return;
    }
    let Some(scale) = gates::products(weights.cell.new) else { return };
    let sums: *mut i32 = scratch.as_mut_ptr().cast();
    // SAFETY: scratch has room for 3·units sums and 4·units numbers of 16 bits. All weights, biases and scales are there,
    // checked by `is_ready`; `h` and `y` have a number for each unit.
    unsafe {
        let all: *mut i16 = sums.add(3 * units).cast();
        ih.sums(x.as_ptr(), sums);
        for gate in 0..3 {
            ih.numbers(twice, gate, sums, all.add(gate * units), false);
        }
        hh.sums(h.as_ptr(), sums);
        hh.numbers(twice, 0, sums, all, true);
        hh.numbers(twice, 1, sums, all.add(units), true);
        hh.numbers(twice, 2, sums, all.add(3 * units), false);
        let combine = if twice { self::twice } else { once };
        combine(&Units {
            gates: all,
            stride: 2 * units as u32,
            h: h.as_ptr(),
            y: y.as_mut_ptr(),
            table: gates::table(),
            three: 3,
            half: 1 << 14,
            n: units as u32,
            zero: weights.cell.output_zero,
            scale,
        });
    }
}

macro_rules! units {
    ($(#[$doc:meta])* $name:ident $rounding:ident) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// The pointers must be as [`Units`] says.
        // SAFETY of the assembly: what the calling convention asks for is saved and restored. Of each unit it reads the 2
        // bytes of each gate and 1 of `h`, and writes 1 of `y`; the last round only for the units that are left. Of the
        // table it reads entries `i` and `i + 1`, `i` being -192 to 191 for a sigmoid, whose 17 bits go 9 to the right,
        // and -256 to 255 for a tanh, whose 17 bits go 8.
        #[unsafe(naked)]
        unsafe extern "C" fn $name(units: *const Units) {
            naked_asm!(
                ".cpu cortex-m55",
                "push {{r4-r11, lr}}",
                "vpush {{d8-d15}}",
                "mov r10, r0",
                "ldm r10!, {{r0-r7}}",
                "mov r12, r7",
                "ldr lr, [r10], #4",
                "movw r8, #511",
                "vdup.32 q7, r8",
                "mov r8, #255",
                "vdup.32 q6, r8",
                "dlstp.32 lr, lr",
                "2:",
                // r, times the sum over the state, and n.
                "vldrh.s32 q0, [r0]",
                sigmoid!(),
                "add r7, r0, r1",
                "vldrh.s32 q4, [r7]",
                "add r7, r7, r1",
                "vldrh.s32 q5, [r7]",
                "add r7, r7, r1",
                "vldrh.s32 q1, [r7]",
                "adds r0, #8",
                "vmul.i32 q0, q0, q1",
                "vrshr.s32 q0, q0, #15",
                "vadd.i32 q0, q0, q5",
                "vqmovnb.s32 q0, q0",
                "vmovlb.s16 q0, q0",
                "vmul.i32 q0, q0, r6",
                tanh!(),
                "vmov q5, q0",
                // z, and what of n goes in.
                "vmov q0, q4",
                sigmoid!(),
                "vmov q4, q0",
                "mov r11, #32768",
                "vsub.i32 q0, q0, r11",
                "vneg.s32 q0, q0",
                "vmul.i32 q0, q0, q5",
                "ldrd r8, r9, [r10, #4]",
                scale!($rounding),
                // z times what was there.
                "ldr r11, [r10]",
                "vldrb.s32 q1, [r2], #4",
                "vsub.i32 q1, q1, r11",
                "vmul.i32 q1, q1, q4",
                "vadd.i32 q0, q0, q1",
                "vrshr.s32 q0, q0, #15",
                "vadd.i32 q0, q0, r11",
                "vqmovnb.s32 q0, q0",
                "vqmovnb.s16 q0, q0",
                "vstrb.32 q0, [r3], #4",
                "letp lr, 2b",
                "vpop {{d8-d15}}",
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
