//! Softmax over any dimension.

use crate::{
    entry::{Entry, Typed},
    fit,
    rust::{tensor, tensor_of},
};

pub(crate) fn typed(entry: &Entry) -> Option<Typed> {
    let (operation, dim) = match entry.op.as_str() {
        "softmax" => ("Softmax", entry.integer("dim")),
        "log_softmax" => ("LogSoftmax", entry.integer("dim")),
        "softmin" => ("Softmin", entry.integer("dim")),
        "Softmax" => ("Softmax", entry.integer("axis")),
        "LogSoftmax" => ("LogSoftmax", entry.integer("axis")),
        "masked_softmax" => return Some(masked(entry)),
        _ => return None,
    };
    Some(over(entry, operation, dim.unwrap_or(-1)))
}

/// The operation on the whole tensor, and also the layer if the dimension is not that of the batch.
fn over(entry: &Entry, operation: &str, dim: i64) -> Typed {
    let shape = entry.shape(&entry.input(0).unwrap_or_else(|| "in.x".to_owned()))?;
    let axis = fit::place(dim, shape.len())?;
    let whole = format!("crate::softmax::Over<crate::softmax::{operation}, {}, {dim}>", tensor(shape));
    if axis == 0 {
        return Ok(whole);
    }
    let layer = format!("crate::layer::Plain<{}, tensorlet::{operation}<{}>>", tensor(&shape[1..]), axis - 1);
    Ok(format!("crate::softmax::Both<{whole}, {layer}>"))
}

fn masked(entry: &Entry) -> Typed {
    // Far below all logits, one number gives the same probabilities as another.
    if entry.number("mask_value").is_some_and(|value| !(f64::MIN..=-1e5).contains(&value)) {
        return Err("what is masked counts as -1e6".to_owned());
    }
    if !entry.has("in.valid_len") {
        return over(entry, "Softmax", -1);
    }
    let (x, valid) = (entry.shape("in.x")?, entry.shape("in.valid_len")?);
    fit::equal(valid, x.get(..valid.len().clamp(1, x.len().saturating_sub(1))).unwrap_or_default())?;
    Ok(format!("crate::softmax::Masked<{}, {}>", tensor(x), tensor_of("i32", valid)))
}
