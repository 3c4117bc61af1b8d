//! Softmax and cross-entropy.

/// `ln Σ_j exp(x_j)`, without overflow.
#[must_use]
pub fn log_sum_exp(x: &[f64]) -> f64 {
    let shift = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    shift + x.iter().map(|x| (x - shift).exp()).sum::<f64>().ln()
}

/// `exp(x_i) / Σ_j exp(x_j)`.
#[must_use]
pub fn softmax(x: &[f64]) -> Vec<f64> {
    let lse = log_sum_exp(x);
    x.iter().map(|x| (x - lse).exp()).collect()
}

/// `x_i - ln Σ_j exp(x_j)`.
#[must_use]
pub fn log_softmax(x: &[f64]) -> Vec<f64> {
    let lse = log_sum_exp(x);
    x.iter().map(|x| x - lse).collect()
}

/// The gradient of [`softmax`] with values `y`: `Σ_i dy_i y_i ([i = j] - y_j)`.
#[must_use]
pub fn softmax_gradient(y: &[f64], dy: &[f64]) -> Vec<f64> {
    let jacobian = |i: usize, j: usize| y[i] * (if i == j { 1.0 } else { 0.0 } - y[j]);
    (0..y.len()).map(|j| (0..y.len()).map(|i| dy[i] * jacobian(i, j)).sum()).collect()
}

/// The gradient of [`log_softmax`] with values `y`: `Σ_i dy_i ([i = j] - exp(y_j))`.
#[must_use]
pub fn log_softmax_gradient(y: &[f64], dy: &[f64]) -> Vec<f64> {
    let jacobian = |i: usize, j: usize| if i == j { 1.0 } else { 0.0 } - y[j].exp();
    (0..y.len()).map(|j| (0..y.len()).map(|i| dy[i] * jacobian(i, j)).sum()).collect()
}

/// A function of vectors applied to every line of a tensor along an axis.
#[must_use]
pub fn along(x: &[f64], dims: &[usize], axis: usize, f: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    let inner: usize = dims[axis + 1..].iter().product();
    let mut y = vec![0.0; x.len()];
    for outer in 0..x.len() / (dims[axis] * inner) {
        for j in 0..inner {
            let at = |i: usize| (outer * dims[axis] + i) * inner + j;
            let line: Vec<f64> = (0..dims[axis]).map(|i| x[at(i)]).collect();
            f(&line).into_iter().enumerate().for_each(|(i, value)| y[at(i)] = value);
        }
    }
    y
}

/// Softmax of rows of `row` logits, of which only the first `valid` count and all others are -10⁶.
#[must_use]
pub fn masked(x: &[f64], row: usize, valid: &[usize]) -> Vec<f64> {
    let rows = x.len() / row;
    let masked = |r: usize, i: usize| if i < valid[r * valid.len() / rows] { x[r * row + i] } else { -1e6 };
    (0..rows).flat_map(|r| softmax(&(0..row).map(|i| masked(r, i)).collect::<Vec<_>>())).collect()
}

/// `-ln softmax(x)[target]`.
#[must_use]
pub fn cross_entropy(x: &[f64], target: usize) -> f64 {
    log_sum_exp(x) - x[target]
}

/// The gradient of [`cross_entropy`]: `softmax(x)_i - [i = target]`.
#[must_use]
pub fn cross_entropy_gradient(x: &[f64], target: usize) -> Vec<f64> {
    let mut gradient = softmax(x);
    gradient[target] -= 1.0;
    gradient
}
