//! Kernels on integers against formulas of 64 bits: all results are the same, bit for bit.

mod drawn;
pub(crate) mod gru;
mod layers;
pub(crate) mod lstm;
pub(crate) mod matmul;
pub(crate) mod one;
pub(crate) mod pool;
pub(crate) mod softmax;
mod spoiled;
pub(crate) mod two;
pub(crate) mod weighted;

use proptest::prelude::*;
use tensorlet::quantized::{Clamp, Integer, Multiplier};
use tensorlet_host::{framed::FramedIntegers, reference::quantized::Scale};

use super::property::Outcome;

/// What the tests ask of the types of elements.
pub(crate) trait Element:
    Integer + Arbitrary<Strategy: 'static> + From<i8> + TryFrom<i64> + Into<i64> + std::fmt::Debug
{
}

impl Element for i8 {}
impl Element for i16 {}

/// Integers of all sizes, many of them the smallest and the largest; from one number, since a strategy for each
/// element of a large tensor takes longer than all kernels.
pub(crate) fn integers<T: Element>(n: usize) -> BoxedStrategy<Vec<T>> {
    let draw = move |seed: u64| {
        let mut state = seed | 1;
        let element = |_| {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            match state >> 61 {
                0 if state >> 60 & 1 == 0 => T::ALL.min,
                0 => T::ALL.max,
                _ => T::truncate((state >> 40) as i32),
            }
        };
        (0..n).map(element).collect()
    };
    any::<u64>().prop_map(draw).boxed()
}

/// Lengths around the widths of vectors.
pub(crate) fn lengths() -> BoxedStrategy<usize> {
    prop_oneof![Just(0_usize), 1_usize..9, 14_usize..18, 30_usize..36, 60_usize..70, 100_usize..200].boxed()
}

/// Limits of an output: mostly all numbers.
pub(crate) fn limits<T: Element>() -> BoxedStrategy<Clamp<T>> {
    let some = (any::<T>(), any::<T>()).prop_map(|(a, b)| Clamp { min: a.min(b), max: a.max(b) });
    prop_oneof![2 => Just(T::ALL), 1 => some].boxed()
}

/// A zero point.
pub(crate) fn zero<T: Element>() -> BoxedStrategy<i32> {
    integers::<T>(1).prop_map(|zero| zero[0].into()).boxed()
}

/// A multiplier with a shift in a range.
pub(crate) fn multiplier(shifts: std::ops::RangeInclusive<i32>) -> BoxedStrategy<Multiplier> {
    let mantissa = prop_oneof![4 => 1_i32 << 30..=i32::MAX, 1 => Just(1 << 30), 1 => Just(i32::MAX)];
    (mantissa, shifts).prop_map(|(multiplier, shift)| Multiplier { multiplier, shift }).boxed()
}

/// The same as the reference takes it.
pub(crate) fn scale(of: Multiplier) -> Scale {
    Scale { multiplier: of.multiplier, shift: of.shift }
}

/// Elements as the reference takes them.
pub(crate) fn wide<T: Element>(x: &[T]) -> Vec<i64> {
    x.iter().map(|&x| x.into()).collect()
}

/// Limits as the reference takes them.
pub(crate) fn ends<T: Element>(clamp: Clamp<T>) -> [i64; 2] {
    [clamp.min.into(), clamp.max.into()]
}

/// Fails unless the elements in the frame are these.
pub(crate) fn same<T: Element>(got: &FramedIntegers<T>, want: &[i64]) -> Outcome {
    let got = wide(got.get());
    match got.iter().zip(want).position(|(got, want)| got != want) {
        None if got.len() == want.len() => Ok(0.0),
        None => Err(format!("{} elements, not {}", got.len(), want.len())),
        Some(i) => Err(format!("element {i} is {}, not {}", got[i], want[i])),
    }
}
