//! Training: both modes against each other, against PyTorch, and what happens when it goes wrong.

mod case;
mod errors;
mod frozen;
mod modes;
mod operators;
mod trajectories;
