//! Output channels that are done together: how their sums become outputs.

use tensorlet::quantized::{Once, Requantize, Twice};

use super::Rounds;
use crate::fours::MOST_CHANNELS;

/// Numbers of the channels of a block.
pub(super) type Channels = [[i32; MOST_CHANNELS]; Block::CHANNELS / MOST_CHANNELS];

/// The sums of some pixels.
pub(super) type Sums = [Channels; 8];

/// Up to 64 neighbouring output channels.
pub(super) struct Block {
    /// How many.
    pub(super) channels: usize,
    /// The first of them.
    pub(super) first: usize,
    /// The first four weights of the first channel, and bytes from a four to the next one of the same channel.
    pub(super) fours: *const i8,
    pub(super) pitch: usize,
    /// What the sums are more than those of the inputs.
    pub(super) offset: Channels,
    /// The last weights of each channel that are no four, filled up with zeros.
    pub(super) tail: [[i8; 4]; Block::CHANNELS],
    pub(super) has_tail: bool,
    scales: Scales,
    folded: bool,
}

/// [`Scale`](tensorlet::quantized::Scale)s by their parts.
struct Scales {
    bias: Channels,
    multiplier: Channels,
    addend: Channels,
    shift: Channels,
}

impl Block {
    /// The most channels.
    pub(super) const CHANNELS: usize = 64;

    const NONE: Channels = [[0; MOST_CHANNELS]; Block::CHANNELS / MOST_CHANNELS];

    /// No channel.
    pub(super) const EMPTY: Self = Self {
        channels: 0,
        first: 0,
        fours: core::ptr::null(),
        pitch: 0,
        offset: Self::NONE,
        tail: [[0; 4]; Self::CHANNELS],
        has_tail: false,
        scales: Scales { bias: Self::NONE, multiplier: Self::NONE, addend: Self::NONE, shift: Self::NONE },
        folded: true,
    };

    /// Makes it that of channels `first..first + channels`, without weights.
    #[inline(always)]
    pub(super) fn set(&mut self, requantize: &Requantize<'_>, first: usize, channels: usize) {
        (self.first, self.channels, self.has_tail) = (first, channels, false);
        // Negative shifts have another formula.
        self.folded = requantize.folded;
        let Scales { bias, multiplier, addend, shift } = &mut self.scales;
        let places = bias.as_flattened_mut().iter_mut().zip(multiplier.as_flattened_mut());
        let places = places.zip(addend.as_flattened_mut()).zip(shift.as_flattened_mut());
        for (c, (((bias, multiplier), addend), shift)) in places.enumerate().take(channels) {
            let (Some(scale), Some(from)) = (requantize.scale(first + c), requantize.bias.get(first + c)) else {
                break;
            };
            (*bias, *multiplier, *addend, *shift) = (*from, scale.multiplier, scale.addend, scale.shift.into());
            self.folded &= scale.shift >= 0;
        }
    }

    /// Where its channels are among all.
    #[inline(always)]
    pub(super) fn places(&self) -> core::ops::Range<usize> {
        self.first..self.first + self.channels
    }

    /// The outputs of the block's channels for a pixel's sums.
    #[inline(always)]
    pub(super) fn outputs(&self, rounds: Rounds, requantize: &Requantize<'_>, sums: &Channels, y: &mut [i8]) {
        if !self.folded {
            for (c, y) in y.iter_mut().enumerate().take(self.channels) {
                let at = |of: &Channels| of.as_flattened().get(c).copied().unwrap_or_default();
                let sum = at(sums).wrapping_sub(at(&self.offset));
                let o = self.first + c;
                *y = if rounds.twice { requantize.apply::<Twice>(o, sum) } else { requantize.apply::<Once>(o, sum) };
            }
            return;
        }
        let Scales { bias, multiplier, addend, shift } = &self.scales;
        for (v, y) in y.chunks_mut(MOST_CHANNELS).enumerate().take(sums.len()) {
            let mut sums = sums[v];
            for (sum, offset) in sums.iter_mut().zip(&self.offset[v]) {
                *sum = sum.wrapping_sub(*offset);
            }
            let outputs = rounds.scale(&sums, &bias[v], &multiplier[v], &addend[v], &shift[v]);
            let outputs = outputs.map(|y| requantize.clamp.apply(y));
            match y.first_chunk_mut() {
                Some(y) => *y = outputs,
                None => y.iter_mut().zip(outputs).for_each(|(y, output)| *y = output),
            }
        }
    }
}
