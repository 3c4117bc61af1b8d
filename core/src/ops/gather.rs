//! Elements that an index names, one for each element of the result, and the way back.

use super::{Dim, Number, axis, check_indices, walk::Walk};
use crate::{
    Error, Index, Tensor,
    message::{Part, fail},
};

/// `y[i][j][k] = x[index[i][j][k]][j][k]` for `D = 0`, and so on: PyTorch's `x.gather(D, index)`.
///
/// The index has as many dimensions as `x`, each but `D` at most as large; the result has its shape.
///
/// # Errors
/// [`Error::IndexOutOfRange`]; `y` is not changed then.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let mut y = [[0; 2]; 2];
/// ops::gather(&[[1, 2], [3, 4]], &[[0_u8, 0], [1, 0]], Dim::<1>, &mut y)?;
/// assert_eq!(y, [[1, 1], [4, 3]]);
/// assert!(ops::gather(&[[1, 2], [3, 4]], &[[0_u8, 2], [0, 0]], Dim::<1>, &mut y).is_err());
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[inline]
pub fn gather<X: Tensor, const D: isize, I: Tensor<Elem: Index>, Y: Tensor<Elem = X::Elem>>(
    x: &X,
    index: &I,
    _: Dim<D>,
    y: &mut Y,
) -> Result<(), Error> {
    let places = const { &named::<X, I>("gather", D) };
    const { same::<I, Y>("gather") };
    let (x, index) = (x.elements(), index.elements());
    check_indices(index, places.n)?;
    places.each(index, y.elements_mut(), |y, position| {
        if let Some(x) = x.get(position) {
            *y = *x;
        }
    });
    Ok(())
}

/// The gradient of [`gather`]: adds `∂L/∂x` to `dx`; an element that was gathered twice gets both
/// gradients.
///
/// # Errors
/// [`Error::IndexOutOfRange`]; `dx` is not changed then.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let mut dx = [0.0, 1.0, 0.0];
/// ops::gather_backward(&[1_u8, 1], &[1.0, 2.0], Dim::<0>, &mut dx)?;
/// assert_eq!(dx, [0.0, 4.0, 0.0]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[inline]
pub fn gather_backward<X: Tensor<Elem = f32>, const D: isize, I: Tensor<Elem: Index>, Y: Tensor<Elem = f32>>(
    index: &I,
    dy: &Y,
    _: Dim<D>,
    dx: &mut X,
) -> Result<(), Error> {
    scatter_to::<X, D, I, Y>(index, dy, dx, |dx, dy| *dx += dy)
}

/// `y[index[i][j][k]][j][k] = x[i][j][k]` for `D = 0`, and so on; all other elements of `y` stay:
/// PyTorch's `y.scatter_(D, index, x)`. Of several elements for one place the last one stays.
///
/// # Errors
/// [`Error::IndexOutOfRange`]; `y` is not changed then.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let mut y = [0; 4];
/// ops::scatter(&[7, 8], &[3_u8, 1], Dim::<0>, &mut y)?;
/// assert_eq!(y, [0, 8, 0, 7]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[inline]
pub fn scatter<X: Tensor, const D: isize, I: Tensor<Elem: Index>, Y: Tensor<Elem = X::Elem>>(
    x: &X,
    index: &I,
    _: Dim<D>,
    y: &mut Y,
) -> Result<(), Error> {
    scatter_to::<Y, D, I, X>(index, x, y, |y, x| *y = x)
}

/// The gradient of [`scatter`]: adds `∂L/∂x` to `dx`, and makes of `dy` the gradient of what `y` was
/// before, which is 0 where it was overwritten.
///
/// As in PyTorch, the gradient is that of places named once.
///
/// # Errors
/// [`Error::IndexOutOfRange`]; nothing is changed then.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let (mut dy, mut dx) = ([1.0, 2.0, 3.0], [0.5]);
/// ops::scatter_backward(&[1_u8], Dim::<0>, &mut dy, &mut dx)?;
/// assert_eq!((dy, dx), ([1.0, 0.0, 3.0], [2.5]));
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[inline]
pub fn scatter_backward<X: Tensor<Elem = f32>, const D: isize, I: Tensor<Elem: Index>, Y: Tensor<Elem = f32>>(
    index: &I,
    dim: Dim<D>,
    dy: &mut Y,
    dx: &mut X,
) -> Result<(), Error> {
    scatter_add_backward(index, dy, dim, dx)?;
    let places = const { &named::<Y, I>("scatter", D) };
    let dy = dy.elements_mut();
    places.each(index.elements(), core::iter::repeat(()), |(), position| {
        if let Some(dy) = dy.get_mut(position) {
            *dy = 0.0;
        }
    });
    Ok(())
}

/// [`scatter`] that adds to what is there: PyTorch's `y.scatter_add_(D, index, x)`.
///
/// # Errors
/// [`Error::IndexOutOfRange`]; `y` is not changed then.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let mut y = [0.0, 1.0];
/// ops::scatter_add(&[1.0, 2.0, 3.0], &[1_u8, 0, 1], Dim::<0>, &mut y)?;
/// assert_eq!(y, [2.0, 5.0]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[inline]
pub fn scatter_add<X: Tensor<Elem: Number>, const D: isize, I: Tensor<Elem: Index>, Y: Tensor<Elem = X::Elem>>(
    x: &X,
    index: &I,
    _: Dim<D>,
    y: &mut Y,
) -> Result<(), Error> {
    scatter_to::<Y, D, I, X>(index, x, y, |y, x| *y = y.add(x))
}

