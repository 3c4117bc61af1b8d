//! Long short-term memory on int8 and int16: one step of one sample.

use super::{
    linear::row,
    sigmoid::{sigmoid, tanh},
};
use crate::{
    kernel::samples,
    quantized::{
        Integer, LstmCell, LstmWeights, Order, Rounding, Twice,
        int16::{self, Accumulator},
        limit,
    },
};

/// To 16 bits.
#[inline(always)]
pub(super) fn saturate(x: i32) -> i16 {
    limit(i16::ALL, x)
}

/// One step of a unit, from the sums of its gates i, f, g, o. Returns its output, which may exceed its type.
#[inline(always)]
fn unit<R: Rounding>([i, f, g, o]: [i16; 4], c: &mut i16, cell: &LstmCell) -> i32 {
    let product = |a: i16, b: i16| i32::from(a) * i32::from(b);
    let kept = saturate(cell.forget_to_cell.scale::<R>(product(sigmoid(f), *c)));
    let new = cell.input_to_cell.scale::<R>(product(sigmoid(i), tanh(g, 0)));
    let clip = i32::from(cell.clip);
    *c = new.wrapping_add(kept.into()).max(-clip).min(clip) as i16;
    let hidden = product(sigmoid(o), tanh(*c, cell.tanh_shift));
    cell.output.scale::<R>(hidden).wrapping_add(cell.output_zero)
}

/// The outputs of all units, whose sums of gates `sums` gives.
#[inline(always)]
fn step<T: Integer, R: Rounding>(cell: &LstmCell, c: &mut [i16], y: &mut [T], mut sums: impl FnMut(usize) -> [i16; 4]) {
    for (j, (c, y)) in c.iter_mut().zip(y).enumerate() {
        *y = limit(T::ALL, unit::<R>(sums(j), c, cell));
    }
}

#[inline(never)]
pub(super) fn step_i8<R: Rounding>(
    order: Order,
    x: &[i8],
    h: &[i8],
    c: &mut [i16],
    weights: LstmWeights<'_>,
    y: &mut [i8],
) {
    let units = c.len();
    step::<_, R>(weights.cell, c, y, |j| {
        let mut at = j;
        let mut scales = weights.input.iter().zip(weights.hidden);
        [(); 4].map(|()| {
            let Some((input, hidden)) = scales.next() else { return 0 };
            let from_x = row(order, weights.weight_ih, 4 * units, at, x);
            let from_h = row(order, weights.weight_hh, 4 * units, at, h);
            let bias = |bias: &[i32]| bias.get(at).copied().unwrap_or(0);
            let from_x = saturate(input.apply::<R>(from_x, bias(weights.bias_ih)));
            let from_h = hidden.apply::<R>(from_h, bias(weights.bias_hh));
            at += units;
            saturate(from_h.wrapping_add(from_x.into()))
        })
    });
}

#[inline(never)]
pub(super) fn step_i16(x: &[i16], h: &[i16], c: &mut [i16], weights: int16::LstmWeights<'_>, y: &mut [i16]) {
    let dot =
        |start: i64, weight: &[i8], x: &[i16]| weight.iter().zip(x).fold(start, |sum, (&w, &x)| sum.add_product(x, w));
    let mut rows = samples(weights.weight_ih, x.len()).zip(samples(weights.weight_hh, h.len())).zip(weights.bias);
    step::<_, Twice>(weights.cell, c, y, |_| {
        weights.gates.map(|[input, hidden]| {
            let Some(((weight_ih, weight_hh), &bias)) = rows.next() else { return 0 };
            let from_x = saturate(dot(bias, weight_ih, x).requantize(input));
            let from_h = dot(0, weight_hh, h).requantize(hidden);
            saturate(from_h.wrapping_add(from_x.into()))
        })
    });
}
