//! Tiles with pixels in the lanes: `T` output channels by `P` vectors of pixels stay in registers over
//! input channels and taps. Per input channel and tap a tile loads `P` vectors of inputs and broadcasts
//! `T` weights, straight from the weight as it is, for `T · P` products.

#![allow(clippy::needless_range_loop, reason = "indices name the place in a tile of registers")]

use super::walk::{Known, Walk};
use crate::vector::{Vector, opaque};

/// The inputs of `P` vectors of pixels, and their places in an output plane.
pub(super) trait Pixels<L: Vector, const P: usize> {
    /// The inputs for channel `c`, counted from the first of the source, and the taps `r` and `s`.
    ///
    /// # Safety
    /// `x` begins a sample of the source, the source has the channel, and the walk the taps.
    unsafe fn load(&self, l: L, walk: &Walk, x: *const f32, c: usize, r: usize, s: usize) -> [L::V; P];

    /// The outputs of vector `p`.
    ///
    /// # Safety
    /// `plane` begins an output plane that may be read.
    unsafe fn read(&self, l: L, walk: &Walk, plane: *const f32, p: usize) -> L::V;

    /// Writes the outputs of vector `p`.
    ///
    /// # Safety
    /// `plane` begins an output plane that may be written.
    unsafe fn write(&self, l: L, walk: &Walk, plane: *mut f32, p: usize, x: L::V);
}

/// Pixels of some input channels.
pub(super) trait Source<L: Vector>: Copy {
    /// Vectors all of whose inputs exist.
    type Inner<const P: usize>: Pixels<L, P>;
    /// Vectors of which some inputs lie outside the planes.
    type Outer<const P: usize>: Pixels<L, P>;
    /// Whether there are such.
    const HAS_OUTER: bool;

    /// The number of vectors.
    fn vectors(&self) -> usize;
    /// Whether all inputs of `count` vectors from `first` on exist.
    fn is_inner(&self, walk: &Walk, first: usize, count: usize) -> bool;
    /// `P` vectors from `first` on, all of which are there and have all inputs.
    fn inner<const P: usize>(&self, l: L, walk: &Walk, first: usize) -> Self::Inner<P>;
    /// `P` vectors from `first` on, all of which are there.
    fn outer<const P: usize>(&self, l: L, walk: &Walk, first: usize) -> Self::Outer<P>;
}

/// What is computed from a source: all output channels of its samples.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    pub(super) walk: &'a Walk,
    /// The samples of the source, the first of them, and the way to the next, and the same of the output.
    pub(super) samples: usize,
    pub(super) x: *const f32,
    pub(super) x_step: usize,
    pub(super) y: *mut f32,
    pub(super) y_step: usize,
    /// The source's channels.
    pub(super) channels: usize,
    /// Their weights.
    pub(super) w: *const f32,
    /// What the sums begin with; where it ends, 0. Without it, with what the output holds.
    pub(super) bias: Option<&'a [f32]>,
}

/// Tiles of output channels by vectors, by the number of registers and, where they are known, of channels and
/// of vectors: those that are left over are slow.
const fn shape(registers: usize, lanes: usize, sizes: Option<Walk>) -> [usize; 2] {
    let (channels, vectors) = match sizes {
        Some(walk) => (walk.out_channels, (walk.rows.count * walk.columns.count).div_ceil(lanes)),
        None => (0, 0),
    };
    if registers >= 32 {
        match channels {
            1 => [1, 8],
            2 => [2, 8],
            3 => [3, 7],
            4 => [4, 6],
            _ if sizes.is_none() => [4, 4],
            6 if vectors % 7 < vectors % 4 => [3, 7],
            _ if channels % 8 != 0 && channels % 6 == 0 => [6, 4],
            _ if channels % 8 != 0 && channels % 5 == 0 => [5, 4],
            _ => [8, 3],
        }
    } else {
        // One register is left over: with all of them in use, sums are pushed out.
        match channels {
            1 => [1, 8],
            2 => [2, 4],
            3 => [3, 3],
            _ => [6, 2],
        }
    }
}

/// All outputs of the source's pixels.
///
/// # Safety
/// The job's weights are valid for reads at `o · weight_out + c · weight_in + tap` for all output channels,
/// channels of the source and taps; `x` and `y` begin so many samples, so far apart, `y` of as many planes
/// as there are output channels, that may be read and written.
#[inline(always)]
pub(super) unsafe fn outputs<L: Vector, S: Known, F: Source<L>>(l: L, source: F, job: &Job<'_>) {
    macro_rules! by_shape {
        ($([$t:literal, $p:literal])*) => {$(
            if const { matches!(shape(L::REGISTERS, L::LANES, S::WALK), [$t, $p]) } {
                // SAFETY: as the caller says.
                unsafe { pixels::<L, F, $t, $p>(l, source, job) };
            }
        )*};
    }
    by_shape! { [8, 3] [6, 4] [5, 4] [4, 6] [4, 4] [3, 7] [2, 8] [1, 8] [2, 4] [3, 3] [6, 2] }
}

