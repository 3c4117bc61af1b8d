//! Fully connected layers.

use crate::{
    entry::{Entry, Typed},
    rust::tensor,
};

pub(crate) fn typed(entry: &Entry) -> Option<Typed> {
    match entry.op.as_str() {
        "linear" => Some(linear(entry)),
        _ => None,
    }
}

fn linear(entry: &Entry) -> Typed {
    let [out, inp] = *entry.shape("in.weight")? else { return Err("the weight is no matrix".to_owned()) };
    Ok(format!("crate::layer::Plain<{}, tensorlet::Linear<{inp}, {out}>>", tensor(&[inp])))
}
