//! The largest or smallest elements.

use super::{Dim, axis, check_result};
use crate::{
    Element, Error, Index, Tensor,
    kernel::{samples, samples_mut},
    message::{Part, fail},
};

/// The `k` largest elements along dimension `D` in descending order, or the smallest in ascending
/// order, with their places: PyTorch's `x.topk(k, D, largest)`. `k` is the size of that dimension in
/// the results; with all of it they are `x.sort(D)`.
///
/// NaN counts as larger than all numbers. Of equal elements the one that stands first comes first,
/// which PyTorch leaves open. Takes `k` comparisons per element at most, and no scratch.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let (mut values, mut indices) = ([0.0; 2], [0_u8; 2]);
/// ops::topk(&[3.0, 9.0, 7.0, 9.0], Dim::<0>, true, &mut values, &mut indices);
/// assert_eq!((values, indices), ([9.0, 9.0], [1, 3]));
/// ops::topk(&[3.0, 9.0, 7.0, 9.0], Dim::<0>, false, &mut values, &mut indices);
/// assert_eq!((values, indices), ([3.0, 7.0], [0, 2]));
/// ```
#[inline]
pub fn topk<X: Tensor, const D: isize, Y: Tensor<Elem = X::Elem>, I: Tensor<Elem: Index>>(
    x: &X,
    _: Dim<D>,
    largest: bool,
    values: &mut Y,
    indices: &mut I,
) {
    let dims = const { lanes::<X, Y, I>(D) };
    sorted(x.elements(), dims, largest, values.elements_mut(), indices.elements_mut());
}

/// The gradient of [`topk`]: adds `∂L/∂x` to `dx`, from that of the values and the places that
/// [`topk`] found.
///
/// # Errors
/// [`Error::IndexOutOfRange`] if these are places of another tensor; `dx` is not changed then.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let mut dx = [0.0, 1.0, 0.0];
/// ops::topk_backward(&[1_u8, 2], &[5.0, 6.0], Dim::<0>, &mut dx)?;
/// assert_eq!(dx, [0.0, 6.0, 6.0]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[inline]
pub fn topk_backward<X: Tensor<Elem = f32>, const D: isize, Y: Tensor<Elem = f32>, I: Tensor<Elem: Index>>(
    indices: &I,
    dy: &Y,
    dim: Dim<D>,
    dx: &mut X,
) -> Result<(), Error> {
    const { lanes::<X, Y, I>(D) };
    super::scatter_add(dy, indices, dim, dx)
}

/// Places of the dimension in `x` and in the results, and the elements from one to the next.
pub(super) const fn lanes<X: Tensor, Y: Tensor, I: Tensor<Elem: Index>>(dim: isize) -> [usize; 3] {
    let d = axis::<X>("topk", dim);
    let (n, k) = (X::SHAPE.dim(d), Y::SHAPE.dim(d));
    check_result::<X>("topk", Y::SHAPE, X::SHAPE.with(d, if k < n { k } else { n }));
    check_result::<X>("topk", I::SHAPE, Y::SHAPE);
    if n as u64 > <I::Elem as Index>::PLACES {
        fail(&[
            Part::Text("`topk` has indices of type "),
            Part::Text(<I::Elem as Element>::NAME),
            Part::Text(", too small for "),
            Part::Number(n),
            Part::Text(" places"),
        ]);
    }
    [n, k, X::SHAPE.stride(d)]
}

/// Whether `a` stands before `b`.
#[inline(always)]
#[expect(clippy::eq_op, reason = "only NaN differs from itself")]
fn before<T: PartialOrd>(a: T, b: T, largest: bool) -> bool {
    if largest { a > b || (a != a && b == b) } else { a < b || (a == a && b != b) }
}

fn sorted<T: Element, I: Index>(
    x: &[T],
    [n, k, stride]: [usize; 3],
    largest: bool,
    values: &mut [T],
    indices: &mut [I],
) {
    let results = samples_mut(values, k * stride).zip(samples_mut(indices, k * stride));
    for (x, (values, indices)) in samples(x, n * stride).zip(results) {
        for (place, x) in samples(x, stride).enumerate() {
            for (first, &x) in x.iter().enumerate() {
                Lane { values, indices, k, first, stride }.insert(x, place, largest);
            }
        }
    }
}

/// The sorted results of one lane.
struct Lane<'a, T, I> {
    values: &'a mut [T],
    indices: &'a mut [I],
    k: usize,
    first: usize,
    stride: usize,
}

impl<T: Element, I: Index> Lane<'_, T, I> {
    /// Puts the element at `place` where it belongs among those before it, of which `place.min(k)`
    /// are here.
    #[inline(always)]
    fn insert(&mut self, x: T, place: usize, largest: bool) {
        // From the last one up, each that stands behind the new element moves down by one, the last one
        // out of the results if there is no room.
        let mut to = place.min(self.k);
        while let Some((value, index)) = to.checked_sub(1).and_then(|above| self.get(above)) {
            if !before(x, value, largest) {
                break;
            }
            self.set(to, value, index);
            to -= 1;
        }
        if let Some(index) = I::at(place) {
            self.set(to, x, index);
        }
    }

    #[inline(always)]
    fn get(&self, i: usize) -> Option<(T, I)> {
        let at = i * self.stride + self.first;
        Some((*self.values.get(at)?, *self.indices.get(at)?))
    }

    #[inline(always)]
    fn set(&mut self, i: usize, value: T, index: I) {
        let at = i * self.stride + self.first;
        if i < self.k
            && let (Some(v), Some(i)) = (self.values.get_mut(at), self.indices.get_mut(at))
        {
            (*v, *i) = (value, index);
        }
    }
}
