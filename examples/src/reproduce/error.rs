//! Why a task could not be run.

use std::{io, path::PathBuf};

/// Why a task could not be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The data is not part of this package and not in the folder: the task is left out.
    #[error("{} is not there: put the file into the folder that `--data` names", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{file} is damaged: {what}")]
    Damaged {
        /// The file.
        file: String,
        /// What is wrong with it.
        what: String,
    },
    /// The training stopped.
    #[error("training stopped: {0}")]
    Training(#[from] tensorlet::Error),
    /// Something cannot be printed.
    #[error("cannot print: {0}")]
    Print(io::Error),
    /// No task has a name of this kind.
    #[error("no task has `{0}` in its name; `--list` shows them")]
    NoTask(String),
}
