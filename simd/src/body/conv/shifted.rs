//! The source for all geometries: copies of the planes that are shifted by the taps of a row of the window.
//!
//! For each input channel and each tap of a window's row there is a copy of the plane, in which the input
//! of output `j` for that tap lies in column `j`, zeros where there is none. So whatever stride, padding
//! and dilation are, the rows of the copy are as long as those of the output, vectors run on from one row
//! into the next, and the tile reads them without a mask. A copy costs one read and one write for as many
//! products per output channel as the window has rows.
//!
//! The copies lie on the stack, 64 KiB. Where they do not fit, outputs are made in bands of rows, strips of
//! columns and, last, with a part of the input channels after the other, the sums lying in the output.

#![allow(clippy::needless_range_loop, reason = "indices name the place in a tile of registers")]

use core::{marker::PhantomData, mem::MaybeUninit};

use super::{
    tile::{self, Job, Pixels, Source},
    walk::{Known, MOST_TAPS, Walk},
};
use crate::vector::{MOST_LANES, Vector};

/// Numbers on the stack: 64 KiB.
const SCRATCH: usize = 1 << 14;
/// Those of them that copies can have: a vector may reach over the end.
const ROOM: usize = SCRATCH - MOST_LANES;
/// Outputs for which a band of all channels is worth its copies.
const ENOUGH: usize = 96;

#[repr(C, align(64))]
struct Scratch(MaybeUninit<[f32; SCRATCH]>);

/// The outputs and channels whose copies lie in the scratch at once.
#[derive(Clone, Copy)]
pub(super) struct Block {
    rows: usize,
    columns: usize,
    pub(super) channels: usize,
    /// Rows of a copy for each of `phases` input rows modulo the stride.
    phase_rows: usize,
    phases: usize,
}

impl Block {
    /// The largest that fits.
    #[inline(always)]
    pub(super) const fn of(walk: &Walk, lanes: usize) -> Self {
        let (rows, columns, channels) = (walk.rows.count, walk.columns.count, walk.in_channels);
        let whole = Self::sized(walk, rows, columns, channels);
        if whole.len(walk) <= ROOM {
            return whole;
        }
        // A band with all channels.
        let one = Self::sized(walk, 1, columns, channels);
        if one.len(walk) <= ROOM {
            let band = (ROOM - one.len(walk)) / (channels * walk.columns.taps * one.phases * columns) + 1;
            if band * columns >= ENOUGH {
                return Self::sized(walk, band, columns, channels);
            }
        }
        // A band of some rows, in strips if need be, with as many channels as fit.
        let row = walk.columns.taps * one.phases * one.phase_rows;
        let columns = if row * columns <= ROOM { columns } else { ROOM / row / lanes * lanes };
        let mut band = if rows < 8 { rows } else { 8 };
        while band > 1 && Self::sized(walk, band, columns, 1).len(walk) > ROOM {
            band -= 1;
        }
        let room = ROOM / Self::sized(walk, band, columns, 1).len(walk);
        Self::sized(walk, band, columns, if room < channels { room } else { channels })
    }

    #[inline(always)]
    const fn sized(walk: &Walk, rows: usize, columns: usize, channels: usize) -> Self {
        let (step, reach) = (walk.rows.in_step, walk.rows.reach());
        let phases = if step < reach + 1 { step } else { reach + 1 };
        Self { rows, columns, channels, phase_rows: rows + reach / step, phases }
    }

    /// Whether it holds all outputs and channels.
    pub(super) const fn is_whole(&self, walk: &Walk) -> bool {
        self.rows == walk.rows.count && self.columns == walk.columns.count && self.channels == walk.in_channels
    }

    /// The numbers in a copy.
    #[inline(always)]
    const fn copy(&self) -> usize {
        self.phases * self.phase_rows * self.columns
    }

    /// The numbers in all copies.
    #[inline(always)]
    const fn len(&self, walk: &Walk) -> usize {
        self.channels * walk.columns.taps * self.copy()
    }

