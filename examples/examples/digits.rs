//! Trains a small convolutional network to read handwritten digits, and shows what it learned.
//!
//! ```sh
//! cargo run --release --example digits
//! ```

use std::process::ExitCode;

use clap::Parser;
use tensorlet_examples::digits::program;
use tensorlet_examples::options::Options;

fn main() -> ExitCode {
    match program::run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.nobody_listens() => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
