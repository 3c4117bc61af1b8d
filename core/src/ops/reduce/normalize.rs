//! Division by the norm.

use super::{Dims, Reduction, along, norm::Kind};
use crate::{Tensor, kernel::Kernels};

/// `y = x / max(‖x‖_p, eps)` with the norm over dimensions: PyTorch's
/// `torch.nn.functional.normalize(x, p, dim, eps)`, whose defaults are 2, 1 and 1e-12.
///
/// ```
/// use tensorlet::{Portable, ops::{self, Dim}};
/// let mut y = [[0.0; 2]; 2];
/// ops::normalize(Portable, &[[1.0, -3.0], [0.0, 0.0]], 1.0, Dim::<1>, 1e-12, &mut y);
/// assert_eq!(y, [[0.25, -0.75], [0.0, 0.0]]);
/// ```
#[inline]
pub fn normalize<K, X, D>(_: K, x: &X, p: f32, _: D, eps: f32, y: &mut X)
where
    K: Kernels,
    X: Tensor<Elem = f32>,
    D: Dims,
{
    let lines = const { &along::<X, D>("normalize") };
    quotients(lines, Kind::of(p), eps, x.elements(), y.elements_mut());
}

#[inline]
fn quotients(lines: &Reduction, kind: Kind, eps: f32, x: &[f32], y: &mut [f32]) {
    lines.each_result(|first, _| {
        let norm = kind.norm(lines, x, first);
        let divisor = if norm < eps { eps } else { norm };
        lines.each_place(first, |at| {
            if let (Some(x), Some(y)) = (x.get(at), y.get_mut(at)) {
                *y = x / divisor;
            }
        });
    });
}

/// The gradient of [`normalize`]: with `n = ‖x‖_p`, `dx += (∂L/∂y - ∂n/∂x Σ y ∂L/∂y) / n`, and
/// `∂L/∂y / eps` where `n < eps`.
///
/// ```
/// use tensorlet::{Portable, ops::{self, All}};
/// let mut dx = [0.0; 2];
/// ops::normalize_backward(Portable, &[0.0, 2.0], &[1.0, 1.0], 2.0, All, 1e-12, &mut dx);
/// assert_eq!(dx, [0.5, 0.0]);
/// ```
#[inline]
pub fn normalize_backward<K, X, D>(_: K, x: &X, dy: &X, p: f32, _: D, eps: f32, dx: &mut X)
where
    K: Kernels,
    X: Tensor<Elem = f32>,
    D: Dims,
{
    let lines = const { &along::<X, D>("normalize_backward") };
    gradients(lines, Kind::of(p), eps, [x.elements(), dy.elements()], dx.elements_mut());
}

#[inline]
fn gradients(lines: &Reduction, kind: Kind, eps: f32, [x, dy]: [&[f32]; 2], dx: &mut [f32]) {
    lines.each_result(|first, _| {
        let norm = kind.norm(lines, x, first);
        let divisor = if norm < eps { eps } else { norm };
        let slope = kind.slope(lines, x, first, norm);
        let mut towards = 0.0;
        if norm >= eps {
            lines.each_place(first, |at| {
                if let (Some(x), Some(dy)) = (x.get(at), dy.get(at)) {
                    towards += x / divisor * dy;
                }
            });
        }
        lines.each_place(first, |at| {
            if let (Some(&x), Some(dy), Some(dx)) = (x.get(at), dy.get(at), dx.get_mut(at)) {
                *dx += (dy - slope(x) * towards) / divisor;
            }
        });
    });
}
