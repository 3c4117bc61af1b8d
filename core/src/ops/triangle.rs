//! Matrices without one of their corners.

use crate::{
    Element, Shape, Tensor,
    kernel::{samples, samples_mut},
    message::{Part, fail},
};

/// The lower triangle of each matrix, 0 above: `y_ij = x_ij` where `j - i ≤ diagonal`.
/// PyTorch's `x.tril(diagonal)`; the matrices are the last two dimensions.
///
/// ```
/// use tensorlet::ops;
/// let mut y = [[0; 2]; 2];
/// ops::tril(&[[1, 2], [3, 4]], 0, &mut y);
/// assert_eq!(y, [[1, 0], [3, 4]]);
/// ```
#[inline]
pub fn tril<X: Tensor>(x: &X, diagonal: isize, y: &mut X) {
    const { matrices("tril", X::SHAPE) };
    kept(x.elements(), y.elements_mut(), X::SHAPE, |i, j| j - i <= diagonal, |y, x| *y = x.unwrap_or(X::Elem::ZERO));
}

/// The gradient of [`tril`]: adds `∂L/∂x` to `dx`.
///
/// ```
/// use tensorlet::ops;
/// let mut dx = [[1.0, 1.0], [1.0, 1.0]];
/// ops::tril_backward(&[[1.0, 2.0], [3.0, 4.0]], 0, &mut dx);
/// assert_eq!(dx, [[2.0, 1.0], [4.0, 5.0]]);
/// ```
#[inline]
pub fn tril_backward<X: Tensor<Elem = f32>>(dy: &X, diagonal: isize, dx: &mut X) {
    kept(dy.elements(), dx.elements_mut(), X::SHAPE, |i, j| j - i <= diagonal, |dx, dy| *dx += dy.unwrap_or(0.0));
}

/// The upper triangle of each matrix, 0 below: `y_ij = x_ij` where `j - i ≥ diagonal`.
/// PyTorch's `x.triu(diagonal)`; the matrices are the last two dimensions.
///
/// ```
/// use tensorlet::ops;
/// let mut y = [[0; 2]; 2];
/// ops::triu(&[[1, 2], [3, 4]], 1, &mut y);
/// assert_eq!(y, [[0, 2], [0, 0]]);
/// ```
#[inline]
pub fn triu<X: Tensor>(x: &X, diagonal: isize, y: &mut X) {
    const { matrices("triu", X::SHAPE) };
    kept(x.elements(), y.elements_mut(), X::SHAPE, |i, j| j - i >= diagonal, |y, x| *y = x.unwrap_or(X::Elem::ZERO));
}

/// The gradient of [`triu`]: adds `∂L/∂x` to `dx`.
///
/// ```
/// use tensorlet::ops;
/// let mut dx = [[1.0, 1.0], [1.0, 1.0]];
/// ops::triu_backward(&[[1.0, 2.0], [3.0, 4.0]], 0, &mut dx);
/// assert_eq!(dx, [[2.0, 3.0], [1.0, 5.0]]);
/// ```
#[inline]
pub fn triu_backward<X: Tensor<Elem = f32>>(dy: &X, diagonal: isize, dx: &mut X) {
    kept(dy.elements(), dx.elements_mut(), X::SHAPE, |i, j| j - i >= diagonal, |dx, dy| *dx += dy.unwrap_or(0.0));
}

pub(super) const fn matrices(operation: &str, shape: Shape) {
    if shape.rank() < 2 {
        fail(&[
            Part::Text("shape mismatch: `"),
            Part::Text(operation),
            Part::Text("` takes matrices, not a tensor of shape "),
            Part::Shape(shape),
        ]);
    }
}

/// `f(y_ij, x_ij)` where an element is kept, `f(y_ij, None)` elsewhere.
#[inline(always)]
fn kept<T: Copy>(
    x: &[T],
    y: &mut [T],
    shape: Shape,
    keep: impl Fn(isize, isize) -> bool,
    mut f: impl FnMut(&mut T, Option<T>),
) {
    let (rows, columns) = (shape.dim(shape.rank().wrapping_sub(2)), shape.dim(shape.rank().wrapping_sub(1)));
    for (x, y) in samples(x, rows * columns).zip(samples_mut(y, rows * columns)) {
        for (i, (x, y)) in samples(x, columns).zip(samples_mut(y, columns)).enumerate() {
            for (j, (x, y)) in x.iter().zip(y).enumerate() {
                f(y, keep(i as isize, j as isize).then_some(*x));
            }
        }
    }
}
