//! Convolutions, unfold and fold.

use crate::{
    entry::{Entry, Typed},
    rust::tensor,
    window::{Window, image, list, sizes},
};

pub(crate) fn typed(entry: &Entry) -> Option<Typed> {
    let typed = match entry.op.as_str() {
        "conv1d" if entry.suite == "seeds" => seed(entry),
        "conv1d" | "conv2d" => torch(entry, "Conv"),
        "conv_transpose1d" | "conv_transpose2d" => torch(entry, "ConvTranspose"),
        "causal_conv1d" => causal(entry),
        "unfold1d" | "unfold2d" | "unfold" => columns(entry, "in.x", "out.y", "Unfold"),
        "fold1d" | "fold2d" | "fold" => columns(entry, "out.y", "in.x", "Fold"),
        "Conv" => onnx(entry, false),
        "ConvTranspose" => onnx(entry, true),
        "CausalConvWithState" => stream(entry),
        "Col2Im" => col2im(entry),
        "ConvInteger" => Err("convolution of integers is computed with those of TensorFlow Lite".to_owned()),
        _ => return None,
    };
    Some(typed)
}

/// A layer's type without its window's: `Conv2d<IN, OUT, KH, KW, OH, OW, S, B, PER_GROUP>`.
struct Layer<'a> {
    name: &'static str,
    input: &'a [usize],
    output: &'a [usize],
    weight: &'a [usize],
    bias: bool,
}

impl Layer<'_> {
    fn dimensions(&self) -> usize {
        self.weight.len() - 2
    }

    /// Sample type and layer type.
    fn typed(&self, window: &Window) -> Result<(String, String), String> {
        let dimensions = self.dimensions();
        let ((inputs, plane), (outputs, out_plane)) = (image(self.input, dimensions)?, image(self.output, dimensions)?);
        let transposed = self.name == "ConvTranspose";
        if transposed {
            check_groups(outputs, inputs, self.weight[1])?;
            check_transposed(window, &plane, &out_plane)?;
        } else {
            check_groups(inputs, outputs, self.weight[1])?;
            window.check(&plane, &out_plane)?;
        }
        let bias = if self.bias { format!("[f32; {outputs}]") } else { "tensorlet::NoBias".to_owned() };
        let layer = format!(
            "tensorlet::{}{dimensions}d<{inputs}, {outputs}, {}, {}, {}, {bias}, {}>",
            self.name,
            list(&self.weight[2..]),
            list(&out_plane),
            window.slide(),
            self.weight[1],
        );
        Ok((tensor(&[vec![inputs], plane].concat()), layer))
    }
}

/// Fails unless groups of so many channels divide these, and others into as many.
fn check_groups(channels: usize, others: usize, per_group: usize) -> Result<(), String> {
    match channels.checked_div(per_group) {
        Some(groups) if groups > 0 && groups * per_group == channels && others.is_multiple_of(groups) => Ok(()),
        _ => Err(format!("no groups of {per_group} for {channels} channels beside {others}")),
    }
}

/// Fails unless a transposed convolution can give an output of this size.
pub(crate) fn check_transposed(window: &Window, input: &[usize], output: &[usize]) -> Result<(), String> {
    for (axis, (&input, &output)) in input.iter().zip(output).enumerate() {
        let least = ((input - 1) * window.stride[axis] + window.extent(axis)?)
            .saturating_sub(window.begin[axis] + window.end[axis]);
        if !(least..least + window.stride[axis].max(window.dilation[axis])).contains(&output) {
            return Err(format!("an output of {least} or a little more, not of {output}"));
        }
    }
    if window.around.is_empty() { Ok(()) } else { Err("the padding is zeros".to_owned()) }
}

fn torch(entry: &Entry, name: &'static str) -> Typed {
    let weight = entry.shape("in.weight")?;
    let bias = entry.has("in.bias");
    let layer = Layer { name, input: entry.shape("in.x")?, output: entry.shape("out.y")?, weight, bias };
    image(layer.input, layer.dimensions())?;
    let mut window = Window::of_torch(entry, weight[2..].to_vec(), &vec![1; layer.dimensions()])?;
    match entry.text("padding_mode").unwrap_or("zeros") {
        "zeros" => {}
        "reflect" => window.around.push(("Reflect", String::new())),
        "replicate" => window.around.push(("Replicate", String::new())),
        "circular" => window.around.push(("Circular", String::new())),
        other => return Err(format!("there is no padding mode {other}")),
    }
    let (x, layer) = layer.typed(&window)?;
    Ok(format!("crate::layer::Plain<{x}, {layer}>"))
}

/// Padded on the left alone.
fn causal(entry: &Entry) -> Typed {
    let (input, output, weight) = (entry.shape("in.x")?, entry.shape("out.y")?, entry.shape("in.weight")?);
    let mut window = Window::of_torch(entry, weight[2..].to_vec(), &[1])?;
    let ((inputs, plane), (outputs, out_plane)) = (image(input, 1)?, image(output, 1)?);
    let history = window.extent(0)? - 1;
    let left = sizes(entry, "left_pad", 1)?.unwrap_or_else(|| vec![history]);
    if left[0] != history || window.stride != [1] || out_plane != plane {
        window.begin = left;
        let layer = Layer { name: "Conv", input, output, weight, bias: entry.has("in.bias") };
        let (x, layer) = layer.typed(&window)?;
        return Ok(format!("crate::layer::Plain<{x}, {layer}>"));
    }
    check_groups(inputs, outputs, weight[1])?;
    let x = tensor(&[inputs, plane[0]]);
    Ok(format!(
        "crate::layer::Plain<{x}, {}>",
        causal_layer(entry.has("in.bias"), inputs, outputs, weight, window.dilation[0])
    ))
}

