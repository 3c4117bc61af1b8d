//! The gradient of windows that move by one or two columns. Rows are read from the stack, where they have zeros
//! beside them, and even and odd columns are computed apart where the step is two.
//!
//! Of means, the rows of the output's gradient that reach a row are added first, then what reaches its columns. Of
//! maxima, each row of the output's gradient is given to the rows of its windows: to the columns that the noted
//! places say.

use core::mem::MaybeUninit;

use tensorlet::kernel::Pool2dDims;

use super::{axes, mean_scale};
use crate::{
    body::pixels::{Axis, Sizes},
    vector::{MOST_LANES, Vector},
};

/// Numbers of a row on the stack: 16 KiB, twice.
const ROW: usize = 1 << 12;

/// Whether rows fit, and columns are reached.
#[inline(always)]
pub(super) const fn takes(d: Pool2dDims) -> bool {
    match d.window {
        Some(window) => {
            let options = window.options;
            options.stride[1] <= 2 && options.padding[1] <= MOST_LANES && row_len(d) <= ROW
        }
        None => false,
    }
}

/// What is read of a row, with zeros on both sides: the inputs reach outputs fewer than `MOST_LANES` before and,
/// beside the padding, behind their own.
#[inline(always)]
const fn row_len(d: Pool2dDims) -> usize {
    let longer = if d.output[1] > d.input[1] { d.output[1] } else { d.input[1] };
    longer.next_multiple_of(MOST_LANES) + 4 * MOST_LANES
}

#[repr(C, align(64))]
struct Row(MaybeUninit<[f32; ROW]>);

#[inline(always)]
pub(super) fn average<L: Vector>(l: L, d: Pool2dDims, dy: &[f32], dx: &mut [f32]) {
    let Some(window) = d.window else { return };
    let ([rows, columns], [row_step, step]) = (axes(d), window.options.stride);
    let phases = [Axis::backward(columns, 0), Axis::backward(columns, 1 % step)];
    let (width, scale) = (d.input[1], l.splat(mean_scale(d)));
    // Two rows: one is written while the other is read, since memory just written is slow to read otherwise.
    let (mut a, mut b) = (Row(MaybeUninit::uninit()), Row(MaybeUninit::uninit()));
    // SAFETY: the rows are as long as `takes` asks for; all of them is written before it is read.
    unsafe {
        let scratch = [a.0.as_mut_ptr().cast::<f32>(), b.0.as_mut_ptr().cast::<f32>()];
        for row in scratch {
            for i in (0..row_len(d)).step_by(L::LANES) {
                l.store(row.add(i), l.splat(0.0));
            }
        }
        let scratch = scratch.map(|row| row.add(MOST_LANES));
        for (dy, dx) in dy.chunks_exact(d.out_plane()).zip(dx.chunks_exact_mut(d.in_plane())) {
            for i in 0..=d.input[0] {
                if i < d.input[0] {
                    let axis = Axis::backward(rows, i % row_step);
                    join(l, &axis, i / row_step, d.output[1], scale, dy.as_ptr(), scratch[i % 2]);
                }
                let Some(i) = i.checked_sub(1) else { continue };
                let (row, dx) = (scratch[i % 2], dx.as_mut_ptr().add(i * width));
                for q in (0..width.div_ceil(step)).step_by(L::LANES) {
                    let left = width - q * step;
                    let first = gather(l, &phases[0], row.add(q));
                    let to = dx.add(q * step);
                    if step == 1 {
                        l.store_masked(to, l.range(0, left), first);
                        continue;
                    }
                    let (low, high) = l.interleave(first, gather(l, &phases[1], row.add(q)));
                    if left >= 2 * L::LANES {
                        l.store(to, low);
                        l.store(to.add(L::LANES), high);
                    } else {
                        l.store_masked(to, l.range(0, left), low);
                        l.store_masked(to.wrapping_add(L::LANES), l.range(0, left.saturating_sub(L::LANES)), high);
                    }
                }
            }
        }
    }
}

/// Whether there are columns enough: with fewer, the portable body takes less time.
#[inline(always)]
pub(super) const fn takes_max(d: Pool2dDims) -> bool {
    takes(d) && d.output[1] >= MOST_LANES
}

#[inline(always)]
#[expect(clippy::large_stack_arrays, reason = "a kernel of a host: its 64 KiB of stack are bounded, and it has room")]
pub(super) fn max<L: Vector>(l: L, d: Pool2dDims, dy: &[f32], index: &[u8], dx: &mut [f32]) {
    let Some(window) = d.window else { return };
    let ([_, columns], width) = (axes(d), d.output[1]);
    let ([taps, _], [step, _], [padding, _]) = (window.kernel, window.options.stride, window.options.padding);
    let mut rows = [const { Row(MaybeUninit::uninit()) }; 4];
    // SAFETY: the rows are as long as `takes` asks for; all of them is written before it is read. Rows of the
    // input are within the plane.
    unsafe {
        let [a, b, c, e] = &mut rows;
        let rows = [a, b, c, e].map(|row| row.0.as_mut_ptr().cast::<f32>());
        for row in rows {
            for i in (0..row_len(d)).step_by(L::LANES) {
                l.store(row.add(i), l.splat(0.0));
            }
        }
        let [a, b, c, e] = rows.map(|row| row.add(MOST_LANES));
        // As for means, one pair is written while the other is read.
        let places = [[a, b], [c, e]];
        let outputs = dy.chunks_exact(d.out_plane()).zip(index.chunks_exact(d.out_plane()));
        for ((dy, index), dx) in outputs.zip(dx.chunks_exact_mut(d.in_plane())) {
            dx.fill(0.0);
            for o in 0..=d.output[0] {
                if o < d.output[0] {
                    let (dy, index) = (&dy[o * width..(o + 1) * width], &index[o * width..(o + 1) * width]);
                    for j in (0..width).step_by(L::LANES) {
                        l.store(places[o % 2][0].add(j), l.read(&dy[j..]));
                        l.store(places[o % 2][1].add(j), l.bytes(&index[j..]));
                    }
                }
                let Some(o) = o.checked_sub(1) else { continue };
                for r in 0..taps {
                    let i = (o * step + r).wrapping_sub(padding);
                    if i < d.input[0] {
                        let to = dx.as_mut_ptr().add(i * d.input[1]);
                        give(l, columns, r * window.kernel[1], places[o % 2].map(<*mut f32>::cast_const), to);
                    }
                }
            }
        }
    }
}

