//! Tensors with a margin.

use crate::{
    Shape, Tensor,
    message::{Part, fail},
};

/// So many places in front of a dimension and behind it; negative numbers cut places off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pad<const BEFORE: isize, const AFTER: isize>;

/// What a tuple of margins is made of: [`Pad`].
pub trait Margin: Copy {
    /// Places before and after.
    const MARGIN: [isize; 2];
}

impl<const BEFORE: isize, const AFTER: isize> Margin for Pad<BEFORE, AFTER> {
    const MARGIN: [isize; 2] = [BEFORE, AFTER];
}

/// Margins of the last dimensions, the last one first: a [`Pad`], or a tuple of them.
pub trait Pads: Copy {
    /// Places before and after, for the last dimension, then the one before it, and so on.
    const MARGINS: &'static [[isize; 2]];
}

impl<const BEFORE: isize, const AFTER: isize> Pads for Pad<BEFORE, AFTER> {
    const MARGINS: &'static [[isize; 2]] = &[[BEFORE, AFTER]];
}

macro_rules! pads {
    ($($name:ident)+) => {
        impl<$($name: Margin),+> Pads for ($($name,)+) {
            const MARGINS: &'static [[isize; 2]] = &[$($name::MARGIN),+];
        }
    };
}

pads!(A);
pads!(A B);
pads!(A B C);
pads!(A B C D);
pads!(A B C D E);
pads!(A B C D E F);

/// Where the elements of a margin come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub enum Source {
    Value,
    Reflected,
    Edge,
    OtherEnd,
}

/// What stands in a margin: [`Constant`], [`Reflect`], [`Replicate`] or [`Circular`].
pub trait PadMode<T>: Copy {
    #[doc(hidden)]
    const SOURCE: Source;

    #[doc(hidden)]
    fn value(self) -> Option<T> {
        None
    }
}

/// A margin of one value: `mode="constant"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Constant<T>(pub T);

/// A margin that mirrors the tensor at its edge, the edge itself not repeated: `mode="reflect"`. It
/// is smaller than the dimension.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reflect;

/// A margin that repeats the edge: `mode="replicate"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replicate;

/// A margin that goes on at the other end: `mode="circular"`. It is at most as large as the
/// dimension; what the other margin cuts off is not part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Circular;

impl<T: Copy> PadMode<T> for Constant<T> {
    const SOURCE: Source = Source::Value;

    #[inline(always)]
    fn value(self) -> Option<T> {
        Some(self.0)
    }
}

impl<T> PadMode<T> for Reflect {
    const SOURCE: Source = Source::Reflected;
}

impl<T> PadMode<T> for Replicate {
    const SOURCE: Source = Source::Edge;
}

impl<T> PadMode<T> for Circular {
    const SOURCE: Source = Source::OtherEnd;
}

/// A tensor with margins around its last dimensions: PyTorch's `F.pad(x, pads, mode)`.
///
/// ```
/// use tensorlet::ops::{self, Circular, Constant, Pad, Reflect, Replicate};
/// let x = [[1, 2, 3], [4, 5, 6]];
/// let mut y = [[0; 5]; 3];
/// // One column on the left, one on the right; one row above.
/// ops::pad(&x, (Pad::<1, 1>, Pad::<1, 0>), Constant(7), &mut y);
/// assert_eq!(y, [[7, 7, 7, 7, 7], [7, 1, 2, 3, 7], [7, 4, 5, 6, 7]]);
/// ops::pad(&x, (Pad::<1, 1>, Pad::<1, 0>), Reflect, &mut y);
/// assert_eq!(y, [[5, 4, 5, 6, 5], [2, 1, 2, 3, 2], [5, 4, 5, 6, 5]]);
/// ops::pad(&x, (Pad::<1, 1>, Pad::<1, 0>), Replicate, &mut y);
/// assert_eq!(y, [[1, 1, 2, 3, 3], [1, 1, 2, 3, 3], [4, 4, 5, 6, 6]]);
/// ops::pad(&x, (Pad::<1, 1>, Pad::<1, 0>), Circular, &mut y);
/// assert_eq!(y, [[6, 4, 5, 6, 4], [3, 1, 2, 3, 1], [6, 4, 5, 6, 4]]);
/// ```
#[inline]
pub fn pad<X: Tensor, P: Pads, M: PadMode<X::Elem>, Y: Tensor<Elem = X::Elem>>(x: &X, _: P, mode: M, y: &mut Y) {
    let margins = const { &margins(X::SHAPE, P::MARGINS, M::SOURCE, Y::SHAPE) };
    let (x, mut y) = (x.elements(), y.elements_mut().iter_mut());
    margins.each(|position| {
        let from = position.and_then(|position| x.get(position).copied());
        if let (Some(y), Some(from)) = (y.next(), from.or(mode.value())) {
            *y = from;
        }
    });
}