    /// Where in a copy the inputs of the first output for each row of the window lie.
    #[inline(always)]
    fn row_starts(&self, walk: &Walk) -> [usize; MOST_TAPS] {
        let mut starts = [0; MOST_TAPS];
        for r in 0..walk.rows.taps {
            let offset = (walk.rows.offset(r) - walk.rows.least_offset()).unsigned_abs();
            let step = walk.rows.in_step;
            starts[r] = (offset % step * self.phase_rows + offset / step) * self.columns;
        }
        starts
    }
}

/// What is done with the copies of a block. A trait and no closure, so that it is compiled for the
/// instruction set.
pub(super) trait Visit<L: Vector> {
    /// # Safety
    /// The copies, of so many channels from `channel` on of sample `sample`, begin at `x`.
    unsafe fn block(&mut self, l: L, sample: usize, channel: usize, copies: Copies<'_>, x: *const f32);
}

/// Makes the copies of all samples, block by block.
///
/// # Safety
/// `x` begins the input planes of the first sample, and `x_step` behind them lie those of the next.
#[inline(always)]
pub(super) unsafe fn for_each_block<L: Vector, V: Visit<L>>(
    l: L,
    walk: &Walk,
    samples: usize,
    x: *const f32,
    x_step: usize,
    mut visitor: V,
) {
    let mut scratch = Scratch(MaybeUninit::uninit());
    let scratch = scratch.0.as_mut_ptr().cast::<f32>();
    let most = Block::of(walk, L::LANES);
    let mut starts = most.row_starts(walk);
    for sample in 0..samples {
        let (mut row, mut column) = (0, 0);
        while row < walk.rows.count {
            let mut channel = 0;
            loop {
                let mut block = most;
                if !most.is_whole(walk) {
                    let rows = most.rows.min(walk.rows.count - row);
                    let columns = most.columns.min(walk.columns.count - column);
                    block = Block::sized(walk, rows, columns, most.channels.min(walk.in_channels - channel));
                    starts = block.row_starts(walk);
                }
                let copies = Copies { block, row, column, row_starts: &starts };
                // SAFETY: the channels are some of the sample's, and a block that is no larger than `most`
                // fits into the scratch.
                unsafe {
                    copies.fill(l, walk, x.add(sample * x_step + channel * walk.in_plane), scratch);
                    visitor.block(l, sample, channel, copies, scratch);
                }
                channel += most.channels;
                if channel >= walk.in_channels {
                    break;
                }
            }
            column += most.columns;
            if column >= walk.columns.count {
                (row, column) = (row + most.rows, 0);
            }
        }
    }
}

/// Computes a job one sample after the other.
///
/// # Safety
/// `x` begins the planes of the job's samples, `y` their output planes, and the weight is as long as the
/// walk's channels and steps ask for.
#[inline(always)]
pub(super) unsafe fn outputs<L: Vector, S: Known>(l: L, job: &Job<'_>) {
    // SAFETY: as the caller says.
    unsafe { for_each_block(l, job.walk, job.samples, job.x, job.x_step, Outputs { job, known: PhantomData::<S> }) };
}

struct Outputs<'a, S> {
    job: &'a Job<'a>,
    known: PhantomData<S>,
}

impl<L: Vector, S: Known> Visit<L> for Outputs<'_, S> {
    #[inline(always)]
    unsafe fn block(&mut self, l: L, sample: usize, channel: usize, copies: Copies<'_>, x: *const f32) {
        let Job { walk, y, y_step, w, bias, .. } = *self.job;
        // SAFETY: the copies are of the job's channels, of which `outputs` vouches for the weights.
        unsafe {
            let job = Job {
                walk,
                samples: 1,
                x,
                x_step: 0,
                y: y.add(sample * y_step),
                y_step: 0,
                channels: copies.block.channels,
                w: w.add(channel * walk.weight_in),
                bias: if channel == 0 { bias } else { None },
            };
            tile::outputs::<L, S, _>(l, copies, &job);
        }
    }
}

/// The copies of a block whose first output is the given one.
#[derive(Clone, Copy)]
pub(super) struct Copies<'a> {
    pub(super) block: Block,
    row: usize,
    column: usize,
    row_starts: &'a [usize; MOST_TAPS],
}

