//! Lanes are pixels: shifted copies of the input as in the convolution, `T` output channels by `K` taps in
//! registers over the pixels of a block.

#![allow(clippy::needless_range_loop, reason = "indices name the place in a tile of registers")]

use super::{Tap, Task};
use crate::{
    body::conv::{
        shifted::{Copies, Visit, for_each_block},
        tile::Pixels,
    },
    vector::Vector,
};

/// # Safety
/// As [`Task::run`].
#[inline(always)]
pub(super) unsafe fn gradient<L: Vector>(l: L, task: &Task<'_>) {
    // SAFETY: as the caller says.
    unsafe { for_each_block(l, task.walk, task.samples, task.x, task.x_step, Gradient { task }) };
}

struct Gradient<'a> {
    task: &'a Task<'a>,
}

impl<L: Vector> Visit<L> for Gradient<'_> {
    #[inline(always)]
    unsafe fn block(&mut self, l: L, sample: usize, channel: usize, copies: Copies<'_>, x: *const f32) {
        let task = self.task;
        let channels = task.walk.out_channels;
        // SAFETY: the copies are of the task's samples and channels; the loops keep to the output channels.
        unsafe {
            let dy = task.dy.add(sample * task.dy_step);
            let dw = task.dw.add(channel * task.walk.weight_in);
            let block = Block { task, copies, x, dy, dw };
            let mut o = 0;
            if const { L::REGISTERS >= 32 } {
                while o + 6 <= channels && !(channels - o).is_multiple_of(4) {
                    block.channels::<L, 6, 4>(l, o);
                    o += 6;
                }
                while o + 4 <= channels {
                    block.channels::<L, 4, 6>(l, o);
                    o += 4;
                }
            } else {
                while o + 3 <= channels {
                    block.channels::<L, 3, 4>(l, o);
                    o += 3;
                }
            }
            while o < channels {
                block.channels::<L, 1, 8>(l, o);
                o += 1;
            }
        }
    }
}

/// A block's copies at `x`, the output gradients of its sample and the weights of its channels.
struct Block<'a> {
    task: &'a Task<'a>,
    copies: Copies<'a>,
    x: *const f32,
    dy: *const f32,
    dw: *mut f32,
}

impl Block<'_> {
    /// All weights of `T` output channels from `o` on.
    ///
    /// # Safety
    /// `o + T` is at most the number of output channels.
    #[inline(always)]
    unsafe fn channels<L: Vector, const T: usize, const K: usize>(&self, l: L, o: usize) {
        let mut left = self.copies.block.channels * self.task.walk.weight_in;
        let mut tap = Tap::default();
        // SAFETY: the loops keep to the taps; the caller vouches for the channels.
        unsafe {
            while left >= K {
                self.tile::<L, T, K>(l, o, &mut tap);
                left -= K;
            }
            while left > 0 {
                self.tile::<L, T, 1>(l, o, &mut tap);
                left -= 1;
            }
        }
    }

    /// The weights of `K` taps from the given one on.
    ///
    /// # Safety
    /// `o + T` is at most the number of output channels, and there are so many taps.
    #[inline(always)]
    unsafe fn tile<L: Vector, const T: usize, const K: usize>(&self, l: L, o: usize, tap: &mut Tap) {
        let Task { walk, dw_step, .. } = *self.task;
        let mut inputs = [self.x; K];
        let mut places = [0; K];
        for k in 0..K {
            // SAFETY: the tap's copy is one of the block's.
            inputs[k] = unsafe { self.x.add(self.copies.tap(walk, [tap.channel, tap.row, tap.column])) };
            places[k] = (tap.channel * walk.rows.taps + tap.row) * walk.columns.taps + tap.column;
            tap.step_down(walk, self.copies.block.channels);
        }
        let outputs = self.copies.outputs();
        let mut acc = [[l.splat(0.0); K]; T];
        let mut at = 0;
        // SAFETY: `at` keeps to the outputs; with the last, those lanes of the inputs count that are outputs.
        unsafe {
            let dy = self.dy.add(o * walk.out_plane);
            if let Some(first) = self.copies.neighbours(walk) {
                while at + L::LANES <= outputs {
                    let mut gradients = [l.splat(0.0); T];
                    for t in 0..T {
                        gradients[t] = l.load(dy.add(t * walk.out_plane + first + at));
                    }
                    for k in 0..K {
                        let x = l.load(inputs[k].add(at));
                        for t in 0..T {
                            acc[t][k] = l.mul_add(gradients[t], x, acc[t][k]);
                        }
                    }
                    at += L::LANES;
                }
            }
            while at < outputs {
                let pixels = self.copies.at(at);
                let used = l.range(0, outputs - at);
                for k in 0..K {
                    let x = l.keep(used, l.load(inputs[k].add(at)));
                    for t in 0..T {
                        let dy = Pixels::<L, 1>::read(&pixels, l, walk, dy.add(t * walk.out_plane), 0);
                        acc[t][k] = l.mul_add(dy, x, acc[t][k]);
                    }
                }
                at += L::LANES;
            }
            for t in 0..T {
                let dw = self.dw.add((o + t) * dw_step);
                let mut k = 0;
                while k + 4 <= K {
                    let sums = l.sum_each([acc[t][k], acc[t][k + 1], acc[t][k + 2], acc[t][k + 3]]);
                    for (place, sum) in places[k..].iter().zip(sums) {
                        *dw.add(*place) += sum;
                    }
                    k += 4;
                }
                while k < K {
                    *dw.add(places[k]) += l.sum_lanes(acc[t][k]);
                    k += 1;
                }
            }
        }
    }
}
