//! Gated recurrent units on int8: one step of one sample.

use super::{
    lstm::{Side, saturate},
    sigmoid::{sigmoid, tanh},
};
use crate::quantized::{Clamp, GruCell, GruWeights, Order, Rounding};

/// Half of a step of Q0.15.
const HALF: i32 = 1 << 14;

/// The output of a unit, from the numbers of its gates r and z, of n from the input and from the state, and its output
/// before.
#[inline(always)]
fn unit<R: Rounding>([r, z, from_x, from_h]: [i16; 4], h: i8, cell: &GruCell) -> i8 {
    let let_through = (i32::from(sigmoid(r)) * i32::from(from_h) + HALF) >> 15;
    let n = tanh(saturate(let_through + i32::from(from_x)), 0);
    let z = i32::from(sigmoid(z));
    // In steps of 2^-15 of the output's.
    let new = cell.new.scale::<R>((32768 - z) * i32::from(n));
    let kept = z * i32::from(h).wrapping_sub(cell.output_zero);
    let sum = new.wrapping_add(kept).wrapping_add(HALF) >> 15;
    Clamp::<i8>::NONE.apply(sum.wrapping_add(cell.output_zero))
}

#[inline(never)]
pub(super) fn step_i8<R: Rounding>(order: Order, x: &[i8], h: &[i8], weights: GruWeights<'_>, y: &mut [i8]) {
    let units = h.len();
    let ih = Side { rows: 3 * units, weight: weights.weight_ih, bias: weights.bias_ih, x };
    let hh = Side { rows: 3 * units, weight: weights.weight_hh, bias: weights.bias_hh, x: h };
    let ([input @ .., input_n], [hidden @ .., hidden_n]) = (weights.input, weights.hidden);
    for (j, (y, &before)) in y.iter_mut().zip(h).enumerate() {
        let mut numbers = [0; 4];
        for (gate, (number, (input, hidden))) in numbers.iter_mut().zip(input.iter().zip(hidden)).enumerate() {
            let at = gate * units + j;
            let from_x = saturate(ih.number::<R>(order, at, input));
            *number = saturate(hh.number::<R>(order, at, hidden).wrapping_add(from_x.into()));
        }
        numbers[2] = saturate(ih.number::<R>(order, 2 * units + j, input_n));
        numbers[3] = saturate(hh.number::<R>(order, 2 * units + j, hidden_n));
        *y = unit::<R>(numbers, before, weights.cell);
    }
}
