//! What can end a program early, and with which exit code.

use std::io;
use std::path::PathBuf;

use tensorlet_host::weights::WeightsError;

use crate::digits::data::DataError;

/// Why a program ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file of digits cannot be read.
    #[error("cannot read the digits in {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// The digits are damaged.
    #[error("the digits in {origin} are damaged: {source}")]
    Data {
        /// Where they come from.
        origin: String,
        /// What is wrong.
        source: DataError,
    },
    /// A single digit is for testing, so that none is left to learn from.
    #[error("the digits in {origin} are too few: at least two are needed, one to learn from and one to test with")]
    TooFew {
        /// Where they come from.
        origin: String,
    },
    /// The folder for the results cannot be made or written into.
    #[error("cannot write into {}: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// Training stopped: the loss is no longer a number.
    #[error("training stopped in epoch {epoch} of seed {seed}, nothing was written: {source}")]
    Training {
        /// The seed of the run.
        seed: u64,
        /// The epoch, from 1.
        epoch: u32,
        /// What the library found.
        source: tensorlet::Error,
    },
    /// Training stopped: the loss grew far beyond that of guessing.
    #[error(
        "training stopped in epoch {epoch} of seed {seed}, nothing was written: \
         the loss diverged to {loss:.1}, guessing has {guessing:.1}; lower the learning rate"
    )]
    Diverged {
        /// The seed of the run.
        seed: u64,
        /// The epoch, from 1.
        epoch: u32,
        /// The mean loss of the epoch.
        loss: f32,
        /// The loss of a network that gives all digits the same probability.
        guessing: f32,
    },
    /// The networks of a sweep do not share out among the seeds.
    #[cfg(feature = "gpu")]
    #[error("{copies} networks cannot be shared out among {seeds} seeds: take a multiple, such as {}", copies.next_multiple_of(*seeds))]
    Copies {
        /// The networks.
        copies: usize,
        /// The seeds.
        seeds: usize,
    },
    /// The rates of a sweep are not a range.
    #[cfg(feature = "gpu")]
    #[error("the largest rate {most} is below the smallest, {least}")]
    Rates {
        /// The smallest.
        least: f32,
        /// The largest.
        most: f32,
    },
    /// The GPU cannot do it, or stopped doing it.
    #[cfg(feature = "gpu")]
    #[error(transparent)]
    Gpu(#[from] tensorlet_host::gpu::OffloadError),
    /// The report cannot be printed.
    #[error("cannot print: {0}")]
    Print(io::Error),
    /// The weights could not be stored.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The picture could not be stored.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
}

impl Error {
    /// Whether nobody is left to read what the program prints, as when its output goes to `head`.
    #[must_use]
    pub fn nobody_listens(&self) -> bool {
        matches!(self, Self::Print(source) if source.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The exit code of the program: 2 where something was asked for that cannot be done, as for a
    /// bad option; 1 where the work itself failed.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Read { .. } | Self::Data { .. } | Self::TooFew { .. } | Self::Folder { .. } => 2,
            #[cfg(feature = "gpu")]
            Self::Copies { .. } | Self::Rates { .. } => 2,
            #[cfg(feature = "gpu")]
            Self::Gpu(_) => 1,
            Self::Training { .. } | Self::Diverged { .. } | Self::Print(_) | Self::Weights(_) | Self::Write { .. } => 1,
        }
    }
}
