//! Reductions to one number, and what runs along a line.

use super::movement::{places, position};

/// `Σ x_i`.
#[must_use]
pub fn sum(x: &[f64]) -> f64 {
    x.iter().sum()
}

/// `Σ a_i b_i` over the shorter of the two.
#[must_use]
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The largest element: NaN if there is one, `-∞` if there is none.
#[must_use]
pub fn max(x: &[f64]) -> f64 {
    if x.iter().any(|x| x.is_nan()) { f64::NAN } else { x.iter().copied().fold(f64::NEG_INFINITY, f64::max) }
}

/// The first position of the largest element, or of NaN; 0 for an empty slice.
#[must_use]
pub fn argmax(x: &[f64]) -> usize {
    let largest = max(x);
    x.iter().position(|&x| x == largest || (largest.is_nan() && x.is_nan())).unwrap_or(0)
}

/// The smallest element: NaN if there is one, `∞` if there is none.
#[must_use]
pub fn min(x: &[f64]) -> f64 {
    -max(&x.iter().map(|x| -x).collect::<Vec<_>>())
}

/// `Σ x / n`.
#[must_use]
pub fn mean(x: &[f64]) -> f64 {
    sum(x) / x.len() as f64
}

/// `Σ (x - mean)² / (n - correction)`.
#[must_use]
pub fn var(x: &[f64], correction: f64) -> f64 {
    let mean = mean(x);
    x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (x.len() as f64 - correction)
}

/// `Π x`.
#[must_use]
pub fn prod(x: &[f64]) -> f64 {
    x.iter().product()
}

/// `(Σ |x|ᵖ)^(1/p)`, with its limits for 0 and `±∞`.
#[must_use]
pub fn norm(x: &[f64], p: f64) -> f64 {
    let absolute: Vec<f64> = x.iter().map(|x| x.abs()).collect();
    if p == 0.0 {
        x.iter().filter(|x| **x != 0.0).count() as f64
    } else if p == f64::INFINITY {
        max(&absolute)
    } else if p == f64::NEG_INFINITY {
        min(&absolute)
    } else {
        absolute.iter().map(|x| x.powf(p)).sum::<f64>().powf(1.0 / p)
    }
}

/// `ln Σ eˣ`; for numbers of ordinary size.
#[must_use]
pub fn logsumexp(x: &[f64]) -> f64 {
    x.iter().map(|x| x.exp()).sum::<f64>().ln()
}

/// `x[0] + … + x[i]` for each `i`.
#[must_use]
pub fn cumsum(x: &[f64]) -> Vec<f64> {
    (1..=x.len()).map(|n| sum(&x[..n])).collect()
}

/// `x[0] · … · x[i]` for each `i`.
#[must_use]
pub fn cumprod(x: &[f64]) -> Vec<f64> {
    (1..=x.len()).map(|n| prod(&x[..n])).collect()
}

/// `x / max(‖x‖_p, eps)`.
#[must_use]
pub fn normalize(x: &[f64], p: f64, eps: f64) -> Vec<f64> {
    let divisor = norm(x, p).max(eps);
    x.iter().map(|x| x / divisor).collect()
}

/// The positions of the elements of each result of a reduction over some dimensions: results in memory
/// order, and elements in memory order.
#[must_use]
pub fn lines(shape: &[usize], dims: &[usize]) -> Vec<Vec<usize>> {
    let only = |inside: bool| -> Vec<usize> {
        shape.iter().enumerate().map(|(d, &n)| if dims.contains(&d) == inside { n } else { 1 }).collect()
    };
    places(&only(false))
        .iter()
        .map(|outer| {
            let place = |inner: &Vec<usize>| -> Vec<usize> { outer.iter().zip(inner).map(|(a, b)| a + b).collect() };
            places(&only(true)).iter().map(|inner| position(shape, &place(inner))).collect()
        })
        .collect()
}

/// A reduction over some dimensions.
#[must_use]
pub fn over(x: &[f64], shape: &[usize], dims: &[usize], f: &dyn Fn(&[f64]) -> f64) -> Vec<f64> {
    lines(shape, dims).iter().map(|line| f(&line.iter().map(|&at| x[at]).collect::<Vec<_>>())).collect()
}

/// What keeps the shape and runs along some dimensions.
#[must_use]
pub fn along(x: &[f64], shape: &[usize], dims: &[usize], f: &dyn Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    let mut y = vec![0.0; x.len()];
    for line in lines(shape, dims) {
        let result = f(&line.iter().map(|&at| x[at]).collect::<Vec<_>>());
        line.into_iter().zip(result).for_each(|(at, value)| y[at] = value);
    }
    y
}
