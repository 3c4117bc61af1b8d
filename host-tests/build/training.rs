//! Optimisers, schedules, clipping and whole trainings.

use crate::entry::{Entry, Typed};

pub(crate) fn typed(entry: &Entry) -> Option<Typed> {
    let op = entry.op.as_str();
    if op.starts_with("optim_") {
        return Some(Ok("crate::optimizer::Steps".to_owned()));
    }
    None
}
