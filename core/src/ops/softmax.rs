//! Softmax over a dimension, its logarithm, and softmax of rows that are partly valid.

use super::Dim;
use crate::{
    Index, Shape, Tensor,
    kernel::{Kernels, samples, samples_mut},
    line::{Lines, cells},
    math,
    message::{Part, fail},
};

/// Softmax along lines, in place.
pub(crate) fn softmax_lines<K: Kernels>(k: K, lines: Lines, x: &mut [f32]) {
    if lines.are_rows() {
        return k.softmax_rows(x, lines.len);
    }
    for line in lines.of(cells(x)) {
        let (max, mut sum) = (line.max(), 0.0);
        for x in line.iter() {
            x.set(math::exp(x.get() - max));
            sum += x.get();
        }
        let scale = 1.0 / sum;
        line.iter().for_each(|x| x.set(x.get() * scale));
    }
}

/// The gradient of [`softmax_lines`] in place of its value `y`.
pub(crate) fn softmax_lines_backward<K: Kernels>(k: K, lines: Lines, y: &mut [f32], dy: &[f32]) {
    if lines.are_rows() {
        return lines.rows(y).zip(samples(dy, lines.len)).for_each(|(y, dy)| k.softmax_backward(y, dy));
    }
    for (y, dy) in lines.of(cells(y)).zip(lines.of(dy)) {
        let sum = y.iter().zip(dy.iter()).fold(0.0, |sum, (y, dy)| sum + y.get() * dy);
        y.iter().zip(dy.iter()).for_each(|(y, dy)| y.set(y.get() * (dy - sum)));
    }
}

/// The logarithm of softmax along lines, in place.
pub(crate) fn log_softmax_lines<K: Kernels>(k: K, lines: Lines, x: &mut [f32]) {
    if lines.are_rows() {
        return lines.rows(x).for_each(|row| k.log_softmax(row));
    }
    for line in lines.of(cells(x)) {
        let (max, mut sum) = (line.max(), 0.0);
        for x in line.iter() {
            x.set(x.get() - max);
            sum += math::exp(x.get());
        }
        let ln = math::ln(sum);
        line.iter().for_each(|x| x.set(x.get() - ln));
    }
}

/// The gradient of [`log_softmax_lines`] in place of its value `y`.
pub(crate) fn log_softmax_lines_backward<K: Kernels>(k: K, lines: Lines, y: &mut [f32], dy: &[f32]) {
    if lines.are_rows() {
        return lines.rows(y).zip(samples(dy, lines.len)).for_each(|(y, dy)| k.log_softmax_backward(y, dy));
    }
    for (y, dy) in lines.of(cells(y)).zip(lines.of(dy)) {
        let sum = dy.iter().fold(0.0, |sum, dy| sum + dy);
        y.iter().zip(dy.iter()).for_each(|(y, dy)| y.set(dy - math::exp(y.get()) * sum));
    }
}

/// Adds the gradient of softmax to `dx`, times `scale`.
pub(super) fn add_gradient(lines: Lines, y: &[f32], dy: &[f32], dx: &mut [f32], scale: f32) {
    for (dx, (y, dy)) in lines.of(cells(dx)).zip(lines.of(y).zip(lines.of(dy))) {
        let sum = y.iter().zip(dy.iter()).fold(0.0, |sum, (y, dy)| sum + y * dy);
        for (dx, (y, dy)) in dx.iter().zip(y.iter().zip(dy.iter())) {
            dx.set(dx.get() + scale * (y * (dy - sum)));
        }
    }
}

