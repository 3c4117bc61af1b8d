//! Runs a program for a microcontroller in QEMU, decodes its log and enforces a limit of time.
//!
//! ```no_run
//! use std::time::Duration;
//! use tensorlet_host::emulator::{self, Board};
//! use tensorlet_host::firmware::{Build, Firmware};
//!
//! let board = Board::Mps2An386;
//! let elf = Firmware::new("examples/firmware").build(&Build::new(board, "digits"))?;
//! let run = emulator::run(&elf, board, Duration::from_secs(60), |line| println!("{line}"))?;
//! assert_eq!(run.exit_code, 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use defmt_decoder::{DecodeError, Table};

/// Why a program could not be run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// QEMU is not installed.
    #[error("{QEMU} is not on the PATH: as root, `apt-get install {QEMU}`")]
    MissingQemu,
    /// The program did not end in time.
    #[error("{machine} did not end within {} s; its last line: {last}", limit.as_secs())]
    TimedOut {
        /// The emulated machine.
        machine: &'static str,
        /// The limit.
        limit: Duration,
        /// The last line logged.
        last: String,
    },
    /// QEMU ended by a signal.
    #[error("QEMU was ended by a signal")]
    Killed,
    /// The program holds no table of log messages.
    #[error("{}: cannot read its log messages: {why}", elf.display())]
    Messages {
        /// The program.
        elf: PathBuf,
        /// What the decoder said.
        why: String,
    },
    /// The log is damaged.
    #[error("the log holds a frame that cannot be decoded, after the line: {last}")]
    Frame {
        /// The last line that could be read.
        last: String,
    },
    /// A program or a file could not be used.
    #[error("{what}: {source}")]
    Io {
        /// The program or file.
        what: String,
        /// What the system said.
        source: io::Error,
    },
}

pub(crate) const QEMU: &str = "qemu-system-arm";

/// A board that the firmware is built for and QEMU emulates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Board {
    /// Cortex-M3, which runs what is built for Armv6-M: no FPU, `f32` in software.
    Mps2An385,
    /// Cortex-M4F.
    Mps2An386,
    /// Cortex-M7 with FPU, which runs what is built for the Cortex-M4F.
    Mps2An500,
    /// Cortex-M33 with FPU, in the secure state.
    Mps2An505,
    /// Cortex-M55 with FPU and vectors, in the secure state.
    Mps3An547,
}

impl Board {
    /// The boards that run everything; the Cortex-M4F, for which most is measured, first. The Cortex-M55 has the target of
    /// the Cortex-M33, and runs what vectors are for.
    pub const ALL: [Self; 3] = [Self::Mps2An386, Self::Mps2An385, Self::Mps2An505];

    /// Rust's name of the target that the firmware for this board is built for.
    pub fn target(self) -> &'static str {
        match self {
            Self::Mps2An385 => "thumbv6m-none-eabi",
            Self::Mps2An386 | Self::Mps2An500 => "thumbv7em-none-eabihf",
            Self::Mps2An505 | Self::Mps3An547 => "thumbv8m.main-none-eabihf",
        }
    }

    /// QEMU's name of the machine.
    pub fn machine(self) -> &'static str {
        match self {
            Self::Mps2An385 => "mps2-an385",
            Self::Mps2An386 => "mps2-an386",
            Self::Mps2An500 => "mps2-an500",
            Self::Mps2An505 => "mps2-an505",
            Self::Mps3An547 => "mps3-an547",
        }
    }

    /// The board that a program was built for, from the path where cargo puts it.
    pub fn of_program(elf: &Path) -> Option<Self> {
        Self::ALL.into_iter().find(|board| elf.iter().any(|part| part == board.target()))
    }
}

impl fmt::Display for Board {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.machine())
    }
}

/// How a program ended and what it logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The code that the program passed to semihosting's exit.
    pub exit_code: i32,
    /// The lines of its log.
    pub lines: Vec<String>,
}

