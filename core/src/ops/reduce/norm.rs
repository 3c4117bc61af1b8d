//! Norms of vectors.

use super::{Dims, Reduction, reduction};
use crate::{Tensor, kernel::Kernels, math, ops::Number};

/// `(Σ |x|ᵖ)^(1/p)` over dimensions: PyTorch's `torch.linalg.vector_norm(x, ord=p, dim)`.
///
/// `p = 1` is the sum of absolute values, 2 the Euclidean norm, `f32::INFINITY` the largest and
/// `f32::NEG_INFINITY` the smallest absolute value; 0 counts the elements that are not 0.
///
/// ```
/// use tensorlet::{Portable, ops::{self, Dim}};
/// let x = [[3.0, -4.0], [0.0, 2.0]];
/// let (mut sum, mut largest) = ([0.0; 2], [0.0; 2]);
/// ops::norm(Portable, &x, 1.0, Dim::<1>, &mut sum);
/// ops::norm(Portable, &x, f32::INFINITY, Dim::<1>, &mut largest);
/// assert_eq!((sum, largest), ([7.0, 2.0], [4.0, 2.0]));
/// ```
#[inline]
pub fn norm<K, X, D, Y>(_: K, x: &X, p: f32, _: D, y: &mut Y)
where
    K: Kernels,
    X: Tensor<Elem = f32>,
    D: Dims,
    Y: Tensor<Elem = f32>,
{
    let reduction = const { &reduction::<X, Y, D>("norm") };
    norms(reduction, p, x.elements(), y.elements_mut());
}

#[inline]
fn norms(reduction: &Reduction, p: f32, x: &[f32], y: &mut [f32]) {
    let kind = Kind::of(p);
    y.fill(kind.start());
    match kind {
        // The usual ones get loops of their own.
        Kind::One => reduction.fold(x, y, |sum, x| sum + x.abs()),
        Kind::Two => reduction.fold(x, y, |sum, x| sum + x * x),
        kind => reduction.fold(x, y, |sum, x| kind.gather(sum, x)),
    }
    y.iter_mut().for_each(|y| *y = kind.finish(*y));
}

/// The gradient of [`norm`], whose result was `y`: `dx += sign(x) (|x| / y)^(p - 1) ∂L/∂y`; 0 where `y`
/// is 0, and in equal parts to all elements that are the largest or smallest.
///
/// ```
/// use tensorlet::{Portable, ops::{self, All}};
/// let mut dx = [0.0; 2];
/// ops::norm_backward(Portable, &[3.0, -4.0], &5.0, &1.0, 2.0, All, &mut dx);
/// assert_eq!(dx, [0.6, -0.8]);
/// ```
#[inline]
pub fn norm_backward<K, X, D, Y>(_: K, x: &X, y: &Y, dy: &Y, p: f32, _: D, dx: &mut X)
where
    K: Kernels,
    X: Tensor<Elem = f32>,
    D: Dims,
    Y: Tensor<Elem = f32>,
{
    let reduction = const { &reduction::<X, Y, D>("norm_backward") };
    slopes(reduction, p, [x.elements(), y.elements(), dy.elements()], dx.elements_mut());
}

#[inline]
fn slopes(reduction: &Reduction, p: f32, [x, y, dy]: [&[f32]; 3], dx: &mut [f32]) {
    let kind = Kind::of(p);
    reduction.each_result(|x_at, y_at| {
        if let (Some(&y), Some(dy)) = (y.get(y_at), dy.get(y_at)) {
            let slope = kind.slope(reduction, x, x_at, y);
            reduction.each_place(x_at, |at| {
                if let (Some(&x), Some(dx)) = (x.get(at), dx.get_mut(at)) {
                    *dx += dy * slope(x);
                }
            });
        }
    });
}

/// The norms that differ in more than an exponent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Count,
    One,
    Two,
    Largest,
    Smallest,
    Power(f32),
}

impl Kind {
    pub(super) fn of(p: f32) -> Self {
        match p {
            0.0 => Self::Count,
            1.0 => Self::One,
            2.0 => Self::Two,
            f32::INFINITY => Self::Largest,
            f32::NEG_INFINITY => Self::Smallest,
            p => Self::Power(p),
        }
    }

    fn start(self) -> f32 {
        if self == Self::Smallest { f32::INFINITY } else { 0.0 }
    }

    #[inline]
    fn gather(self, sum: f32, x: f32) -> f32 {
        match self {
            Self::Count => sum + if x == 0.0 { 0.0 } else { 1.0 },
            Self::One => sum + x.abs(),
            Self::Two => sum + x * x,
            Self::Largest => Number::maximum(sum, x.abs()),
            Self::Smallest => Number::minimum(sum, x.abs()),
            Self::Power(p) => sum + math::pow(x.abs(), p),
        }
    }

    #[inline]
    fn finish(self, sum: f32) -> f32 {
        match self {
            Self::Two => math::sqrt(sum),
            Self::Power(p) => math::pow(sum, 1.0 / p),
            _ => sum,
        }
    }

    /// The norm of the elements of one result.
    #[inline]
    pub(super) fn norm(self, reduction: &Reduction, x: &[f32], start: usize) -> f32 {
        let mut sum = self.start();
        reduction.each(x, start, |x| sum = self.gather(sum, x));
        self.finish(sum)
    }

    /// The derivative of a norm of value `y` with respect to an element.
    #[inline]
    pub(super) fn slope(self, reduction: &Reduction, x: &[f32], start: usize, y: f32) -> impl Fn(f32) -> f32 {
        let mut equals = 0.0;
        if matches!(self, Self::Largest | Self::Smallest) {
            reduction.each(x, start, |x| equals += if x.abs() == y { 1.0 } else { 0.0 });
        }
        move |x| {
            let sign = if x == 0.0 { 0.0 } else { 1.0_f32.copysign(x) };
            match self {
                Self::Count => 0.0,
                Self::One => sign,
                Self::Largest | Self::Smallest => {
                    if x.abs() == y {
                        sign / equals
                    } else {
                        0.0
                    }
                }
                _ if y == 0.0 || x == 0.0 => 0.0,
                Self::Two => x / y,
                Self::Power(p) => sign * math::pow(x.abs() / y, p - 1.0),
            }
        }
    }
}