/// The gradient of [`pad`]: adds `∂L/∂x` to `dx`; an element that also stands in a margin gets the
/// gradients of all its copies.
///
/// ```
/// use tensorlet::ops::{self, Constant, Pad, Replicate};
/// let mut dx = [0.0, 1.0];
/// ops::pad_backward(&[1.0, 2.0, 3.0, 4.0], Pad::<1, 1>, Replicate, &mut dx);
/// assert_eq!(dx, [3.0, 8.0]);
/// ops::pad_backward(&[1.0, 2.0, 3.0, 4.0], Pad::<1, 1>, Constant(0.0), &mut dx);
/// assert_eq!(dx, [5.0, 11.0]);
/// ```
#[inline]
pub fn pad_backward<X: Tensor<Elem = f32>, P: Pads, M: PadMode<f32>, Y: Tensor<Elem = f32>>(
    dy: &Y,
    _: P,
    _: M,
    dx: &mut X,
) {
    let margins = const { &margins(X::SHAPE, P::MARGINS, M::SOURCE, Y::SHAPE) };
    let (mut dy, dx) = (dy.elements().iter(), dx.elements_mut());
    margins.each(|position| {
        if let (Some(dy), Some(position)) = (dy.next(), position)
            && let Some(dx) = dx.get_mut(position)
        {
            *dx += dy;
        }
    });
}

/// One dimension and its margin.
#[derive(Clone, Copy)]
struct Axis {
    /// Places of the tensor, and of it with its margin.
    places: [usize; 2],
    before: isize,
    /// Places that a margin less than 0 cuts off at the beginning and at the end.
    cut: [isize; 2],
    /// Elements from one place to the next.
    stride: usize,
}

/// All dimensions, the last one first.
pub(super) struct Margins {
    row: Axis,
    outer: [Axis; Shape::MAX_RANK - 1],
    source: Source,
}

impl Margins {
    /// The position of the element that stands at place `i` of the result along an axis.
    #[inline(always)]
    fn place(&self, axis: &Axis, i: usize) -> Option<usize> {
        let (n, i) = (axis.places[0] as isize, i as isize - axis.before);
        let place = if (0..n).contains(&i) {
            i
        } else {
            match self.source {
                Source::Value => return None,
                Source::Reflected if i < 0 => -i,
                Source::Reflected => 2 * (n - 1) - i,
                Source::Edge if i < 0 => 0,
                Source::Edge => n - 1,
                Source::OtherEnd if i < 0 => i + n - axis.cut[1],
                Source::OtherEnd => i - n + axis.cut[0],
            }
        };
        Some(place as usize * axis.stride)
    }

    /// Calls `f` for each element of the result with the position that it comes from.
    #[inline(always)]
    fn each(&self, mut f: impl FnMut(Option<usize>)) {
        let mut counts = [0; Shape::MAX_RANK - 1];
        'rows: loop {
            let places = counts.iter().zip(&self.outer).map(|(&i, axis)| self.place(axis, i));
            let row: Option<usize> = places.sum();
            for i in 0..self.row.places[1] {
                f(row.and_then(|row| Some(row + self.place(&self.row, i)?)));
            }
            for (count, axis) in counts.iter_mut().zip(&self.outer) {
                *count += 1;
                if *count < axis.places[1] {
                    continue 'rows;
                }
                *count = 0;
            }
            return;
        }
    }
}

pub(super) const fn margins(from: Shape, pads: &[[isize; 2]], source: Source, to: Shape) -> Margins {
    if pads.len() > from.rank() {
        fail(&[Part::Text("shape mismatch: `pad` has more margins than a tensor of shape "), Part::Shape(from)]);
    }
    let one = Axis { places: [1, 1], before: 0, cut: [0; 2], stride: 0 };
    let mut margins = Margins { row: one, outer: [one; Shape::MAX_RANK - 1], source };
    let (mut shape, mut i) = (from, 0);
    while i < from.rank() {
        let d = from.rank() - 1 - i;
        let [before, after] = if i < pads.len() { pads[i] } else { [0, 0] };
        let n = from.dim(d) as isize;
        let cut = [if before < 0 { -before } else { 0 }, if after < 0 { -after } else { 0 }];
        let most = match source {
            Source::Reflected => n - 1,
            Source::OtherEnd => n - cut[0] - cut[1],
            Source::Value | Source::Edge => isize::MAX,
        };
        if before > most || after > most {
            fail(&[
                Part::Text("shape mismatch: a margin of `pad` is too large for a tensor of shape "),
                Part::Shape(from),
            ]);
        }
        let padded = before + n + after;
        if padded < 1 {
            fail(&[Part::Text("shape mismatch: `pad` leaves nothing of a tensor of shape "), Part::Shape(from)]);
        }
        let axis = Axis { places: [n as usize, padded as usize], before, cut, stride: from.stride(d) };
        if i == 0 {
            margins.row = axis;
        } else {
            margins.outer[i - 1] = axis;
        }
        shape = shape.with(d, padded as usize);
        i += 1;
    }
    if !to.equals(&shape) {
        fail(&[
            Part::Text("shape mismatch: `pad` of a tensor of shape "),
            Part::Shape(from),
            Part::Text(" gives shape "),
            Part::Shape(shape),
            Part::Text(", not "),
            Part::Shape(to),
        ]);
    }
    margins
}
