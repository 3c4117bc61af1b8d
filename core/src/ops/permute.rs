//! The order of dimensions, and the direction in which they are read.

use super::{Dim, Dims, axis, check_result, reduce, walk::Walk};
use crate::{
    Tensor,
    message::{Part, fail},
};

/// Dimension `i` of the result is dimension `dims[i]` of `x`: PyTorch's `x.permute(dims)`.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let x = [[[1, 2, 3]], [[4, 5, 6]]]; // [2, 1, 3]
/// let mut y = [[[0; 1]; 2]; 3];
/// ops::permute(&x, (Dim::<2>, Dim::<0>, Dim::<1>), &mut y);
/// assert_eq!(y, [[[1], [4]], [[2], [5]], [[3], [6]]]);
/// ```
#[inline]
pub fn permute<X: Tensor, D: Dims, Y: Tensor<Elem = X::Elem>>(x: &X, _: D, y: &mut Y) {
    let walk = const { &permuted::<X, D, Y>() };
    walk.load(x.elements(), y.elements_mut());
}

/// The gradient of [`permute`]: adds `∂L/∂x` to `dx`.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let mut dx = [[1.0, 1.0], [0.0, 0.0]];
/// ops::permute_backward(&[[1.0, 2.0], [3.0, 4.0]], (Dim::<1>, Dim::<0>), &mut dx);
/// assert_eq!(dx, [[2.0, 4.0], [2.0, 4.0]]);
/// ```
#[inline]
pub fn permute_backward<X: Tensor<Elem = f32>, D: Dims, Y: Tensor<Elem = f32>>(dy: &Y, _: D, dx: &mut X) {
    let walk = const { &permuted::<X, D, Y>() };
    walk.store_add(dy.elements(), dx.elements_mut());
}

pub(super) const fn permuted<X: Tensor, D: Dims, Y: Tensor>() -> Walk {
    let dims = match D::DIMS {
        Some(dims) if dims.len() == X::SHAPE.rank() => dims,
        _ => fail(&[
            Part::Text("shape mismatch: `permute` must name each dimension of a tensor of shape "),
            Part::Shape(X::SHAPE),
        ]),
    };
    let (mut shape, mut walk) = (X::SHAPE, Walk::from(0));
    let (mut seen, mut i) = (0_usize, X::SHAPE.rank());
    while i > 0 {
        i -= 1;
        let from = axis::<X>("permute", dims[i]);
        seen |= 1 << from;
        shape = shape.with(i, X::SHAPE.dim(from));
        walk = walk.around(X::SHAPE.dim(from), X::SHAPE.stride(from) as isize);
    }
    if seen + 1 != 1 << X::SHAPE.rank() {
        fail(&[
            Part::Text("shape mismatch: `permute` of a tensor of shape "),
            Part::Shape(X::SHAPE),
            Part::Text(" names a dimension twice"),
        ]);
    }
    check_result::<X>("permute", Y::SHAPE, shape);
    walk
}

/// Dimensions `A` and `B` change places: PyTorch's `x.transpose(A, B)`.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let mut y = [[0; 2]; 3];
/// ops::transpose(&[[1, 2, 3], [4, 5, 6]], Dim::<0>, Dim::<-1>, &mut y);
/// assert_eq!(y, [[1, 4], [2, 5], [3, 6]]);
/// ```
#[inline]
pub fn transpose<X: Tensor, const A: isize, const B: isize, Y: Tensor<Elem = X::Elem>>(
    x: &X,
    _: Dim<A>,
    _: Dim<B>,
    y: &mut Y,
) {
    let walk = const { &transposed::<X, Y>(A, B) };
    walk.load(x.elements(), y.elements_mut());
}

/// The gradient of [`transpose`]: adds `∂L/∂x` to `dx`.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let mut dx = [[1.0, 1.0], [0.0, 0.0]];
/// ops::transpose_backward(&[[1.0, 2.0], [3.0, 4.0]], Dim::<0>, Dim::<1>, &mut dx);
/// assert_eq!(dx, [[2.0, 4.0], [2.0, 4.0]]);
/// ```
#[inline]
pub fn transpose_backward<X: Tensor<Elem = f32>, const A: isize, const B: isize, Y: Tensor<Elem = f32>>(
    dy: &Y,
    _: Dim<A>,
    _: Dim<B>,
    dx: &mut X,
) {
    let walk = const { &transposed::<X, Y>(A, B) };
    walk.store_add(dy.elements(), dx.elements_mut());
}

