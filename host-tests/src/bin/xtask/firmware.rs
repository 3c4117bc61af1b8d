//! The firmware: linted, linked without panics, held to its budget of flash, and run in the emulator.

use std::fmt::Display;
use std::time::Duration;

use tensorlet_host::device;
use tensorlet_host::emulator::Board;
use tensorlet_host::firmware::Firmware;

use crate::install::{Compiler, bare_metal, qemu};
use crate::shell::Shell;
use crate::step::{Note, Step, Stop};

/// The firmware's folder.
pub(crate) const FOLDER: &str = "examples/firmware";
/// How long a program may run in the emulator.
const LIMIT: Duration = Duration::from_secs(300);
pub(crate) const CLIPPY: Step = Step {
    name: "firmware-clippy",
    about: "lints on the firmware, for its target",
    run: |shell| {
        let way = bare_metal(shell, &targets())?;
        let mut cargo = way.cargo(shell, "clippy", Board::Mps2An386.target());
        cargo.args(["--release", "--bins", "--lib", "--", "-D", "warnings"]).current_dir(shell.root.join(FOLDER));
        shell.run(&mut cargo)?;
        Ok(way_note(way))
    },
    optional: false,
};

pub(crate) const PANICS: Step = Step {
    name: "firmware-panics",
    about: "no panic and no allocator is reachable from the library's calls; planted ones are caught",
    run: panics,
    optional: false,
};

pub(crate) const SIZE: Step =
    Step { name: "firmware-size", about: "flash of the library's code against its budget", run: size, optional: false };

pub(crate) const RUN: Step = Step {
    name: "firmware-run",
    about: "a convolutional and a recurrent network and a head on int8 trained, one of everything computed, int8 and f32 kernels \
            compared, and int8 networks run, on four emulated boards, bit for bit as on the host or in TensorFlow Lite",
    run,
    optional: false,
};

fn panics(shell: &Shell) -> Result<Note, Stop> {
    let way = bare_metal(shell, &targets())?;
    for board in Board::ALL {
        device::links(&firmware(shell), board, print).map_err(broken)?;
        device::links_fastest(&firmware(shell), board, print).map_err(broken)?;
    }
    device::links_fastest(&firmware(shell), Board::Mps3An547, print).map_err(broken)?;
    Ok(way_note(way))
}

fn size(shell: &Shell) -> Result<Note, Stop> {
    let way = bare_metal(shell, &targets())?;
    let budget = shell.root.join(FOLDER).join("budget.toml");
    for board in Board::ALL {
        device::sizes(&firmware(shell), board, &budget, print).map_err(broken)?;
    }
    Ok(way_note(way))
}

fn run(shell: &Shell) -> Result<Note, Stop> {
    let way = bare_metal(shell, &targets())?;
    qemu(shell)?;
    for board in Board::ALL {
        println!("on {board}, Rust's {}:", board.target());
        device::trains(&firmware(shell), board, LIMIT, print).map_err(broken)?;
        device::same_bits(&firmware(shell), board, LIMIT, print).map_err(broken)?;
        device::int8(&firmware(shell), board, LIMIT, print).map_err(broken)?;
        device::float(&firmware(shell), board, LIMIT, print).map_err(broken)?;
        device::models(&firmware(shell), board, LIMIT, print).map_err(broken)?;
    }
    println!("on {}:", Board::Mps3An547);
    device::int8(&firmware(shell), Board::Mps3An547, LIMIT, print).map_err(broken)?;
    device::float(&firmware(shell), Board::Mps3An547, LIMIT, print).map_err(broken)?;
    device::models(&firmware(shell), Board::Mps3An547, LIMIT, print).map_err(broken)?;
    Ok(way_note(way))
}

fn print(line: &str) {
    println!("  {line}");
}

fn firmware(shell: &Shell) -> Firmware {
    Firmware::new(shell.root.join(FOLDER))
}

fn targets() -> [&'static str; 3] {
    Board::ALL.map(Board::target)
}

fn way_note(way: Compiler) -> Note {
    match way {
        Compiler::Toolchain => Note::new(),
        Compiler::Debian => "with Debian's compiler".to_owned(),
    }
}

fn broken(error: impl Display) -> Stop {
    Stop::Broken(error.to_string())
}
