//! The same elements several times.

use super::{Dim, axis, check_result, walk::Walk};
use crate::{
    Tensor,
    message::{Part, fail},
};

/// Dimensions of size 1, and leading ones that `x` does not have, are as large as in `y`:
/// PyTorch's `x.expand(y.shape)`.
///
/// ```
/// use tensorlet::ops;
/// let mut y = [[[0; 3]; 2]; 2];
/// ops::expand(&[[1], [2]], &mut y);
/// assert_eq!(y, [[[1, 1, 1], [2, 2, 2]], [[1, 1, 1], [2, 2, 2]]]);
/// ```
#[inline]
pub fn expand<X: Tensor, Y: Tensor<Elem = X::Elem>>(x: &X, y: &mut Y) {
    let walk = const { &expanded::<X, Y>() };
    walk.load(x.elements(), y.elements_mut());
}

/// The gradient of [`expand`]: adds `∂L/∂x`, the sum over all copies, to `dx`.
///
/// ```
/// use tensorlet::ops;
/// let mut dx = [[0.0], [1.0]];
/// ops::expand_backward(&[[1.0, 2.0], [3.0, 4.0]], &mut dx);
/// assert_eq!(dx, [[3.0], [8.0]]);
/// ```
#[inline]
pub fn expand_backward<X: Tensor<Elem = f32>, Y: Tensor<Elem = f32>>(dy: &Y, dx: &mut X) {
    let walk = const { &expanded::<X, Y>() };
    walk.store_add(dy.elements(), dx.elements_mut());
}

/// Fails because a tensor cannot be repeated to this shape.
const fn wrong<X: Tensor, Y: Tensor>(operation: &str) -> ! {
    fail(&[
        Part::Text("shape mismatch: `"),
        Part::Text(operation),
        Part::Text("` of a tensor of shape "),
        Part::Shape(X::SHAPE),
        Part::Text(" cannot give shape "),
        Part::Shape(Y::SHAPE),
    ]);
}

pub(super) const fn expanded<X: Tensor, Y: Tensor>() -> Walk {
    let (from, to) = (X::SHAPE, Y::SHAPE);
    if from.rank() > to.rank() {
        wrong::<X, Y>("expand");
    }
    let (new, mut walk, mut i) = (to.rank() - from.rank(), Walk::from(0), to.rank());
    while i > 0 {
        i -= 1;
        let n = if i < new { 1 } else { from.dim(i - new) };
        if n == to.dim(i) && i >= new {
            walk = walk.around(n, from.stride(i - new) as isize);
        } else if n == 1 {
            walk = walk.around(to.dim(i), 0);
        } else {
            wrong::<X, Y>("expand");
        }
    }
    walk
}

/// The whole tensor again and again along each dimension: PyTorch's `x.repeat(…)` and `torch.tile`.
/// How often is what the shapes say: `y.dim / x.dim`, and leading dimensions that `x` does not have.
///
/// ```
/// use tensorlet::ops;
/// let mut y = [[0; 4]; 2];
/// ops::repeat(&[1, 2], &mut y);
/// assert_eq!(y, [[1, 2, 1, 2], [1, 2, 1, 2]]);
/// ```
#[inline]
pub fn repeat<X: Tensor, Y: Tensor<Elem = X::Elem>>(x: &X, y: &mut Y) {
    let walk = const { &repeated::<X, Y>() };
    walk.load(x.elements(), y.elements_mut());
}

/// The gradient of [`repeat`]: adds `∂L/∂x`, the sum over all copies, to `dx`.
///
/// ```
/// use tensorlet::ops;
/// let mut dx = [0.0, 1.0];
/// ops::repeat_backward(&[1.0, 2.0, 3.0, 4.0], &mut dx);
/// assert_eq!(dx, [4.0, 7.0]);
/// ```
#[inline]
pub fn repeat_backward<X: Tensor<Elem = f32>, Y: Tensor<Elem = f32>>(dy: &Y, dx: &mut X) {
    let walk = const { &repeated::<X, Y>() };
    walk.store_add(dy.elements(), dx.elements_mut());
}

pub(super) const fn repeated<X: Tensor, Y: Tensor>() -> Walk {
    let (from, to) = (X::SHAPE, Y::SHAPE);
    if from.rank() > to.rank() {
        wrong::<X, Y>("repeat");
    }
    let (new, mut walk, mut i) = (to.rank() - from.rank(), Walk::from(0), to.rank());
    while i > 0 {
        i -= 1;
        let (n, step) = if i < new { (1, 0) } else { (from.dim(i - new), from.stride(i - new)) };
        if !to.dim(i).is_multiple_of(n) {
            wrong::<X, Y>("repeat");
        }
        walk = walk.around(n, step as isize).around(to.dim(i) / n, 0);
    }
    walk
}

/// Each element several times in a row along dimension `D`:
/// PyTorch's `x.repeat_interleave(repeats, dim=D)`. How often is what the shapes say.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let mut y = [0; 6];
/// ops::repeat_interleave(&[1, 2], Dim::<0>, &mut y);
/// assert_eq!(y, [1, 1, 1, 2, 2, 2]);
/// ```
#[inline]
pub fn repeat_interleave<X: Tensor, const D: isize, Y: Tensor<Elem = X::Elem>>(x: &X, _: Dim<D>, y: &mut Y) {
    let walk = const { &interleaved::<X, Y>(D) };
    walk.load(x.elements(), y.elements_mut());
}

/// The gradient of [`repeat_interleave`]: adds `∂L/∂x`, the sum over all copies, to `dx`.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let mut dx = [0.0, 1.0];
/// ops::repeat_interleave_backward(&[1.0, 2.0, 3.0, 4.0], Dim::<0>, &mut dx);
/// assert_eq!(dx, [3.0, 8.0]);
/// ```
#[inline]
pub fn repeat_interleave_backward<X: Tensor<Elem = f32>, const D: isize, Y: Tensor<Elem = f32>>(
    dy: &Y,
    _: Dim<D>,
    dx: &mut X,
) {
    let walk = const { &interleaved::<X, Y>(D) };
    walk.store_add(dy.elements(), dx.elements_mut());
}

const fn interleaved<X: Tensor, Y: Tensor>(dim: isize) -> Walk {
    let d = axis::<X>("repeat_interleave", dim);
    let (n, inner, all) = (X::SHAPE.dim(d), X::SHAPE.stride(d), Y::SHAPE.dim(d));
    if !all.is_multiple_of(n) {
        wrong::<X, Y>("repeat_interleave");
    }
    check_result::<X>("repeat_interleave", Y::SHAPE, X::SHAPE.with(d, all));
    Walk::from(0)
        .around(inner, 1)
        .around(all / n, 0)
        .around(n, inner as isize)
        .around(X::SHAPE.product(0, d), (n * inner) as isize)
}
