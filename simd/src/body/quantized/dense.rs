//! Products and convolutions with weights in fours.

use core::slice;

use tensorlet::{
    quantized::{Requantize, Windows},
    sliding::Options,
};

use super::{
    Convolution, Rounds,
    block::{Block, Sums},
    tile::{self, Inputs},
};
use crate::fours::{Fours, MOST_CHANNELS};

const NO_SUMS: Sums = [[[0; MOST_CHANNELS]; Block::CHANNELS / MOST_CHANNELS]; 8];

/// Weights `[len / 4][rows][4]`, and what is left of `len` as `[rows][len % 4]`.
#[derive(Clone, Copy)]
struct Filters<'a> {
    weight: &'a [i8],
    rows: usize,
    len: usize,
}

impl<'a> Filters<'a> {
    /// None if there are fewer weights, biases or scales.
    #[inline(always)]
    fn new(weight: &'a [i8], rows: usize, len: usize, requantize: &Requantize<'_>) -> Option<Self> {
        let enough = weight.len() >= rows * len
            && requantize.bias.len() >= rows
            && (requantize.scales.len() == 1 || requantize.scales.len() >= rows);
        (enough && len > 0).then_some(Self { weight, rows, len })
    }

    /// Makes a block of the filters from `o` on, before `end`.
    #[inline(always)]
    fn block(self, [o, end]: [usize; 2], requantize: &Requantize<'_>, block: &mut Block) {
        let (whole, rest) = (self.len & !3, self.len % 4);
        block.set(requantize, o, (end - o).min(Block::CHANNELS));
        if rest > 0 {
            block.has_tail = true;
            let tails = self.weight.get(self.rows * whole + rest * o..).unwrap_or_default();
            for (tail, from) in block.tail.iter_mut().zip(tails.chunks_exact(rest)).take(block.channels) {
                for (tail, from) in tail.iter_mut().zip(from) {
                    *tail = *from;
                }
            }
        }
        (block.fours, block.pitch) = (self.weight.as_ptr().wrapping_add(4 * o), 4 * self.rows);
    }

    /// The same, with what the sums are more for the offset of inputs in scratch.
    #[inline(always)]
    fn block_with_offset<V: Fours>(self, v: V, ends: [usize; 2], requantize: &Requantize<'_>, block: &mut Block) {
        self.block(ends, requantize, block);
        // SAFETY: there are `rows` times `len / 4` fours of weights, of each of the block's channels `len / 4`.
        unsafe { tile::offsets(v, self.len / 4, block) };
    }
}

/// Scratch in the form in which the instruction set takes inputs.
#[inline(always)]
fn stored<V: Fours>(scratch: &mut [f32]) -> &mut [V::Stored] {
    const { assert!(size_of::<V::Stored>() <= 2 && align_of::<V::Stored>() <= align_of::<f32>()) }
    let len = size_of_val(scratch) / size_of::<V::Stored>();
    // SAFETY: so many fit, they need no more than the alignment of `f32`, they are integers, for which all bits are
    // numbers, as they are for `f32`; and the slice borrows scratch.
    unsafe { slice::from_raw_parts_mut(scratch.as_mut_ptr().cast(), len) }
}

/// Copies inputs to the beginning of a place in scratch; what is behind them there becomes `zero`.
#[inline(always)]
fn store<V: Fours>(from: &[i8], zero: i8, to: &mut [V::Stored]) {
    let (copies, rest) = to.split_at_mut(from.len().min(to.len()));
    for (to, from) in copies.iter_mut().zip(from) {
        *to = V::stored(*from);
    }
    rest.fill(V::stored(zero));
}

/// Copies the first `len` inputs; short copies may spoil what lies behind them.
#[inline(always)]
fn copy<V: Fours>(from: &[i8], len: usize, to: &mut [V::Stored]) {
    const SHORT: usize = 16;
    if len <= SHORT
        && let (Some(from), Some(to)) = (from.first_chunk::<SHORT>(), to.first_chunk_mut::<SHORT>())
    {
        *to = from.map(V::stored);
        return;
    }
    for (to, from) in to.iter_mut().zip(from).take(len) {
        *to = V::stored(*from);
    }
}

