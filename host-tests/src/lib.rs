#![allow(missing_docs)]

pub mod device;
pub mod emulator;
pub mod file;
pub mod firmware;
pub mod framed;
pub mod instruction_sets;
pub mod reference;
pub mod size;
pub mod tolerance;
pub mod weights;
