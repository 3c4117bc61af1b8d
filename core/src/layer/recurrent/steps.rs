//! The loop over time: one direction of one layer, forward and backward, with sizes as values.

use super::gates::Gates;
use crate::{
    kernel::{Epilogue, Kernels},
    layer::bias::add_rows,
    memory::split,
};

/// The parameters of a cell, flat: weights stored `[inputs][gates · hidden]` and
/// `[hidden][gates · hidden]`; biases may be empty.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Weights<'a> {
    pub(super) ih: &'a [f32],
    pub(super) hh: &'a [f32],
    pub(super) bias_ih: &'a [f32],
    pub(super) bias_hh: &'a [f32],
}

impl Weights<'_> {
    /// The number of parameters.
    pub(super) const fn len(&self) -> usize {
        self.ih.len() + self.hh.len() + self.bias_ih.len() + self.bias_hh.len()
    }
}

/// Where the gradient of a cell is summed up; empty if it is not wanted.
#[derive(Debug)]
pub(super) struct Gradient<'a> {
    pub(super) ih: &'a mut [f32],
    pub(super) hh: &'a mut [f32],
    pub(super) bias_ih: &'a mut [f32],
    pub(super) bias_hh: &'a mut [f32],
}

/// Sizes of a run over time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dims {
    /// Samples.
    pub(super) n: usize,
    /// Time steps.
    pub(super) steps: usize,
    /// Numbers of an input row.
    pub(super) inputs: usize,
    /// Numbers of the hidden state.
    pub(super) hidden: usize,
    /// Numbers of an output row, which all directions share.
    pub(super) row: usize,
    /// Where in an output row this direction writes.
    pub(super) place: usize,
    /// Whether time runs backwards.
    pub(super) reverse: bool,
}

impl Dims {
    /// The time step that comes `i`-th.
    #[inline(always)]
    fn step(&self, i: usize) -> usize {
        if self.reverse { (self.steps - 1).saturating_sub(i) } else { i }
    }

    const fn gates<C: Gates>(&self) -> usize {
        C::GATES * self.hidden
    }

    const fn kept<C: Gates>(&self) -> usize {
        C::KEPT * self.hidden
    }
}

/// The samples of a batch; as many empty ones as are asked for where a sample has no words.
#[inline(always)]
fn each_mut(x: &mut [f32], len: usize) -> impl Iterator<Item = &mut [f32]> {
    let mut rest = x;
    core::iter::from_fn(move || {
        let (first, others) = core::mem::take(&mut rest).split_at_mut_checked(len)?;
        rest = others;
        Some(first)
    })
}

#[inline(always)]
fn each(x: &[f32], len: usize) -> impl Iterator<Item = &[f32]> {
    let mut rest = x;
    core::iter::from_fn(move || {
        let (first, others) = rest.split_at_checked(len)?;
        rest = others;
        Some(first)
    })
}

/// Row `i` of rows of `len` words.
#[inline(always)]
fn row(x: &[f32], i: usize, len: usize) -> &[f32] {
    x.get(i * len..(i + 1) * len).unwrap_or_default()
}

#[inline(always)]
fn row_mut(x: &mut [f32], i: usize, len: usize) -> &mut [f32] {
    x.get_mut(i * len..(i + 1) * len).unwrap_or_default()
}

/// Two different rows: one to be changed, one to be read.
#[inline(always)]
fn two_rows(x: &mut [f32], change: usize, read: usize, len: usize) -> (&mut [f32], &[f32]) {
    let (low, high) = split(x, change.max(read) * len);
    if change > read {
        (row_mut(high, 0, len), row(low, read, len))
    } else {
        (row_mut(low, change, len), row(high, 0, len))
    }
}

/// Memory of a run forward.
#[derive(Debug)]
pub(super) struct Room<'a> {
    /// The gates of so many steps as are computed at once, of each sample.
    pub(super) gates: &'a mut [f32],
    /// What backward needs beside them; empty at inference.
    pub(super) kept: &'a mut [f32],
    /// The hidden side's sums of one step.
    pub(super) side: &'a mut [f32],
}

/// Runs over all steps; `state` is the initial state, and then the final one: `h` of all samples,
/// then `c`. The input's sums are computed for `at_once` steps together.
pub(super) fn forward<K: Kernels, C: Gates>(
    k: K,
    dims: Dims,
    weights: Weights<'_>,
    (x, y): (&[f32], &mut [f32]),
    state: &mut [f32],
    at_once: usize,
    room: Room<'_>,
) {
    let Dims { n, steps, inputs, hidden, .. } = dims;
    let (width, kept_width) = (dims.gates::<C>(), if room.kept.is_empty() { 0 } else { dims.kept::<C>() });
    let (h, c) = split(state, n * hidden);
    let c_width = (C::STATES - 1) * hidden;
    let at_once = at_once.max(1);
    let mut done = 0;
    while done < steps {
        let count = at_once.min(steps - done);
        // Time steps `start..start + count`, for which row `t - start` of each sample's gates stands.
        let start = if dims.reverse { steps - done - count } else { done };
        let (gates, _) = split(room.gates, n * count * width);
        if count == steps {
            k.linear_flat([inputs, width], x, weights.ih, weights.bias_ih, Epilogue::Identity, gates);
        } else {
            for (x, gates) in each(x, steps * inputs).zip(each_mut(gates, count * width)) {
                let x = x.get(start * inputs..(start + count) * inputs).unwrap_or_default();
                k.linear_flat([inputs, width], x, weights.ih, weights.bias_ih, Epilogue::Identity, gates);
            }
        }
        for i in 0..count {
            let t = if dims.reverse { count - 1 - i } else { i };
            k.linear_flat([hidden, width], h, weights.hh, weights.bias_hh, Epilogue::Identity, room.side);
            let gates = each_mut(gates, count * width).map(|gates| row_mut(gates, t, width));
            let kept = each_mut(room.kept, steps * kept_width).map(|kept| row_mut(kept, t, kept_width));
            let states = each_mut(h, hidden).zip(each_mut(c, c_width));
            let rows = gates.zip(each(room.side, width)).zip(states).zip(kept);
            for ((((gates, side), (h, c)), kept), y) in rows.zip(each_mut(y, steps * dims.row)) {
                C::forward(k, gates, side, [&mut *h, c], kept);
                let y = row_mut(y, start + t, dims.row);
                for (y, h) in y.iter_mut().skip(dims.place).zip(h) {
                    *y = *h;
                }
            }
        }
        done += count;
    }
}

