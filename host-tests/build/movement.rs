//! Moving elements: reshaping, permuting, joining, slicing, gathering, padding.

use crate::{
    entry::{Entry, Typed},
    fit, padding,
    rust::tensor_of,
};

pub(crate) fn typed(entry: &Entry) -> Option<Typed> {
    let answer = match entry.op.as_str() {
        "cat" => cat(entry, &letters(entry), "out.y", entry.integer("dim")),
        "stack" => stack(entry),
        "expand" => expand(entry),
        "repeat" => repeat(entry),
        "repeat_interleave" => repeat_interleave(entry),
        "transpose" => transpose(entry),
        "gather" => gather(entry, "Gather", "in.x", "in.idx", "out.y", entry.integer("dim")),
        "index_select" => gather(entry, "IndexSelect", "in.x", "in.idx", "out.y", entry.integer("dim")),
        "one_hot" => one_hot(entry),
        "topk" => topk(entry, entry.integer("dim").or(Some(-1)), "out.indices"),
        "pad" => padding::pad(entry),

        "Concat" => inputs(entry)
            .and_then(|inputs| cat(entry, &inputs, &entry.output(0).unwrap_or_default(), entry.integer("axis"))),
        "Split" => split(entry),
        "Expand" => expand(entry),
        "Tile" => tile(entry),
        "Reshape" | "Flatten" | "Squeeze" | "Unsqueeze" | "Identity" => unary(entry, "Reshape", ""),
        "Transpose" => onnx_transpose(entry),
        // What PyTorch exports for `nn.PixelShuffle`.
        "Reshape+Transpose+Reshape" => unary(entry, "PixelShuffle", ""),
        "SpaceToDepth" | "DepthToSpace" => pixels(entry),
        "Trilu" => unary(entry, "Trilu", ""),
        "Slice" => slice(entry),
        "Gather" => onnx_gather(entry, "IndexSelect"),
        "GatherElements" => onnx_gather(entry, "Gather"),
        "GatherND" => gather_nd(entry),
        "ScatterElements" => scatter(entry),
        "OneHot" => onnx_one_hot(entry),
        "TopK" => topk(entry, entry.integer("axis").or(Some(-1)), &entry.output(1).unwrap_or_default()),
        "Pad" => padding::onnx_pad(entry),
        _ => return None,
    };
    Some(answer.map(|adapter| format!("crate::movement::{adapter}")))
}

/// The type of a tensor of the case.
fn typed_tensor(entry: &Entry, name: &str) -> Typed {
    let (element, shape) = entry.tensors.get(name).ok_or_else(|| format!("the case has no tensor {name}"))?;
    if shape.contains(&0) {
        return Err("a tensor without elements has no type".to_owned());
    }
    if shape.len() > 6 {
        return Err("a tensor has at most 6 dimensions".to_owned());
    }
    let element = match element.as_str() {
        "float32" | "float64" => "f32",
        "int64" | "int32" | "int16" | "int8" => "i32",
        "uint8" | "bool" => "u8",
        other => return Err(format!("there is no element type {other}")),
    };
    Ok(tensor_of(element, shape))
}

/// The type of an index: a tensor of `i32`.
fn index(entry: &Entry, name: &str) -> Typed {
    let shape = entry.shape(name)?;
    if shape.len() > 6 { Err("a tensor has at most 6 dimensions".to_owned()) } else { Ok(tensor_of("i32", shape)) }
}

/// The names of the only or first input and output.
pub(crate) fn names(entry: &Entry) -> [String; 2] {
    // A graph may begin with a constant: its only input then.
    let only = || letters(entry).pop();
    let input = entry.input(0).filter(|name| entry.has(name)).or_else(only).unwrap_or_else(|| "in.x".to_owned());
    let output = entry.output(0).unwrap_or_else(|| "out.y".to_owned());
    [input, output]
}

/// The types of the only or first input and output.
pub(crate) fn ends(entry: &Entry) -> Result<[String; 2], String> {
    let [input, output] = names(entry);
    Ok([typed_tensor(entry, &input)?, typed_tensor(entry, &output)?])
}

/// The shapes of the only or first input and output.
fn shapes(entry: &Entry) -> Result<[&[usize]; 2], String> {
    let [input, output] = names(entry);
    Ok([entry.shape(&input)?, entry.shape(&output)?])
}

