//! The place of the largest and of the smallest element.

use super::{
    Dims, Reduction,
    extreme::{best, choice},
};
use crate::{Index, Tensor, kernel::Kernels, ops::Number};

/// The places of all results.
#[inline(always)]
fn places<T: Number, I: Index>(reduction: &Reduction, x: &[T], index: &mut [I], better: impl Fn(&T, &T) -> bool) {
    reduction.each_result(|x_at, y_at| {
        if let Some(index) = index.get_mut(y_at) {
            *index = I::at(best(reduction, x, x_at, &better).1).unwrap_or_default();
        }
    });
}

macro_rules! argument {
    ($(#[$doc:meta])* $name:ident, $better:ident) => {
        $(#[$doc])*
        #[inline]
        pub fn $name<K, X, D, I>(_: K, x: &X, _: D, index: &mut I)
        where
            K: Kernels,
            X: Tensor<Elem: Number>,
            D: Dims,
            I: Tensor<Elem: Index>,
        {
            let reduction = const { &choice::<X, I, I, D>(stringify!($name)) };
            places(reduction, x.elements(), index.elements_mut(), PartialOrd::$better);
        }
    };
}

argument! {
    /// The place of the largest element along a dimension, the first of several: PyTorch's
    /// `torch.argmax`. NaN counts as the largest. Over [`All`](super::All) places count row by row.
    ///
    /// ```
    /// use tensorlet::{Portable, ops::{self, All, Dim}};
    /// let x = [[1.0, 4.0, 4.0], [9.0, 5.0, 6.0]];
    /// let (mut rows, mut all) = ([0_u8; 2], 0_u16);
    /// ops::argmax(Portable, &x, Dim::<1>, &mut rows);
    /// ops::argmax(Portable, &x, All, &mut all);
    /// assert_eq!((rows, all), ([1, 0], 3));
    /// ```
    argmax, gt
}

argument! {
    /// The place of the smallest element along a dimension, the first of several: PyTorch's
    /// `torch.argmin`. NaN counts as the smallest. Over [`All`](super::All) places count row by row.
    ///
    /// ```
    /// use tensorlet::{Portable, ops::{self, Dim}};
    /// let mut places = [0_u8; 3];
    /// ops::argmin(Portable, &[[1, 4, 4], [9, 5, 4]], Dim::<0>, &mut places);
    /// assert_eq!(places, [0, 0, 0]);
    /// ```
    argmin, lt
}

argument! {
    /// [`argmax`], but of several equal elements the last: ONNX's `ArgMax` with `select_last_index`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops::{self, Dim}};
    /// let mut place = 0_u8;
    /// ops::argmax_last(Portable, &[1.0, 4.0, 4.0], Dim::<0>, &mut place);
    /// assert_eq!(place, 2);
    /// ```
    argmax_last, ge
}

argument! {
    /// [`argmin`], but of several equal elements the last: ONNX's `ArgMin` with `select_last_index`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops::{self, Dim}};
    /// let mut place = 0_u8;
    /// ops::argmin_last(Portable, &[1.0, 1.0, 4.0], Dim::<0>, &mut place);
    /// assert_eq!(place, 1);
    /// ```
    argmin_last, le
}