/// A matrix with rows and columns exchanged: PyTorch's `x.t()`.
///
/// ```
/// use tensorlet::ops;
/// let mut y = [[0; 2]; 3];
/// ops::t(&[[1, 2, 3], [4, 5, 6]], &mut y);
/// assert_eq!(y, [[1, 4], [2, 5], [3, 6]]);
/// ```
#[inline]
pub fn t<T: Tensor, const R: usize, const C: usize>(x: &[[T; C]; R], y: &mut [[T; R]; C]) {
    let walk = const { &transposed::<[[T; C]; R], [[T; R]; C]>(0, 1) };
    walk.load(x.elements(), y.elements_mut());
}

/// The gradient of [`t`]: adds `∂L/∂x` to `dx`.
///
/// ```
/// use tensorlet::ops;
/// let mut dx = [[0.0, 0.0, 1.0]];
/// ops::t_backward(&[[1.0], [2.0], [3.0]], &mut dx);
/// assert_eq!(dx, [[1.0, 2.0, 4.0]]);
/// ```
#[inline]
pub fn t_backward<const R: usize, const C: usize>(dy: &[[f32; R]; C], dx: &mut [[f32; C]; R]) {
    let walk = const { &transposed::<[[f32; C]; R], [[f32; R]; C]>(0, 1) };
    walk.store_add(dy.elements(), dx.elements_mut());
}

pub(super) const fn transposed<X: Tensor, Y: Tensor>(a: isize, b: isize) -> Walk {
    let (a, b) = (axis::<X>("transpose", a), axis::<X>("transpose", b));
    let (mut walk, mut i) = (Walk::from(0), X::SHAPE.rank());
    while i > 0 {
        i -= 1;
        let from = if i == a {
            b
        } else if i == b {
            a
        } else {
            i
        };
        walk = walk.around(X::SHAPE.dim(from), X::SHAPE.stride(from) as isize);
    }
    check_result::<X>("transpose", Y::SHAPE, X::SHAPE.with(a, X::SHAPE.dim(b)).with(b, X::SHAPE.dim(a)));
    walk
}

/// Some dimensions in reverse order: PyTorch's `x.flip(dims)`.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let mut y = [[0; 3]; 2];
/// ops::flip(&[[1, 2, 3], [4, 5, 6]], Dim::<1>, &mut y);
/// assert_eq!(y, [[3, 2, 1], [6, 5, 4]]);
/// ops::flip(&[[1, 2, 3], [4, 5, 6]], (Dim::<0>, Dim::<1>), &mut y);
/// assert_eq!(y, [[6, 5, 4], [3, 2, 1]]);
/// ```
#[inline]
pub fn flip<X: Tensor, D: Dims>(x: &X, _: D, y: &mut X) {
    let walk = const { &flipped::<X, D>() };
    walk.load(x.elements(), y.elements_mut());
}

/// The gradient of [`flip`]: adds `∂L/∂x` to `dx`.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let mut dx = [0.0, 0.0, 1.0];
/// ops::flip_backward(&[1.0, 2.0, 3.0], Dim::<0>, &mut dx);
/// assert_eq!(dx, [3.0, 2.0, 2.0]);
/// ```
#[inline]
pub fn flip_backward<X: Tensor<Elem = f32>, D: Dims>(dy: &X, _: D, dx: &mut X) {
    let walk = const { &flipped::<X, D>() };
    walk.store_add(dy.elements(), dx.elements_mut());
}

const fn flipped<X: Tensor, D: Dims>() -> Walk {
    let backwards = reduce::named::<D>("flip", X::SHAPE);
    // From the last place of each dimension that is read backwards.
    let (mut start, mut i) = (0, X::SHAPE.rank());
    while i > 0 {
        i -= 1;
        if backwards[i] {
            start += (X::SHAPE.dim(i) - 1) * X::SHAPE.stride(i);
        }
    }
    let (mut walk, mut i) = (Walk::from(start), X::SHAPE.rank());
    while i > 0 {
        i -= 1;
        let step = X::SHAPE.stride(i) as isize;
        walk = walk.around(X::SHAPE.dim(i), if backwards[i] { -step } else { step });
    }
    walk
}
