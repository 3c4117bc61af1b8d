//! tensorlet without its peers that are crates, and the process that serves it to those who measure.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tensorlet_benches::{Result, count, driver, serve};
use tensorlet_simd::Isa;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Measures tensorlet, beside Python's peers where there are any.
    Run(driver::Options),
    /// Runs the cases whose instructions are counted, for callgrind.
    Count {
        /// The instruction set.
        isa: String,
    },
    /// Runs what is asked for on standard input.
    Serve {
        /// Only this instruction set.
        #[arg(long)]
        isa: Option<String>,
    },
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    match Cli::parse().task {
        Task::Run(options) => driver::run(&options, &()),
        Task::Count { isa } => count::run(Isa::by_name(&isa)?),
        Task::Serve { isa: Some(name) } => serve::serve(&[Isa::by_name(&name)?]),
        Task::Serve { isa: None } => serve::serve(&Isa::available().collect::<Vec<_>>()),
    }
}
