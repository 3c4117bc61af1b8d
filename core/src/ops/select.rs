//! Places of one or several dimensions that an index names, and classes as vectors.

use super::{Dim, Number, axis, check_indices, check_result, position};
use crate::{
    Element, Error, Index, Shape, Tensor,
    kernel::{samples, samples_mut},
    message::{Part, fail},
};

/// The places of dimension `D` that an index names: PyTorch's `x.index_select(D, index)`.
///
/// An index of several dimensions, or of none, stands in the result where dimension `D` was, as in
/// NumPy's `take` and ONNX's `Gather`: with a single number the dimension disappears.
///
/// # Errors
/// [`Error::IndexOutOfRange`]; `y` is not changed then.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let x = [[1, 2, 3], [4, 5, 6]];
/// let mut y = [[0; 2]; 2];
/// ops::index_select(&x, &[2_u8, 0], Dim::<1>, &mut y)?;
/// assert_eq!(y, [[3, 1], [6, 4]]);
/// let mut row = [0; 3];
/// ops::index_select(&x, &1_u8, Dim::<0>, &mut row)?;
/// assert_eq!(row, [4, 5, 6]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[inline]
pub fn index_select<X: Tensor, const D: isize, I: Tensor<Elem: Index>, Y: Tensor<Elem = X::Elem>>(
    x: &X,
    index: &I,
    _: Dim<D>,
    y: &mut Y,
) -> Result<(), Error> {
    let [n, stride] = const { selected::<X, I, Y>(D) };
    let index = index.elements();
    check_indices(index, n)?;
    for (x, y) in samples(x.elements(), n * stride).zip(samples_mut(y.elements_mut(), I::LEN * stride)) {
        for (index, y) in index.iter().zip(samples_mut(y, stride)) {
            let from = index.position(n).and_then(|place| x.get(place * stride..));
            y.iter_mut().zip(from.unwrap_or_default()).for_each(|(y, x)| *y = *x);
        }
    }
    Ok(())
}

/// The gradient of [`index_select`]: adds `∂L/∂x` to `dx`; a place that was selected twice gets both
/// gradients.
///
/// # Errors
/// [`Error::IndexOutOfRange`]; `dx` is not changed then.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let mut dx = [[0.0, 1.0], [0.0, 0.0]];
/// ops::index_select_backward(&[1_u8], &[[1.0], [2.0]], Dim::<1>, &mut dx)?;
/// assert_eq!(dx, [[0.0, 2.0], [0.0, 2.0]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[inline]
pub fn index_select_backward<X: Tensor<Elem = f32>, const D: isize, I: Tensor<Elem: Index>, Y: Tensor<Elem = f32>>(
    index: &I,
    dy: &Y,
    _: Dim<D>,
    dx: &mut X,
) -> Result<(), Error> {
    let [n, stride] = const { selected::<X, I, Y>(D) };
    let index = index.elements();
    check_indices(index, n)?;
    for (dx, dy) in samples_mut(dx.elements_mut(), n * stride).zip(samples(dy.elements(), I::LEN * stride)) {
        for (index, dy) in index.iter().zip(samples(dy, stride)) {
            let to = index.position(n).and_then(|place| dx.get_mut(place * stride..));
            to.unwrap_or_default().iter_mut().zip(dy).for_each(|(dx, dy)| *dx += dy);
        }
    }
    Ok(())
}

/// The places of the dimension, and the elements from one to the next.
pub(super) const fn selected<X: Tensor, I: Tensor, Y: Tensor>(dim: isize) -> [usize; 2] {
    let d = axis::<X>("index_select", dim);
    let (mut shape, mut i) = (X::SHAPE.remove(d), I::SHAPE.rank());
    while i > 0 {
        i -= 1;
        shape = shape.insert(d, I::SHAPE.dim(i));
    }
    check_result::<X>("index_select", Y::SHAPE, shape);
    [X::SHAPE.dim(d), X::SHAPE.stride(d)]
}

/// The first `B` dimensions of index and tensor belong together: ONNX's `batch_dims`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Batch<const B: usize>;

