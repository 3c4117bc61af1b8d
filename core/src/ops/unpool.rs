//! Max-unpooling: values back to where they were the maximum.

use super::check_indices;
use crate::{
    Error, Index, Tensor,
    kernel::{samples, samples_mut},
    message::{Part, fail},
};

/// Each value at the place that its index names, zeros elsewhere: PyTorch's
/// `max_unpool2d(x, indices, …, output_size)`.
///
/// The last two dimensions are rows and columns, those before (channels, and samples if there are any)
/// the same for all tensors. The indices count the places of `y`'s rows and columns row by row, as
/// [`MaxPool2d::forward_with_indices`](crate::MaxPool2d::forward_with_indices) gives them. Of several
/// values for one place the last stays.
///
/// # Errors
/// [`Error::IndexOutOfRange`]; `y` is not changed then.
///
/// ```
/// use tensorlet::ops;
/// let mut y = [[[0.0; 3]; 2]];
/// ops::max_unpool2d(&[[[5.0, 6.0]]], &[[[1_u8, 5]]], &mut y)?;
/// assert_eq!(y, [[[0.0, 5.0, 0.0], [0.0, 0.0, 6.0]]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[inline]
pub fn max_unpool2d<X: Tensor<Elem = f32>, I: Tensor<Elem: Index>, Y: Tensor<Elem = f32>>(
    x: &X,
    indices: &I,
    y: &mut Y,
) -> Result<(), Error> {
    unpool(x.elements(), indices.elements(), const { planes::<X, I, Y>("max_unpool2d", 2) }, y.elements_mut())
}

/// The gradient of [`max_unpool2d`]: adds to each `dx` the `dy` at its place.
///
/// # Errors
/// [`Error::IndexOutOfRange`]; `dx` is not changed then.
///
/// ```
/// use tensorlet::ops;
/// let (dy, mut dx) = ([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]], [[[0.0, 10.0]]]);
/// ops::max_unpool2d_backward(&[[[1_u8, 5]]], &dy, &mut dx)?;
/// assert_eq!(dx, [[[2.0, 16.0]]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[inline]
pub fn max_unpool2d_backward<X: Tensor<Elem = f32>, I: Tensor<Elem: Index>, Y: Tensor<Elem = f32>>(
    indices: &I,
    dy: &Y,
    dx: &mut X,
) -> Result<(), Error> {
    backward(indices.elements(), dy.elements(), const { planes::<X, I, Y>("max_unpool2d", 2) }, dx.elements_mut())
}

/// [`max_unpool2d`] of one dimension: PyTorch's `max_unpool1d`.
///
/// # Errors
/// [`Error::IndexOutOfRange`]; `y` is not changed then.
///
/// ```
/// use tensorlet::ops;
/// let mut y = [[0.0; 4]];
/// ops::max_unpool1d(&[[5.0, 6.0]], &[[1_u8, 2]], &mut y)?;
/// assert_eq!(y, [[0.0, 5.0, 6.0, 0.0]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[inline]
pub fn max_unpool1d<X: Tensor<Elem = f32>, I: Tensor<Elem: Index>, Y: Tensor<Elem = f32>>(
    x: &X,
    indices: &I,
    y: &mut Y,
) -> Result<(), Error> {
    unpool(x.elements(), indices.elements(), const { planes::<X, I, Y>("max_unpool1d", 1) }, y.elements_mut())
}

/// The gradient of [`max_unpool1d`]: adds to each `dx` the `dy` at its place.
///
/// ```
/// use tensorlet::ops;
/// let mut dx = [[0.0; 2]];
/// ops::max_unpool1d_backward(&[[1, 2_u8]], &[[1.0, 2.0, 3.0, 4.0]], &mut dx)?;
/// assert_eq!(dx, [[2.0, 3.0]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
///
/// # Errors
/// [`Error::IndexOutOfRange`]; `dx` is not changed then.
///
/// ```
/// use tensorlet::ops;
/// let mut dx = [[0.0, 10.0]];
/// ops::max_unpool1d_backward(&[[1_u8, 2]], &[[1.0, 2.0, 3.0, 4.0]], &mut dx)?;
/// assert_eq!(dx, [[2.0, 13.0]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[inline]
pub fn max_unpool1d_backward<X: Tensor<Elem = f32>, I: Tensor<Elem: Index>, Y: Tensor<Elem = f32>>(
    indices: &I,
    dy: &Y,
    dx: &mut X,
) -> Result<(), Error> {
    backward(indices.elements(), dy.elements(), const { planes::<X, I, Y>("max_unpool1d", 1) }, dx.elements_mut())
}

/// Elements of a plane of the last `rank` dimensions of `X` and of `Y`. Fails to compile unless the
/// others are the same, and the indices those of `X`.
const fn planes<X: Tensor, I: Tensor, Y: Tensor>(operation: &str, rank: usize) -> [usize; 2] {
    let (x, y) = (X::SHAPE, Y::SHAPE);
    let mut fits = x.equals(&I::SHAPE) && x.rank() == y.rank() && x.rank() >= rank;
    let (mut from, mut to, mut i) = (1, 1, 0);
    while i < x.rank() {
        if i + rank < x.rank() {
            fits &= x.dim(i) == y.dim(i);
        } else {
            (from, to) = (from * x.dim(i), to * y.dim(i));
        }
        i += 1;
    }
    if !fits {
        fail(&[
            Part::Text("shape mismatch: `"),
            Part::Text(operation),
            Part::Text("` of a tensor of shape "),
            Part::Shape(x),
            Part::Text(" with indices of shape "),
            Part::Shape(I::SHAPE),
            Part::Text(" cannot give a tensor of shape "),
            Part::Shape(y),
        ]);
    }
    [from, to]
}

fn unpool<I: Index>(x: &[f32], indices: &[I], [from, to]: [usize; 2], y: &mut [f32]) -> Result<(), Error> {
    check_indices(indices, to)?;
    y.fill(0.0);
    let mut indices = indices.iter();
    for (x, y) in samples(x, from).zip(samples_mut(y, to)) {
        for (x, index) in x.iter().zip(indices.by_ref()) {
            if let Some(y) = index.position(to).and_then(|position| y.get_mut(position)) {
                *y = *x;
            }
        }
    }
    Ok(())
}

fn backward<I: Index>(indices: &[I], dy: &[f32], [from, to]: [usize; 2], dx: &mut [f32]) -> Result<(), Error> {
    check_indices(indices, to)?;
    let mut indices = indices.iter();
    for (dx, dy) in samples_mut(dx, from).zip(samples(dy, to)) {
        for (dx, index) in dx.iter_mut().zip(indices.by_ref()) {
            if let Some(dy) = index.position(to).and_then(|position| dy.get(position)) {
                *dx += dy;
            }
        }
    }
    Ok(())
}
