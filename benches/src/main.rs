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
    /// Runs a case whose instructions are counted, for callgrind; without one, lists them, and how often each runs.
    Count {
        /// The instruction set, and the case.
        #[arg(num_args = 2, value_names = ["ISA", "CASE"])]
        what: Vec<String>,
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
        Task::Count { what } => match what.as_slice() {
            [isa, case] => count::run(Isa::by_name(isa)?, case),
            _ => {
                println!("{}\n{}", count::RUNS, count::CASES.join("\n"));
                Ok(())
            }
        },
        Task::Serve { isa: Some(name) } => serve::serve(&[Isa::by_name(&name)?]),
        Task::Serve { isa: None } => serve::serve(&Isa::available().collect::<Vec<_>>()),
    }
}
