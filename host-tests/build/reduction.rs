//! Reductions, and what runs along dimensions.

use serde_json::Value;

use crate::{
    entry::{Entry, Typed},
    fit,
    rust::{element, tensor_of},
};

pub(crate) fn typed(entry: &Entry) -> Option<Typed> {
    let seed = entry.suite == "seeds";
    let answer = match entry.op.as_str() {
        "reduce_sum" if seed => each_dimension(entry, "Total"),
        "argmax" if seed => each_dimension(entry, "Places"),
        "cumsum" if seed => each_dimension(entry, "Running"),
        "reduce_sum" => torch(entry, "Sum"),
        "reduce_mean" => torch(entry, "Mean"),
        "reduce_var" => torch(entry, "Var<1>"),
        "reduce_var_biased" => torch(entry, "Var<0>"),
        "reduce_std" => torch(entry, "Std<1>"),
        "reduce_l1" => torch(entry, "Norm<1>"),
        "reduce_l2" => torch(entry, "Norm<2>"),
        "reduce_prod" => torch(entry, "Prod"),
        "reduce_max" => extreme(entry, "Max", "Amax"),
        "reduce_min" => extreme(entry, "Min", "Amin"),
        "reduce_amax" => torch(entry, "Amax"),
        "reduce_amin" => torch(entry, "Amin"),
        "logsumexp" => torch(entry, "LogSumExp"),
        "argmax" => places(entry, "Argmax"),
        "argmin" => places(entry, "Argmin"),
        "cumsum" => along(entry, "CumSum"),
        "cumprod" => along(entry, "CumProd"),
        "normalize" => normalize(entry),

        "ReduceSum" => onnx(entry, "Sum"),
        "ReduceMean" => onnx(entry, "Mean"),
        "ReduceMax" => onnx(entry, "Amax"),
        "ReduceMin" => onnx(entry, "Amin"),
        "ReduceProd" => onnx(entry, "Prod"),
        "ReduceL1" => onnx(entry, "Norm<1>"),
        "ReduceL2" => onnx(entry, "Norm<2>"),
        "ReduceSumSquare" => onnx(entry, "SumSquare"),
        "ReduceLogSum" => onnx(entry, "LogSum"),
        "ReduceLogSumExp" => onnx(entry, "LogSumExp"),
        "ArgMax" => onnx_places(entry, "Argmax"),
        "ArgMin" => onnx_places(entry, "Argmin"),
        "CumSum" => cumulative(entry, "CumSum"),
        "CumProd" => cumulative(entry, "CumProd"),
        "LpNormalization" => lp_normalization(entry),
        _ => return None,
    };
    Some(answer.map(|adapter| format!("crate::reduction::{adapter}")))
}

/// The type of a tensor with this element.
fn tensor(entry: &Entry, name: &str, element: &str) -> Typed {
    let shape = entry.shape(name)?;
    if shape.contains(&0) {
        return Err("a tensor without elements has no type".to_owned());
    }
    Ok(tensor_of(element, shape))
}

fn float(entry: &Entry, name: &str) -> Typed {
    tensor(entry, name, "f32")
}

/// Dimensions as a type.
fn list(dims: &[i64]) -> String {
    let dim = |dim: &i64| format!("tensorlet::ops::Dim<{dim}>");
    match dims {
        [] => "tensorlet::ops::All".to_owned(),
        [one] => dim(one),
        several => format!("({})", several.iter().map(dim).collect::<Vec<_>>().join(", ")),
    }
}

/// The attribute `dim`: a number, a list, or nothing for all; a scalar has none but that.
fn dims(entry: &Entry) -> Result<Vec<i64>, String> {
    let scalar = entry.shape("in.x")?.is_empty();
    match (&entry.attrs["dim"], entry.integers("dim")) {
        (Value::Null, _) => Ok(Vec::new()),
        (_, Some(dims)) if scalar && dims.iter().all(|dim| [0, -1].contains(dim)) => Ok(Vec::new()),
        (_, Some(dims)) => Ok(dims),
        (other, None) => Err(format!("there is no dimension {other}")),
    }
}

/// The attribute `dim` as a type, if it makes of `in.x` what these results are.
fn reduced(entry: &Entry, results: &[&str]) -> Typed {
    let dims = dims(entry)?;
    for result in results {
        fit::reduced(entry.shape("in.x")?, &dims, entry.shape(result)?)?;
    }
    Ok(list(&dims))
}

fn torch(entry: &Entry, operation: &str) -> Typed {
    let [x, d, y] = [float(entry, "in.x")?, reduced(entry, &["out.y"])?, float(entry, "out.y")?];
    Ok(format!("Trained<crate::reduction::{operation}, {x}, {d}, {y}>"))
}

fn normalize(entry: &Entry) -> Typed {
    let (shape, dims) = (entry.shape("in.x")?, dims(entry)?);
    let kept: Vec<usize> =
        (0..shape.len()).map(|i| if fit::holds(&dims, i, shape.len()) { 1 } else { shape[i] }).collect();
    fit::reduced(shape, &dims, &kept)?;
    Ok(format!("Normalize<{}, {}>", float(entry, "in.x")?, list(&dims)))
}

