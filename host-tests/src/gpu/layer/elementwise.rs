//! Functions of each element whose derivative needs the argument.

use tensorlet::description::{Activation, LayerInfo};

use crate::gpu::{
    OffloadError,
    activation::Function,
    graph::{Graph, Node, Operation, unsupported},
    shader::Shader,
};

/// `y = f(x)`.
#[derive(Debug)]
pub(in crate::gpu) struct Elementwise {
    form: Form,
}

#[derive(Debug)]
enum Form {
    /// One whose derivative follows from its value, where it could not be joined to the layer before.
    FromValue(Function),
    /// Value and derivative as text of the argument.
    FromArgument(Formula),
}

impl Elementwise {
    pub(in crate::gpu) fn new(function: Activation, info: &LayerInfo, path: &str) -> Result<Self, OffloadError> {
        if let Some(function) = Function::from_value(function) {
            return Ok(Self { form: Form::FromValue(function) });
        }
        let formula =
            formula(function).ok_or_else(|| unsupported(info, path, "there is no kernel for this function"))?;
        Ok(Self { form: Form::FromArgument(formula) })
    }

    /// Gives the text `value_of(x)`, and `slope_of(x)` where the derivative is found from the argument.
    fn text(&self, graph: &Graph<'_>, shader: &mut Shader, node: &Node) {
        match self.form {
            Form::FromValue(function) => {
                function.value(shader);
                shader.push("fn value_of(x: f32) -> f32 { return activate(x); }");
            }
            Form::FromArgument(Formula { settings, value, slope }) => {
                settings.iter().for_each(|name| graph.setting(shader, &node.path, name));
                shader.push(PIECES);
                shader.push(format!(
                    "fn value_of(x: f32) -> f32 {{ {value} }}\nfn slope_of(x: f32) -> f32 {{ {slope} }}"
                ));
            }
        }
    }
}

/// A function and its derivative as text of `x`, with the settings that it calls.
#[derive(Clone, Copy, Debug)]
struct Formula {
    settings: &'static [&'static str],
    value: &'static str,
    slope: &'static str,
}

/// What several functions are made of. Comparisons are made so that NaN stays NaN.
const PIECES: &str =
    "fn between(x: f32, low: f32, high: f32) -> f32 { return select(select(x, high, x > high), low, x < low); }
fn inside(x: f32, width: f32) -> bool { return x >= -width && x <= width; }
fn shrunk(x: f32, width: f32, by: f32) -> f32 {
    return select(select(select(0.0, x, not_finite_(x)), x + by, x < -width), x - by, x > width);
}";

