//! Tensors put together, and taken apart.

use super::{
    Dim,
    parts::{Parts, PartsMut},
    position,
};
use crate::{
    Shape, Tensor,
    kernel::{samples, samples_mut},
    message::{Part, fail},
};

/// Tensors one behind the other along dimension `D`: PyTorch's `torch.cat(parts, dim=D)`.
///
/// The parts are a tuple of references, up to eight, each of its own type, or an array of them.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let (a, b) = ([[1, 2, 3], [4, 5, 6]], [[7], [8]]);
/// let mut y = [[0; 4]; 2];
/// ops::cat((&a, &b), Dim::<1>, &mut y);
/// assert_eq!(y, [[1, 2, 3, 7], [4, 5, 6, 8]]);
/// let mut y = [0; 6];
/// ops::cat([&a[0], &a[1]], Dim::<0>, &mut y);
/// assert_eq!(y, [1, 2, 3, 4, 5, 6]);
/// ```
#[inline]
pub fn cat<P: Parts, const D: isize, Y: Tensor<Elem = P::Elem>>(parts: P, _: Dim<D>, y: &mut Y) {
    let joint = const { joint("cat", D, P::SHAPES, Y::SHAPE) };
    let mut at = 0;
    parts.each(|x| at = joint.put(x, y.elements_mut(), at, |y, x| *y = x));
}

/// [`cat`] with `f(i, x)` for the elements `x` of part `i`.
#[inline]
pub(crate) fn cat_map<const D: isize, P: Parts, Y: Tensor<Elem = P::Elem>>(
    parts: P,
    y: &mut Y,
    f: impl Fn(usize, P::Elem) -> P::Elem,
) {
    let joint = const { joint("cat", D, P::SHAPES, Y::SHAPE) };
    let (mut at, mut i) = (0, 0);
    parts.each(|x| {
        at = joint.put(x, y.elements_mut(), at, |y, x| *y = f(i, x));
        i += 1;
    });
}

/// The gradient of [`cat`]: adds to the gradient of each part its part of `dy`.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let (mut da, mut db) = ([[0.0, 1.0]], [[0.0]]);
/// ops::cat_backward(&[[1.0, 2.0, 3.0]], Dim::<1>, (&mut da, &mut db));
/// assert_eq!((da, db), ([[1.0, 3.0]], [[3.0]]));
/// ```
#[inline]
pub fn cat_backward<P: PartsMut<Elem = f32>, const D: isize, Y: Tensor<Elem = f32>>(dy: &Y, _: Dim<D>, parts: P) {
    let joint = const { joint("cat", D, P::SHAPES, Y::SHAPE) };
    let mut at = 0;
    parts.each(|dx| at = joint.take(dy.elements(), dx, at, |dx, dy| *dx += dy));
}

/// A tensor in parts along dimension `D`, whose sizes the results have:
/// PyTorch's `x.split(sizes, dim=D)` and `x.chunk(n, dim=D)`.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let (mut a, mut b) = ([0; 2], [0; 1]);
/// ops::split(&[1, 2, 3], Dim::<0>, (&mut a, &mut b));
/// assert_eq!((a, b), ([1, 2], [3]));
/// let (mut a, mut b) = ([[0; 1]; 2], [[0; 1]; 2]);
/// ops::split(&[[1, 2], [3, 4]], Dim::<1>, [&mut a, &mut b]);
/// assert_eq!((a, b), ([[1], [3]], [[2], [4]]));
/// ```
#[inline]
pub fn split<X: Tensor, const D: isize, P: PartsMut<Elem = X::Elem>>(x: &X, _: Dim<D>, parts: P) {
    let joint = const { joint("split", D, P::SHAPES, X::SHAPE) };
    let mut at = 0;
    parts.each(|y| at = joint.take(x.elements(), y, at, |y, x| *y = x));
}

