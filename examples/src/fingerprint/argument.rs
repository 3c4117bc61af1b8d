//! Arguments drawn from a seed.

use core::{hint::black_box, ops::Range};

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{Element, Tensor, random};

/// The generator of a case.
pub(super) fn generator() -> Xoshiro128PlusPlus {
    Xoshiro128PlusPlus::seed_from_u64(0x7e45_0a1e)
}

/// An element of an argument.
pub trait Drawn: Element {
    /// What it is drawn from unless a case says otherwise.
    const RANGE: Range<f32>;

    /// The element for a number that was drawn.
    fn of(x: f32) -> Self;
}

impl Drawn for f32 {
    const RANGE: Range<f32> = -2.0..2.0;

    fn of(x: f32) -> Self {
        x
    }
}

macro_rules! integers {
    ($($t:ty)*) => {$(
        impl Drawn for $t {
            const RANGE: Range<f32> = 0.0..3.0;

            fn of(x: f32) -> Self {
                x as $t
            }
        }
    )*};
}

integers!(u8 i8 u16 i16 u32 i32);

/// Something that a case can be called with: a tensor.
pub trait Argument: Tensor<Elem: Drawn> {
    /// Draws it.
    fn drawn(range: Option<Range<f32>>, rng: &mut Xoshiro128PlusPlus) -> Self {
        let mut argument = Self::ZERO;
        draw(core::slice::from_mut(&mut argument), range, rng);
        argument
    }
}

impl<X: Tensor<Elem: Drawn>> Argument for X {}

/// Draws the elements of tensors.
pub(super) fn draw<X: Argument>(to: &mut [X], range: Option<Range<f32>>, rng: &mut Xoshiro128PlusPlus) {
    let Range { start, end } = range.unwrap_or(X::Elem::RANGE);
    for x in X::flat_mut(to) {
        *x = X::Elem::of(start + (end - start) * random::uniform(rng));
    }
}

/// A slice of which the compiler knows nothing: not even its length.
#[inline(always)]
pub fn any<T>(x: &[T]) -> &[T] {
    black_box(x)
}

/// [`any`], mutably.
#[inline(always)]
pub fn any_mut<T>(x: &mut [T]) -> &mut [T] {
    black_box(x)
}
