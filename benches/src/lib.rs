//! tensorlet beside its peers: cases as data, the same inputs for everyone, answers compared before timing.
//!
//! `cargo xtask bench` builds and runs all of it; `cargo bench -p tensorlet-benches` times tensorlet alone, for
//! who works on a kernel.

#![deny(unsafe_code)]

pub mod arrays;
pub mod case;
pub mod chart;
pub mod child;
pub mod clock;
pub mod compare;
pub mod contestant;
pub mod count;
pub mod driver;
pub mod gumbel;
pub mod inputs;
pub mod markdown;
pub mod networks;
pub mod ours;
pub mod parameters;
pub mod peak;
pub mod record;
pub mod serve;
pub mod table;

/// What may go wrong is told to a person.
pub type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;
