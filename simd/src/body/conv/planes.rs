//! The source for windows that keep the width of a plane: the planes as they are.
//!
//! Where the output is as wide as the input, the inputs of a vector of pixels lie side by side for each tap,
//! also where the vector runs on into the next row; those that lie in the padding of a row, at whose place
//! the plane has a pixel of another row, are masked. The masks of a vector are the same for all channels.
//! Nothing is copied.

#![allow(clippy::needless_range_loop, reason = "indices name the place in a tile of registers")]

use super::{
    tile::{Pixels, Source},
    walk::{MOST_TAPS, Walk},
};
use crate::vector::{MOST_LANES, Vector};

/// The planes of a walk that [reads them](Walk::reads_planes).
#[derive(Clone, Copy)]
pub(super) struct Planes {
    outputs: usize,
}

impl Planes {
    #[inline(always)]
    pub(super) const fn of(walk: &Walk) -> Self {
        Self { outputs: walk.rows.count * walk.columns.count }
    }
}

impl<L: Vector> Source<L> for Planes {
    type Inner<const P: usize> = At<L, P, false>;
    type Outer<const P: usize> = At<L, P, true>;
    const HAS_OUTER: bool = true;

    #[inline(always)]
    fn vectors(&self) -> usize {
        self.outputs.div_ceil(L::LANES)
    }

    #[inline(always)]
    fn is_inner(&self, walk: &Walk, first: usize, count: usize) -> bool {
        let (first, end) = ((first * L::LANES).cast_signed(), ((first + count) * L::LANES).cast_signed());
        let least = walk.rows.least_offset() * walk.columns.in_len.cast_signed() + walk.columns.least_offset();
        let reach = walk.rows.reach() * walk.columns.in_len + walk.columns.reach();
        let inputs = first + least >= 0 && end + least + reach.cast_signed() <= walk.in_plane.cast_signed();
        inputs && end <= self.outputs.cast_signed()
    }

    #[inline(always)]
    fn inner<const P: usize>(&self, l: L, walk: &Walk, first: usize) -> At<L, P, false> {
        At::new(l, walk, self, first)
    }

    #[inline(always)]
    fn outer<const P: usize>(&self, l: L, walk: &Walk, first: usize) -> At<L, P, true> {
        At::new(l, walk, self, first)
    }
}

/// `P` vectors of pixels; `OUTER` if inputs of theirs lie outside the planes.
pub(super) struct At<L: Vector, const P: usize, const OUTER: bool> {
    planes: Planes,
    /// The first pixel.
    first: usize,
    /// The lanes whose input column exists, for each tap.
    columns: [[L::Mask; P]; MOST_TAPS],
    /// The lanes whose input row exists, for each tap; all that are in use unless `OUTER`.
    rows: [[L::Mask; P]; MOST_TAPS],
    /// Whether these are all lanes of all vectors.
    full: [bool; MOST_TAPS],
}

impl<L: Vector, const P: usize, const OUTER: bool> At<L, P, OUTER> {
    #[inline(always)]
    fn new(l: L, walk: &Walk, planes: &Planes, vector: usize) -> Self {
        let Walk { rows, columns, .. } = walk;
        let first = vector * L::LANES;
        let none = l.range(0, 0);
        let mut at = Self {
            planes: *planes,
            first,
            columns: [[none; P]; MOST_TAPS],
            rows: [[none; P]; MOST_TAPS],
            full: [true; MOST_TAPS],
        };
        let mut lanes = [0.0; MOST_LANES];
        for (lane, number) in lanes.iter_mut().enumerate() {
            *number = lane as f32;
        }
        let lanes = l.read(&lanes);
        let width = columns.count;
        for p in 0..P {
            let first = first + p * L::LANES;
            let mut column = l.add(lanes, l.splat((first % width) as f32));
            let mut beyond = width;
            while beyond < width + L::LANES {
                column = l.select(l.lt(column, l.splat(width as f32)), column, l.sub(column, l.splat(width as f32)));
                beyond += width;
            }
            for s in 0..columns.taps {
                let [from, until] = columns.valid(s);
                at.columns[s][p] = l.and(l.le(l.splat(from as f32), column), l.lt(column, l.splat(until as f32)));
            }
            if OUTER {
                for r in 0..rows.taps {
                    // The pixels whose input row is one of the plane's are neighbours.
                    let [from, until] = rows.valid(r);
                    let until = (until * width).min(planes.outputs);
                    at.rows[r][p] = l.range((from * width).saturating_sub(first), until.saturating_sub(first));
                    at.full[r] &= from * width <= first && first + L::LANES <= until;
                }
            }
        }
        at
    }
}

