//! Products.

use super::{Dims, Reduction, reduction};
use crate::{Tensor, kernel::Kernels, ops::Number};

/// `y = Π x` over dimensions: PyTorch's `torch.prod`. Integers wrap around in their own type.
///
/// ```
/// use tensorlet::{Portable, ops::{self, Dim}};
/// let mut y = [0.0; 2];
/// ops::prod(Portable, &[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], Dim::<1>, &mut y);
/// assert_eq!(y, [6.0, 120.0]);
/// ```
#[inline]
pub fn prod<K, X, D, Y>(_: K, x: &X, _: D, y: &mut Y)
where
    K: Kernels,
    X: Tensor<Elem: Number>,
    D: Dims,
    Y: Tensor<Elem = X::Elem>,
{
    let reduction = const { &reduction::<X, Y, D>("prod") };
    let y = y.elements_mut();
    y.fill(X::Elem::ONE);
    reduction.fold(x.elements(), y, Number::mul);
}

/// The gradient of [`prod`]: `dx[i] += ∂L/∂y Π_{j ≠ i} x[j]`, right also where elements are zero.
///
/// ```
/// use tensorlet::{Portable, ops::{self, All}};
/// let mut dx = [0.0; 3];
/// ops::prod_backward(Portable, &[2.0, 0.0, 5.0], &1.0, All, &mut dx);
/// assert_eq!(dx, [0.0, 10.0, 0.0]);
/// ```
#[inline]
pub fn prod_backward<K, X, D, Y>(_: K, x: &X, dy: &Y, _: D, dx: &mut X)
where
    K: Kernels,
    X: Tensor<Elem = f32>,
    D: Dims,
    Y: Tensor<Elem = f32>,
{
    let reduction = const { &reduction::<X, Y, D>("prod_backward") };
    products_of_others(reduction, x.elements(), dy.elements(), dx.elements_mut());
}

#[inline]
fn products_of_others(reduction: &Reduction, x: &[f32], dy: &[f32], dx: &mut [f32]) {
    reduction.each_result(|x_at, y_at| {
        // The product of all that are not zero: of the others of a single zero, or of all.
        let (mut product, mut zeros) = (1.0, 0_usize);
        reduction.each(x, x_at, |x| if x == 0.0 { zeros += 1 } else { product *= x });
        let dy = dy.get(y_at).copied().unwrap_or_default();
        reduction.each_place(x_at, |at| {
            if let (Some(x), Some(dx)) = (x.get(at), dx.get_mut(at)) {
                match (zeros, *x == 0.0) {
                    (0, _) => *dx += dy * (product / x),
                    (1, true) => *dx += dy * product,
                    _ => {}
                }
            }
        });
    });
}
