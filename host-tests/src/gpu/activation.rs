//! Functions of each element.

use tensorlet::description::Activation;

use super::shader::Shader;

/// A function whose derivative follows from its value: it is computed where a layer stores its sums, and its
/// derivative where the gradient of its value is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Relu,
    Relu6,
    Sigmoid,
    Tanh,
}

impl Function {
    pub(super) const fn from_value(function: Activation) -> Option<Self> {
        match function {
            Activation::Relu => Some(Self::Relu),
            Activation::Relu6 => Some(Self::Relu6),
            Activation::Sigmoid => Some(Self::Sigmoid),
            Activation::Tanh => Some(Self::Tanh),
            _ => None,
        }
    }

    /// Gives the text `activate(v)`.
    pub(super) fn value(self, shader: &mut Shader) {
        // Comparisons are made so that NaN stays NaN.
        let value = match self {
            Self::Relu => "select(v, 0.0, v <= 0.0)",
            Self::Relu6 => "select(select(v, 0.0, v <= 0.0), 6.0, v >= 6.0)",
            Self::Sigmoid => "sigmoid_(v)",
            Self::Tanh => "tanh_(v)",
        };
        shader.push(format!("fn activate(v: f32) -> f32 {{ return {value}; }}"));
    }

    /// Gives the text a function of a gradient and the value: their product with the derivative.
    pub(super) fn slope(self, shader: &mut Shader, name: &str) {
        let slope = match self {
            Self::Relu => "select(g, 0.0, y <= 0.0)",
            Self::Relu6 => "select(g, 0.0, y <= 0.0 || y >= 6.0)",
            Self::Sigmoid => "g * y * (1.0 - y)",
            Self::Tanh => "g * (1.0 - y * y)",
        };
        shader.push(format!("fn {name}(g: f32, y: f32) -> f32 {{ return {slope}; }}"));
    }
}
