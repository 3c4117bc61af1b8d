//! Lanes are output channels of the walk, for narrow planes without padding.
//!
//! Forward some rows of outputs are in registers, and inputs are broadcast to the weights of a tap. Backward
//! it is one row of the input's gradient, in which the places that an output's gradient reaches lie side by
//! side, so that it is broadcast once for all columns of the window. No product is computed that is not part
//! of a sum: neither beyond a plane that is no whole number of vectors, nor with zeros around the output's
//! gradient.
//!
//! On the stack, 64 KiB, lie the weights, `[input channel][tap][output channel]`, and the outputs,
//! `[pixel][output channel]`.

#![allow(clippy::needless_range_loop, reason = "indices name the place in a tile of registers")]

use core::mem::MaybeUninit;

use super::{
    tile::Job,
    transpose::transpose,
    walk::{Known, Walk},
};
use crate::vector::{MOST_LANES, Vector, opaque};

/// Numbers on the stack: 64 KiB.
const SCRATCH: usize = 1 << 14;

#[repr(C, align(64))]
struct Scratch(MaybeUninit<[f32; SCRATCH]>);

/// The lanes to take a walk with, those of whole or of half vectors, if this form is the best for it.
pub(super) const fn lanes(walk: Option<Walk>, forward: bool, lanes: usize, registers: usize) -> Option<usize> {
    let Some(walk) = walk else { return None };
    let Walk { in_channels, out_channels, .. } = walk;
    if registers < 32 || !unpadded(&walk, forward, lanes) {
        return None;
    }
    let mut used = lanes;
    if out_channels <= lanes / 2 {
        used /= 2;
    }
    let panel = in_channels * walk.weight_taps() * used + walk.out_plane * used;
    // In products of whole vectors: half ones cost half as much.
    let pixels = if forward { walk.out_plane } else { walk.in_plane };
    let here = pixels * out_channels.div_ceil(used) * used;
    let elsewhere = walk.out_plane.next_multiple_of(lanes) * out_channels;
    if panel + MOST_LANES <= SCRATCH && here * 21 <= elsewhere * 20 { Some(used) } else { None }
}

/// Whether the planes are narrow ones of at least a vector and without padding, of widths that bodies are
/// made for.
pub(super) const fn unpadded(walk: &Walk, forward: bool, lanes: usize) -> bool {
    let Walk { rows, columns, .. } = walk;
    let (wide, narrow) = if forward { (columns.in_len, columns.count) } else { (columns.count, columns.in_len) };
    let window = columns.taps;
    let steps = rows.in_step == 1 && columns.in_step == 1 && rows.out_step == 1 && columns.out_step == 1;
    let neighbours = rows.reach() + 1 == rows.taps && columns.reach() + 1 == window;
    let reached = !forward || rows.count + rows.reach() <= rows.in_len;
    let unpadded = wide == narrow + window - 1 && reached && columns.offset(0) == 0 && rows.offset(0) == 0;
    let known = matches!(window, 3 | 5) && matches!(narrow, 4 | 5 | 6 | 8 | 10 | 12) && wide <= MOST_LANES;
    let long = walk.out_plane >= lanes && walk.out_plane == rows.count * columns.count;
    steps && neighbours && unpadded && known && long
}

/// Computes a job.
///
/// # Safety
/// The job's planes and weights are those that the walk asks for, and [`lanes`] says these lanes.
#[inline(always)]
pub(super) unsafe fn outputs<L: Vector, S: Known>(l: L, job: &Job<'_>) {
    macro_rules! by_width {
        ($([$j:literal, $n:literal])*) => {$(
            if const { is::<S>($j, 3) } {
                // SAFETY: as the caller says.
                unsafe { blocks::<L, S, $j, $n, 3>(l, job) };
            } else if const { is::<S>($j, 5) } {
                // SAFETY: as the caller says.
                unsafe { blocks::<L, S, $j, $n, 5>(l, job) };
            }
        )*};
    }
    // Columns, and the rows of them that fill the registers.
    by_width! { [4, 6] [5, 5] [6, 4] [8, 3] [10, 2] [12, 2] }
}

/// Whether the narrower plane is so wide, and so is the window.
pub(super) const fn is<S: Known>(width: usize, window: usize) -> bool {
    match S::WALK {
        Some(walk) => {
            window == walk.columns.taps && width == if S::FORWARD { walk.columns.count } else { walk.columns.in_len }
        }
        None => false,
    }
}

