//! Parts of a tensor whose place is known at run time only.

use super::{Dim, axis, check_result, walk::Walk};
use crate::{Error, Tensor};

/// The places of dimension `D` from `start` on, as many as `y` has:
/// PyTorch's `x.narrow(D, start, length)`. [`slice`](fn@super::slice) for a place that is only known at run time.
///
/// # Errors
/// [`Error::IndexOutOfRange`] when the last place lies outside; `y` is not changed then.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let mut y = [0; 2];
/// ops::narrow(&[1, 2, 3], Dim::<0>, 1, &mut y)?;
/// assert_eq!(y, [2, 3]);
/// assert!(ops::narrow(&[1, 2, 3], Dim::<0>, 2, &mut y).is_err());
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[inline]
pub fn narrow<X: Tensor, const D: isize, Y: Tensor<Elem = X::Elem>>(
    x: &X,
    _: Dim<D>,
    start: usize,
    y: &mut Y,
) -> Result<(), Error> {
    let part = const { &narrowed::<X, Y>(D) };
    part.walk.load(part.of(x.elements(), start)?, y.elements_mut());
    Ok(())
}

/// The gradient of [`narrow`]: adds `∂L/∂x` to `dx`.
///
/// # Errors
/// As [`narrow`]; `dx` is not changed then.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let mut dx = [1.0, 1.0, 1.0];
/// ops::narrow_backward(&[5.0, 7.0], Dim::<0>, 1, &mut dx)?;
/// assert_eq!(dx, [1.0, 6.0, 8.0]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[inline]
pub fn narrow_backward<X: Tensor<Elem = f32>, const D: isize, Y: Tensor<Elem = f32>>(
    dy: &Y,
    _: Dim<D>,
    start: usize,
    dx: &mut X,
) -> Result<(), Error> {
    let part = const { &narrowed::<X, Y>(D) };
    part.check(start)?;
    let from = dx.elements_mut().get_mut(start * part.stride..).unwrap_or_default();
    part.walk.store_add(dy.elements(), from);
    Ok(())
}

/// Some places of a dimension of a tensor.
pub(super) struct Narrowed {
    walk: Walk,
    /// The places of the dimension, and how many of them are taken.
    places: [usize; 2],
    /// Elements from one place to the next.
    stride: usize,
}

impl Narrowed {
    fn check(&self, start: usize) -> Result<(), Error> {
        let [entries, n] = self.places;
        let last = start.saturating_add(n - 1);
        if last < entries { Ok(()) } else { Err(Error::IndexOutOfRange { position: 0, index: last as i64, entries }) }
    }

    /// The elements from a place on.
    fn of<'a, T>(&self, x: &'a [T], start: usize) -> Result<&'a [T], Error> {
        self.check(start)?;
        Ok(x.get(start * self.stride..).unwrap_or_default())
    }
}

pub(super) const fn narrowed<X: Tensor, Y: Tensor>(dim: isize) -> Narrowed {
    let d = axis::<X>("narrow", dim);
    let (all, n, stride) = (X::SHAPE.dim(d), Y::SHAPE.dim(d), X::SHAPE.stride(d));
    check_result::<X>("narrow", Y::SHAPE, X::SHAPE.with(d, if n < all { n } else { all }));
    let walk = Walk::from(0).around(n * stride, 1).around(X::SHAPE.product(0, d), (all * stride) as isize);
    Narrowed { walk, places: [all, n], stride }
}
