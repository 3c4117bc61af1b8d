//! Tables of vectors, positions and dropout.

use crate::{
    entry::{Entry, Typed},
    rust::{tensor, tensor_of},
};

pub(crate) fn typed(entry: &Entry) -> Option<Typed> {
    Some(match entry.op.as_str() {
        "embedding" => embedding(entry),
        "embedding_bag" => bag(entry),
        "positional_encoding" => sequence(entry),
        "dropout_given_mask" => {
            entry.shape("in.x").map(|x| format!("crate::embedding::Masked<{}, {}>", tensor(x), tensor_of("u8", x)))
        }
        "Dropout" => dropout(entry),
        "RotaryEmbedding" => rotary(entry),
        _ => return None,
    })
}

/// Rows and columns of the table.
fn table(entry: &Entry) -> Result<[usize; 2], String> {
    let table: [usize; 2] = entry.shape("in.weight")?.try_into().map_err(|_| "the table is no matrix".to_owned())?;
    if table.contains(&0) { Err("the table is empty".to_owned()) } else { Ok(table) }
}

fn embedding(entry: &Entry) -> Typed {
    let [rows, columns] = table(entry)?;
    let tokens = entry.shape("in.idx")?;
    if tokens.len() > 6 {
        return Err("a tensor has at most 6 dimensions".to_owned());
    }
    // The first dimension is the batch, if there are others.
    let sample = tensor_of("i32", if tokens.len() > 1 { &tokens[1..] } else { tokens });
    Ok(format!("crate::embedding::Table<{sample}, {rows}, {columns}>"))
}

fn bag(entry: &Entry) -> Typed {
    let [rows, columns] = table(entry)?;
    let mode = match entry.text("mode").unwrap_or("mean") {
        "sum" => "Sum",
        "mean" => "Mean",
        "max" => "Max",
        other => return Err(format!("there is no mode {other}")),
    };
    if entry.has("in.offsets") || entry.has("in.per_sample_weights") {
        return Err("a bag is an array of tokens that count the same".to_owned());
    }
    let [_, tokens] = *entry.shape("in.idx")? else { return Err("bags are rows of a matrix".to_owned()) };
    Ok(format!("crate::embedding::Bag<crate::embedding::{mode}, {tokens}, {rows}, {columns}>"))
}

fn sequence(entry: &Entry) -> Typed {
    let shape = entry.shape("in.x")?;
    let sample = shape.get(shape.len().saturating_sub(2)..).filter(|sample| sample.len() == 2);
    let sample = sample.ok_or("a sequence has two dimensions")?;
    Ok(format!("crate::layer::Plain<{}, tensorlet::PositionalEncoding>", tensor(sample)))
}

/// In training the mask is drawn: it must be an output, or the ratio 0.
fn dropout(entry: &Entry) -> Typed {
    let training = entry.input(2).and_then(|name| entry.values(&name)).is_some_and(|flag| flag != [0]);
    let drawn = entry.input(1).and_then(|name| entry.scalar(&name)) != Some(0.0);
    if training && drawn && entry.output(1).is_none() {
        return Err("which numbers are left is drawn, and not stated".to_owned());
    }
    let x = entry.shape(&entry.input(0).ok_or("no input")?)?;
    Ok(format!("crate::embedding::Dropped<{}>", tensor(x)))
}

fn rotary(entry: &Entry) -> Typed {
    let shape = entry.shape(&entry.input(0).ok_or("no input")?)?;
    let half = *entry.shape(&entry.input(1).ok_or("no cosines")?)?.last().ok_or("cosines without rows")?;
    // Heads are in front of the positions, or in the last dimension.
    let (x, positions, dim) = match *shape {
        [_, heads, positions, features] => ([heads, positions, features], positions, -2),
        [_, positions, hidden] => {
            let heads = entry.integer("num_heads").filter(|&heads| heads > 0).ok_or("no number of heads")? as usize;
            ([positions, heads, hidden / heads], positions, -3)
        }
        _ => return Err("the input has three or four dimensions".to_owned()),
    };
    Ok(format!("crate::embedding::Rotated<{}, {}, {dim}>", tensor(&x), tensor(&[positions, half])))
}
