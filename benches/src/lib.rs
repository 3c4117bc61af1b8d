//! Times whole jobs, on every instruction set that the processor has: `cargo bench -p tensorlet-benches`.

#![no_std]
#![forbid(unsafe_code)]
