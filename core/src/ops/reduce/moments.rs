//! Variance and standard deviation.

use super::{Dims, Reduction, reduction};
use crate::{Tensor, kernel::Kernels, math};

/// The mean of the elements of a result.
#[inline(always)]
fn mean(reduction: &Reduction, x: &[f32], start: usize) -> f32 {
    let mut sum = 0.0;
    reduction.each(x, start, |x| sum += x);
    sum / reduction.len as f32
}

/// What the sum of squares is divided by.
fn divisor(reduction: &Reduction, correction: usize) -> f32 {
    reduction.len.saturating_sub(correction) as f32
}

#[inline]
fn variances(reduction: &Reduction, correction: usize, x: &[f32], y: &mut [f32]) {
    reduction.each_result(|x_at, y_at| {
        let mean = mean(reduction, x, x_at);
        // The sum of deviations would be 0 but for the rounding of the mean, whose effect it takes off.
        let (mut squares, mut rest) = (0.0, 0.0);
        reduction.each(x, x_at, |x| {
            squares += (x - mean) * (x - mean);
            rest += x - mean;
        });
        if let Some(y) = y.get_mut(y_at) {
            *y = (squares - rest * rest / reduction.len as f32) / divisor(reduction, correction);
        }
    });
}

/// `dx += factor · (x - mean)`, with the factor of each result.
#[inline(always)]
fn deviations(reduction: &Reduction, x: &[f32], dx: &mut [f32], factor: impl Fn(usize) -> f32) {
    reduction.each_result(|x_at, y_at| {
        let (mean, factor) = (mean(reduction, x, x_at), factor(y_at));
        reduction.each_place(x_at, |at| {
            if let (Some(x), Some(dx)) = (x.get(at), dx.get_mut(at)) {
                *dx += factor * (x - mean);
            }
        });
    });
}

#[inline]
fn variance_gradients(reduction: &Reduction, correction: usize, [x, dy]: [&[f32]; 2], dx: &mut [f32]) {
    let scale = 2.0 / divisor(reduction, correction);
    deviations(reduction, x, dx, |at| scale * dy.get(at).copied().unwrap_or_default());
}

#[inline]
fn roots(y: &mut [f32]) {
    y.iter_mut().for_each(|y| *y = math::sqrt(*y));
}

#[inline]
fn root_gradients(reduction: &Reduction, correction: usize, [x, y, dy]: [&[f32]; 3], dx: &mut [f32]) {
    let divisor = divisor(reduction, correction);
    deviations(reduction, x, dx, |at| match (y.get(at), dy.get(at)) {
        (Some(&y), Some(dy)) if y != 0.0 => dy / (divisor * y),
        _ => 0.0,
    });
}

/// `y = Σ (x - mean)² / (n - correction)` over dimensions: PyTorch's `torch.var`.
///
/// A correction of 1 is PyTorch's default, the unbiased estimate; 0 is the variance of the elements as
/// they are (`unbiased=False`). NaN where `n` is not above the correction.
///
/// ```
/// use tensorlet::{Portable, ops::{self, All}};
/// let mut y = 0.0;
/// ops::var(Portable, &[1.0, 2.0, 3.0], All, 1, &mut y);
/// assert_eq!(y, 1.0);
/// ```
#[inline]
pub fn var<K, X, D, Y>(_: K, x: &X, _: D, correction: usize, y: &mut Y)
where
    K: Kernels,
    X: Tensor<Elem = f32>,
    D: Dims,
    Y: Tensor<Elem = f32>,
{
    let reduction = const { &reduction::<X, Y, D>("var") };
    variances(reduction, correction, x.elements(), y.elements_mut());
}

/// The gradient of [`var`]: `dx += 2 (x - mean) / (n - correction) ∂L/∂y`.
///
/// ```
/// use tensorlet::{Portable, ops::{self, All}};
/// let mut dx = [0.0; 3];
/// ops::var_backward(Portable, &[1.0, 2.0, 3.0], &1.0, All, 1, &mut dx);
/// assert_eq!(dx, [-1.0, 0.0, 1.0]);
/// ```
#[inline]
pub fn var_backward<K, X, D, Y>(_: K, x: &X, dy: &Y, _: D, correction: usize, dx: &mut X)
where
    K: Kernels,
    X: Tensor<Elem = f32>,
    D: Dims,
    Y: Tensor<Elem = f32>,
{
    let reduction = const { &reduction::<X, Y, D>("var_backward") };
    variance_gradients(reduction, correction, [x.elements(), dy.elements()], dx.elements_mut());
}

/// The square root of [`var`]: PyTorch's `torch.std`.
///
/// ```
/// use tensorlet::{Portable, ops::{self, Dim}};
/// let mut y = [0.0; 1];
/// ops::std(Portable, &[[1.0, 5.0]], Dim::<1>, 0, &mut y);
/// assert_eq!(y, [2.0]);
/// ```
#[inline]
pub fn std<K, X, D, Y>(_: K, x: &X, _: D, correction: usize, y: &mut Y)
where
    K: Kernels,
    X: Tensor<Elem = f32>,
    D: Dims,
    Y: Tensor<Elem = f32>,
{
    let reduction = const { &reduction::<X, Y, D>("std") };
    variances(reduction, correction, x.elements(), y.elements_mut());
    roots(y.elements_mut());
}

/// The gradient of [`std`], whose result was `y`: `dx += (x - mean) / ((n - correction) y) ∂L/∂y`, and 0
/// where `y = 0`.
///
/// ```
/// use tensorlet::{Portable, ops::{self, All}};
/// let mut dx = [0.0; 2];
/// ops::std_backward(Portable, &[1.0, 5.0], &2.0, &1.0, All, 0, &mut dx);
/// assert_eq!(dx, [-0.5, 0.5]);
/// ```
#[inline]
pub fn std_backward<K, X, D, Y>(_: K, x: &X, y: &Y, dy: &Y, _: D, correction: usize, dx: &mut X)
where
    K: Kernels,
    X: Tensor<Elem = f32>,
    D: Dims,
    Y: Tensor<Elem = f32>,
{
    let reduction = const { &reduction::<X, Y, D>("std_backward") };
    root_gradients(reduction, correction, [x.elements(), y.elements(), dy.elements()], dx.elements_mut());
}
