//! Operators with weights: convolutions and products.

use crate::{
    entry::{Entry, Typed},
    rust::tensor_of,
    window::Window,
};

pub(crate) fn typed(entry: &Entry) -> Option<Typed> {
    Some(match entry.op.as_str() {
        "conv_s8" | "conv_2d_s8" => convolution(entry, "Conv2d"),
        "depthwise_conv_s8" | "depthwise_conv_2d_s8" => convolution(entry, "DepthwiseConv2d"),
        "conv_s16" => convolution(entry, "Conv2d"),
        "depthwise_conv_s16" => convolution(entry, "DepthwiseConv2d"),
        "transpose_conv_s8" | "transpose_conv_s16" => transposed(entry),
        "batch_matmul_s8" | "batch_matmul_s16" => product(entry),
        "fully_connected_s8" | "fully_connected_s16" => linear(entry),
        _ => return None,
    })
}

/// A pair of attributes: rows and columns.
pub(super) fn pair(entry: &Entry, names: [&str; 2]) -> Result<Vec<usize>, String> {
    let one = |name: &str| {
        entry.integer(name).and_then(|n| usize::try_from(n).ok()).ok_or_else(|| format!("no attribute {name}"))
    };
    names.iter().map(|name| one(name)).collect()
}

/// How a window of this size slides over an input, giving an output.
fn window(entry: &Entry, kernel: &[usize], input: &[usize], output: &[usize]) -> Result<Window, String> {
    let window = Window {
        kernel: kernel.to_vec(),
        stride: pair(entry, ["stride_y", "stride_x"])?,
        begin: pair(entry, ["pad_y", "pad_x"])?,
        end: vec![0, 0],
        dilation: pair(entry, ["dilation_y", "dilation_x"])?,
        around: Vec::new(),
    };
    window_between(window, input, output)
}

/// The window with the padding behind the input that the output asks for.
pub(super) fn window_between(mut window: Window, input: &[usize], output: &[usize]) -> Result<Window, String> {
    for axis in 0..2 {
        let last = output[axis].checked_sub(1).ok_or("an empty output")? * window.stride[axis];
        window.end[axis] = (last + window.extent(axis)?).saturating_sub(input[axis] + window.begin[axis]);
    }
    window.check(input, output)?;
    Ok(window)
}

/// Four dimensions: samples, rows, columns, channels.
pub(super) fn image<'a>(entry: &'a Entry, name: &str) -> Result<&'a [usize; 4], String> {
    entry.shape(name)?.try_into().map_err(|_| format!("{name} has no four dimensions"))
}

fn convolution(entry: &Entry, name: &str) -> Typed {
    let (x, y, weight) = (image(entry, "in.x")?, image(entry, "out.y")?, image(entry, "in.weight")?);
    let window = window(entry, &weight[1..3], &x[1..3], &y[1..3])?;
    let (inputs, outputs) = (x[3], y[3]);
    if inputs == 0 || weight[if name == "Conv2d" { 0 } else { 3 }] != outputs {
        return Err("weights for other channels".to_owned());
    }
    let per_group = if name == "Conv2d" { format!(", {}", weight[3]) } else { String::new() };
    let sizes = format!("{inputs}, {outputs}, {}, {}, {}, {}, {}", weight[1], weight[2], y[1], y[2], window.slide());
    if entry.op.ends_with("s16") {
        let layer = format!("tensorlet::quantized::int16::{name}<{sizes}, {}{per_group}>", sum(entry)?);
        return Ok(format!("crate::quantized::wide::Wide<{}, {layer}>", tensor_of("i16", &x[1..])));
    }
    let layer = |packing: &str| {
        format!(
            "tensorlet::quantized::{name}<{sizes}, tensorlet::quantized::{packing}, tensorlet::quantized::Twice{per_group}>"
        )
    };
    let x = tensor_of("i8", &x[1..]);
    let [plain, dsp, mve, host] = ["RowMajor", "ForDsp", "ForMve", "ForHost"].map(layer);
    Ok(format!("crate::quantized::weighted::Convolution<{x}, {plain}, {dsp}, {mve}, {host}>"))
}

