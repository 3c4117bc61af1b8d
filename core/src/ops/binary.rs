//! Arithmetic of two tensors that are broadcast to each other.

use core::iter::repeat;

use super::{
    Gradient, Number,
    nest::{Nest, binary, from, from_mut, gradient, spread},
};
use crate::{Tensor, kernel::Kernels, math};

/// Runs an expression with iterators over a row of two operands, of which one may be repeated.
macro_rules! with_rows {
    ($a:expr, $b:expr, $steps:expr, |$p:ident, $q:ident| $body:expr) => {
        match ($steps, $a, $b) {
            ([0, 1], [a, ..], b) => {
                let ($p, $q) = (repeat(*a), b.iter().copied());
                $body
            }
            ([1, 0], a, [b, ..]) => {
                let ($p, $q) = (a.iter().copied(), repeat(*b));
                $body
            }
            (_, a, b) => {
                let ($p, $q) = (a.iter().copied(), b.iter().copied());
                $body
            }
        }
    };
}

/// `y = f(a, b)` for each pair of elements.
#[inline(always)]
pub(super) fn map<T: Copy, U>(nest: &Nest<3>, a: &[T], b: &[T], y: &mut [U], f: impl Fn(T, T) -> U) {
    let (len, [a_step, b_step, _]) = (nest.row(), nest.row_steps());
    nest.rows(|[a_at, b_at, y_at]| {
        let y = from_mut(y, y_at).iter_mut().take(len);
        with_rows!(from(a, a_at), from(b, b_at), [a_step, b_step], |a, b| {
            y.zip(a.zip(b)).for_each(|(y, (a, b))| *y = f(a, b));
        });
    });
}

/// Adds `g(dy, a, b)` for each element of the result to the gradient of one argument: the one whose
/// offsets stand at `WHICH` in the nest.
#[inline(always)]
pub(super) fn accumulate<const WHICH: usize>(
    nest: &Nest<3>,
    [a, b, dy]: [&[f32]; 3],
    gradient: &mut [f32],
    g: impl Fn(f32, f32, f32) -> f32,
) {
    if gradient.is_empty() {
        return;
    }
    let (len, [a_step, b_step, _]) = (nest.row(), nest.row_steps());
    let repeated = (if WHICH == 0 { a_step } else { b_step }) == 0;
    nest.rows(|[a_at, b_at, y_at]| {
        let gradient = from_mut(gradient, if WHICH == 0 { a_at } else { b_at });
        let dy = from(dy, y_at).iter().take(len);
        with_rows!(from(a, a_at), from(b, b_at), [a_step, b_step], |a, b| {
            let terms = dy.zip(a.zip(b)).map(|(&dy, (a, b))| g(dy, a, b));
            if repeated {
                if let [gradient, ..] = gradient {
                    *gradient += terms.fold(0.0, |sum, term| sum + term);
                }
            } else {
                gradient.iter_mut().zip(terms).for_each(|(gradient, term)| *gradient += term);
            }
        });
    });
}

/// `to ← to + scale · from`, where one of the two may be repeated: broadcasting, or a sum.
#[inline]
pub(super) fn add_to<K: Kernels, T: Number>(k: K, nest: &Nest<2>, scale: T, from_: &[T], to: &mut [T]) {
    if to.is_empty() {
        return;
    }
    let (len, steps) = (nest.row(), nest.row_steps());
    nest.rows(|[from_at, to_at]| {
        let (source, to) = (from(from_, from_at), from_mut(to, to_at));
        match (steps, source, to) {
            ([0, _], [source, ..], to) => {
                let term = scale.mul(*source);
                to.iter_mut().take(len).for_each(|to| *to = to.add(term));
            }
            ([_, 0], source, [to, ..]) => {
                *to = to.add(scale.mul(T::sum(k, source.get(..len).unwrap_or(source))));
            }
            (_, source, to) => {
                let to = to.get_mut(..len).unwrap_or_default();
                T::accumulate(k, to, scale, source);
            }
        }
    });
}

