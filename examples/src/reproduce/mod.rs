//! Trainings whose results PyTorch has too: the table of both, side by side.
//!
//! Each task is a recipe (network, data, optimiser, epochs) that was run in PyTorch 2.15 in single
//! precision with its default initialisation and five seeds. The same recipe runs here with seeds of
//! its own; the two agree where our mean is not worse than PyTorch's by more than two of its standard
//! deviations and 0.005.

mod autoencoders;
mod characters;
pub mod data;
pub mod error;
pub mod fit;
mod images;
pub mod program;
mod sequences;
mod tables;
mod task;

pub use task::{Better, Reference, Task};

/// All tasks, in the order of the table.
pub const TASKS: &[&[Task]] = &[
    images::DIGITS,
    sequences::TASKS,
    autoencoders::TASKS,
    tables::TASKS,
    images::MNIST,
    images::FASHION,
    characters::TASKS,
];
