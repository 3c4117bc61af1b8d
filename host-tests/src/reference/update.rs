//! Steps of optimisers on one weight: the formulas of `torch.optim`, from the numbers of a step.
//!
//! Each returns the new weight and then what the optimiser keeps.

use tensorlet::kernel::{AdadeltaStep, AdagradStep, AdamStep, RmsPropStep, SgdStep};

use super::rounded::Rounded;

/// `g' = g + weight_decay w`.
fn decayed(weight_decay: f32, w: Rounded, g: Rounded) -> Rounded {
    g + Rounded::from(weight_decay) * w
}

/// `a x + b y`.
fn mix(a: f32, x: Rounded, b: f32, y: Rounded) -> Rounded {
    Rounded::from(a) * x + Rounded::from(b) * y
}

/// Gradient descent.
#[must_use]
pub fn sgd(step: &SgdStep, w: Rounded, g: Rounded) -> [Rounded; 1] {
    [w - Rounded::from(step.lr) * decayed(step.weight_decay, w, g)]
}

/// Gradient descent with momentum.
#[must_use]
pub fn sgd_momentum(step: &SgdStep, w: Rounded, g: Rounded, buffer: Rounded) -> [Rounded; 2] {
    let g = decayed(step.weight_decay, w, g);
    let buffer = mix(step.momentum, buffer, step.gain, g);
    let along = if step.nesterov { g + Rounded::from(step.momentum) * buffer } else { buffer };
    [w - Rounded::from(step.lr) * along, buffer]
}

/// `√v / √(1 - β₂ᵗ) + ε`.
fn denominator(step: &AdamStep, v: Rounded) -> Rounded {
    v.sqrt() * Rounded::from(step.rsqrt_correction2) + Rounded::from(step.eps)
}

/// `g'` and the running means of it and its square.
fn moments(step: &AdamStep, w: Rounded, g: Rounded, [m, v]: [Rounded; 2]) -> [Rounded; 3] {
    let g = decayed(step.weight_decay, w, g);
    [g, mix(step.beta1, m, step.one_minus_beta1, g), mix(step.beta2, v, step.one_minus_beta2, g * g)]
}

/// Adam.
#[must_use]
pub fn adam(step: &AdamStep, w: Rounded, g: Rounded, state: [Rounded; 2]) -> [Rounded; 3] {
    let [_, m, v] = moments(step, w, g, state);
    [w - Rounded::from(step.step_size) * m / denominator(step, v), m, v]
}

/// Adam with the largest mean square so far.
#[must_use]
pub fn adam_amsgrad(step: &AdamStep, w: Rounded, g: Rounded, [m, v, largest]: [Rounded; 3]) -> [Rounded; 4] {
    let [_, m, v] = moments(step, w, g, [m, v]);
    let largest = largest.max(v);
    [w - Rounded::from(step.step_size) * m / denominator(step, largest), m, v, largest]
}

/// Adam with Nesterov's momentum.
#[must_use]
pub fn nadam(step: &AdamStep, gradient_size: f32, w: Rounded, g: Rounded, state: [Rounded; 2]) -> [Rounded; 3] {
    let [g, m, v] = moments(step, w, g, state);
    [w - mix(gradient_size, g, step.step_size, m) / denominator(step, v), m, v]
}

/// Adam with the largest gradient.
#[must_use]
pub fn adamax(step: &AdamStep, w: Rounded, g: Rounded, [m, u]: [Rounded; 2]) -> [Rounded; 3] {
    let g = decayed(step.weight_decay, w, g);
    let m = mix(step.beta1, m, step.one_minus_beta1, g);
    let u = (Rounded::from(step.beta2) * u).max(g.abs() + Rounded::from(step.eps));
    [w - Rounded::from(step.step_size) * m / u, m, u]
}

/// `g' / (√q + ε)`.
fn scaled(step: &RmsPropStep, g: Rounded, q: Rounded) -> Rounded {
    g / (q.sqrt() + Rounded::from(step.eps))
}

/// The mean square and the scaled gradient.
fn rms(step: &RmsPropStep, w: Rounded, g: Rounded, square: Rounded) -> [Rounded; 2] {
    let g = decayed(step.weight_decay, w, g);
    let square = mix(step.alpha, square, step.one_minus_alpha, g * g);
    [square, scaled(step, g, square)]
}

/// The variance, the mean and the scaled gradient.
fn variance(step: &RmsPropStep, w: Rounded, g: Rounded, [variance, mean]: [Rounded; 2]) -> [Rounded; 3] {
    let g = decayed(step.weight_decay, w, g);
    let (off, rest) = (g - mean, Rounded::from(step.one_minus_alpha));
    let variance = Rounded::from(step.alpha) * (variance + rest * off * off);
    [variance, mean + rest * off, scaled(step, g, variance)]
}

/// RMSprop.
#[must_use]
pub fn rmsprop(step: &RmsPropStep, w: Rounded, g: Rounded, square: Rounded) -> [Rounded; 2] {
    let [square, scaled] = rms(step, w, g, square);
    [w - Rounded::from(step.lr) * scaled, square]
}

/// RMSprop with the variance.
#[must_use]
pub fn rmsprop_centered(step: &RmsPropStep, w: Rounded, g: Rounded, state: [Rounded; 2]) -> [Rounded; 3] {
    let [variance, mean, scaled] = variance(step, w, g, state);
    [w - Rounded::from(step.lr) * scaled, variance, mean]
}

/// RMSprop with momentum.
#[must_use]
pub fn rmsprop_momentum(step: &RmsPropStep, w: Rounded, g: Rounded, [square, buffer]: [Rounded; 2]) -> [Rounded; 3] {
    let [square, scaled] = rms(step, w, g, square);
    let buffer = Rounded::from(step.momentum) * buffer + scaled;
    [w - Rounded::from(step.lr) * buffer, square, buffer]
}

/// RMSprop with the variance and momentum.
#[must_use]
pub fn rmsprop_centered_momentum(
    step: &RmsPropStep,
    w: Rounded,
    g: Rounded,
    [square, mean, buffer]: [Rounded; 3],
) -> [Rounded; 4] {
    let [variance, mean, scaled] = variance(step, w, g, [square, mean]);
    let buffer = Rounded::from(step.momentum) * buffer + scaled;
    [w - Rounded::from(step.lr) * buffer, variance, mean, buffer]
}

/// Adagrad.
#[must_use]
pub fn adagrad(step: &AdagradStep, w: Rounded, g: Rounded, sum: Rounded) -> [Rounded; 2] {
    let g = decayed(step.weight_decay, w, g);
    let sum = sum + g * g;
    let root = (Rounded::from(step.initial) + sum).sqrt();
    [w - Rounded::from(step.lr) * g / (root + Rounded::from(step.eps)), sum]
}

/// Adadelta.
#[must_use]
pub fn adadelta(step: &AdadeltaStep, w: Rounded, g: Rounded, [square, delta]: [Rounded; 2]) -> [Rounded; 3] {
    let (g, eps) = (decayed(step.weight_decay, w, g), Rounded::from(step.eps));
    let square = mix(step.rho, square, step.one_minus_rho, g * g);
    let by = (delta + eps).sqrt() / (square + eps).sqrt() * g;
    [w - Rounded::from(step.lr) * by, square, mix(step.rho, delta, step.one_minus_rho, by * by)]
}
