//! The gradient of a convolution with respect to its weights.
//!
//! Each weight is a sum of products over the pixels of all samples, so there is no reuse but that of a tile
//! of weights: products of some output channels with some taps stay in registers over a block of pixels.
//! Either lanes are [`pixels`], whose sums over the lanes are taken at the end, or output [`channels`], for
//! which the output's gradient is transposed.

mod channels;
mod pixels;

use tensorlet::{kernel::Conv2dDims, math::lanes::Lanes};

use super::walk::Walk;
use crate::{body::reduce, vector::Vector};

/// The gradients of the weights of some input channels of one group.
pub(super) struct Task<'a> {
    walk: &'a Walk,
    samples: usize,
    /// The first of these channels in the first sample, and the way to the next sample.
    x: *const f32,
    x_step: usize,
    /// The group's output gradients in the first sample, and the way to the next sample.
    dy: *const f32,
    dy_step: usize,
    /// The weight of these channels in the first output channel, and the way to the next output channel.
    dw: *mut f32,
    dw_step: usize,
}

impl Task<'_> {
    /// # Safety
    /// Pointers and steps are those of so many samples and output channels of the walk.
    #[inline(always)]
    unsafe fn run<L: Vector>(&self, l: L) {
        let Walk { rows, columns, out_channels, .. } = self.walk;
        // Vector products per tap, of which half vectors do two for one; the sums over lanes at the end cost
        // about as much as 8.
        let outputs = rows.count * columns.count;
        let half = const { L::Half::LANES < L::LANES } && *out_channels <= L::Half::LANES;
        let transposed = if half { outputs.div_ceil(2) } else { out_channels.div_ceil(L::LANES) * outputs };
        // SAFETY: as the caller says.
        unsafe {
            if transposed > out_channels * (outputs.div_ceil(L::LANES) + 8) {
                pixels::gradient(l, self);
            } else if half {
                channels::gradient(l.half(), self);
            } else {
                channels::gradient(l, self);
            }
        }
    }
}

#[inline(always)]
pub(crate) fn conv2d_weight_gradient<L: Vector>(
    l: L,
    d: Conv2dDims,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
    db: &mut [f32],
) {
    input_channels(l, d, 0, d.in_channels, x, dy, dw);
    conv2d_bias_gradient(l, d, dy, db);
}

#[inline(always)]
pub(crate) fn conv2d_bias_gradient<L: Vector>(l: L, d: Conv2dDims, dy: &[f32], db: &mut [f32]) {
    if d.out_len() == 0 {
        return;
    }
    for dy in dy.chunks_exact(d.out_len()) {
        for (db, dy) in db.iter_mut().zip(dy.chunks_exact(d.out_plane())) {
            *db += reduce::sum(l, dy);
        }
    }
}

#[inline(always)]
pub(crate) fn conv2d_channel_weight_gradient<L: Vector>(
    l: L,
    d: Conv2dDims,
    channel: usize,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
) {
    if channel < d.in_channels {
        input_channels(l, d, channel, 1, x, dy, dw);
    }
}

/// The gradients for `in_channels` input channels of each group from `channel` on; `dw` is of these alone.
#[inline(always)]
fn input_channels<L: Vector>(
    l: L,
    d: Conv2dDims,
    channel: usize,
    in_channels: usize,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
) {
    let step = in_channels * d.taps();
    if dw.len() < d.groups * d.out_channels * step {
        return;
    }
    let walk = Walk { in_channels, ..Walk::forward(d) };
    let samples = (x.len() / d.in_len()).min(dy.len() / d.out_len());
    for g in 0..d.groups {
        // SAFETY: there are so many samples, and the gradient has room for all groups.
        unsafe {
            let task = Task {
                walk: &walk,
                samples,
                x: x.as_ptr().add((g * d.in_channels + channel) * d.in_plane()),
                x_step: d.in_len(),
                dy: dy.as_ptr().add(g * d.out_channels * d.out_plane()),
                dy_step: d.out_len(),
                dw: dw.as_mut_ptr().add(g * d.out_channels * step),
                dw_step: step,
            };
            task.run(l);
        }
    }
}

/// A tap of a channel of a block.
#[derive(Clone, Copy, Default)]
struct Tap {
    channel: usize,
    row: usize,
    column: usize,
}

impl Tap {
    /// Becomes the next one column by column of the windows, if there is one in so many channels.
    #[inline(always)]
    const fn step_down(&mut self, walk: &Walk, channels: usize) {
        if self.row + 1 < walk.rows.taps {
            self.row += 1;
        } else if self.column + 1 < walk.columns.taps {
            (self.row, self.column) = (0, self.column + 1);
        } else if self.channel + 1 < channels {
            *self = Self { channel: self.channel + 1, row: 0, column: 0 };
        }
    }

    /// Becomes the next one in the order of the weight, if there is one in so many channels.
    #[inline(always)]
    const fn step(&mut self, walk: &Walk, channels: usize) {
        if self.column + 1 < walk.columns.taps {
            self.column += 1;
        } else if self.row + 1 < walk.rows.taps {
            (self.row, self.column) = (self.row + 1, 0);
        } else if self.channel + 1 < channels {
            *self = Self { channel: self.channel + 1, row: 0, column: 0 };
        }
    }
}
