//! Shapes as values: what a tensor type says about itself in constants.

use core::fmt;

/// The dimensions of a tensor, outermost first, as PyTorch prints them.
///
/// Up to [`Shape::MAX_RANK`] dimensions; a scalar has none.
///
/// ```
/// use tensorlet::{Shape, Tensor};
/// const IMAGE: Shape = <[[[f32; 28]; 28]; 1] as Tensor>::SHAPE;
/// assert_eq!(IMAGE.dims(), &[1, 28, 28]);
/// assert_eq!(IMAGE.numel(), 784);
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    dims: [usize; Shape::MAX_RANK],
    rank: usize,
}

impl Shape {
    /// The most dimensions that a tensor can have.
    pub const MAX_RANK: usize = 6;

    /// The shape of a scalar: no dimensions, one element.
    pub const SCALAR: Self = Self { dims: [0; Self::MAX_RANK], rank: 0 };

    /// The shape with these dimensions. Fails to compile (in a constant) or panics with more than
    /// [`Shape::MAX_RANK`]; call it in constants only.
    #[must_use]
    pub const fn new(dims: &[usize]) -> Self {
        assert!(dims.len() <= Self::MAX_RANK, "a tensor has at most 6 dimensions");
        let mut shape = Self::SCALAR;
        while shape.rank < dims.len() {
            shape.dims[shape.rank] = dims[shape.rank];
            shape.rank += 1;
        }
        shape
    }

    /// This shape with one more dimension in front: `[n, …]`.
    #[must_use]
    pub const fn prepend(self, n: usize) -> Self {
        assert!(self.rank < Self::MAX_RANK, "a tensor has at most 6 dimensions");
        let mut dims = [0; Self::MAX_RANK];
        dims[0] = n;
        let mut i = 0;
        while i < self.rank {
            dims[i + 1] = self.dims[i];
            i += 1;
        }
        Self { dims, rank: self.rank + 1 }
    }

    /// This shape with dimension `i` of size `n`. For constants only.
    pub(crate) const fn with(mut self, i: usize, n: usize) -> Self {
        assert!(i < self.rank, "there is no such dimension");
        self.dims[i] = n;
        self
    }

    /// This shape with one more dimension in front of dimension `i`. For constants only.
    pub(crate) const fn insert(self, i: usize, n: usize) -> Self {
        assert!(self.rank < Self::MAX_RANK, "a tensor has at most 6 dimensions");
        let mut shape = Self { dims: [0; Self::MAX_RANK], rank: self.rank + 1 };
        let mut to = 0;
        while to < shape.rank {
            shape.dims[to] = if to < i {
                self.dims[to]
            } else if to == i {
                n
            } else {
                self.dims[to - 1]
            };
            to += 1;
        }
        shape
    }

    /// This shape without dimension `i`. For constants only.
    pub(crate) const fn remove(self, i: usize) -> Self {
        assert!(i < self.rank, "there is no such dimension");
        let mut shape = Self { dims: [0; Self::MAX_RANK], rank: self.rank - 1 };
        let mut to = 0;
        while to < shape.rank {
            shape.dims[to] = self.dims[if to < i { to } else { to + 1 }];
            to += 1;
        }
        shape
    }

    /// The product of the dimensions from `from` up to and without `to`: how many elements a step of
    /// dimension `from - 1` passes over, if `to` is the rank.
    pub(crate) const fn product(&self, from: usize, to: usize) -> usize {
        let (mut n, mut i) = (1, from);
        while i < to {
            n *= self.dim(i);
            i += 1;
        }
        n
    }

    /// Elements from one place of dimension `i` to the next.
    pub(crate) const fn stride(&self, i: usize) -> usize {
        self.product(i + 1, self.rank)
    }

    /// Whether two shapes are the same; `==` for constants.
    #[must_use]
    pub const fn equals(&self, other: &Self) -> bool {
        let mut same = self.rank == other.rank;
        let mut i = 0;
        while i < self.rank {
            same &= self.dims[i] == other.dims[i];
            i += 1;
        }
        same
    }

    /// The dimensions, outermost first.
    #[must_use]
    pub const fn dims(&self) -> &[usize] {
        self.dims.split_at(self.rank).0
    }

    /// Dimension `i`, counted from the outermost; 1 where there is none.
    #[must_use]
    pub const fn dim(&self, i: usize) -> usize {
        if i < self.rank { self.dims[i] } else { 1 }
    }

    /// The number of dimensions.
    #[must_use]
    pub const fn rank(&self) -> usize {
        self.rank
    }

    /// The number of elements: the product of the dimensions.
    #[must_use]
    pub const fn numel(&self) -> usize {
        let (mut n, mut i) = (1, 0);
        while i < self.rank {
            n *= self.dims[i];
            i += 1;
        }
        n
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (i, dim) in self.dims().iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{dim}")?;
        }
        f.write_str("]")
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Shape {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{=[?]}", self.dims());
    }
}
