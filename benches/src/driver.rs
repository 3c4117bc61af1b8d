//! Runs the cases: everyone prepared, answers compared, then batches in turns.

use std::{collections::BTreeMap, path::PathBuf, process::Command, time::Instant};

use tensorlet::Portable;
use tensorlet_simd::Isa;

use crate::{
    Result,
    arrays::Arrays,
    case::Case,
    child::Child,
    clock::{self, Times},
    compare::compare,
    contestant::Prepared,
    inputs,
    ours::{self, Token},
    record::{Machine, Measured, Row},
    table,
};

/// What is asked of a run.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Only cases whose name contains one of these words.
    pub words: Vec<String>,
    /// Only this instruction set.
    #[arg(long)]
    pub isa: Option<String>,
    /// Fewer batches.
    #[arg(long)]
    pub quick: bool,
    /// Writes the results, their table and the chart to this folder.
    #[arg(long, value_name = "FOLDER")]
    pub record: Option<PathBuf>,
    /// The program that serves tensorlet in a build for any processor.
    #[arg(long, value_name = "PROGRAM")]
    pub plain: PathBuf,
    /// A Python, and the program with its peers.
    #[arg(long, num_args = 2, value_names = ["PYTHON", "PROGRAM"])]
    pub python: Vec<PathBuf>,
}

/// The peers that are crates.
pub trait Crates {
    /// What they have for a case.
    fn prepare(&self, case: &Case, arrays: &Arrays, onnx: &[u8]) -> Prepared;

    /// The case as an ONNX model for those who take one; empty where there is none.
    fn onnx(&self, case: &Case, arrays: &Arrays) -> Vec<u8>;

    /// Their versions.
    fn versions(&self) -> BTreeMap<String, String>;
}

/// None.
impl Crates for () {
    fn prepare(&self, _: &Case, _: &Arrays, _: &[u8]) -> Prepared {
        Prepared::default()
    }

    fn onnx(&self, _: &Case, _: &Arrays) -> Vec<u8> {
        Vec::new()
    }

    fn versions(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }
}

/// How long a case may take in all, in seconds, and how many batches everyone has at most, and at least.
struct Patience {
    seconds: f64,
    most: usize,
    least: usize,
}

const FULL: Patience = Patience { seconds: 8.0, most: 60, least: 9 };
const QUICK: Patience = Patience { seconds: 1.5, most: 15, least: 3 };
/// Who takes longer than this for one run, in seconds, is timed three times.
const SLOW: f64 = 0.1;

/// Runs the cases and prints what came out; writes it where that is asked for.
///
/// # Errors
/// A case without an implementation, a process that ends, a record that cannot be written.
pub fn run(options: &Options, crates: &dyn Crates) -> Result<()> {
    let cases = Case::select(&options.words)?;
    // Before any library starts a thread.
    let processor = clock::pin()?;
    let mut serve = Command::new(&options.plain);
    serve.arg("serve");
    if let Some(isa) = &options.isa {
        serve.args(["--isa", Isa::by_name(isa)?.name()]);
    }
    let plain = Child::start(serve)?;
    let python = match options.python.as_slice() {
        [python, program] => match Child::start(python_command(python, program)) {
            Ok(child) => Some(child),
            Err(error) => {
                println!("Python's peers do not start: {error}");
                None
            }
        },
        _ => None,
    };
    let mut versions = crates.versions();
    if let Some(python) = &python {
        versions.extend(python.versions.clone());
        for (package, why) in &python.missing {
            println!("{package} is not there ({why}); to have it: pip install {package}");
        }
    }
    let mut machine = Machine::here(versions);
    println!("{machine}, pinned to processor {processor}");
    table::head();
    let mut rows = Vec::new();
    for case in cases {
        let row = measure(case, if options.quick { &QUICK } else { &FULL }, crates, &plain, python.as_ref())?;
        table::row(&row);
        rows.push(row);
    }
    machine.peaks(&rows);
    table::foot(&rows);
    if let Some(folder) = &options.record {
        crate::record::write(folder, &machine, &rows)?;
        crate::chart::write(&folder.join("chart.svg"), &machine, &rows)?;
        crate::markdown::write(&folder.join("README.md"), &machine, &rows)?;
        println!("recorded in {}", folder.display());
    }
    Ok(())
}

fn python_command(python: &PathBuf, program: &PathBuf) -> Command {
    let mut command = Command::new(python);
    command.arg(program);
    // One thread each, and memory that stays with the process: page faults cost PyTorch up to a third.
    for name in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"] {
        command.env(name, "1");
    }
    command.env("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1");
    command.env("JAX_PLATFORMS", "cpu").env("CUDA_VISIBLE_DEVICES", "").env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("MALLOC_MMAP_THRESHOLD_", "1073741824").env("MALLOC_TRIM_THRESHOLD_", "4294967296");
    command
}

/// Everyone on one case.
fn measure(case: Case, patience: &Patience, crates: &dyn Crates, plain: &Child, python: Option<&Child>) -> Result<Row> {
    let arrays = inputs::of(&case);
    let onnx = crates.onnx(&case, &arrays);
    let ours = |token| {
        ours::contestant(&case, &arrays, token).ok_or_else(|| format!("{}: no shape of tensorlet's", case.name))
    };
    let reference = ours(Token::Chosen(Isa::Portable(Portable)))?.answer()?;

    let Prepared { mut contestants, mut faults } = plain.prepare(&case, &arrays, &[])?;
    contestants.push(ours(Token::Native)?);
    let python = python.map_or(Ok(Prepared::default()), |python| python.prepare(&case, &arrays, &onnx))?;
    for more in [crates.prepare(&case, &arrays, &onnx), python] {
        contestants.extend(more.contestants);
        faults.extend(more.faults);
    }
    contestants.retain_mut(|contestant| {
        let name = contestant.name();
        if name.starts_with(crate::peak::NAME) {
            return true;
        }
        let checked = contestant.answer().and_then(|answer| compare(&case, &arrays, &reference, &answer));
        if let Err(why) = &checked {
            faults.push(format!("{name} ({}): {why}", contestant.form()));
        }
        checked.is_ok()
    });

    let runs: Vec<usize> = contestants.iter_mut().map(|contestant| clock::runs_per_batch(&mut **contestant)).collect();
    let mut batches = vec![Vec::new(); contestants.len()];
    let start = Instant::now();
    for round in 0..patience.most {
        if round >= patience.least && start.elapsed().as_secs_f64() > patience.seconds {
            break;
        }
        for ((contestant, &runs), batches) in contestants.iter_mut().zip(&runs).zip(&mut batches) {
            if batches.len() < 3 || batches[0] < SLOW {
                // The caches hold what the others left.
                if runs > 1 {
                    contestant.time(runs.div_ceil(4));
                }
                batches.push(contestant.time(runs) / runs as f64);
            }
        }
    }
    let measured = contestants
        .iter()
        .zip(batches)
        .map(|(contestant, batches)| Measured {
            name: contestant.name(),
            form: contestant.form(),
            times: Times::of(batches),
        })
        .collect();
    Ok(Row { case, measured, faults })
}