/// The first part of a name if the case has a gradient, which tensors of these types then can have.
fn trained<'a>(entry: &Entry, run: [&'a str; 2], types: &[&str]) -> Result<&'a str, String> {
    fit::same_element(types)?;
    match entry.has("in.gy.y") {
        false => Ok(run[0]),
        true if types.iter().all(|ty| ty.trim_start_matches('[').starts_with("f32")) => Ok(run[1]),
        true => Err("a gradient of integers".to_owned()),
    }
}

/// An operation with one input, `NAME<X, Y, MORE>`, with its gradient where the case has one.
pub(crate) fn unary(entry: &Entry, name: &str, more: &str) -> Typed {
    let [x, y] = ends(entry)?;
    let run = trained(entry, ["Forward", "Trained"], &[&x, &y])?;
    let comma = if more.is_empty() { "" } else { ", " };
    Ok(format!("{run}<crate::movement::{name}<{x}, {y}{comma}{more}>>"))
}

fn expand(entry: &Entry) -> Typed {
    let [x, y] = shapes(entry)?;
    fit::expanded(x, y)?;
    unary(entry, "Expand", "")
}

fn tile(entry: &Entry) -> Typed {
    let [x, y] = shapes(entry)?;
    fit::repeated(x, y)?;
    unary(entry, "Repeat", "")
}

/// Along a dimension, or of all elements in a row.
fn repeat_interleave(entry: &Entry) -> Typed {
    let [from, to] = shapes(entry)?;
    let times = |from: usize, to: usize| from > 0 && to.is_multiple_of(from);
    if let Some(dim) = entry.integer("dim") {
        fit::but_for(from, dim, times, to)?;
        return unary(entry, "RepeatInterleave", &dim.to_string());
    }
    let [x, y] = ends(entry)?;
    let n = from.iter().product::<usize>();
    fit::but_for(&[n], 0, times, to)?;
    unary(entry, "RepeatInterleave", "0")
        .map(|adapter| adapter.replacen(&format!("<{x}, {y}"), &format!("<[f32; {n}], {y}"), 1))
}

/// A tuple type.
pub(crate) fn tuple(types: impl IntoIterator<Item = String>) -> String {
    let types: Vec<_> = types.into_iter().map(|ty| ty + ",").collect();
    format!("({})", types.concat())
}

/// The inputs of a torch case in the order of their names: `a`, `b`, ….
fn letters(entry: &Entry) -> Vec<String> {
    let inputs = entry.tensors.keys().filter(|name| name.starts_with("in.") && !name.starts_with("in.gy."));
    inputs.cloned().collect()
}

/// The inputs of an ONNX node.
fn inputs(entry: &Entry) -> Result<Vec<String>, String> {
    Ok((0..).map_while(|i| entry.input(i)).collect())
}

fn cat(entry: &Entry, parts: &[String], whole: &str, dim: Option<i64>) -> Typed {
    let dim = dim.ok_or("the case names no dimension")?;
    if parts.len() > 8 {
        return Err("more than eight parts of different types".to_owned());
    }
    let mut types = parts.iter().map(|part| typed_tensor(entry, part)).collect::<Result<Vec<_>, _>>()?;
    let shapes = parts.iter().map(|part| entry.shape(part)).collect::<Result<Vec<_>, _>>()?;
    fit::joined(&shapes, dim, entry.shape(whole)?)?;
    types.push(typed_tensor(entry, whole)?);
    let run = trained(entry, ["Cat", "TrainedCat"], &types.iter().map(String::as_str).collect::<Vec<_>>())?;
    let whole = types.pop().unwrap_or_default();
    Ok(format!("{run}<{}, {dim}, {whole}>", tuple(types)))
}

fn split(entry: &Entry) -> Typed {
    let outputs: Vec<_> = (0..).map_while(|i| entry.output(i)).collect();
    if outputs.len() > 8 {
        return Err("more than eight parts of different types".to_owned());
    }
    let parts = tuple(outputs.iter().map(|part| typed_tensor(entry, part)).collect::<Result<Vec<_>, _>>()?);
    let [x, _] = ends(entry)?;
    Ok(format!("Split<{x}, {}, {parts}>", entry.integer("axis").unwrap_or(0)))
}

