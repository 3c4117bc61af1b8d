//! Windows that move by one or two columns: the rows of a window first, into a row on the stack that has the
//! padding beside it, then the columns, read from there, of two taps at once where the step is two.

#![allow(clippy::needless_range_loop, reason = "indices name the place in a tile of registers")]

use core::mem::MaybeUninit;

use tensorlet::{description::Window, kernel::Pool2dDims};

use super::larger;
use crate::vector::{MOST_LANES, Vector};

/// Numbers of a row on the stack: 16 KiB, and as much for places.
const ROW: usize = 1 << 12;
/// A place behind all places in a window.
const NOWHERE: f32 = 1e6;

/// Whether rows fit and columns are reached.
#[inline(always)]
pub(super) const fn takes(d: Pool2dDims) -> bool {
    match d.window {
        Some(window) => {
            window.options.stride[1] <= 2 && window.options.padding[1] <= MOST_LANES && row_len(d, window) <= ROW
        }
        None => false,
    }
}

/// What is read of a row with its padding, rounded up to whole vectors of the widest. The inputs lie behind
/// `MOST_LANES` numbers, so that whole vectors are written to whole lines of the cache.
#[inline(always)]
const fn row_len(d: Pool2dDims, window: Window) -> usize {
    let outputs = d.output[1].next_multiple_of(MOST_LANES) * window.options.stride[1] + window.kernel[1];
    (if outputs > d.input[1] { outputs } else { d.input[1] }) + 3 * MOST_LANES
}

/// What windows become.
pub(super) trait Reduce<L: Vector>: Copy {
    /// What stands for padding.
    const EMPTY: f32;

    fn join(self, l: L, a: L::V, b: L::V) -> L::V;
    fn finish(self, l: L, x: L::V) -> L::V;
}

/// The largest number, NaN if there is one.
#[derive(Clone, Copy)]
pub(super) struct Max;

impl<L: Vector> Reduce<L> for Max {
    const EMPTY: f32 = f32::NEG_INFINITY;

    #[inline(always)]
    fn join(self, l: L, a: L::V, b: L::V) -> L::V {
        larger(l, a, b)
    }

    #[inline(always)]
    fn finish(self, _: L, x: L::V) -> L::V {
        x
    }
}

/// The sum times a number.
#[derive(Clone, Copy)]
pub(super) struct Mean(pub(super) f32);

impl<L: Vector> Reduce<L> for Mean {
    const EMPTY: f32 = 0.0;

    #[inline(always)]
    fn join(self, l: L, a: L::V, b: L::V) -> L::V {
        l.add(a, b)
    }

    #[inline(always)]
    fn finish(self, l: L, x: L::V) -> L::V {
        l.mul(x, l.splat(self.0))
    }
}

#[repr(C, align(64))]
struct Row(MaybeUninit<[f32; ROW]>);

impl Row {
    #[inline(always)]
    fn start(&mut self) -> *mut f32 {
        self.0.as_mut_ptr().cast()
    }
}

/// The rows of the input that window row `i` covers, from the first to one past the last.
#[inline(always)]
fn covered(d: Pool2dDims, window: Window, i: usize) -> [usize; 2] {
    let (start, padding) = (i * window.options.stride[0], window.options.padding[0]);
    let until = (start + window.kernel[0]).saturating_sub(padding).min(d.input[0]);
    [start.saturating_sub(padding).min(until), until]
}

/// Writes `x` to all of a row but the inputs: the padding on both sides. Returns where the inputs begin.
///
/// # Safety
/// `row` has room for `row_len`.
#[inline(always)]
unsafe fn border(d: Pool2dDims, window: Window, row: *mut f32, x: f32) -> *mut f32 {
    for i in (0..MOST_LANES).chain(MOST_LANES + d.input[1]..row_len(d, window)) {
        // SAFETY: within the row.
        unsafe { *row.add(i) = x };
    }
    // SAFETY: as above.
    unsafe { row.add(MOST_LANES) }
}

