//! The firmware: linted, linked without panics, held to its budget of flash, and run in the emulator.

use std::fmt::Display;
use std::path::PathBuf;
use std::time::Duration;

use tensorlet_host::emulator::{self, Board};
use tensorlet_host::firmware::{Build, Firmware};
use tensorlet_host::size::{Budget, Size};

use crate::install::{BareMetal, bare_metal, qemu};
use crate::shell::Shell;
use crate::step::{Note, Step, Stop};

/// The firmware's folder.
pub(crate) const FOLDER: &str = "examples/firmware";
/// How long a program may run in the emulator.
const LIMIT: Duration = Duration::from_secs(300);
/// What must not link when planted, and what the compiler or linker says about it.
const PLANTED: &[(&str, &str)] = &[("planted-panic", "error(panic-never)"), ("planted-alloc", "error(never-allocate)")];

pub(crate) const CLIPPY: Step = Step {
    name: "firmware-clippy",
    about: "lints on the firmware, for its target",
    run: |shell| {
        let way = bare_metal(shell, &targets())?;
        let mut cargo = way.cargo(shell, "clippy", Board::Mps2An386.target());
        cargo.args(["--bins", "--lib", "--", "-D", "warnings"]).current_dir(shell.root.join(FOLDER));
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
    about: "the digits job on three emulated boards, bit for bit as on the host",
    run,
    optional: false,
};

fn panics(shell: &Shell) -> Result<Note, Stop> {
    let way = bare_metal(shell, &targets())?;
    let firmware = firmware(shell);
    for board in Board::ALL {
        let build = Build::new(board, "library_only");
        println!("linking {build}");
        firmware.build(&build).map_err(broken)?;
        for (feature, said) in PLANTED {
            let planted = build.clone().feature(feature);
            println!("linking {planted}, which must fail");
            firmware.build_is_refused(&planted, said).map_err(broken)?;
        }
    }
    Ok(way_note(way))
}

fn size(shell: &Shell) -> Result<Note, Stop> {
    let way = bare_metal(shell, &targets())?;
    let firmware = firmware(shell);
    let budget = Budget::read(&shell.root.join(FOLDER).join("budget.toml")).map_err(broken)?;
    let board = Board::Mps2An386;
    let mut notes = Vec::new();
    for profile in ["size", "release"] {
        let program = Build::new(board, "library_only").profile(profile);
        let frame = Build::new(board, "start_up_only").profile(profile);
        let program_size = Size::of(&firmware.build(&program).map_err(broken)?).map_err(broken)?;
        let frame_size = Size::of(&firmware.build(&frame).map_err(broken)?).map_err(broken)?;
        let bytes = program_size.flash.saturating_sub(frame_size.flash);
        let recorded = budget.check(&program, bytes).map_err(broken)?;
        println!("{program}: {bytes} bytes of library code in flash, {recorded} recorded");
        notes.push(format!("{profile} {bytes} B of {recorded}"));
    }
    notes.extend((way == BareMetal::Debian).then(|| way_note(way)));
    Ok(notes.join(", "))
}

fn run(shell: &Shell) -> Result<Note, Stop> {
    let way = bare_metal(shell, &targets())?;
    qemu(shell)?;
    let firmware = firmware(shell);
    for board in Board::ALL {
        let build = Build::new(board, "digits");
        println!("building {build}");
        let elf: PathBuf = firmware.build(&build).map_err(broken)?;
        println!("running on {board}");
        let end = emulator::run(&elf, board, LIMIT, |line| println!("  {line}")).map_err(broken)?;
        if end.exit_code != 0 {
            return Err(Stop::Broken(format!("{build} ended on {board} with exit code {}", end.exit_code)));
        }
    }
    Ok(way_note(way))
}

fn firmware(shell: &Shell) -> Firmware {
    Firmware::new(shell.root.join(FOLDER))
}

fn targets() -> [&'static str; 3] {
    Board::ALL.map(Board::target)
}

fn way_note(way: BareMetal) -> Note {
    match way {
        BareMetal::Toolchain => Note::new(),
        BareMetal::Debian => "with Debian's compiler".to_owned(),
    }
}

fn broken(error: impl Display) -> Stop {
    Stop::Broken(error.to_string())
}
