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
