//! Long short-term memory on int8 and int16: one step of one sample.

use super::{
    linear::row,
    sigmoid::{sigmoid, tanh},
};
use crate::{
    kernel::samples,
    quantized::{
        GateScale, Integer, LstmCell, LstmWeights, Order, Rounding, Twice,
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

/// The rows of all gates over the input or over the state, and that.
pub(super) struct Side<'a> {
    pub(super) rows: usize,
    pub(super) weight: &'a [i8],
    pub(super) bias: &'a [i32],
    pub(super) x: &'a [i8],
}

impl Side<'_> {
    /// The number of row `at`. One copy for all gates: what calls it is linked beside kernels of instruction sets, too.
    #[inline(never)]
    pub(super) fn number<R: Rounding>(&self, order: Order, at: usize, scale: &GateScale) -> i32 {
        let sum = row(order, self.weight, self.rows, at, self.x);
        scale.apply::<R>(sum, self.bias.get(at).copied().unwrap_or(0))
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
    let ih = Side { rows: 4 * units, weight: weights.weight_ih, bias: weights.bias_ih, x };
    let hh = Side { rows: 4 * units, weight: weights.weight_hh, bias: weights.bias_hh, x: h };
    step::<_, R>(weights.cell, c, y, |j| {
        let mut numbers = [0; 4];
        for (gate, (number, (input, hidden))) in
            numbers.iter_mut().zip(weights.input.iter().zip(weights.hidden)).enumerate()
        {
            let at = gate * units + j;
            let from_x = saturate(ih.number::<R>(order, at, input));
            *number = saturate(hh.number::<R>(order, at, hidden).wrapping_add(from_x.into()));
        }
        numbers
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