/// The gradient of [`split`]: adds `∂L/∂x` to `dx`.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let mut dx = [1.0, 0.0, 0.0];
/// ops::split_backward((&[1.0, 2.0], &[3.0]), Dim::<0>, &mut dx);
/// assert_eq!(dx, [2.0, 2.0, 3.0]);
/// ```
#[inline]
pub fn split_backward<P: Parts<Elem = f32>, const D: isize, X: Tensor<Elem = f32>>(dy: P, _: Dim<D>, dx: &mut X) {
    let joint = const { joint("split", D, P::SHAPES, X::SHAPE) };
    let mut at = 0;
    dy.each(|dy| at = joint.put(dy, dx.elements_mut(), at, |dx, dy| *dx += dy));
}

/// Tensors of one shape side by side in a new dimension `D` of the result:
/// PyTorch's `torch.stack(parts, dim=D)`.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let (a, b) = ([1, 2, 3], [4, 5, 6]);
/// let mut y = [[0; 2]; 3];
/// ops::stack([&a, &b], Dim::<1>, &mut y);
/// assert_eq!(y, [[1, 4], [2, 5], [3, 6]]);
/// ```
#[inline]
pub fn stack<P: Parts, const D: isize, Y: Tensor<Elem = P::Elem>>(parts: P, _: Dim<D>, y: &mut Y) {
    let joint = const { joint_of_new("stack", D, P::SHAPES, Y::SHAPE) };
    let mut at = 0;
    parts.each(|x| at = joint.put(x, y.elements_mut(), at, |y, x| *y = x));
}

/// The gradient of [`stack`]: adds to the gradient of each part its part of `dy`.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let (mut da, mut db) = ([0.0, 1.0], [0.0, 0.0]);
/// ops::stack_backward(&[[1.0, 2.0], [3.0, 4.0]], Dim::<1>, [&mut da, &mut db]);
/// assert_eq!((da, db), ([1.0, 4.0], [2.0, 4.0]));
/// ```
#[inline]
pub fn stack_backward<P: PartsMut<Elem = f32>, const D: isize, Y: Tensor<Elem = f32>>(dy: &Y, _: Dim<D>, parts: P) {
    let joint = const { joint_of_new("stack", D, P::SHAPES, Y::SHAPE) };
    let mut at = 0;
    parts.each(|dx| at = joint.take(dy.elements(), dx, at, |dx, dy| *dx += dy));
}

/// The places of dimension `D` as tensors without it: PyTorch's `x.unbind(dim=D)`.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let (mut a, mut b) = ([0; 3], [0; 3]);
/// ops::unbind(&[[1, 4], [2, 5], [3, 6]], Dim::<1>, [&mut a, &mut b]);
/// assert_eq!((a, b), ([1, 2, 3], [4, 5, 6]));
/// ```
#[inline]
pub fn unbind<X: Tensor, const D: isize, P: PartsMut<Elem = X::Elem>>(x: &X, _: Dim<D>, parts: P) {
    let joint = const { joint_of_new("unbind", D, P::SHAPES, X::SHAPE) };
    let mut at = 0;
    parts.each(|y| at = joint.take(x.elements(), y, at, |y, x| *y = x));
}

/// The gradient of [`unbind`]: adds `∂L/∂x` to `dx`.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let mut dx = [[0.0, 1.0], [0.0, 0.0]];
/// ops::unbind_backward([&[1.0, 3.0], &[2.0, 4.0]], Dim::<1>, &mut dx);
/// assert_eq!(dx, [[1.0, 3.0], [3.0, 4.0]]);
/// ```
#[inline]
pub fn unbind_backward<P: Parts<Elem = f32>, const D: isize, X: Tensor<Elem = f32>>(dy: P, _: Dim<D>, dx: &mut X) {
    let joint = const { joint_of_new("unbind", D, P::SHAPES, X::SHAPE) };
    let mut at = 0;
    dy.each(|dy| at = joint.put(dy, dx.elements_mut(), at, |dx, dy| *dx += dy));
}

