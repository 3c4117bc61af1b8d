//! Training: both modes against each other, and what happens when it goes wrong. Against PyTorch it is
//! held by `tests/conformance`.

mod errors;
mod frozen;
mod groups;
mod inputs;
mod modes;
mod partial;
mod schedules;
mod seeds;
mod statistics;
mod values;
