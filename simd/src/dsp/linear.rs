//! Fully connected layers: the input is widened to 16 bits once, then all rows go over it.

use core::arch::naked_asm;

use tensorlet::quantized::{Once, Requantize, Twice};

use super::{
    asm::arch,
    rows::{self, Rows},
    tile::Tile,
};
use crate::samples;

/// Computes a product, or returns false if it is empty, a slice too short, weights not aligned to words, or scales not
/// folded.
#[inline(never)]
pub(super) fn linear(
    [inputs, outputs]: [usize; 2],
    twice: bool,
    [x, weight]: [&[i8]; 2],
    requantize: Requantize<'_>,
    y: &mut [i8],
    scratch: &mut [f32],
) -> bool {
    if scratch.len() < inputs.div_ceil(2)
        || !super::ready(weight, outputs * inputs, outputs, &requantize)
        || inputs == 0
        || outputs == 0
    {
        return false;
    }
    let wide: *mut u32 = scratch.as_mut_ptr().cast();
    let (pairs, even) = (outputs / 2, inputs & !1);
    let (number, entry, rest) = Tile::rounds(inputs);
    let core = if twice { rows::twice } else { rows::once };
    let mut rows = Rows {
        x: wide,
        weight: weight.as_ptr(),
        row: 2 * even,
        // SAFETY: `ready` has found the weights of all pairs, behind which the tails stand.
        tails: unsafe { weight.as_ptr().add(2 * pairs * even) },
        bias: requantize.bias.as_ptr(),
        scales: requantize.scales.as_ptr(),
        step: if requantize.scales.len() == 1 { 0 } else { 12 },
        y: y.as_mut_ptr(),
        pairs: pairs as isize,
        rounds: number,
        entry,
        rest,
    };
    let samples = samples::count([x.len(), y.len()], [inputs, outputs]);
    let mut from = x.as_ptr();
    for _ in 0..samples {
        // SAFETY: there is another row of inputs and of outputs, and scratch has room for the row. `ready` has found
        // weights (aligned to words), biases and scales of all outputs. The end of a slice may be pointed at.
        unsafe {
            widen(from, inputs, wide);
            core(&rows);
            if outputs % 2 == 1 {
                *rows.y.add(outputs - 1) = single(from, [inputs, outputs], twice, weight, &requantize);
            }
            from = from.add(inputs);
            rows.y = rows.y.add(outputs);
        }
    }
    super::clamp(y, samples * outputs, requantize.clamp);
    true
}

/// The last of an odd number of outputs, whose weights are row-major.
///
/// # Safety
/// `x` must have the inputs.
#[inline(never)]
unsafe fn single(
    x: *const i8,
    [inputs, outputs]: [usize; 2],
    twice: bool,
    weight: &[i8],
    requantize: &Requantize<'_>,
) -> i8 {
    let (o, mut sum) = (outputs - 1, 0_i32);
    for (i, w) in weight.get(o * inputs..).unwrap_or_default().iter().take(inputs).enumerate() {
        // SAFETY: `i` is below the number of inputs.
        sum = sum.wrapping_add(i32::from(unsafe { *x.add(i) }) * i32::from(*w));
    }
    if twice { requantize.apply::<Twice>(o, sum) } else { requantize.apply::<Once>(o, sum) }
}

/// Four elements.
macro_rules! four {
    () => {
        "ldr r3, [r0], #4\nsxtb16 r12, r3, ror #8\nsxtb16 r3, r3\nstrd r3, r12, [r2], #8\n"
    };
}

/// Widens a row to 16 bits, whole fours in the order 0, 2, 1, 3; the last word of an odd number is filled up with 0.
///
/// # Safety
/// `from` must have `n` bytes, and `to` half as many words, rounded up.
// SAFETY of the assembly: it reads 16 or 4 bytes at a time, at any address, and writes as many halfwords; of the last
// three 2 and 1 for one word each. `to` is aligned to words, as `strd` wants it. `r0` to `r3`, `r12` and flags belong
// to the callee.
#[unsafe(naked)]
pub(super) unsafe extern "C" fn widen(from: *const i8, n: usize, to: *mut u32) {
    naked_asm!(
        arch!(),
        "subs r1, #16",
        "blt 3f",
        "2:",
        four!(),
        four!(),
        four!(),
        four!(),
        "subs r1, #16",
        "bge 2b",
        "3: ands r1, #15",
        "beq 7f",
        "4: subs r1, #4",
        "blt 5f",
        four!(),
        "b 4b",
        "5: lsls r1, r1, #31",
        "bcc 6f",
        "ldrsb r3, [r0], #1",
        "ldrsb r12, [r0], #1",
        "pkhbt r3, r3, r12, lsl #16",
        "str r3, [r2], #4",
        "6: bpl 7f",
        "ldrsb r3, [r0]",
        "uxth r3, r3",
        "str r3, [r2]",
        "7: bx lr",
    )
}
