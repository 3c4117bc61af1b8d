//! The bare-metal half of the digits example: a board, a counter of instructions and a view of the memory.
//!
//! [`board`] drives an LED and reads a counter of Arm's MPS2 boards, which QEMU emulates. [`memory`] says how much
//! flash, static RAM and stack the program uses, from the linker's symbols and the painted stack. The rest is for the
//! proofs at link time that no panic and no allocation is reachable.

#![no_std]

pub mod board;
pub mod memory;
mod never_allocate;
mod planted;

pub use never_allocate::NeverAllocate;
pub use planted::planted;