macro_rules! arithmetic {
    ($(#[$doc:meta])* $name:ident, $f:expr) => {
        $(#[$doc])*
        #[inline]
        pub fn $name<K, A, B, Y>(_: K, a: &A, b: &B, y: &mut Y)
        where
            K: Kernels,
            A: Tensor<Elem: Number>,
            B: Tensor<Elem = A::Elem>,
            Y: Tensor<Elem = A::Elem>,
        {
            let nest = const { &binary::<A, B, Y>(stringify!($name)) };
            map(nest, a.elements(), b.elements(), y.elements_mut(), $f);
        }
    };
}

/// The gradients of an operation: `∂L/∂a` and `∂L/∂b` from `∂L/∂y`, `a` and `b`.
macro_rules! gradients {
    ($(#[$doc:meta])* $name:ident, $da:expr, $db:expr) => {
        $(#[$doc])*
        #[inline]
        pub fn $name<K, A, B, Y, DA, DB>(_: K, a: &A, b: &B, dy: &Y, da: &mut DA, db: &mut DB)
        where
            K: Kernels,
            A: Tensor<Elem = f32>,
            B: Tensor<Elem = f32>,
            Y: Tensor<Elem = f32>,
            DA: Gradient,
            DB: Gradient,
        {
            const {
                gradient::<A, DA>(stringify!($name));
                gradient::<B, DB>(stringify!($name));
            }
            // Not a closure: it would be compiled for every shape.
            fn both(nest: &Nest<3>, operands: [&[f32]; 3], [da, db]: [&mut [f32]; 2]) {
                accumulate::<0>(nest, operands, da, $da);
                accumulate::<1>(nest, operands, db, $db);
            }
            let nest = const { &binary::<A, B, Y>(stringify!($name)) };
            both(nest, [a.elements(), b.elements(), dy.elements()], [da.slot(), db.slot()]);
        }
    };
}

/// The gradients of an operation that do not depend on its arguments.
macro_rules! linear_gradients {
    ($(#[$doc:meta])* $name:ident, $a:literal, $b:literal) => {
        $(#[$doc])*
        #[inline]
        pub fn $name<K, Y, DA, DB>(k: K, dy: &Y, da: &mut DA, db: &mut DB)
        where
            K: Kernels,
            Y: Tensor<Elem = f32>,
            DA: Gradient,
            DB: Gradient,
        {
            let a = const { &spread::<Y, DA>(stringify!($name)) };
            let b = const { &spread::<Y, DB>(stringify!($name)) };
            add_to(k, a, $a, dy.elements(), da.slot());
            add_to(k, b, $b, dy.elements(), db.slot());
        }
    };
}

arithmetic! {
    /// `y = a + b`: PyTorch's `torch.add`. The arguments are broadcast to each other.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [[0.0; 2]; 2];
    /// ops::add(Portable, &[[1.0], [2.0]], &[10.0, 20.0], &mut y);
    /// assert_eq!(y, [[11.0, 21.0], [12.0, 22.0]]);
    /// ```
    add, Number::add
}

linear_gradients! {
    /// The gradients of [`add`]: `da += ∂L/∂y` and `db += ∂L/∂y`, summed over repeated elements.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let (mut da, mut db) = ([1.0, 1.0], 0.0);
    /// ops::add_backward(Portable, &[3.0, 4.0], &mut da, &mut db);
    /// assert_eq!((da, db), ([4.0, 5.0], 7.0));
    /// ```
    add_backward, 1.0, 1.0
}

arithmetic! {
    /// `y = a - b`: PyTorch's `torch.sub`. The arguments are broadcast to each other.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0.0; 2];
    /// ops::sub(Portable, &[1.0, 2.0], &0.5, &mut y);
    /// assert_eq!(y, [0.5, 1.5]);
    /// ```
    sub, Number::sub
}

linear_gradients! {
    /// The gradients of [`sub`]: `da += ∂L/∂y` and `db -= ∂L/∂y`, summed over repeated elements.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let (mut da, mut db) = ([1.0, 1.0], 0.0);
    /// ops::sub_backward(Portable, &[3.0, 4.0], &mut da, &mut db);
    /// assert_eq!((da, db), ([4.0, 5.0], -7.0));
    /// ```
    sub_backward, 1.0, -1.0
}

arithmetic! {
    /// `y = a b`, element by element: PyTorch's `torch.mul`. The arguments are broadcast to each other.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [[0.0; 3]; 2];
    /// ops::mul(Portable, &[[2.0], [3.0]], &[1.0, 2.0, 3.0], &mut y);
    /// assert_eq!(y, [[2.0, 4.0, 6.0], [3.0, 6.0, 9.0]]);
    /// ```
    mul, Number::mul
}

gradients! {
    /// The gradients of [`mul`]: `da += b ∂L/∂y` and `db += a ∂L/∂y`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let (mut da, mut db) = ([0.0; 2], 0.0);
    /// ops::mul_backward(Portable, &[3.0, 4.0], &10.0, &[1.0, 2.0], &mut da, &mut db);
    /// assert_eq!((da, db), ([10.0, 20.0], 11.0));
    /// ```
    mul_backward, |dy, _, b| dy * b, |dy, a, _| dy * a
}

arithmetic! {
    /// `y = a / b`: PyTorch's `torch.div`; of integers, `torch.div(rounding_mode="trunc")`. The
    /// arguments are broadcast to each other.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0.0; 2];
    /// ops::div(Portable, &[1.0, -1.0], &[4.0, 0.0], &mut y);
    /// assert_eq!(y, [0.25, f32::NEG_INFINITY]);
    /// ```
    div, Number::div
}

gradients! {
    /// The gradients of [`div`]: `da += ∂L/∂y / b` and `db -= a/b² ∂L/∂y`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let (mut da, mut db) = ([0.0; 2], 0.0);
    /// ops::div_backward(Portable, &[4.0, 8.0], &2.0, &[1.0, 1.0], &mut da, &mut db);
    /// assert_eq!((da, db), ([0.5, 0.5], -3.0));
    /// ```
    div_backward, |dy, _, b| dy / b, |dy, a, b| -dy * ((a / b) / b)
}

arithmetic! {
    /// The larger of two, NaN if one of them is: PyTorch's `torch.maximum`. The arguments are broadcast
    /// to each other.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0_i8; 3];
    /// ops::maximum(Portable, &[-1_i8, 5, 3], &0_i8, &mut y);
    /// assert_eq!(y, [0, 5, 3]);
    /// ```
    maximum, Number::maximum
}

gradients! {
    /// The gradients of [`maximum`]: to the larger argument, half to each where they are equal, and as in PyTorch
    /// all to both where one is NaN.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let (mut da, mut db) = ([0.0; 3], [0.0; 3]);
    /// ops::maximum_backward(Portable, &[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0], &[1.0; 3], &mut da, &mut db);
    /// assert_eq!((da, db), ([0.0, 0.5, 1.0], [1.0, 0.5, 0.0]));
    /// ```
    maximum_backward, |dy, a, b| unless(dy, a < b, a == b), |dy, a, b| unless(dy, b < a, a == b)
}

arithmetic! {
    /// The smaller of two, NaN if one of them is: PyTorch's `torch.minimum`. The arguments are broadcast
    /// to each other.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0.0; 2];
    /// ops::minimum(Portable, &[0.5, 2.0], &1.0, &mut y);
    /// assert_eq!(y, [0.5, 1.0]);
    /// ```
    minimum, Number::minimum
}

gradients! {
    /// The gradients of [`minimum`]: to the smaller argument, half to each where they are equal, and as in PyTorch
    /// all to both where one is NaN.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut da = [0.0; 3];
    /// ops::minimum_backward(Portable, &[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0], &[1.0; 3], &mut da, &mut ());
    /// assert_eq!(da, [1.0, 0.5, 0.0]);
    /// ```
    minimum_backward, |dy, a, b| unless(dy, a > b, a == b), |dy, a, b| unless(dy, b > a, a == b)
}

/// The gradient of an argument unless the other one was chosen; it is shared with an equal one.
#[inline(always)]
fn unless(dy: f32, other: bool, tied: bool) -> f32 {
    if tied {
        0.5 * dy
    } else if other {
        0.0
    } else {
        dy
    }
}

arithmetic! {
    /// `y = aᵇ`: PyTorch's `torch.pow`. The arguments are broadcast to each other.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0.0; 3];
    /// ops::pow(Portable, &[2.0, -2.0, 0.0], &[0.5, 3.0, 0.0], &mut y);
    /// assert_eq!(y, [2.0_f32.sqrt(), -8.0, 1.0]);
    /// ```
    pow, Number::pow
}

gradients! {
    /// The gradients of [`pow`]: `da += b aᵇ⁻¹ ∂L/∂y`, 0 where `b = 0`, and `db += aᵇ ln a ∂L/∂y`, 0
    /// where `a = 0` and `b ≥ 0`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut da = [0.0; 2];
    /// ops::pow_backward(Portable, &[3.0, 0.0], &2.0, &[1.0, 1.0], &mut da, &mut ());
    /// assert_eq!(da, [6.0, 0.0]);
    /// ```
    pow_backward,
    |dy, a, b| if b == 0.0 { 0.0 } else { dy * (b * math::pow(a, b - 1.0)) },
    |dy, a, b| if a == 0.0 && b >= 0.0 { 0.0 } else { dy * (math::pow(a, b) * math::ln(a)) }
}