/// Seeds: every `out.dimD` is a result of its own.
fn stack(entry: &Entry) -> Typed {
    let parts = letters(entry);
    let x = typed_tensor(entry, parts.first().ok_or("nothing to stack")?)?;
    let shapes = parts.iter().map(|part| entry.shape(part)).collect::<Result<Vec<_>, _>>()?;
    let one = |run: [&str; 2], output: &str, dim: i64| {
        fit::stacked(&shapes, dim, entry.shape(output)?)?;
        let y = typed_tensor(entry, output)?;
        Ok(format!("{}<{x}, {}, {dim}, {y}>", trained(entry, run, &[&x, &y])?, parts.len()))
    };
    match entry.integer("dim") {
        Some(dim) => one(["Stack", "TrainedStack"], "out.y", dim),
        None => {
            let dims = (0..6).filter(|dim| entry.has(&format!("out.dim{dim}")));
            let all: Result<Vec<_>, String> = dims
                .map(|dim| Ok(format!("crate::movement::{}", one(["Stack"; 2], &format!("out.dim{dim}"), dim)?)))
                .collect();
            several(all?)
        }
    }
}

/// Adapters one after the other.
fn several(adapters: Vec<String>) -> Typed {
    match adapters.len() {
        1..=5 => Ok(format!("All<{}>", tuple(adapters))),
        n => Err(format!("{n} results")),
    }
}

/// Seeds: every `out.rAxB` is a result of its own.
fn repeat(entry: &Entry) -> Typed {
    if entry.has("out.y") {
        return tile(entry);
    }
    let x = typed_tensor(entry, "in.x")?;
    let outputs = entry.tensors.keys().filter(|name| name.starts_with("out."));
    let all: Result<Vec<_>, String> =
        outputs.map(|name| Ok(format!("crate::movement::NamedRepeat<{x}, {}>", typed_tensor(entry, name)?))).collect();
    several(all?)
}

fn dims(dims: impl IntoIterator<Item = i64>) -> String {
    tuple(dims.into_iter().map(|dim| format!("tensorlet::ops::Dim<{dim}>")))
}

/// `t_2d`, `perm_021`, `nchw_nhwc`, or a list.
fn transpose(entry: &Entry) -> Typed {
    if let Some(perm) = entry.integers("perm") {
        return permute(entry, perm);
    }
    let name = entry.text("perm").ok_or("the case names no permutation")?;
    let unknown = || format!("there is no permutation {name}");
    if name == "t_2d" {
        let [x, y] = shapes(entry)?;
        fit::permuted(x, &[1, 0], y)?;
        return unary(entry, "T", "");
    }
    let (from, to) = name.split_once('_').ok_or_else(unknown)?;
    let place = |c: char| {
        if from == "perm" { c.to_digit(10).map(i64::from) } else { from.find(c).map(|at| at as i64) }
    };
    let perm: Option<Vec<_>> = to.chars().map(place).collect();
    permute(entry, perm.ok_or_else(unknown)?)
}

fn permute(entry: &Entry, perm: Vec<i64>) -> Typed {
    let [x, y] = shapes(entry)?;
    fit::permuted(x, &perm, y)?;
    // A scalar has no dimensions to name.
    if perm.is_empty() { Err("a scalar".to_owned()) } else { unary(entry, "Permute", &dims(perm)) }
}

fn onnx_transpose(entry: &Entry) -> Typed {
    let rank = entry.shape(&names(entry)[0])?.len() as i64;
    let perm = entry.integers("perm").unwrap_or_else(|| (0..rank).rev().collect());
    permute(entry, perm)
}

fn pixels(entry: &Entry) -> Typed {
    let default = "DCR";
    let name = match (entry.op.as_str(), entry.text("mode").unwrap_or(default)) {
        ("SpaceToDepth", "DCR") => "SpaceToDepth",
        ("SpaceToDepth", "CRD") => "PixelUnshuffle",
        ("DepthToSpace", "DCR") => "DepthToSpace",
        ("DepthToSpace", "CRD") => "PixelShuffle",
        (_, mode) => return Err(format!("there is no mode {mode}")),
    };
    unary(entry, name, "")
}

/// `NAME<X, I, D, Y>`.
fn gather(entry: &Entry, name: &str, x: &str, at: &str, y: &str, dim: Option<i64>) -> Typed {
    let dim = dim.ok_or("the case names no dimension")?;
    let shapes = [entry.shape(x)?, entry.shape(at)?, entry.shape(y)?];
    let fits = if name == "Gather" { fit::gathered } else { fit::selected };
    fits(shapes[0], shapes[1], dim, shapes[2])?;
    let (x, i, y) = (typed_tensor(entry, x)?, index(entry, at)?, typed_tensor(entry, y)?);
    let run = trained(entry, ["ForwardGather", "TrainedGather"], &[&x, &y])?;
    Ok(format!("{run}<crate::movement::{name}<{x}, {i}, {y}, {dim}>>"))
}

