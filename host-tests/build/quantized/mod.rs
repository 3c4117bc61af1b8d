//! Operators of TensorFlow Lite and CMSIS-NN on integers.

mod plain;
mod recurrent;
mod weighted;

use crate::entry::{Entry, Typed};

/// The suites of such cases.
pub(crate) const SUITES: [&str; 2] = ["cmsis_nn", "tflite_ops"];

pub(crate) fn typed(entry: &Entry) -> Option<Typed> {
    if !SUITES.contains(&entry.suite.as_str()) {
        return None;
    }
    weighted::typed(entry).or_else(|| plain::typed(entry)).or_else(|| recurrent::typed(entry))
}
