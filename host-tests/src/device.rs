//! What is proved of the firmware: it links without panics and without an allocator, its code stays
//! within a budget of flash, it trains in the emulator, and everything that the library has gives the
//! host's bits there.

use std::path::Path;
use std::time::Duration;

use crate::emulator::{self, Board};
use crate::firmware::{self, Build, Firmware};
use crate::size::{self, Budget, Size};
use crate::tolerance;

/// Why the firmware is not as it must be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program could not be built, or could be built although it must not.
    #[error(transparent)]
    Build(#[from] firmware::Error),
    /// A program could not be run.
    #[error(transparent)]
    Run(#[from] emulator::Error),
    /// A size could not be measured, or is too large.
    #[error(transparent)]
    Size(#[from] size::Error),
    /// A program ended with an error.
    #[error("{job} on {board} ended with exit code {code}; its last line: {last}")]
    Exit {
        /// The program.
        job: &'static str,
        /// The board it ran on.
        board: Board,
        /// What it passed to semihosting's exit.
        code: i32,
        /// The last line of its log.
        last: String,
    },
    /// A network takes other flash than it says.
    #[error("{job} on {board}: {line}, but its static takes {found} bytes")]
    Network {
        /// The program.
        job: &'static str,
        /// The board it ran on.
        board: Board,
        /// What the program printed.
        line: String,
        /// What the linker laid out.
        found: u64,
    },
    /// A program allows other errors than the table of tolerances.
    #[error("{FLOAT} on {board} printed `{line}`, which is not what the table of tolerances allows")]
    Tolerance {
        /// The board it ran on.
        board: Board,
        /// What the program printed.
        line: String,
    },
    /// What the program said of its memory is not what the linker laid out.
    #[error("{job} on {board} printed no line `{expected}`, which is what its ELF file says")]
    Memory {
        /// The program.
        job: &'static str,
        /// The board it ran on.
        board: Board,
        /// The line that its sections amount to.
        expected: String,
    },
}

/// The profiles in which the firmware is built: opt-level 3 and "s".
pub const PROFILES: [&str; 2] = ["release", "size"];

/// The programs that hold nothing but calls of the library for a network, and link neither panics nor
/// allocations.
const NETWORKS: [&str; 3] = ["library_infer", "library_train", "library_all"];

/// The programs that together hold one of everything that the library has, and link neither panics nor
/// allocations either.
const FAMILIES: [&str; 7] = [
    "library_kernels",
    "library_arithmetic",
    "library_movement",
    "library_windows",
    "library_layers",
    "library_training",
    "library_data",
];

/// The programs that hold the `f32` kernels of a board's instruction set, and its int8 kernels in the MLPerf Tiny networks.
/// They link neither panics nor allocations.
const FASTEST: [&str; 2] = ["library_native", "library_models"];

/// The programs of a board: the families are linked with an FPU and without, which for them is all that
/// boards differ in.
fn library(board: Board) -> Vec<&'static str> {
    let families = if board == Board::Mps2An505 { &[][..] } else { &FAMILIES };
    [&NETWORKS[..], families].concat()
}

/// The program that they are compared with.
const START_UP: &str = "start_up_only";

/// The jobs: training of a network, and classification of handwritten digits.
const JOBS: [&str; 3] = ["digits", "rows", "head"];

/// The program that runs the int8 MLPerf Tiny networks.
const MODELS: &str = "models";

/// The program that compares the int8 kernels of a board's instruction set with the portable ones.
const INT8: &str = "int8";

/// The program that holds the `f32` kernels of a board's instruction set against sums in double precision.
const FLOAT: &str = "float";

/// The program that computes one of everything.
const FINGERPRINT: &str = "fingerprint";

/// The statics of a job that hold what the library works on.
const STATICS: [&str; 3] = ["NETWORK", "WORKSPACE", "ARENA"];

/// Features that plant what must not be there, and what the linker then says.
const PLANTED: [(&str, &str); 2] =
    [("planted-panic", "error(panic-never)"), ("planted-alloc", "error(never-allocate)")];

/// Proves that no panic and no allocation is reachable from the library's calls: these programs link,
/// and do not once either is planted.
///
/// # Errors
/// [`Error::Build`].
pub fn links(firmware: &Firmware, board: Board, mut report: impl FnMut(&str)) -> Result<(), Error> {
    for profile in PROFILES {
        for program in library(board) {
            let build = Build::new(board, program).profile(profile);
            firmware.build(&build)?;
            report(&format!("{build} links without panics and without an allocator"));
        }
        for (feature, message) in PLANTED {
            let build = Build::new(board, NETWORKS[0]).profile(profile).feature(feature);
            firmware.build_is_refused(&build, message)?;
            report(&format!("{build} is refused by the linker: {message}"));
        }
    }
    Ok(())
}

/// Proves the same of the kernels of a board's instruction set, or of the portable int8 kernels if it has none.
///
/// # Errors
/// [`Error::Build`].
pub fn links_fastest(firmware: &Firmware, board: Board, mut report: impl FnMut(&str)) -> Result<(), Error> {
    let programs = if board == Board::Mps2An385 { &FASTEST[1..] } else { &FASTEST };
    for profile in PROFILES {
        for program in programs {
            let build = Build::fastest(board, program).profile(profile);
            firmware.build(&build)?;
            report(&format!("{build} links without panics and without an allocator"));
        }
    }
    Ok(())
}

/// Measures the flash that the library's code takes for a network and holds it against the budget. What one of
/// everything takes says nothing about a device.
///
/// # Errors
/// [`Error::Size`] when it has grown, [`Error::Build`].
pub fn sizes(firmware: &Firmware, board: Board, budget: &Path, mut report: impl FnMut(&str)) -> Result<(), Error> {
    let budget = Budget::read(budget)?;
    for profile in PROFILES {
        let start_up = Size::of(&firmware.build(&Build::new(board, START_UP).profile(profile))?)?;
        for program in NETWORKS {
            let build = Build::new(board, program).profile(profile);
            let size = Size::of(&firmware.build(&build)?)?;
            let bytes = size.flash.saturating_sub(start_up.flash);
            let recorded = budget.check(&build, bytes)?;
            report(&format!("{build}: the library takes {bytes} bytes of flash, {recorded} recorded"));
        }
    }
    Ok(())
}

/// Builds the jobs for a board, runs them in the emulator and holds what they say of their memory against
/// their ELF files.
///
/// # Errors
/// [`Error::Exit`] when a job found something wrong, such as a loss that differs from the host's.
pub fn trains(firmware: &Firmware, board: Board, limit: Duration, mut report: impl FnMut(&str)) -> Result<(), Error> {
    for job in JOBS {
        let elf = firmware.build(&Build::new(board, job))?;
        let lines = passes(job, &elf, board, limit, &mut report)?;
        let Size { flash, ram } = Size::of(&elf)?;
        let [network, workspace, arena] = size::statics(&elf, STATICS)?;
        let expected = [
            format!("flash {flash} bytes, static RAM {ram} bytes"),
            format!("statics: network {network}, workspace {workspace}, arena {arena} bytes"),
        ];
        if let Some(expected) = expected.into_iter().find(|line| !lines.contains(line)) {
            return Err(Error::Memory { job, board, expected });
        }
    }
    Ok(())
}

/// Computes one of everything that the library has on a board in the emulator: all bits are the host's.
///
/// # Errors
/// [`Error::Exit`] when some are not; the log names them.
pub fn same_bits(
    firmware: &Firmware,
    board: Board,
    limit: Duration,
    mut report: impl FnMut(&str),
) -> Result<(), Error> {
    let elf = firmware.build(&Build::new(board, FINGERPRINT).profile("size"))?;
    passes(FINGERPRINT, &elf, board, limit, &mut report).map(drop)
}

/// Runs the int8 MLPerf Tiny networks on a board in the emulator: all outputs have TensorFlow Lite's bits, and the
/// statics of the networks are as large as the networks say. What could not be tried is in the log.
///
/// # Errors
/// [`Error::Exit`] when an output has others; [`Error::Network`].
pub fn models(firmware: &Firmware, board: Board, limit: Duration, mut report: impl FnMut(&str)) -> Result<(), Error> {
    let elf = firmware.build(&Build::fastest(board, MODELS))?;
    for line in passes(MODELS, &elf, board, limit, &mut report)? {
        let said = line.strip_prefix("network ").and_then(|line| line.split_once(": "));
        let Some((name, bytes)) = said.and_then(|(name, rest)| Some((name, rest.split_once(' ')?.0))) else { continue };
        let [found] = size::statics(&elf, [name])?;
        if bytes.parse() != Ok(found) {
            return Err(Error::Network { job: MODELS, board, line, found });
        }
    }
    Ok(())
}

/// Compares the int8 kernels of a board's instruction set with the portable ones, bit for bit. Boards without one are
/// left out.
///
/// # Errors
/// [`Error::Exit`] when an output differs; the log names the kernel.
pub fn int8(firmware: &Firmware, board: Board, limit: Duration, mut report: impl FnMut(&str)) -> Result<(), Error> {
    let Some(build) = native(board, INT8) else { return Ok(()) };
    let elf = firmware.build(&build)?;
    passes(INT8, &elf, board, limit, &mut report).map(drop)
}

/// Holds the `f32` kernels of a board's instruction set against sums in double precision, with the tolerances of
/// [`tolerance`]. Boards without such kernels are left out.
///
/// # Errors
/// [`Error::Exit`] when a result is too far off; [`Error::Tolerance`].
pub fn float(firmware: &Firmware, board: Board, limit: Duration, mut report: impl FnMut(&str)) -> Result<(), Error> {
    let Some(build) = native(board, FLOAT) else { return Ok(()) };
    let elf = firmware.build(&build)?;
    for line in passes(FLOAT, &elf, board, limit, &mut report)? {
        let Some((name, found)) = line.split_once(": ").filter(|(_, found)| found.ends_with(" failures")) else {
            continue;
        };
        let allowed = found.split(' ').rev().nth(3).and_then(|number| number.parse::<f64>().ok());
        if allowed.map(|roundings| roundings * tolerance::U) != Some(tolerance::of(name).rtol) {
            return Err(Error::Tolerance { board, line });
        }
    }
    Ok(())
}

/// A program with the kernels of a board's instruction set; `None` if it has none of its own.
fn native(board: Board, program: &str) -> Option<Build> {
    (board != Board::Mps2An385).then(|| Build::fastest(board, program))
}

/// Runs a program and returns its log, if its exit code is 0.
fn passes(
    job: &'static str,
    elf: &Path,
    board: Board,
    limit: Duration,
    report: impl FnMut(&str),
) -> Result<Vec<String>, Error> {
    let run = emulator::run(elf, board, limit, report)?;
    if run.exit_code != 0 {
        let last = run.lines.last().cloned().unwrap_or_default();
        return Err(Error::Exit { job, board, code: run.exit_code, last });
    }
    Ok(run.lines)
}