#[inline(always)]
pub(super) fn windows<L: Vector, R: Reduce<L>>(l: L, reduce: R, d: Pool2dDims, x: &[f32], y: &mut [f32]) {
    match d.window {
        Some(Window { kernel: [3, 3], .. }) => rows::<L, R, 3>(l, reduce, d, x, y),
        _ => rows::<L, R, 0>(l, reduce, d, x, y),
    }
}

/// For windows of `N` rows and columns or, if that is 0, of any number.
#[inline(always)]
fn rows<L: Vector, R: Reduce<L>, const N: usize>(l: L, reduce: R, d: Pool2dDims, x: &[f32], y: &mut [f32]) {
    let Some(window) = d.window else { return };
    // Two rows: one is written while the other is read, since memory just written is slow to read otherwise.
    let (mut a, mut b) = (Row(MaybeUninit::uninit()), Row(MaybeUninit::uninit()));
    let (padding, width, step) = (window.options.padding[1], d.input[1], window.options.stride[1]);
    let taps = if N == 0 { window.kernel[1] } else { N };
    // SAFETY: the rows are as long as `takes` asks for; all of one is written before it is read.
    unsafe {
        let scratch = [border(d, window, a.start(), R::EMPTY), border(d, window, b.start(), R::EMPTY)];
        for (x, y) in x.chunks_exact(d.in_plane()).zip(y.chunks_exact_mut(d.out_plane())) {
            for i in 0..=d.output[0] {
                if i < d.output[0] {
                    let [first, until] = covered(d, window, i);
                    let (from, to) = (x.as_ptr().wrapping_add(first * width), scratch[i % 2]);
                    if N != 0 && until - first == N {
                        join_rows(l, reduce, from, width, N, to);
                    } else {
                        join_rows(l, reduce, from, width, until - first, to);
                    }
                }
                let Some(i) = i.checked_sub(1) else { continue };
                let (row, y) = (scratch[i % 2].sub(padding), y.as_mut_ptr().add(i * d.output[1]));
                for j in (0..d.output[1]).step_by(L::LANES) {
                    let from = row.add(j * step);
                    let mut sum = l.load(from);
                    if step == 1 {
                        for s in 1..taps {
                            sum = reduce.join(l, sum, l.load(from.add(s)));
                        }
                    } else {
                        for s in (0..taps).step_by(2) {
                            let from = from.add(s);
                            let (even, odd) = l.deinterleave(l.load(from), l.load(from.add(L::LANES)));
                            sum = if s == 0 { even } else { reduce.join(l, sum, even) };
                            if s + 1 < taps {
                                sum = reduce.join(l, sum, odd);
                            }
                        }
                    }
                    let (sum, left) = (reduce.finish(l, sum), d.output[1] - j);
                    if left >= L::LANES {
                        l.store(y.add(j), sum);
                    } else {
                        l.store_masked(y.add(j), l.range(0, left), sum);
                    }
                }
            }
        }
    }
}

/// What so many rows become, column by column; of none, what stands for padding.
///
/// # Safety
/// `x` begins so many rows of `width` numbers; `to` has room for one.
#[inline(always)]
unsafe fn join_rows<L: Vector, R: Reduce<L>>(l: L, reduce: R, x: *const f32, width: usize, rows: usize, to: *mut f32) {
    let mut j = 0;
    // SAFETY: whole vectors lie in the rows; of the last the mask has those lanes that do.
    unsafe {
        if rows > 0 {
            while j + L::LANES <= width {
                let mut sum = l.load(x.add(j));
                for r in 1..rows {
                    sum = reduce.join(l, sum, l.load(x.add(r * width + j)));
                }
                l.store(to.add(j), sum);
                j += L::LANES;
            }
        }
        while j < width {
            let used = l.range(0, width - j);
            let mut sum = l.splat(R::EMPTY);
            for r in 0..rows {
                let x = l.load_masked(x.add(r * width + j), used);
                sum = if r == 0 { x } else { reduce.join(l, sum, x) };
            }
            l.store_masked(to.add(j), used, sum);
            j += L::LANES;
        }
    }
}

