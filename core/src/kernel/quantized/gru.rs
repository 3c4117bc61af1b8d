//! Gated recurrent units on int8: one step of one sample.

use super::{
    linear::row,
    lstm::saturate,
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
    for (j, (y, &before)) in y.iter_mut().zip(h).enumerate() {
        let mut at = j;
        let mut scales = weights.input.iter().zip(weights.hidden);
        let [r, z, n] = [(); 3].map(|()| {
            let Some((input, hidden)) = scales.next() else { return (0, 0) };
            let from_x = row(order, weights.weight_ih, 3 * units, at, x);
            let from_h = row(order, weights.weight_hh, 3 * units, at, h);
            let bias = |bias: &[i32]| bias.get(at).copied().unwrap_or(0);
            let from_x = saturate(input.apply::<R>(from_x, bias(weights.bias_ih)));
            let from_h = hidden.apply::<R>(from_h, bias(weights.bias_hh));
            at += units;
            (from_x, from_h)
        });
        let sum = |(from_x, from_h): (i16, i32)| saturate(from_h.wrapping_add(from_x.into()));
        *y = unit::<R>([sum(r), sum(z), n.0, saturate(n.1)], before, weights.cell);
    }
}
