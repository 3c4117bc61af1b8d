//! Functions of elements, of one tensor or of several that are broadcast to each other.

#![allow(dead_code, unused_imports, reason = "which adapters are used depends on the cases")]

mod composed;
mod several;
mod single;

pub(crate) use composed::*;
pub(crate) use several::*;
pub(crate) use single::*;
