//! Builds the programs of the firmware with whichever compiler here can.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::emulator::{Board, tool};

/// Why a program could not be built.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No compiler here can build for the target.
    #[error(
        "no compiler here builds for {target}: `rustup target add {target}`, or as root on Debian \
         `apt-get install cargo-web rustc-web rust-web-src binutils-arm-none-eabi`"
    )]
    MissingTarget {
        /// The target asked for.
        target: &'static str,
    },
    /// Cargo said no. Its own messages come before this.
    #[error("building {what} failed{}", shown(.output))]
    Build {
        /// The program, its target and profile.
        what: String,
        /// What cargo printed, where that was not shown as it came.
        output: String,
    },
    /// A build that must fail did not, or failed for another reason.
    #[error("{what} must fail to build with \"{expected}\", but {instead}")]
    NotRefused {
        /// The program, its target and profile.
        what: String,
        /// What the linker must say.
        expected: String,
        /// What happened.
        instead: String,
    },
    /// Cargo could not be run.
    #[error("cannot run cargo: {0}")]
    Cargo(io::Error),
}

fn shown(output: &str) -> String {
    if output.is_empty() { String::new() } else { format!(":\n{output}") }
}

/// Which program of the firmware to build, and how.
#[derive(Clone, Debug)]
pub struct Build {
    /// The board, which decides the target.
    pub board: Board,
    /// The program.
    pub program: String,
    /// The cargo profile: `release` (opt-level 3) or `size` (opt-level "s").
    pub profile: String,
    /// Features of the firmware's package.
    pub features: Vec<String>,
    /// Whether the firmware has one of everything that the library computes, which takes long to build.
    pub fingerprint: bool,
}

impl Build {
    /// A program in the profile `release`, with the features that the firmware has of itself.
    pub fn new(board: Board, program: &str) -> Self {
        let features = Vec::new();
        Self { board, program: program.to_owned(), profile: "release".to_owned(), features, fingerprint: true }
    }

    /// A program with the kernels for all that the board's core can do, which its target does not always tell, and without
    /// one of everything.
    pub fn fastest(board: Board, program: &str) -> Self {
        let build = Self { fingerprint: false, ..Self::new(board, program) };
        match board {
            Board::Mps2An385 | Board::Mps2An386 | Board::Mps2An500 => build,
            Board::Mps2An505 => build.feature("dsp"),
            Board::Mps3An547 => build.feature("mve"),
        }
    }

    /// The same in another profile.
    #[must_use]
    pub fn profile(mut self, profile: &str) -> Self {
        profile.clone_into(&mut self.profile);
        self
    }

    /// The same with another feature.
    #[must_use]
    pub fn feature(mut self, feature: &str) -> Self {
        self.features.push(feature.to_owned());
        self
    }
}

impl fmt::Display for Build {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} for {} (profile {}", self.program, self.board.target(), self.profile)?;
        for feature in &self.features {
            write!(out, ", feature {feature}")?;
        }
        out.write_str(")")
    }
}

/// Debian's compiler.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// A compiler that can build for a bare-metal target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// The cargo in use has the target's `core`.
    InUse,
    /// Debian's compiler builds `core` from Debian's source, and GNU's linker links.
    Debian,
}

impl Toolchain {
    /// Looks for a compiler for the target, as seen from `folder`, whose toolchain file may choose one.
    pub fn find(folder: &Path, target: &'static str) -> Result<Self, Error> {
        let library = tool("rustc").current_dir(folder).args(["--print", "target-libdir", "--target", target]).output();
        let in_use = library.is_ok_and(|output| {
            output.status.success() && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
        });
        if in_use {
            return Ok(Self::InUse);
        }
        let parts = ["/usr/bin/cargo", DEBIAN_RUSTC, "/usr/bin/arm-none-eabi-ld", "/usr/lib/rustlib/src/rust/library"];
        if parts.iter().all(|part| Path::new(part).exists()) {
            return Ok(Self::Debian);
        }
        Err(Error::MissingTarget { target })
    }

    /// The compiler's name and version, as seen from `folder`.
    pub fn compiler(self, folder: &Path) -> Result<String, Error> {
        let rustc = match self {
            Self::InUse => "rustc",
            Self::Debian => DEBIAN_RUSTC,
        };
        let output = tool(rustc).current_dir(folder).arg("--version").output().map_err(Error::Cargo)?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// `cargo build --target TARGET`.
    fn cargo_build(self, target: &str) -> Command {
        match self {
            Self::InUse => {
                let mut cargo = tool("cargo");
                cargo.args(["build", "--target", target]);
                cargo
            }
            Self::Debian => {
                let linker = format!("CARGO_TARGET_{}_LINKER", target.to_uppercase().replace(['-', '.'], "_"));
                let mut cargo = tool("/usr/bin/cargo");
                cargo.args(["build", "--target", target, "-Zbuild-std=core,alloc"]);
                cargo.env("RUSTC_BOOTSTRAP", "1").env("RUSTC", DEBIAN_RUSTC).env(linker, "arm-none-eabi-ld");
                cargo
            }
        }
    }
}

/// The firmware's folder, a cargo workspace of its own.
#[derive(Clone, Debug)]
pub struct Firmware {
    folder: PathBuf,
}

impl Firmware {
    /// The firmware in this folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Builds a program, showing cargo's progress, and returns its path.
    pub fn build(&self, build: &Build) -> Result<PathBuf, Error> {
        self.cargo(build, Stdio::inherit())
    }

    /// Checks that a program cannot be built, and that the compiler or linker says `expected`.
    pub fn build_is_refused(&self, build: &Build, expected: &str) -> Result<(), Error> {
        let instead = match self.cargo(build, Stdio::piped()) {
            Err(Error::Build { output, .. }) if output.contains(expected) => return Ok(()),
            Err(Error::Build { output, .. }) => format!("it failed otherwise:\n{output}"),
            Err(other) => return Err(other),
            Ok(_) => "it was built".to_owned(),
        };
        Err(Error::NotRefused { what: build.to_string(), expected: expected.to_owned(), instead })
    }

    fn cargo(&self, build: &Build, messages: Stdio) -> Result<PathBuf, Error> {
        let target = build.board.target();
        let mut cargo = Toolchain::find(&self.folder, target)?.cargo_build(target);
        cargo
            .current_dir(&self.folder)
            .args(["--locked", "--message-format", "json-render-diagnostics"])
            .args(["--profile", &build.profile, "--bin", &build.program, "--features", &build.features.join(",")])
            .args((!build.fingerprint).then_some("--no-default-features"))
            .stdin(Stdio::null())
            .stderr(messages);
        let output = cargo.stdout(Stdio::piped()).spawn().and_then(Child::wait_with_output).map_err(Error::Cargo)?;
        let failed =
            || Error::Build { what: build.to_string(), output: String::from_utf8_lossy(&output.stderr).into_owned() };
        if !output.status.success() {
            return Err(failed());
        }
        String::from_utf8_lossy(&output.stdout).lines().filter_map(executable).next_back().ok_or_else(failed)
    }
}

/// The path of the program that one of cargo's JSON messages reports, if it reports one.
fn executable(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    message.get("executable")?.as_str().map(PathBuf::from)
}
