//! Margins.

use crate::{
    entry::{Entry, Typed},
    movement::{ends, names, tuple, unary},
};

/// Torch: `pads`, the last dimension first; seeds: `padding` of rows and columns.
pub(crate) fn pad(entry: &Entry) -> Typed {
    let pairs: Vec<[i64; 2]> = match (entry.integers("pads"), entry.integers("padding")) {
        (Some(pads), _) => pads.as_chunks().0.to_vec(),
        (None, Some(padding)) => padding.iter().rev().map(|&n| [n, n]).collect(),
        (None, None) => return Err("the case names no margins".to_owned()),
    };
    padded(entry, pairs)
}

/// Margins as attribute or input: all that stand before, then all behind, for some axes.
pub(crate) fn onnx_pad(entry: &Entry) -> Typed {
    let rank = entry.shape(&names(entry)[0])?.len();
    let values = |i: usize| entry.input(i).and_then(|name| entry.values(&name));
    let pads = entry.integers("pads").or_else(|| values(1)).ok_or("the case names no margins")?;
    let axes = values(3).unwrap_or_else(|| (0..rank as i64).collect());
    let mut pairs = vec![[0; 2]; rank];
    for (i, &axis) in axes.iter().enumerate() {
        let axis = if axis < 0 { axis + rank as i64 } else { axis } as usize;
        pairs[rank - 1 - axis] = [pads[i], pads[axes.len() + i]];
    }
    padded(entry, pairs)
}

fn padded(entry: &Entry, mut pairs: Vec<[i64; 2]>) -> Typed {
    while pairs.last() == Some(&[0, 0]) && pairs.len() > 1 {
        pairs.pop();
    }
    let shape = entry.shape(&names(entry)[0])?;
    // How much larger a margin may be than the dimension.
    let (mode, most) = match entry.text("mode").unwrap_or("constant") {
        "constant" | "zeros" => ("Constant<f32>", i64::MAX),
        "reflect" => ("Reflect", -1),
        "replicate" | "edge" => ("Replicate", i64::MAX),
        "circular" | "wrap" => ("Circular", 0),
        other => return Err(format!("there is no mode {other}")),
    };
    if pairs.is_empty() || pairs.len() > shape.len() {
        return Err("more margins than dimensions, or none".to_owned());
    }
    for (&[before, after], &n) in pairs.iter().zip(shape.iter().rev()) {
        let n = n as i64;
        // Elements of the other end: of what the margins leave.
        let cut = if mode == "Circular" { before.min(0) + after.min(0) } else { 0 };
        if before.max(after) > most.saturating_add(n + cut) {
            return Err("a margin larger than PyTorch allows".to_owned());
        }
        if before.saturating_add(after).saturating_add(n) < 1 {
            return Err("a tensor without elements has no type".to_owned());
        }
    }
    let mut padded = shape.to_vec();
    for (pair, n) in pairs.iter().zip(padded.iter_mut().rev()) {
        *n = (*n as i64 + pair[0] + pair[1]) as usize;
    }
    if padded != entry.shape(&names(entry)[1])? {
        return Err(format!("margins {pairs:?} of {shape:?} do not make this result"));
    }
    let mode = if mode == "Constant<f32>" {
        let [x, _] = ends(entry)?;
        format!("Constant<{}>", x.trim_start_matches('[').split(';').next().unwrap_or_default())
    } else {
        mode.to_owned()
    };
    let pads = tuple(pairs.iter().map(|[before, after]| format!("tensorlet::ops::Pad<{before}, {after}>")));
    unary(entry, "Padded", &format!("{pads}, tensorlet::ops::{mode}"))
}