/// The functions as the host has them, at the kinks too.
const fn formula(function: Activation) -> Option<Formula> {
    const fn of(settings: &'static [&'static str], value: &'static str, slope: &'static str) -> Option<Formula> {
        Some(Formula { settings, value, slope })
    }
    match function {
        Activation::LeakyRelu => of(
            &["negative_slope"],
            "return select(negative_slope() * x, x, x > 0.0);",
            "return select(negative_slope(), 1.0, x > 0.0);",
        ),
        Activation::Threshold => of(
            &["threshold", "value"],
            "return select(x, value(), x <= threshold());",
            "return select(1.0, 0.0, x <= threshold());",
        ),
        Activation::Hardtanh => of(
            &["min_val", "max_val"],
            "return between(x, min_val(), max_val());",
            "return select(1.0, 0.0, x <= min_val() || x >= max_val());",
        ),
        Activation::Hardsigmoid => of(
            &["alpha", "beta"],
            "return between(alpha() * x + beta(), 0.0, 1.0);",
            "let y = alpha() * x + beta(); return select(0.0, alpha(), y > 0.0 && y < 1.0);",
        ),
        Activation::Hardswish => of(
            &[],
            "return x * between(x + 3.0, 0.0, 6.0) / 6.0;",
            "return select(select(1.0, x / 3.0 + 0.5, x < 3.0), 0.0, x <= -3.0);",
        ),
        Activation::Hardshrink => {
            of(&["lambd"], "return select(x, 0.0, inside(x, lambd()));", "return select(1.0, 0.0, inside(x, lambd()));")
        }
        Activation::Softshrink => {
            of(&["lambd"], "return shrunk(x, lambd(), lambd());", "return select(1.0, 0.0, inside(x, lambd()));")
        }
        Activation::Shrink => {
            of(&["lambd", "bias"], "return shrunk(x, lambd(), bias());", "return select(1.0, 0.0, inside(x, lambd()));")
        }
        Activation::Elu => of(
            &["alpha"],
            "return select(alpha() * expm1_(x), x, x > 0.0);",
            "return select(1.0, alpha() * exp_(x), x <= 0.0);",
        ),
        Activation::Selu => of(
            &["alpha", "scale"],
            "return scale() * select(alpha() * expm1_(x), x, x > 0.0);",
            "return scale() * select(1.0, alpha() * exp_(x), x <= 0.0);",
        ),
        Activation::Celu => of(
            &["alpha"],
            "return select(alpha() * expm1_(x / alpha()), x, x > 0.0);",
            "return select(1.0, exp_(x / alpha()), x <= 0.0);",
        ),
        Activation::LogSigmoid => of(&[], "return -softplus_(-x);", "return sigmoid_(-x);"),
        Activation::Softplus => of(
            &["beta", "threshold"],
            "let b = beta() * x; return select(softplus_(b) / beta(), x, b > threshold());",
            "let b = beta() * x; return select(sigmoid_(b), 1.0, b > threshold());",
        ),
        Activation::Softsign => of(&[], "return x / (1.0 + abs(x));", "let s = 1.0 / (1.0 + abs(x)); return s * s;"),
        Activation::Gelu => of(
            &[],
            "return x * normal_distribution_(x);",
            "return normal_distribution_(x) + x * (0.39894228 * exp_(-0.5 * x * x));",
        ),
        // 1.595769 = 2 √(2/π); (1 + tanh u) / 2 = σ(2u), which does not cancel.
        Activation::GeluTanh => of(
            &[],
            "return x * sigmoid_(1.595769 * (x + 0.044715 * x * x * x));",
            "let square = 0.044715 * x * x; let u = 1.595769 * (x + square * x); let s = sigmoid_(u);
             return s + x * (1.595769 * (1.0 + 3.0 * square)) * (s * sigmoid_(-u));",
        ),
        Activation::Silu => of(&[], "return x * sigmoid_(x);", "return sigmoid_(x) * (1.0 + x * sigmoid_(-x));"),
        Activation::Swish => of(
            &["beta"],
            "return x * sigmoid_(beta() * x);",
            "let b = beta() * x; return sigmoid_(b) * (1.0 + b * sigmoid_(-b));",
        ),
        // From 20 on the tangent is 1 in single precision, long before n overflows.
        Activation::Mish => of(
            &[],
            "if x > 20.0 { return x; } let e = exp_(x); let n = e * (e + 2.0); return x * (n / (n + 2.0));",
            "if x > 20.0 { return 1.0; } let e = exp_(x); let n = e * (e + 2.0); let s = 1.0 / (n + 2.0);
             return n * s + x * (4.0 * (n + 1.0) * s * s) * (e / (1.0 + e));",
        ),
        Activation::Tanhshrink => of(&[], "return x - tanh_(x);", "let t = tanh_(x); return t * t;"),
        _ => None,
    }
}

impl Operation for Elementwise {
    fn forward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let mut shader = graph.shader(node, "forward");
        shader.reads("x_at", graph.values[node.x.0].region);
        self.text(graph, &mut shader, node);
        graph.output(&mut shader, node);
        graph.kernels.push(shader.each(node.rows * node.input(), "store_y(i, value_of(x_at(i)));"));
        Ok(())
    }

    fn backward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let Some(dy) = graph.gradient(node.y) else { return Ok(()) };
        let mut shader = graph.shader(node, "backward");
        shader.reads("x_at", graph.values[node.x.0].region);
        shader.reads("dy_at", dy);
        if !graph.gradient_of(&mut shader, node.x) {
            return Ok(());
        }
        self.text(graph, &mut shader, node);
        let gradient = match self.form {
            Form::FromValue(function) => {
                function.slope(&mut shader, "slope");
                "slope(dy_at(i), value_of(x_at(i)))"
            }
            Form::FromArgument(_) => "dy_at(i) * slope_of(x_at(i))",
        };
        let body = format!("store_dx(i, {gradient});");
        graph.kernels.push(shader.each(node.rows * node.input(), &body));
        Ok(())
    }
}
