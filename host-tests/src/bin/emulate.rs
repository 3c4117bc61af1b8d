//! Runs a program of the firmware in the emulator: cargo's runner in `examples/firmware`.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tensorlet_host::emulator::{self, Board};

/// Runs a program on the board it was built for, prints its log and ends with its exit code.
#[derive(Parser)]
struct Cli {
    /// Seconds after which the program is ended.
    #[arg(long, default_value_t = 300)]
    limit: u64,
    /// The machine, where the program's target does not tell it: `mps3-an547` for one built with the feature `mve`.
    #[arg(long, value_parser = board)]
    board: Option<Board>,
    /// The program, below the folder of its target.
    program: PathBuf,
}

/// The board of this name.
fn board(name: &str) -> Result<Board, String> {
    let boards = Board::ALL.into_iter().chain([Board::Mps3An547]);
    boards.into_iter().find(|board| board.machine() == name).ok_or_else(|| format!("there is no board {name}"))
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(code) => u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(cli: &Cli) -> Result<i32, Box<dyn Error>> {
    let board = cli
        .board
        .or_else(|| Board::of_program(&cli.program))
        .ok_or("the program's path names no target that a board is known for")?;
    let limit = Duration::from_secs(cli.limit);
    let run = emulator::run(&cli.program, board, limit, |line| println!("{line}"))?;
    Ok(run.exit_code)
}
