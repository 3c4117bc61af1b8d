//! Bounds and deviations of initial weights: the formulas of `torch.nn.init`.

/// `kaiming_uniform_(a)` for a leaky ReLU of slope `a`: `√(2 / (1 + a²)) · √(3 / fan)`.
///
/// With `a = √5` this is the default of `nn.Linear` and `nn.Conv2d`, and equal to the bound of their
/// biases, `1/√fan`.
#[must_use]
pub fn kaiming_uniform(a: f64, fan: f64) -> f64 {
    (2.0 / (1.0 + a * a)).sqrt() * (3.0 / fan).sqrt()
}

/// `kaiming_normal_` for a gain: `gain / √fan`.
#[must_use]
pub fn kaiming_normal(gain: f64, fan: f64) -> f64 {
    gain / fan.sqrt()
}

/// `xavier_uniform_`: `gain · √(6 / (fan_in + fan_out))`.
#[must_use]
pub fn xavier_uniform(gain: f64, fan_in: f64, fan_out: f64) -> f64 {
    gain * (6.0 / (fan_in + fan_out)).sqrt()
}

/// `xavier_normal_`: `gain · √(2 / (fan_in + fan_out))`.
#[must_use]
pub fn xavier_normal(gain: f64, fan_in: f64, fan_out: f64) -> f64 {
    gain * (2.0 / (fan_in + fan_out)).sqrt()
}
