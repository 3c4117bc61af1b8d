//! Normalisation.

use crate::{
    entry::{Entry, Typed},
    rust::tensor,
};

pub(crate) fn typed(entry: &Entry) -> Option<Typed> {
    Some(match entry.op.as_str() {
        "batch_norm_train" => batch(entry, "Trained"),
        "batch_norm_eval" | "BatchNormalization" => batch(entry, "Evaluated"),
        "layer_norm" => over(entry, "LayerNorm", entry.integers("normalized_shape")),
        "rms_norm" => over(entry, "RmsNorm", entry.integers("normalized_shape")),
        "LayerNormalization" => onnx(entry, "LayerNorm"),
        "RMSNormalization" => onnx(entry, "RmsNorm"),
        "group_norm" => groups(entry, entry.integer("groups").or(entry.integer("num_groups"))),
        "GroupNormalization" => groups(entry, entry.integer("num_groups")),
        "instance_norm" | "InstanceNormalization" => instances(entry),
        "local_response_norm" | "LRN" => local(entry),
        _ => return None,
    })
}

fn input(entry: &Entry) -> Result<&[usize], String> {
    entry.shape(&entry.input(0).unwrap_or_else(|| "in.x".to_owned()))
}

/// Whether there is a weight and a bias: the inputs at these places, or by name.
fn affine(entry: &Entry) -> [bool; 2] {
    match entry.input(0) {
        Some(_) => [1, 2].map(|i| entry.input(i).is_some()),
        None => ["in.weight", "in.bias"].map(|name| entry.has(name)),
    }
}

/// The types of weight and bias of this shape, or of none.
fn parameters(entry: &Entry, shape: &[usize]) -> String {
    let [weight, bias] = affine(entry);
    let ty = |there: bool, none: &str| if there { tensor(shape) } else { format!("tensorlet::{none}") };
    format!("{}, {}", ty(weight, "NoWeight"), ty(bias, "NoBias"))
}

/// The type of a sample with channels in front.
fn sample(shape: &[usize]) -> Result<(usize, String), String> {
    match shape {
        [_, rest @ ..] if !rest.is_empty() => Ok((rest[0], tensor(rest))),
        _ => Err("the input has no channels".to_owned()),
    }
}

fn batch(entry: &Entry, mode: &str) -> Typed {
    if entry.flag("training_mode") {
        return Err("ONNX's running variance is the biased one, PyTorch's and the library's is not".to_owned());
    }
    let (channels, x) = sample(input(entry)?)?;
    let tracked = entry.has("in.running_mean") || entry.input(3).is_some();
    let running = if tracked { format!("Running<{channels}>") } else { "NotTracked".to_owned() };
    let parameters = parameters(entry, &[channels]);
    Ok(format!("crate::norm::{mode}<{x}, {channels}, {parameters}, tensorlet::{running}>"))
}

fn over(entry: &Entry, layer: &str, dims: Option<Vec<i64>>) -> Typed {
    let shape = input(entry)?;
    let dims = dims.ok_or("no shape")?.into_iter().map(usize::try_from).collect::<Result<Vec<_>, _>>();
    let dims = dims.map_err(|_| "a negative size")?;
    if dims.is_empty() || !shape.ends_with(&dims) {
        return Err(format!("normalisation over {dims:?} of a shape {shape:?}"));
    }
    // The first dimension is the batch, unless it is normalised.
    let x = tensor(if dims.len() < shape.len() { &shape[1..] } else { shape });
    let [weight, _] = affine(entry);
    let parameters = match layer {
        "RmsNorm" if weight => tensor(&dims),
        "RmsNorm" => "tensorlet::NoWeight".to_owned(),
        _ => parameters(entry, &dims),
    };
    Ok(format!("crate::norm::Normalised<{x}, tensorlet::{layer}<{}, {parameters}>>", tensor(&dims)))
}

fn onnx(entry: &Entry, layer: &str) -> Typed {
    let shape = input(entry)?;
    let axis = entry.integer("axis").unwrap_or(-1);
    let axis = usize::try_from(if axis < 0 { axis + shape.len() as i64 } else { axis }).map_err(|e| e.to_string())?;
    let dims = shape.get(axis..).ok_or("no such axis")?;
    if [1, 2].into_iter().filter_map(|i| entry.input(i)).any(|name| entry.shape(&name) != Ok(dims)) {
        return Err("weight and bias have the shape that is normalised".to_owned());
    }
    over(entry, layer, Some(dims.iter().map(|&dim| dim as i64).collect()))
}

fn groups(entry: &Entry, groups: Option<i64>) -> Typed {
    let (channels, x) = sample(input(entry)?)?;
    let groups = groups.ok_or("no number of groups")?;
    if !usize::try_from(groups).is_ok_and(|groups| groups > 0 && channels.is_multiple_of(groups)) {
        return Err(format!("{groups} groups of {channels} channels"));
    }
    let parameters = parameters(entry, &[channels]);
    Ok(format!("crate::norm::Normalised<{x}, tensorlet::GroupNorm<{groups}, {channels}, {parameters}>>"))
}

fn instances(entry: &Entry) -> Typed {
    let (channels, x) = sample(input(entry)?)?;
    let parameters = parameters(entry, &[channels]);
    Ok(format!("crate::norm::Normalised<{x}, tensorlet::InstanceNorm<{channels}, {parameters}>>"))
}

fn local(entry: &Entry) -> Typed {
    let (_, x) = sample(input(entry)?)?;
    if entry.op == "LRN" && entry.integer("size").is_some_and(|size| size % 2 == 0) {
        return Err("ONNX's window of an even size reaches one channel further up, PyTorch's further down".to_owned());
    }
    Ok(format!("crate::norm::Local<{x}>"))
}