fn causal_layer(bias: bool, inputs: usize, outputs: usize, weight: &[usize], dilation: usize) -> String {
    let bias = if bias { format!("[f32; {outputs}]") } else { "tensorlet::NoBias".to_owned() };
    format!("tensorlet::CausalConv1d<{inputs}, {outputs}, {}, {dilation}, {bias}, {}>", weight[2], weight[1])
}

/// `in` and `out` are an image `[N, C, H, W]` and its columns, or the other way round.
fn columns(entry: &Entry, image_name: &str, columns_name: &str, name: &str) -> Typed {
    let (channels, plane) = image(entry.shape(image_name)?, 2)?;
    let (rows, columns) = image(entry.shape(columns_name)?, 1)?;
    let kernel = sizes(entry, "kernel", 2)?.ok_or("no kernel")?;
    let window = Window::of_torch(entry, kernel.clone(), &[1, 1])?;
    unfolded(name, &kernel, channels, &plane, rows, columns[0], &window)
}

fn unfolded(
    name: &str,
    kernel: &[usize],
    channels: usize,
    plane: &[usize],
    rows: usize,
    columns: usize,
    window: &Window,
) -> Typed {
    let windows: usize = window.outputs(plane)?.iter().product();
    let needed = channels * kernel.iter().product::<usize>();
    if [rows, columns] != [needed, windows] {
        return Err(format!("columns of {needed} by {windows}, not of {rows} by {columns}"));
    }
    let (kernel, slide) = (list(kernel), window.slide());
    Ok(if name == "Unfold" {
        let x = tensor(&[&[channels], plane].concat());
        format!("crate::layer::Plain<{x}, tensorlet::Unfold<{kernel}, {rows}, {columns}, {slide}>>")
    } else {
        let x = tensor(&[rows, columns]);
        format!("crate::layer::Plain<{x}, tensorlet::Fold<{kernel}, {channels}, {}, {slide}>>", list(plane))
    })
}

fn onnx(entry: &Entry, transposed: bool) -> Typed {
    let name = |i| entry.input(i).ok_or("an input is missing");
    let output = entry.output(0).ok_or("there is no output")?;
    let (input, weight, output) = (entry.shape(&name(0)?)?, entry.shape(&name(1)?)?, entry.shape(&output)?);
    let bias = entry.input(2).is_some();
    let layer = Layer { name: if transposed { "ConvTranspose" } else { "Conv" }, input, output, weight, bias };
    let (_, plane) = image(input, layer.dimensions())?;
    let mut window = Window::of_onnx(entry, weight[2..].to_vec(), &plane)?;
    if transposed {
        let (_, wanted) = image(output, layer.dimensions())?;
        let padding = sizes(entry, "output_padding", plane.len())?.unwrap_or_else(|| vec![0; plane.len()]);
        let stated = entry.integers("output_shape").is_some();
        if let Some(larger) = window.same(entry).or(stated.then_some(crate::window::Larger::Begin)) {
            for axis in 0..plane.len() {
                let whole = (plane[axis] - 1) * window.stride[axis] + window.extent(axis)? + padding[axis];
                (window.begin[axis], window.end[axis]) = larger.split(whole.saturating_sub(wanted[axis]));
            }
        }
    }
    let (x, layer) = layer.typed(&window)?;
    Ok(format!("crate::window::InOrder<{x}, {layer}>"))
}

/// Depthwise, with the state before and after as tensors.
fn stream(entry: &Entry) -> Typed {
    let name = |i| entry.input(i).ok_or("an input is missing");
    let ((channels, plane), weight) = (image(entry.shape(&name(0)?)?, 1)?, entry.shape(&name(1)?)?);
    let layer = causal_layer(entry.input(2).is_some(), channels, channels, weight, 1);
    let layer = match entry.text("activation").unwrap_or("none") {
        "none" => layer,
        "silu" | "swish" => format!("({layer}, tensorlet::Silu)"),
        other => return Err(format!("there is no activation {other}")),
    };
    Ok(format!("crate::window::Stream<{}, {layer}>", tensor(&[channels, plane[0]])))
}

fn col2im(entry: &Entry) -> Typed {
    let values = |i| -> Result<Vec<usize>, String> {
        let values = entry.input(i).and_then(|name| entry.values(&name)).ok_or("a shape is missing")?;
        Ok(values.into_iter().map(|value| value as usize).collect())
    };
    let (plane, kernel) = (values(1)?, values(2)?);
    if plane.len() != 2 {
        return Err("there is no Fold to three dimensions".to_owned());
    }
    let (rows, columns) = image(entry.shape(&entry.input(0).ok_or("no input")?)?, 1)?;
    let window = Window::of_onnx(entry, kernel.clone(), &plane)?;
    unfolded("Fold", &kernel, rows / (kernel[0] * kernel[1]), &plane, rows, columns[0], &window)
}

/// An input of ones, stated as `ones(N, C, L)`; all outputs of a channel are equal.
fn seed(entry: &Entry) -> Typed {
    let text = entry.text("input").ok_or("no input")?;
    let numbers = text.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok());
    let input: Vec<usize> = numbers.collect();
    let output = sizes(entry, "output_shape", 3)?.ok_or("no shape of the output")?;
    let weight = entry.shape("in.weight")?;
    let window = Window::of_torch(entry, weight[2..].to_vec(), &[1])?;
    let bias = entry.has("in.bias");
    let (x, layer) = Layer { name: "Conv", input: &input, output: &output, weight, bias }.typed(&window)?;
    Ok(format!("crate::window::OfOnes<{}, {x}, {layer}>", input[0]))
}
