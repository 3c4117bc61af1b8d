//! The bare-metal half of the examples: a board, a counter of instructions and a view of the memory.
//!
//! [`board`] drives an LED and reads a counter of Arm's MPS2 boards, which QEMU emulates. [`memory`] says how much
//! flash, static RAM and stack the program uses, from the linker's symbols and the painted stack. [`job`] runs a
//! job of training, which [`meter`] measures while it runs, and [`report`] prints what came out. The rest is for the proofs at link time that
//! no panic and no allocation is reachable.

#![no_std]

pub mod alone;
pub mod board;
mod exit;
pub mod float;
pub mod int8;
pub mod job;
pub mod memory;
pub mod meter;
pub mod models;
mod never_allocate;
mod planted;
pub mod report;

pub use exit::Exit;
pub use never_allocate::NeverAllocate;
pub use planted::planted;

/// A program of these families of `fingerprint` and nothing else. As `library_infer`, it links only if neither a
/// panic nor an allocation is reachable, whatever is called with whichever arguments.
#[macro_export]
macro_rules! only {
    ($($family:ident),+) => {
        use panic_never as _;

        #[global_allocator]
        static ALLOCATOR: $crate::NeverAllocate = $crate::NeverAllocate;

        #[cortex_m_rt::entry]
        fn main() -> ! {
            $(tensorlet_examples::fingerprint::$family::keep();)+
            loop {
                cortex_m::asm::wfi();
            }
        }
    };
}