/// `y[o] = requantize(Σ weight[o][i] x[i])`; false if a slice is too short.
#[inline(always)]
pub(crate) fn linear_i8<V: Fours>(
    v: V,
    [inputs, outputs]: [usize; 2],
    rounds: Rounds,
    [x, weight]: [&[i8]; 2],
    requantize: Requantize<'_>,
    y: &mut [i8],
    scratch: &mut [f32],
) -> bool {
    let (rows, pitch) = (stored::<V>(scratch), inputs.next_multiple_of(4));
    // Where what is stored has an offset, a row of zeros goes along with the first ones: its sums are what the others are
    // more. To add up the weights on their own would be to read them twice.
    let extra = usize::from(V::OFFSET != 0);
    let room = rows.len().checked_div(pitch).unwrap_or(0).min(Windows::TOGETHER);
    let together = room.saturating_sub(extra);
    let Some(filters) = Filters::new(weight, outputs, inputs, &requantize).filter(|_| together > 0) else {
        return false;
    };
    let (mut sums, mut block, mut o) = (NO_SUMS, Block::EMPTY, 0);
    while o < outputs {
        filters.block([o, outputs], &requantize, &mut block);
        let mut zeros = extra;
        for (x, y) in x.chunks(together * inputs).zip(y.chunks_mut(together * outputs)) {
            let samples = (x.len() / inputs).min(y.len() / outputs);
            for (x, to) in x.chunks_exact(inputs).zip(rows.chunks_exact_mut(pitch)) {
                store::<V>(x, 0, to);
            }
            if zeros > 0
                && let Some(to) = rows.chunks_exact_mut(pitch).nth(samples)
            {
                to.fill(V::stored(0));
            }
            let from = Inputs::one_by_one(rows.as_ptr(), pitch, inputs / 4);
            // SAFETY: so many rows of `pitch` elements have been stored, `room` at most, which is no more than there are
            // sums; the block's weights are those of `inputs` inputs.
            unsafe { tile::sums(v, samples + zeros, from, &block, &mut sums) };
            if zeros > 0
                && let Some(offset) = sums.get(samples)
            {
                (block.offset, zeros) = (*offset, 0);
            }
            for (y, sums) in y.chunks_exact_mut(outputs).zip(&sums).take(samples) {
                block.outputs(rounds, &requantize, sums, y.get_mut(block.places()).unwrap_or_default());
            }
        }
        o += block.channels;
    }
    true
}

/// A convolution; false if a slice is too short.
#[inline(always)]
pub(crate) fn conv2d_i8<V: Fours>(v: V, layer: Convolution<'_>, x: &[i8], y: &mut [i8], scratch: &mut [f32]) -> bool {
    let Convolution { dims: d, requantize, .. } = layer;
    let (windows, scratch) = (Windows::of(d), stored::<V>(scratch));
    let Some(filters) = Filters::new(layer.weight, d.groups * d.out_channels, d.filter_len(), &requantize) else {
        return false;
    };
    if scratch.len() < windows.rows * windows.pitch || d.in_len() == 0 || d.out_len() == 0 {
        return false;
    }
    let walk = Walk { layer, windows };
    let mut block = Block::EMPTY;
    for group in 0..d.groups {
        let (mut o, end) = (group * d.out_channels, (group + 1) * d.out_channels);
        while o < end {
            filters.block_with_offset(v, [o, end], &requantize, &mut block);
            for (x, y) in x.chunks_exact(d.in_len()).zip(y.chunks_exact_mut(d.out_len())) {
                if windows.lines {
                    walk.lines(v, x, &block, scratch, y);
                } else {
                    walk.one_by_one(v, x, &block, scratch, y);
                }
            }
            o += block.channels;
        }
    }
    true
}

/// A convolution on its way over samples.
struct Walk<'a> {
    layer: Convolution<'a>,
    windows: Windows,
}

