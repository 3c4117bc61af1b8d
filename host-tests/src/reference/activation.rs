//! Functions of one element and their derivatives.

/// `max(x, 0)`; NaN stays NaN.
#[must_use]
pub fn relu(x: f64) -> f64 {
    if x < 0.0 { 0.0 } else { x }
}

/// The derivative of [`relu`] as PyTorch has it: 0 at 0.
#[must_use]
pub fn relu_derivative(x: f64) -> f64 {
    if x <= 0.0 { 0.0 } else { 1.0 }
}

/// `1 / (1 + e⁻ˣ)`.
#[must_use]
pub fn sigmoid(x: f64) -> f64 {
    if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) }
}

/// The derivative of [`sigmoid`]: `eˣ / (1 + eˣ)²`.
#[must_use]
pub fn sigmoid_derivative(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    e / ((1.0 + e) * (1.0 + e))
}

/// The hyperbolic tangent.
#[must_use]
pub fn tanh(x: f64) -> f64 {
    x.tanh()
}

/// The derivative of [`tanh`]: `1 / cosh² x`.
#[must_use]
pub fn tanh_derivative(x: f64) -> f64 {
    1.0 / (x.cosh() * x.cosh())
}