/// `y[i] = x[index[i][0]][index[i][1]]…`: each row of the index, its last dimension, names a place in
/// the leading dimensions of `x`: TensorFlow's `gather_nd` and ONNX's `GatherND`. With `Batch::<B>`
/// the first `B` dimensions of both run side by side.
///
/// # Errors
/// [`Error::IndexOutOfRange`]; `y` is not changed then.
///
/// ```
/// use tensorlet::ops::{self, Batch};
/// let x = [[1, 2], [3, 4]];
/// let mut y = [0; 2];
/// ops::gather_nd(&x, &[[1_u8, 0], [0, 1]], Batch::<0>, &mut y)?;
/// assert_eq!(y, [3, 2]);
/// ops::gather_nd(&x, &[[1_u8], [0]], Batch::<1>, &mut y)?;
/// assert_eq!(y, [2, 3]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[inline]
pub fn gather_nd<X: Tensor, const B: usize, I: Tensor<Elem: Index>, Y: Tensor<Elem = X::Elem>>(
    x: &X,
    index: &I,
    _: Batch<B>,
    y: &mut Y,
) -> Result<(), Error> {
    let nested = const { &Nested::of::<X, I, Y>(B) };
    let (x, y, index) = (x.elements(), y.elements_mut(), index.elements());
    nested.check(index)?;
    let batches = samples(index, nested.indices).zip(samples_mut(y, nested.results));
    for ((index, y), x) in batches.zip(samples(x, nested.batch)) {
        for (index, y) in samples(index, nested.depth).zip(samples_mut(y, nested.piece)) {
            let from = x.get(nested.position(index)..).unwrap_or_default();
            y.iter_mut().zip(from).for_each(|(y, x)| *y = *x);
        }
    }
    Ok(())
}

/// The gradient of [`gather_nd`]: adds `∂L/∂x` to `dx`.
///
/// # Errors
/// [`Error::IndexOutOfRange`]; `dx` is not changed then.
///
/// ```
/// use tensorlet::ops::{self, Batch};
/// let mut dx = [[1.0, 0.0], [0.0, 0.0]];
/// ops::gather_nd_backward(&[[1_u8, 0], [0, 0]], &[3.0, 2.0], Batch::<0>, &mut dx)?;
/// assert_eq!(dx, [[3.0, 0.0], [3.0, 0.0]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[inline]
pub fn gather_nd_backward<X: Tensor<Elem = f32>, const B: usize, I: Tensor<Elem: Index>, Y: Tensor<Elem = f32>>(
    index: &I,
    dy: &Y,
    _: Batch<B>,
    dx: &mut X,
) -> Result<(), Error> {
    let nested = const { &Nested::of::<X, I, Y>(B) };
    let (dx, dy, index) = (dx.elements_mut(), dy.elements(), index.elements());
    nested.check(index)?;
    let batches = samples(index, nested.indices).zip(samples(dy, nested.results));
    for ((index, dy), dx) in batches.zip(samples_mut(dx, nested.batch)) {
        for (index, dy) in samples(index, nested.depth).zip(samples(dy, nested.piece)) {
            let to = dx.get_mut(nested.position(index)..).unwrap_or_default();
            to.iter_mut().zip(dy).for_each(|(dx, dy)| *dx += dy);
        }
    }
    Ok(())
}

/// How rows of an index name pieces of a tensor.
pub(super) struct Nested {
    /// The named dimensions: their places, and the elements from one place to the next.
    dims: [[usize; 2]; Shape::MAX_RANK],
    /// Numbers in a row of the index.
    depth: usize,
    /// Elements that a row names.
    piece: usize,
    /// Elements of the index, of the result and of the tensor in a batch.
    indices: usize,
    results: usize,
    batch: usize,
}