#[inline(always)]
fn copy(to: &mut [f32], from: &[f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// `y_i = exp(x_i) / Σ_j exp(x_j)` over a dimension: PyTorch's `torch.softmax`.
///
/// Logits of any size are safe. A line that is all `-∞`, or has `∞` or NaN in it, gives NaN.
///
/// ```
/// use tensorlet::{Portable, ops::{self, Dim}};
/// let mut y = [[0.0; 2]; 2];
/// ops::softmax(Portable, &[[0.0, 1e4], [0.0, -1e4]], Dim::<0>, &mut y);
/// assert_eq!(y, [[0.5, 1.0], [0.5, 0.0]]);
/// ```
#[inline]
pub fn softmax<K: Kernels, X: Tensor<Elem = f32>, const D: isize>(k: K, x: &X, _: Dim<D>, y: &mut X) {
    copy(y.elements_mut(), x.elements());
    softmax_lines(k, const { Lines::along::<X>("softmax", D) }, y.elements_mut());
}

/// The gradient of [`softmax`] from its value: `dx_i += y_i (dy_i - Σ_j y_j dy_j)`.
///
/// ```
/// use tensorlet::{Portable, ops::{self, Dim}};
/// let mut dx = [0.0; 2];
/// ops::softmax_backward(Portable, &[0.5, 0.5], &[1.0, 0.0], Dim::<0>, &mut dx);
/// assert_eq!(dx, [0.25, -0.25]);
/// ```
#[inline]
pub fn softmax_backward<K: Kernels, X: Tensor<Elem = f32>, const D: isize>(_: K, y: &X, dy: &X, _: Dim<D>, dx: &mut X) {
    let lines = const { Lines::along::<X>("softmax_backward", D) };
    add_gradient(lines, y.elements(), dy.elements(), dx.elements_mut(), 1.0);
}

/// `y_i = x_i - ln Σ_j exp(x_j)` over a dimension: PyTorch's `torch.log_softmax`.
///
/// ```
/// use tensorlet::{Portable, ops::{self, Dim}};
/// let mut y = [0.0; 2];
/// ops::log_softmax(Portable, &[1e4, -1e4], Dim::<0>, &mut y);
/// assert_eq!(y, [0.0, -2e4]);
/// ```
#[inline]
pub fn log_softmax<K: Kernels, X: Tensor<Elem = f32>, const D: isize>(k: K, x: &X, _: Dim<D>, y: &mut X) {
    copy(y.elements_mut(), x.elements());
    log_softmax_lines(k, const { Lines::along::<X>("log_softmax", D) }, y.elements_mut());
}

/// The gradient of [`log_softmax`] from its value: `dx_i += dy_i - exp(y_i) Σ_j dy_j`.
///
/// ```
/// use tensorlet::{Portable, ops::{self, Dim}};
/// let mut dx = [0.0; 2];
/// ops::log_softmax_backward(Portable, &[0.0, -200.0], &[1.0, 2.0], Dim::<0>, &mut dx);
/// assert_eq!(dx, [-2.0, 2.0]);
/// ```
#[inline]
pub fn log_softmax_backward<K: Kernels, X: Tensor<Elem = f32>, const D: isize>(
    _: K,
    y: &X,
    dy: &X,
    _: Dim<D>,
    dx: &mut X,
) {
    /// Not in the shell: it would be compiled for every shape.
    fn all(lines: Lines, y: &[f32], dy: &[f32], dx: &mut [f32]) {
        for (dx, (y, dy)) in lines.of(cells(dx)).zip(lines.of(y).zip(lines.of(dy))) {
            let sum = dy.iter().fold(0.0, |sum, dy| sum + dy);
            for (dx, (y, dy)) in dx.iter().zip(y.iter().zip(dy.iter())) {
                dx.set(dx.get() + dy - math::exp(*y) * sum);
            }
        }
    }
    let lines = const { Lines::along::<X>("log_softmax_backward", D) };
    all(lines, y.elements(), dy.elements(), dx.elements_mut());
}

/// `y_i = exp(-x_i) / Σ_j exp(-x_j)` over a dimension: PyTorch's `nn.functional.softmin`.
///
/// ```
/// use tensorlet::{Portable, ops::{self, Dim}};
/// let mut y = [0.0; 3];
/// ops::softmin(Portable, &[7.0, 1e4, 7.0], Dim::<0>, &mut y);
/// assert_eq!(y, [0.5, 0.0, 0.5]);
/// ```
#[inline]
pub fn softmin<K: Kernels, X: Tensor<Elem = f32>, const D: isize>(k: K, x: &X, _: Dim<D>, y: &mut X) {
    copy(y.elements_mut(), x.elements());
    k.scale(y.elements_mut(), -1.0);
    softmax_lines(k, const { Lines::along::<X>("softmin", D) }, y.elements_mut());
}

/// The gradient of [`softmin`] from its value: `dx_i -= y_i (dy_i - Σ_j y_j dy_j)`.
///
/// ```
/// use tensorlet::{Portable, ops::{self, Dim}};
/// let mut dx = [0.0; 2];
/// ops::softmin_backward(Portable, &[0.5, 0.5], &[1.0, 0.0], Dim::<0>, &mut dx);
/// assert_eq!(dx, [-0.25, 0.25]);
/// ```
#[inline]
pub fn softmin_backward<K: Kernels, X: Tensor<Elem = f32>, const D: isize>(_: K, y: &X, dy: &X, _: Dim<D>, dx: &mut X) {
    let lines = const { Lines::along::<X>("softmin_backward", D) };
    add_gradient(lines, y.elements(), dy.elements(), dx.elements_mut(), -1.0);
}

/// What stands in place of a logit that is not valid: "Dive into Deep Learning"'s -10⁶. Next to ordinary
/// logits its exponential is 0; in a row without valid logits all are equal, and nothing is NaN.
pub const MASKED: f32 = -1e6;

/// Consecutive rows of `X` that share a length of `V`. Fails to compile unless the dimensions of `V` are
/// the first ones of `X`, the last excluded.
const fn rows_per_length<X: Tensor, V: Tensor>() -> usize {
    let (x, v) = (X::SHAPE, V::SHAPE);
    let (mut fits, mut i) = (v.rank() < x.rank(), 0);
    while i < v.rank() {
        fits &= v.dim(i) == x.dim(i);
        i += 1;
    }
    if !fits {
        fail(&[
            Part::Text("shape mismatch: `masked_softmax` of logits of shape "),
            Part::Shape(x),
            Part::Text(" cannot take valid lengths of shape "),
            Part::Shape(v),
        ]);
    }
    X::LEN / row(x) / V::LEN
}

/// Elements of a row: the last dimension.
const fn row(shape: Shape) -> usize {
    shape.dim(shape.rank() - 1)
}

/// Softmax over the last dimension, where only the first `valid` logits of each row count: d2l's
/// `masked_softmax`.
///
/// `valid` has the first dimensions of `x`: `[i32; B]` for logits `[[[f32; K]; Q]; B]` is one length for
/// all rows of an element of the batch, `[[i32; Q]; B]` one for each row. Logits behind it count as
/// [`MASKED`]; so a row without valid ones gives `1/K` everywhere.
///
/// ```
/// use tensorlet::{Portable, ops};
/// let mut y = [[[0.0; 2]; 1]; 2];
/// ops::masked_softmax(Portable, &[[[3.0, 9.0]], [[3.0, 3.0]]], &[1_u8, 2], &mut y);
/// assert_eq!(y, [[[1.0, 0.0]], [[0.5, 0.5]]]);
/// ```
#[inline]
pub fn masked_softmax<K, X, V>(k: K, x: &X, valid: &V, y: &mut X)
where
    K: Kernels,
    X: Tensor<Elem = f32>,
    V: Tensor<Elem: Index>,
{
    /// Not in the shell: it would be compiled for every shape.
    fn all<K: Kernels, I: Index>(k: K, [rows, row]: [usize; 2], valid: &[I], y: &mut [f32]) {
        for (y, &valid) in samples_mut(y, rows * row).zip(valid) {
            for y in samples_mut(y, row) {
                y.iter_mut().skip(count(valid)).for_each(|y| *y = MASKED);
                k.softmax(y);
            }
        }
    }
    let sizes = const { [rows_per_length::<X, V>(), row(X::SHAPE)] };
    copy(y.elements_mut(), x.elements());
    all(k, sizes, valid.elements(), y.elements_mut());
}

/// A length; none below 0.
#[inline(always)]
fn count<I: Index>(valid: I) -> usize {
    usize::try_from(valid.to_i64()).unwrap_or(0)
}

/// The gradient of [`masked_softmax`] from its value: that of softmax for valid logits, nothing for others.
///
/// ```
/// use tensorlet::{Portable, ops};
/// let mut dx = [[0.0; 3]];
/// ops::masked_softmax_backward(Portable, &[[0.5, 0.5, 0.0]], &[2_u8], &[[1.0, 0.0, 5.0]], &mut dx);
/// assert_eq!(dx, [[0.25, -0.25, 0.0]]);
/// ```
#[inline]
pub fn masked_softmax_backward<K, X, V>(k: K, y: &X, valid: &V, dy: &X, dx: &mut X)
where
    K: Kernels,
    X: Tensor<Elem = f32>,
    V: Tensor<Elem: Index>,
{
    /// Not in the shell: it would be compiled for every shape.
    fn all<K: Kernels, I: Index>(k: K, [rows, row]: [usize; 2], valid: &[I], [y, dy]: [&[f32]; 2], dx: &mut [f32]) {
        let parts = samples(y, rows * row).zip(samples(dy, rows * row)).zip(samples_mut(dx, rows * row));
        for (((y, dy), dx), &valid) in parts.zip(valid) {
            for ((y, dy), dx) in samples(y, row).zip(samples(dy, row)).zip(samples_mut(dx, row)) {
                let sum = k.dot(y, dy);
                for ((dx, y), dy) in dx.iter_mut().zip(y).zip(dy).take(count(valid)) {
                    *dx += y * (dy - sum);
                }
            }
        }
    }
    let sizes = const { [rows_per_length::<X, V>(), row(X::SHAPE)] };
    all(k, sizes, valid.elements(), [y.elements(), dy.elements()], dx.elements_mut());
}
