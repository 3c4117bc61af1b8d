//! The program `reproduce`: runs the tasks and prints the table.

use std::{
    io::{self, Write},
    panic::resume_unwind,
    path::PathBuf,
    thread::{self, available_parallelism},
    time::Instant,
};

use clap::Parser;
use comfy_table::{CellAlignment, Table};
use tensorlet_simd::Isa;

use super::{Better, TASKS, Task, data::mean_and_deviation, error::Error};

/// Train every network of the table with several seeds and set the results beside PyTorch's.
///
/// Fails if a mean is worse than PyTorch's by more than two of its standard deviations and 0.005.
#[derive(Clone, Debug, Parser)]
#[command(name = "reproduce")]
pub struct Options {
    /// Run only the tasks with one of these in their names
    pub names: Vec<String>,

    /// How many seeds to train with
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub seeds: u64,

    /// Folder of the data that is not part of this package: MNIST, Fashion-MNIST, The Time Machine
    #[arg(long, value_name = "FOLDER", default_value = "../shared/data")]
    pub data: PathBuf,

    /// Instructions to compute with: auto, portable, simd128, neon, avx2 or avx512
    #[arg(long, value_name = "ISA", default_value = "auto")]
    pub isa: Isa,

    /// List the tasks and end
    #[arg(long)]
    pub list: bool,
}

/// Runs the program; whether all tasks agree with PyTorch.
///
/// # Errors
/// Whatever stops it, but for data that is not there: its tasks are left out, and the table says so.
pub fn run(options: &Options) -> Result<bool, Error> {
    let named = |task: &&&Task| options.names.is_empty() || options.names.iter().any(|name| task.name.contains(name));
    let all = || TASKS.iter().copied().flatten();
    if let Some(name) = options.names.iter().find(|name| !all().any(|task| task.name.contains(*name))) {
        return Err(Error::NoTask(name.clone()));
    }
    let tasks: Vec<&Task> = all().filter(|task| named(&task)).collect();
    if options.list {
        tasks.iter().try_for_each(|task| print(&format!("{:<22} {}", task.name, task.recipe)))?;
        return Ok(true);
    }

    print(&format!("instructions: {}; seeds 0 to {}", options.isa.name(), options.seeds - 1))?;
    let mut table = header();
    let (mut agree, mut differ, mut left_out) = (0, 0, 0);
    for task in tasks {
        let start = Instant::now();
        let reference = format_value(task, task.reference.mean, task.reference.deviation);
        let (ours, verdict) = match results(task, options) {
            Ok(results) => {
                let (mean, deviation) = mean_and_deviation(&results);
                let good = task.reference.agrees(mean);
                if good {
                    agree += 1
                } else {
                    differ += 1
                }
                (format_value(task, mean, deviation), if good { "yes" } else { "NO" }.to_owned())
            }
            Err(Error::Missing { path }) => {
                left_out += 1;
                ("not run".to_owned(), format!("{} is not there", path.display()))
            }
            Err(error) => return Err(error),
        };
        let seconds = start.elapsed().as_secs_f64();
        print(&format!("{:<22} {ours:<16} PyTorch {reference:<16} {verdict} ({seconds:.1} s)", task.name))?;
        let sign = if task.reference.better == Better::Higher { "≥" } else { "≤" };
        let limit = format!("{sign} {:.3}", task.reference.limit());
        table.add_row([task.name, task.recipe, task.reference.measure, &reference, &ours, &limit, &verdict]);
    }
    print(&format!("\n{table}\n\n{agree} agree with PyTorch, {differ} do not, {left_out} left out"))?;
    Ok(differ == 0)
}

/// The task's result with each seed, in their order. Every core takes some of the seeds, which have nothing to
/// do with each other.
fn results(task: &Task, options: &Options) -> Result<Vec<f64>, Error> {
    let seeds: Vec<u64> = (0..options.seeds).collect();
    let share = seeds.len().div_ceil(available_parallelism().map_or(1, usize::from));
    let train =
        &|seeds: &[u64]| -> Vec<_> { seeds.iter().map(|seed| (task.run)(options.isa, *seed, &options.data)).collect() };
    thread::scope(|scope| {
        let threads: Vec<_> = seeds.chunks(share).map(|seeds| scope.spawn(move || train(seeds))).collect();
        let joined = threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
        joined.flatten().collect()
    })
}

fn header() -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::ASCII_MARKDOWN);
    table.set_header(["task", "recipe", "measure", "PyTorch", "tensorlet", "limit", "agrees"]);
    for column in table.column_iter_mut().skip(3).take(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn format_value(task: &Task, mean: f64, deviation: f64) -> String {
    let decimals = if task.reference.mean > 2.0 { 2 } else { 3 };
    format!("{mean:.decimals$} ± {deviation:.decimals$}")
}

fn print(text: &str) -> Result<(), Error> {
    writeln!(io::stdout(), "{text}").map_err(Error::Print)
}
