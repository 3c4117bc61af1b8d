//! Sums and means.

use super::{Dims, Reduction, reduction};
use crate::{
    Tensor,
    kernel::Kernels,
    ops::{Number, binary::add_to},
};

/// `y = Σ x` over dimensions: PyTorch's `torch.sum`. Integers wrap around in their own type.
///
/// ```
/// use tensorlet::{Portable, ops::{self, Dim}};
/// let mut y = [0.0; 2];
/// ops::sum(Portable, &[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], Dim::<1>, &mut y);
/// assert_eq!(y, [6.0, 15.0]);
/// ```
#[inline]
pub fn sum<K, X, D, Y>(k: K, x: &X, _: D, y: &mut Y)
where
    K: Kernels,
    X: Tensor<Elem: Number>,
    D: Dims,
    Y: Tensor<Elem = X::Elem>,
{
    let reduction = const { &reduction::<X, Y, D>("sum") };
    totals(k, reduction, x.elements(), y.elements_mut());
}

/// The sums, in place of what was there.
#[inline]
pub(super) fn totals<K: Kernels, T: Number>(k: K, reduction: &Reduction, x: &[T], y: &mut [T]) {
    y.fill(T::ZERO);
    add_to(k, &reduction.all, T::ONE, x, y);
}

/// The gradient of [`sum`]: `dx += ∂L/∂y` of the sum that an element went into.
///
/// ```
/// use tensorlet::{Portable, ops::{self, Dim}};
/// let mut dx = [[0.0; 3]; 2];
/// ops::sum_backward(Portable, &[1.0, 2.0], Dim::<1>, &mut dx);
/// assert_eq!(dx, [[1.0; 3], [2.0; 3]]);
/// ```
#[inline]
pub fn sum_backward<K, X, D, Y>(k: K, dy: &Y, _: D, dx: &mut X)
where
    K: Kernels,
    X: Tensor<Elem = f32>,
    D: Dims,
    Y: Tensor<Elem = f32>,
{
    let reduction = const { &reduction::<X, Y, D>("sum_backward") };
    add_to(k, &reduction.all.turned(), 1.0, dy.elements(), dx.elements_mut());
}

/// `y = Σ x / n` over dimensions: PyTorch's `torch.mean`.
///
/// ```
/// use tensorlet::{Portable, ops::{self, All}};
/// let mut y = 0.0;
/// ops::mean(Portable, &[[1.0, 2.0], [3.0, 6.0]], All, &mut y);
/// assert_eq!(y, 3.0);
/// ```
#[inline]
pub fn mean<K, X, D, Y>(k: K, x: &X, _: D, y: &mut Y)
where
    K: Kernels,
    X: Tensor<Elem = f32>,
    D: Dims,
    Y: Tensor<Elem = f32>,
{
    let reduction = const { &reduction::<X, Y, D>("mean") };
    totals(k, reduction, x.elements(), y.elements_mut());
    divide(y.elements_mut(), reduction.len as f32);
}

#[inline]
fn divide(y: &mut [f32], n: f32) {
    y.iter_mut().for_each(|y| *y /= n);
}

/// The gradient of [`mean`]: `dx += ∂L/∂y / n`.
///
/// ```
/// use tensorlet::{Portable, ops::{self, Dim}};
/// let mut dx = [[0.0; 2]; 2];
/// ops::mean_backward(Portable, &[1.0, 2.0], Dim::<0>, &mut dx);
/// assert_eq!(dx, [[0.5, 1.0], [0.5, 1.0]]);
/// ```
#[inline]
pub fn mean_backward<K, X, D, Y>(k: K, dy: &Y, _: D, dx: &mut X)
where
    K: Kernels,
    X: Tensor<Elem = f32>,
    D: Dims,
    Y: Tensor<Elem = f32>,
{
    let reduction = const { &reduction::<X, Y, D>("mean_backward") };
    add_to(k, &reduction.all.turned(), 1.0 / reduction.len as f32, dy.elements(), dx.elements_mut());
}
