//! In which order a layer's weights lie in flash.

use super::{Plane, Strip, Windows};
use crate::{kernel::Conv2dDims, sliding::Options};

/// The order of weights in memory, as a type: which instruction set a layer is prepared for.
///
/// A layer brings its weights into this order when it is made, in a constant: the firmware holds them once.
/// Kernels of other instruction sets read any order, one weight at a time.
///
/// | | order | for |
/// |---|---|---|
/// | [`RowMajor`] | TensorFlow Lite's | Armv6-M, anything |
/// | [`ForDsp`] | two output channels in halfwords `256·a + b` | Armv7E-M's `SMLAD`: Cortex-M4, M7, M33 |
/// | [`ForMve`] | TensorFlow Lite's, depthwise weights in blocks of sixteen channels | Armv8.1-M's vectors: Cortex-M55, M85 |
/// | [`ForHost`] | fours of all output channels in turn | AVX2, AVX-512, NEON, WebAssembly's vectors |
pub trait Packing: Copy + core::fmt::Debug + PartialEq + Send + Sync + 'static {
    /// Which it is.
    const ORDER: Order;

    /// The order for the same instruction set that takes any weight.
    type AnyWeight: Packing;
}

/// An order of weights: see [`Packing`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// [`RowMajor`].
    RowMajor,
    /// [`ForDsp`].
    Dsp,
    /// [`ForMve`].
    Mve,
    /// [`ForHost`].
    Host,
}

/// TensorFlow Lite's order: see [`Packing`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowMajor;

/// The order for Armv7E-M: see [`Packing`].
///
/// The weights `a` and `b` at the same place of output channels `2i` and `2i + 1` are the halfword
/// `256·a + b`. A sum of products with it is `256·A + B`, one with its low byte is `B`, and so two products
/// and one unpacking give two sums of each word. Weights must lie in `-127..=127`, as TensorFlow Lite's do, and
/// `|A|` below `2^23`; both is checked when a layer is made.
///
/// Whole fours of a pair's weights lie in the order 0, 2, 1, 3, in which `SXTB16` widens four inputs. Of an odd
/// number of weights the last comes behind those of all pairs, so that each pair begins with a word. The last of an
/// odd number of channels is row-major.
///
/// Depthwise weights lie channel by channel, `[OUT][KH][KW]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ForDsp;

/// The order for Armv8.1-M: see [`Packing`].
///
/// It is TensorFlow Lite's but for depthwise weights: sixteen channels of each tap, tap after tap, then the next
/// sixteen channels. Of these -128 is none, so that two products fit 16 bits. Scales have a bias that is not doubled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ForMve;

/// The order for hosts, whose instruction set is chosen when the program runs: see [`Packing`].
///
/// Four weights of the first output channel, the same four of each other one, then the next four: `[IN / 4][OUT][4]`,
/// with what is left of `IN` behind it as `[OUT][IN % 4]`. A vector holds fours of neighbouring channels, and meets four
/// inputs in all its lanes; its sums need not be added up across lanes, and one order serves vectors of any length.
///
/// Depthwise weights are TensorFlow Lite's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ForHost;

impl Packing for RowMajor {
    const ORDER: Order = Order::RowMajor;
    type AnyWeight = RowMajor;
}

impl Packing for ForDsp {
    const ORDER: Order = Order::Dsp;
    type AnyWeight = RowMajor;
}

impl Packing for ForMve {
    const ORDER: Order = Order::Mve;
    type AnyWeight = RowMajor;
}

impl Packing for ForHost {
    const ORDER: Order = Order::Host;
    type AnyWeight = ForHost;
}

/// An element; 0 where there is none.
#[inline(always)]
const fn at(weight: &[i8], place: usize) -> i8 {
    if place < weight.len() { weight[place] } else { 0 }
}

/// The first byte of the halfword of weight `i` of a pair of channels.
#[inline(always)]
const fn halfword(rows: usize, len: usize, pair: usize, i: usize) -> usize {
    let (pairs, even) = (rows / 2, len & !1);
    2 * if i >= even {
        pairs * even + pair
    } else if i >= len & !3 {
        pair * even + i
    } else {
        pair * even + (i & !3) + (i % 4 * 2 % 4 + i % 4 / 2)
    }
}

