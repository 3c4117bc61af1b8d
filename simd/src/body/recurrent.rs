//! Gates of recurrent cells: one pass over the hidden state, with all gates of a vector in registers.
//!
//! The shells have compared the lengths: rows of gates are as long as the hidden state says.
//!
//! On a tape the steps of a sample lie one behind the other, and those of a batch are far apart. The gates of a
//! GRU therefore fetch the row of the step that comes next: behind this one, or before it on the way back.

use tensorlet::math::lanes;

use crate::vector::Vector;

/// The parts of a row, as long as the hidden state; no parts of an empty row.
#[inline(always)]
fn parts<const N: usize>(row: &[f32], hidden: usize) -> [&[f32]; N] {
    core::array::from_fn(|part| row.get(part * hidden..(part + 1) * hidden).unwrap_or_default())
}

/// [`parts`], to be changed.
#[inline(always)]
fn parts_mut<const N: usize>(row: &mut [f32], hidden: usize) -> [&mut [f32]; N] {
    let mut rest = row;
    core::array::from_fn(|_| {
        let (part, others) = core::mem::take(&mut rest).split_at_mut(hidden);
        rest = others;
        part
    })
}

/// The sums of a gate from place `j` on: of both sides, or of the input's alone.
#[inline(always)]
fn sums<L: Vector>(l: L, gate: &[f32], side: &[f32], j: usize) -> L::V {
    let sums = l.read(&gate[j..]);
    if side.is_empty() { sums } else { l.add(sums, l.read(&side[j..])) }
}

/// `x (1 - x)`: the derivative of the sigmoid from its value.
#[inline(always)]
fn sigmoid_slope<L: Vector>(l: L, x: L::V) -> L::V {
    l.mul(x, l.sub(l.splat(1.0), x))
}

/// `1 - x²`: the derivative of the hyperbolic tangent from its value.
#[inline(always)]
fn tanh_slope<L: Vector>(l: L, x: L::V) -> L::V {
    l.sub(l.splat(1.0), l.mul(x, x))
}

#[inline(always)]
pub(crate) fn lstm_gates<L: Vector>(l: L, gates: &mut [f32], side: &[f32], c: &mut [f32], h: &mut [f32]) {
    let hidden = c.len();
    let [input, forget, cell, output] = parts_mut(gates, hidden);
    let [side_input, side_forget, side_cell, side_output] = parts(side, hidden);
    let h = &mut h[..hidden];
    for j in (0..hidden).step_by(L::LANES) {
        let i = lanes::sigmoid(l, sums(l, input, side_input, j));
        let f = lanes::sigmoid(l, sums(l, forget, side_forget, j));
        let g = lanes::tanh(l, sums(l, cell, side_cell, j));
        let o = lanes::sigmoid(l, sums(l, output, side_output, j));
        let next = l.mul_add(f, l.read(&c[j..]), l.mul(i, g));
        l.write(&mut input[j..], i);
        l.write(&mut forget[j..], f);
        l.write(&mut cell[j..], g);
        l.write(&mut output[j..], o);
        l.write(&mut c[j..], next);
        l.write(&mut h[j..], l.mul(o, lanes::tanh(l, next)));
    }
}

#[inline(always)]
pub(crate) fn lstm_gates_backward<L: Vector>(
    l: L,
    gates: &mut [f32],
    before: &[f32],
    tanh_c: &[f32],
    dh: &[f32],
    dc: &mut [f32],
) {
    let hidden = dc.len();
    let [input, forget, cell, output] = parts_mut(gates, hidden);
    let (before, tanh_c, dh) = (&before[..hidden], &tanh_c[..hidden], &dh[..hidden]);
    for j in (0..hidden).step_by(L::LANES) {
        let (i, f, g, o) = (l.read(&input[j..]), l.read(&forget[j..]), l.read(&cell[j..]), l.read(&output[j..]));
        let (c, t, dh) = (l.read(&before[j..]), l.read(&tanh_c[j..]), l.read(&dh[j..]));
        let d = l.mul_add(dh, l.mul(o, tanh_slope(l, t)), l.read(&dc[j..]));
        l.write(&mut output[j..], l.mul(l.mul(dh, t), sigmoid_slope(l, o)));
        l.write(&mut input[j..], l.mul(l.mul(d, g), sigmoid_slope(l, i)));
        l.write(&mut cell[j..], l.mul(l.mul(d, i), tanh_slope(l, g)));
        l.write(&mut forget[j..], l.mul(l.mul(d, c), sigmoid_slope(l, f)));
        l.write(&mut dc[j..], l.mul(d, f));
    }
}

#[inline(always)]
pub(crate) fn gru_gates<L: Vector>(l: L, gates: &mut [f32], side: &[f32], h: &mut [f32]) {
    let hidden = h.len();
    let [reset, update, new] = parts_mut(gates, hidden);
    let [side_reset, side_update, side_new] = parts(side, hidden);
    for j in (0..hidden).step_by(L::LANES) {
        for gate in 1..=3 {
            l.prefetch(new.as_ptr().wrapping_add(gate * hidden + j));
        }
        let r = lanes::sigmoid(l, sums(l, reset, side_reset, j));
        let z = lanes::sigmoid(l, sums(l, update, side_update, j));
        let n = lanes::tanh(l, l.mul_add(r, l.read(&side_new[j..]), l.read(&new[j..])));
        l.write(&mut reset[j..], r);
        l.write(&mut update[j..], z);
        l.write(&mut new[j..], n);
        let next = l.mul_add(z, l.sub(l.read(&h[j..]), n), n);
        l.write(&mut h[j..], next);
    }
}

#[inline(always)]
pub(crate) fn gru_gates_backward<L: Vector>(
    l: L,
    gates: &mut [f32],
    side_new: &mut [f32],
    before: &[f32],
    dh: &mut [f32],
) {
    let hidden = dh.len();
    let [reset, update, new] = parts_mut(gates, hidden);
    let (side_new, before) = (&mut side_new[..hidden], &before[..hidden]);
    let one = l.splat(1.0);
    for j in (0..hidden).step_by(L::LANES) {
        for part in 1..=3 {
            l.prefetch(reset.as_ptr().wrapping_add(j).wrapping_sub(part * hidden));
            if part < 3 {
                l.prefetch(before.as_ptr().wrapping_add(j).wrapping_sub(part * hidden));
            }
        }
        let (r, z, n) = (l.read(&reset[j..]), l.read(&update[j..]), l.read(&new[j..]));
        let (b, h, d) = (l.read(&side_new[j..]), l.read(&before[j..]), l.read(&dh[j..]));
        let dn = l.mul(l.mul(d, l.sub(one, z)), tanh_slope(l, n));
        l.write(&mut update[j..], l.mul(l.mul(d, l.sub(h, n)), sigmoid_slope(l, z)));
        l.write(&mut dh[j..], l.mul(d, z));
        l.write(&mut new[j..], dn);
        l.write(&mut reset[j..], l.mul(l.mul(dn, b), sigmoid_slope(l, r)));
        l.write(&mut side_new[j..], l.mul(dn, r));
    }
}