/// With int16 activations: the type of sums, which the way of scaling them tells.
fn sum(entry: &Entry) -> Result<&'static str, String> {
    match entry.text("requantize") {
        Some("s64_reduced_multiplier") => Ok("i64"),
        Some("s32_double_rounding") => Ok("i32"),
        other => Err(format!("there is no requantization {other:?}")),
    }
}

fn linear(entry: &Entry) -> Typed {
    let (weight, scales) = (entry.shape("in.weight")?, entry.shape("in.output_multiplier")?);
    let (&[outputs, inputs], &[scales]) = (weight, scales) else {
        return Err("a weight of two dimensions and a list of multipliers".to_owned());
    };
    if scales != 1 && scales != outputs {
        return Err(format!("{scales} multipliers for {outputs} outputs"));
    }
    if entry.op.ends_with("s16") {
        let layer = format!("tensorlet::quantized::int16::Linear<{inputs}, {outputs}, {}, {scales}>", sum(entry)?);
        return Ok(format!("crate::quantized::wide::Wide<{}, {layer}>", tensor_of("i16", &[inputs])));
    }
    Ok(format!("crate::quantized::weighted::Products<{inputs}, {outputs}, {scales}>"))
}

/// A transposed convolution: the padding is what the output lacks.
fn transposed(entry: &Entry) -> Typed {
    let (x, y, weight) = (image(entry, "in.x")?, image(entry, "out.y")?, image(entry, "in.weight")?);
    let mut window = Window {
        kernel: weight[1..3].to_vec(),
        stride: pair(entry, ["stride_y", "stride_x"])?,
        begin: pair(entry, ["pad_y", "pad_x"])?,
        end: vec![0, 0],
        dilation: pair(entry, ["dilation_y", "dilation_x"])?,
        around: Vec::new(),
    };
    for axis in 0..2 {
        let last = x[axis + 1].checked_sub(1).ok_or("an empty input")? * window.stride[axis];
        let whole = last + window.extent(axis)?;
        window.end[axis] = whole.saturating_sub(y[axis + 1] + window.begin[axis]);
    }
    let (inputs, outputs) = (x[3], y[3]);
    if weight[0] != outputs || weight[3] != inputs {
        return Err("weights for other channels".to_owned());
    }
    super::super::convolution::check_transposed(&window, &x[1..3], &y[1..3])?;
    let sizes = format!("{inputs}, {outputs}, {}, {}, {}, {}, {}", weight[1], weight[2], y[1], y[2], window.slide());
    if entry.op.ends_with("s16") {
        let layer = format!("tensorlet::quantized::int16::ConvTranspose2d<{sizes}, {}>", sum(entry)?);
        return Ok(format!("crate::quantized::wide::Wide<{}, {layer}>", tensor_of("i16", &x[1..])));
    }
    let layer = format!("tensorlet::quantized::ConvTranspose2d<{sizes}>");
    Ok(format!("crate::quantized::weighted::Transposed<{}, {layer}>", tensor_of("i8", &x[1..])))
}

/// A product of two tensors.
fn product(entry: &Entry) -> Typed {
    let element = if entry.op.ends_with("s16") { "i16" } else { "i8" };
    let tensor = |name: &str| Ok::<_, String>(tensor_of(element, entry.shape(name)?));
    let (a, b, y) = (tensor("in.lhs")?, tensor("in.rhs")?, tensor("out.y")?);
    let turned = |name: &str| entry.flag(name);
    Ok(format!(
        "crate::quantized::matmul::Products<{}, {}, {element}, {a}, {b}, {y}>",
        turned("adj_x"),
        turned("adj_y")
    ))
}