/// Scratch of a run backward.
#[derive(Debug)]
pub(super) struct Scratch<'a> {
    /// The hidden side's derivatives of one step, of all samples.
    pub(super) side: &'a mut [f32],
    /// The hidden states before a step.
    pub(super) hidden: &'a mut [f32],
}

/// What a run forward left: the gates, whose derivatives take their place, what it kept beside them,
/// and the initial state.
#[derive(Debug)]
pub(super) struct Tape<'a> {
    pub(super) gates: &'a mut [f32],
    pub(super) kept: &'a mut [f32],
    pub(super) initial: &'a [f32],
}

/// Runs over all steps backwards: adds to the gradients of all parameters. The gradient of the final
/// state becomes that of the initial one. [`input_gradient`] comes after it.
pub(super) fn backward<K: Kernels, C: Gates>(
    k: K,
    dims: Dims,
    (weights, gradient): (Weights<'_>, Gradient<'_>),
    (x, dy): (&[f32], &[f32]),
    tape: Tape<'_>,
    state_gradient: &mut [f32],
    scratch: Scratch<'_>,
) {
    let Dims { n, steps, inputs, hidden, .. } = dims;
    let (width, kept_width, c_width) = (dims.gates::<C>(), dims.kept::<C>(), (C::STATES - 1) * hidden);
    let (dh, dc) = split(state_gradient, n * hidden);
    let Tape { gates, kept, initial } = tape;
    let (initial_h, _) = initial.split_at_checked(n * hidden).unwrap_or_default();
    // What the first step's derivatives need of the state before it: `h` or `c`, whichever is last.
    let initial_last = initial.get((C::STATES - 1) * n * hidden..).unwrap_or_default();
    {
        let last = dims.step(steps - 1);
        let rows = each(gates, steps * width).zip(each_mut(kept, steps * kept_width));
        for ((gates, kept), h) in rows.zip(each_mut(scratch.hidden, hidden)) {
            C::hidden(k, row(gates, last, width), row_mut(kept, last, kept_width), h);
        }
    }
    for i in (0..steps).rev() {
        let (t, first) = (dims.step(i), i == 0);
        let previous = dims.step(i.saturating_sub(1));
        let rows = each_mut(gates, steps * width).zip(each_mut(kept, steps * kept_width));
        let states = each_mut(dh, hidden).zip(each_mut(dc, c_width));
        let rows = rows.zip(states).zip(each(dy, steps * dims.row)).zip(each_mut(scratch.side, width));
        let rows = rows.zip(each(initial_last, hidden)).zip(each_mut(scratch.hidden, hidden));
        for ((((((gates, kept), (dh, dc)), dy), side), initial), h) in rows {
            let dy = row(dy, t, dims.row).get(dims.place..dims.place + hidden);
            k.add(dh, dy.unwrap_or_default());
            let (gates_row, kept_row, before) = if first {
                (row_mut(gates, t, width), row_mut(kept, t, kept_width), initial)
            } else {
                let (kept_row, before) = two_rows(kept, t, previous, kept_width);
                (row_mut(gates, t, width), kept_row, C::before(before))
            };
            C::backward(k, gates_row, kept_row, before, [dh, dc], side);
            if !first {
                C::hidden(k, row(gates, previous, width), row_mut(kept, previous, kept_width), h);
            }
        }
        let h = if first { initial_h } else { &*scratch.hidden };
        if !gradient.hh.is_empty() {
            k.matmul_tn_flat([hidden, width], h, scratch.side, gradient.hh);
        }
        add_rows(k, scratch.side, gradient.bias_hh);
        k.matmul_nt_flat([hidden, width], scratch.side, weights.hh, dh);
    }
    if !gradient.ih.is_empty() {
        k.matmul_tn_flat([inputs, width], x, gates, gradient.ih);
    }
    add_rows(k, gates, gradient.bias_ih);
}

/// Adds the gradient of the input, from the derivatives that [`backward`] left in place of the gates.
pub(super) fn input_gradient<K: Kernels, C: Gates>(
    k: K,
    dims: Dims,
    weights: Weights<'_>,
    gates: &[f32],
    dx: &mut [f32],
) {
    k.matmul_nt_flat([dims.inputs, dims.gates::<C>()], gates, weights.ih, dx);
}
