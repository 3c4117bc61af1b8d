//! Functions of elements, and of tensors that are broadcast to each other.

use super::movement::{places, position};

/// The shape to which two shapes are broadcast: aligned at the end, 1 where one is missing.
///
/// # Panics
/// If they do not fit.
#[must_use]
pub fn broadcast_shape(a: &[usize], b: &[usize]) -> Vec<usize> {
    let rank = a.len().max(b.len());
    let dim = |shape: &[usize], i: usize| if i + shape.len() < rank { 1 } else { shape[i + shape.len() - rank] };
    (0..rank)
        .map(|i| match (dim(a, i), dim(b, i)) {
            (1, n) | (n, 1) => n,
            (n, m) => {
                assert_eq!(n, m, "{a:?} and {b:?}");
                n
            }
        })
        .collect()
}

/// A tensor repeated to a larger shape.
#[must_use]
pub fn broadcast(x: &[f64], shape: &[usize], to: &[usize]) -> Vec<f64> {
    let missing = to.len() - shape.len();
    let from = |place: &[usize]| -> Vec<usize> {
        place[missing..].iter().zip(shape).map(|(&i, &n)| if n == 1 { 0 } else { i }).collect()
    };
    places(to).iter().map(|place| x[position(shape, &from(place))]).collect()
}

/// `y = f(a, b)` of tensors that are broadcast to each other.
#[must_use]
pub fn binary((a, a_shape): (&[f64], &[usize]), (b, b_shape): (&[f64], &[usize]), f: fn(f64, f64) -> f64) -> Vec<f64> {
    let shape = broadcast_shape(a_shape, b_shape);
    let (a, b) = (broadcast(a, a_shape, &shape), broadcast(b, b_shape, &shape));
    a.into_iter().zip(b).map(|(a, b)| f(a, b)).collect()
}

/// The error function, `2/√π Σ (-1)ⁿ x²ⁿ⁺¹ / (n! (2n + 1))`; for numbers up to 5.
#[must_use]
pub fn erf(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..120 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    sum * std::f64::consts::FRAC_2_SQRT_PI
}
