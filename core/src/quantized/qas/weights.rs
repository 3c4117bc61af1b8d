//! Int8 weights that an optimiser changes.

use rand_core::Rng;

use crate::{
    description::Layout,
    kernel::Kernels,
    optim::{Optimizer, States},
    random,
};

/// Rounds to one of both neighbours at random, so that the mean is the number itself.
///
/// The random numbers are a counter's, mixed as in the 32-bit finalizer of MurmurHash3: 4 bytes of state, any of which
/// will do.
///
/// ```
/// use tensorlet::quantized::qas::StochasticRounding;
/// let mut rounding = StochasticRounding::default();
/// let mean = (0..10_000).map(|_| rounding.step(5, 0.3) as f32).sum::<f32>() / 10_000.0;
/// assert!((mean - 5.3).abs() < 0.02);
/// assert_eq!((rounding.step(5, 0.0), rounding.step(100, 99.0), rounding.step(-1, f32::NAN)), (5, 127, -1));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StochasticRounding(u32);

impl StochasticRounding {
    /// Begins with this seed.
    #[must_use]
    pub const fn new(seed: u32) -> Self {
        Self(seed)
    }

    /// A number in `[0, 1)` with 24 bits.
    #[inline(always)]
    fn uniform(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 16)).wrapping_mul(0x85eb_ca6b);
        bits = (bits ^ (bits >> 13)).wrapping_mul(0xc2b2_ae35);
        ((bits ^ (bits >> 16)) >> 8) as f32 * (1.0 / 16_777_216.0)
    }

    /// The integer behind `from` by so many steps, from -127 to 127. None for NaN.
    #[inline(always)]
    pub fn step(&mut self, from: i8, steps: f32) -> i8 {
        // A conversion saturates, and makes 0 of NaN.
        let steps = libm::floorf(steps + self.uniform()) as i32;
        steps.saturating_add(from.into()).clamp(-127, 127) as i8
    }
}

/// The int8 weights of a layer in training, as [`VisitorMut::int8`](crate::VisitorMut::int8) shows them.
#[derive(Debug)]
pub struct Int8Weights<'a> {
    /// The weights in memory order.
    pub values: &'a mut [i8],
    /// The scale of each output channel.
    pub scales: &'a [f32],
    /// How the channels lie: one behind the other, or [`Transposed`](Layout::Transposed).
    pub layout: Layout,
    /// How new weights are rounded.
    pub rounding: &'a mut StochasticRounding,
}

impl Int8Weights<'_> {
    /// The scale of the weight at a position in memory.
    #[inline]
    fn scale(&self, at: usize) -> f32 {
        let channels = self.scales.len();
        let channel = match self.layout {
            Layout::Transposed => at.checked_rem(channels),
            _ => self.values.len().checked_div(channels).and_then(|len| at.checked_div(len)),
        };
        channel.and_then(|channel| self.scales.get(channel)).copied().unwrap_or(0.0)
    }

    /// Updates all weights from their gradients `∂L/∂W`, which lie as the weights do.
    pub fn update<K: Kernels, O: Optimizer>(&mut self, k: K, optimizer: &O, gradient: &[f32], mut states: States<'_>) {
        const LEN: usize = 32;
        let mut reals = [0.0; LEN];
        for (part, gradient) in gradient.chunks(LEN).enumerate() {
            let start = part * LEN;
            let Some(reals) = reals.get_mut(..gradient.len()) else { return };
            for (i, real) in reals.iter_mut().enumerate() {
                *real = self.scale(start + i) * f32::from(self.values.get(start + i).copied().unwrap_or(0));
            }
            optimizer.update(k, reals, gradient, states.take(gradient.len()));
            for (i, real) in reals.iter().enumerate() {
                let scale = self.scale(start + i);
                if let Some(weight) = self.values.get_mut(start + i) {
                    *weight = moved(*weight, scale, *real, self.rounding);
                }
            }
        }
    }
}

/// The weight that was `scale · from` and is `real` after an update.
#[inline(always)]
pub(super) fn moved(from: i8, scale: f32, real: f32, rounding: &mut StochasticRounding) -> i8 {
    // Of a weight that an optimiser leaves alone, the difference is 0 and not nearly 0.
    rounding.step(from, (real - scale * f32::from(from)) / scale)
}

/// How many times larger than at first weights can become: a scale stays as it is.
const ROOM: f32 = 8.0;

/// Draws weights uniform within about `±bound`, on an eighth of the integers; returns their scale.
pub(super) fn init<R: Rng>(weights: &mut [i8], bound: f32, rng: &mut R) -> f32 {
    for weight in weights {
        *weight = (random::below(33, rng) as i32 - 16) as i8;
    }
    ROOM * bound / 127.0
}