/// Brings row-major weights into the order of [`ForDsp`], with the places computed on the way and no calls, since the
/// compiler interprets this for each weight of a network.
const fn pack_pairs(from: &[i8], to: &mut [i8], rows: usize) {
    let (len, pairs) = (from.len() / rows, rows / 2);
    let (even, fours) = (len & !1, len & !3);
    let mut pair = 0;
    while pair < pairs {
        let (first, second) = (2 * pair * len, (2 * pair + 1) * len);
        let mut i = 0;
        while i < len {
            let place = if i < fours {
                // 0, 2, 1, 3.
                let step = i & 3;
                pair * even + i - step + ((step & 1) << 1 | step >> 1)
            } else if i < even {
                pair * even + i
            } else {
                pairs * even + pair
            };
            let (a, b) = (from[first + i], from[second + i]);
            to[2 * place] = b;
            to[2 * place + 1] = (a as i16 - (b < 0) as i16) as i8;
            i += 1;
        }
        pair += 1;
    }
    // The last of an odd number of channels.
    let mut i = 2 * pairs * len;
    while i < from.len() {
        to[i] = from[i];
        i += 1;
    }
}

/// The place of weight `i` of output channel `o` in fours.
#[inline(always)]
const fn four(rows: usize, len: usize, o: usize, i: usize) -> usize {
    let whole = len & !3;
    if i < whole { (i & !3) * rows + 4 * o + i % 4 } else { whole * rows + o * (len % 4) + i % 4 }
}

impl Order {
    /// Weight `i` of output channel `o`, of `rows` channels with `len` weights each.
    #[inline(always)]
    #[must_use]
    pub const fn get(self, weight: &[i8], rows: usize, len: usize, o: usize, i: usize) -> i8 {
        match self {
            Self::Dsp if o | 1 < rows => {
                let place = halfword(rows, len, o / 2, i);
                let b = at(weight, place);
                if o % 2 == 1 { b } else { at(weight, place + 1).wrapping_add((b < 0) as i8) }
            }
            Self::Host => at(weight, four(rows, len, o, i)),
            Self::RowMajor | Self::Mve | Self::Dsp => at(weight, o * len + i),
        }
    }

    /// Brings row-major weights, `rows` of equal length, into this order. For constants and hosts.
    pub(super) const fn pack(self, from: &[i8], to: &mut [i8], rows: usize) {
        match self {
            // They stay: at once, since the compiler interprets a loop step by step.
            Self::RowMajor | Self::Mve => to.copy_from_slice(from),
            Self::Dsp => pack_pairs(from, to, rows),
            Self::Host => {
                let (len, mut o) = (from.len() / rows, 0);
                while o < rows {
                    let mut i = 0;
                    while i < len {
                        to[four(rows, len, o, i)] = from[o * len + i];
                        i += 1;
                    }
                    o += 1;
                }
            }
        }
    }

    /// The place of weight `tap` of output channel `o` of a depthwise convolution.
    #[inline(always)]
    #[must_use]
    pub const fn depthwise(self, channels: usize, taps: usize, o: usize, tap: usize) -> usize {
        match self {
            Self::RowMajor | Self::Host => tap * channels + o,
            Self::Dsp => o * taps + tap,
            Self::Mve => {
                let block = o & !15;
                let width = if channels - block < 16 { channels - block } else { 16 };
                block * taps + tap * width + o % 16
            }
        }
    }

    /// Words of scratch that a convolution has use for: for Armv7E-M the windows of three outputs, widened to
    /// 16 bits, and that of one of them; for Armv8.1-M six sums for each pair of channels, and three windows unless
    /// they are pixels; for hosts [`Windows`].
    #[must_use]
    pub const fn conv_scratch(self, dims: &Conv2dDims) -> usize {
        match self {
            Self::RowMajor => 0,
            Self::Dsp => 3 * dims.filter_len().div_ceil(2) + dims.filter_len().div_ceil(4) + 1,
            Self::Mve => {
                let windows = if dims.is_pointwise() { 0 } else { (3 * dims.filter_len()).div_ceil(4) };
                6 * dims.out_channels.div_ceil(2) + windows
            }
            Self::Host => Windows::of(dims).scratch(),
        }
    }

