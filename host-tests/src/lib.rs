#![allow(missing_docs)]

pub mod emulator;
pub mod firmware;
pub mod size;
