//! Training and products of matrices on a GPU beside the CPU: what the adapter is, what everything takes, and how far
//! the results differ.
//!
//! ```sh
//! cargo run --release -p tensorlet-benches --features gpu --bin offload
//! cargo run --release -p tensorlet-benches --features gpu --bin offload -- --software --bars
//! ```
//!
//! A program of this package and not of `tensorlet-host`, which is built without optimisation: the CPU has to be at
//! its best here, too.

#![forbid(unsafe_code)]

mod bars;
mod products;
mod report;
mod training;
mod turns;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, ValueEnum};
use tensorlet_benches::Result;
use tensorlet_host::gpu::{Gpu, Options};
use tensorlet_simd::Isa;

use report::Report;

/// Networks and products on a GPU beside the CPU.
#[derive(Debug, Parser)]
#[command(name = "offload")]
struct Cli {
    /// Take an adapter that computes in software, too; it is slower than the CPU's own kernels
    #[arg(long)]
    software: bool,
    /// Small sizes and few rounds; an adapter in software gets no others
    #[arg(long)]
    quick: bool,
    /// Leave out the CPU's times
    #[arg(long)]
    no_cpu: bool,
    /// Measure the bars in place of the table, and fail where one is missed
    #[arg(long)]
    bars: bool,
    /// Only these jobs
    #[arg(long, value_enum, num_args = 1.., value_name = "JOB")]
    only: Vec<Job>,
    /// Write all figures into this file, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Job {
    /// The perceptron 784-256-10, batches of 128
    Mlp,
    /// LeNet-5, batches of 128
    Lenet,
    /// 256 networks of the digits example side by side, batches of 32
    Digits,
    /// Products of square matrices
    Gemm,
}

/// How much is measured.
#[derive(Clone, Copy, Debug)]
struct Scale {
    quick: bool,
    cpu: bool,
    /// Instructions that the CPU computes with.
    isa: Isa,
    /// Turns of everyone.
    rounds: usize,
    /// How long a turn is to take.
    turn: Duration,
    /// Steps of a submission.
    submission: usize,
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything is as it should be.
fn run(cli: &Cli) -> Result<bool> {
    let gpu = Gpu::with(Options { software: cli.software })?;
    let quick = cli.quick || gpu.is_software();
    let (rounds, turn, submission) = if quick { (5, 40, 4) } else { (9, 150, 32) };
    let turn = Duration::from_millis(turn);
    let scale = Scale { quick, cpu: !cli.no_cpu, isa: Isa::best(), rounds, turn, submission };
    let mut report = Report::new(&gpu, &scale);
    print!("{}", report.head());
    if cli.bars {
        report.bars = bars::measure(&gpu, &scale, |bar| println!("{bar}"))?;
        report.write(cli.json.as_deref())?;
        return Ok(report.bars.iter().all(|bar| bar.met));
    }
    let wanted = |job| cli.only.is_empty() || cli.only.contains(&job);
    let jobs = Job::value_variants().iter().filter(|job| wanted(**job));
    for job in jobs {
        report.rows.extend(match job {
            Job::Mlp => vec![training::mlp(&gpu, &scale)?],
            Job::Lenet => vec![training::lenet(&gpu, &scale)?],
            Job::Digits => vec![training::digits(&gpu, &scale)?],
            Job::Gemm => products::rows(&gpu, &scale)?,
        });
        // A long wait without a sign would look like a fault.
        eprintln!("measured: {job:?}");
    }
    print!("{}", report.table());
    report.write(cli.json.as_deref())?;
    Ok(true)
}
