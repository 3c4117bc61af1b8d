#![allow(missing_docs)]

pub mod device;
pub mod emulator;
pub mod file;
pub mod firmware;
pub mod size;
pub mod weights;
