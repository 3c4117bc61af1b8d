//! The layers of floats in Rust.

use crate::{
    graph::{Activation, Graph, Step},
    layers::{Slide, image, tensor},
    operator::{Float, Floats, Fused, Window},
};

/// The type of a step's layer.
pub(crate) fn written(graph: &Graph<'_>, step: &Step<'_>, float: &Float) -> String {
    let (input, output) = (&graph.activations[step.inputs[0]], &graph.activations[step.output]);
    let [_, _, channels] = image(&input.shape);
    match float {
        Float::Conv2d { window, per_group, weights } => {
            let [rows, columns, out] = image(&output.shape);
            let ([kernel_rows, kernel_columns], slide, bias) = (window.kernel, Slide(window), bias_type(weights, out));
            let conv = format!(
                "tensorlet::Conv2d<{channels}, {out}, {kernel_rows}, {kernel_columns}, {rows}, {columns}, {slide}, \
                 {bias}, {per_group}>"
            );
            then(&conv, weights.fused)
        }
        Float::Linear { weights } => {
            let (inputs, outputs) = (input.elements(), output.elements());
            let bias = bias_type(weights, outputs);
            then(&format!("tensorlet::Linear<{inputs}, {outputs}, {bias}>"), weights.fused)
        }
        Float::AvgPool2d { window, fused } => pool("AvgPool2d", window, *fused, output),
        Float::MaxPool2d { window, fused } => pool("MaxPool2d", window, *fused, output),
        Float::Add { fused: Fused::Relu } | Float::Relu => "tensorlet::Relu".to_owned(),
        Float::Add { fused: Fused::Relu6 } | Float::Relu6 => "tensorlet::Relu6".to_owned(),
        Float::Add { .. } => "tensorlet::layer::Identity".to_owned(),
        Float::Softmax => "tensorlet::Softmax".to_owned(),
        Float::DynamicQuantize => "quantized::DynamicFakeQuantize".to_owned(),
        Float::ToPlanes => permute(output, [2, 0, 1]),
        Float::ToPixels => permute(output, [1, 2, 0]),
    }
}

/// The expression that makes a step's layer; its constants are appended to `bytes`.
pub(crate) fn value(float: &Float, bytes: &mut Vec<u8>) -> String {
    match float {
        Float::Conv2d { weights, .. } => {
            let (weight, bias) = (stored("stored_conv2d", &weights.weight, bytes), bias(weights, bytes));
            then(&format!("tensorlet::Conv2d::new({weight}, {bias})"), weights.fused)
        }
        Float::Linear { weights } => {
            let (weight, bias) = (stored("stored_linear", &weights.weight, bytes), bias(weights, bytes));
            then(&format!("tensorlet::Linear {{ weight: {weight}, bias: {bias} }}"), weights.fused)
        }
        Float::AvgPool2d { fused, .. } => then("tensorlet::AvgPool2d::NEW", *fused),
        Float::MaxPool2d { fused, .. } => then("tensorlet::MaxPool2d::NEW", *fused),
        Float::Add { fused: Fused::Relu } | Float::Relu => "tensorlet::Relu".to_owned(),
        Float::Add { fused: Fused::Relu6 } | Float::Relu6 => "tensorlet::Relu6".to_owned(),
        Float::Add { .. } => "tensorlet::layer::Identity".to_owned(),
        Float::Softmax => "tensorlet::Softmax::NEW".to_owned(),
        Float::DynamicQuantize => "quantized::DynamicFakeQuantize".to_owned(),
        Float::ToPlanes | Float::ToPixels => "quantized::Permute::NEW".to_owned(),
    }
}

/// The type of a step's input as its layer takes it: a linear one has no use for dimensions.
pub(crate) fn input(activation: &Activation, float: &Float) -> String {
    match float {
        Float::Linear { .. } => format!("[f32; {}]", activation.elements()),
        _ => tensor(activation),
    }
}

/// A layer, or its type, and the activation behind it.
fn then(layer: &str, fused: Fused) -> String {
    match fused {
        Fused::Relu => format!("({layer}, tensorlet::Relu)"),
        Fused::Relu6 => format!("({layer}, tensorlet::Relu6)"),
        Fused::Identity | Fused::Hardtanh => layer.to_owned(),
    }
}

fn bias_type(weights: &Floats, len: usize) -> String {
    if weights.bias.is_empty() { "tensorlet::NoBias".to_owned() } else { format!("[f32; {len}]") }
}

fn pool(name: &str, window: &Window, fused: Fused, output: &Activation) -> String {
    let ([rows, columns, _], [kernel_rows, kernel_columns]) = (image_of_pool(output), window.kernel);
    let slide = Slide(window);
    // Padding does not count among what a mean is taken of.
    let slide = if name == "AvgPool2d" && window.padding != [0; 4] {
        format!("sliding::ExcludePad<{slide}>")
    } else {
        slide.to_string()
    };
    then(&format!("tensorlet::{name}<{kernel_rows}, {kernel_columns}, {rows}, {columns}, {slide}>"), fused)
}

/// Of a mean that leaves out rows and columns there is one of each.
fn image_of_pool(output: &Activation) -> [usize; 3] {
    if output.shape.len() == 3 { image(&output.shape) } else { [1, 1, output.elements()] }
}

fn permute(output: &Activation, dims: [usize; 3]) -> String {
    let dims = dims.map(|dim| format!("ops::Dim<{dim}>")).join(", ");
    format!("quantized::Permute<{}, ({dims})>", tensor(output))
}

/// The call that reads constants, which are appended to the file of all.
fn stored(function: &str, numbers: &[f32], bytes: &mut Vec<u8>) -> String {
    let at = bytes.len();
    bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    format!("quantized::{function}(BYTES, {at})")
}

fn bias(weights: &Floats, bytes: &mut Vec<u8>) -> String {
    if weights.bias.is_empty() { "tensorlet::NoBias".to_owned() } else { stored("stored_f32", &weights.bias, bytes) }
}
