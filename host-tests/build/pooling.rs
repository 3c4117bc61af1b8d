//! Pooling and unpooling.

use crate::{
    entry::{Entry, Typed},
    fit,
    rust::{tensor, tensor_of},
    window::{Window, image, list, sizes},
};

pub(crate) fn typed(entry: &Entry) -> Option<Typed> {
    let typed = match entry.op.as_str() {
        "max_pool1d" | "max_pool2d" => torch(entry, "MaxPool"),
        "avg_pool1d" | "avg_pool2d" => torch(entry, "AvgPool"),
        "lp_pool1d" | "lp_pool2d" => torch(entry, "LpPool"),
        "adaptive_avg_pool1d" | "adaptive_avg_pool2d" => adaptive(entry, "AdaptiveAvgPool"),
        "adaptive_max_pool1d" | "adaptive_max_pool2d" => adaptive(entry, "AdaptiveMaxPool"),
        "global_avg_pool1d" | "global_avg_pool2d" | "GlobalAveragePool" => global(entry, "GlobalAvgPool"),
        "global_max_pool1d" | "global_max_pool2d" | "GlobalMaxPool" => global(entry, "GlobalMaxPool"),
        "max_unpool1d" | "max_unpool2d" => unpool(entry, "in.x", "in.indices", "out.y"),
        "MaxPool" => onnx(entry, "MaxPool"),
        "AveragePool" => onnx(entry, "AvgPool"),
        "LpPool" => onnx(entry, "LpPool"),
        "MaxUnpool" => onnx_unpool(entry),
        // What PyTorch exports for `nn.AvgPool1d`.
        "Unsqueeze+AveragePool+Squeeze" => unsqueezed(entry),
        _ => return None,
    };
    Some(typed)
}

/// The dimensions that an operator's name states.
fn dimensions(entry: &Entry) -> usize {
    if entry.op.ends_with("1d") { 1 } else { 2 }
}

/// The adapter of a layer: maxima come with indices.
fn adapter(name: &str, x: &str, layer: &str) -> String {
    let adapter = if name.ends_with("MaxPool") { "crate::window::WithIndices" } else { "crate::layer::Plain" };
    format!("{adapter}<{x}, {layer}>")
}

/// The type for a window that slides over an input, giving an output; `p` for a norm.
fn sliding(name: &str, p: Option<i64>, input: &[usize], output: &[usize], window: &Window) -> Typed {
    let dimensions = window.kernel.len();
    let (channels, plane) = image(input, dimensions)?;
    let (_, out_plane) = image(output, dimensions)?;
    window.check(&plane, &out_plane)?;
    window.check_cover(&plane)?;
    let p = p.map_or(String::new(), |p| format!("{p}, "));
    let (kernel, out_plane) = (list(&window.kernel), list(&out_plane));
    let layer = format!("tensorlet::{name}{dimensions}d<{p}{kernel}, {out_plane}, {}>", window.slide());
    Ok(adapter(name, &tensor(&[vec![channels], plane].concat()), &layer))
}

fn torch(entry: &Entry, name: &str) -> Typed {
    let dimensions = dimensions(entry);
    let kernel = sizes(entry, "kernel", dimensions)?.ok_or("no kernel")?;
    let mut window = Window::of_torch(entry, kernel.clone(), &kernel)?;
    if entry.flag("ceil_mode") {
        window.around.push(("Ceil", String::new()));
    }
    if let Some(divisor) = entry.integer("divisor_override") {
        if divisor <= 0 {
            return Err("a divisor is a count".to_owned());
        }
        window.around.push(("DivideBy", format!(", {divisor}")));
    } else if !entry.attrs["count_include_pad"].is_null() && !entry.flag("count_include_pad") {
        window.around.push(("ExcludePad", String::new()));
    }
    sliding(name, exponent(entry, name, "norm_type")?, entry.shape("in.x")?, entry.shape("out.y")?, &window)
}

/// The exponent of a norm.
fn exponent(entry: &Entry, name: &str, attribute: &str) -> Result<Option<i64>, String> {
    let whole = |p: f64| {
        if p.fract() == 0.0 && p >= 1.0 {
            Ok(Some(p as i64))
        } else {
            Err(format!("the exponent {p} is no whole number"))
        }
    };
    if name == "LpPool" { whole(entry.number(attribute).or(entry.number("p")).unwrap_or(2.0)) } else { Ok(None) }
}