/// The gradient of [`scatter_add`]: adds `∂L/∂x` to `dx`; that of what `y` was before is `dy`.
///
/// # Errors
/// [`Error::IndexOutOfRange`]; `dx` is not changed then.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let mut dx = [0.5, 0.0];
/// ops::scatter_add_backward(&[1_u8, 1], &[1.0, 2.0, 3.0], Dim::<0>, &mut dx)?;
/// assert_eq!(dx, [2.5, 2.0]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[inline]
pub fn scatter_add_backward<X: Tensor<Elem = f32>, const D: isize, I: Tensor<Elem: Index>, Y: Tensor<Elem = f32>>(
    index: &I,
    dy: &Y,
    _: Dim<D>,
    dx: &mut X,
) -> Result<(), Error> {
    let places = const { &named::<Y, I>("scatter", D) };
    const { same::<I, X>("scatter") };
    let (dy, index) = (dy.elements(), index.elements());
    check_indices(index, places.n)?;
    places.each(index, dx.elements_mut(), |dx, position| *dx += dy.get(position).copied().unwrap_or_default());
    Ok(())
}

/// How [`scatter_reduce`] combines elements with what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduce {
    /// The product: `reduce="prod"`.
    Prod,
    /// The largest: `reduce="amax"`. NaN wins.
    Amax,
    /// The smallest: `reduce="amin"`. NaN wins.
    Amin,
}

/// [`scatter`] that combines with what is there: PyTorch's `y.scatter_reduce_(D, index, x, reduce)`.
/// Sums are [`scatter_add`], which alone of them has gradients.
///
/// # Errors
/// [`Error::IndexOutOfRange`]; `y` is not changed then.
///
/// ```
/// use tensorlet::ops::{self, Dim, Reduce};
/// let mut y = [2.0, 1.0];
/// ops::scatter_reduce(&[1.0, 2.0, 3.0], &[1_u8, 0, 1], Dim::<0>, Reduce::Amax, &mut y)?;
/// assert_eq!(y, [2.0, 3.0]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[inline]
pub fn scatter_reduce<X: Tensor<Elem: Number>, const D: isize, I: Tensor<Elem: Index>, Y: Tensor<Elem = X::Elem>>(
    x: &X,
    index: &I,
    _: Dim<D>,
    reduce: Reduce,
    y: &mut Y,
) -> Result<(), Error> {
    scatter_to::<Y, D, I, X>(index, x, y, |y, x| {
        *y = match reduce {
            Reduce::Prod => y.mul(x),
            Reduce::Amax => x.maximum(*y),
            Reduce::Amin => x.minimum(*y),
        };
    })
}

#[inline(always)]
fn scatter_to<Y: Tensor, const D: isize, I: Tensor<Elem: Index>, X: Tensor<Elem = Y::Elem>>(
    index: &I,
    x: &X,
    y: &mut Y,
    mut f: impl FnMut(&mut Y::Elem, Y::Elem),
) -> Result<(), Error> {
    let places = const { &named::<Y, I>("scatter", D) };
    const { same::<I, X>("scatter") };
    let (index, y) = (index.elements(), y.elements_mut());
    check_indices(index, places.n)?;
    places.each(index, x.elements(), |x, position| {
        if let Some(y) = y.get_mut(position) {
            f(y, *x);
        }
    });
    Ok(())
}

/// The places of a tensor that the elements of an index name.
pub(super) struct Places {
    /// Over the index, in the dimensions that it shares with the tensor.
    walk: Walk,
    /// The places of the dimension that it names, and the elements from one to the next.
    n: usize,
    stride: usize,
}

impl Places {
    /// Calls `f(a_i, position_i)`. The indices have been checked.
    #[inline(always)]
    fn each<I: Index, A>(&self, index: &[I], a: impl IntoIterator<Item = A>, mut f: impl FnMut(A, usize)) {
        self.walk.zip(index.iter().zip(a), |(index, a), position| {
            if let Some(place) = index.position(self.n) {
                f(a, position + place * self.stride);
            }
        });
    }
}

pub(super) const fn named<X: Tensor, I: Tensor>(operation: &str, dim: isize) -> Places {
    let (x, index, d) = (X::SHAPE, I::SHAPE, axis::<X>(operation, dim));
    let mut fits = x.rank() == index.rank();
    let (mut walk, mut i) = (Walk::from(0), index.rank());
    while i > 0 {
        i -= 1;
        fits &= i == d || index.dim(i) <= x.dim(i);
        walk = walk.around(index.dim(i), if i == d { 0 } else { x.stride(i) as isize });
    }
    if !fits {
        misfit(operation, index, x);
    }
    Places { walk, n: x.dim(d), stride: x.stride(d) }
}

const fn same<I: Tensor, X: Tensor>(operation: &str) {
    if !I::SHAPE.equals(&X::SHAPE) {
        misfit(operation, I::SHAPE, X::SHAPE);
    }
}

const fn misfit(operation: &str, index: crate::Shape, x: crate::Shape) -> ! {
    fail(&[
        Part::Text("shape mismatch: an index of shape "),
        Part::Shape(index),
        Part::Text(" does not fit `"),
        Part::Text(operation),
        Part::Text("` of a tensor of shape "),
        Part::Shape(x),
    ]);
}
