//! Arrays of parts whose number a type decides: gates, directions, layers.

use core::fmt::Debug;

use crate::layer::{Bias, NoBias};

/// A part of a layer's parameters: all zeros as a constant.
pub trait Part: Copy + Debug + PartialEq + Send + Sync + 'static {
    /// All zeros.
    const BLANK: Self;
}

impl Part for f32 {
    const BLANK: Self = 0.0;
}

impl Part for NoBias {
    const BLANK: Self = Self;
}

impl<T: Part, const N: usize> Part for [T; N] {
    const BLANK: Self = [T::BLANK; N];
}

/// An array of parts.
pub trait Parts<T>: Part + AsRef<[T]> + AsMut<[T]> {}

impl<T: Part, const N: usize> Parts<T> for [T; N] {}

/// The number of layers of a recurrent network, as a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layers<const N: usize>;

/// A number of layers that a recurrent network can have.
#[diagnostic::on_unimplemented(
    message = "a recurrent layer cannot consist of that many layers: `{Self}`",
    note = "it has 1 to 8 of them; more are a chain of recurrent layers"
)]
pub trait Depth: Copy + Debug + PartialEq {
    /// One part for each layer behind the first.
    type Behind<T: Part>: Parts<T>;
}

macro_rules! depths {
    ($($layers:literal: $behind:literal),*) => {$(
        impl Depth for Layers<$layers> {
            type Behind<T: Part> = [T; $behind];
        }
    )*};
}

depths!(1: 0, 2: 1, 3: 2, 4: 3, 5: 4, 6: 5, 7: 6, 8: 7);

/// The most layers.
pub(super) const MOST_LAYERS: usize = 8;

/// The biases of a cell's gates, or none.
pub trait GateBias<const H: usize>: Bias<H> + Part {}

impl<const H: usize, B: Bias<H> + Part> GateBias<H> for B {}
