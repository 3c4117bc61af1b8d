//! In which order samples are seen: an [`Order`] says which sample comes at each position.
//!
//! The simplest is a range, `0..n`; a slice of indices, shuffled by
//! [`random::shuffle`](crate::random::shuffle), is one; a [`Permutation`] is a random one that needs no
//! memory. Parts of an order are orders again.
//!
//! ```
//! use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
//! use tensorlet::data::order::{Order, Permutation};
//! let mut rng = Xoshiro128PlusPlus::seed_from_u64(0);
//!
//! // 150 samples in random order: 120 to train, 30 to validate.
//! let (train, validation) = Permutation::new(150, &mut rng).split_at(120);
//! assert_eq!((train.size(), validation.size()), (120, 30));
//! for _epoch in 0..3 {
//!     for sample in train.shuffled(&mut rng).iter() {
//!         assert!(sample < 150);
//!     }
//! }
//! ```

mod permutation;

pub use permutation::Permutation;

use core::ops::Range;

use rand_core::Rng;

use crate::Index;

/// An order of samples: each position from 0 up to its length names one.
pub trait Order: Clone {
    /// How many samples it names.
    fn size(&self) -> usize;

    /// The sample at a position; none beyond the length.
    fn sample(&self, position: usize) -> Option<usize>;

    /// Whether it names no sample.
    #[inline]
    fn is_empty(&self) -> bool {
        self.size() == 0
    }

    /// All samples, in order.
    #[inline]
    fn iter(&self) -> impl Iterator<Item = usize> {
        (0..self.size()).map_while(|position| self.sample(position))
    }

    /// The positions that another order names: `sample(i) = self.sample(positions.sample(i))`.
    ///
    /// ```
    /// use tensorlet::data::Order;
    /// let order = (10..20).select([3_u8, 0].as_slice());
    /// assert!(order.iter().eq([13, 10]));
    /// ```
    #[inline]
    fn select<P: Order>(&self, positions: P) -> Selected<Self, P> {
        Selected { samples: self.clone(), positions }
    }

    /// The same samples in random order. Draws as [`Permutation::new`].
    #[inline]
    fn shuffled<R: Rng>(&self, rng: &mut R) -> Selected<Self, Permutation> {
        self.select(Permutation::new(self.size(), rng))
    }

    /// The first `n` samples and the others: training and validation.
    ///
    /// ```
    /// use tensorlet::data::Order;
    /// let (train, validation) = (0..5).split_at(3);
    /// assert!(train.iter().eq(0..3) && validation.iter().eq(3..5));
    /// ```
    #[inline]
    fn split_at(&self, n: usize) -> (Selected<Self, Range<usize>>, Selected<Self, Range<usize>>) {
        let n = n.min(self.size());
        (self.select(0..n), self.select(n..self.size()))
    }

    /// Part `i` of `k`, to validate with, and all others, to train with: `(train, validation)` of
    /// k-fold cross-validation. The parts lie one behind the other; the first `len % k` have one sample
    /// more, as those of scikit-learn's `KFold`.
    ///
    /// ```
    /// use tensorlet::data::Order;
    /// let (train, validation) = (0..10).k_fold(1, 3);
    /// assert!(validation.iter().eq(4..7));
    /// assert!(train.iter().eq([0, 1, 2, 3, 7, 8, 9]));
    /// ```
    #[inline]
    fn k_fold(&self, i: usize, k: usize) -> (Selected<Self, Without>, Selected<Self, Range<usize>>) {
        let n = self.size();
        let (small, larger) = (n.checked_div(k).unwrap_or(n), n.checked_rem(k).unwrap_or(0));
        let start = i.saturating_mul(small).saturating_add(i.min(larger)).min(n);
        let end = start.saturating_add(small + usize::from(i < larger)).min(n);
        (self.select(Without { all: n, gap: [start, end] }), self.select(start..end))
    }
}

impl Order for Range<usize> {
    #[inline]
    fn size(&self) -> usize {
        self.end.saturating_sub(self.start)
    }

    #[inline]
    fn sample(&self, position: usize) -> Option<usize> {
        self.start.checked_add(position).filter(|&sample| sample < self.end)
    }
}

/// Indices in memory; negative ones name nothing.
impl<I: Index> Order for &[I] {
    #[inline]
    fn size(&self) -> usize {
        self.len()
    }

    #[inline]
    fn sample(&self, position: usize) -> Option<usize> {
        self.get(position).and_then(|index| index.position(usize::MAX))
    }
}

/// Some positions of an order, PyTorch's `Subset`: what [`Order::select`] gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selected<O, P> {
    samples: O,
    positions: P,
}

impl<O: Order, P: Order> Order for Selected<O, P> {
    #[inline]
    fn size(&self) -> usize {
        self.positions.size()
    }

    #[inline]
    fn sample(&self, position: usize) -> Option<usize> {
        self.samples.sample(self.positions.sample(position)?)
    }
}

/// All positions but a gap: the training part of [`Order::k_fold`], scikit-learn's `KFold`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Without {
    all: usize,
    gap: [usize; 2],
}

impl Order for Without {
    #[inline]
    fn size(&self) -> usize {
        let [start, end] = self.gap;
        self.all.saturating_sub(end.saturating_sub(start))
    }

    #[inline]
    fn sample(&self, position: usize) -> Option<usize> {
        let [start, end] = self.gap;
        let sample = if position < start { position } else { position.checked_add(end.saturating_sub(start))? };
        (sample < self.all).then_some(sample)
    }
}
