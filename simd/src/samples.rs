//! Samples that lie one behind the other. Iterators of the standard library divide by the length of a sample, and
//! nothing says where that is compiled that it is not 0.

use core::{iter, mem};

/// The samples of so many numbers, one at least; what is left behind the last is left out.
pub(crate) fn samples(mut rest: &[f32], len: usize) -> impl Iterator<Item = &[f32]> {
    iter::from_fn(move || {
        let (sample, others) = rest.split_at_checked(len.max(1))?;
        rest = others;
        Some(sample)
    })
}

/// [`samples`] to be changed.
pub(crate) fn samples_mut(mut rest: &mut [f32], len: usize) -> impl Iterator<Item = &mut [f32]> {
    iter::from_fn(move || {
        let (sample, others) = mem::take(&mut rest).split_at_mut_checked(len.max(1))?;
        rest = others;
        Some(sample)
    })
}