impl Nested {
    pub(super) const fn of<X: Tensor, I: Tensor, Y: Tensor>(b: usize) -> Self {
        let (x, index) = (X::SHAPE, I::SHAPE);
        let (rows, depth) = (index.rank().saturating_sub(1), index.dim(index.rank().saturating_sub(1)));
        let mut fits = index.rank() > b && b + depth <= x.rank();
        let (mut shape, mut i) = (Shape::SCALAR, 0);
        while i < rows {
            fits &= i >= b || index.dim(i) == x.dim(i);
            shape = shape.insert(i, index.dim(i));
            i += 1;
        }
        if !fits {
            fail(&[
                Part::Text("shape mismatch: an index of shape "),
                Part::Shape(index),
                Part::Text(" does not fit `gather_nd` of a tensor of shape "),
                Part::Shape(x),
            ]);
        }
        let mut i = b + depth;
        while i < x.rank() {
            shape = shape.insert(shape.rank(), x.dim(i));
            i += 1;
        }
        check_result::<X>("gather_nd", Y::SHAPE, shape);
        let (mut dims, mut i) = ([[1, 0]; Shape::MAX_RANK], 0);
        while i < depth {
            dims[i] = [x.dim(b + i), x.stride(b + i)];
            i += 1;
        }
        Self {
            dims,
            depth,
            piece: x.product(b + depth, x.rank()),
            indices: index.product(b, index.rank()),
            results: shape.product(b, shape.rank()),
            batch: x.product(b, x.rank()),
        }
    }

    fn check<I: Index>(&self, index: &[I]) -> Result<(), Error> {
        for (row, numbers) in samples(index, self.depth).enumerate() {
            for (i, (&number, &[entries, _])) in numbers.iter().zip(&self.dims).enumerate() {
                if number.position(entries).is_none() {
                    let position = row * self.depth + i;
                    return Err(Error::IndexOutOfRange { position, index: number.to_i64(), entries });
                }
            }
        }
        Ok(())
    }

    /// Where the piece is that a row names; it has been checked.
    fn position<I: Index>(&self, row: &[I]) -> usize {
        row.iter().zip(&self.dims).map(|(i, &[n, stride])| i.position(n).unwrap_or(0) * stride).sum()
    }
}

/// Each number as a vector of `C` elements, 1 at its place and 0 elsewhere:
/// PyTorch's `F.one_hot(index, C)`, of any element type. The result has one dimension more than the index.
/// It has no gradient.
///
/// # Errors
/// [`Error::IndexOutOfRange`]; `y` is not changed then.
///
/// ```
/// use tensorlet::ops;
/// let mut y = [[0.0_f32; 3]; 2];
/// ops::one_hot(&[2_u8, 0], &mut y)?;
/// assert_eq!(y, [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[inline]
pub fn one_hot<I: Tensor<Elem: Index>, Y: Tensor<Elem: Number>>(index: &I, y: &mut Y) -> Result<(), Error> {
    one_hot_along(index, Dim::<-1>, [Y::Elem::ZERO, Y::Elem::ONE], y)
}

/// [`one_hot`] with the classes along dimension `D` of the result, and any two values `[off, on]`:
/// ONNX's `OneHot`. It has no gradient.
///
/// # Errors
/// [`Error::IndexOutOfRange`]; `y` is not changed then.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let mut y = [[0; 2]; 3];
/// ops::one_hot_along(&[2_u8, 0], Dim::<0>, [5, 7], &mut y)?;
/// assert_eq!(y, [[5, 7], [5, 5], [7, 5]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[inline]
pub fn one_hot_along<I: Tensor<Elem: Index>, const D: isize, Y: Tensor>(
    index: &I,
    _: Dim<D>,
    [off, on]: [Y::Elem; 2],
    y: &mut Y,
) -> Result<(), Error> {
    let [classes, stride] = const {
        let d = position("one_hot", Y::SHAPE, D);
        check_result::<I>("one_hot", Y::SHAPE, I::SHAPE.insert(d, Y::SHAPE.dim(d)));
        [Y::SHAPE.dim(d), Y::SHAPE.stride(d)]
    };
    let (index, y) = (index.elements(), y.elements_mut());
    check_indices(index, classes)?;
    y.fill(off);
    for (index, y) in samples(index, stride).zip(samples_mut(y, classes * stride)) {
        for (i, index) in index.iter().enumerate() {
            if let Some(y) = index.position(classes).and_then(|class| y.get_mut(class * stride + i)) {
                *y = on;
            }
        }
    }
    Ok(())
}
