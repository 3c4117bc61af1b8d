//! What can go wrong at run time. Shapes cannot: they are checked when the program is compiled.

use core::fmt;

/// An error of a call on the device path.
///
/// Each is found before anything is changed: after an error the network holds the weights that it
/// held before the call.
#[derive(Clone, Copy, Debug, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Error {
    /// An arena or workspace is too short for the network and batch.
    WorkspaceTooSmall {
        /// 32-bit words that the call needs.
        needed: usize,
        /// 32-bit words that were given.
        given: usize,
    },
    /// A recurrent network's state is shorter than the batch needs.
    StateTooSmall {
        /// 32-bit words that the call needs.
        needed: usize,
        /// 32-bit words that were given.
        given: usize,
    },
    /// An index into a table, such as a token of an embedding, lies outside of it.
    IndexOutOfRange {
        /// The position among all indices of the call.
        position: usize,
        /// The index found there.
        index: i64,
        /// The number of entries.
        entries: usize,
    },
    /// A class label is not below the number of classes.
    LabelOutOfRange {
        /// The position among all labels of the batch.
        index: usize,
        /// The label found there.
        label: i64,
        /// The number of classes.
        classes: usize,
    },
    /// The batch holds no sample.
    EmptyBatch,
    /// The batch is too small to train on: batch normalisation needs more than one value per channel.
    BatchTooSmall {
        /// Samples that the network needs.
        needed: usize,
        /// Samples that were given.
        given: usize,
    },
    /// Inputs and targets differ in number.
    BatchMismatch {
        /// The number of inputs.
        inputs: usize,
        /// The number of targets.
        targets: usize,
    },
    /// The loss is NaN or infinite: training diverged, or the input holds such a number.
    NonFiniteLoss {
        /// The loss as it came out.
        loss: f32,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::WorkspaceTooSmall { needed, given } => {
                write!(f, "the workspace holds {given} words, {needed} are needed for this network and batch")
            }
            Self::StateTooSmall { needed, given } => {
                write!(f, "the state holds {given} words, {needed} are needed for this network and batch")
            }
            Self::IndexOutOfRange { position, index, entries } => {
                write!(f, "index {index} at position {position} is out of range: the table has {entries} entries")
            }
            Self::LabelOutOfRange { index, label, classes } => {
                write!(f, "label {label} at position {index} is out of range: the network has {classes} classes")
            }
            Self::EmptyBatch => f.write_str("the batch holds no sample"),
            Self::BatchTooSmall { needed, given } => {
                write!(f, "training this network needs batches of at least {needed} samples, not {given}")
            }
            Self::BatchMismatch { inputs, targets } => {
                write!(f, "the batch has {inputs} inputs but {targets} targets")
            }
            Self::NonFiniteLoss { loss } => {
                write!(
                    f,
                    "the loss is {loss}: training diverged (lower the learning rate) or the input holds such numbers"
                )
            }
        }
    }
}

impl core::error::Error for Error {}
