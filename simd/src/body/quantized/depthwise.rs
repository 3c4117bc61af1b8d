//! Depthwise convolutions: some neighbouring channels at a time, in lines of the image that scratch holds.

use tensorlet::{quantized::Strip, sliding::Options};

use super::{
    Convolution,
    block::{Block, Channels},
};
use crate::fours::{MOST_CHANNELS, MOST_LANES, Taps};

/// Pixels of a tile.
const PIXELS: usize = 4;

/// Where the taps of a window lie, from its first pixel on.
type Offsets = [usize; Strip::TAPS];

/// A depthwise convolution with as many outputs as inputs; false if it is another, or a slice is too short.
#[inline(always)]
pub(crate) fn depthwise_conv2d_i8<V: Taps>(
    v: V,
    layer: Convolution<'_>,
    x: &[i8],
    y: &mut [i8],
    scratch: &mut [f32],
) -> bool {
    let Convolution { dims: d, weight, requantize, .. } = layer;
    let Some(strip) = Strip::of(d) else { return false };
    let channels = d.groups;
    let enough = weight.len() >= channels * d.taps()
        && requantize.bias.len() >= channels
        && (requantize.scales.len() == 1 || requantize.scales.len() >= channels)
        && scratch.len() >= strip.scratch();
    if !enough || d.in_len() == 0 || d.out_len() == 0 {
        return false;
    }
    let (weights, lines) = super::bytes(scratch).split_at_mut(d.taps().next_multiple_of(2) * V::LANES);
    let mut block = Block::EMPTY;
    for first in (0..channels).step_by(V::LANES) {
        let n = V::LANES.min(channels - first);
        block.set(&requantize, first, n);
        for (tap, to) in weights.chunks_exact_mut(V::LANES).enumerate() {
            let from = if tap < d.taps() { &weight[tap * channels + first..][..n] } else { &[] };
            let (to, rest) = to.split_at_mut(from.len());
            to.copy_from_slice(from);
            rest.fill(0);
        }
        for (x, y) in x.chunks_exact(d.in_len()).zip(y.chunks_exact_mut(d.out_len())) {
            Walk { layer, strip }.sample(v, x, weights, &block, lines, y);
        }
    }
    true
}

/// Some channels on their way over a sample.
struct Walk<'a> {
    layer: Convolution<'a>,
    strip: Strip,
}

impl Walk<'_> {
    #[inline(always)]
    fn sample<V: Taps>(&self, v: V, x: &[i8], weights: &[i8], block: &Block, lines: &mut [i8], y: &mut [i8]) {
        let Strip { rows, columns, .. } = self.strip;
        let (Convolution { dims: d, rounds, requantize, .. }, pitch) = (&self.layer, columns * V::LANES);
        let Options { stride, dilation, .. } = d.window.options;
        // The lines that scratch has seen, counted with the padding.
        let mut seen = 0;
        for (i, y) in y.chunks_exact_mut(d.output[1] * d.groups).enumerate() {
            let first = i * stride[0];
            for line in seen.max(first)..first + rows {
                self.line::<V>(x, line, block, &mut lines[line % rows * pitch..][..pitch]);
            }
            seen = first + rows;
            let mut offsets: Offsets = [0; Strip::TAPS];
            for (tap, offset) in offsets.iter_mut().enumerate().take(d.taps()) {
                let (r, s) = (tap / d.window.kernel[1], tap % d.window.kernel[1]);
                *offset = (first + r * dilation[0]) % rows * pitch + s * dilation[1] * V::LANES;
            }
            let step = stride[1] * V::LANES;
            for (tile, y) in y.chunks_mut(PIXELS * d.groups).enumerate() {
                let mut sums = [[[0; MOST_CHANNELS]; Block::CHANNELS / MOST_CHANNELS]; PIXELS];
                let n = y.len() / d.groups;
                let x = lines[tile * PIXELS * step..].as_ptr();
                // SAFETY: a line has the windows of all columns, with `LANES` elements for each tap, and `offsets` lead
                // to the lines and columns of all taps from the first of the tile's `n` pixels; there are `LANES`
                // weights for each tap, and for one more where their number is odd.
                unsafe {
                    if n == PIXELS {
                        totals::<V, PIXELS>(v, d.taps(), x, step, &offsets, weights.as_ptr(), &mut sums);
                    } else {
                        for (pixel, sums) in sums.chunks_mut(1).enumerate().take(n) {
                            let x = x.add(pixel * step);
                            totals::<V, 1>(v, d.taps(), x, step, &offsets, weights.as_ptr(), sums);
                        }
                    }
                }
                for (y, sums) in y.chunks_exact_mut(d.groups).zip(&sums) {
                    block.outputs(*rounds, requantize, sums, y.get_mut(block.places()).unwrap_or_default());
                }
            }
        }
    }

    /// Copies the block's channels of a line of the image, which is counted with the padding.
    #[inline(always)]
    fn line<V: Taps>(&self, x: &[i8], line: usize, block: &Block, to: &mut [i8]) {
        let Convolution { dims: d, zero, .. } = self.layer;
        let Options { padding, .. } = d.window.options;
        let Some(row) = line.checked_sub(padding[0]).filter(|line| *line < d.input[0]) else {
            to.fill(zero);
            return;
        };
        let (border, to) = to.split_at_mut((padding[1] * V::LANES).min(to.len()));
        border.fill(zero);
        let row = &x[row * d.input[1] * d.groups..][..d.input[1] * d.groups];
        let inside = d.input[1].min(to.len() / V::LANES);
        let (to, border) = to.split_at_mut(inside * V::LANES);
        border.fill(zero);
        for (to, from) in to.chunks_exact_mut(V::LANES).zip(row.chunks_exact(d.groups)) {
            to[..block.channels].copy_from_slice(&from[block.places()]);
        }
    }
}

/// The sums of `N` pixels, `step` elements from each other.
///
/// # Safety
/// `x + offset + step · pixel` is valid for reads of `LANES` bytes for each pixel and each of the first `taps` offsets,
/// and so are `LANES` weights of each tap, of an even number of them.
#[inline(always)]
unsafe fn totals<V: Taps, const N: usize>(
    v: V,
    taps: usize,
    x: *const i8,
    step: usize,
    offsets: &Offsets,
    weights: *const i8,
    to: &mut [Channels],
) {
    let mut sums = [v.none(); N];
    for pair in (0..taps).step_by(2) {
        // SAFETY: the weights of these taps are there, and so are the inputs of the first one; the second may be one too
        // many: then its weights are zeros, and the first stands in for it.
        unsafe {
            let weight = weights.add(pair * V::LANES);
            let weight = v.pair(weight, weight.add(V::LANES));
            let first = offsets[pair];
            let second = if pair + 1 < taps { offsets[pair + 1] } else { first };
            for (pixel, sums) in sums.iter_mut().enumerate() {
                let x = x.add(pixel * step);
                *sums = v.add_products(*sums, v.pair(x.add(first), x.add(second)), weight);
            }
        }
    }
    for (sums, to) in sums.into_iter().zip(to) {
        if let Some(to) = to.as_flattened_mut().first_chunk_mut::<MOST_LANES>() {
            v.write_totals(sums, to);
        }
    }
}
