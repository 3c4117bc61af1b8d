//! Convolution and its gradient with respect to the input, directly on the planes: no copy of the
//! input is made.
//!
//! A tile of `T` output channels by `P` vectors of pixels stays in registers over all input
//! channels and taps. Where parameters are shorter than the sizes ask for, the channels that they
//! lack are left out, as in the portable bodies.

#![allow(clippy::needless_range_loop, reason = "indices name the place in a tile of registers")]

use tensorlet::kernel::Conv2dDims;

pub(crate) use super::conv_weight::conv2d_weight_gradient;
use super::{
    Sizes,
    pixels::{self, Axis, Pixels, Plane},
};
use crate::vector::Vector;

/// Sizes that are plain, and for which all offsets fit into their types.
pub(crate) const fn fits(d: Conv2dDims) -> bool {
    if !d.is_plain() {
        return false;
    }
    let [rows, columns] = axes(d);
    let channels = d.in_channels >= 1 && d.out_channels >= 1 && d.in_channels <= 1 << 15 && d.out_channels <= 1 << 15;
    channels && rows.fits() && columns.fits()
}

/// Whether a shape has code of its own: where a sample is enough work for that to pay.
pub(crate) const fn is_specialised(d: Conv2dDims) -> bool {
    d.out_len() * d.filter_len() >= 1 << 16
}

/// Rows and columns.
#[inline(always)]
pub(super) const fn axes(d: Conv2dDims) -> [pixels::Sizes; 2] {
    [pixels::Sizes::of(d.window, d.input, d.output, 0), pixels::Sizes::of(d.window, d.input, d.output, 1)]
}

#[inline(always)]
pub(crate) fn conv2d<L: Vector, S: Sizes<Conv2dDims>>(
    l: L,
    sizes: S,
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    y: &mut [f32],
) {
    let d = sizes.get();
    let [rows, columns] = axes(d);
    let walk = Walk {
        plane: Plane { rows: Axis::forward(rows), columns: Axis::forward(columns), out_width: d.output[1] },
        in_channels: d.in_channels,
        out_channels: d.out_channels.min(weight.len() / d.filter_len()),
        in_len: d.in_len(),
        out_len: d.out_len(),
        in_plane: d.in_plane(),
        out_plane: d.out_plane(),
        weight_out: d.filter_len(),
        weight_in: d.taps(),
        kernel_columns: d.window.kernel[1],
    };
    if walk.plane.gathers() {
        correlate::<L, true>(l, &walk, x, weight, bias, y);
    } else {
        correlate::<L, false>(l, &walk, x, weight, bias, y);
    }
}

#[inline(always)]
pub(crate) fn conv2d_input_gradient<L: Vector, S: Sizes<Conv2dDims>>(
    l: L,
    sizes: S,
    dy: &[f32],
    weight: &[f32],
    dx: &mut [f32],
) {
    let d = sizes.get();
    let [rows, columns] = axes(d);
    for row_phase in 0..rows.phases() {
        for column_phase in 0..columns.phases() {
            let walk = Walk {
                plane: Plane {
                    rows: Axis::backward(rows, row_phase),
                    columns: Axis::backward(columns, column_phase),
                    out_width: d.input[1],
                },
                in_channels: d.out_channels.min(weight.len() / d.filter_len()),
                out_channels: d.in_channels,
                in_len: d.out_len(),
                out_len: d.in_len(),
                in_plane: d.out_plane(),
                out_plane: d.in_plane(),
                weight_out: d.taps(),
                weight_in: d.filter_len(),
                kernel_columns: d.window.kernel[1],
            };
            correlate::<L, false>(l, &walk, dy, weight, &[], dx);
        }
    }
}

/// A convolution as [`correlate`] does it, forward or backward.
struct Walk {
    plane: Plane,
    in_channels: usize,
    out_channels: usize,
    /// Numbers in a sample of the input and of the output.
    in_len: usize,
    out_len: usize,
    /// Numbers in one of their channels.
    in_plane: usize,
    out_plane: usize,
    /// Steps in the weight from one output and input channel to the next.
    weight_out: usize,
    weight_in: usize,
    kernel_columns: usize,
}