fn onnx_gather(entry: &Entry, name: &str) -> Typed {
    let [x, y] = names(entry);
    let at = entry.input(1).unwrap_or_default();
    gather(entry, name, &x, &at, &y, entry.integer("axis").or(Some(0)))
}

fn gather_nd(entry: &Entry) -> Typed {
    let [x, y] = ends(entry)?;
    let i = index(entry, &entry.input(1).unwrap_or_default())?;
    let batch = entry.integer("batch_dims").unwrap_or(0);
    Ok(format!("ForwardGather<crate::movement::GatherNd<{x}, {i}, {y}, {batch}>>"))
}

fn scatter(entry: &Entry) -> Typed {
    let [x, _] = ends(entry)?;
    let i = index(entry, &entry.input(1).unwrap_or_default())?;
    let updates = typed_tensor(entry, &entry.input(2).unwrap_or_default())?;
    Ok(format!("Scatter<{x}, {i}, {updates}, {}>", entry.integer("axis").unwrap_or(0)))
}

/// Seeds: `transpose_first`.
fn one_hot(entry: &Entry) -> Typed {
    let (i, y) = (index(entry, "in.idx")?, typed_tensor(entry, "out.y")?);
    if !entry.flag("transpose_first") {
        let (index, whole) = (entry.shape("in.idx")?, entry.shape("out.y")?);
        if whole.split_last().map(|(_, rest)| rest) != Some(index) {
            return Err(format!("{index:?} one-hot is not {whole:?}"));
        }
        return Ok(format!("OneHot<{i}, {y}>"));
    }
    let turned: Vec<_> = entry.shape("in.idx")?.iter().rev().copied().collect();
    Ok(format!("TurnedOneHot<{i}, {}, {y}>", tensor_of("i32", &turned)))
}

fn onnx_one_hot(entry: &Entry) -> Typed {
    let [at, output] = names(entry);
    let axis = entry.integer("axis").unwrap_or(-1);
    let shape = entry.shape(&output)?;
    let classes = shape[if axis < 0 { axis + shape.len() as i64 } else { axis } as usize] as i64;
    let indices = entry.values(&at).ok_or("indices of an unknown type")?;
    if indices.iter().any(|index| !(-classes..classes).contains(index)) {
        return Err("an index out of range is an error, as in PyTorch; ONNX makes a row of zeros of it".to_owned());
    }
    Ok(format!("AlongOneHot<{}, {}, {axis}>", index(entry, &at)?, typed_tensor(entry, &output)?))
}

fn topk(entry: &Entry, dim: Option<i64>, indices: &str) -> Typed {
    let dim = dim.ok_or("the case names no dimension")?;
    let ([x, y], i) = (ends(entry)?, index(entry, indices)?);
    let [from, to] = shapes(entry)?;
    fit::but_for(from, dim, |all, some| some <= all, to)?;
    fit::same(entry, &names(entry)[1], indices)?;
    let run = trained(entry, ["TopK", "TrainedTopK"], &[&x, &y])?;
    Ok(format!("{run}<{x}, {y}, {i}, {dim}>"))
}

/// Starts, ends, axes and steps: inputs, in old versions attributes.
fn slice(entry: &Entry) -> Typed {
    let rank = entry.shape(&names(entry)[0])?.len();
    let read =
        |i: usize, name: &str| entry.input(i).and_then(|input| entry.values(&input)).or_else(|| entry.integers(name));
    let (starts, ends) = (read(1, "starts"), read(2, "ends"));
    let (Some(starts), Some(ends)) = (starts, ends) else { return Err("the case names no range".to_owned()) };
    let axes = read(3, "axes").unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = read(4, "steps").unwrap_or_else(|| vec![1; starts.len()]);
    let mut ranges = vec![[0, i64::MAX, 1]; rank];
    for (i, &axis) in axes.iter().enumerate() {
        let axis = if axis < 0 { axis + rank as i64 } else { axis } as usize;
        ranges[axis] = [starts[i], ends[i], steps[i]];
    }
    let ranges = ranges.iter().map(|[start, end, step]| format!("tensorlet::ops::Slice<{start}, {end}, {step}>"));
    unary(entry, "Sliced", &tuple(ranges))
}
