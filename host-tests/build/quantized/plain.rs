//! Operators without weights.

use super::weighted::{image, pair, window_between};
use crate::{
    entry::{Entry, Typed},
    rust::{element, tensor_of},
    window::Window,
};

pub(crate) fn typed(entry: &Entry) -> Option<Typed> {
    Some(match entry.op.as_str() {
        "avg_pool_s8" | "average_pool_2d_s8" | "avg_pool_s16" => pool(entry, "AvgPool2d"),
        "max_pool_s8" | "max_pool_2d_s8" | "max_pool_s16" => pool(entry, "MaxPool2d"),
        "softmax_s8" => softmax(entry, "Rows"),
        "softmax_s16" => softmax(entry, "WideRows"),
        "add_s8" => two(entry, &["Add", "CompactAdd<i8>"]),
        "add_s16" => two(entry, &["CompactAdd<i16>"]),
        "mul_s8" => two(entry, &["Mul<i8>"]),
        "mul_s16" => two(entry, &["Mul<i16>"]),
        "minimum_s8" => two(entry, &["Minimum<i8>"]),
        "minimum_s16" => two(entry, &["Minimum<i16>"]),
        "maximum_s8" => two(entry, &["Maximum<i8>"]),
        "maximum_s16" => two(entry, &["Maximum<i16>"]),
        "reshape_s8" | "reshape_s16" => reshape(entry),
        "pad_s8" | "pad_s16" => pad(entry),
        "transpose_s8" | "transpose_s16" => transpose(entry),
        _ => return None,
    })
}

/// The type of a tensor without its first `from` dimensions.
fn tensor(entry: &Entry, name: &str, from: usize) -> Typed {
    let shape = entry.shape(name)?.get(from..).ok_or_else(|| format!("{name} has too few dimensions"))?;
    Ok(tensor_of(element(entry, &[name])?, shape))
}

fn pool(entry: &Entry, name: &str) -> Typed {
    let (x, y) = (image(entry, "in.x")?, image(entry, "out.y")?);
    let kernel = pair(entry, ["filter_h", "filter_w"])?;
    let window = Window {
        kernel: kernel.clone(),
        stride: pair(entry, ["stride_h", "stride_w"])?,
        begin: pair(entry, ["padding_h", "padding_w"])?,
        end: vec![0, 0],
        dilation: vec![1, 1],
        around: Vec::new(),
    };
    let window = window_between(window, &x[1..3], &y[1..3])?;
    window.check_cover(&x[1..3])?;
    if x[3] != y[3] {
        return Err("an output of other channels".to_owned());
    }
    let element = element(entry, &["in.x", "out.y"])?;
    let layer = format!(
        "tensorlet::quantized::{name}<{}, {}, {}, {}, {}, {element}>",
        kernel[0],
        kernel[1],
        y[1],
        y[2],
        window.slide()
    );
    Ok(format!("crate::quantized::pool::Pooling<{}, {layer}>", tensor(entry, "in.x", 1)?))
}

fn softmax(entry: &Entry, adapter: &str) -> Typed {
    let row = entry.shape("in.x")?.last().ok_or("a number has no row")?;
    Ok(format!("crate::quantized::softmax::{adapter}<{row}>"))
}

/// Whole tensors, broadcast to each other, through each of the layers.
fn two(entry: &Entry, layers: &[&str]) -> Typed {
    let names = ["in.x1", "in.x2", "out.y"];
    let [a, b, y] = names.map(|name| entry.shape(name));
    let (a, b, y) = (a?, b?, y?);
    let dim = |shape: &[usize], i: usize| (i + shape.len()).checked_sub(y.len()).map_or(1, |i| shape[i]);
    let fits = a.len().max(b.len()) == y.len()
        && (0..y.len()).all(|i| {
            let [a, b] = [dim(a, i), dim(b, i)];
            (a == b || a == 1 || b == 1) && y[i] == a.max(b)
        });
    if !fits {
        return Err(format!("shapes {a:?} and {b:?} are not broadcast to {y:?}"));
    }
    let types = names.map(|name| tensor(entry, name, 0));
    let [a, b, y] = types;
    let (a, b, y) = (a?, b?, y?);
    let adapter = |layer: &&str| format!("crate::quantized::two::Two<{a}, {b}, {y}, tensorlet::quantized::{layer}>");
    Ok(match &layers.iter().map(adapter).collect::<Vec<_>>()[..] {
        [one] => one.clone(),
        [first, second] => format!("crate::quantized::two::Both<{first}, {second}>"),
        _ => unreachable!("one layer or two"),
    })
}

fn moved(entry: &Entry, from: usize, layer: &str) -> Typed {
    Ok(format!("crate::quantized::movement::Moved<{}, {layer}>", tensor(entry, "in.x", from)?))
}

fn reshape(entry: &Entry) -> Typed {
    let (x, y) = (entry.shape("in.x")?, entry.shape("out.y")?);
    if x.iter().product::<usize>() != y.iter().product::<usize>() {
        return Err("an output of another size".to_owned());
    }
    let from = usize::from(x.len() > 1 && y.len() > 1 && x[0] == y[0]);
    moved(entry, from, &format!("tensorlet::quantized::Reshape<{}>", tensor(entry, "out.y", from)?))
}

fn pad(entry: &Entry) -> Typed {
    let (x, y) = (image(entry, "in.x")?, image(entry, "out.y")?);
    let mut margins = Vec::new();
    for (axis, name) in ["n", "h", "w", "c"].iter().enumerate() {
        let margin = |side: &str| entry.integer(&format!("{side}_pad_{name}")).unwrap_or(0);
        let [before, after] = [margin("pre"), margin("post")];
        if before < 0 || after < 0 || x[axis] as i64 + before + after != y[axis] as i64 {
            return Err("margins that do not fit the output".to_owned());
        }
        margins.push(format!("tensorlet::ops::Pad<{before}, {after}>"));
    }
    margins.reverse();
    let (y, margins) = (tensor(entry, "out.y", 0)?, margins.join(", "));
    Ok(format!(
        "crate::quantized::movement::Padded<{}, tensorlet::quantized::ConstantPad<{y}, ({margins})>>",
        tensor(entry, "in.x", 0)?
    ))
}

fn transpose(entry: &Entry) -> Typed {
    let (x, y) = (entry.shape("in.x")?, entry.shape("out.y")?);
    let dims = entry.integers("perm").ok_or("no permutation")?;
    let mut sorted = dims.clone();
    sorted.sort_unstable();
    let whole = (0..x.len() as i64).eq(sorted);
    if !whole || !dims.iter().map(|&dim| x[dim as usize]).eq(y.iter().copied()) {
        return Err("a permutation that does not fit the output".to_owned());
    }
    let dims: String = dims.iter().map(|dim| format!("tensorlet::ops::Dim<{dim}>, ")).collect();
    moved(entry, 0, &format!("tensorlet::quantized::Permute<{}, ({dims})>", tensor(entry, "out.y", 0)?))
}