impl Walk<'_> {
    /// Windows in lines of the image, of which scratch holds as many as a window reaches over.
    #[inline(always)]
    fn lines<V: Fours>(&self, v: V, x: &[i8], block: &Block, scratch: &mut [V::Stored], y: &mut [i8]) {
        let (d, Windows { rows, pitch, .. }, zero) = (self.layer.dims, self.windows, self.layer.zero);
        let Options { stride, padding, dilation, .. } = d.window.options;
        let channels = d.in_channels;
        let mut sums = NO_SUMS;
        // The lines that scratch has seen, counted with the padding.
        let mut seen = 0;
        for (i, y) in y.chunks_exact_mut(d.output[1] * d.out_channels).enumerate() {
            let first = i * stride[0];
            for line in seen.max(first)..first + rows {
                let to = &mut scratch[line % rows * pitch..][..pitch];
                match line.checked_sub(padding[0]).filter(|line| *line < d.input[0]) {
                    Some(line) => {
                        let (border, to) = to.split_at_mut((padding[1] * channels).min(pitch));
                        border.fill(V::stored(zero));
                        let line = &x[line * d.input[1] * channels..][..d.input[1] * channels];
                        store::<V>(&line[..line.len().min(to.len())], zero, to);
                    }
                    None => to.fill(V::stored(zero)),
                }
            }
            seen = first + rows;
            for (tile, y) in y.chunks_mut(Windows::TOGETHER * d.out_channels).enumerate() {
                let n = y.len() / d.out_channels;
                let from = Inputs {
                    lines: scratch.as_ptr(),
                    count: rows,
                    pitch,
                    first: first % rows,
                    rows: d.window.kernel[0],
                    step: dilation[0],
                    start: tile * Windows::TOGETHER * stride[1] * channels,
                    stride: stride[1] * channels,
                    fours: d.window.kernel[1] * channels / 4,
                };
                // SAFETY: scratch has `rows` lines. A line has the windows of all columns, and `dilation` below `rows`
                // leads from each line that a window meets to the next; the block's weights are those of all of them.
                // Since lines are fours there is no tail.
                unsafe { tile::sums(v, n, from, block, &mut sums) };
                self.outputs(block, &sums, y);
            }
        }
    }

    /// Windows that are copied one by one.
    #[inline(always)]
    fn one_by_one<V: Fours>(&self, v: V, x: &[i8], block: &Block, scratch: &mut [V::Stored], y: &mut [i8]) {
        let (d, pitch) = (self.layer.dims, self.windows.pitch);
        let (group, mut sums) = (block.first / d.out_channels, NO_SUMS);
        let channels = d.groups * d.out_channels;
        for (tile, y) in y.chunks_mut(Windows::TOGETHER * channels).enumerate() {
            let n = y.len() / channels;
            let first = tile * Windows::TOGETHER;
            if d.is_pointwise() && pitch == d.in_channels {
                store::<V>(x.get(first * pitch..).unwrap_or_default(), 0, &mut scratch[..n * pitch]);
            } else {
                let [mut i, mut j] = [first / d.output[1], first % d.output[1]];
                for pixel in 0..n {
                    self.window::<V>(x, group, [i, j], &mut scratch[pixel * pitch..]);
                    j += 1;
                    if j == d.output[1] {
                        (i, j) = (i + 1, 0);
                    }
                }
            }
            let from = Inputs::one_by_one(scratch.as_ptr(), pitch, d.filter_len() / 4);
            // SAFETY: `n` windows of `pitch` elements have been stored, no more than there are sums; the block's weights
            // are those of a window.
            unsafe { tile::sums(v, n, from, block, &mut sums) };
            self.outputs(block, &sums, y);
        }
    }

    /// Copies the window of an output to the beginning of scratch; what is behind it there may become anything.
    #[inline(always)]
    fn window<V: Fours>(&self, x: &[i8], group: usize, [i, j]: [usize; 2], to: &mut [V::Stored]) {
        let (d, zero) = (self.layer.dims, V::stored(self.layer.zero));
        let Options { stride, padding, dilation, .. } = d.window.options;
        let [rows, columns] = d.window.kernel;
        let channels = d.groups * d.in_channels;
        // Taps that are neighbours in the input.
        let run = if d.groups == 1 && dilation[1] == 1 { columns } else { 1 };
        let mut at = 0;
        for r in 0..rows {
            let row = (i * stride[0] + r * dilation[0]).checked_sub(padding[0]).filter(|row| *row < d.input[0]);
            for s in (0..columns).step_by(run) {
                let column = j * stride[1] + s * dilation[1];
                let before = if row.is_some() { padding[1].saturating_sub(column).min(run) } else { run };
                let column = (column + before).saturating_sub(padding[1]);
                let inside = (run - before).min(d.input[1].saturating_sub(column));
                let (before, len, end) = (before * d.in_channels, inside * d.in_channels, at + run * d.in_channels);
                to[at..at + before].fill(zero);
                let from = (row.unwrap_or(0) * d.input[1] + column) * channels + group * d.in_channels;
                copy::<V>(x.get(from..).unwrap_or_default(), len, &mut to[at + before..]);
                to[at + before + len..end].fill(zero);
                at = end;
            }
        }
        // What fills up the last four is multiplied by zeros.
        to[at..self.windows.pitch].fill(zero);
    }

    /// Outputs of neighbouring pixels: the channels of the block.
    #[inline(always)]
    fn outputs(&self, block: &Block, sums: &Sums, y: &mut [i8]) {
        let Convolution { dims: d, rounds, requantize, .. } = &self.layer;
        for (y, sums) in y.chunks_exact_mut(d.groups * d.out_channels).zip(sums) {
            block.outputs(*rounds, requantize, sums, y.get_mut(block.places()).unwrap_or_default());
        }
    }
}
