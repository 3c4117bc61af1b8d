//! Rectifiers with learned slopes, and gates.

use super::activation::Function;

/// `x` for positive `x`, else the weight of its channel, or of all, times `x`.
#[must_use]
pub fn prelu(x: &[f64], weight: &[f64], channels: usize) -> Vec<f64> {
    let slope = |i: usize| if weight.len() == 1 { weight[0] } else { weight[i * channels / x.len()] };
    x.iter().enumerate().map(|(i, &x)| if x > 0.0 { x } else { slope(i) * x }).collect()
}

/// `a f(b)`, where `a` and `b` are the halves of a tensor along an axis.
#[must_use]
pub fn glu(x: &[f64], dims: &[usize], axis: usize, f: &Function) -> Vec<f64> {
    let inner: usize = dims[axis + 1..].iter().product();
    let half = dims[axis] / 2;
    let mut y = Vec::new();
    for outer in 0..x.len() / (dims[axis] * inner) {
        for i in 0..half {
            for j in 0..inner {
                let at = |i: usize| x[(outer * dims[axis] + i) * inner + j];
                y.push(at(i) * (f.value)(at(half + i)));
            }
        }
    }
    y
}
