//! What the tests of all families share: random numbers, guarded memory, every instruction set.

#![allow(dead_code, reason = "each test program uses a part of this")]

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro128PlusPlus;

/// Calls a generic function with the token of every instruction set, by name, and says which this
/// processor lacks.
#[macro_export]
macro_rules! on_every_isa {
    ($check:ident) => {
        for name in tensorlet_simd::Isa::NAMES {
            match tensorlet_simd::Isa::by_name(name) {
                Ok(isa) => {
                    println!("{}: {name} is tried", stringify!($check));
                    tensorlet_simd::dispatch!(isa, |k| $check(k));
                }
                Err(reason) => println!("{}: {name} could not be tried: {reason}", stringify!($check)),
            }
        }
    };
}

/// A generator for one test case.
pub(crate) fn generator(seed: u64) -> Xoshiro128PlusPlus {
    Xoshiro128PlusPlus::seed_from_u64(seed)
}

/// Uniform in `-1..1`.
pub(crate) fn random(rng: &mut impl Rng) -> f32 {
    (rng.next_u32() >> 8) as f32 / (1 << 23) as f32 - 1.0
}

/// That many of them.
pub(crate) fn randoms(rng: &mut impl Rng, n: usize) -> Vec<f32> {
    (0..n).map(|_| random(rng)).collect()
}

/// Slice lengths around the numbers of lanes, and longer.
pub(crate) fn lengths() -> impl Iterator<Item = usize> {
    (0..=35).chain([47, 48, 49, 63, 64, 65, 127, 128, 129, 1000])
}

/// How a slice lies in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// An allocation of its own, so that an address sanitizer sees the first byte outside.
    Exact,
    /// That many canaries before and some behind, so that alignment varies and writes show.
    Guarded(usize),
}

/// The places in which each case is tried.
pub(crate) const PLACES: [Place; 4] = [Place::Exact, Place::Guarded(3), Place::Guarded(16), Place::Guarded(21)];

/// Canaries behind the slice.
const BEHIND: usize = 33;
/// A NaN: reading it shows in the result, overwriting it shows in its bits.
const CANARY: u32 = 0x7fc5_a5a5;

/// A slice with what lies around it.
#[derive(Debug)]
pub(crate) struct Memory {
    all: Box<[f32]>,
    start: usize,
    len: usize,
}

impl Memory {
    pub(crate) fn new(place: Place, values: &[f32]) -> Self {
        let canaries = |n: usize| std::iter::repeat_n(f32::from_bits(CANARY), n);
        let (before, behind) = match place {
            Place::Exact => (0, 0),
            Place::Guarded(before) => (before, BEHIND),
        };
        let all = canaries(before).chain(values.iter().copied()).chain(canaries(behind)).collect();
        Self { all, start: before, len: values.len() }
    }

    pub(crate) fn get(&self) -> &[f32] {
        &self.all[self.start..self.start + self.len]
    }

    pub(crate) fn get_mut(&mut self) -> &mut [f32] {
        &mut self.all[self.start..self.start + self.len]
    }

    /// The values, once the canaries have been found unharmed.
    #[track_caller]
    pub(crate) fn checked(&self) -> &[f32] {
        let (before, behind) = (&self.all[..self.start], &self.all[self.start + self.len..]);
        assert!(before.iter().chain(behind).all(|x| x.to_bits() == CANARY), "written outside the slice");
        self.get()
    }
}

/// A sum in `f64`, with the sum of the magnitudes, by which rounding is bounded.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Exact {
    pub(crate) value: f64,
    pub(crate) magnitude: f64,
    pub(crate) terms: usize,
}

impl Exact {
    pub(crate) fn add(&mut self, x: f64) {
        self.value += x;
        self.magnitude += x.abs();
        self.terms += 1;
    }

    pub(crate) fn add_product(&mut self, a: f32, b: f32) {
        self.add(f64::from(a) * f64::from(b));
    }

    /// Without the first number that was added; the bound stays.
    #[must_use]
    pub(crate) fn without(self, first: f32) -> Self {
        Self { value: self.value - f64::from(first), ..self }
    }

    /// Whether `got` differs by no more than the roundings of a sum in any order can.
    #[track_caller]
    pub(crate) fn check(self, got: f32, what: impl std::fmt::Display) {
        let bound = f64::from(f32::EPSILON) * (self.terms as f64 + 2.0) * self.magnitude;
        let error = (f64::from(got) - self.value).abs();
        assert!(error <= bound, "{what}: {got} instead of {} (off by {error:e}, {bound:e} allowed)", self.value);
    }
}

/// Checks within a relative and an absolute tolerance.
#[track_caller]
pub(crate) fn close(got: f32, want: f64, relative: f64, absolute: f64, what: impl std::fmt::Display) {
    let error = (f64::from(got) - want).abs();
    assert!(error <= relative * want.abs() + absolute, "{what}: {got} instead of {want} (off by {error:e})");
}
