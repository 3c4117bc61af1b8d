//! `cargo xtask cortex-m`: instructions, modelled cycles and flash of kernels and networks on emulated Cortex-M.
//!
//! What a build takes depends on the compiler, so what is recorded names it, and holds only for it. Networks are measured
//! where their models are.

use std::fs;
use std::time::Duration;

use serde::de::DeserializeOwned;
use tensorlet_host::{
    cortex_m::{
        measure::{BOARDS, measure},
        record::{Peers, Record, TOLERANCE},
    },
    emulator::Board,
    file,
    firmware::{Firmware, Toolchain},
};

use crate::firmware::FOLDER;
use crate::install::{bare_metal, qemu};
use crate::shell::Shell;
use crate::step::{Note, Step, Stop};

/// What others take.
const PEERS: &str = "benches/cortex_m.toml";
/// What was recorded.
const RECORD: &str = "benches/record/cortex_m.toml";
/// The same for people.
const PAGE: &str = "benches/record/CORTEX_M.md";
/// How long the program may run on a board.
const LIMIT: Duration = Duration::from_secs(300);

pub(crate) const STEP: Step = Step {
    name: "cortex-m",
    about: "instructions, modelled cycles and flash on five emulated Cortex-M against those recorded",
    run: |shell| cortex_m(shell, &CortexMArgs::default()),
    optional: false,
};

#[derive(clap::Args, Default)]
pub(crate) struct CortexMArgs {
    /// Records the figures instead of comparing with those recorded.
    #[arg(long)]
    record: bool,
    /// Only this core: M0+, M4, M7, M33, M55. May be given several times.
    #[arg(long, value_name = "CORE", value_parser = clap::builder::PossibleValuesParser::new(BOARDS.map(|(_, core)| core)))]
    board: Vec<String>,
}

pub(crate) fn cortex_m(shell: &Shell, arguments: &CortexMArgs) -> Result<Note, Stop> {
    let targets = Board::ALL.map(Board::target);
    bare_metal(shell, &targets)?;
    qemu(shell)?;
    let folder = shell.root.join(FOLDER);
    let broken = |error: &dyn std::fmt::Display| Stop::Broken(error.to_string());
    let toolchain = Toolchain::find(&folder, Board::Mps2An386.target()).map_err(|error| broken(&error))?;
    let rustc = toolchain.compiler(&folder).map_err(|error| broken(&error))?;
    let peers: Peers = read(shell, PEERS)?;
    let path = shell.root.join(RECORD);
    let recorded: Record = if path.exists() { read(shell, RECORD)? } else { Record::default() };
    let same = recorded.rustc == rustc;
    let mut new = Record { rustc: rustc.clone(), ..Record::default() };
    let firmware = Firmware::new(folder);
    let (mut grown, mut exceeded, mut counts, mut missing) = (Vec::new(), Vec::new(), 0, false);
    for (board, core) in BOARDS {
        if !arguments.board.is_empty() && !arguments.board.iter().any(|asked| asked == core) {
            continue;
        }
        println!("Cortex-{core}: {}", on(board));
        let measurements = measure(&firmware, board, LIMIT, |line| {
            println!("  {line}");
            missing = true;
        })
        .map_err(|error| broken(&error))?;
        let mut measured = Record::default();
        for measurement in &measurements {
            new.put(core, measurement);
            measured.put(core, measurement);
            grown.extend(recorded.grown(core, measurement));
            exceeded.extend(Record::exceeded(core, measurement, &peers));
            counts += 1;
        }
        println!("{}", measured.table(core, &peers));
    }
    if arguments.record {
        // Without a network's model, or for other cores, what was recorded stays.
        if same && (missing || !arguments.board.is_empty()) {
            new.keep(recorded);
        }
        let text = toml::to_string(&new).map_err(|error| broken(&error))?;
        let cores = BOARDS.map(|(board, core)| (core, on(board)));
        let cores = cores.each_ref().map(|(core, on)| (*core, on.as_str()));
        for (name, text) in [(RECORD, text), (PAGE, new.page(&cores, &peers))] {
            file::replace(&shell.root.join(name), text.as_bytes())
                .map_err(|error| Stop::Broken(format!("{name}: {error}")))?;
        }
        return Ok(format!("{RECORD} and {PAGE} are written"));
    }
    if !exceeded.is_empty() {
        return Err(Stop::Broken(format!("more than the bars of {PEERS}: {}", exceeded.join("; "))));
    }
    if !same {
        return Err(Stop::NotRun {
            why: format!("{:?} is recorded, this is {rustc:?}", recorded.rustc),
            enable: "cargo xtask cortex-m --record   (once the figures printed above are as they should be)".to_owned(),
        });
    }
    if grown.is_empty() {
        let but = if missing { "; what was not tried is above" } else { "" };
        return Ok(format!("{counts} figures, none more than {TOLERANCE} % over what is recorded{but}"));
    }
    let again = "where that is meant: cargo xtask cortex-m --record";
    Err(Stop::Broken(format!("more than {TOLERANCE} % over what is recorded: {}; {again}", grown.join("; "))))
}

/// What ran where.
fn on(board: Board) -> String {
    let target = board.target();
    match board {
        Board::Mps2An385 => format!("code for Armv6-M ({target}) on {board}, whose core is a Cortex-M3"),
        Board::Mps2An500 => format!("the same program as on the M4 ({target}), on {board}"),
        Board::Mps2An505 => format!("{target} with the feature `dsp`, on {board}"),
        Board::Mps3An547 => format!("{target} with the feature `mve`, on {board}"),
        Board::Mps2An386 => format!("{target}, on {board}"),
    }
}

fn read<T: DeserializeOwned>(shell: &Shell, name: &str) -> Result<T, Stop> {
    let text = fs::read_to_string(shell.root.join(name)).map_err(|error| Stop::Broken(format!("{name}: {error}")))?;
    toml::from_str(&text).map_err(|error| Stop::Broken(format!("{name}: {error}")))
}