impl Copies<'_> {
    /// # Safety
    /// `x` begins the input planes of the block's channels, `to` the scratch, into which the block fits.
    #[inline(always)]
    unsafe fn fill<L: Vector>(&self, l: L, walk: &Walk, x: *const f32, mut to: *mut f32) {
        let Walk { rows, columns, .. } = walk;
        let Block { phases, phase_rows, columns: width, channels, .. } = self.block;
        let mut steps = [0; MOST_LANES];
        for (lane, step) in steps.iter_mut().enumerate() {
            *step = (lane * columns.in_step) as i32;
        }
        let steps = l.index(&steps);
        for c in 0..channels {
            for s in 0..columns.taps {
                let [from, until] = columns.valid(s);
                let first = (self.column * columns.in_step).cast_signed() + columns.offset(s);
                for phase in 0..phases {
                    // Row `i` of the copy is row `start + i · step` of the plane, if there is one.
                    let start = (self.row * rows.in_step + phase).cast_signed() + rows.least_offset();
                    let missing = (-start).max(0).cast_unsigned().div_ceil(rows.in_step).min(phase_rows);
                    let end = (rows.in_len.cast_signed() - start).max(0).cast_unsigned().div_ceil(rows.in_step);
                    let end = end.clamp(missing, phase_rows);
                    let start = start.wrapping_mul(columns.in_len.cast_signed()).wrapping_add(first);
                    let plane = x.wrapping_add(c * walk.in_plane).wrapping_offset(start);
                    let step = rows.in_step * columns.in_len;
                    // From the right to the left, and down: what is written too much of a row lies in the first
                    // vectors of the next ones, or behind the copy, and is written again later.
                    for j in (0..width.div_ceil(L::LANES)).rev() {
                        let j = j * L::LANES;
                        let column = self.column + j;
                        let mask = l.range(from.saturating_sub(column), until.saturating_sub(column));
                        let (from, to) = (plane.wrapping_add(j * columns.in_step), to.wrapping_add(j));
                        // SAFETY: the mask has the lanes whose input lies in a row of channel `c`, and the rows
                        // are those that there are. The writes stay within the copies or reach over their end
                        // by less than a vector.
                        unsafe {
                            for i in 0..missing {
                                l.store(to.add(i * width), l.splat(0.0));
                            }
                            for i in missing..end {
                                let from = from.wrapping_add(i * step);
                                let x = if columns.in_step == 1 {
                                    l.load_masked(from, mask)
                                } else {
                                    l.gather(from, steps, mask)
                                };
                                l.store(to.add(i * width), x);
                            }
                            for i in end..phase_rows {
                                l.store(to.add(i * width), l.splat(0.0));
                            }
                        }
                    }
                    // SAFETY: the copies have so many rows more or end here.
                    to = unsafe { to.add(phase_rows * width) };
                }
            }
        }
        // SAFETY: the scratch has room for a vector behind the copies.
        unsafe { l.store(to, l.splat(0.0)) };
    }
}

impl<'a, L: Vector> Source<L> for Copies<'a> {
    type Inner<const P: usize> = At<'a>;
    type Outer<const P: usize> = At<'a>;
    const HAS_OUTER: bool = false;

    #[inline(always)]
    fn vectors(&self) -> usize {
        (self.block.rows * self.block.columns).div_ceil(L::LANES)
    }

    #[inline(always)]
    fn is_inner(&self, _: &Walk, _: usize, _: usize) -> bool {
        true
    }

    #[inline(always)]
    fn inner<const P: usize>(&self, _: L, _: &Walk, first: usize) -> At<'a> {
        At { copies: *self, first: first * L::LANES }
    }

    #[inline(always)]
    fn outer<const P: usize>(&self, _: L, _: &Walk, first: usize) -> At<'a> {
        At { copies: *self, first: first * L::LANES }
    }
}

/// The pixels from number `first` on, counted row by row in the block.
pub(super) struct At<'a> {
    copies: Copies<'a>,
    first: usize,
}

