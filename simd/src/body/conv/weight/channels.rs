//! Lanes are output channels: the output's gradient is transposed, `[pixel][channel]`, and each input is
//! broadcast to `V` vectors of it. `K` taps by `V` vectors of channels are in registers over the pixels of
//! a block.
//!
//! On the stack, together 64 KiB, lie the padded planes of some input channels, the transposed gradients of
//! a block, both of several samples if they are small, and the transposed weights of these channels, in which
//! blocks and samples are summed.

#![allow(clippy::needless_range_loop, reason = "indices name the place in a tile of registers")]

use core::mem::MaybeUninit;

use super::{Tap, Task};
use crate::{
    body::conv::{
        transpose::transpose,
        walk::{Axis, Walk},
    },
    vector::{MOST_LANES, Vector, opaque},
};

/// Numbers on the stack: 64 KiB.
const SCRATCH: usize = 1 << 14;

/// Products that are summed one after the other before the sum joins the others, so that roundings do not
/// add up: a lane has all pixels of a weight.
const TERMS: usize = 32;

#[repr(C, align(64))]
struct Scratch(MaybeUninit<[f32; SCRATCH]>);

/// # Safety
/// As [`Task::run`].
#[inline(always)]
pub(super) unsafe fn gradient<L: Vector>(l: L, task: &Task<'_>) {
    // SAFETY: as the caller says.
    unsafe {
        if task.walk.out_channels > L::LANES {
            if const { L::REGISTERS >= 32 } {
                vectors::<L, 9, 2>(l, task);
            } else {
                vectors::<L, 5, 2>(l, task);
            }
        } else {
            vectors::<L, 10, 1>(l, task);
        }
    }
}

/// What lies in the scratch at once.
#[derive(Clone, Copy)]
struct Block {
    rows: usize,
    columns: usize,
    channels: usize,
    samples: usize,
}

impl Block {
    /// The largest that fits, for tiles of `K` taps and `width` output channels.
    fn of(task: &Task<'_>, k: usize, width: usize) -> Self {
        let walk = task.walk;
        let (rows, columns) = (walk.rows.count, walk.columns.count);
        let mut block = Self { rows, columns, channels: walk.in_channels, samples: 1 };
        let room = SCRATCH - 2 * MOST_LANES;
        while block.len(walk, k, width) > room {
            // Of the three shares none is to grow small for the sake of another.
            let outputs = block.rows * block.columns * width;
            let weights = block.taps(walk, k) * width;
            if block.channels > 1 && (weights + block.channels * block.inputs(walk) > outputs || outputs < 64 * width) {
                block.channels = block.channels.div_ceil(2);
            } else if block.rows > 1 {
                block.rows = block.rows.div_ceil(2);
            } else {
                block.columns = block.columns.div_ceil(2);
            }
        }
        if block.rows == rows && block.columns == columns {
            let weights = block.taps(walk, k) * width;
            let samples = (room - weights) / (block.len(walk, k, width) - weights);
            block.samples = samples.clamp(1, task.samples.max(1));
        }
        block
    }

    /// The length of a row of the padded planes.
    #[inline(always)]
    const fn pitch(&self, walk: &Walk) -> usize {
        extent(&walk.columns, self.columns)
    }

    /// The numbers in a padded plane.
    #[inline(always)]
    const fn inputs(&self, walk: &Walk) -> usize {
        extent(&walk.rows, self.rows) * self.pitch(walk)
    }

    /// Where the input of a tap for the first output lies in the padded planes.
    #[inline(always)]
    const fn place(&self, walk: &Walk, tap: &Tap) -> usize {
        let row = (walk.rows.offset(tap.row) - walk.rows.least_offset()).unsigned_abs();
        let column = (walk.columns.offset(tap.column) - walk.columns.least_offset()).unsigned_abs();
        tap.channel * self.inputs(walk) + row * self.pitch(walk) + column
    }

    const fn taps(&self, walk: &Walk, k: usize) -> usize {
        (self.channels * walk.weight_in).next_multiple_of(k)
    }

    const fn len(&self, walk: &Walk, k: usize, width: usize) -> usize {
        let transposed = self.rows * self.columns + self.taps(walk, k);
        self.channels * self.inputs(walk) + transposed * width
    }
}

