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
    /// Value and derivative as text of `x`.
    FromArgument { value: &'static str, slope: &'static str },
}

impl Elementwise {
    pub(in crate::gpu) fn new(function: Activation, info: &LayerInfo, path: &str) -> Result<Self, OffloadError> {
        if let Some(function) = Function::from_value(function) {
            return Ok(Self { form: Form::FromValue(function) });
        }
        let (value, slope) = match function {
            Activation::Gelu => (
                "0.5 * x * (1.0 + erf_(x * 0.70710678))",
                "0.5 * (1.0 + erf_(x * 0.70710678)) + x * 0.39894228 * exp_(-0.5 * x * x)",
            ),
            Activation::Silu => ("x * sigmoid_(x)", "sigmoid_(x) * (1.0 + x * (1.0 - sigmoid_(x)))"),
            _ => return Err(unsupported(info, path, "there is no kernel for this function")),
        };
        Ok(Self { form: Form::FromArgument { value, slope } })
    }

    /// Gives the text `value(x)`.
    fn value(&self, shader: &mut Shader) {
        let value = match self.form {
            Form::FromValue(function) => {
                function.value(shader);
                "activate(x)"
            }
            Form::FromArgument { value, .. } => value,
        };
        shader.push(format!("fn value(x: f32) -> f32 {{ return {value}; }}"));
    }
}

impl Operation for Elementwise {
    fn forward(&mut self, graph: &mut Graph<'_>, node: &Node) -> Result<(), OffloadError> {
        let mut shader = graph.shader(node, "forward");
        shader.reads("x_at", graph.values[node.x.0].region);
        self.value(&mut shader);
        graph.output(&mut shader, node);
        graph.kernels.push(shader.each(node.rows * node.input(), "store_y(i, value(x_at(i)));"));
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
        let gradient = match self.form {
            Form::FromValue(function) => {
                function.value(&mut shader);
                function.slope(&mut shader, "slope");
                "slope(dy_at(i), activate(x))".to_owned()
            }
            Form::FromArgument { slope, .. } => format!("dy_at(i) * ({slope})"),
        };
        let body = format!("let x = x_at(i);\nstore_dx(i, {gradient});");
        graph.kernels.push(shader.each(node.rows * node.input(), &body));
        Ok(())
    }
}
