//! Softmax over a dimension, its logarithm, and softmax of rows that are partly valid.

use super::{Dim, axis};
use crate::{
    Index, Shape, Tensor,
    kernel::{Kernels, samples, samples_mut},
    math,
    message::{Part, fail},
};

/// A tensor as lines along a dimension: runs of `len` elements that lie `stride` apart. Lines that lie
/// between each other form a block; a stride of 1 is a row, for which there are kernels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lines {
    len: usize,
    stride: usize,
}

impl Lines {
    /// The lines of `X` along a dimension. Fails to compile where there is none.
    pub(crate) const fn of<X: Tensor>(operation: &str, dim: isize) -> Self {
        let axis = axis::<X>(operation, dim);
        let (mut stride, mut i) = (1, axis + 1);
        while i < X::SHAPE.rank() {
            stride *= X::SHAPE.dim(i);
            i += 1;
        }
        Self { len: X::SHAPE.dim(axis), stride }
    }

    /// Elements of a block.
    #[inline(always)]
    const fn block(&self) -> usize {
        self.len * self.stride
    }
}

/// What is done with the lines of a block that are not rows: `f` gets the block from the first element of
/// each line on, and the stride.
#[inline(always)]
fn columns(block: &mut [f32], stride: usize, mut f: impl FnMut(&mut [f32], usize)) {
    for start in 0..stride {
        if let Some(from) = block.get_mut(start..) {
            f(from, stride);
        }
    }
}

/// Every `stride`-th element.
#[inline(always)]
fn line(from: &[f32], stride: usize) -> impl Iterator<Item = &f32> {
    from.iter().step_by(stride.max(1))
}

/// Every `stride`-th element, mutably.
#[inline(always)]
fn line_mut(from: &mut [f32], stride: usize) -> impl Iterator<Item = &mut f32> {
    from.iter_mut().step_by(stride.max(1))
}

/// The largest element of a line; NaN is none.
#[inline(always)]
fn max_of_line(from: &[f32], stride: usize) -> f32 {
    line(from, stride).fold(f32::NEG_INFINITY, |max, &x| if x > max { x } else { max })
}

/// Softmax along lines, in place.
pub(crate) fn softmax_lines<K: Kernels>(k: K, lines: Lines, x: &mut [f32]) {
    for block in samples_mut(x, lines.block()) {
        if lines.stride == 1 {
            k.softmax(block);
            continue;
        }
        columns(block, lines.stride, |x, stride| {
            let (max, mut sum) = (max_of_line(x, stride), 0.0);
            for x in line_mut(x, stride) {
                *x = math::exp(*x - max);
                sum += *x;
            }
            let scale = 1.0 / sum;
            line_mut(x, stride).for_each(|x| *x *= scale);
        });
    }
}

/// The gradient of [`softmax_lines`] in place of its value `y`.
pub(crate) fn softmax_lines_backward<K: Kernels>(k: K, lines: Lines, y: &mut [f32], dy: &[f32]) {
    for (y, dy) in samples_mut(y, lines.block()).zip(samples(dy, lines.block())) {
        if lines.stride == 1 {
            k.softmax_backward(y, dy);
            continue;
        }
        for start in 0..lines.stride {
            let (Some(y), Some(dy)) = (y.get_mut(start..), dy.get(start..)) else { return };
            let sum = dot_of_lines(y, dy, lines.stride);
            let dy = line(dy, lines.stride);
            line_mut(y, lines.stride).zip(dy).for_each(|(y, dy)| *y *= dy - sum);
        }
    }
}

/// `Σ_j y_j dy_j` of a line.
#[inline(always)]
fn dot_of_lines(y: &[f32], dy: &[f32], stride: usize) -> f32 {
    line(y, stride).zip(line(dy, stride)).fold(0.0, |sum, (y, dy)| sum + y * dy)
}

/// The logarithm of softmax along lines, in place.
pub(crate) fn log_softmax_lines<K: Kernels>(k: K, lines: Lines, x: &mut [f32]) {
    for block in samples_mut(x, lines.block()) {
        if lines.stride == 1 {
            k.log_softmax(block);
            continue;
        }
        columns(block, lines.stride, |x, stride| {
            let max = max_of_line(x, stride);
            let mut sum = 0.0;
            for x in line_mut(x, stride) {
                *x -= max;
                sum += math::exp(*x);
            }
            let ln = math::ln(sum);
            line_mut(x, stride).for_each(|x| *x -= ln);
        });
    }
}

/// The gradient of [`log_softmax_lines`] in place of its value `y`.
pub(crate) fn log_softmax_lines_backward<K: Kernels>(k: K, lines: Lines, y: &mut [f32], dy: &[f32]) {
    for (y, dy) in samples_mut(y, lines.block()).zip(samples(dy, lines.block())) {
        if lines.stride == 1 {
            k.log_softmax_backward(y, dy);
            continue;
        }
        for start in 0..lines.stride {
            let (Some(y), Some(dy)) = (y.get_mut(start..), dy.get(start..)) else { return };
            let sum: f32 = line(dy, lines.stride).fold(0.0, |sum, dy| sum + dy);
            let dy = line(dy, lines.stride);
            line_mut(y, lines.stride).zip(dy).for_each(|(y, dy)| *y = dy - math::exp(*y) * sum);
        }
    }
}

/// Adds the gradient of softmax to `dx`, times `sign`.
fn add_gradient(lines: Lines, y: &[f32], dy: &[f32], dx: &mut [f32], sign: f32) {
    let parts = samples(y, lines.block()).zip(samples(dy, lines.block())).zip(samples_mut(dx, lines.block()));
    for ((y, dy), dx) in parts {
        for start in 0..lines.stride {
            let (Some(y), Some(dy), Some(dx)) = (y.get(start..), dy.get(start..), dx.get_mut(start..)) else { return };
            let sum = dot_of_lines(y, dy, lines.stride);
            let y_dy = line(y, lines.stride).zip(line(dy, lines.stride));
            line_mut(dx, lines.stride).zip(y_dy).for_each(|(dx, (y, dy))| *dx += sign * (y * (dy - sum)));
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
    softmax_lines(k, const { Lines::of::<X>("softmax", D) }, y.elements_mut());
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
    let lines = const { Lines::of::<X>("softmax_backward", D) };
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
    log_softmax_lines(k, const { Lines::of::<X>("log_softmax", D) }, y.elements_mut());
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
        let parts = samples(y, lines.block()).zip(samples(dy, lines.block())).zip(samples_mut(dx, lines.block()));
        for ((y, dy), dx) in parts {
            for start in 0..lines.stride {
                let (Some(y), Some(dy), Some(dx)) = (y.get(start..), dy.get(start..), dx.get_mut(start..)) else {
                    return;
                };
                let sum = line(dy, lines.stride).fold(0.0, |sum, dy| sum + dy);
                let y_dy = line(y, lines.stride).zip(line(dy, lines.stride));
                line_mut(dx, lines.stride).zip(y_dy).for_each(|(dx, (y, dy))| *dx += dy - math::exp(*y) * sum);
            }
        }
    }
    let lines = const { Lines::of::<X>("log_softmax_backward", D) };
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
    softmax_lines(k, const { Lines::of::<X>("softmin", D) }, y.elements_mut());
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
    let lines = const { Lines::of::<X>("softmin_backward", D) };
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

/// Softmax over the last dimension, where only the first `valid` logits of each row count: `masked_softmax`
/// of "Dive into Deep Learning".
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
