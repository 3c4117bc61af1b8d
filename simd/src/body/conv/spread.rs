//! Backward in narrow planes for few channels: lanes are the columns of the window, for each all channels of
//! the input.
//!
//! An output's gradient is broadcast to the weights of a row of the window, `[column][channel]`, which fill
//! vectors better than the channels alone: 5 columns of 6 channels are 30 lanes of 32. For a row of the input
//! all outputs' gradients of a row are in registers, so that the weights of a row of the window are read once.
//! What the columns of the window share is added last, from memory.
//!
//! On the stack, 64 KiB, lie the weights, `[channel of the output][row][column][channel]`, the sums of two
//! rows, and the input's gradient, `[pixel][channel]`.

#![allow(clippy::needless_range_loop, reason = "indices name the place in a tile of registers")]

use core::mem::MaybeUninit;

use tensorlet::math::lanes::Lanes;

use super::{
    rows::{is, unpadded, write},
    tile::Job,
    walk::{Known, Walk},
};
use crate::vector::{MOST_LANES, Vector};

/// Numbers on the stack: 64 KiB.
const SCRATCH: usize = 1 << 14;
/// Vectors of sums that leave registers for weights and gradients.
const SUMS: usize = 26;

#[repr(C, align(64))]
struct Scratch(MaybeUninit<[f32; SCRATCH]>);

/// The vectors of a row of the window, if this form is better than lanes of channels alone.
pub(super) const fn vectors(walk: Option<Walk>, forward: bool, lanes: usize, registers: usize) -> Option<usize> {
    let Some(walk) = walk else { return None };
    if forward || registers < 32 || !unpadded(&walk, forward, lanes) || walk.out_channels > lanes {
        return None;
    }
    let (taps, width) = (walk.columns.taps, walk.columns.in_len);
    let vectors = (taps * walk.out_channels).div_ceil(lanes);
    let channels = if walk.out_channels <= lanes / 2 { lanes / 2 } else { lanes };
    let panel = walk.in_channels * walk.rows.taps * vectors * lanes;
    let scratch = panel + 2 * width * vectors * lanes + walk.out_plane * channels + 2 * MOST_LANES;
    if vectors * lanes < taps * channels && width * vectors <= SUMS && scratch <= SCRATCH {
        Some(vectors)
    } else {
        None
    }
}

/// Computes a job.
///
/// # Safety
/// The job's planes and weights are those that the walk asks for, and [`vectors`] says that this form takes it.
#[inline(always)]
pub(super) unsafe fn outputs<L: Vector, S: Known>(l: L, job: &Job<'_>) {
    macro_rules! by_width {
        ($([$j:literal $($v:literal)*])*) => {$($(
            if const { is::<S>($j, 3) && matches!(vectors(S::WALK, false, L::LANES, L::REGISTERS), Some($v)) } {
                // SAFETY: as the caller says.
                unsafe { samples::<L, $j, 3, $v>(l, job) };
            } else if const { is::<S>($j, 5) && matches!(vectors(S::WALK, false, L::LANES, L::REGISTERS), Some($v)) } {
                // SAFETY: as the caller says.
                unsafe { samples::<L, $j, 5, $v>(l, job) };
            }
        )*)*};
    }
    // The columns of the narrower plane, and the vectors of a row of the window.
    by_width! { [4 1 2 3 4] [5 1 2 3 4] [6 1 2 3 4] [8 1 2 3] [10 1 2] [12 1 2] }
}