/// Adds to a row of inputs what a row of outputs gives them, for taps from number `first` on.
///
/// # Safety
/// The places begin the gradients and the taps of a row of outputs, as [`gather`] asks for; `to` begins the row
/// of inputs.
#[inline(always)]
unsafe fn give<L: Vector>(l: L, columns: Sizes, first: usize, from: [*const f32; 2], to: *mut f32) {
    let step = columns.stride();
    let phases = [0, 1 % step].map(|phase| (Axis::backward(columns, phase), first + columns.first_tap(phase)));
    // SAFETY: the caller's, passed on; these are the numbers of taps.
    unsafe {
        match phases.map(|(axis, _)| axis.taps) {
            [1, 2] => give_taps::<L, 1, 2>(l, columns, phases, from, to),
            [2, 1] => give_taps::<L, 2, 1>(l, columns, phases, from, to),
            [3, 3] => give_taps::<L, 3, 3>(l, columns, phases, from, to),
            _ => give_taps::<L, 0, 0>(l, columns, phases, from, to),
        }
    }
}

/// [`give`] for phases with so many taps, or 0: any number.
///
/// # Safety
/// As [`give`]; the phases have so many taps.
#[inline(always)]
unsafe fn give_taps<L: Vector, const EVEN: usize, const ODD: usize>(
    l: L,
    columns: Sizes,
    [even, odd]: [(Axis, usize); 2],
    from: [*const f32; 2],
    to: *mut f32,
) {
    let (step, width) = (columns.stride(), columns.input());
    for q in (0..width.div_ceil(step)).step_by(L::LANES) {
        // SAFETY: the masks have the columns that the row has.
        unsafe {
            let from = [from[0].add(q), from[1].add(q)];
            let (to, left) = (to.add(q * step), width - q * step);
            let first = chosen::<L, EVEN>(l, &even, step, from);
            if step == 1 {
                add(l, to, left, first);
            } else {
                let (low, high) = l.interleave(first, chosen::<L, ODD>(l, &odd, step, from));
                add(l, to, left, low);
                add(l, to.wrapping_add(L::LANES), left.saturating_sub(L::LANES), high);
            }
        }
    }
}

/// The sum of what reaches the columns of a phase from the windows whose maximum was there.
///
/// # Safety
/// As [`gather`], for both rows; the phase has `TAPS` taps, if that is not 0.
#[inline(always)]
unsafe fn chosen<L: Vector, const TAPS: usize>(
    l: L,
    (axis, first): &(Axis, usize),
    step: usize,
    from: [*const f32; 2],
) -> L::V {
    let mut sum = l.splat(0.0);
    for t in 0..if TAPS == 0 { axis.taps } else { TAPS } {
        // SAFETY: as the caller says.
        let (dy, tap) = unsafe { (l.load(from[0].offset(axis.offset(t))), l.load(from[1].offset(axis.offset(t)))) };
        sum = l.add(sum, l.keep(l.eq(tap, l.splat((first + t * step) as f32)), dy));
    }
    sum
}

/// Adds the first lanes, at most `left`, to what is there.
///
/// # Safety
/// So many numbers, or a vector of them, can be read and written.
#[inline(always)]
unsafe fn add<L: Vector>(l: L, to: *mut f32, left: usize, x: L::V) {
    // SAFETY: as the caller says.
    unsafe {
        if left >= L::LANES {
            l.store(to, l.add(l.load(to), x));
        } else {
            let used = l.range(0, left);
            l.store_masked(to, used, l.add(l.load_masked(to, used), x));
        }
    }
}

/// The sum of the rows that reach the rows of number `q` of a phase, times a number.
///
/// # Safety
/// `dy` begins a plane of the axis with rows so wide, and `to` has room for one.
#[inline(always)]
unsafe fn join<L: Vector>(l: L, axis: &Axis, q: usize, width: usize, scale: L::V, dy: *const f32, to: *mut f32) {
    for j in (0..width).step_by(L::LANES) {
        let used = l.range(0, width - j);
        let mut sum = l.splat(0.0);
        for t in 0..axis.taps {
            let row = (q.cast_signed() + axis.offset(t)).cast_unsigned();
            if row < axis.in_len {
                // SAFETY: there is this row, and the mask has its lanes.
                sum = l.add(sum, unsafe { l.load_masked(dy.add(row * width + j), used) });
            }
        }
        // SAFETY: a row and what is left of a vector behind it.
        unsafe { l.store(to.add(j), l.mul(sum, scale)) };
    }
}

/// The sum of what reaches the columns of a phase.
///
/// # Safety
/// `row` is the place of the first of them in a row with zeros beside it.
#[inline(always)]
unsafe fn gather<L: Vector>(l: L, axis: &Axis, row: *const f32) -> L::V {
    let mut sum = l.splat(0.0);
    for t in 0..axis.taps {
        // SAFETY: as the caller says.
        sum = l.add(sum, unsafe { l.load(row.offset(axis.offset(t))) });
    }
    sum
}