/// The inputs that so many outputs of an axis reach.
#[inline(always)]
const fn extent(axis: &Axis, outputs: usize) -> usize {
    (outputs - 1) * axis.in_step + axis.reach() + 1
}

/// # Safety
/// As [`Task::run`].
#[inline(always)]
unsafe fn vectors<L: Vector, const K: usize, const V: usize>(l: L, task: &Task<'_>) {
    let walk = task.walk;
    let width = V * L::LANES;
    let most = Block::of(task, K, width);
    let mut scratch = Scratch(MaybeUninit::uninit());
    let scratch = scratch.0.as_mut_ptr().cast::<f32>();
    // SAFETY: a block fits into the scratch with a vector to spare behind the inputs and at the end;
    // channels and outputs are the task's.
    unsafe {
        let dy = scratch;
        let dw = dy.add(most.samples * most.rows * most.columns * width);
        let x = dw.add(most.taps(walk, K) * width);
        for o in (0..walk.out_channels).step_by(width) {
            let out_channels = width.min(walk.out_channels - o);
            for channel in (0..walk.in_channels).step_by(most.channels) {
                let channels = most.channels.min(walk.in_channels - channel);
                let taps = channels * walk.weight_in;
                for i in (0..taps.next_multiple_of(K) * width).step_by(L::LANES) {
                    l.store(dw.add(i), l.splat(0.0));
                }
                for sample in (0..task.samples).step_by(most.samples) {
                    for row in (0..walk.rows.count).step_by(most.rows) {
                        for column in (0..walk.columns.count).step_by(most.columns) {
                            let block = Block {
                                rows: most.rows.min(walk.rows.count - row),
                                columns: most.columns.min(walk.columns.count - column),
                                channels,
                                samples: most.samples.min(task.samples - sample),
                            };
                            for i in 0..block.samples {
                                let from = task.x.add((sample + i) * task.x_step + channel * walk.in_plane);
                                pad(l, walk, block, [row, column], from, x.add(i * channels * block.inputs(walk)));
                                let from = task.dy.add((sample + i) * task.dy_step + o * walk.out_plane);
                                let from = from.add(row * walk.out_width + column);
                                let to = dy.add(i * block.rows * block.columns * width);
                                turn::<L, V>(l, walk, block, out_channels, from, to);
                            }
                            let mut place = Tap::default();
                            for tap in (0..taps).step_by(K) {
                                tile::<L, K, V>(l, walk, block, &mut place, x, dy, dw.add(tap * width));
                            }
                        }
                    }
                }
                let to = task.dw.add(o * task.dw_step + channel * walk.weight_in);
                add_transposed::<L>(l, dw, width, [taps, out_channels], to, task.dw_step);
            }
        }
    }
}

/// `to[o][tap] += from[tap][o]`, for `size` taps and channels.
///
/// # Safety
/// `from` holds rows of `width` numbers for all taps, rounded up to whole tiles; `to` as many as `size` says,
/// `to_step` from channel to channel.
#[inline(always)]
unsafe fn add_transposed<L: Vector>(
    l: L,
    from: *const f32,
    width: usize,
    [taps, channels]: [usize; 2],
    to: *mut f32,
    to_step: usize,
) {
    let mut square = [0.0; MOST_LANES * MOST_LANES];
    for tap in (0..taps).step_by(L::LANES) {
        let count = L::LANES.min(taps - tap);
        let used = l.range(0, count);
        for first in (0..channels).step_by(L::LANES) {
            // SAFETY: taps and channels are within `size`.
            unsafe {
                let from = from.add(tap * width + first);
                transpose(l, from, width, [count, L::LANES], square.as_mut_ptr(), L::LANES);
                for o in 0..L::LANES.min(channels - first) {
                    let to = to.add((first + o) * to_step + tap);
                    let sum = l.add(l.load_masked(to, used), l.load(square.as_ptr().add(o * L::LANES)));
                    l.store_masked(to, used, sum);
                }
            }
        }
    }
}

