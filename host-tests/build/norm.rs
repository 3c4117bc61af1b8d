//! Normalisation.

use crate::entry::{Entry, Typed};

pub(crate) fn typed(_: &Entry) -> Option<Typed> {
    None
}
