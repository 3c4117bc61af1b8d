//! What can be wrong with a model.

use std::fmt;

/// Why no code can be made of a model.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file is of another kind.
    #[error("the file is no TensorFlow Lite model: it lacks the identifier TFL3")]
    NotTensorFlowLite,
    /// An offset or a size leads nowhere.
    #[error("the file is damaged: {what}, at byte {at}, {how}")]
    Damaged {
        /// The field.
        what: &'static str,
        /// The place in the file.
        at: usize,
        /// What is wrong there.
        how: Damage,
    },
    /// The schema is another one.
    #[error("the file is of version {0} of TensorFlow Lite's schema, not 3")]
    Version(u32),
    /// A list is longer than any sensible model's.
    #[error("the file has {found} entries in {what}; more than {most} are not read")]
    TooMany {
        /// The list.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The longest that is read.
        most: usize,
    },
    /// There are too many or too few of something.
    #[error("the model has {found} {what}; only models with {expected} are supported")]
    Count {
        /// Of what.
        what: &'static str,
        /// How many.
        found: usize,
        /// How many there must be.
        expected: usize,
    },
    /// An index leads to nothing.
    #[error("{what} is {index}, but the model has {count}")]
    Index {
        /// Which.
        what: String,
        /// Its value.
        index: i64,
        /// The number of entries.
        count: usize,
    },
    /// Something is wrong with a tensor.
    #[error("tensor {position}, `{name}`: {problem}")]
    Tensor {
        /// Its place among all tensors.
        position: usize,
        /// Its name.
        name: String,
        /// What is wrong.
        problem: Problem,
    },
    /// Something is wrong with an operator, or it is not supported.
    #[error("operator {position}, {operator}, which makes tensor `{tensor}`: {problem}")]
    Operator {
        /// Its place in the graph.
        position: usize,
        /// TensorFlow Lite's name of it.
        operator: String,
        /// The name of the tensor that it makes.
        tensor: String,
        /// What is wrong.
        problem: Problem,
    },
    /// The network cannot have this name.
    #[error("`{0}` is no name for a Rust type")]
    Name(String),
}

/// What is wrong at a place of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// It lies beyond the end.
    #[error("reaches beyond the end of the file")]
    BeyondEnd,
    /// There is no table.
    #[error("leads to something that is no table")]
    NoTable,
    /// A field lies outside its table.
    #[error("lies outside its table")]
    OutsideTable,
    /// It is no UTF-8.
    #[error("is no UTF-8")]
    NotText,
}

/// What is wrong with a tensor or an operator.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// tensorlet has no layer for it.
    #[error("is not supported")]
    NotSupported,
    /// tensorlet has no layer for it with this option.
    #[error("{what} is {value}, which is not supported")]
    Unsupported {
        /// The option.
        what: &'static str,
        /// Its value.
        value: String,
    },
    /// It lacks something.
    #[error("has no {0}")]
    Missing(&'static str),
    /// Two things that must be equal are not.
    #[error("{what} is {found}, but must be {expected}")]
    Mismatch {
        /// What.
        what: &'static str,
        /// What it is.
        found: String,
        /// What it must be.
        expected: String,
    },
    /// A number is out of its range.
    #[error("{what} is {value}, out of range")]
    Range {
        /// The number.
        what: &'static str,
        /// Its value.
        value: String,
    },
    /// The sum of an output channel can leave the accumulator.
    #[error("the sum of output channel {0} can leave an accumulator of 32 bits")]
    Overflow(usize),
}

impl Problem {
    pub(crate) fn mismatch(what: &'static str, found: impl fmt::Debug, expected: impl fmt::Debug) -> Self {
        Self::Mismatch { what, found: format!("{found:?}"), expected: format!("{expected:?}") }
    }

    pub(crate) fn range(what: &'static str, value: impl fmt::Debug) -> Self {
        Self::Range { what, value: format!("{value:?}") }
    }

    pub(crate) fn unsupported(what: &'static str, value: impl fmt::Debug) -> Self {
        Self::Unsupported { what, value: format!("{value:?}") }
    }
}
