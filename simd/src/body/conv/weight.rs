//! The gradient of a convolution with respect to its weights.
//!
//! Lanes are pixels, and the products of `T` output channels with `S` taps are summed in registers
//! over a block of pixels of all samples; the sums of lanes are taken at the end.

#![allow(clippy::needless_range_loop, reason = "indices name the place in a tile of registers")]

use tensorlet::kernel::Conv2dDims;

use crate::{
    body::{
        Sizes,
        pixels::{self, Axis, Pixels, Plane},
        reduce,
    },
    vector::Vector,
};

/// Vectors of pixels whose masks are made at once.
const BLOCK: usize = 8;

#[inline(always)]
pub(crate) fn conv2d_weight_gradient<L: Vector, S: Sizes<Conv2dDims>>(
    l: L,
    sizes: S,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
    db: &mut [f32],
) {
    let d = sizes.get();
    let channels = d.out_channels.min(dw.len() / d.filter_len());
    let samples = (x.len() / d.in_len()).min(dy.len() / d.out_len());
    for dy in dy.chunks_exact(d.out_len()).take(samples) {
        for (db, dy) in db.iter_mut().zip(dy.chunks_exact(d.out_plane())).take(channels) {
            *db += reduce::sum(l, dy);
        }
    }
    let [rows, columns] = [0, 1].map(|axis| pixels::Sizes::of(d.window, d.input, d.output, axis));
    let plane = Plane { rows: Axis::forward(rows), columns: Axis::forward(columns), out_width: d.output[1] };
    let job = Job { d, plane: &plane, channels, samples, x, dy };
    if plane.gathers() {
        job.blocks::<L, true>(l, dw);
    } else {
        job.blocks::<L, false>(l, dw);
    }
}

/// What is summed: `samples` whole samples in `x` and `dy`, `channels` output channels.
struct Job<'a> {
    d: Conv2dDims,
    plane: &'a Plane,
    channels: usize,
    samples: usize,
    x: &'a [f32],
    dy: &'a [f32],
}

impl Job<'_> {
    #[inline(always)]
    fn blocks<L: Vector, const GATHERS: bool>(&self, l: L, dw: &mut [f32]) {
        let vectors = self.plane.vectors(L::LANES);
        for first in (0..vectors).step_by(BLOCK) {
            let pixels = Pixels::<L, BLOCK, GATHERS>::new(l, self.plane, first);
            let block = Block { job: self, pixels: &pixels, vectors: BLOCK.min(vectors - first) };
            let mut o = 0;
            // SAFETY: the loops keep to the output channels.
            unsafe {
                while o + 4 <= self.channels {
                    block.channels::<4>(l, o, dw);
                    o += 4;
                }
                while o < self.channels {
                    block.channels::<1>(l, o, dw);
                    o += 1;
                }
            }
        }
    }
}

/// One block of pixels of all samples.
struct Block<'a, L: Vector, const GATHERS: bool> {
    job: &'a Job<'a>,
    pixels: &'a Pixels<L, BLOCK, GATHERS>,
    vectors: usize,
}

impl<L: Vector, const GATHERS: bool> Block<'_, L, GATHERS> {
    /// All weights of `T` output channels from `o` on.
    ///
    /// # Safety
    /// `o + T ≤ channels`.
    #[inline(always)]
    unsafe fn channels<const T: usize>(&self, l: L, o: usize, dw: &mut [f32]) {
        let d = &self.job.d;
        let [kernel_rows, kernel_columns] = d.window.kernel;
        for c in 0..d.in_channels {
            for r in 0..kernel_rows {
                let mut s = 0;
                // SAFETY: `o + T ≤ channels`, as the caller says, `c` is an input channel, `r` a tap,
                // and the loops keep to the taps of a row.
                unsafe {
                    if const { L::REGISTERS >= 32 } {
                        while s + 3 <= kernel_columns {
                            self.taps::<T, 3>(l, o, [c, r, s], dw);
                            s += 3;
                        }
                    }
                    while s + 2 <= kernel_columns {
                        self.taps::<T, 2>(l, o, [c, r, s], dw);
                        s += 2;
                    }
                    if s < kernel_columns {
                        self.taps::<T, 1>(l, o, [c, r, s], dw);
                    }
                }
            }
        }
    }

    /// The weights of input channel `c` and `S` taps of row `r`, from `s` on.
    ///
    /// # Safety
    /// `o + T ≤ channels`, `c < in_channels`, and `r` and `s..s + S` are taps.
    #[inline(always)]
    unsafe fn taps<const T: usize, const S: usize>(&self, l: L, o: usize, [c, r, s]: [usize; 3], dw: &mut [f32]) {
        let Job { d, plane, samples, x, dy, .. } = self.job;
        let mut acc = [[l.splat(0.0); S]; T];
        for sample in 0..*samples {
            for p in 0..self.vectors {
                let (start, used) = self.pixels.output(p);
                let used = l.range(0, used);
                let mut gradients = [l.splat(0.0); T];
                // SAFETY: sample, channels and taps exist, as the caller says and `samples` was
                // counted from the slices; the first `used` lanes of a vector lie inside the output
                // plane.
                unsafe {
                    let x = x.as_ptr().add(sample * d.in_len() + c * d.in_plane());
                    let dy = dy.as_ptr().add(sample * d.out_len() + o * d.out_plane() + start);
                    for t in 0..T {
                        gradients[t] = l.load_masked(dy.add(t * d.out_plane()), used);
                    }
                    for tap in 0..S {
                        let x = self.pixels.load(l, plane, x, p, r, s + tap);
                        for t in 0..T {
                            acc[t][tap] = l.mul_add(gradients[t], x, acc[t][tap]);
                        }
                    }
                }
            }
        }
        let first = c * d.taps() + r * d.window.kernel[1] + s;
        for (acc, dw) in acc.iter().zip(dw.chunks_exact_mut(d.filter_len()).skip(o)) {
            for (dw, &acc) in dw[first..first + S].iter_mut().zip(acc) {
                *dw += l.sum_lanes(acc);
            }
        }
    }
}
