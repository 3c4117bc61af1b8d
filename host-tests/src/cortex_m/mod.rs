//! What kernels and networks cost on Cortex-M, seen from the host: modelled cycles, and bytes of flash.
//!
//! A program on an emulated board counts instructions by itself. [`trace`] follows the same program a second time in
//! QEMU's log of what it executes and adds [`cycles`] by a model of the Cortex-M4; [`footprint`] finds in the program's
//! file what a piece of it can reach. [`measure`] does all of that on a board, [`record`] compares with what is recorded
//! and with what others take.

pub mod cycles;
pub mod footprint;
pub mod measure;
pub mod record;
pub mod trace;

use std::path::PathBuf;

/// Why a program could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// QEMU could not be run, or its log not be read.
    #[error("{what}: {source}")]
    Io {
        /// The program or file.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The model says nothing about an instruction.
    #[error(
        "no cycles are known of `{instruction}`: QEMU needs to be built with capstone, or the model to be extended"
    )]
    Unknown {
        /// As in the log.
        instruction: String,
    },
    /// A line of QEMU's log is not as expected.
    #[error("QEMU's log cannot be read: {line}")]
    Log {
        /// The line.
        line: String,
    },
    /// The program ended otherwise than with the exit code 0.
    #[error("the traced program ended with {status}")]
    Exit {
        /// How it ended.
        status: String,
    },
    /// The program could not be built.
    #[error(transparent)]
    Build(#[from] crate::firmware::Error),
    /// The program could not be run.
    #[error(transparent)]
    Run(#[from] crate::emulator::Error),
    /// A size could not be measured.
    #[error(transparent)]
    Size(#[from] crate::size::Error),
    /// The two ways to count instructions do not agree.
    #[error("{workload}: the counter gives {counter} instructions, the trace {trace}")]
    Counts {
        /// What was measured.
        workload: String,
        /// By the board's counter.
        counter: u64,
        /// By the trace.
        trace: u64,
    },
    /// The program is not an ELF file, or lacks a symbol.
    #[error("{}: {why}", path.display())]
    Program {
        /// The program.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}
