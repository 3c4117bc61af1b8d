//! The layers of a network in Rust: their types, and the expressions that make them.

use std::fmt;

use crate::{
    Options, constants, float_layers,
    graph::{Activation, Graph, Quantization},
    names,
    operator::{Kind, Two, Weights, Window},
};

/// One layer of the network.
pub(crate) struct Layer {
    /// The name of its field.
    pub(crate) field: String,
    /// The name of its type, and of the constant that makes it.
    pub(crate) alias: String,
    /// Its type written out.
    pub(crate) written: String,
    /// The expression that makes it.
    pub(crate) value: String,
    /// What it is, for a person.
    pub(crate) about: String,
    /// The step.
    pub(crate) step: usize,
}

/// Rows, columns and channels; steps with images were checked to have them.
pub(crate) fn image(shape: &[usize]) -> [usize; 3] {
    let at = |i: usize| shape.get(i).copied().unwrap_or(1);
    [at(0), at(1), at(2)]
}

/// An activation's type.
pub(crate) fn tensor(activation: &Activation) -> String {
    let element = if activation.quantization.is_some() { "i8" } else { "f32" };
    let mut shape = activation.shape.clone();
    if activation.planes {
        shape.rotate_right(1);
    }
    shape.iter().rev().fold(element.to_owned(), |inner, size| format!("[{inner}; {size}]"))
}

/// The layers of a network; appends their constants to `bytes`.
pub(crate) fn layers(graph: &Graph<'_>, options: &Options<'_>, bytes: &mut Vec<u8>) -> Vec<Layer> {
    let names = names::fields(&graph.steps, options.name);
    let mut layers = Vec::new();
    for (number, (step, field)) in graph.steps.iter().zip(names).enumerate() {
        let shape = |activation: usize| &graph.activations[activation].shape[..];
        if matches!(step.kind, Kind::View) {
            continue;
        }
        let written = written(graph, number);
        let alias = names::camel(&field);
        let value = value(graph, number, bytes);
        let value = match &step.kind {
            Kind::Float(_) => value,
            // These cannot fail.
            Kind::Pad { .. } => format!("{alias}::{value}"),
            _ if value == "NEW" => format!("{alias}::{value}"),
            _ => format!("quantized::unwrap({alias}::{value})"),
        };
        let from: Vec<String> = step.inputs.iter().map(|&input| format!("{:?}", shape(input))).collect();
        let made = names::comment(&graph.activations[step.output].name);
        let about = format!("`{}` from {} to {:?}: `{made}`.", step.operator, from.join(" and "), shape(step.output));
        layers.push(Layer { alias, field, written, value, about, step: number });
    }
    layers
}

/// The type of a step's layer.
fn written(graph: &Graph<'_>, number: usize) -> String {
    let step = &graph.steps[number];
    let (input, output) = (&graph.activations[step.inputs[0]], &graph.activations[step.output]);
    let [_, _, channels] = image(&input.shape);
    let [rows, columns, out] = image(&output.shape);
    match &step.kind {
        Kind::Conv2d { window, per_group, weights } => {
            let [kernel_rows, kernel_columns] = window.kernel;
            let (slide, packing) = (Slide(window), packing(weights));
            let groups =
                if *per_group == channels { String::new() } else { format!(", quantized::Twice, {per_group}") };
            format!(
                "quantized::Conv2d<{channels}, {out}, {kernel_rows}, {kernel_columns}, {rows}, {columns}, {slide}, \
                 {packing}{groups}>"
            )
        }
        Kind::DepthwiseConv2d { window, .. } => {
            let ([kernel_rows, kernel_columns], slide) = (window.kernel, Slide(window));
            format!(
                "quantized::DepthwiseConv2d<{channels}, {out}, {kernel_rows}, {kernel_columns}, {rows}, {columns}, \
                 {slide}, Packing>"
            )
        }
        Kind::ConvTranspose2d { window, .. } => {
            let ([kernel_rows, kernel_columns], slide) = (window.kernel, Slide(window));
            format!(
                "quantized::ConvTranspose2d<{channels}, {out}, {kernel_rows}, {kernel_columns}, {rows}, {columns}, {slide}>"
            )
        }
        Kind::Linear { weights } => {
            let (inputs, outputs, packing) = (input.elements(), output.elements(), packing(weights));
            let each = if weights.scales.len() > 1 { format!(", quantized::Once, {outputs}") } else { String::new() };
            format!("quantized::Linear<{inputs}, {outputs}, {packing}{each}>")
        }
        Kind::AvgPool2d { window, .. } | Kind::MaxPool2d { window, .. } => {
            let name = if matches!(step.kind, Kind::MaxPool2d { .. }) { "MaxPool2d" } else { "AvgPool2d" };
            let ([kernel_rows, kernel_columns], slide) = (window.kernel, Slide(window));
            format!("quantized::{name}<{kernel_rows}, {kernel_columns}, {rows}, {columns}, {slide}>")
        }
        Kind::Two { operator: Two::Add, .. } => "quantized::Add".to_owned(),
        Kind::Two { operator, .. } => format!("quantized::{operator:?}<i8>"),
        Kind::Lookup(lookup) => format!("quantized::{lookup:?}"),
        Kind::Mean { pixels } => format!("quantized::Mean<{pixels}>"),
        Kind::Pad { margins } => {
            let margins = margins.iter().rev().map(|[before, behind]| format!("ops::Pad<{before}, {behind}>, "));
            format!("quantized::ConstantPad<{}, ({})>", tensor(output), margins.collect::<String>().trim_end())
        }
        Kind::Transpose { dims } => {
            let dims: String = dims.iter().map(|dim| format!("ops::Dim<{dim}>, ")).collect();
            format!("quantized::Permute<{}, ({})>", tensor(output), dims.trim_end())
        }
        Kind::Concat { dim } => {
            let rescaled = |input: &&usize| graph.activations[**input].quantization != output.quantization;
            let tables = step.inputs.iter().filter(rescaled).count();
            format!("quantized::Concat<{dim}, {}, {tables}>", step.inputs.len())
        }
        Kind::Softmax { .. } => "quantized::Softmax".to_owned(),
        Kind::Quantize => format!("quantized::Quantize<{}>", tensor(output)),
        Kind::Dequantize => format!("quantized::Dequantize<{}>", tensor(output)),
        Kind::View => String::new(),
        Kind::Float(float) => float_layers::written(graph, step, float),
    }
}