/// `out[o] = bias[o] + Σ_{c, taps} w[o][c][tap] · in[c][…]` for each sample. The weight has the
/// length that channels and steps ask for; where the bias ends, it is 0.
#[inline(always)]
fn correlate<L: Vector, const GATHERS: bool>(l: L, walk: &Walk, x: &[f32], w: &[f32], bias: &[f32], y: &mut [f32]) {
    let vectors = walk.plane.vectors(L::LANES);
    let mut v = 0;
    if const { L::REGISTERS >= 32 } {
        while v + 4 <= vectors {
            pixel_tile::<L, 4, 4, GATHERS>(l, walk, v, x, w, bias, y);
            v += 4;
        }
    }
    while v + 2 <= vectors {
        pixel_tile::<L, 2, 4, GATHERS>(l, walk, v, x, w, bias, y);
        v += 2;
    }
    if v < vectors {
        pixel_tile::<L, 1, 8, GATHERS>(l, walk, v, x, w, bias, y);
    }
}

/// `P` vectors of pixels from number `first` on: all samples and output channels.
#[inline(always)]
fn pixel_tile<L: Vector, const P: usize, const T: usize, const GATHERS: bool>(
    l: L,
    walk: &Walk,
    first: usize,
    x: &[f32],
    w: &[f32],
    bias: &[f32],
    y: &mut [f32],
) {
    let pixels = Pixels::<L, P, GATHERS>::new(l, &walk.plane, first);
    for (x, y) in x.chunks_exact(walk.in_len).zip(y.chunks_exact_mut(walk.out_len)) {
        let mut o = 0;
        // SAFETY: `x` and `y` are whole samples, the weight is as long as the walk asks for, and the
        // loops keep to the output channels.
        unsafe {
            while o + T <= walk.out_channels {
                tile::<L, P, T, GATHERS>(l, walk, &pixels, x, w, bias, y, o);
                o += T;
            }
            while o < walk.out_channels {
                tile::<L, P, 1, GATHERS>(l, walk, &pixels, x, w, bias, y, o);
                o += 1;
            }
        }
    }
}

/// `T` output channels from `o` on.
///
/// # Safety
/// `x` is a sample of at least `in_channels` planes, the weight is as long as channels and steps of
/// the walk ask for, and `o + T ≤ out_channels`.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "one call in one place; all live in registers")]
unsafe fn tile<L: Vector, const P: usize, const T: usize, const GATHERS: bool>(
    l: L,
    walk: &Walk,
    pixels: &Pixels<L, P, GATHERS>,
    x: &[f32],
    w: &[f32],
    bias: &[f32],
    y: &mut [f32],
    o: usize,
) {
    let Plane { rows, columns, .. } = &walk.plane;
    let mut acc = [[l.splat(0.0); P]; T];
    for t in 0..T {
        if let Some(&bias) = bias.get(o + t) {
            acc[t] = [l.splat(bias); P];
        }
    }
    for c in 0..walk.in_channels {
        for r in 0..rows.taps {
            for s in 0..columns.taps {
                let mut inputs = [l.splat(0.0); P];
                let tap = rows.tap(r) * walk.kernel_columns + columns.tap(s);
                // SAFETY: channel `c` is one of the sample's planes; the weight of output channel
                // `o + t`, input channel `c` and this tap lies inside the weight.
                unsafe {
                    let plane = x.as_ptr().add(c * walk.in_plane);
                    for p in 0..P {
                        inputs[p] = pixels.load(l, &walk.plane, plane, p, r, s);
                    }
                    for t in 0..T {
                        let at = (o + t) * walk.weight_out + c * walk.weight_in + tap;
                        let w = l.splat(*w.as_ptr().add(at));
                        for p in 0..P {
                            acc[t][p] = l.mul_add(w, inputs[p], acc[t][p]);
                        }
                    }
                }
            }
        }
    }
    for (acc, y) in acc.iter().zip(y.chunks_exact_mut(walk.out_plane).skip(o)) {
        for p in 0..P {
            pixels.write(l, &walk.plane, y, p, acc[p]);
        }
    }
}
