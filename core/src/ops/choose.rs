//! Choices: limits, and one of two by a condition.

use super::{
    Gradient, Number,
    nest::{Nest, broadcast_check, from, from_mut, steps, strides},
};
use crate::{Shape, Tensor, kernel::Kernels};

/// `y = min(max(x, least), greatest)`: PyTorch's `torch.clamp`; NaN stays NaN. Where `least` is above
/// `greatest`, all elements become `greatest`.
///
/// A limit that is not wanted is infinite, or the type's own: `f32::NEG_INFINITY`, `i8::MAX`.
///
/// ```
/// use tensorlet::{Portable, ops};
/// let mut y = [0.0; 3];
/// ops::clamp(Portable, &[-2.0, 0.5, 2.0], -1.0, 1.0, &mut y);
/// assert_eq!(y, [-1.0, 0.5, 1.0]);
/// ```
#[inline]
pub fn clamp<K, X>(_: K, x: &X, least: X::Elem, greatest: X::Elem, y: &mut X)
where
    K: Kernels,
    X: Tensor<Elem: Number>,
{
    limit(x.elements(), least, greatest, y.elements_mut());
}

#[inline]
fn limit<T: Number>(x: &[T], least: T, greatest: T, y: &mut [T]) {
    for (y, &x) in y.iter_mut().zip(x) {
        let above = if x < least { least } else { x };
        *y = if above > greatest { greatest } else { above };
    }
}

/// The gradient of [`clamp`]: `dx += ∂L/∂y` where `least < x < greatest`; at a limit it is 0, as of
/// PyTorch 2.15. An infinite limit is none.
///
/// ```
/// use tensorlet::{Portable, ops};
/// let mut dx = [0.0; 3];
/// ops::clamp_backward(Portable, &[-2.0, 0.5, 1.0], &[1.0, 2.0, 3.0], -1.0, 1.0, &mut dx);
/// assert_eq!(dx, [0.0, 2.0, 0.0]);
/// ```
#[inline]
pub fn clamp_backward<K, X>(_: K, x: &X, dy: &X, least: f32, greatest: f32, dx: &mut X)
where
    K: Kernels,
    X: Tensor<Elem = f32>,
{
    within(x.elements(), dy.elements(), least, greatest, dx.elements_mut());
}

#[inline]
fn within(x: &[f32], dy: &[f32], least: f32, greatest: f32, dx: &mut [f32]) {
    for ((dx, x), dy) in dx.iter_mut().zip(x).zip(dy) {
        let above = *x > least || (least == f32::NEG_INFINITY && *x == least);
        let below = *x < greatest || (greatest == f32::INFINITY && *x == greatest);
        if above && below {
            *dx += dy;
        }
    }
}

/// The loops over condition, both arguments and the result.
const fn choice<C: Tensor, A: Tensor, B: Tensor, Y: Tensor>(operation: &str) -> Nest<4> {
    broadcast_check(operation, &[C::SHAPE, A::SHAPE, B::SHAPE], Y::SHAPE);
    let over: Shape = Y::SHAPE;
    let operands = [strides(C::SHAPE, over), strides(A::SHAPE, over), strides(B::SHAPE, over), strides(over, over)];
    Nest::new(over.dims(), &steps(operands))
}

/// `y = a` where `condition` is not 0, else `b`: PyTorch's `torch.where`. All three are broadcast to each
/// other.
///
/// ```
/// use tensorlet::{Portable, ops};
/// let mut y = [[0.0; 2]; 2];
/// ops::where_(Portable, &[1_u8, 0], &[[1.0, 2.0], [3.0, 4.0]], &0.0, &mut y);
/// assert_eq!(y, [[1.0, 0.0], [3.0, 0.0]]);
/// ```
#[doc(alias = "where")]
#[inline]
pub fn where_<K, C, A, B, Y>(_: K, condition: &C, a: &A, b: &B, y: &mut Y)
where
    K: Kernels,
    C: Tensor<Elem = u8>,
    A: Tensor,
    B: Tensor<Elem = A::Elem>,
    Y: Tensor<Elem = A::Elem>,
{
    let nest = const { &choice::<C, A, B, Y>("where_") };
    select(nest, condition.elements(), a.elements(), b.elements(), y.elements_mut());
}

#[inline]
fn select<T: Copy>(nest: &Nest<4>, condition: &[u8], a: &[T], b: &[T], y: &mut [T]) {
    let (len, [c_step, a_step, b_step, _]) = (nest.row(), nest.row_steps());
    nest.rows(|[mut c_at, mut a_at, mut b_at, y_at]| {
        for y in from_mut(y, y_at).iter_mut().take(len) {
            let chosen = if condition.get(c_at).is_some_and(|c| *c != 0) { a.get(a_at) } else { b.get(b_at) };
            if let Some(chosen) = chosen {
                *y = *chosen;
            }
            (c_at, a_at, b_at) = (c_at + c_step, a_at + a_step, b_at + b_step);
        }
    });
}

/// The gradients of [`where_`]: `∂L/∂y` goes to the argument that was chosen.
///
/// ```
/// use tensorlet::{Portable, ops};
/// let (mut da, mut db) = ([0.0; 3], 0.0);
/// ops::where_backward(Portable, &[1_u8, 0, 0], &[1.0, 2.0, 3.0], &mut da, &mut db);
/// assert_eq!((da, db), ([1.0, 0.0, 0.0], 5.0));
/// ```
#[inline]
pub fn where_backward<K, C, Y, DA, DB>(_: K, condition: &C, dy: &Y, da: &mut DA, db: &mut DB)
where
    K: Kernels,
    C: Tensor<Elem = u8>,
    Y: Tensor<Elem = f32>,
    DA: Gradient,
    DB: Gradient,
{
    let nest = const { &gradients::<C, Y, DA, DB>("where_backward") };
    to_chosen(nest, condition.elements(), dy.elements(), da.slot(), db.slot());
}

/// The loops over condition, both gradients and that of the result.
const fn gradients<C: Tensor, Y: Tensor, DA: Gradient, DB: Gradient>(operation: &str) -> Nest<4> {
    let (over, number) = (Y::SHAPE, Shape::SCALAR);
    let a = match DA::WANTED {
        Some(shape) => shape,
        None => number,
    };
    let b = match DB::WANTED {
        Some(shape) => shape,
        None => number,
    };
    broadcast_check(operation, &[over, C::SHAPE, a, b], over);
    let operands = [strides(C::SHAPE, over), strides(a, over), strides(b, over), strides(over, over)];
    Nest::new(over.dims(), &steps(operands))
}

#[inline]
fn to_chosen(nest: &Nest<4>, condition: &[u8], dy: &[f32], da: &mut [f32], db: &mut [f32]) {
    let (len, [c_step, a_step, b_step, _]) = (nest.row(), nest.row_steps());
    nest.rows(|[mut c_at, mut a_at, mut b_at, y_at]| {
        for dy in from(dy, y_at).iter().take(len) {
            let chosen = condition.get(c_at).is_some_and(|c| *c != 0);
            if let Some(gradient) = if chosen { da.get_mut(a_at) } else { db.get_mut(b_at) } {
                *gradient += dy;
            }
            (c_at, a_at, b_at) = (c_at + c_step, a_at + a_step, b_at + b_step);
        }
    });
}
