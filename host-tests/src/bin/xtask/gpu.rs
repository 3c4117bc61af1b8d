//! Networks on a GPU, or on a device in software.

use std::env;
use std::process::Command;

use crate::host::ALL_TESTS;
use crate::install;
use crate::shell::Shell;
use crate::step::{Note, Step, Stop};

pub(crate) const STEP: Step = Step {
    name: "gpu",
    about: "networks on a GPU, or on Vulkan in software: beside the CPU, and beside PyTorch's results",
    run,
    optional: false,
};

/// What the tests say at the end where they found no device.
const NOT_RUN: &str = "not run: ";

/// `cargo test …`. Without a folder for sockets the drivers complain of it each time that a device is opened.
fn tests(shell: &Shell) -> Command {
    let mut cargo = shell.cargo(ALL_TESTS);
    if env::var_os("XDG_RUNTIME_DIR").is_none() {
        cargo.env("XDG_RUNTIME_DIR", env::temp_dir());
    }
    cargo
}

fn run(shell: &Shell) -> Result<Note, Stop> {
    let enable = install::vulkan(shell);
    let mut missing = None;
    let mut cargo = tests(shell);
    let networks = shell.test_and(cargo.args(["--test", "gpu"]), |line| {
        missing = line.strip_prefix(NOT_RUN).map(str::to_owned).or(missing.take());
    });
    let mut cargo = tests(shell);
    cargo.args(["--lib", "--", "gpu::"]);
    if missing.is_none() {
        cargo.arg("--include-ignored");
    }
    networks.and(shell.test(&mut cargo))?;
    match missing {
        Some(why) => Err(Stop::NotRun { why, enable }),
        None => Ok(Note::new()),
    }
}
