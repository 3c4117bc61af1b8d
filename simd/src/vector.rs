//! What the bodies need of a vector unit beyond arithmetic: memory and moves between lanes.
//!
//! The arithmetic is [`Lanes`] of the core crate. Reads and writes of slices are safe: where fewer
//! elements are left than the vector has lanes, the rest is neither read nor written. The kernels
//! that walk matrices and planes use the pointer forms.

use tensorlet::math::lanes::Lanes;

/// The largest number of lanes of any instruction set.
pub(crate) const MOST_LANES: usize = 16;

/// A vector unit. Implemented by tokens, so that holding `self` proves that the instructions exist.
pub(crate) trait Vector: Lanes {
    /// Vector registers, by which the kernels choose their tiles.
    const REGISTERS: usize;
    /// One offset per lane.
    type Index: Copy;

    /// The lanes `from..to`; both may lie beyond the last lane.
    fn range(self, from: usize, to: usize) -> Self::Mask;
    /// Bit `i` is lane `i`.
    fn bits(self, mask: Self::Mask) -> u32;
    /// Lane `i` is bit `i`.
    fn mask(self, bits: u32) -> Self::Mask;
    /// The sum of all lanes.
    fn sum_lanes(self, x: Self::V) -> f32;
    /// The offsets of the first `LANES` entries.
    fn index(self, offsets: &[i32; MOST_LANES]) -> Self::Index;

    /// `LANES` numbers.
    ///
    /// # Safety
    /// `from` is valid for reads of `LANES` numbers.
    unsafe fn load(self, from: *const f32) -> Self::V;

    /// The numbers of the lanes in `mask`, 0 in the others.
    ///
    /// # Safety
    /// For each lane `i` in `mask`, `from + i` is valid for a read. The others are not touched, and
    /// `from` itself may lie outside the allocation.
    unsafe fn load_masked(self, from: *const f32, mask: Self::Mask) -> Self::V;

    /// `from[index[i]]` in each lane `i` in `mask`, 0 in the others.
    ///
    /// # Safety
    /// For each lane `i` in `mask`, `from + index[i]` is valid for a read. The others are not
    /// touched, and `from` itself may lie outside the allocation.
    unsafe fn gather(self, from: *const f32, index: Self::Index, mask: Self::Mask) -> Self::V;

    /// Writes `LANES` numbers.
    ///
    /// # Safety
    /// `to` is valid for writes of `LANES` numbers.
    unsafe fn store(self, to: *mut f32, x: Self::V);

    /// Writes the lanes in `mask`.
    ///
    /// # Safety
    /// For each lane `i` in `mask`, `to + i` is valid for a write. The others are not touched.
    unsafe fn store_masked(self, to: *mut f32, mask: Self::Mask, x: Self::V);

    /// The first `LANES` numbers of a slice, 0 in the lanes behind its end.
    #[inline(always)]
    fn read(self, from: &[f32]) -> Self::V {
        if from.len() >= Self::LANES {
            // SAFETY: the slice has at least `LANES` numbers.
            unsafe { self.load(from.as_ptr()) }
        } else {
            // SAFETY: the mask has the lanes below the slice's length.
            unsafe { self.load_masked(from.as_ptr(), self.range(0, from.len())) }
        }
    }

    /// The first `LANES` numbers of a slice, `fill` in the lanes behind its end.
    #[inline(always)]
    fn read_or(self, from: &[f32], fill: Self::V) -> Self::V {
        if from.len() >= Self::LANES {
            self.read(from)
        } else {
            self.select(self.range(0, from.len()), self.read(from), fill)
        }
    }

    /// Writes the first `LANES` numbers of a slice; lanes behind its end are dropped.
    #[inline(always)]
    fn write(self, to: &mut [f32], x: Self::V) {
        if to.len() >= Self::LANES {
            // SAFETY: the slice has at least `LANES` numbers.
            unsafe { self.store(to.as_mut_ptr(), x) }
        } else {
            // SAFETY: the mask has the lanes below the slice's length.
            unsafe { self.store_masked(to.as_mut_ptr(), self.range(0, to.len()), x) }
        }
    }

    /// All lanes as an array; those that the vector lacks are 0.
    #[inline(always)]
    fn to_array(self, x: Self::V) -> [f32; MOST_LANES] {
        const { assert!(Self::LANES <= MOST_LANES) }
        let mut array = [0.0; MOST_LANES];
        self.write(&mut array, x);
        array
    }
}
