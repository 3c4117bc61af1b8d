//! Reductions to one number.

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
