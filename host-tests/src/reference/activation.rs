//! Functions of one element and their derivatives.

use tensorlet::description::Activation;

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

/// A function and its derivative.
pub struct Function {
    /// `f`.
    pub value: Box<dyn Fn(f64) -> f64>,
    /// `f'`, at kinks as PyTorch has it.
    pub derivative: Box<dyn Fn(f64) -> f64>,
}

fn function(value: impl Fn(f64) -> f64 + 'static, derivative: impl Fn(f64) -> f64 + 'static) -> Function {
    Function { value: Box::new(value), derivative: Box::new(derivative) }
}

fn step(inside: bool) -> f64 {
    if inside { 1.0 } else { 0.0 }
}

/// `α (e^(x/s) - 1)` below 0, and the derivative.
fn exponential(alpha: f64, s: f64, scale: f64) -> Function {
    function(
        move |x| scale * if x > 0.0 { x } else { alpha * (x / s).exp_m1() },
        move |x| scale * if x > 0.0 { 1.0 } else { alpha / s * (x / s).exp() },
    )
}

/// The function of a layer with these settings.
///
/// # Panics
/// For functions that are not the library's.
#[must_use]
pub fn of(activation: Activation, setting: &dyn Fn(&str) -> f64) -> Function {
    match activation {
        Activation::Relu => function(relu, relu_derivative),
        Activation::Sigmoid => function(sigmoid, sigmoid_derivative),
        Activation::Tanh => function(tanh, tanh_derivative),
        Activation::Relu6 => function(|x| x.clamp(0.0, 6.0), |x| step(x > 0.0 && x < 6.0)),
        Activation::LeakyRelu => {
            let slope = setting("negative_slope");
            function(move |x| if x > 0.0 { x } else { slope * x }, move |x| if x > 0.0 { 1.0 } else { slope })
        }
        Activation::Threshold => {
            let (threshold, value) = (setting("threshold"), setting("value"));
            function(move |x| if x > threshold { x } else { value }, move |x| step(x > threshold))
        }
        Activation::Hardtanh => {
            let (low, high) = (setting("min_val"), setting("max_val"));
            function(move |x| x.clamp(low, high), move |x| step(x > low && x < high))
        }
        Activation::Hardsigmoid => {
            let (alpha, beta) = (setting("alpha"), setting("beta"));
            let line = move |x| alpha * x + beta;
            function(move |x| line(x).clamp(0.0, 1.0), move |x| alpha * step(0.0 < line(x) && line(x) < 1.0))
        }
        Activation::Hardswish => function(
            |x| x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
            |x| if x.abs() < 3.0 { (2.0 * x + 3.0) / 6.0 } else { step(x > 0.0) },
        ),
        Activation::Hardshrink => shrink(setting("lambd"), 0.0),
        Activation::Softshrink => shrink(setting("lambd"), setting("lambd")),
        Activation::Shrink => shrink(setting("lambd"), setting("bias")),
        Activation::Elu => exponential(setting("alpha"), 1.0, 1.0),
        Activation::Selu => exponential(setting("alpha"), 1.0, setting("scale")),
        Activation::Celu => exponential(setting("alpha"), setting("alpha"), 1.0),
        Activation::LogSigmoid => function(|x| -softplus(-x), |x| sigmoid(-x)),
        Activation::Softplus => {
            let (beta, threshold) = (setting("beta"), setting("threshold"));
            function(
                move |x| if beta * x > threshold { x } else { softplus(beta * x) / beta },
                move |x| if beta * x > threshold { 1.0 } else { sigmoid(beta * x) },
            )
        }
        Activation::Softsign => function(|x| x / (1.0 + x.abs()), |x| (1.0 + x.abs()).powi(-2)),
        Activation::Gelu => {
            let distribution = |x: f64| 0.5 * erfc(-x / 2_f64.sqrt());
            let density = |x: f64| (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt();
            function(move |x| x * distribution(x), move |x| distribution(x) + x * density(x))
        }
        Activation::GeluTanh => {
            // (1 + tanh(u/2)) / 2 = sigmoid(u)
            let u = |x: f64| (8.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3));
            let slope = |x: f64| (8.0 / std::f64::consts::PI).sqrt() * (1.0 + 3.0 * 0.044715 * x * x);
            function(move |x| x * sigmoid(u(x)), move |x| sigmoid(u(x)) + x * slope(x) * sigmoid_derivative(u(x)))
        }
        Activation::Silu => swish(1.0),
        Activation::Swish => swish(setting("beta")),
        Activation::Mish => {
            function(|x| x * softplus(x).tanh(), |x| softplus(x).tanh() + x * sigmoid(x) * tanh_derivative(softplus(x)))
        }
        Activation::Tanhshrink => function(|x| x - x.tanh(), |x| x.tanh() * x.tanh()),
        Activation::Custom(name) => panic!("no reference for the function {name}"),
    }
}

