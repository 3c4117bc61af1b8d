//! Long short-term memory: all gates, then four units at a time.

use core::arch::naked_asm;

use tensorlet::quantized::LstmWeights;

use super::gates::{self, Matrix, scale, sigmoid, tanh};

/// What [`twice`] and [`once`] work on. The assembly loads the first eight words at once.
#[repr(C)]
struct Units {
    /// The numbers of the gates i, f, g, o of all units.
    gates: *const i16,
    /// Bytes from one gate to the next.
    stride: u32,
    /// The state of each unit.
    c: *mut i16,
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
    /// Multiplier and shift of `f · c`, of `i · g` and of `o · tanh(c)`.
    forget: [i32; 2],
    input: [i32; 2],
    output: [i32; 2],
    /// The largest absolute value of the state, and its shift before `tanh`.
    state: [i32; 2],
}

/// Computes a step, or nothing if operands are not as preparation makes them.
#[inline(never)]
pub(super) fn step(
    twice: bool,
    [x, h]: [&[i8]; 2],
    c: &mut [i16],
    weights: &LstmWeights<'_>,
    y: &mut [i8],
    scratch: &mut [f32],
) {
    let (inputs, units) = (x.len(), c.len());
    let ih = Matrix { weight: weights.weight_ih, bias: weights.bias_ih, scales: weights.input, inputs, units };
    let hh = Matrix { weight: weights.weight_hh, bias: weights.bias_hh, scales: weights.hidden, inputs: units, units };
    if !ih.is_ready() || !hh.is_ready() || h.len() < units || y.len() < units || scratch.len() < 6 * units {
        return;
    }
    let cell = weights.cell;
    let [Some(forget), Some(input), Some(output)] =
        [cell.forget_to_cell, cell.input_to_cell, cell.output].map(gates::products)
    else {
        return;
    };
    let sums: *mut i32 = scratch.as_mut_ptr().cast();
    // SAFETY: scratch has room for 4·units sums and as many numbers of 16 bits. All weights, biases and scales are there,
    // checked by `is_ready`; `h`, `c` and `y` have a number for each unit.
    unsafe {
        let all: *mut i16 = sums.add(4 * units).cast();
        ih.sums(x.as_ptr(), sums);
        for gate in 0..4 {
            ih.numbers(twice, gate, sums, all.add(gate * units), false);
        }
        hh.sums(h.as_ptr(), sums);
        for gate in 0..4 {
            hh.numbers(twice, gate, sums, all.add(gate * units), true);
        }
        let combine = if twice { self::twice } else { once };
        combine(&Units {
            gates: all,
            stride: 2 * units as u32,
            c: c.as_mut_ptr(),
            y: y.as_mut_ptr(),
            table: gates::table(),
            three: 3,
            half: 1 << 14,
            n: units as u32,
            zero: cell.output_zero,
            forget,
            input,
            output,
            state: [cell.clip.into(), cell.tanh_shift],
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
        // bytes of each gate and 2 of `c`, and writes 2 of `c` and 1 of `y`; the last round only for the units that are
        // left. Of the table it reads entries `i` and `i + 1`, `i` being -192 to 191 for a sigmoid, whose 17 bits go 9 to
        // the right, and -256 to 255 for a tanh, whose 17 bits go 8.
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
                // f, times the state.
                "add r7, r0, r1",
                "vldrh.s32 q0, [r7]",
                sigmoid!(),
                "vldrh.s32 q1, [r2]",
                "vmul.i32 q0, q0, q1",
                "ldrd r8, r9, [r10, #4]",
                scale!($rounding),
                "vqmovnb.s32 q0, q0",
                "vmovlb.s16 q4, q0",
                // i times g.
                "vldrh.s32 q0, [r0], #8",
                sigmoid!(),
                "vmov q5, q0",
                "add r7, r7, r1",
                "vldrh.s32 q0, [r7]",
                "vmul.i32 q0, q0, r6",
                tanh!(),
                "vmul.i32 q0, q0, q5",
                "ldrd r8, r9, [r10, #12]",
                scale!($rounding),
                "vadd.i32 q4, q4, q0",
                "ldrd r8, r9, [r10, #28]",
                "vdup.32 q0, r8",
                "vmin.s32 q4, q4, q0",
                "vneg.s32 q0, q0",
                "vmax.s32 q4, q4, q0",
                "vstrh.32 q4, [r2], #8",
                // tanh of the new state, times o.
                "vmul.i32 q0, q4, r6",
                "vrshl.s32 q0, r9",
                tanh!(),
                "vmov q5, q0",
                "add r7, r7, r1",
                "vldrh.s32 q0, [r7]",
                sigmoid!(),
                "vmul.i32 q0, q0, q5",
                "ldrd r8, r9, [r10, #20]",
                scale!($rounding),
                "ldr r11, [r10]",
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
    /// The state and the output of all units, rounded [`Twice`](tensorlet::quantized::Twice).
    twice Twice
}
units! {
    /// The same, rounded [`Once`](tensorlet::quantized::Once).
    once Once
}