/// The maxima with their places.
#[inline(always)]
pub(super) fn max_with_index<L: Vector>(l: L, d: Pool2dDims, x: &[f32], y: &mut [f32], index: &mut [u8]) {
    let Some(window) = d.window else { return };
    let (mut row, mut places) = (Row(MaybeUninit::uninit()), Row(MaybeUninit::uninit()));
    let (row, places) = (row.start(), places.start());
    let (padding, width, step) = (window.options.padding[1], d.input[1], window.options.stride[1]);
    let columns = l.splat(window.kernel[1] as f32);
    // SAFETY: the rows are as long as `takes` asks for; all of them is written before it is read.
    unsafe {
        let row = border(d, window, row, f32::NEG_INFINITY);
        let places = border(d, window, places, NOWHERE);
        for (plane, (x, y)) in x.chunks_exact(d.in_plane()).zip(y.chunks_exact_mut(d.out_plane())).enumerate() {
            for i in 0..d.output[0] {
                let [first, until] = covered(d, window, i);
                let first_tap = window.options.padding[0].saturating_sub(i * window.options.stride[0]);
                for j in (0..width).step_by(L::LANES) {
                    let used = l.range(0, width - j);
                    let (mut max, mut at) = (l.splat(f32::NEG_INFINITY), l.splat(NOWHERE));
                    for from in first..until {
                        let x = l.load_masked(x.as_ptr().add(from * width + j), used);
                        let r = l.splat((first_tap + from - first) as f32);
                        if from == first {
                            (max, at) = (x, r);
                        } else {
                            let wins = l.or(l.lt(max, x), l.is_nan(x));
                            (max, at) = (l.select(wins, x, max), l.select(wins, r, at));
                        }
                    }
                    l.store_masked(row.add(j), used, max);
                    l.store_masked(places.add(j), used, l.mul(at, columns));
                }
                for j in (0..d.output[1]).step_by(L::LANES) {
                    let mut best = Best { max: l.splat(f32::NEG_INFINITY), at: l.splat(NOWHERE) };
                    let (from, place) = (row.sub(padding).add(j * step), places.sub(padding).add(j * step));
                    if step == 1 {
                        for s in 0..window.kernel[1] {
                            best.meet(l, l.load(from.add(s)), l.load(place.add(s)), s);
                        }
                    } else {
                        for s in (0..window.kernel[1]).step_by(2) {
                            let (from, place) = (from.add(s), place.add(s));
                            let (even, odd) = l.deinterleave(l.load(from), l.load(from.add(L::LANES)));
                            let (even_place, odd_place) = l.deinterleave(l.load(place), l.load(place.add(L::LANES)));
                            best.meet(l, even, even_place, s);
                            if s + 1 < window.kernel[1] {
                                best.meet(l, odd, odd_place, s + 1);
                            }
                        }
                    }
                    let count = L::LANES.min(d.output[1] - j);
                    let at = i * d.output[1] + j;
                    l.store_masked(y.as_mut_ptr().add(at), l.range(0, count), best.max);
                    if let Some(index) = index.get_mut(plane * d.out_plane() + at..) {
                        let count = count.min(index.len());
                        // A window that lies in the padding alone has the mark of the portable body.
                        let at = l.select(l.lt(best.at, l.splat(255.0)), best.at, l.splat(255.0));
                        l.write_bytes(&mut index[..count], at);
                    }
                }
            }
        }
    }
}

/// The largest so far, and its place in the window: of equals the first, of NaN the last.
struct Best<L: Vector> {
    max: L::V,
    at: L::V,
}

impl<L: Vector> Best<L> {
    /// The largest of column `s`, which lies at the beginning `place` of a row of the window.
    #[inline(always)]
    fn meet(&mut self, l: L, x: L::V, place: L::V, s: usize) {
        let at = l.add(place, l.splat(s as f32));
        let earlier = l.and(l.eq(x, self.max), l.lt(at, self.at));
        let last_nan = l.select(l.is_nan(self.max), self.at, l.splat(-1.0));
        let later_nan = l.and(l.is_nan(x), l.lt(last_nan, at));
        let wins = l.or(l.lt(self.max, x), l.or(earlier, later_nan));
        (self.max, self.at) = (l.select(wins, x, self.max), l.select(wins, at, self.at));
    }
}
