//! The largest and the smallest element.

use super::{Dims, Reduction, reduction};
use crate::{
    Element, Index, Tensor,
    kernel::Kernels,
    message::{Part, fail},
    ops::{Dim, Number},
};

/// The reduction of `X` to `Y`, and to places of the same shape. Fails to compile unless the shapes fit and
/// the type of the places can name every one.
pub(crate) const fn choice<X: Tensor, Y: Tensor, I: Tensor<Elem: Index>, D: Dims>(operation: &str) -> Reduction {
    let reduction = reduction::<X, Y, D>(operation);
    if !I::SHAPE.equals(&Y::SHAPE) {
        fail(&[
            Part::Text("shape mismatch: the indices of `"),
            Part::Text(operation),
            Part::Text("` have shape "),
            Part::Shape(I::SHAPE),
            Part::Text(", the results "),
            Part::Shape(Y::SHAPE),
        ]);
    }
    if reduction.len as u64 > <I::Elem as Index>::PLACES {
        fail(&[
            Part::Text("`"),
            Part::Text(operation),
            Part::Text("` chooses among "),
            Part::Number(reduction.len),
            Part::Text(" places, more than an index of type "),
            Part::Text(<I::Elem as Element>::NAME),
            Part::Text(" can name"),
        ]);
    }
    reduction
}

/// The element that no other is better than, and its place among those of the result: the first of
/// several, and the first NaN before all.
#[inline(always)]
pub(super) fn best<T: Number>(
    reduction: &Reduction,
    x: &[T],
    start: usize,
    better: impl Fn(&T, &T) -> bool,
) -> (T, usize) {
    let (mut best, mut place, mut here) = (None, 0, 0);
    reduction.each(x, start, |x| {
        let wins = best.is_none_or(|best: T| better(&x, &best) || x.is_nan() && !best.is_nan());
        if wins && !(best.is_some_and(T::is_nan)) {
            (best, place) = (Some(x), here);
        }
        here += 1;
    });
    (best.unwrap_or(T::ZERO), place)
}

/// Values and places of all results.
#[inline(always)]
fn extremes<T: Number, I: Index>(
    reduction: &Reduction,
    x: &[T],
    y: &mut [T],
    index: &mut [I],
    better: impl Fn(&T, &T) -> bool,
) {
    reduction.each_result(|x_at, y_at| {
        let (value, place) = best(reduction, x, x_at, &better);
        if let (Some(y), Some(index)) = (y.get_mut(y_at), index.get_mut(y_at)) {
            *y = value;
            *index = I::at(place).unwrap_or_default();
        }
    });
}

/// Adds the gradient of each result to that of the element it came from.
#[inline]
fn to_places<I: Index>(reduction: &Reduction, index: &[I], dy: &[f32], dx: &mut [f32]) {
    let [step] = reduction.fibre.row_steps();
    reduction.each_result(|x_at, y_at| {
        if let (Some(index), Some(dy)) = (index.get(y_at), dy.get(y_at))
            && let Some(place) = index.position(reduction.len)
            && let Some(dx) = dx.get_mut(x_at + place * step)
        {
            *dx += dy;
        }
    });
}

/// Adds the gradient of each result in equal parts to those of all elements that are equal to it, of NaN to
/// those that are NaN.
#[inline]
fn to_equals(reduction: &Reduction, [x, y, dy]: [&[f32]; 3], dx: &mut [f32]) {
    reduction.each_result(|x_at, y_at| {
        if let (Some(&y), Some(dy)) = (y.get(y_at), dy.get(y_at)) {
            let mut equals = 0.0;
            let equal = |x: f32| x == y || (x.is_nan() && y.is_nan());
            reduction.each(x, x_at, |x| equals += if equal(x) { 1.0 } else { 0.0 });
            let share = dy / equals;
            reduction.each_place(x_at, |at| {
                if let (Some(x), Some(dx)) = (x.get(at), dx.get_mut(at))
                    && equal(*x)
                {
                    *dx += share;
                }
            });
        }
    });
}

