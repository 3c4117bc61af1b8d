//! Parts of a tensor.

use super::{All, check_result, walk::Walk};
use crate::{
    Shape, Tensor,
    message::{Part, fail},
};

/// A range of a dimension with a step: `START:END:STEP` of PyTorch and NumPy.
///
/// Negative bounds count from the end, those beyond it mean the end. With a negative step, which
/// PyTorch does not have, the range runs from `START` down to and without `END`; `isize::MIN` then
/// stands for "down to the first".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slice<const START: isize, const END: isize = { isize::MAX }, const STEP: isize = 1>;

/// What a tuple of ranges is made of: [`Slice`], or [`All`] for the whole of a dimension.
pub trait Span: Copy {
    /// Start, end and step as written.
    const RANGE: [isize; 3];
}

impl<const START: isize, const END: isize, const STEP: isize> Span for Slice<START, END, STEP> {
    const RANGE: [isize; 3] = [START, END, STEP];
}

impl Span for All {
    const RANGE: [isize; 3] = [0, isize::MAX, 1];
}

/// Ranges of the leading dimensions of a tensor: a [`Slice`], or a tuple of them.
pub trait Slices: Copy {
    /// Start, end and step of each, as written.
    const RANGES: &'static [[isize; 3]];
}

impl<const START: isize, const END: isize, const STEP: isize> Slices for Slice<START, END, STEP> {
    const RANGES: &'static [[isize; 3]] = &[[START, END, STEP]];
}

macro_rules! slices {
    ($($name:ident)+) => {
        impl<$($name: Span),+> Slices for ($($name,)+) {
            const RANGES: &'static [[isize; 3]] = &[$($name::RANGE),+];
        }
    };
}

slices!(A);
slices!(A B);
slices!(A B C);
slices!(A B C D);
slices!(A B C D E);
slices!(A B C D E F);

/// Ranges of the leading dimensions, the others whole: PyTorch's `x[:, 2:8:2]`.
///
/// ```
/// use tensorlet::ops::{self, All, Slice};
/// let x = [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]];
/// let mut y = [[0; 2]; 2];
/// ops::slice(&x, (All, Slice::<1, 4, 2>), &mut y);
/// assert_eq!(y, [[1, 3], [6, 8]]);
/// let mut last = [[0; 5]; 1];
/// ops::slice(&x, Slice::<-1>, &mut last);
/// assert_eq!(last, [[5, 6, 7, 8, 9]]);
/// ```
#[inline]
pub fn slice<X: Tensor, S: Slices, Y: Tensor<Elem = X::Elem>>(x: &X, _: S, y: &mut Y) {
    let walk = const { &sliced::<X, S, Y>() };
    walk.load(x.elements(), y.elements_mut());
}

/// The gradient of [`slice`](fn@slice): adds `∂L/∂x` to `dx`.
///
/// ```
/// use tensorlet::ops::{self, Slice};
/// let mut dx = [1.0, 1.0, 1.0];
/// ops::slice_backward(&[5.0, 7.0], Slice::<1, 3>, &mut dx);
/// assert_eq!(dx, [1.0, 6.0, 8.0]);
/// ```
#[inline]
pub fn slice_backward<X: Tensor<Elem = f32>, S: Slices, Y: Tensor<Elem = f32>>(dy: &Y, _: S, dx: &mut X) {
    let walk = const { &sliced::<X, S, Y>() };
    walk.store_add(dy.elements(), dx.elements_mut());
}

/// The first place and the number of places of a range of `n` places.
const fn places([start, end, step]: [isize; 3], n: isize) -> (isize, isize) {
    // What a bound may name; one before the first is the end of a range that runs down.
    let (low, high) = if step > 0 { (0, n) } else { (-1, n - 1) };
    let (start, end) = (bound(start, n, low, high), bound(end, n, low, high));
    let (distance, step) = if step > 0 { (end - start, step) } else { (start - end, -step) };
    (start, if distance > 0 { (distance - 1) / step + 1 } else { 0 })
}

const fn bound(written: isize, n: isize, low: isize, high: isize) -> isize {
    let place = if written < 0 { written + n } else { written };
    if place < low {
        low
    } else if place > high {
        high
    } else {
        place
    }
}

pub(super) const fn sliced<X: Tensor, S: Slices, Y: Tensor>() -> Walk {
    let (from, ranges) = (X::SHAPE, S::RANGES);
    if ranges.len() > from.rank() {
        fail(&[Part::Text("shape mismatch: `slice` has more ranges than a tensor of shape "), Part::Shape(from)]);
    }
    let (mut start, mut shape, mut i) = (0, from, 0);
    let mut loops = [(1, 1); Shape::MAX_RANK];
    while i < from.rank() {
        let range = if i < ranges.len() { ranges[i] } else { [0, isize::MAX, 1] };
        if range[2] == 0 {
            fail(&[Part::Text("shape mismatch: the step of `slice` cannot be 0")]);
        }
        let (first, n) = places(range, from.dim(i) as isize);
        if n == 0 {
            fail(&[Part::Text("shape mismatch: `slice` takes nothing of a tensor of shape "), Part::Shape(from)]);
        }
        start += first as usize * from.stride(i);
        loops[i] = (n as usize, from.stride(i) as isize * range[2]);
        shape = shape.with(i, n as usize);
        i += 1;
    }
    check_result::<X>("slice", Y::SHAPE, shape);
    let mut walk = Walk::from(start);
    while i > 0 {
        i -= 1;
        walk = walk.around(loops[i].0, loops[i].1);
    }
    walk
}
