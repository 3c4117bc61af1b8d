//! Pooling.
//!
//! | form | windows |
//! |---|---|
//! | [`halves`] | two columns that do not overlap, forward and backward |
//! | [`separable`] | any that move by one or two columns, forward |
//! | [`spread`] | the same, backward; of maxima, rows of at least 16 windows |
//! | [`through`] | those that divide the plane, means backward through an activation |
//! | here | all others: one vector of windows at a time, gathered |
//!
//! The gradient of other max poolings is one addition per window at a known place, by the portable body.

mod halves;
mod separable;
mod spread;
mod through;

use tensorlet::kernel::Pool2dDims;

pub(crate) use self::through::{avg_pool2d_backward_through, takes as takes_through};
use super::pixels::{self, Axis, Pixels, Plane};
use crate::vector::Vector;

/// The mark of a window in which nothing has been seen, as in the portable body.
const UNSEEN: f32 = 255.0;

#[inline(always)]
pub(crate) fn max_pool2d<L: Vector>(l: L, d: Pool2dDims, x: &[f32], y: &mut [f32], index: &mut [u8]) {
    if halves::takes(d) {
        return halves::max(l, d, x, y, index);
    }
    if separable::takes(d) {
        if index.is_empty() {
            return separable::windows(l, separable::Max, d, x, y);
        }
        return separable::max_with_index(l, d, x, y, index);
    }
    let plane = forward_plane(d);
    if plane.gathers() {
        max_windows::<L, true>(l, d, &plane, x, y, index);
    } else {
        max_windows::<L, false>(l, d, &plane, x, y, index);
    }
}

#[inline(always)]
fn max_windows<L: Vector, const GATHERS: bool>(
    l: L,
    d: Pool2dDims,
    plane: &Plane,
    x: &[f32],
    y: &mut [f32],
    index: &mut [u8],
) {
    for v in 0..plane.vectors(L::LANES) {
        let pixels = Pixels::<L, 1, GATHERS>::new(l, plane, v);
        let (start, used) = pixels.output(0);
        let planes = x.chunks_exact(d.in_plane()).zip(y.chunks_exact_mut(d.out_plane()));
        for (number, (x, y)) in planes.enumerate() {
            let (mut max, mut at) = (l.splat(f32::NEG_INFINITY), l.splat(UNSEEN));
            for r in 0..plane.rows.taps {
                for s in 0..plane.columns.taps {
                    // SAFETY: `x` is a whole input plane, `r` and `s` are taps.
                    let v = unsafe { pixels.load(l, plane, x.as_ptr(), 0, r, s) };
                    let wins = l.or(l.lt(max, v), l.or(l.is_nan(v), l.eq(at, l.splat(UNSEEN))));
                    let wins = l.and(wins, pixels.mask(l, 0, r, s));
                    max = l.select(wins, v, max);
                    at = l.select(wins, l.splat((r * plane.columns.taps + s) as f32), at);
                }
            }
            pixels.write(l, plane, y, 0, max);
            if let Some(index) = index.get_mut(number * d.out_plane() + start..) {
                for (index, at) in index.iter_mut().zip(l.to_array(at)).take(used) {
                    *index = at as u8;
                }
            }
        }
    }
}

/// The gradient of windows of which [`takes_max_backward`] says so.
#[inline(always)]
pub(crate) fn max_pool2d_backward<L: Vector>(l: L, d: Pool2dDims, dy: &[f32], index: &[u8], dx: &mut [f32]) {
    if halves::takes_backward(d) {
        halves::max_backward(l, d, dy, index, dx);
    } else {
        spread::max(l, d, dy, index, dx);
    }
}

/// Whether [`max_pool2d_backward`] has code for these windows.
pub(crate) const fn takes_max_backward(d: Pool2dDims) -> bool {
    fits(d) && (halves::takes_backward(d) || spread::takes_max(d))
}

