//! The gradient of means of windows that move by one or two columns: the rows of the output's gradient that
//! reach a row first, into a row on the stack that has zeros beside it, then its columns, read from there, even
//! and odd ones apart where the step is two.

use core::mem::MaybeUninit;

use tensorlet::kernel::Pool2dDims;

use super::{axes, mean_scale};
use crate::{
    body::pixels::Axis,
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
