//! Samples that lie one behind the other. Iterators of the standard library divide by the length of a sample, and
//! nothing says where that is compiled that it is not 0.

#[cfg(any(fpu, mve))]
use core::{iter, mem};

/// How many samples of these lengths there are in both: none of length 0.
pub(crate) fn count([inputs, outputs]: [usize; 2], [input, output]: [usize; 2]) -> usize {
    let samples = |numbers: usize, len| numbers.checked_div(len).unwrap_or(0);
    samples(inputs, input).min(samples(outputs, output))
}

/// The samples of so many numbers, one at least; what is left behind the last is left out.
#[cfg(any(fpu, mve))]
pub(crate) fn samples(mut rest: &[f32], len: usize) -> impl Iterator<Item = &[f32]> {
    iter::from_fn(move || {
        let (sample, others) = rest.split_at_checked(len.max(1))?;
        rest = others;
        Some(sample)
    })
}

/// [`samples`] to be changed.
#[cfg(any(fpu, mve))]
pub(crate) fn samples_mut(mut rest: &mut [f32], len: usize) -> impl Iterator<Item = &mut [f32]> {
    iter::from_fn(move || {
        let (sample, others) = mem::take(&mut rest).split_at_mut_checked(len.max(1))?;
        rest = others;
        Some(sample)
    })
}
