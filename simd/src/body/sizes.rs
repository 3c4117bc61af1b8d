//! Sizes that a body works with: constants of a type, or numbers.

use core::marker::PhantomData;

use tensorlet::kernel::{Conv2dDims, Conv2dShape, Pool2dDims, Pool2dShape};

/// Sizes of the type `D`.
///
/// With [`Of`], a body is compiled for one shape: its loops have constant bounds, offsets are part of
/// the instructions, and of all tiles only those that the shape needs remain. With `D` itself, one copy
/// serves all shapes. Which it is, the families decide by the amount of work in a shape.
pub(crate) trait Sizes<D>: Copy {
    /// The sizes, where they are constants: to choose tiles in `const` blocks.
    #[allow(dead_code, reason = "which family asks for it depends on the architecture")]
    const KNOWN: Option<D>;

    /// The sizes.
    fn get(self) -> D;
}

impl<D: Copy> Sizes<D> for D {
    const KNOWN: Option<D> = None;

    #[inline(always)]
    fn get(self) -> D {
        self
    }
}

/// The sizes that the type `G` says.
pub(crate) struct Of<G>(PhantomData<G>);

impl<G> Of<G> {
    pub(crate) const NEW: Self = Self(PhantomData);
}

impl<G> Clone for Of<G> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<G> Copy for Of<G> {}

/// The inner dimension and the columns of a matrix product.
pub(crate) struct Matrix<const K: usize, const N: usize>;

impl<const K: usize, const N: usize> Sizes<[usize; 2]> for Of<Matrix<K, N>> {
    const KNOWN: Option<[usize; 2]> = Some([K, N]);

    #[inline(always)]
    fn get(self) -> [usize; 2] {
        [K, N]
    }
}

impl<G: Conv2dShape> Sizes<Conv2dDims> for Of<G> {
    const KNOWN: Option<Conv2dDims> = Some(G::DIMS);

    #[inline(always)]
    fn get(self) -> Conv2dDims {
        G::DIMS
    }
}

impl<G: Pool2dShape> Sizes<Pool2dDims> for Of<G> {
    const KNOWN: Option<Pool2dDims> = Some(G::DIMS);

    #[inline(always)]
    fn get(self) -> Pool2dDims {
        G::DIMS
    }
}