    /// Words of scratch that a depthwise convolution has use for: for Armv7E-M a [`Plane`]; for Armv8.1-M three lines
    /// with their padding if there is any, and what belongs to 4 or 8 channels as often as makes a vector, or for other
    /// windows than those of 3 by 3 the sums of an output, the places of the taps and a pixel of padding, and
    /// where channels have several outputs the channel of each; for hosts a [`Strip`].
    #[must_use]
    pub const fn depthwise_scratch(self, dims: &Conv2dDims) -> usize {
        match self {
            Self::RowMajor => 0,
            Self::Host => match Strip::of(dims) {
                Some(strip) => strip.scratch(),
                None => 0,
            },
            Self::Dsp => Plane::of(dims).scratch(),
            Self::Mve => {
                let Options { stride, padding, padding_end, dilation, .. } = dims.window.options;
                let square = dims.window.kernel[0] == 3 && dims.window.kernel[1] == 3;
                let dense = dilation[0] == 1 && dilation[1] == 1;
                let (channels, outputs) = (dims.groups, dims.groups * dims.out_channels);
                if !square || !dense || !channels.is_multiple_of(4) || dims.out_channels > 1 {
                    let shared = if dims.out_channels > 1 { outputs } else { 0 };
                    return outputs + dims.taps() + channels.div_ceil(4) + shared;
                }
                let padded = padding[0] + padding[1] + padding_end[0] + padding_end[1] > 0;
                let line = (padding[1] + dims.input[1] + padding_end[1]) * channels;
                let lines = if padded { (3 * line).div_ceil(4) } else { 0 };
                // Of several pixels that make a vector: their weights, biases and scales.
                let beside = stride[1] == 1 && (channels == 4 || channels == 8);
                lines + if beside { 100 } else { 0 }
            }
        }
    }

    /// Words of scratch that a fully connected layer has use for: for Armv7E-M the inputs, widened to 16 bits, for
    /// Armv8.1-M the sums of the outputs.
    #[must_use]
    pub const fn linear_scratch(self, inputs: usize, outputs: usize) -> usize {
        match self {
            Self::RowMajor => 0,
            Self::Dsp => inputs.div_ceil(2),
            Self::Mve => outputs,
            Self::Host => 2 * inputs.next_multiple_of(4),
        }
    }

    /// Words of scratch that a step of a recurrent layer has use for: for Armv7E-M inputs and state, widened to 16 bits,
    /// and two numbers of 16 bits for each row of the gates; for Armv8.1-M the sum of each row, and four numbers of 16
    /// bits for each unit.
    #[must_use]
    pub const fn recurrent_scratch(self, gates: usize, inputs: usize, hidden: usize) -> usize {
        match self {
            Self::RowMajor | Self::Host => 0,
            Self::Dsp => inputs.div_ceil(2) + hidden.div_ceil(2) + gates * hidden,
            Self::Mve => (gates + 2) * hidden,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{vec, vec::Vec};

    use super::Order;

    #[test]
    fn packed_weights_are_read_as_they_were() {
        for (rows, len) in (1..6).flat_map(|rows| (1..11).map(move |len| (rows, len))) {
            // From -127 to 126.
            let from: Vec<i8> = (0..rows * len).map(|i| (i * 37 % 254) as i8).map(|w| w.max(-127)).collect();
            for order in [Order::RowMajor, Order::Dsp, Order::Mve, Order::Host] {
                let mut to = vec![0; from.len()];
                order.pack(&from, &mut to, rows);
                for (i, &w) in from.iter().enumerate() {
                    assert_eq!(order.get(&to, rows, len, i / len, i % len), w, "{order:?}, {rows} rows of {len}");
                }
            }
        }
    }
}