impl<L: Vector, const P: usize, const OUTER: bool> Pixels<L, P> for At<L, P, OUTER> {
    #[inline(always)]
    unsafe fn load(&self, l: L, walk: &Walk, x: *const f32, c: usize, r: usize, s: usize) -> [L::V; P] {
        let Walk { rows, columns, .. } = walk;
        let offset = rows.offset(r) * columns.in_len.cast_signed() + columns.offset(s);
        let from = x.wrapping_add(c * walk.in_plane + self.first).wrapping_offset(offset);
        // All but the first and the last planes have others before and behind them.
        let begin = (c * walk.in_plane + self.first).cast_signed() + offset;
        let end = begin + (P * L::LANES).cast_signed();
        let beside = begin >= 0 && end <= (walk.in_channels * walk.in_plane).cast_signed();
        let mut inputs = [l.splat(0.0); P];
        for p in 0..P {
            let from = from.wrapping_add(p * L::LANES);
            // SAFETY: inner vectors have all inputs in the plane, and those beside other planes in one of them; of
            // the others the mask has those lanes whose row and column both lie in the plane.
            inputs[p] = unsafe {
                if OUTER {
                    let mask =
                        if self.full[r] { self.columns[s][p] } else { l.and(self.rows[r][p], self.columns[s][p]) };
                    if beside { l.keep(mask, l.load(from)) } else { l.load_masked(from, mask) }
                } else if columns.taps == 1 && columns.offset(0) == 0 {
                    l.load(from)
                } else {
                    l.keep(self.columns[s][p], l.load(from))
                }
            };
        }
        inputs
    }

    #[inline(always)]
    unsafe fn read(&self, l: L, walk: &Walk, plane: *const f32, p: usize) -> L::V {
        let at = self.first + p * L::LANES;
        if walk.fills_planes() {
            // SAFETY: the outputs of the lanes in use lie in the plane.
            return unsafe { l.load_masked(plane.add(at), l.range(0, self.planes.outputs - at)) };
        }
        let mut outputs = [0.0; MOST_LANES];
        // SAFETY: as above.
        self.each(walk, p, |lane, at| outputs[lane] = unsafe { *plane.add(at) });
        l.read(&outputs)
    }

    #[inline(always)]
    unsafe fn write(&self, l: L, walk: &Walk, plane: *mut f32, p: usize, x: L::V) {
        let at = self.first + p * L::LANES;
        // SAFETY: the outputs of the lanes in use lie in the plane.
        unsafe {
            if !walk.fills_planes() {
                let outputs = l.to_array(x);
                self.each(walk, p, |lane, at| *plane.add(at) = outputs[lane]);
            } else if OUTER {
                l.store_masked(plane.add(at), l.range(0, self.planes.outputs - at), x);
            } else {
                l.store(plane.add(at), x);
            }
        }
    }
}

impl<L: Vector, const P: usize, const OUTER: bool> At<L, P, OUTER> {
    /// Calls `f` with each lane of vector `p` that is in use and the place of its output in a plane.
    #[inline(always)]
    fn each(&self, walk: &Walk, p: usize, mut f: impl FnMut(usize, usize)) {
        let Walk { rows, columns, .. } = walk;
        let at = self.first + p * L::LANES;
        let used = if OUTER { L::LANES.min(self.planes.outputs - at) } else { L::LANES };
        let (i, mut column) = (at / columns.count, at % columns.count);
        let mut to = (rows.phase + i * rows.out_step) * walk.out_width + columns.phase + column * columns.out_step;
        let next_row = rows.out_step * walk.out_width - (columns.count - 1) * columns.out_step;
        for lane in 0..used {
            f(lane, to);
            column += 1;
            if column == columns.count {
                (column, to) = (0, to + next_row);
            } else {
                to += columns.out_step;
            }
        }
    }
}
