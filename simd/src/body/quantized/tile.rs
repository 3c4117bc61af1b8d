//! Tiles of sums: some pixels by some channels, in registers.

use super::block::{Block, Sums};
use crate::fours::{Fours, MOST_CHANNELS};

/// Where the inputs of neighbouring pixels lie: in lines, of which a window meets some one after the other.
#[derive(Clone, Copy)]
pub(super) struct Inputs<T> {
    /// The first line.
    pub(super) lines: *const T,
    /// The number of lines, and elements from one to the next.
    pub(super) count: usize,
    pub(super) pitch: usize,
    /// The line that the window meets first, how many it meets, and which is next.
    pub(super) first: usize,
    pub(super) rows: usize,
    pub(super) step: usize,
    /// Where in a line the first pixel begins, and elements from one pixel to the next.
    pub(super) start: usize,
    pub(super) stride: usize,
    /// Fours of a pixel in one line.
    pub(super) fours: usize,
}

impl<T> Inputs<T> {
    /// Pixels each of which lies by itself.
    pub(super) const fn one_by_one(lines: *const T, pitch: usize, fours: usize) -> Self {
        Self { lines, count: 1, pitch, first: 0, rows: 1, step: 0, start: 0, stride: pitch, fours }
    }
}

/// The sums of `n` pixels and all channels of a block.
///
/// # Safety
/// Lines `first`, `first + step`, … (`rows` of them, counted around) hold, for each of the `n` pixels, `4 · fours`
/// elements from `start + stride · pixel` on; four more if the block has a tail. There are `rows · fours` fours of
/// weights of each of the block's channels. `n` is no more than there are rows in `to`.
#[inline(always)]
pub(super) unsafe fn sums<V: Fours>(v: V, n: usize, x: Inputs<V::Stored>, block: &Block, to: &mut Sums) {
    let mut pixel = 0;
    while pixel < n {
        let x = Inputs { start: x.start + pixel * x.stride, ..x };
        let to = to.split_at_mut(pixel).1;
        let left = n - pixel;
        // SAFETY: the pixels are among those of the caller.
        pixel += unsafe {
            if V::PIXELS == 8 && left >= 8 {
                channels::<V, 8>(v, x, block, to)
            } else if left >= 4 {
                channels::<V, 4>(v, x, block, to)
            } else if left >= 2 {
                channels::<V, 2>(v, x, block, to)
            } else {
                channels::<V, 1>(v, x, block, to)
            }
        };
    }
}

/// The sums of `N` pixels; returns `N`.
///
/// # Safety
/// As [`sums`].
#[inline(always)]
unsafe fn channels<V: Fours, const N: usize>(
    v: V,
    x: Inputs<V::Stored>,
    block: &Block,
    to: &mut [[[i32; MOST_CHANNELS]; Block::CHANNELS / MOST_CHANNELS]],
) -> usize {
    let mut channel = 0;
    while channel < block.channels {
        let vectors = (block.channels - channel) / V::CHANNELS;
        // SAFETY: these channels are in the block.
        channel += V::CHANNELS
            * unsafe {
                if N == 1 && vectors >= 4 {
                    tile::<V, N, 4, false>(v, x, block, channel, to)
                } else if V::VECTORS == 2 && vectors >= 2 {
                    tile::<V, N, 2, false>(v, x, block, channel, to)
                } else if vectors >= 1 {
                    tile::<V, N, 1, false>(v, x, block, channel, to)
                } else {
                    tile::<V, N, 1, true>(v, x, block, channel, to)
                }
            };
    }
    N
}

/// The sums of `N` pixels and `M` vectors of channels from `channel` on, `PARTIAL` if those are not all there;
/// returns `M`.
///
/// # Safety
/// As [`sums`].
#[inline(always)]
#[allow(clippy::needless_range_loop, reason = "two numbers name a place in a tile")]
unsafe fn tile<V: Fours, const N: usize, const M: usize, const PARTIAL: bool>(
    v: V,
    x: Inputs<V::Stored>,
    block: &Block,
    channel: usize,
    to: &mut [[[i32; MOST_CHANNELS]; Block::CHANNELS / MOST_CHANNELS]],
) -> usize {
    let left = block.channels - channel;
    let mut sums = [[v.zero(); M]; N];
    // SAFETY: the caller vouches for the inputs of `N` pixels in each line, and for as many fours of weights.
    unsafe {
        let mut w = block.fours.wrapping_add(4 * channel);
        let mut line = x.first;
        for _ in 0..x.rows {
            let mut from = x.lines.add(line * x.pitch + x.start);
            for _ in 0..x.fours {
                let weights = load::<V, M, PARTIAL>(v, w, left);
                for n in 0..N {
                    let inputs = v.inputs(from.add(n * x.stride));
                    for m in 0..M {
                        sums[n][m] = v.multiply_add(sums[n][m], weights[m], inputs);
                    }
                }
                from = from.add(4);
                w = w.wrapping_add(block.pitch);
            }
            line += x.step;
            if line >= x.count {
                line -= x.count;
            }
        }
        if block.has_tail {
            let w = block.tail.as_ptr().cast::<i8>().add(4 * channel);
            let weights = load::<V, M, PARTIAL>(v, w, left);
            for n in 0..N {
                let inputs = v.inputs(x.lines.add(x.start + n * x.stride + 4 * x.fours));
                for m in 0..M {
                    sums[n][m] = v.multiply_add(sums[n][m], weights[m], inputs);
                }
            }
        }
    }
    for (sums, to) in sums.into_iter().zip(to) {
        let to = to.as_flattened_mut().get_mut(channel..).unwrap_or_default();
        for (sums, to) in sums.into_iter().zip(to.chunks_mut(V::CHANNELS)) {
            let mut numbers = [0; MOST_CHANNELS];
            v.write(sums, &mut numbers);
            to.copy_from_slice(&numbers[..V::CHANNELS]);
        }
    }
    M
}

/// Four weights of each of `M` vectors of channels, or, if `PARTIAL`, of `left` channels.
///
/// # Safety
/// `from` is valid for reads of so many fours.
#[inline(always)]
unsafe fn load<V: Fours, const M: usize, const PARTIAL: bool>(v: V, from: *const i8, left: usize) -> [V::Weights; M] {
    // SAFETY: as for the caller; `PARTIAL` only comes with an `M` of 1.
    unsafe {
        if PARTIAL {
            return [v.some_weights(from, left); M];
        }
        let mut weights = [v.weights(from); M];
        for (m, weights) in weights.iter_mut().enumerate().skip(1) {
            *weights = v.weights(from.add(4 * m * V::CHANNELS));
        }
        weights
    }
}

/// What storing inputs with an offset adds to the sums of a block: the sums of weights, times the offset.
///
/// # Safety
/// There are `fours` fours of weights of each of the block's channels.
#[inline(always)]
pub(super) unsafe fn offsets<V: Fours>(v: V, fours: usize, block: &mut Block) {
    if V::OFFSET == 0 {
        return;
    }
    // Zeros, as they are stored.
    let zeros = [V::stored(0); 8];
    let mut sums = [[[0; MOST_CHANNELS]; Block::CHANNELS / MOST_CHANNELS]; 1];
    // All fours are the same, and so one line has them all.
    let x = Inputs { rows: fours, count: 1, ..Inputs::one_by_one(zeros.as_ptr(), 0, 1) };
    // SAFETY: the line has a four, and another one for the tail; the caller vouches for the weights.
    unsafe { channels::<V, 1>(v, x, block, &mut sums) };
    block.offset = sums[0];
}
