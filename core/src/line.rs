//! Lines of elements along a dimension, which in memory stand apart unless the dimension is the last.

use core::cell::Cell;

use crate::{
    Tensor,
    kernel::{samples, samples_mut},
    ops::axis,
};

/// The elements along a dimension at one place of the others.
#[derive(Debug)]
pub(crate) struct Line<'a, T = Cell<f32>> {
    elements: &'a [T],
    stride: usize,
}

// A derive would ask for elements that are `Copy`.
impl<T> Clone for Line<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Line<'_, T> {}

impl<'a, T> Line<'a, T> {
    /// The elements in order.
    #[inline(always)]
    pub(crate) fn iter(self) -> impl Iterator<Item = &'a T> {
        let mut rest = self.elements;
        core::iter::from_fn(move || {
            let first = rest.first();
            rest = rest.get(self.stride..).unwrap_or_default();
            first
        })
    }
}

impl<'a> Line<'a> {
    /// The largest element; `-∞` if all are NaN.
    #[inline(always)]
    pub(crate) fn max(self) -> f32 {
        self.iter().fold(f32::NEG_INFINITY, |max, x| if x.get() > max { x.get() } else { max })
    }

    /// The same for all elements.
    #[inline(always)]
    pub(crate) fn fill(self, value: f32) {
        self.iter().for_each(|x| x.set(value));
    }
}

/// How a dimension lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lines {
    /// Elements of a line.
    pub(crate) len: usize,
    /// How far neighbours are apart: the number of lines that are interleaved.
    pub(crate) stride: usize,
}

impl Lines {
    /// The lines of `X` along a dimension. Fails to compile where there is none.
    pub(crate) const fn along<X: Tensor>(operation: &str, dim: isize) -> Self {
        let axis = axis::<X>(operation, dim);
        let (mut stride, mut i) = (1, axis + 1);
        while i < X::SHAPE.rank() {
            stride *= X::SHAPE.dim(i);
            i += 1;
        }
        Self { len: X::SHAPE.dim(axis), stride }
    }

    /// Whether the lines are rows, without gaps, for which there are kernels.
    #[inline(always)]
    pub(crate) const fn are_rows(self) -> bool {
        self.stride == 1
    }

    /// The lines as rows, if they are [rows](Self::are_rows).
    #[inline(always)]
    pub(crate) fn rows(self, x: &mut [f32]) -> impl Iterator<Item = &mut [f32]> {
        samples_mut(x, self.len)
    }

    /// All lines of these elements, in the order of the other dimensions.
    #[inline(always)]
    pub(crate) fn of<T>(self, elements: &[T]) -> impl Iterator<Item = Line<'_, T>> {
        let Self { len, stride } = self;
        samples(elements, len * stride).flat_map(move |block| {
            (0..stride).map(move |place| Line { elements: block.get(place..).unwrap_or_default(), stride })
        })
    }
}

/// Elements that several lines may change.
#[inline(always)]
pub(crate) fn cells(x: &mut [f32]) -> &[Cell<f32>] {
    Cell::from_mut(x).as_slice_of_cells()
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn lines_of_each_dimension() {
        const X: [[[u8; 2]; 3]; 2] = [[[0, 1], [2, 3], [4, 5]], [[6, 7], [8, 9], [10, 11]]];
        let all = |lines: Lines| -> Vec<Vec<u8>> {
            lines.of(X.elements()).map(|line| line.iter().copied().collect()).collect()
        };
        let lines = |dim| Lines::along::<[[[u8; 2]; 3]; 2]>("test", dim);
        assert_eq!(all(lines(0)), [[0, 6], [1, 7], [2, 8], [3, 9], [4, 10], [5, 11]]);
        assert_eq!(all(lines(1)), [[0, 2, 4], [1, 3, 5], [6, 8, 10], [7, 9, 11]]);
        assert_eq!(all(lines(-1)), [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9], [10, 11]]);
    }
}