impl At<'_> {
    /// Calls `f` with the place in an output plane of each lane of vector `p` that is in use.
    #[inline(always)]
    fn each<L: Vector>(&self, walk: &Walk, p: usize, mut f: impl FnMut(usize, usize)) {
        let Copies { block, row, column, .. } = self.copies;
        let first = self.first + p * L::LANES;
        let (mut i, mut j) = (first / block.columns, first % block.columns);
        for lane in 0..L::LANES {
            if i < block.rows {
                let at_row = walk.rows.phase + (row + i) * walk.rows.out_step;
                f(lane, at_row * walk.out_width + walk.columns.phase + (column + j) * walk.columns.out_step);
            }
            j += 1;
            if j == block.columns {
                (i, j) = (i + 1, 0);
            }
        }
    }

    /// The place of vector `p` in an output plane and its number of lanes, if they are neighbours there.
    #[inline(always)]
    fn place<L: Vector>(&self, walk: &Walk, p: usize) -> Option<(usize, usize)> {
        let Copies { block, row, column, .. } = self.copies;
        let first = self.first + p * L::LANES;
        let used = L::LANES.min(block.rows * block.columns - first);
        if walk.rows.out_step != 1 || walk.columns.out_step != 1 {
            None
        } else if block.columns == walk.out_width {
            Some((row * walk.out_width + first, used))
        } else if block.columns % L::LANES == 0 {
            let (i, j) = (first / block.columns, first % block.columns);
            Some(((row + i) * walk.out_width + column + j, used))
        } else {
            None
        }
    }
}

impl<L: Vector, const P: usize> Pixels<L, P> for At<'_> {
    #[inline(always)]
    unsafe fn load(&self, l: L, walk: &Walk, x: *const f32, c: usize, r: usize, s: usize) -> [L::V; P] {
        let Copies { block, row_starts, .. } = self.copies;
        let at = (c * walk.columns.taps + s) * block.copy() + row_starts[r] + self.first;
        let mut inputs = [l.splat(0.0); P];
        for p in 0..P {
            // SAFETY: channel and taps exist, as the caller says, so this reads the copies or, with the last
            // lanes, what lies behind them, which `fill` has written too.
            inputs[p] = unsafe { l.load(x.add(at + p * L::LANES)) };
        }
        inputs
    }

    #[inline(always)]
    unsafe fn read(&self, l: L, walk: &Walk, plane: *const f32, p: usize) -> L::V {
        if let Some((at, used)) = self.place::<L>(walk, p) {
            // SAFETY: the outputs of these lanes lie in the plane.
            return unsafe { l.load_masked(plane.add(at), l.range(0, used)) };
        }
        let mut outputs = [0.0; MOST_LANES];
        // SAFETY: as above.
        self.each::<L>(walk, p, |lane, at| outputs[lane] = unsafe { *plane.add(at) });
        l.read(&outputs)
    }

    #[inline(always)]
    unsafe fn write(&self, l: L, walk: &Walk, plane: *mut f32, p: usize, x: L::V) {
        if let Some((at, used)) = self.place::<L>(walk, p) {
            // SAFETY: the outputs of these lanes lie in the plane.
            unsafe {
                if used == L::LANES {
                    l.store(plane.add(at), x);
                } else {
                    l.store_masked(plane.add(at), l.range(0, used), x);
                }
            }
            return;
        }
        let outputs = l.to_array(x);
        // SAFETY: as above.
        self.each::<L>(walk, p, |lane, at| unsafe { *plane.add(at) = outputs[lane] });
    }
}

impl<'a> Copies<'a> {
    /// The outputs.
    #[inline(always)]
    pub(super) const fn outputs(&self) -> usize {
        self.block.rows * self.block.columns
    }

    /// The place of the first output in an output plane, if all lie there one behind the other.
    #[inline(always)]
    pub(super) const fn neighbours(&self, walk: &Walk) -> Option<usize> {
        if walk.rows.out_step == 1 && walk.columns.out_step == 1 && self.block.columns == walk.out_width {
            Some(self.row * walk.out_width)
        } else {
            None
        }
    }

    /// The outputs from number `first` on, counted row by row.
    #[inline(always)]
    pub(super) const fn at(self, first: usize) -> At<'a> {
        At { copies: self, first }
    }

    /// Where the inputs of a tap of a channel of the block lie.
    #[inline(always)]
    pub(super) const fn tap(&self, walk: &Walk, [c, r, s]: [usize; 3]) -> usize {
        (c * walk.columns.taps + s) * self.block.copy() + self.row_starts[r]
    }
}