/// How parts lie in a whole: in pieces, as many in each part as in the whole.
#[derive(Clone, Copy)]
pub(super) struct Joint {
    pieces: usize,
    /// Elements of a piece of the whole.
    len: usize,
}

impl Joint {
    /// Elements of a piece of a part.
    #[inline(always)]
    fn piece<T>(self, part: &[T]) -> usize {
        part.len().checked_div(self.pieces).unwrap_or(0)
    }

    /// Puts a part into each piece of the whole at `at`, and returns where the next one goes.
    #[inline(always)]
    fn put<T: Copy>(self, part: &[T], whole: &mut [T], at: usize, mut f: impl FnMut(&mut T, T)) -> usize {
        let len = self.piece(part);
        for (whole, part) in samples_mut(whole, self.len).zip(samples(part, len)) {
            whole.get_mut(at..).unwrap_or_default().iter_mut().zip(part).for_each(|(to, from)| f(to, *from));
        }
        at + len
    }

    /// Takes a part from each piece of the whole at `at`, and returns where the next one is.
    #[inline(always)]
    fn take<T: Copy>(self, whole: &[T], part: &mut [T], at: usize, mut f: impl FnMut(&mut T, T)) -> usize {
        let len = self.piece(part);
        for (whole, part) in samples(whole, self.len).zip(samples_mut(part, len)) {
            part.iter_mut().zip(whole.get(at..).unwrap_or_default()).for_each(|(to, from)| f(to, *from));
        }
        at + len
    }
}

/// Parts behind each other along a dimension of the whole.
pub(super) const fn joint(operation: &str, dim: isize, parts: &[Shape], whole: Shape) -> Joint {
    let d = position(operation, whole, dim);
    let (mut places, mut i) = (0, 0);
    while i < parts.len() {
        let part = parts[i];
        if part.rank() != whole.rank() || !part.with(d, whole.dim(d)).equals(&whole) {
            misfit(operation, part, whole, dim);
        }
        places += part.dim(d);
        i += 1;
    }
    if places != whole.dim(d) {
        fail(&[
            Part::Text("shape mismatch: the parts of `"),
            Part::Text(operation),
            Part::Text("` have "),
            Part::Number(places),
            Part::Text(" places, but the whole of shape "),
            Part::Shape(whole),
            Part::Text(" has "),
            Part::Number(whole.dim(d)),
        ]);
    }
    Joint { pieces: whole.product(0, d), len: whole.product(d, whole.rank()) }
}

/// Parts in a dimension that they do not have.
pub(super) const fn joint_of_new(operation: &str, dim: isize, parts: &[Shape], whole: Shape) -> Joint {
    let d = position(operation, whole, dim);
    let mut i = 0;
    while i < parts.len() {
        if !whole.remove(d).equals(&parts[i]) {
            misfit(operation, parts[i], whole, dim);
        }
        i += 1;
    }
    if parts.len() != whole.dim(d) {
        fail(&[
            Part::Text("shape mismatch: `"),
            Part::Text(operation),
            Part::Text("` has "),
            Part::Number(parts.len()),
            Part::Text(" parts, but the whole of shape "),
            Part::Shape(whole),
            Part::Text(" has room for "),
            Part::Number(whole.dim(d)),
        ]);
    }
    Joint { pieces: whole.product(0, d), len: whole.product(d, whole.rank()) }
}

const fn misfit(operation: &str, part: Shape, whole: Shape, dim: isize) -> ! {
    fail(&[
        Part::Text("shape mismatch: `"),
        Part::Text(operation),
        Part::Text("`: a part of shape "),
        Part::Shape(part),
        Part::Text(" does not fit into shape "),
        Part::Shape(whole),
        Part::Text(if dim < 0 { " along dimension -" } else { " along dimension " }),
        Part::Number(dim.unsigned_abs()),
    ]);
}
