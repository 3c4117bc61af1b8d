//! A random order that is computed, not stored.

use rand_core::Rng;

use super::Order;

/// Rounds of the cipher. Four make a good permutation of large sets (Luby and Rackoff, 1988); of a few
/// samples more rounds are needed until all permutations are about as frequent.
const ROUNDS: usize = 8;

/// All samples of a set, each once, in random order, PyTorch's `RandomSampler`, without memory for it: 40 bytes
/// whatever the size.
///
/// The position goes through a cipher whose keys are drawn: a Feistel network on the smallest even
/// number of bits that holds all positions, each round exchanging two halves and mixing one into the
/// other. A result beyond the set goes through it again (cycle walking; Black and Rogaway, *Ciphers with
/// arbitrary finite domains*, 2002); fewer than four times on average. A
/// [shuffled](crate::random::shuffle) slice of indices is faster to read and needs memory.
///
/// ```
/// use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
/// use tensorlet::data::{Order, Permutation};
/// let order = Permutation::new(100, &mut Xoshiro128PlusPlus::seed_from_u64(1));
/// let mut seen = [false; 100];
/// order.iter().for_each(|sample| seen[sample] = true);
/// assert_eq!(seen, [true; 100]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permutation {
    n: u32,
    /// Bits of one half.
    bits: u32,
    keys: [u32; ROUNDS],
}

impl Permutation {
    /// A random order of `n` samples, at most 2³² - 1. Draws eight words.
    #[must_use]
    pub fn new<R: Rng>(n: usize, rng: &mut R) -> Self {
        let n = u32::try_from(n).unwrap_or(u32::MAX);
        let mut keys = [0; ROUNDS];
        keys.iter_mut().for_each(|key| *key = rng.next_u32());
        // Of the largest position; a half has at least one bit.
        let bits = (u32::BITS - n.saturating_sub(1).leading_zeros()).div_ceil(2).max(1);
        Self { n, bits, keys }
    }

    /// One way through the cipher.
    #[inline]
    fn turn(&self, position: u32) -> u32 {
        let mask = (1 << self.bits) - 1;
        let (mut left, mut right) = (position >> self.bits, position & mask);
        for key in &self.keys {
            (left, right) = (right, left ^ (mix(right ^ key) & mask));
        }
        left << self.bits | right
    }
}

/// Every bit of the result depends on every bit of the argument: the finaliser of MurmurHash3.
#[inline]
const fn mix(mut x: u32) -> u32 {
    x ^= x >> 16;
    x = x.wrapping_mul(0x85eb_ca6b);
    x ^= x >> 13;
    x = x.wrapping_mul(0xc2b2_ae35);
    x ^ x >> 16
}

impl Order for Permutation {
    #[inline]
    fn size(&self) -> usize {
        self.n as usize
    }

    #[inline]
    fn sample(&self, position: usize) -> Option<usize> {
        let mut position = u32::try_from(position).ok().filter(|&position| position < self.n)?;
        // Comes to an end: the cycle through a position of the set leads back into it.
        loop {
            position = self.turn(position);
            if position < self.n {
                return Some(position as usize);
            }
        }
    }
}