fn adaptive(entry: &Entry, name: &str) -> Typed {
    let dimensions = dimensions(entry);
    let ((channels, plane), (_, out_plane)) =
        (image(entry.shape("in.x")?, dimensions)?, image(entry.shape("out.y")?, dimensions)?);
    let layer = format!("tensorlet::{name}{dimensions}d<{}>", list(&out_plane));
    Ok(adapter(name, &tensor(&[vec![channels], plane].concat()), &layer))
}

fn global(entry: &Entry, name: &str) -> Typed {
    let input = entry.input(0).unwrap_or_else(|| "in.x".to_owned());
    let shape = entry.shape(&input)?;
    let dimensions = shape.len().saturating_sub(2);
    let (channels, plane) = image(shape, dimensions)?;
    let x = tensor(&[vec![channels], plane].concat());
    Ok(format!("crate::layer::Plain<{x}, tensorlet::{name}{dimensions}d>"))
}

fn onnx(entry: &Entry, name: &str) -> Typed {
    let (input, output) = (entry.input(0).ok_or("no input")?, entry.output(0).ok_or("no output")?);
    let input = entry.shape(&input)?;
    let dimensions = input.len() - 2;
    let (_, plane) = image(input, dimensions)?;
    let kernel = sizes(entry, "kernel_shape", dimensions)?.ok_or("no kernel")?;
    let mut window = Window::of_onnx(entry, kernel, &plane)?;
    if entry.flag("ceil_mode") {
        window.around.push(("Ceil", String::new()));
    }
    if name == "AvgPool" && !entry.flag("count_include_pad") {
        window.around.push(("ExcludePad", String::new()));
    }
    let p = exponent(entry, name, "p")?;
    if p.is_some_and(|p| p % 2 != 0) || p.is_some() && entry.flag("ceil_mode") {
        return Err(
            "PyTorch's norm keeps the sign of odd powers and scales windows that reach beyond the input".to_owned()
        );
    }
    sliding(name, p, input, entry.shape(&output)?, &window)
}

/// A pooling of the first of two dimensions, of which the second is 1.
fn unsqueezed(entry: &Entry) -> Typed {
    let attrs = &entry.nodes[1]["attrs"];
    let first =
        |name: &str, i: usize| attrs[name][i].as_u64().map(|value| vec![value as usize]).ok_or("no list of two");
    let (input, output) = (entry.input(0).ok_or("no input")?, entry.output(0).ok_or("no output")?);
    let window = Window {
        kernel: first("kernel_shape", 0)?,
        stride: first("strides", 0)?,
        begin: first("pads", 0)?,
        end: first("pads", 2)?,
        dilation: vec![1],
        around: vec![("ExcludePad", String::new())],
    };
    sliding("AvgPool", None, entry.shape(&input)?, entry.shape(&output)?, &window)
}

fn unpool(entry: &Entry, x: &str, indices: &str, y: &str) -> Typed {
    let (x, indices, y) = (entry.shape(x)?, entry.shape(indices)?, entry.shape(y)?);
    let dimensions = if entry.op == "MaxUnpool" { x.len() - 2 } else { dimensions(entry) };
    image(x, dimensions)?;
    fit::equal(indices, x)?;
    let planes = x.len() - dimensions;
    fit::equal(y.get(..planes).unwrap_or_default(), &x[..planes])?;
    image(y, dimensions)?;
    if x.len() != y.len() {
        return Err(format!("an image of the shape {x:?} does not become one of {y:?}"));
    }
    let (x, indices, y) = (tensor(x), tensor_of("u32", indices), tensor(y));
    Ok(format!("crate::window::Unpool{dimensions}d<{x}, {indices}, {y}>"))
}

fn onnx_unpool(entry: &Entry) -> Typed {
    let names = || Some((entry.input(0)?, entry.input(1)?, entry.output(0)?));
    let (x, indices, y) = names().ok_or("an input is missing")?;
    unpool(entry, &x, &indices, &y)
}