#[inline(always)]
pub(crate) fn avg_pool2d<L: Vector>(l: L, d: Pool2dDims, x: &[f32], y: &mut [f32]) {
    if halves::takes(d) {
        return halves::average(l, d, x, y);
    }
    if separable::takes(d) {
        return separable::windows(l, separable::Mean(mean_scale(d)), d, x, y);
    }
    let plane = forward_plane(d);
    if plane.gathers() {
        sum_windows::<L, true>(l, &plane, mean_scale(d), [d.in_plane(), d.out_plane()], x, y);
    } else {
        sum_windows::<L, false>(l, &plane, mean_scale(d), [d.in_plane(), d.out_plane()], x, y);
    }
}

#[inline(always)]
pub(crate) fn avg_pool2d_backward<L: Vector>(l: L, d: Pool2dDims, dy: &[f32], dx: &mut [f32]) {
    if halves::takes_backward(d) {
        return halves::average_backward(l, d, dy, dx);
    }
    if spread::takes(d) {
        return spread::average(l, d, dy, dx);
    }
    let [rows, columns] = axes(d);
    for row_phase in 0..rows.phases() {
        for column_phase in 0..columns.phases() {
            let plane = Plane {
                rows: Axis::backward(rows, row_phase),
                columns: Axis::backward(columns, column_phase),
                out_width: d.input[1],
            };
            sum_windows::<L, false>(l, &plane, mean_scale(d), [d.out_plane(), d.in_plane()], dy, dx);
        }
    }
}

/// `out = scale · Σ in` over the taps, for planes of the two lengths given.
#[inline(always)]
fn sum_windows<L: Vector, const GATHERS: bool>(
    l: L,
    plane: &Plane,
    scale: f32,
    [from, to]: [usize; 2],
    x: &[f32],
    y: &mut [f32],
) {
    let scale = l.splat(scale);
    for v in 0..plane.vectors(L::LANES) {
        let pixels = Pixels::<L, 1, GATHERS>::new(l, plane, v);
        for (x, y) in x.chunks_exact(from).zip(y.chunks_exact_mut(to)) {
            let mut sum = l.splat(0.0);
            for r in 0..plane.rows.taps {
                for s in 0..plane.columns.taps {
                    // SAFETY: `x` is a whole input plane, `r` and `s` are taps.
                    sum = l.add(sum, unsafe { pixels.load(l, plane, x.as_ptr(), 0, r, s) });
                }
            }
            pixels.write(l, plane, y, 0, l.mul(sum, scale));
        }
    }
}

#[inline(always)]
const fn forward_plane(d: Pool2dDims) -> Plane {
    let [rows, columns] = axes(d);
    Plane { rows: Axis::forward(rows), columns: Axis::forward(columns), out_width: d.output[1] }
}

/// Sizes that are plain, and for which all offsets fit into their types.
pub(crate) const fn fits(d: Pool2dDims) -> bool {
    let [rows, columns] = axes(d);
    d.is_plain() && rows.fits() && columns.fits()
}

/// One over what all means divide by: plain sizes have such a number.
#[inline(always)]
const fn mean_scale(d: Pool2dDims) -> f32 {
    match d.uniform_scale() {
        Some(scale) => scale,
        None => 0.0,
    }
}

/// The larger number, NaN if one is.
#[inline(always)]
fn larger<L: Vector>(l: L, a: L::V, b: L::V) -> L::V {
    // The second where one of them is NaN.
    l.select(l.is_nan(a), a, l.max(a, b))
}

/// Rows and columns.
#[inline(always)]
const fn axes(d: Pool2dDims) -> [pixels::Sizes; 2] {
    match d.window {
        Some(window) => {
            [pixels::Sizes::of(window, d.input, d.output, 0), pixels::Sizes::of(window, d.input, d.output, 1)]
        }
        None => [pixels::Sizes::EMPTY; 2],
    }
}
