//! Recurrent layers of the build's instruction set and of `Portable`.

use rand_xoshiro::{
    Xoshiro128PlusPlus,
    rand_core::{Rng, SeedableRng},
};
use tensorlet::{
    Layer, Portable, Tensor,
    quantized::{Gru, GruCell, GruScales, Lstm, LstmCell, LstmScales, Multiplier, Packing, QuantizeError, Rounding},
};
use tensorlet_simd::NATIVE;

use super::{Bench, PLACES};

/// Steps of a sequence.
const STEPS: usize = 3;
/// What lies behind the arena, as bits.
const BEHIND: u32 = 0x7fc0_5a5a;

/// A multiplier with a shift from `least` on.
fn multiplier(random: &mut impl Rng, least: i32, shifts: u32) -> Multiplier {
    Multiplier {
        multiplier: (1 << 30) | (random.next_u32() >> 2) as i32,
        shift: least + (random.next_u32() % shifts) as i32,
    }
}

/// Multipliers of gates: the larger numbers are, the more gates are shut or wide open.
fn gates<const N: usize>(random: &mut impl Rng) -> [Multiplier; N] {
    core::array::from_fn(|_| multiplier(random, -9, 11))
}

impl Bench {
    /// Other weights and inputs. Returns what draws scales, and a bias for each row.
    #[inline(never)]
    fn draw(&mut self, bias: &mut [i32]) -> Xoshiro128PlusPlus {
        self.seed += 1;
        let mut random = Xoshiro128PlusPlus::seed_from_u64(self.seed);
        self.x.iter_mut().for_each(|x| *x = random.next_u32() as i8);
        self.weight.iter_mut().for_each(|w| *w = (random.next_u32() % 255) as i8 - 127);
        bias.iter_mut().for_each(|bias| *bias = random.next_u32() as i32 >> 15);
        random
    }

    /// Compares the outputs of two sequences and the states behind them, and what lies behind the arena.
    #[inline(never)]
    fn compare_words(&mut self, what: &str, words: usize, kept: usize, bytes: usize, run: &Run<'_>) {
        let (first, second) = self.words.split_at_mut(WORDS);
        for (native, words) in [(false, &mut *first), (true, &mut *second)] {
            words.fill(f32::from_bits(BEHIND));
            run(native, words);
        }
        let same = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits());
        let behind = second.iter().skip(words).any(|word| word.to_bits() != BEHIND);
        if behind || !same(&first[..kept], &second[..kept]) {
            self.differences += 1;
            defmt::error!(
                "{=str}, run {=usize}: differs; behind the arena: {=bool}",
                what,
                self.shapes - self.reported[0],
                behind
            );
        }
        self.compared += bytes;
        self.shapes += 1;
    }
}

/// Runs a layer, native or portable, in words of memory: first the states, then the outputs, then scratch.
type Run<'f> = dyn Fn(bool, &mut [f32]) + 'f;

/// Words of memory for each of the two.
pub(super) const WORDS: usize = 1024;

/// Compares a layer on two sequences.
#[inline(always)]
fn compare<L, const IN: usize, const H: usize>(bench: &mut Bench, what: &str, place: usize, layer: &L)
where
    L: Layer<[[i8; IN]; STEPS], Out = [[i8; H]; STEPS]>,
{
    let n = 1 + place % 2;
    // The input stays in memory of its own, since it begins anywhere.
    let mut x = [[[0; IN]; STEPS]; 2];
    for (to, from) in x.as_flattened_mut().as_flattened_mut().iter_mut().zip(&bench.x[place..]) {
        *to = *from;
    }
    let (states, outputs) = (n * L::STATE, n * <[[i8; H]; STEPS]>::WORDS);
    let all = states + n * L::PEAK;
    bench.compare_words(what, all, states + outputs, n * STEPS * H, &|native, words| {
        let (state, arena) = words[..all].split_at_mut(states);
        state.fill(0.0);
        for _ in 0..2 {
            let done = if native {
                layer.forward_with_state(NATIVE, &x[..n], state, arena).map(|y| y.len())
            } else {
                layer.forward_with_state(Portable, &x[..n], state, arena).map(|y| y.len())
            };
            assert_eq!(done, Ok(n));
        }
    });
}

/// Compares `lstm_step_i8`.
pub fn lstm<const IN: usize, const H: usize, P: Packing, R: Rounding>(bench: &mut Bench) {
    for place in PLACES {
        let mut bias = [[0; H]; 4];
        let mut random = bench.draw(bias.as_flattened_mut());
        let scales = LstmScales {
            input_zero: random.next_u32() as i8,
            input: gates(&mut random),
            hidden: gates(&mut random),
            cell: LstmCell {
                forget_to_cell: multiplier(&mut random, -16, 4),
                input_to_cell: multiplier(&mut random, -20, 6),
                output: multiplier(&mut random, -24, 4),
                output_zero: i32::from(random.next_u32() as i8),
                clip: if random.next_u32().is_multiple_of(2) { i16::MAX } else { 9000 },
                tanh_shift: (random.next_u32() % 9) as i32 - 4,
            },
        };
        let (weight_ih, rest) = bench.weight.split_at(4 * H * IN);
        let weight_hh = &rest[..4 * H * H];
        match Lstm::<IN, H, P, R>::from_scales(weight_ih, weight_hh, bias.as_flattened(), scales) {
            Ok(layer) => compare::<_, IN, H>(bench, "lstm_step_i8", place.x, &layer),
            Err(error) => failed(bench, error),
        }
    }
}

/// Compares `gru_step_i8`.
pub fn gru<const IN: usize, const H: usize, P: Packing, R: Rounding>(bench: &mut Bench) {
    for place in PLACES {
        let mut bias = [[0; H]; 6];
        let mut random = bench.draw(bias.as_flattened_mut());
        let scales = GruScales {
            input_zero: random.next_u32() as i8,
            input: gates(&mut random),
            hidden: gates(&mut random),
            cell: GruCell { new: multiplier(&mut random, -9, 4), output_zero: i32::from(random.next_u32() as i8) },
        };
        let (bias_ih, bias_hh) = bias.as_flattened().split_at(3 * H);
        let (weight_ih, rest) = bench.weight.split_at(3 * H * IN);
        let weight_hh = &rest[..3 * H * H];
        match Gru::<IN, H, P, R>::from_scales(weight_ih, weight_hh, bias_ih, bias_hh, scales) {
            Ok(layer) => compare::<_, IN, H>(bench, "gru_step_i8", place.x, &layer),
            Err(error) => failed(bench, error),
        }
    }
}

/// Says why there is no layer.
#[inline(never)]
fn failed(bench: &mut Bench, error: QuantizeError) {
    bench.differences += 1;
    defmt::error!("no layer: {}", error);
}