/// All samples.
///
/// # Safety
/// As [`outputs`].
#[inline(always)]
unsafe fn samples<L: Vector, const J: usize, const S: usize, const V: usize>(l: L, job: &Job<'_>) {
    let Job { walk, samples, x, x_step, y, y_step, w, .. } = *job;
    let half = walk.out_channels <= L::Half::LANES;
    let mut scratch = Scratch(MaybeUninit::uninit());
    let sums = scratch.0.as_mut_ptr().cast::<f32>();
    // SAFETY: `vectors` has seen that all fits into the scratch, with a vector to spare behind the rows of
    // sums, which are written whole before they are read. What is read behind a row, into lanes of no channel,
    // is the beginning of the other one, which is not written if a plane has one row, or that vector.
    unsafe {
        let rows = [sums, sums.add(J * V * L::LANES)];
        l.store(rows[1], l.splat(0.0));
        l.store(sums.add(2 * J * V * L::LANES), l.splat(0.0));
        let panel = sums.add(2 * J * V * L::LANES + MOST_LANES);
        let pixels = panel.add(walk.in_channels * walk.rows.taps * V * L::LANES);
        pack::<L, S, V>(l, walk, w, panel);
        for sample in 0..samples {
            // One row is joined while the next is computed, since memory just written is slow to read otherwise.
            for i in 0..=walk.rows.count {
                if i < walk.rows.count {
                    row::<L, J, V>(l, walk, i, x.add(sample * x_step), panel, rows[i % 2]);
                }
                if let Some(i) = i.checked_sub(1) {
                    let (from, at) = (rows[i % 2], i * (J + S - 1));
                    if half {
                        let to = pixels.add(at * L::Half::LANES);
                        join::<L::Half, J, S>(l.half(), walk, V * L::LANES, from, to);
                    } else {
                        join::<L, J, S>(l, walk, V * L::LANES, from, pixels.add(at * L::LANES));
                    }
                }
            }
            let y = y.add(sample * y_step);
            if half {
                write(l.half(), walk, walk.out_channels, pixels, y);
            } else {
                write(l, walk, walk.out_channels, pixels, y);
            }
        }
    }
}

/// The weights, for each channel and row `V` vectors.
///
/// # Safety
/// `w` begins the weights; `to` has room for them.
#[inline(always)]
unsafe fn pack<L: Vector, const S: usize, const V: usize>(l: L, walk: &Walk, w: *const f32, mut to: *mut f32) {
    for c in 0..walk.in_channels {
        for r in 0..walk.rows.taps {
            // SAFETY: the walk has these channels and taps, and the columns of all channels fit into `V` vectors.
            unsafe {
                l.store(to.add((V - 1) * L::LANES), l.splat(0.0));
                for s in 0..S {
                    let w = w.add(c * walk.weight_in + r * walk.kernel_columns + s);
                    for o in 0..walk.out_channels {
                        *to.add(s * walk.out_channels + o) = *w.add(o * walk.weight_out);
                    }
                }
                to = to.add(V * L::LANES);
            }
        }
    }
}

/// The sums of row `i` of the input for each column of the output's gradient.
///
/// # Safety
/// `x` begins the output's gradient, `panel` the weights; `to` has room for `J · V` vectors.
#[inline(always)]
unsafe fn row<L: Vector, const J: usize, const V: usize>(
    l: L,
    walk: &Walk,
    i: usize,
    x: *const f32,
    panel: *const f32,
    to: *mut f32,
) {
    let mut sums = [[l.splat(0.0); V]; J];
    // The rows of the output's gradient that reach this one: `i - r` for rows `r` of the window.
    let first = (i + 1).saturating_sub(walk.rows.taps);
    // SAFETY: these rows are there.
    unsafe {
        for c in 0..walk.in_channels {
            for row in first..walk.rows.in_len.min(i + 1) {
                let weights_at = panel.add((c * walk.rows.taps + i - row) * V * L::LANES);
                let mut weights = [l.splat(0.0); V];
                for v in 0..V {
                    weights[v] = l.load(weights_at.add(v * L::LANES));
                }
                let row = x.add(c * walk.in_plane + row * J);
                for j in 0..J {
                    let x = l.splat(*row.add(j));
                    for v in 0..V {
                        sums[j][v] = l.mul_add(x, weights[v], sums[j][v]);
                    }
                }
            }
        }
        for j in 0..J {
            for v in 0..V {
                l.store(to.add((j * V + v) * L::LANES), sums[j][v]);
            }
        }
    }
}

/// Adds up, for each pixel of a row, what the columns of the window bring it.
///
/// # Safety
/// `from` begins the sums of a row, `step` numbers for each column, and a vector to spare; `to` has room for a
/// vector per pixel.
#[inline(always)]
unsafe fn join<L: Vector, const J: usize, const S: usize>(
    l: L,
    walk: &Walk,
    step: usize,
    from: *const f32,
    to: *mut f32,
) {
    for column in 0..J + S - 1 {
        let mut sum = l.splat(0.0);
        for s in 0..S {
            if s <= column && column - s < J {
                // SAFETY: the column of the output is there.
                let x = unsafe { l.load(from.add((column - s) * step + s * walk.out_channels)) };
                sum = l.add(sum, x);
            }
        }
        // SAFETY: there is a vector for each column.
        unsafe { l.store(to.add(column * L::LANES), sum) };
    }
}
