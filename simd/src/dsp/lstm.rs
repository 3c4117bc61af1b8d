//! Long short-term memory: all gates, then all units.

use core::arch::naked_asm;

use tensorlet::{
    kernel::LOGISTIC,
    quantized::{LstmWeights, Multiplier},
};

use super::{
    asm::arch,
    gates::{self, Matrix, scale, sigmoid, tanh},
    linear::widen,
};

/// What [`twice`] and [`once`] work on.
#[repr(C)]
struct Units {
    /// The numbers of the gates i, f, g, o of all units.
    gates: *const i16,
    /// Bytes from one gate to the next.
    stride: usize,
    /// The state of each unit.
    c: *mut i16,
    /// The output of each unit.
    y: *mut i8,
    /// The middle of the table, 65535, 512 and `2^24 + 512`.
    constants: Constants,
    /// Multiplier, addend and shift of `f · c` and of `i · g`.
    forget: [i32; 3],
    input: [i32; 3],
    /// The largest absolute value of the state, and twice that.
    clip: [i32; 2],
    /// Of the state before `tanh`: three times a power of two, what rounds, bits to the right.
    tanh: [i32; 3],
    /// Multiplier, addend and shift of `o · tanh(c)`, and the zero point.
    output: [i32; 4],
    /// Behind the last output.
    end: *const i8,
}

/// What the functions of gates keep in `r4` to `r7`.
#[repr(C)]
pub(super) struct Constants {
    table: *const i16,
    halves: u32,
    half: u32,
    sigmoid: u32,
}

impl Constants {
    pub(super) fn new() -> Self {
        Self { table: LOGISTIC.as_ptr().wrapping_add(256), halves: 0xffff, half: 512, sigmoid: (1 << 24) + 512 }
    }
}

/// Multiplier, addend and shift to the right of products; none if there is no shift.
pub(super) fn products(scale: Multiplier) -> Option<[i32; 3]> {
    let right = scale.shift.wrapping_neg();
    (1..=31).contains(&right).then(|| [scale.multiplier, 1 << ((right - 1) & 31), right])
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
    let (wide_x, wide_h) = (inputs.div_ceil(2), units.div_ceil(2));
    if !ih.is_ready() || !hh.is_ready() || h.len() < units || y.len() < units {
        return;
    }
    if scratch.len() < wide_x + wide_h + 4 * units {
        return;
    }
    let cell = weights.cell;
    let [Some(forget), Some(input), Some([multiplier, addend, right])] =
        [cell.forget_to_cell, cell.input_to_cell, cell.output].map(products)
    else {
        return;
    };
    let (left, shift) = (cell.tanh_shift.max(0), cell.tanh_shift.min(0).wrapping_neg());
    let (x_at, clip): (*mut u32, _) = (scratch.as_mut_ptr().cast(), i32::from(cell.clip));
    let sums = if twice { gates::twice } else { gates::once };
    let combine = if twice { self::twice } else { once };
    // SAFETY: scratch has room for both inputs, widened, and for twice 4·units numbers of 16 bits, checked above. All
    // weights, biases and scales are there, checked by `is_ready`; `h`, `c` and `y` have a number for each unit.
    unsafe {
        let h_at = x_at.add(wide_x);
        let from_x: *mut i16 = h_at.add(wide_h).cast();
        let all = from_x.add(4 * units);
        widen(x.as_ptr(), inputs, x_at);
        widen(h.as_ptr(), units, h_at);
        sums(&ih.sums([0, 4], x_at, core::ptr::null(), from_x));
        sums(&hh.sums([0, 4], h_at, from_x, all));
        combine(&Units {
            gates: all,
            stride: 2 * units,
            c: c.as_mut_ptr(),
            y: y.as_mut_ptr(),
            constants: Constants::new(),
            forget,
            input,
            clip: [clip, 2 * clip],
            tanh: [3 << (left & 31), (1 << (shift & 31)) >> 1, shift],
            output: [multiplier, addend, right, cell.output_zero],
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
        // to the callee. Of each unit it reads the 2 bytes of each gate and 2 of `c`, and writes 2 of `c` and 1 of `y`.
        // Of the table it reads entries `i` and `i + 1`, `i` being -192 to 191 for a sigmoid, whose 17 bits go 9 to the
        // right, and -256 to 255 for a tanh, whose 17 bits go 8: all are there, and 16-bit numbers at any place are
        // read as a word.
        #[unsafe(naked)]
        unsafe extern "C" fn $name(units: &Units) {
            naked_asm!(
                arch!(),
                "push {{r4-r11, lr}}",
                "mov r12, r0",
                "ldm r12!, {{r0-r7}}",
                // f, times the state.
                "2: ldrsh r8, [r0, r1]",
                sigmoid!("r8" "r9" "r10"),
                "ldrsh r9, [r2]",
                "mul r8, r8, r9",
                "ldm r12!, {{r9-r11}}",
                scale!($rounding, "r9" "r10" "r11": "r8"),
                "ssat r8, #16, r8",
                // i times g.
                "ldrsh r9, [r0]",
                sigmoid!("r9" "r10" "r11"),
                "ldrsh r10, [r0, r1, lsl #1]",
                "add r10, r10, r10, lsl #1",
                tanh!("r10" "r11" "lr"),
                "mul r9, r9, r10",
                "ldm r12!, {{r10, r11, lr}}",
                scale!($rounding, "r10" "r11" "lr": "r9"),
                "add r8, r9",
                "ldm r12!, {{r9, r10}}",
                "add r11, r8, r9",
                "cmp r11, r10",
                "bls 3f",
                "mov r8, r9",
                "cmp r11, #0",
                "bge 3f",
                "rsb r8, r9, #0",
                "3: strh r8, [r2], #2",
                // tanh of the new state, times o.
                "ldm r12!, {{r9-r11}}",
                "mla r8, r8, r9, r10",
                "asr r8, r11",
                tanh!("r8" "r9" "r10"),
                "add r9, r0, r1",
                "adds r0, #2",
                "ldrsh r9, [r9, r1, lsl #1]",
                sigmoid!("r9" "r10" "r11"),
                "mul r8, r8, r9",
                "ldm r12!, {{r9-r11, lr}}",
                scale!($rounding, "r9" "r10" "r11": "r8"),
                "add r8, lr",
                "ssat r8, #8, r8",
                "strb r8, [r3], #1",
                "ldr r8, [r12], #-60",
                "cmp r3, r8",
                "bne 2b",
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
