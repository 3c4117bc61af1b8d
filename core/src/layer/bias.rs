//! The bias of a layer, or none: PyTorch's `bias=True` and `bias=False`.

use core::fmt::Debug;

use rand_core::Rng;

use crate::{
    description::ParameterInfo,
    kernel::{Kernels, samples},
    random,
};

mod sealed {
    pub trait Sealed {}
}

/// What a layer adds to its `N` outputs: an array `[f32; N]`, or [`NoBias`].
///
/// A layer without bias holds, lists and trains nothing in its place.
///
/// ```
/// use tensorlet::{Conv2d, Linear, Module, NoBias, Slide};
/// assert_eq!(Linear::<4, 3>::PARAMETERS, 4 * 3 + 3);
/// assert_eq!(Linear::<4, 3, NoBias>::PARAMETERS, 4 * 3);
/// assert_eq!(Conv2d::<1, 2, 3, 3, 6, 6, Slide, NoBias>::PARAMETERS, 2 * 3 * 3);
///
/// let linear = Linear { weight: [[1.0], [10.0]], bias: NoBias };
/// assert_eq!(size_of_val(&linear), 4 * 2);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the bias of a layer with {N} outputs",
    note = "a bias is an array `[f32; {N}]`, or `NoBias`"
)]
pub trait Bias<const N: usize>: sealed::Sealed + Copy + Debug + PartialEq + Send + Sync + 'static {
    /// All zeros.
    const ZERO: Self;
    /// The number of its values: `N` or 0.
    const LEN: usize;

    /// The values.
    fn values(&self) -> &[f32];

    /// The values, to be changed.
    fn values_mut(&mut self) -> &mut [f32];

    /// The values of several biases, one behind the other.
    fn flat(biases: &[Self]) -> &[f32];

    /// The values of several biases, to be changed.
    fn flat_mut(biases: &mut [Self]) -> &mut [f32];
}

impl<const N: usize> sealed::Sealed for [f32; N] {}

impl<const N: usize> Bias<N> for [f32; N] {
    const ZERO: Self = [0.0; N];
    const LEN: usize = N;

    #[inline(always)]
    fn values(&self) -> &[f32] {
        self
    }

    #[inline(always)]
    fn values_mut(&mut self) -> &mut [f32] {
        self
    }

    #[inline(always)]
    fn flat(biases: &[Self]) -> &[f32] {
        biases.as_flattened()
    }

    #[inline(always)]
    fn flat_mut(biases: &mut [Self]) -> &mut [f32] {
        biases.as_flattened_mut()
    }
}

/// No bias: PyTorch's `bias=False`. Takes no memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoBias;

impl sealed::Sealed for NoBias {}

impl<const N: usize> Bias<N> for NoBias {
    const ZERO: Self = Self;
    const LEN: usize = 0;

    #[inline(always)]
    fn values(&self) -> &[f32] {
        &[]
    }

    #[inline(always)]
    fn values_mut(&mut self) -> &mut [f32] {
        &mut []
    }

    #[inline(always)]
    fn flat(_: &[Self]) -> &[f32] {
        &[]
    }

    #[inline(always)]
    fn flat_mut(_: &mut [Self]) -> &mut [f32] {
        &mut []
    }
}

/// The parameters of a layer whose last `biases` ones are biases of type `B`.
pub(crate) const fn listed<const N: usize, B: Bias<N>>(
    infos: &'static [ParameterInfo],
    biases: usize,
) -> &'static [ParameterInfo] {
    if B::LEN == 0 { infos.split_at(infos.len() - biases).0 } else { infos }
}

/// Fills with uniform numbers in `±bound`.
pub(crate) fn uniform<const N: usize, B: Bias<N>, R: Rng>(bias: &mut B, bound: f32, rng: &mut R) {
    uniform_values(bias.values_mut(), bound, rng);
}

/// Fills with uniform numbers in `±bound`.
pub(crate) fn uniform_values<R: Rng>(values: &mut [f32], bound: f32, rng: &mut R) {
    for value in values {
        *value = bound * (2.0 * random::uniform(rng) - 1.0);
    }
}

/// Adds every row to the gradient of a bias, unless there is none.
pub(crate) fn add_rows<K: Kernels>(k: K, rows: &[f32], bias: &mut [f32]) {
    for row in samples(rows, bias.len()) {
        k.add(bias, row);
    }
}
