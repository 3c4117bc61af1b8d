//! A matrix product added to something.

use super::matmul;
use crate::{
    Tensor,
    kernel::{Kernels, samples, samples_mut},
    ops::{
        Gradient,
        binary::add_to,
        nest::{gradient, spread},
    },
};

/// `y = beta c + alpha a b`: PyTorch's `torch.addmm(c, a, b, beta=1, alpha=1)`, ONNX's `Gemm`. `c` is
/// broadcast to the product; with `beta = 0` it is not looked at.
///
/// ```
/// use tensorlet::{Portable, ops};
/// let mut y = [[0.0; 1]; 2];
/// ops::addmm(Portable, &[10.0], &[[1.0, 2.0], [3.0, 4.0]], &[[5.0], [6.0]], 1.0, 2.0, &mut y);
/// assert_eq!(y, [[44.0], [88.0]]);
/// ```
#[inline]
pub fn addmm<T: Kernels, C: Tensor<Elem = f32>, const M: usize, const K: usize, const N: usize>(
    k: T,
    c: &C,
    a: &[[f32; K]; M],
    b: &[[f32; N]; K],
    beta: f32,
    alpha: f32,
    y: &mut [[f32; N]; M],
) {
    let nest = const { &spread::<[[f32; N]; M], C>("addmm").turned() };
    matmul(k, a, b, y);
    k.scale(y.elements_mut(), alpha);
    if beta != 0.0 {
        add_to(k, nest, beta, c.elements(), y.elements_mut());
    }
}

/// The gradients of [`addmm`]: `dc += beta ∂L/∂y`, summed over what was broadcast,
/// `da += alpha ∂L/∂y bᵀ` and `db += alpha aᵀ ∂L/∂y`.
///
/// ```
/// use tensorlet::{Portable, ops};
/// let (mut dc, mut da) = (0.0, [[0.0; 2]]);
/// let (a, b) = ([[1.0, 2.0]], [[5.0], [6.0]]);
/// ops::addmm_backward(Portable, &a, &b, &[[1.0]], 1.0, 2.0, &mut dc, &mut da, &mut ());
/// assert_eq!((dc, da), (1.0, [[10.0, 12.0]]));
/// ```
#[inline]
#[expect(clippy::too_many_arguments, reason = "three arguments with a gradient each, and two factors")]
pub fn addmm_backward<T, const M: usize, const K: usize, const N: usize, DC, DA, DB>(
    k: T,
    a: &[[f32; K]; M],
    b: &[[f32; N]; K],
    dy: &[[f32; N]; M],
    beta: f32,
    alpha: f32,
    dc: &mut DC,
    da: &mut DA,
    db: &mut DB,
) where
    T: Kernels,
    DC: Gradient,
    DA: Gradient,
    DB: Gradient,
{
    const {
        gradient::<[[f32; K]; M], DA>("addmm_backward");
        gradient::<[[f32; N]; K], DB>("addmm_backward");
    }
    let nest = const { &spread::<[[f32; N]; M], DC>("addmm_backward") };
    add_to(k, nest, beta, dy.elements(), dc.slot());
    scaled(k, [K, N], alpha, [a.elements(), b.elements(), dy.elements()], da.slot(), db.slot());
}

/// `da += alpha dy bᵀ` and `db += alpha aᵀ dy`, row by row: there is no room for `alpha dy`.
#[inline]
fn scaled<T: Kernels>(
    k: T,
    [inner, columns]: [usize; 2],
    alpha: f32,
    [a, b, dy]: [&[f32]; 3],
    da: &mut [f32],
    db: &mut [f32],
) {
    for (da, dy) in samples_mut(da, inner).zip(samples(dy, columns)) {
        for (da, b) in da.iter_mut().zip(samples(b, columns)) {
            *da += alpha * k.dot(dy, b);
        }
    }
    for (a, dy) in samples(a, inner).zip(samples(dy, columns)) {
        for (a, db) in a.iter().zip(samples_mut(db, columns)) {
            k.add_scaled(db, alpha * a, dy);
        }
    }
}
