//! Dropout with a given mask.

use crate::{
    Tensor,
    kernel::Kernels,
    layer::dropout::scale,
    message::{Part, fail},
};

/// Fails to compile unless both shapes are the same.
const fn check<X: Tensor, M: Tensor>() {
    if !X::SHAPE.equals(&M::SHAPE) {
        fail(&[
            Part::Text("shape mismatch: `dropout` of a tensor of shape "),
            Part::Shape(X::SHAPE),
            Part::Text(" cannot take a mask of shape "),
            Part::Shape(M::SHAPE),
        ]);
    }
}

/// `y = x · mask / (1 - p)`: dropout with a mask that is given, 1 for numbers that stay and 0 for others;
/// 0 everywhere for `p = 1`. PyTorch's `F.dropout` draws the mask, as the layer [`Dropout`](crate::Dropout)
/// does.
///
/// ```
/// use tensorlet::{Portable, ops};
/// let mut y = [0.0; 3];
/// ops::dropout(Portable, &[1.0, 2.0, 3.0], &[1_u8, 0, 1], 0.5, &mut y);
/// assert_eq!(y, [2.0, 0.0, 6.0]);
/// ```
#[inline]
pub fn dropout<K, X, M>(_: K, x: &X, mask: &M, p: f32, y: &mut X)
where
    K: Kernels,
    X: Tensor<Elem = f32>,
    M: Tensor<Elem = u8>,
{
    const { check::<X, M>() };
    let scale = scale(p);
    for ((y, x), &mask) in y.elements_mut().iter_mut().zip(x.elements()).zip(mask.elements()) {
        *y = x * factor(mask, scale);
    }
}

/// The gradient of [`dropout`]: `dx += dy · mask / (1 - p)`.
///
/// ```
/// use tensorlet::{Portable, ops};
/// let mut dx = [1.0; 3];
/// ops::dropout_backward(Portable, &[1_u8, 0, 1], &[1.0, 2.0, 3.0], 0.5, &mut dx);
/// assert_eq!(dx, [3.0, 1.0, 7.0]);
/// ```
#[inline]
pub fn dropout_backward<K, X, M>(_: K, mask: &M, dy: &X, p: f32, dx: &mut X)
where
    K: Kernels,
    X: Tensor<Elem = f32>,
    M: Tensor<Elem = u8>,
{
    const { check::<X, M>() };
    let scale = scale(p);
    for ((dx, dy), &mask) in dx.elements_mut().iter_mut().zip(dy.elements()).zip(mask.elements()) {
        *dx += dy * factor(mask, scale);
    }
}

#[inline(always)]
fn factor(mask: u8, scale: f32) -> f32 {
    if mask == 0 { 0.0 } else { scale }
}
