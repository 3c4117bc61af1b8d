//! Gumbel noise from the numbers of the library's generator, sixteen at a time.
//!
//! xoshiro128++ (Blackman and Vigna, 2019) draws its numbers one from another. Its state changes by a linear map
//! `T` over the field of two elements, though, so that a state `n` steps ahead is a sum of some of the next 128
//! states: of those `Tᵏ s` for which `xⁿ`, reduced by the characteristic polynomial of `T`, has a term `xᵏ`.
//! A block of numbers is cut into sixteen pieces, whose generators start where the one before ends and run side by
//! side. The stream is that of one generator, whatever the instruction set.
//!
//! The integers are arrays of sixteen, which the compiler makes vectors of.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::SplitMix64;
use tensorlet::math::lanes;

use crate::vector::{MOST_LANES, Vector};

/// Generators side by side.
const LANES: usize = 16;
/// Numbers of each of them in a block.
const PIECE: usize = 256;
/// Numbers of a block.
const BLOCK: usize = LANES * PIECE;

/// The characteristic polynomial of xoshiro128's `T` without its highest power, `x¹²⁸`: found with Berlekamp and
/// Massey's algorithm from one bit of 256 states.
const CHARACTERISTIC: u128 = 0x00fc_65a2_0062_54b1_1b48_9db6_de18_fc01;

/// Lane `lane` of entry `k`: all bits set if the state `lane` pieces ahead has the term `Tᵏ s`.
static TERMS: [[u32; LANES]; 128] = {
    let (mut terms, mut power, mut lane) = ([[0; LANES]; 128], 1_u128, 0);
    while lane < LANES {
        let mut k = 0;
        while k < 128 {
            terms[k][lane] = (power >> k & 1) as u32 * u32::MAX;
            k += 1;
        }
        let mut step = 0;
        while step < PIECE {
            power = power << 1 ^ if power >> 127 == 1 { CHARACTERISTIC } else { 0 };
            step += 1;
        }
        lane += 1;
    }
    terms
};

#[inline(always)]
pub(crate) fn add_gumbel<L: Vector>(l: L, x: &mut [f32], u: &[f32]) {
    let n = x.len().min(u.len());
    for (x, u) in x[..n].chunks_mut(L::LANES).zip(u[..n].chunks(L::LANES)) {
        l.write(x, l.add(l.read(x), lanes::gumbel_quantile(l, l.read(u))));
    }
}

/// Needs 16 KiB of stack.
#[inline(always)]
pub(crate) fn draw_gumbel<L: Vector>(l: L, x: &mut [f32], seed: u64) {
    let (mut state, n) = (State::new(seed), x.len());
    let (blocks, rest) = x.split_at_mut(n - n % BLOCK);
    if !blocks.is_empty() {
        let mut u = [0.0; BLOCK];
        for x in blocks.chunks_exact_mut(BLOCK) {
            state = draw_block(l, state, &mut u);
            for (x, u) in x.chunks_exact_mut(L::LANES).zip(u.chunks_exact(L::LANES)) {
                add(l, x, u);
            }
        }
    }
    for x in rest.chunks_mut(L::LANES) {
        let mut u = [0.0; MOST_LANES];
        for u in &mut u[..x.len()] {
            *u = uniform(state.next());
        }
        add(l, x, &u);
    }
}

/// Adds noise to up to a vector of numbers.
#[inline(always)]
fn add<L: Vector>(l: L, x: &mut [f32], u: &[f32]) {
    l.write(x, l.sub(l.read(x), lanes::minus_gumbel_of_uniform(l, l.read(u))));
}

/// The uniform number of a word, as `tensorlet::random::uniform` makes it.
#[inline(always)]
fn uniform(word: u32) -> f32 {
    (word >> 8) as f32 * (1.0 / 16_777_216.0)
}

/// The state of one generator.
#[derive(Clone, Copy, Debug, PartialEq)]
struct State([u32; 4]);

impl State {
    /// That of a `tensorlet::random::Generator` of this seed.
    #[inline(always)]
    fn new(seed: u64) -> Self {
        let mut words = SplitMix64::seed_from_u64(seed);
        let (first, second) = (words.next_u64(), words.next_u64());
        Self([first as u32, (first >> 32) as u32, second as u32, (second >> 32) as u32])
    }

    /// The next number.
    #[inline(always)]
    fn next(&mut self) -> u32 {
        let Self([a, b, c, d]) = *self;
        let (mut c, mut d, shifted) = (c ^ a, d ^ b, b << 9);
        let (first, second) = (a ^ d, b ^ c);
        c ^= shifted;
        d = d.rotate_left(11);
        let result = a.wrapping_add(self.0[3]).rotate_left(7).wrapping_add(a);
        self.0 = [first, second, c, d];
        result
    }
}

/// Sixteen states: a word of each side by side.
#[derive(Clone, Copy)]
struct States([[u32; LANES]; 4]);

impl States {
    /// The states at the beginning of the pieces.
    #[inline(always)]
    fn ahead(mut state: State) -> Self {
        let mut words = [[0; LANES]; 4];
        for terms in &TERMS {
            for (words, word) in words.iter_mut().zip(state.0) {
                for (sum, mask) in words.iter_mut().zip(terms) {
                    *sum ^= word & mask;
                }
            }
            state.next();
        }
        Self(words)
    }

    /// The next number of each.
    #[inline(always)]
    fn next(&mut self) -> [u32; LANES] {
        let Self([a, b, c, d]) = self;
        let mut result = [0; LANES];
        for lane in 0..LANES {
            let mut state = State([a[lane], b[lane], c[lane], d[lane]]);
            result[lane] = state.next();
            [a[lane], b[lane], c[lane], d[lane]] = state.0;
        }
        result
    }
}

/// The next block of uniform numbers; returns the state behind it.
#[inline(always)]
fn draw_block<L: Vector>(l: L, state: State, u: &mut [f32; BLOCK]) -> State {
    let mut states = States::ahead(state);
    for place in (0..PIECE).step_by(4) {
        let mut steps = [[0.0; LANES]; 4];
        for step in &mut steps {
            for (u, word) in step.iter_mut().zip(states.next()) {
                *u = uniform(word);
            }
        }
        for first in (0..LANES).step_by(L::LANES) {
            let [a, b, c, d] = &steps;
            let rows = [l.read(&a[first..]), l.read(&b[first..]), l.read(&c[first..]), l.read(&d[first..])];
            let turned = l.transpose_fours(rows);
            for (lane, four) in turned.into_iter().enumerate() {
                let numbers = l.to_array(four);
                for (i, numbers) in numbers[..L::LANES].chunks_exact(4).enumerate() {
                    let at = (first + 4 * i + lane) * PIECE + place;
                    u[at..at + 4].copy_from_slice(numbers);
                }
            }
        }
    }
    let [a, b, c, d] = states.0;
    State([a, b, c, d].map(|word| word[LANES - 1]))
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use tensorlet::random::Generator;

    use super::*;

    #[test]
    fn pieces_are_the_stream_of_one_generator() {
        for seed in [0, 1, u64::MAX] {
            let (mut generator, mut states) = (Generator::seed_from_u64(seed), States::ahead(State::new(seed)));
            let words: Vec<u32> = (0..=BLOCK).map(|_| generator.next_u32()).collect();
            for i in 0..PIECE {
                for (lane, word) in states.next().into_iter().enumerate() {
                    assert_eq!(word, words[lane * PIECE + i], "seed {seed}, number {i} of piece {lane}");
                }
            }
            let mut last = State(states.0.map(|words| words[LANES - 1]));
            assert_eq!(last.next(), words[BLOCK]);
        }
    }
}
