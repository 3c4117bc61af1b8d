//! Windows of one channel each, forward and backward: lanes are columns of a row.
//!
//! With one output channel there is nothing to share an input but the window's rows: rows are gone through
//! once, and each is multiplied into the sums of the `R` outputs above and below it that it reaches, in two
//! vectors of columns side by side. The last vectors of a row end with it, so that they overlap the ones
//! before them instead of having idle lanes. `R · S` weights lie in registers, so that there are `2 · S` reads
//! for `2 · R · S` products.

#![allow(clippy::needless_range_loop, reason = "indices name the place in a tile of registers")]

use tensorlet::kernel::Conv2dDims;

use super::walk::Walk;
use crate::vector::Vector;

/// Whether windows are of one channel each, and rows are long enough.
pub(crate) const fn takes(d: Conv2dDims, lanes: usize) -> bool {
    let one = d.in_channels == 1 && d.out_channels == 1 && d.groups > 1;
    let window = matches!(d.window.kernel, [3, 3] | [5, 5]) && matches!(d.window.options.dilation, [1, 1]);
    super::fits(d) && one && window && Walk::forward(d).keeps_width() && d.input[1] >= lanes
}

#[inline(always)]
pub(crate) fn depthwise<L: Vector>(l: L, d: Conv2dDims, x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]) {
    planes(l, d, &Walk::forward(d), x, weight, bias, y);
}

#[inline(always)]
pub(crate) fn depthwise_input_gradient<L: Vector>(l: L, d: Conv2dDims, dy: &[f32], weight: &[f32], dx: &mut [f32]) {
    planes(l, d, &Walk::backward(d, [0, 0]), dy, weight, &[], dx);
}

/// All planes, if there are weights for all.
#[inline(always)]
fn planes<L: Vector>(l: L, d: Conv2dDims, walk: &Walk, x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]) {
    if !takes(d, L::LANES) || weight.len() < d.groups * d.taps() {
        return;
    }
    let planes = x.chunks_exact(walk.in_plane).zip(y.chunks_exact_mut(walk.out_plane));
    for (number, (x, y)) in planes.enumerate() {
        let channel = number % d.groups;
        let bias = bias.get(channel).copied().unwrap_or(0.0);
        let w = &weight[channel * d.taps()..];
        // SAFETY: the planes are whole, and there are the weights of a window.
        unsafe {
            match d.window.kernel {
                [3, 3] => plane::<L, 3, 3>(l, walk, x.as_ptr(), w.as_ptr(), bias, y.as_mut_ptr()),
                _ => plane::<L, 5, 5>(l, walk, x.as_ptr(), w.as_ptr(), bias, y.as_mut_ptr()),
            }
        }
    }
}

/// # Safety
/// `x` and `y` begin planes of the walk, `w` its weights; rows have at least `LANES` columns.
#[inline(always)]
unsafe fn plane<L: Vector, const R: usize, const S: usize>(
    l: L,
    walk: &Walk,
    x: *const f32,
    w: *const f32,
    bias: f32,
    y: *mut f32,
) {
    let width = walk.out_width;
    let mut weights = [[l.splat(0.0); S]; R];
    for r in 0..R {
        for s in 0..S {
            // SAFETY: the window has this tap.
            weights[r][s] = l.splat(unsafe { *w.add(walk.rows.tap(r) * walk.kernel_columns + walk.columns.tap(s)) });
        }
    }
    // From the row with the smallest offset on.
    if walk.rows.offset(0) != walk.rows.least_offset() {
        weights.reverse();
    }
    let last = width - L::LANES;
    for first in (0..width).step_by(2 * L::LANES) {
        let strips = [first.min(last), (first + L::LANES).min(last)];
        let reached = strips[0].cast_signed() + walk.columns.least_offset();
        let inner = reached >= 0
            && strips[1] + L::LANES + walk.columns.reach()
                <= width + (strips[0].cast_signed() - reached).cast_unsigned();
        // SAFETY: as the caller says; inner strips have all inputs.
        unsafe {
            if inner {
                rows::<L, R, S, false>(l, walk, x, &weights, bias, y, strips);
            } else {
                rows::<L, R, S, true>(l, walk, x, &weights, bias, y, strips);
            }
        }
    }
}

/// All rows of two vectors of columns, which begin at `strips`; `OUTER` if inputs of theirs lie outside.
///
/// # Safety
/// As [`plane`]; the strips lie in a row.
#[inline(always)]
unsafe fn rows<L: Vector, const R: usize, const S: usize, const OUTER: bool>(
    l: L,
    walk: &Walk,
    x: *const f32,
    weights: &[[L::V; S]; R],
    bias: f32,
    y: *mut f32,
    strips: [usize; 2],
) {
    let mut masks = [[l.range(0, L::LANES); S]; 2];
    for v in 0..2 {
        for s in 0..S {
            let [from, until] = walk.columns.valid(s);
            masks[v][s] = l.range(from.saturating_sub(strips[v]), until.saturating_sub(strips[v]));
        }
    }
    let first = walk.rows.least_offset();
    // The sums of the output `step` and of the ones above it.
    let mut sums = [[l.splat(bias); 2]; R];
    for step in 0..walk.rows.count + R - 1 {
        let row = (step.cast_signed() + first).cast_unsigned();
        if row < walk.rows.in_len {
            for s in 0..S {
                for v in 0..2 {
                    let at =
                        x.wrapping_add(row * walk.columns.in_len + strips[v]).wrapping_offset(walk.columns.offset(s));
                    // SAFETY: inner strips have all inputs, of others the mask has those that are in the row.
                    let x = unsafe { if OUTER { l.load_masked(at, masks[v][s]) } else { l.load(at) } };
                    for r in 0..R {
                        sums[r][v] = l.mul_add(weights[r][s], x, sums[r][v]);
                    }
                }
            }
        }
        if step + 1 >= R && step + 1 - R < walk.rows.count {
            for v in 0..2 {
                // SAFETY: the row is one of the output's, the strip lies in it.
                unsafe { l.store(y.add((step + 1 - R) * walk.out_width + strips[v]), sums[R - 1][v]) };
            }
        }
        for r in (1..R).rev() {
            sums[r] = sums[r - 1];
        }
        sums[0] = [l.splat(bias); 2];
    }
}