fn shrink(lambd: f64, bias: f64) -> Function {
    function(move |x| if x.abs() > lambd { x - bias * x.signum() } else { 0.0 }, move |x| step(x.abs() > lambd))
}

fn swish(beta: f64) -> Function {
    function(move |x| x * sigmoid(beta * x), move |x| sigmoid(beta * x) + beta * x * sigmoid_derivative(beta * x))
}

/// `ln(1 + eˣ)`.
#[must_use]
pub fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// `2/√π ∫ₓ^∞ e^(-t²) dt`: the series of `erf` where its terms are small, else Laplace's continued fraction.
#[must_use]
pub fn erfc(x: f64) -> f64 {
    let a = x.abs();
    let tail = if a < 2.0 {
        let (mut term, mut sum, mut n) = (a, a, 0.0);
        while term.abs() > 1e-18 {
            n += 1.0;
            term *= -a * a / n;
            sum += term / (2.0 * n + 1.0);
        }
        1.0 - 2.0 / std::f64::consts::PI.sqrt() * sum
    } else {
        let fraction = (1..200).rev().fold(a, |fraction, n| a + f64::from(n) / 2.0 / fraction);
        (-a * a).exp() / std::f64::consts::PI.sqrt() / fraction
    };
    if x < 0.0 { 2.0 - tail } else { tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn erfc_of_known_arguments() {
        let known = [(0.0, 1.0), (0.5, 0.479_500_122_186_953_5), (1.0, 0.157_299_207_050_285_13)];
        let tails =
            [(2.0, 4.677_734_981_047_266e-3), (-2.0, 1.995_322_265_018_952_7), (5.0, 1.537_459_794_428_035e-12)];
        for (x, y) in known.into_iter().chain(tails) {
            assert!((erfc(x) - y).abs() <= 1e-13 * y, "erfc({x}) = {}", erfc(x));
        }
    }

    #[test]
    fn derivatives_are_those_of_the_functions() {
        const ALL: &[Activation] = &[
            Activation::Relu,
            Activation::Sigmoid,
            Activation::Tanh,
            Activation::Relu6,
            Activation::LeakyRelu,
            Activation::Threshold,
            Activation::Hardtanh,
            Activation::Hardsigmoid,
            Activation::Hardswish,
            Activation::Hardshrink,
            Activation::Softshrink,
            Activation::Shrink,
            Activation::Elu,
            Activation::Selu,
            Activation::Celu,
            Activation::LogSigmoid,
            Activation::Softplus,
            Activation::Softsign,
            Activation::Gelu,
            Activation::GeluTanh,
            Activation::Silu,
            Activation::Swish,
            Activation::Mish,
            Activation::Tanhshrink,
        ];
        let settings = |name: &str| match name {
            "threshold" => 0.3,
            "value" => 20.0,
            "min_val" => -0.75,
            _ => 0.625,
        };
        for activation in ALL {
            let Function { value, derivative } = of(*activation, &settings);
            for i in -40..40 {
                // Never at a kink.
                let x = 0.1 * f64::from(i) + 0.0123;
                let difference = (value(x + 1e-6) - value(x - 1e-6)) / 2e-6;
                assert!((derivative(x) - difference).abs() < 1e-8, "{activation:?} at {x}: {difference}");
            }
        }
    }
}
