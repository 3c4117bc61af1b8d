//! `cargo xtask test`: everything that proves tensorlet, as named steps with a table at the end.

#![forbid(unsafe_code)]

mod architectures;
mod bench;
mod cortex_m;
mod deep;
mod firmware;
mod foreign;
mod gpu;
mod host;
mod install;
mod instructions;
mod no_std;
mod report;
mod rules;
mod shell;
mod step;
mod tflite;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};

use tensorlet_host::operations;

use crate::report::{End, Line};
use crate::shell::Shell;
use crate::step::{Step, Stop};

/// Every step, cheap ones first.
const STEPS: &[Step] = &[
    rules::STEP,
    host::RUSTFMT,
    host::CLIPPY,
    host::TESTS,
    host::DOCTESTS,
    host::COMPILE_FAIL,
    host::CONFORMANCE,
    gpu::STEP,
    host::DOCS,
    host::MSRV,
    no_std::STEP,
    instructions::STEP,
    host::DIGITS,
    host::REPRODUCE,
    firmware::CLIPPY,
    firmware::PANICS,
    firmware::SIZE,
    firmware::RUN,
    cortex_m::STEP,
    architectures::SSE2,
    architectures::NEON,
    architectures::WASM,
    deep::MIRI,
    deep::SANITIZER,
];

/// Checks, tests and measures tensorlet.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs every step, or the steps named, and closes with a table.
    Test(TestArgs),
    /// Times tensorlet beside its peers.
    Bench(bench::BenchArgs),
    /// Counts the instructions of kernels and networks, and compares with those recorded.
    Instructions {
        /// Records them instead.
        #[arg(long)]
        record: bool,
    },
    /// Measures kernels and networks on emulated Cortex-M, and compares with what is recorded.
    CortexM(cortex_m::CortexMArgs),
    /// Builds and tests core, simd and host-tests from nothing, and holds the time against its bar.
    CleanBuild,
    /// Makes Rust of a TensorFlow Lite model, of int8 or floats: types, weights, and memory as constants.
    Tflite(tflite::TfliteArgs),
    /// Writes the table of operations in core's documentation anew.
    Operations,
}

#[derive(Args)]
struct TestArgs {
    /// A step that could not run is a failure (except Miri, which needs a nightly toolchain).
    #[arg(long)]
    strict: bool,
    /// Prints the steps and stops.
    #[arg(long)]
    list: bool,
    /// Installs nothing: what is missing is listed at the end.
    #[arg(long)]
    no_install: bool,
    /// Only these steps.
    #[arg(value_name = "STEP", value_parser = PossibleValuesParser::new(STEPS.iter().map(|step| step.name)))]
    steps: Vec<String>,
}

fn main() -> ExitCode {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let root = root.canonicalize().unwrap_or(root);
    match Cli::parse().task {
        Task::Test(arguments) if arguments.list => {
            for step in STEPS {
                println!("{:<16} {}", step.name, step.about);
            }
            ExitCode::SUCCESS
        }
        Task::Test(arguments) => {
            let shell = Shell::new(root, !arguments.no_install);
            if test(&shell, &arguments) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Task::Bench(arguments) => said(bench::bench(&Shell::new(root, false), &arguments)),
        Task::Instructions { record } => said(instructions::instructions(&Shell::new(root, true), record)),
        Task::CortexM(arguments) => said(cortex_m::cortex_m(&Shell::new(root, true), &arguments)),
        Task::CleanBuild => said(host::clean_build(&Shell::new(root, false))),
        Task::Tflite(arguments) => said(tflite::tflite(&arguments)),
        Task::Operations => said(
            operations::table(&root)
                .and_then(|table| std::fs::write(root.join(operations::FILE), table))
                .map(|()| format!("{} is written", operations::FILE)),
        ),
    }
}

/// Prints how a task ended.
fn said<E: std::fmt::Display>(end: Result<String, E>) -> ExitCode {
    match end {
        Ok(note) => {
            println!("{note}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("failed: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the steps asked for and reports. True when nothing failed.
fn test(shell: &Shell, arguments: &TestArgs) -> bool {
    let asked = |step: &&Step| arguments.steps.is_empty() || arguments.steps.iter().any(|name| name == step.name);
    let steps: Vec<&Step> = STEPS.iter().filter(asked).collect();
    let begin = Instant::now();
    let mut lines = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        println!("\n==> [{}/{}] {}: {}", number + 1, steps.len(), step.name, step.about);
        let (before, start) = (shell.tests(), Instant::now());
        let end = match (step.run)(shell) {
            Ok(note) => End::Passed { note },
            Err(Stop::NotRun { why, enable }) => End::NotRun { why, enable, fatal: arguments.strict && !step.optional },
            Err(stop) => End::Failed { why: stop.to_string() },
        };
        let line = Line { name: step.name, end, seconds: start.elapsed().as_secs_f64(), tests: shell.tests() - before };
        println!("<== {} ({:.1} s)", line.headline(), line.seconds);
        lines.push(line);
    }
    report::print(&lines, begin.elapsed());
    lines.iter().all(|line| !line.is_failure())
}