/// A command without what `cargo run` has set for this process.
pub(crate) fn tool(program: &str) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        let inherited = name.to_str().is_some_and(|name| {
            matches!(name, "CARGO" | "LD_LIBRARY_PATH")
                || name.starts_with("CARGO_PKG_")
                || name.starts_with("CARGO_MANIFEST_")
        });
        if inherited {
            command.env_remove(name);
        }
    }
    command
}

fn io_error(what: impl fmt::Display) -> impl FnOnce(io::Error) -> Error {
    let what = what.to_string();
    move |source| Error::Io { what, source }
}

/// Runs a program on an emulated board until it exits, and hands over each line of its log as it comes.
///
/// QEMU counts every instruction as 64 ns, whatever the host's speed, so a run is repeatable to the instruction.
pub fn run(elf: &Path, board: Board, limit: Duration, mut on_line: impl FnMut(&str)) -> Result<Run, Error> {
    let begin = Instant::now();
    let bytes = fs::read(elf).map_err(io_error(elf.display()))?;
    let no_messages = |why: String| Error::Messages { elf: elf.to_owned(), why };
    let table = Table::parse(&bytes)
        .map_err(|why| no_messages(why.to_string()))?
        .ok_or_else(|| no_messages("it has no section `.defmt`".to_owned()))?;
    let mut decoder = table.new_stream_decoder();

    let mut qemu = Qemu::start(elf, board)?;
    let mut lines: Vec<String> = Vec::new();
    let last = |lines: &[String]| lines.last().map_or("(none)", String::as_str).to_owned();
    loop {
        match qemu.output.recv_timeout(limit.saturating_sub(begin.elapsed())) {
            Ok(chunk) => decoder.received(&chunk.map_err(io_error(QEMU))?),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                return Err(Error::TimedOut { machine: board.machine(), limit, last: last(&lines) });
            }
        }
        loop {
            match decoder.decode() {
                Ok(frame) => {
                    let line = frame.display_message().to_string();
                    on_line(&line);
                    lines.push(line);
                }
                Err(DecodeError::UnexpectedEof) => break,
                Err(DecodeError::Malformed) => return Err(Error::Frame { last: last(&lines) }),
            }
        }
    }
    let status = qemu.child.wait().map_err(io_error(QEMU))?;
    Ok(Run { exit_code: status.code().ok_or(Error::Killed)?, lines })
}

/// QEMU while it runs; ended when dropped.
struct Qemu {
    child: Child,
    output: Receiver<io::Result<Vec<u8>>>,
}

impl Qemu {
    fn start(elf: &Path, board: Board) -> Result<Self, Error> {
        let mut child = tool(QEMU)
            .args(["-machine", board.machine(), "-display", "none", "-serial", "none", "-monitor", "none"])
            .args(["-chardev", "stdio,id=log,signal=off"])
            .args(["-semihosting-config", "enable=on,target=native,chardev=log"])
            .args(["-icount", "shift=6,sleep=off"])
            .arg("-kernel")
            .arg(elf)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|source| match source.kind() {
                io::ErrorKind::NotFound => Error::MissingQemu,
                _ => Error::Io { what: QEMU.to_owned(), source },
            })?;
        let (sender, output) = mpsc::channel();
        if let Some(mut stdout) = child.stdout.take() {
            thread::spawn(move || {
                let mut chunk = [0; 4096];
                loop {
                    let read = stdout.read(&mut chunk).map(|count| chunk[..count].to_vec());
                    let more = matches!(&read, Ok(bytes) if !bytes.is_empty());
                    // The receiver is gone when the limit of time has passed.
                    if sender.send(read).is_err() || !more {
                        break;
                    }
                }
            });
        }
        Ok(Self { child, output })
    }
}

impl Drop for Qemu {
    fn drop(&mut self) {
        // Both fail only for a process that has ended and been waited for, which is the usual case.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
