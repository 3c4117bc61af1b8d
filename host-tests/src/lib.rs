#![allow(missing_docs)]

pub mod emulator;
pub mod file;
pub mod firmware;
pub mod size;
pub mod weights;
