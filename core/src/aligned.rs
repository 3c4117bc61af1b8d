//! Alignment for vector units.

use core::ops::{Deref, DerefMut};

/// A value that begins at a multiple of 64 bytes, a cache line of the large processors.
///
/// Networks, arenas and workspaces work at any alignment, and those of a microcontroller need none. Vectors
/// that straddle cache lines are slower, by 5 to 12 % where products are large: on a desktop computer put
/// them into this.
///
/// ```
/// use tensorlet::{Aligned, Layer, Linear, Module, Portable};
/// type Net = Linear<3, 2>;
/// static NET: Aligned<Net> = Aligned(Net::ZERO);
/// let mut arena = Aligned([0.0; <Net as Layer<[f32; 3]>>::PEAK]);
/// assert_eq!(arena.as_ptr().addr() % 64, 0);
/// assert_eq!(NET.forward(Portable, &[[1.0, 2.0, 3.0]], &mut *arena)?, [[0.0, 0.0]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C, align(64))]
pub struct Aligned<T: ?Sized>(
    /// The value.
    pub T,
);

impl<T: ?Sized> Deref for Aligned<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized> DerefMut for Aligned<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}