/// The expression that makes a step's layer: of integers behind the name of its type.
fn value(graph: &Graph<'_>, number: usize, bytes: &mut Vec<u8>) -> String {
    let step = &graph.steps[number];
    // What has no quantization has no use for one.
    let quantized = |activation: usize| {
        Quantized(graph.activations[activation].quantization.unwrap_or(Quantization { scale: 1.0, zero_point: 0 }))
    };
    let (from, to) = (quantized(step.inputs[0]), quantized(step.output));
    match &step.kind {
        Kind::Conv2d { weights, .. }
        | Kind::DepthwiseConv2d { weights, .. }
        | Kind::ConvTranspose2d { weights, .. }
        | Kind::Linear { weights } => constants(weights, bytes, &from, &to),
        Kind::AvgPool2d { fused, .. } | Kind::MaxPool2d { fused, .. } => {
            format!("from_scales({to}, Fused::{fused:?})")
        }
        Kind::Two { operator: Two::Minimum | Two::Maximum, .. } | Kind::Transpose { .. } => "NEW".to_owned(),
        Kind::Two { fused, .. } => {
            let other = quantized(step.inputs.get(1).copied().unwrap_or(step.inputs[0]));
            format!("from_scales([{from}, {other}], {to}, Fused::{fused:?})")
        }
        Kind::Lookup(_) | Kind::Mean { .. } => format!("from_scales({from}, {to})"),
        Kind::Pad { .. } => format!("new({})", to.0.zero_point),
        Kind::Concat { .. } => {
            let inputs: Vec<String> = step.inputs.iter().map(|&input| quantized(input).to_string()).collect();
            format!("from_scales([{}], {to})", inputs.join(", "))
        }
        Kind::Softmax { beta } => format!("from_scales({from}, {beta:?})"),
        Kind::Quantize => format!("new({to})"),
        Kind::Dequantize => format!("new({from})"),
        Kind::View => String::new(),
        Kind::Float(float) => float_layers::value(float, bytes),
    }
}

/// The order of a layer's weights.
fn packing(weights: &Weights<'_>) -> &'static str {
    if weights.pairs { "Packing" } else { "<Packing as quantized::Packing>::AnyWeight" }
}

/// The call that makes a layer of its constants, which it appends to the file of all.
fn constants(weights: &Weights<'_>, bytes: &mut Vec<u8>, input: &Quantized, output: &Quantized) -> String {
    let Weights { weight, bias, scales, fused, .. } = weights;
    constants::from_scales(bytes, (weight, bias, scales), (input, output, fused), "        ")
}

/// A quantization as an expression.
pub(crate) struct Quantized(pub(crate) Quantization);

impl fmt::Display for Quantized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&constants::quantization(self.0.scale, self.0.zero_point.into()))
    }
}

/// A window's way as a type.
pub(crate) struct Slide<'a>(pub(crate) &'a Window);

impl fmt::Display for Slide<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Window { stride, padding, dilation, .. } = *self.0;
        let [top, left, bottom, right] = padding;
        let even = top == left && top == bottom && top == right;
        let mut slide = match (stride[0] == stride[1], even) {
            (true, true) => format!("Slide<{}, {top}>", stride[0]),
            (true, false) => format!("Slide<{}>", stride[0]),
            (false, true) if top == 0 => format!("sliding::Strided<Slide, {}, {}>", stride[0], stride[1]),
            (false, true) => format!("sliding::Strided<Slide<1, {top}>, {}, {}>", stride[0], stride[1]),
            (false, false) => format!("sliding::Strided<Slide, {}, {}>", stride[0], stride[1]),
        };
        if !even {
            slide = format!("sliding::Padded<{slide}, {top}, {left}, {bottom}, {right}>");
        }
        if dilation != [1, 1] {
            slide = format!("sliding::Dilated<{slide}, {}, {}>", dilation[0], dilation[1]);
        }
        f.write_str(&slide)
    }
}
