//! The same elements with another shape. Nothing is copied: a tensor is contiguous.

use super::{Dim, axis};
use crate::{
    Shape, Tensor,
    message::{Part, fail},
};

/// The same elements, in the same order, with another shape: PyTorch's `x.reshape(…)` and
/// `x.view(…)`. The gradient of the result is that of `x` with the other shape, which
/// [`reshape_mut`] gives.
///
/// ```
/// use tensorlet::ops;
/// let y: &[[i32; 2]; 3] = ops::reshape(&[[1, 2, 3], [4, 5, 6]]);
/// assert_eq!(y, &[[1, 2], [3, 4], [5, 6]]);
/// ```
#[doc(alias = "view")]
#[inline]
#[must_use]
pub fn reshape<X: Tensor, Y: Tensor<Elem = X::Elem>>(x: &X) -> &Y {
    const { same_elements("reshape", X::SHAPE, Y::SHAPE) };
    bytemuck::must_cast_ref(x)
}

/// [`reshape`] of a tensor that can be changed: PyTorch's `x.view(…)`, written to. Its gradient has the other
/// shape in the same way: [`reshape`].
///
/// ```
/// use tensorlet::ops;
/// let mut x = [[1, 2, 3], [4, 5, 6]];
/// let y: &mut [i32; 6] = ops::reshape_mut(&mut x);
/// y[3] = 0;
/// assert_eq!(x, [[1, 2, 3], [0, 5, 6]]);
/// ```
#[inline]
#[must_use]
pub fn reshape_mut<X: Tensor, Y: Tensor<Elem = X::Elem>>(x: &mut X) -> &mut Y {
    const { same_elements("reshape", X::SHAPE, Y::SHAPE) };
    bytemuck::must_cast_mut(x)
}

/// Dimensions `A` to `B`, `B` included, as one: PyTorch's `x.flatten(A, B)`. The gradient is that of
/// [`reshape`]: [`reshape_mut`].
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let x = [[[1, 2], [3, 4]], [[5, 6], [7, 8]]];
/// let y: &[[i32; 4]; 2] = ops::flatten(&x, Dim::<1>, Dim::<-1>);
/// assert_eq!(y, &[[1, 2, 3, 4], [5, 6, 7, 8]]);
/// ```
#[inline]
#[must_use]
pub fn flatten<X: Tensor, const A: isize, const B: isize, Y: Tensor<Elem = X::Elem>>(
    x: &X,
    _: Dim<A>,
    _: Dim<B>,
) -> &Y {
    const {
        let (first, last) = (axis::<X>("flatten", A), axis::<X>("flatten", B));
        let (mut shape, mut i) = (X::SHAPE, first);
        while i < last {
            shape = shape.with(first, shape.dim(first) * shape.dim(first + 1)).remove(first + 1);
            i += 1;
        }
        super::check_result::<X>("flatten", Y::SHAPE, shape);
    }
    bytemuck::must_cast_ref(x)
}

/// A tensor without dimension `D`, whose size is 1: PyTorch's `x.squeeze(D)`. The gradient is
/// that of [`reshape`]: [`reshape_mut`].
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let y: &[i32; 2] = ops::squeeze(&[[1], [2]], Dim::<1>);
/// assert_eq!(y, &[1, 2]);
/// ```
#[inline]
#[must_use]
pub fn squeeze<X: Tensor, const D: isize, Y: Tensor<Elem = X::Elem>>(x: &X, _: Dim<D>) -> &Y {
    const {
        let d = axis::<X>("squeeze", D);
        if X::SHAPE.dim(d) != 1 {
            fail(&[
                Part::Text("shape mismatch: `squeeze` of a tensor of shape "),
                Part::Shape(X::SHAPE),
                Part::Text(" in a dimension whose size is not 1"),
            ]);
        }
        super::check_result::<X>("squeeze", Y::SHAPE, X::SHAPE.remove(d));
    }
    bytemuck::must_cast_ref(x)
}

/// A tensor with one more dimension of size 1, which is dimension `D` of the result:
/// PyTorch's `x.unsqueeze(D)`. The gradient is that of [`reshape`]: [`reshape_mut`].
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let y: &[[i32; 1]; 2] = ops::unsqueeze(&[1, 2], Dim::<1>);
/// assert_eq!(y, &[[1], [2]]);
/// ```
#[inline]
#[must_use]
pub fn unsqueeze<X: Tensor, const D: isize, Y: Tensor<Elem = X::Elem>>(x: &X, _: Dim<D>) -> &Y {
    const {
        let d = axis::<Y>("unsqueeze", D);
        super::check_result::<X>("unsqueeze", Y::SHAPE, X::SHAPE.insert(d, 1));
    }
    bytemuck::must_cast_ref(x)
}

/// The number of elements: PyTorch's `x.numel()`. It has no gradient.
///
/// ```
/// assert_eq!(tensorlet::ops::numel(&[[1, 2, 3], [4, 5, 6]]), 6);
/// ```
#[inline]
#[must_use]
pub const fn numel<X: Tensor>(_: &X) -> usize {
    X::LEN
}

/// The only element of a tensor with one element: PyTorch's `x.item()`. As there it has no
/// gradient.
///
/// ```
/// assert_eq!(tensorlet::ops::item(&[[7]]), 7);
/// ```
#[inline]
#[must_use]
pub fn item<X: Tensor>(x: &X) -> X::Elem {
    const { same_elements("item", X::SHAPE, Shape::SCALAR) };
    *bytemuck::must_cast_ref(x)
}

pub(super) const fn same_elements(operation: &str, from: Shape, to: Shape) {
    if from.numel() != to.numel() {
        fail(&[
            Part::Text("shape mismatch: `"),
            Part::Text(operation),
            Part::Text("` of a tensor of shape "),
            Part::Shape(from),
            Part::Text(" cannot give shape "),
            Part::Shape(to),
            Part::Text(", which has another number of elements"),
        ]);
    }
}