/// With places along one dimension; without over several.
fn extreme(entry: &Entry, one: &str, several: &str) -> Typed {
    if !entry.has("out.indices") {
        return torch(entry, several);
    }
    let dim = entry.integer("dim").ok_or("places need one dimension")?;
    if entry.shape("in.x")?.is_empty() {
        return Err("the place in a scalar".to_owned());
    }
    reduced(entry, &["out.y", "out.indices"])?;
    fit::same(entry, "out.y", "out.indices")?;
    let [x, y, index] = [float(entry, "in.x")?, float(entry, "out.y")?, tensor(entry, "out.indices", "u32")?];
    Ok(format!("{one}<{x}, {dim}, {y}, {index}>"))
}

fn places(entry: &Entry, operation: &str) -> Typed {
    let [x, d, y] = [float(entry, "in.x")?, reduced(entry, &["out.y"])?, tensor(entry, "out.y", "u32")?];
    Ok(format!("{operation}<{x}, {d}, {y}>"))
}

fn along(entry: &Entry, operation: &str) -> Typed {
    let dim = entry.integer("dim").ok_or("no dimension")?;
    fit::place(dim, entry.shape("in.x")?.len())?;
    Ok(format!("{operation}<{}, {dim}>", float(entry, "in.x")?))
}

/// The worked examples: a result for each dimension, and for all.
fn each_dimension(entry: &Entry, operation: &str) -> Typed {
    let shape = entry.shape("in.x")?;
    let element = element(entry, &["in.x"])?;
    let x = tensor_of(element, shape);
    let mut results = Vec::new();
    for (i, _) in shape.iter().enumerate() {
        let result = tensor(entry, &format!("out.dim{i}"), if operation == "Places" { "u8" } else { element })?;
        results.push(match operation {
            "Running" => format!("crate::reduction::Running<{x}, {i}>"),
            _ => format!("crate::reduction::{operation}<{i}, {x}, tensorlet::ops::Dim<{i}>, {result}>"),
        });
    }
    if entry.has("out.all") {
        let name = shape.len();
        results.push(format!("crate::reduction::Total<{name}, {x}, tensorlet::ops::All, {element}>"));
    }
    if !(1..=5).contains(&results.len()) {
        return Err(format!("{} results", results.len()));
    }
    Ok(format!("Several<({},)>", results.join(", ")))
}

/// The input's and output's names.
fn ends(entry: &Entry) -> Result<[String; 2], String> {
    Ok([entry.input(0).ok_or("no input")?, entry.output(0).ok_or("no output")?])
}

fn onnx(entry: &Entry, operation: &str) -> Typed {
    let [input, output] = ends(entry)?;
    let axes = entry.input(1).and_then(|axes| entry.values(&axes));
    let axes = axes.or_else(|| entry.integers("axes")).unwrap_or_default();
    if axes.is_empty() && entry.flag("noop_with_empty_axes") {
        return Err("a reduction over no dimension".to_owned());
    }
    fit::reduced(entry.shape(&input)?, &axes, entry.shape(&output)?)?;
    let element = element(entry, &[&input])?;
    let [x, y] = [tensor(entry, &input, element)?, tensor(entry, &output, element)?];
    Ok(format!("Values<crate::reduction::{operation}, {x}, {}, {y}>", list(&axes)))
}

fn onnx_places(entry: &Entry, operation: &str) -> Typed {
    let [input, output] = ends(entry)?;
    let last = if entry.flag("select_last_index") { "Last" } else { "" };
    let axis = entry.integer("axis").unwrap_or(0);
    fit::reduced(entry.shape(&input)?, &[axis], entry.shape(&output)?)?;
    let [x, y] = [float(entry, &input)?, tensor(entry, &output, "u32")?];
    Ok(format!("{operation}{last}<{x}, {}, {y}>", list(&[axis])))
}

fn cumulative(entry: &Entry, operation: &str) -> Typed {
    let [input, _] = ends(entry)?;
    let axis = entry.input(1).and_then(|axis| entry.values(&axis)).and_then(|axis| axis.first().copied());
    let axis = axis.ok_or("no axis")?;
    fit::place(axis, entry.shape(&input)?.len())?;
    let x = tensor(entry, &input, element(entry, &[&input])?)?;
    Ok(format!(
        "Cumulative<crate::reduction::{operation}<{x}, {axis}>, {x}, {axis}, {}, {}>",
        entry.flag("exclusive"),
        entry.flag("reverse")
    ))
}

fn lp_normalization(entry: &Entry) -> Typed {
    let [input, _] = ends(entry)?;
    let axis = entry.integer("axis").unwrap_or(-1);
    fit::place(axis, entry.shape(&input)?.len())?;
    Ok(format!("LpNormalization<{}, {}>", float(entry, &input)?, list(&[axis])))
}
