//! Finds the best learning rate for the network of the digits example: 256 copies of it, with 32 rates and 8 seeds,
//! train side by side on a GPU, in the same submissions.
//!
//! ```sh
//! cargo run --release --features gpu --example sweep
//! cargo run --release --features gpu --example sweep -- --software --copies 16 --epochs 2   # without a GPU
//! ```

use std::process::ExitCode;

use clap::Parser;
use tensorlet_examples::sweep::{self, Options};

fn main() -> ExitCode {
    match sweep::run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.nobody_listens() => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}
