//! Long short-term memory.

use crate::entry::{Entry, Typed};

pub(crate) fn typed(entry: &Entry) -> Option<Typed> {
    Some(match entry.op.as_str() {
        "lstm_s8" => sequence(entry, "crate::quantized::recurrent::Narrow"),
        "lstm_s16" => sequence(entry, "crate::quantized::recurrent::Wide"),
        _ => return None,
    })
}

/// The adapter for inputs `[samples, steps, features]`, or `[steps, samples, features]` if time comes first.
fn sequence(entry: &Entry, adapter: &str) -> Typed {
    let (x, y) = (entry.shape("in.x")?, entry.shape("out.y")?);
    let (&[a, b, features], &[_, _, hidden]) = (x, y) else { return Err("three dimensions".to_owned()) };
    let (samples, steps) = if entry.flag("time_major") { (b, a) } else { (a, b) };
    Ok(format!("{adapter}<{features}, {hidden}, {steps}, {samples}>"))
}
