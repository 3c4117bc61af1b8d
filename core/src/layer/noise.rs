//! Random numbers of layers that sample.

use rand_xoshiro::rand_core::SeedableRng;

use super::Pass;
use crate::random::Generator;

impl Pass {
    /// The generator that a layer draws from in this pass. Forward and backward get the same numbers, so
    /// that nothing needs to be remembered but the seed.
    ///
    /// ```
    /// use tensorlet::{layer::Pass, random};
    /// let pass = Pass { n: 1, input_gradient: true, training: true, seed: 7, ..Pass::NEW };
    /// let (mut forward, mut backward) = (pass.generator(), pass.generator());
    /// assert_eq!(random::uniform(&mut forward), random::uniform(&mut backward));
    /// ```
    #[inline]
    #[must_use]
    pub fn generator(&self) -> Generator {
        Generator::seed_from_u64(self.generator_seed())
    }

    /// The seed of that generator, for those who draw from several places of its stream at once.
    ///
    /// ```
    /// use rand_xoshiro::rand_core::SeedableRng;
    /// use tensorlet::{layer::Pass, random::Generator};
    /// let pass = Pass { seed: 7, ..Pass::NEW };
    /// assert_eq!(Generator::seed_from_u64(pass.generator_seed()), pass.generator());
    /// ```
    #[inline]
    #[must_use]
    pub fn generator_seed(&self) -> u64 {
        // Seeds of neighbouring steps and layers differ by multiples of constants, one of them the step of
        // the generator that fills the state; the finaliser of MurmurHash3 (Appleby) parts them.
        let mut seed = self.seed;
        seed = (seed ^ (seed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        seed = (seed ^ (seed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        seed ^ (seed >> 33)
    }
}

/// Where a layer that samples has its random numbers from: [`Drawn`] or [`Given`].
pub trait Noise: Copy {
    /// What a network of zeros holds.
    const NEW: Self;

    /// The numbers of a pass, one for each number that the layer samples, in memory order. `draw` makes one
    /// from a generator.
    fn numbers(&self, pass: &Pass, draw: fn(&mut Generator) -> f32) -> impl Iterator<Item = f32>;

    /// The seed of the generator that draws [these numbers](Self::numbers), so that a kernel can draw them side by
    /// side; none where they are given.
    #[inline(always)]
    fn seed(&self, pass: &Pass) -> Option<u64> {
        let _ = pass;
        None
    }
}

/// Random numbers drawn in each step of training, from [`Pass::generator`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drawn;

impl Noise for Drawn {
    const NEW: Self = Self;

    #[inline(always)]
    fn numbers(&self, pass: &Pass, draw: fn(&mut Generator) -> f32) -> impl Iterator<Item = f32> {
        let mut generator = pass.generator();
        core::iter::from_fn(move || Some(draw(&mut generator)))
    }

    #[inline(always)]
    fn seed(&self, pass: &Pass) -> Option<u64> {
        Some(pass.generator_seed())
    }
}

/// Given numbers for a whole batch, in place of random ones: to repeat a training exactly. Behind their
/// end they are 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Given<'a>(
    /// The numbers, in memory order.
    pub &'a [f32],
);

impl Noise for Given<'_> {
    const NEW: Self = Self(&[]);

    #[inline(always)]
    fn numbers(&self, _: &Pass, _: fn(&mut Generator) -> f32) -> impl Iterator<Item = f32> {
        self.0.iter().copied().chain(core::iter::repeat(0.0))
    }
}
