//! Reductions, and what runs along dimensions.

#![allow(dead_code, unused_imports, reason = "which adapters are used depends on the cases")]

mod chosen;
mod running;
mod seeds;
mod totals;

pub(crate) use chosen::*;
pub(crate) use running::*;
pub(crate) use seeds::*;
pub(crate) use totals::*;
