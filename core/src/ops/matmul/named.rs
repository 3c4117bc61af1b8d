//! Products of vectors and matrices under PyTorch's names.

use super::{Form, matmul, matmul_backward, product};
use crate::{
    Tensor,
    kernel::Kernels,
    ops::{Gradient, nest::gradient},
};

/// The product of two matrices: PyTorch's `torch.mm`. Its gradients: [`matmul_backward`].
///
/// ```
/// use tensorlet::{Portable, ops};
/// let mut y = [[0.0; 1]; 2];
/// ops::mm(Portable, &[[1.0, 2.0], [3.0, 4.0]], &[[5.0], [6.0]], &mut y);
/// assert_eq!(y, [[17.0], [39.0]]);
/// ```
#[inline]
pub fn mm<T: Kernels, const M: usize, const K: usize, const N: usize>(
    k: T,
    a: &[[f32; K]; M],
    b: &[[f32; N]; K],
    y: &mut [[f32; N]; M],
) {
    matmul(k, a, b, y);
}

/// The products of two batches of matrices: PyTorch's `torch.bmm`. Its gradients: [`matmul_backward`].
///
/// ```
/// use tensorlet::{Portable, ops};
/// let mut y = [[[0.0; 1]; 1]; 2];
/// ops::bmm(Portable, &[[[1.0, 2.0]], [[3.0, 4.0]]], &[[[5.0], [6.0]]; 2], &mut y);
/// assert_eq!(y, [[[17.0]], [[39.0]]]);
/// ```
#[inline]
pub fn bmm<T: Kernels, const B: usize, const M: usize, const K: usize, const N: usize>(
    k: T,
    a: &[[[f32; K]; M]; B],
    b: &[[[f32; N]; K]; B],
    y: &mut [[[f32; N]; M]; B],
) {
    matmul(k, a, b, y);
}

/// The product of a matrix and a vector: PyTorch's `torch.mv`.
///
/// ```
/// use tensorlet::{Portable, ops};
/// let mut y = [0.0; 2];
/// ops::mv(Portable, &[[1.0, 2.0], [3.0, 4.0]], &[5.0, 6.0], &mut y);
/// assert_eq!(y, [17.0, 39.0]);
/// ```
#[inline]
pub fn mv<T: Kernels, const M: usize, const N: usize>(k: T, a: &[[f32; N]; M], x: &[f32; N], y: &mut [f32; M]) {
    matmul(k, a, x, y);
}

/// The gradients of [`mv`]: `da += ∂L/∂y xᵀ` and `dx += aᵀ ∂L/∂y`.
///
/// ```
/// use tensorlet::{Portable, ops};
/// let mut dx = [0.0; 2];
/// ops::mv_backward(Portable, &[[1.0, 2.0], [3.0, 4.0]], &[5.0, 6.0], &[1.0, 1.0], &mut (), &mut dx);
/// assert_eq!(dx, [4.0, 6.0]);
/// ```
#[inline]
pub fn mv_backward<T: Kernels, const M: usize, const N: usize, DA: Gradient, DX: Gradient>(
    k: T,
    a: &[[f32; N]; M],
    x: &[f32; N],
    dy: &[f32; M],
    da: &mut DA,
    dx: &mut DX,
) {
    matmul_backward(k, a, x, dy, da, dx);
}

/// The product of two vectors, `Σ aᵢ bᵢ`: PyTorch's `torch.dot`. Its gradients: [`matmul_backward`].
///
/// ```
/// use tensorlet::{Portable, ops};
/// let mut y = 0.0;
/// ops::dot(Portable, &[1.0, 2.0], &[5.0, 6.0], &mut y);
/// assert_eq!(y, 17.0);
/// ```
#[inline]
pub fn dot<T: Kernels, const N: usize>(k: T, a: &[f32; N], b: &[f32; N], y: &mut f32) {
    matmul(k, a, b, y);
}

/// All products of an element of one vector and an element of another, `y[i][j] = a[i] b[j]`: PyTorch's
/// `torch.outer`.
///
/// ```
/// use tensorlet::{Portable, ops};
/// let mut y = [[0.0; 3]; 2];
/// ops::outer(Portable, &[1.0, 10.0], &[1.0, 2.0, 3.0], &mut y);
/// assert_eq!(y, [[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]);
/// ```
#[inline]
pub fn outer<T: Kernels, const M: usize, const N: usize>(k: T, a: &[f32; M], b: &[f32; N], y: &mut [[f32; N]; M]) {
    // A column by a row.
    let product = const { &product::<[[f32; 1]; M], [[f32; N]; 1], [[f32; N]; M]>("outer", Form::Plain) };
    y.elements_mut().fill(0.0);
    product.forward(k, Form::Plain, a, b, y.elements_mut());
}

/// The gradients of [`outer`]: `da += ∂L/∂y b` and `db += ∂L/∂yᵀ a`.
///
/// ```
/// use tensorlet::{Portable, ops};
/// let (mut da, mut db) = ([0.0; 1], [0.0; 2]);
/// ops::outer_backward(Portable, &[10.0], &[1.0, 2.0], &[[1.0, 1.0]], &mut da, &mut db);
/// assert_eq!((da, db), ([3.0], [10.0, 10.0]));
/// ```
#[inline]
pub fn outer_backward<T: Kernels, const M: usize, const N: usize, DA: Gradient, DB: Gradient>(
    k: T,
    a: &[f32; M],
    b: &[f32; N],
    dy: &[[f32; N]; M],
    da: &mut DA,
    db: &mut DB,
) {
    const {
        gradient::<[f32; M], DA>("outer_backward");
        gradient::<[f32; N], DB>("outer_backward");
    }
    let product = const { &product::<[[f32; 1]; M], [[f32; N]; 1], [[f32; N]; M]>("outer_backward", Form::Plain) };
    product.backward(k, Form::Plain, [a, b, dy.elements()], da.slot(), db.slot());
}
