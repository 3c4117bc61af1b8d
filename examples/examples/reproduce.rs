//! Trains every network whose result PyTorch has too, and prints both: `cargo run --release --example reproduce`.

use std::process::ExitCode;

use clap::Parser;
use tensorlet_examples::reproduce::program::{Options, run};

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
