//! A dimension turned like a wheel.

use super::{Dim, axis};
use crate::{
    Tensor,
    kernel::{samples, samples_mut},
};

/// Dimension `D` turned by `shift` places, what falls off the end coming in at the front:
/// PyTorch's `x.roll(shift, D)`.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let mut y = [0; 4];
/// ops::roll(&[1, 2, 3, 4], Dim::<0>, 1, &mut y);
/// assert_eq!(y, [4, 1, 2, 3]);
/// ops::roll(&[1, 2, 3, 4], Dim::<0>, -1, &mut y);
/// assert_eq!(y, [2, 3, 4, 1]);
/// ```
#[inline]
pub fn roll<X: Tensor, const D: isize>(x: &X, _: Dim<D>, shift: isize, y: &mut X) {
    let [n, stride] = const { wheel::<X>(D) };
    turn(x.elements(), y.elements_mut(), [n, stride], places(shift, n), |y, x| *y = x);
}

/// The gradient of [`roll`]: adds `∂L/∂x` to `dx`.
///
/// ```
/// use tensorlet::ops::{self, Dim};
/// let mut dx = [1.0, 0.0, 0.0, 0.0];
/// ops::roll_backward(&[1.0, 2.0, 3.0, 4.0], Dim::<0>, 1, &mut dx);
/// assert_eq!(dx, [3.0, 3.0, 4.0, 1.0]);
/// ```
#[inline]
pub fn roll_backward<X: Tensor<Elem = f32>, const D: isize>(dy: &X, _: Dim<D>, shift: isize, dx: &mut X) {
    let [n, stride] = const { wheel::<X>(D) };
    turn(dy.elements(), dx.elements_mut(), [n, stride], n - places(shift, n), |dx, dy| *dx += dy);
}

/// The places of dimension `dim`, and the elements from one to the next.
const fn wheel<X: Tensor>(dim: isize) -> [usize; 2] {
    let d = axis::<X>("roll", dim);
    [X::SHAPE.dim(d), X::SHAPE.stride(d)]
}

/// A shift as places to the right, less than `n`.
fn places(shift: isize, n: usize) -> usize {
    shift.checked_rem_euclid(n as isize).unwrap_or(0) as usize
}

#[inline(always)]
fn turn<T: Copy>(x: &[T], y: &mut [T], [n, stride]: [usize; 2], places: usize, mut f: impl FnMut(&mut T, T)) {
    for (x, y) in samples(x, n * stride).zip(samples_mut(y, n * stride)) {
        let Some((front, back)) = y.split_at_mut_checked(places * stride) else { return };
        // The end of `x` stands in front of its beginning.
        let turned = x.get(back.len()..).unwrap_or_default().iter().chain(x);
        front.iter_mut().chain(back).zip(turned).for_each(|(y, x)| f(y, *x));
    }
}
