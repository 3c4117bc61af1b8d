//! Attention.

use crate::{
    entry::{Entry, Typed},
    fit,
    rust::{tensor, tensor_of},
};

pub(crate) fn typed(entry: &Entry) -> Option<Typed> {
    let answer = match entry.op.as_str() {
        "attention" => scaled_dot_product(entry),
        "Attention" => onnx(entry),
        "multihead_attention" => multihead(entry),
        "additive_attention" => additive(entry),
        _ => return None,
    };
    Some(answer.map(|adapter| format!("crate::attention::{adapter}")))
}

/// The type of a mask: numbers that are added, truth values, or none.
fn mask(entry: &Entry, name: Option<&str>) -> Typed {
    let Some(name) = name else { return Ok("crate::attention::NoMask".to_owned()) };
    let shape = entry.shape(name)?;
    let element = if entry.tensors[name].0.eq_ignore_ascii_case("bool") { "u8" } else { "f32" };
    Ok(format!("crate::attention::Masked<{}>", tensor_of(element, shape)))
}

fn scaled_dot_product(entry: &Entry) -> Typed {
    let [q, k, v, y] = ["in.q", "in.k", "in.v", "out.y"].map(|name| entry.shape(name));
    let (q, k, v, y) = (q?, k?, v?, y?);
    if q.len() < 2 || k.len() < 2 || q.len() > 6 {
        return Err("queries and keys are matrices, or batches of them".to_owned());
    }
    let weights = [&q[..q.len() - 1], &k[k.len() - 2..k.len() - 1]].concat();
    fits(q, k, v, y)?;
    if entry.has("in.mask") {
        fit::expanded(entry.shape("in.mask")?, &weights)?;
    }
    let mask = mask(entry, entry.has("in.mask").then_some("in.mask"))?;
    let types = [q, k, v, &weights, y].map(tensor).join(", ");
    Ok(format!("ScaledDotProduct<{types}, {mask}>"))
}

/// Fails unless queries, keys, values and the result belong together: as many heads of queries as of keys, or
/// several for each.
fn fits(q: &[usize], k: &[usize], v: &[usize], y: &[usize]) -> Result<(), String> {
    let rank = q.len();
    let equal =
        [k, v, y].iter().all(|shape| shape.len() == rank) && ![q, k, v, y].iter().any(|shape| shape.contains(&0));
    let fits = equal
        && q[rank - 1] == k[rank - 1]
        && k[..rank - 1] == v[..rank - 1]
        && y[..rank - 1] == q[..rank - 1]
        && y[rank - 1] == v[rank - 1]
        && (rank < 3 || (q[..rank - 3] == k[..rank - 3] && q[rank - 3].is_multiple_of(k[rank - 3])));
    if fits { Ok(()) } else { Err(format!("attention of the shapes {q:?}, {k:?}, {v:?} and {y:?}")) }
}

fn onnx(entry: &Entry) -> Typed {
    let name = |i: usize| entry.input(i).ok_or_else(|| format!("the case has no input {i}"));
    let names = [name(0)?, name(1)?, name(2)?];
    if entry.tensors.values().any(|(element, _)| element.eq_ignore_ascii_case("float16")) {
        return Err("half precision".to_owned());
    }
    // Batch, heads, length, width: of `[batch, heads, length, width]` or `[batch, length, heads · width]`.
    let heads = |name: &str, attribute: &str| -> Result<[usize; 4], String> {
        match *entry.shape(name)? {
            [batch, heads, length, width] => Ok([batch, heads, length, width]),
            [batch, length, all] => {
                let heads = entry.integer(attribute).and_then(|heads| usize::try_from(heads).ok());
                let heads = heads.filter(|heads| *heads > 0).ok_or("the number of heads is not stated")?;
                Ok([batch, heads, length, all / heads])
            }
            _ => Err("queries, keys and values have three or four dimensions".to_owned()),
        }
    };
    let q = heads(&names[0], "q_num_heads")?;
    let k = heads(&names[1], "kv_num_heads")?;
    let v = heads(&names[2], "kv_num_heads")?;
    let past = match entry.input(4) {
        Some(past) => entry.shape(&past)?[2],
        None => 0,
    };
    let length = past + k[2];
    let weights = [q[0], q[1], q[2], length];
    let y = [q[0], q[1], q[2], v[3]];
    let mask_name = entry.input(3);
    // A mask of lengths, or one that is shorter than the keys, is made as one of the shape of the scores.
    let short = match &mask_name {
        Some(name) => entry.shape(name)?.last() != Some(&length),
        None => false,
    };
    let mask = if entry.input(6).is_some() || short {
        format!("crate::attention::Masked<{}>", tensor(&weights))
    } else {
        mask(entry, mask_name.as_deref())?
    };
    let [past_key, past_value] = [k, v].map(|[batch, heads, _, width]| [batch, heads, past, width]);
    if past == 0 {
        let types = [&q, &k, &v, &weights, &y].map(|shape| tensor(shape)).join(", ");
        return Ok(format!("Onnx<{types}, {mask}, crate::attention::NoCache>"));
    }
    let present = |[batch, heads, _, width]: [usize; 4]| [batch, heads, length, width];
    let types = [q, present(k), present(v), weights, y].map(|shape| tensor(&shape)).join(", ");
    let cache = [past_key, k, past_value, v].map(|shape| tensor(&shape)).join(", ");
    Ok(format!("Onnx<{types}, {mask}, crate::attention::Cache<{cache}>>"))
}

fn three(entry: &Entry, name: &str) -> Result<[usize; 3], String> {
    let shape = entry.shape(name)?;
    shape.try_into().map_err(|_| format!("{name} has the shape {shape:?}"))
}

fn multihead(entry: &Entry) -> Typed {
    let ([queries, _, embed], [keys, ..]) = (three(entry, "in.q")?, three(entry, "in.k")?);
    let heads = entry.integer("heads").ok_or("the number of heads is not stated")?;
    if heads < 1 || (embed as i64).checked_rem(heads) != Some(0) || [queries, keys, embed].contains(&0) {
        return Err(format!("{heads} heads of {embed} numbers"));
    }
    let bias = if entry.has("in.in_proj_bias") { format!("[f32; {embed}]") } else { "tensorlet::NoBias".to_owned() };
    Ok(format!("Multihead<{bias}, {embed}, {heads}, {queries}, {keys}>"))
}

fn additive(entry: &Entry) -> Typed {
    let ([_, queries, query], [_, keys, key]) = (three(entry, "in.q")?, three(entry, "in.k")?);
    let ([.., value], hidden) = (three(entry, "in.v")?, *entry.shape("in.wq")?.first().ok_or("weights without rows")?);
    if [query, key, hidden, queries, keys, value].contains(&0) {
        return Err("a tensor without elements has no type".to_owned());
    }
    Ok(format!("Additive<{query}, {key}, {hidden}, {queries}, {keys}, {value}>"))
}
