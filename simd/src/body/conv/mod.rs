//! Convolution and its gradients, directly on the planes.
//!
//! | form | lanes are | where |
//! |---|---|---|
//! | [`tile`] on [`shifted`] copies | pixels | wherever the others are not |
//! | [`tile`] on the [`planes`] themselves | pixels | windows that keep the width of planes too large to be copied, and of the phases of strided gradients |
//! | [`depthwise`](mod@depthwise) | columns | windows of one channel each that keep the width of a plane |
//! | [`rows`] | output channels | narrow planes without padding |
//! | [`spread`] | columns of the window and channels | backward in these, for few channels |
//! | [`weight`] | pixels, or output channels | gradients of weights |

mod depthwise;
mod planes;
mod rows;
mod shifted;
mod spread;
mod tile;
mod transpose;
mod walk;
mod weight;

use tensorlet::kernel::Conv2dDims;

pub(crate) use self::{
    depthwise::{depthwise, depthwise_input_gradient, takes as is_depthwise},
    walk::fits,
    weight::{conv2d_bias_gradient, conv2d_channel_weight_gradient, conv2d_weight_gradient},
};
use self::{
    planes::Planes,
    shifted::Block,
    tile::Job,
    walk::{Backward, Forward, Known, Walk, phases},
};
use super::Sizes;
use crate::vector::Vector;

/// Whether a shape has code of its own: where a sample is enough work for that to pay.
pub(crate) const fn is_specialised(d: Conv2dDims) -> bool {
    d.out_len() * d.filter_len() >= 1 << 16
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
    let samples = (x.len() / d.in_len()).min(y.len() / d.out_len());
    let lens = [d.in_channels * d.in_plane(), d.out_channels * d.filter_len(), d.out_channels * d.out_plane()];
    let walk = Walk::forward(d);
    if weight.len() < d.groups * lens[1] {
        return;
    }
    for g in 0..d.groups {
        let bias = bias.get(g * d.out_channels..).unwrap_or(&[]);
        // SAFETY: samples and weight are as long as the sizes ask for.
        unsafe {
            let job = Job {
                walk: &walk,
                samples,
                x: x.as_ptr().add(g * lens[0]),
                x_step: d.in_len(),
                y: y.as_mut_ptr().add(g * lens[2]),
                y_step: d.out_len(),
                channels: d.in_channels,
                w: weight.as_ptr().add(g * lens[1]),
                bias: Some(bias),
            };
            correlate::<L, Forward<S>>(l, &job);
        }
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
    input_gradient::<L, Backward<S>>(l, sizes.get(), 0, sizes.get().in_channels, dy, weight, dx);
}

#[inline(always)]
pub(crate) fn conv2d_channel_input_gradient<L: Vector>(
    l: L,
    d: Conv2dDims,
    channel: usize,
    dy: &[f32],
    weight: &[f32],
    dx: &mut [f32],
) {
    if channel < d.in_channels {
        input_gradient::<L, Backward<Conv2dDims>>(l, d, channel, 1, dy, weight, dx);
    }
}

/// The gradients of `in_channels` input channels of each group from `channel` on.
#[inline(always)]
fn input_gradient<L: Vector, S: Known>(
    l: L,
    d: Conv2dDims,
    channel: usize,
    in_channels: usize,
    dy: &[f32],
    weight: &[f32],
    dx: &mut [f32],
) {
    let samples = (dx.len() / d.in_len()).min(dy.len() / d.out_len());
    let lens = [d.in_channels * d.in_plane(), d.out_channels * d.filter_len(), d.out_channels * d.out_plane()];
    if weight.len() < d.groups * lens[1] {
        return;
    }
    for row_phase in 0..phases(d, 0) {
        for column_phase in 0..phases(d, 1) {
            let walk = Walk { out_channels: in_channels, ..Walk::backward(d, [row_phase, column_phase]) };
            for g in 0..d.groups {
                // SAFETY: samples and weight are as long as the sizes ask for.
                unsafe {
                    let job = Job {
                        walk: &walk,
                        samples,
                        x: dy.as_ptr().add(g * lens[2]),
                        x_step: d.out_len(),
                        y: dx.as_mut_ptr().add(g * lens[0] + channel * d.in_plane()),
                        y_step: d.in_len(),
                        channels: d.out_channels,
                        w: weight.as_ptr().add(g * lens[1] + channel * d.taps()),
                        bias: Some(&[]),
                    };
                    correlate::<L, S>(l, &job);
                }
            }
        }
    }
}

/// Computes a job whose source are planes.
///
/// # Safety
/// `x`, `w` and `y` begin the planes and weights that samples and walk ask for.
#[inline(always)]
unsafe fn correlate<L: Vector, S: Known>(l: L, job: &Job<'_>) {
    // SAFETY: as the caller says.
    unsafe {
        if const { S::WALK.is_none() } {
            // Small ones: the masks are made once for all samples.
            if job.walk.reads_planes() {
                tile::outputs::<L, S, _>(l, Planes::of(job.walk), job);
            } else {
                shifted::outputs::<L, S>(l, job);
            }
        } else if const { spread::vectors(S::WALK, S::FORWARD, L::LANES, L::REGISTERS).is_some() } {
            spread::outputs::<L, S>(l, job);
        } else if const { matches!(rows::lanes(S::WALK, S::FORWARD, L::LANES, L::REGISTERS), Some(n) if n == L::LANES) }
        {
            rows::outputs::<L, S>(l, job);
        } else if const { rows::lanes(S::WALK, S::FORWARD, L::LANES, L::REGISTERS).is_some() } {
            rows::outputs::<L::Half, S>(l.half(), job);
        } else if const { keeps_planes(S::WALK, L::LANES) } && job.walk.reads_planes() {
            // Of an odd length one phase of a strided gradient has more positions than the other.
            for sample in 0..job.samples {
                let job =
                    Job { samples: 1, x: job.x.add(sample * job.x_step), y: job.y.add(sample * job.y_step), ..*job };
                tile::outputs::<L, S, _>(l, Planes::of(job.walk), &job);
            }
        } else {
            shifted::outputs::<L, S>(l, job);
        }
    }
}

/// Whether the inputs of a walk that is known are read where they are.
const fn keeps_planes(walk: Option<Walk>, lanes: usize) -> bool {
    match walk {
        Some(walk) => walk.reads_planes() && (walk.columns.taps == 1 || !Block::of(&walk, lanes).is_whole(&walk)),
        None => false,
    }
}