/// All outputs in tiles of `T` channels and `P` vectors; of single vectors in tiles of up to 8 channels.
///
/// # Safety
/// As [`outputs`].
#[inline(always)]
unsafe fn pixels<L: Vector, F: Source<L>, const T: usize, const P: usize>(l: L, source: F, job: &Job<'_>) {
    let vectors = source.vectors();
    let mut v = 0;
    // SAFETY: the vectors are there, and inner ones are taken as such; the caller vouches for the rest.
    unsafe {
        while v + P <= vectors {
            if !F::HAS_OUTER || source.is_inner(job.walk, v, P) {
                channels::<L, _, T, P>(l, &source.inner::<P>(l, job.walk, v), job);
            } else {
                channels::<L, _, T, P>(l, &source.outer::<P>(l, job.walk, v), job);
            }
            v += P;
        }
        while v < vectors {
            if F::HAS_OUTER {
                channels::<L, _, 8, 1>(l, &source.outer::<1>(l, job.walk, v), job);
            } else {
                channels::<L, _, 8, 1>(l, &source.inner::<1>(l, job.walk, v), job);
            }
            v += 1;
        }
    }
}

/// All channels of `P` vectors.
///
/// # Safety
/// As [`outputs`].
#[inline(always)]
unsafe fn channels<L: Vector, I: Pixels<L, P>, const T: usize, const P: usize>(l: L, pixels: &I, job: &Job<'_>) {
    let channels = job.walk.out_channels;
    for sample in 0..job.samples {
        // SAFETY: the loops keep to samples and channels; the caller vouches for the rest.
        unsafe {
            let job = &Job { x: job.x.add(sample * job.x_step), y: job.y.add(sample * job.y_step), ..*job };
            let mut o = 0;
            while o + T <= channels {
                tile::<L, I, T, P>(l, pixels, job, o);
                o += T;
            }
            if const { T > 4 } {
                while o + 4 <= channels {
                    tile::<L, I, 4, P>(l, pixels, job, o);
                    o += 4;
                }
            }
            if const { T > 2 } {
                while o + 2 <= channels {
                    tile::<L, I, 2, P>(l, pixels, job, o);
                    o += 2;
                }
            }
            if const { T > 1 } && o < channels {
                tile::<L, I, 1, P>(l, pixels, job, o);
            }
        }
    }
}

/// `T` channels of the first sample from `o` on.
///
/// # Safety
/// As [`outputs`], and `o + T` is at most the number of output channels.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
unsafe fn tile<L: Vector, I: Pixels<L, P>, const T: usize, const P: usize>(l: L, pixels: &I, job: &Job<'_>, o: usize) {
    let Job { walk, channels, w, bias, x, y, .. } = *job;
    // SAFETY: `o + T` output channels have weights and planes, as the caller says, and the loops keep to
    // the channels and taps.
    unsafe {
        let y = y.add(o * walk.out_plane);
        let mut acc = [[l.splat(0.0); P]; T];
        for t in 0..T {
            if let Some(bias) = bias {
                if let Some(&bias) = bias.get(o + t) {
                    acc[t] = [l.splat(bias); P];
                }
            } else {
                for p in 0..P {
                    acc[t][p] = pixels.read(l, walk, y.add(t * walk.out_plane), p);
                }
            }
        }
        for c in 0..channels {
            for r in 0..walk.rows.taps {
                let w = opaque(w.add(o * walk.weight_out + c * walk.weight_in));
                for s in 0..walk.columns.taps {
                    let tap = walk.rows.tap(r) * walk.kernel_columns + walk.columns.tap(s);
                    let inputs = pixels.load(l, walk, x, c, r, s);
                    for t in 0..T {
                        let w = l.splat(*w.add(t * walk.weight_out + tap));
                        for p in 0..P {
                            acc[t][p] = l.mul_add(w, inputs[p], acc[t][p]);
                        }
                    }
                }
            }
        }
        for t in 0..T {
            for p in 0..P {
                pixels.write(l, walk, y.add(t * walk.out_plane), p, acc[t][p]);
            }
        }
    }
}