macro_rules! along_one {
    ($(#[$doc:meta])* $name:ident, $better:ident; $(#[$doc_backward:meta])* $backward:ident) => {
        $(#[$doc])*
        #[inline]
        pub fn $name<K, X, const D: isize, Y, I>(_: K, x: &X, _: Dim<D>, y: &mut Y, index: &mut I)
        where
            K: Kernels,
            X: Tensor<Elem: Number>,
            Y: Tensor<Elem = X::Elem>,
            I: Tensor<Elem: Index>,
        {
            let reduction = const { &choice::<X, Y, I, Dim<D>>(stringify!($name)) };
            extremes(reduction, x.elements(), y.elements_mut(), index.elements_mut(), PartialOrd::$better);
        }

        $(#[$doc_backward])*
        #[inline]
        pub fn $backward<K, X, const D: isize, Y, I>(_: K, index: &I, dy: &Y, _: Dim<D>, dx: &mut X)
        where
            K: Kernels,
            X: Tensor<Elem = f32>,
            Y: Tensor<Elem = f32>,
            I: Tensor<Elem: Index>,
        {
            let reduction = const { &choice::<X, Y, I, Dim<D>>(stringify!($backward)) };
            to_places(reduction, index.elements(), dy.elements(), dx.elements_mut());
        }
    };
}

along_one! {
    /// The largest element along a dimension and its place there, the first of several: PyTorch's
    /// `torch.max(x, dim)`. NaN counts as the largest.
    ///
    /// ```
    /// use tensorlet::{Portable, ops::{self, Dim}};
    /// let (mut y, mut index) = ([0.0; 2], [0_u8; 2]);
    /// ops::max(Portable, &[[1.0, 3.0, 3.0], [4.0, f32::NAN, 5.0]], Dim::<1>, &mut y, &mut index);
    /// assert_eq!((y[0], y[1].is_nan(), index), (3.0, true, [1, 1]));
    /// ```
    max, gt;

    /// The gradient of [`max`]: to the element whose place was found.
    ///
    /// ```
    /// use tensorlet::{Portable, ops::{self, Dim}};
    /// let mut dx = [[0.0; 3]; 2];
    /// ops::max_backward(Portable, &[1_u8, 2], &[10.0, 20.0], Dim::<1>, &mut dx);
    /// assert_eq!(dx, [[0.0, 10.0, 0.0], [0.0, 0.0, 20.0]]);
    /// ```
    max_backward
}

along_one! {
    /// The smallest element along a dimension and its place there, the first of several: PyTorch's
    /// `torch.min(x, dim)`. NaN counts as the smallest.
    ///
    /// ```
    /// use tensorlet::{Portable, ops::{self, Dim}};
    /// let (mut y, mut index) = ([[0.0; 2]], [[0_u8; 2]]);
    /// ops::min(Portable, &[[1.0, 3.0], [4.0, 2.0]], Dim::<0>, &mut y, &mut index);
    /// assert_eq!((y, index), ([[1.0, 2.0]], [[0, 1]]));
    /// ```
    min, lt;

    /// The gradient of [`min`]: to the element whose place was found.
    ///
    /// ```
    /// use tensorlet::{Portable, ops::{self, Dim}};
    /// let mut dx = [[0.0; 2]; 2];
    /// ops::min_backward(Portable, &[[0_u8, 1]], &[[10.0, 20.0]], Dim::<0>, &mut dx);
    /// assert_eq!(dx, [[10.0, 0.0], [0.0, 20.0]]);
    /// ```
    min_backward
}

macro_rules! over_several {
    ($(#[$doc:meta])* $name:ident, $start:ident, $choose:expr; $(#[$doc_backward:meta])* $backward:ident) => {
        $(#[$doc])*
        #[inline]
        pub fn $name<K, X, D, Y>(_: K, x: &X, _: D, y: &mut Y)
        where
            K: Kernels,
            X: Tensor<Elem: Number>,
            D: Dims,
            Y: Tensor<Elem = X::Elem>,
        {
            let reduction = const { &reduction::<X, Y, D>(stringify!($name)) };
            let y = y.elements_mut();
            y.fill(X::Elem::$start);
            reduction.fold(x.elements(), y, $choose);
        }

        $(#[$doc_backward])*
        #[inline]
        pub fn $backward<K, X, D, Y>(_: K, x: &X, y: &Y, dy: &Y, _: D, dx: &mut X)
        where
            K: Kernels,
            X: Tensor<Elem = f32>,
            D: Dims,
            Y: Tensor<Elem = f32>,
        {
            let reduction = const { &reduction::<X, Y, D>(stringify!($backward)) };
            to_equals(reduction, [x.elements(), y.elements(), dy.elements()], dx.elements_mut());
        }
    };
}

over_several! {
    /// The largest element over dimensions, NaN if there is one: PyTorch's `torch.amax`, and
    /// `torch.max(x)` over [`All`](super::All).
    ///
    /// ```
    /// use tensorlet::{Portable, ops::{self, All}};
    /// let mut y = 0_i8;
    /// ops::amax(Portable, &[[-5_i8, 3], [7, -1]], All, &mut y);
    /// assert_eq!(y, 7);
    /// ```
    amax, LEAST, Number::maximum;

    /// The gradient of [`amax`], whose result was `y`: in equal parts to all elements that are the
    /// largest, or that are NaN if `y` is.
    ///
    /// ```
    /// use tensorlet::{Portable, ops::{self, All}};
    /// let mut dx = [0.0; 3];
    /// ops::amax_backward(Portable, &[4.0, 1.0, 4.0], &4.0, &1.0, All, &mut dx);
    /// assert_eq!(dx, [0.5, 0.0, 0.5]);
    /// ```
    amax_backward
}

over_several! {
    /// The smallest element over dimensions, NaN if there is one: PyTorch's `torch.amin`, and
    /// `torch.min(x)` over [`All`](super::All).
    ///
    /// ```
    /// use tensorlet::{Portable, ops::{self, Dim}};
    /// let mut y = [0.0; 2];
    /// ops::amin(Portable, &[[[1.0, 2.0]], [[3.0, 0.0]]], (Dim::<1>, Dim::<2>), &mut y);
    /// assert_eq!(y, [1.0, 0.0]);
    /// ```
    amin, GREATEST, Number::minimum;

    /// The gradient of [`amin`], whose result was `y`: in equal parts to all elements that are the
    /// smallest, or that are NaN if `y` is.
    ///
    /// ```
    /// use tensorlet::{Portable, ops::{self, All}};
    /// let mut dx = [0.0; 3];
    /// ops::amin_backward(Portable, &[4.0, 1.0, 4.0], &1.0, &1.0, All, &mut dx);
    /// assert_eq!(dx, [0.0, 1.0, 0.0]);
    /// ```
    amin_backward
}
