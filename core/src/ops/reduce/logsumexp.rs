//! The logarithm of a sum of exponentials.

use super::{Dims, Reduction, reduction};
use crate::{Tensor, kernel::Kernels, math, ops::Number};

/// `y = ln Σ eˣ` over dimensions: PyTorch's `torch.logsumexp`.
///
/// The largest element is taken out of the sum, `max + ln Σ e^(x - max)`, so that nothing overflows.
///
/// ```
/// use tensorlet::{Portable, ops::{self, Dim}};
/// let mut y = [0.0; 2];
/// ops::logsumexp(Portable, &[[1e4, 1e4], [-1e4, f32::NEG_INFINITY]], Dim::<1>, &mut y);
/// assert_eq!(y, [1e4 + core::f32::consts::LN_2, -1e4]);
/// ```
#[inline]
pub fn logsumexp<K, X, D, Y>(_: K, x: &X, _: D, y: &mut Y)
where
    K: Kernels,
    X: Tensor<Elem = f32>,
    D: Dims,
    Y: Tensor<Elem = f32>,
{
    let reduction = const { &reduction::<X, Y, D>("logsumexp") };
    logarithms(reduction, x.elements(), y.elements_mut());
}

#[inline]
fn logarithms(reduction: &Reduction, x: &[f32], y: &mut [f32]) {
    reduction.each_result(|x_at, y_at| {
        let mut max = f32::NEG_INFINITY;
        reduction.each(x, x_at, |x| max = Number::maximum(max, x));
        // Of infinities nothing can be taken out.
        let shift = if max.is_infinite() { 0.0 } else { max };
        let mut sum = 0.0;
        reduction.each(x, x_at, |x| sum += math::exp(x - shift));
        if let Some(y) = y.get_mut(y_at) {
            *y = shift + math::ln(sum);
        }
    });
}

/// The gradient of [`logsumexp`], whose result was `y`: `dx += e^(x - y) ∂L/∂y`, the softmax. As in
/// PyTorch it is NaN where all elements are `-∞`.
///
/// ```
/// use tensorlet::{Portable, ops::{self, All}};
/// let mut dx = [0.0; 2];
/// ops::logsumexp_backward(Portable, &[0.0, f32::NEG_INFINITY], &0.0, &3.0, All, &mut dx);
/// assert_eq!(dx, [3.0, 0.0]);
/// ```
#[inline]
pub fn logsumexp_backward<K, X, D, Y>(_: K, x: &X, y: &Y, dy: &Y, _: D, dx: &mut X)
where
    K: Kernels,
    X: Tensor<Elem = f32>,
    D: Dims,
    Y: Tensor<Elem = f32>,
{
    let reduction = const { &reduction::<X, Y, D>("logsumexp_backward") };
    softmax(reduction, [x.elements(), y.elements(), dy.elements()], dx.elements_mut());
}

#[inline]
fn softmax(reduction: &Reduction, [x, y, dy]: [&[f32]; 3], dx: &mut [f32]) {
    reduction.each_result(|x_at, y_at| {
        if let (Some(y), Some(dy)) = (y.get(y_at), dy.get(y_at)) {
            reduction.each_place(x_at, |at| {
                if let (Some(x), Some(dx)) = (x.get(at), dx.get_mut(at)) {
                    *dx += dy * math::exp(x - y);
                }
            });
        }
    });
}