/// All samples, one block of output channels after the other.
///
/// # Safety
/// As [`outputs`].
#[inline(always)]
unsafe fn blocks<L: Vector, K: Known, const J: usize, const N: usize, const S: usize>(l: L, job: &Job<'_>) {
    let Job { walk, samples, x, x_step, y, y_step, w, bias, .. } = *job;
    let taps = walk.weight_taps();
    let mut scratch = Scratch(MaybeUninit::uninit());
    let sums = scratch.0.as_mut_ptr().cast::<f32>();
    // SAFETY: `lanes` has seen that outputs and weights fit into the scratch.
    unsafe {
        let panel = sums.add(walk.out_plane * L::LANES);
        for o in (0..walk.out_channels).step_by(L::LANES) {
            let channels = L::LANES.min(walk.out_channels - o);
            if const { K::FORWARD } {
                let filter = walk.in_channels * taps;
                transpose(l, w.add(o * walk.weight_out), walk.weight_out, [channels, filter], panel, L::LANES);
            } else {
                for c in 0..walk.in_channels {
                    let (from, to) = (w.add(o * walk.weight_out + c * walk.weight_in), panel.add(c * taps * L::LANES));
                    transpose(l, from, walk.weight_out, [channels, taps], to, L::LANES);
                }
            }
            let bias = bias.and_then(|bias| bias.get(o..)).unwrap_or(&[]);
            let bias = l.read(&bias[..channels.min(bias.len())]);
            for sample in 0..samples {
                let x = x.add(sample * x_step);
                if const { K::FORWARD } {
                    let mut i = 0;
                    while i + N <= walk.rows.count {
                        forward::<L, J, N, S>(l, walk, bias, i, x, panel, sums.add(i * J * L::LANES));
                        i += N;
                    }
                    while i < walk.rows.count {
                        forward::<L, J, 1, S>(l, walk, bias, i, x, panel, sums.add(i * J * L::LANES));
                        i += 1;
                    }
                } else {
                    for i in 0..walk.rows.count {
                        backward::<L, J, S>(l, walk, i, x, panel, sums.add(i * (J + S - 1) * L::LANES));
                    }
                }
                let y = y.add(sample * y_step + o * walk.out_plane);
                write(l, walk, channels, sums, y);
            }
        }
    }
}

/// `N` rows of outputs from `i` on, which begin with the bias.
///
/// # Safety
/// `x` begins the input planes, `panel` the weights; `to` has room for the outputs.
#[inline(always)]
unsafe fn forward<L: Vector, const J: usize, const N: usize, const S: usize>(
    l: L,
    walk: &Walk,
    bias: L::V,
    i: usize,
    x: *const f32,
    mut panel: *const f32,
    to: *mut f32,
) {
    let mut sums = [[bias; J]; N];
    // SAFETY: rows and columns that the windows of outputs cover are inputs, since there is no padding.
    unsafe {
        for c in 0..walk.in_channels {
            for r in 0..walk.rows.taps {
                for s in 0..S {
                    let x = opaque(x.add(c * walk.in_plane + (i + r) * walk.columns.in_len + s));
                    let weights = l.load(panel);
                    for n in 0..N {
                        for j in 0..J {
                            let x = l.splat(*x.add(n * walk.columns.in_len + j));
                            sums[n][j] = l.mul_add(x, weights, sums[n][j]);
                        }
                    }
                    panel = panel.add(L::LANES);
                }
            }
        }
        for n in 0..N {
            for j in 0..J {
                l.store(to.add((n * J + j) * L::LANES), sums[n][j]);
            }
        }
    }
}

/// Row `i` of the input's gradient.
///
/// # Safety
/// As [`forward`].
#[inline(always)]
unsafe fn backward<L: Vector, const J: usize, const S: usize>(
    l: L,
    walk: &Walk,
    i: usize,
    x: *const f32,
    panel: *const f32,
    to: *mut f32,
) {
    const { assert!(J + S <= MOST_LANES + 1) }
    let mut sums = [l.splat(0.0); MOST_LANES];
    // The rows of the output's gradient that reach this one: `i - r` for rows `r` of the window.
    let first = (i + 1).saturating_sub(walk.rows.taps);
    // SAFETY: these rows are there.
    unsafe {
        for c in 0..walk.in_channels {
            for row in first..walk.rows.in_len.min(i + 1) {
                let weights_at = panel.add((c * walk.rows.taps + i - row) * S * L::LANES);
                let mut weights = [l.splat(0.0); S];
                for s in 0..S {
                    weights[s] = l.load(weights_at.add(s * L::LANES));
                }
                let row = x.add(c * walk.in_plane + row * J);
                for j in 0..J {
                    let x = l.splat(*row.add(j));
                    for s in 0..S {
                        sums[j + s] = l.mul_add(x, weights[s], sums[j + s]);
                    }
                }
            }
        }
        for j in 0..J + S - 1 {
            l.store(to.add(j * L::LANES), sums[j]);
        }
    }
}

/// Writes the outputs of so many channels.
///
/// # Safety
/// `sums` are those of all pixels; `y` has room for the channels.
#[inline(always)]
pub(super) unsafe fn write<L: Vector>(l: L, walk: &Walk, channels: usize, sums: *const f32, y: *mut f32) {
    for pixel in (0..walk.out_plane).step_by(L::LANES) {
        // The last ones overlap those before.
        let pixel = pixel.min(walk.out_plane - L::LANES);
        let mut square = [l.splat(0.0); MOST_LANES];
        for i in 0..L::LANES {
            // SAFETY: there are these pixels.
            square[i] = unsafe { l.load(sums.add((pixel + i) * L::LANES)) };
        }
        let square = l.transpose(square);
        for channel in 0..L::LANES {
            if channel < channels {
                // SAFETY: channel and pixels are outputs.
                unsafe { l.store(y.add(channel * walk.out_plane + pixel), square[channel]) };
            }
        }
    }
}