/// Copies the inputs that the block's outputs reach, zeros where there are none.
///
/// # Safety
/// `x` begins the planes of the block's channels; `to` has room for their inputs and a vector.
#[inline(always)]
unsafe fn pad<L: Vector>(l: L, walk: &Walk, block: Block, [row, column]: [usize; 2], x: *const f32, mut to: *mut f32) {
    let Walk { rows, columns, .. } = walk;
    let (height, width) = (extent(rows, block.rows), block.pitch(walk));
    let first_row = (row * rows.in_step).cast_signed() + rows.least_offset();
    let first = (column * columns.in_step).cast_signed() + columns.least_offset();
    // The columns that exist.
    let from = (-first).max(0).cast_unsigned();
    let until = (columns.in_len.cast_signed() - first).max(0).cast_unsigned();
    for c in 0..block.channels {
        for i in 0..height {
            let row = (first_row + i.cast_signed()).cast_unsigned();
            let plane = x
                .wrapping_add((c * walk.in_plane).wrapping_add(row.wrapping_mul(columns.in_len)))
                .wrapping_offset(first);
            for j in (0..width).step_by(L::LANES) {
                // SAFETY: the mask has the lanes that lie in a row of the plane; what is written too much in
                // a row, the next row, written later, overwrites, and behind the last there is room.
                unsafe {
                    let mut v = l.splat(0.0);
                    if row < rows.in_len {
                        v = l.load_masked(
                            plane.wrapping_add(j),
                            l.range(from.saturating_sub(j), until.saturating_sub(j)),
                        );
                    }
                    l.store(to.add(j), v);
                }
            }
            // SAFETY: the next row follows.
            to = unsafe { to.add(width) };
        }
    }
}

/// Transposes the gradients of a sample.
///
/// # Safety
/// `from` begins the block's outputs in so many planes, `to` has room for them.
#[inline(always)]
unsafe fn turn<L: Vector, const V: usize>(
    l: L,
    walk: &Walk,
    block: Block,
    channels: usize,
    from: *const f32,
    to: *mut f32,
) {
    // Rows that fill the plane are one.
    let whole = block.columns == walk.out_width;
    let (rows, columns) = if whole { (1, block.rows * block.columns) } else { (block.rows, block.columns) };
    for i in 0..rows {
        for v in 0..V {
            let size = [channels.saturating_sub(v * L::LANES).min(L::LANES), columns];
            let from = from.wrapping_add(v * L::LANES * walk.out_plane + i * walk.out_width);
            // SAFETY: these are outputs of the block, in channels that there are.
            unsafe { transpose(l, from, walk.out_plane, size, to.add((i * columns * V + v) * L::LANES), V * L::LANES) };
        }
    }
}

/// Adds the products of `K` taps from the given one on, over the block's outputs, to `dw`. Those beyond the
/// last are computed as the last.
///
/// # Safety
/// `x`, `dy` and `dw` are those of the block in the scratch.
#[inline(always)]
unsafe fn tile<L: Vector, const K: usize, const V: usize>(
    l: L,
    walk: &Walk,
    block: Block,
    tap: &mut Tap,
    x: *const f32,
    mut dy: *const f32,
    dw: *mut f32,
) {
    let mut inputs = [x; K];
    for k in 0..K {
        // SAFETY: the tap is one of the block's.
        inputs[k] = opaque(unsafe { x.add(block.place(walk, tap)) });
        tap.step(walk, block.channels);
    }
    let (row, sample) = (walk.rows.in_step * block.pitch(walk), block.channels * block.inputs(walk));
    let mut acc = [[l.splat(0.0); V]; K];
    let mut terms = 0;
    // SAFETY: the loops keep to the block's samples and outputs, and the taps to their inputs.
    unsafe {
        for n in 0..block.samples {
            for i in 0..block.rows {
                let mut at = n * sample + i * row;
                for _ in 0..block.columns {
                    let mut gradients = [l.splat(0.0); V];
                    for v in 0..V {
                        gradients[v] = l.load(dy.add(v * L::LANES));
                    }
                    for k in 0..K {
                        let x = l.splat(*inputs[k].add(at));
                        for v in 0..V {
                            acc[k][v] = l.mul_add(x, gradients[v], acc[k][v]);
                        }
                    }
                    at += walk.columns.in_step;
                    dy = dy.add(V * L::LANES);
                }
                terms += block.columns;
                if terms >= TERMS || (n + 1 == block.samples && i + 1 == block.rows) {
                    terms = 0;
                    for k in 0..K {
                        for v in 0..V {
                            let to = dw.add((k * V + v) * L::LANES);
                            l.store(to, l.add(l.load(to), acc[k][v]));
                            acc[k][v] = l.splat(0.0);
                        }
                    }
                }
            }
        }
    }
}
