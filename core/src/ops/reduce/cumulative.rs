//! Sums and products of all elements up to each.

use super::{Reduction, along};
use crate::{
    Element, Tensor,
    kernel::Kernels,
    ops::{Dim, Number},
};

/// `y[i] = f(y[i - 1], x[i])` along each line, from `start`.
#[inline(always)]
fn scan<T: Number>(lines: &Reduction, x: &[T], y: &mut [T], start: T, f: impl Fn(T, T) -> T) {
    lines.each_result(|first, _| {
        let mut sum = start;
        lines.each_place(first, |at| {
            if let (Some(x), Some(y)) = (x.get(at), y.get_mut(at)) {
                sum = f(sum, *x);
                *y = sum;
            }
        });
    });
}

/// Calls `f` with the place of each element of a line, from the last to the first, and with the place of
/// the one before it, if there is one.
#[inline(always)]
fn backwards(lines: &Reduction, first: usize, mut f: impl FnMut(usize, Option<usize>)) {
    let [step] = lines.fibre.row_steps();
    let mut at = first + (lines.len - 1) * step;
    for left in (0..lines.len).rev() {
        let before = if left > 0 { at.checked_sub(step) } else { None };
        f(at, before);
        at = before.unwrap_or(first);
    }
}

/// `y[i] = x[0] + … + x[i]` along a dimension: PyTorch's `torch.cumsum`. Integers wrap around.
///
/// ```
/// use tensorlet::{Portable, ops::{self, Dim}};
/// let mut y = [[0; 3]; 2];
/// ops::cumsum(Portable, &[[1, 2, 3], [4, 5, 6]], Dim::<1>, &mut y);
/// assert_eq!(y, [[1, 3, 6], [4, 9, 15]]);
/// ```
#[inline]
pub fn cumsum<K, X, const D: isize>(_: K, x: &X, _: Dim<D>, y: &mut X)
where
    K: Kernels,
    X: Tensor<Elem: Number>,
{
    let lines = const { &along::<X, Dim<D>>("cumsum") };
    scan(lines, x.elements(), y.elements_mut(), X::Elem::ZERO, Number::add);
}

/// The gradient of [`cumsum`]: `dx[i] += Σ_{j ≥ i} ∂L/∂y[j]`.
///
/// ```
/// use tensorlet::{Portable, ops::{self, Dim}};
/// let mut dx = [0.0; 3];
/// ops::cumsum_backward(Portable, &[1.0, 2.0, 3.0], Dim::<0>, &mut dx);
/// assert_eq!(dx, [6.0, 5.0, 3.0]);
/// ```
#[inline]
pub fn cumsum_backward<K, X, const D: isize>(_: K, dy: &X, _: Dim<D>, dx: &mut X)
where
    K: Kernels,
    X: Tensor<Elem = f32>,
{
    let lines = const { &along::<X, Dim<D>>("cumsum_backward") };
    sums_behind(lines, dy.elements(), dx.elements_mut());
}

#[inline]
fn sums_behind(lines: &Reduction, dy: &[f32], dx: &mut [f32]) {
    lines.each_result(|first, _| {
        let mut sum = 0.0;
        backwards(lines, first, |at, _| {
            if let (Some(dy), Some(dx)) = (dy.get(at), dx.get_mut(at)) {
                sum += dy;
                *dx += sum;
            }
        });
    });
}

/// `y[i] = x[0] · … · x[i]` along a dimension: PyTorch's `torch.cumprod`. Integers wrap around.
///
/// ```
/// use tensorlet::{Portable, ops::{self, Dim}};
/// let mut y = [0.0; 4];
/// ops::cumprod(Portable, &[1.0, 2.0, 3.0, 4.0], Dim::<0>, &mut y);
/// assert_eq!(y, [1.0, 2.0, 6.0, 24.0]);
/// ```
#[inline]
pub fn cumprod<K, X, const D: isize>(_: K, x: &X, _: Dim<D>, y: &mut X)
where
    K: Kernels,
    X: Tensor<Elem: Number>,
{
    let lines = const { &along::<X, Dim<D>>("cumprod") };
    scan(lines, x.elements(), y.elements_mut(), X::Elem::ONE, Number::mul);
}

/// The gradient of [`cumprod`], whose result was `y`. It divides by nothing, and so is right where
/// elements are zero: `dx[i] += y[i - 1] r[i]` with `r[i] = ∂L/∂y[i] + x[i + 1] r[i + 1]`.
///
/// ```
/// use tensorlet::{Portable, ops::{self, Dim}};
/// let mut dx = [0.0; 3];
/// ops::cumprod_backward(Portable, &[2.0, 0.0, 5.0], &[2.0, 0.0, 0.0], &[1.0; 3], Dim::<0>, &mut dx);
/// assert_eq!(dx, [1.0, 12.0, 0.0]);
/// ```
#[inline]
pub fn cumprod_backward<K, X, const D: isize>(_: K, x: &X, y: &X, dy: &X, _: Dim<D>, dx: &mut X)
where
    K: Kernels,
    X: Tensor<Elem = f32>,
{
    let lines = const { &along::<X, Dim<D>>("cumprod_backward") };
    products_behind(lines, [x.elements(), y.elements(), dy.elements()], dx.elements_mut());
}

#[inline]
fn products_behind(lines: &Reduction, [x, y, dy]: [&[f32]; 3], dx: &mut [f32]) {
    lines.each_result(|first, _| {
        // `x[i + 1] r[i + 1]`.
        let mut behind = 0.0;
        backwards(lines, first, |at, before| {
            if let (Some(x), Some(dy), Some(dx)) = (x.get(at), dy.get(at), dx.get_mut(at)) {
                let r = dy + behind;
                *dx += before.and_then(|before| y.get(before)).map_or(r, |y| y * r);
                behind = x * r;
            }
        });
    });
}
