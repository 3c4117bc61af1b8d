//! Independent test cases through the typed API: `cargo test --release -p tensorlet-host --test conformance`.
//!
//! The build script turns each case into an instantiation; here they run on `Portable` and on every
//! instruction set of this machine. An argument is a part of a name, `conformance/SUITE/CASE OPERATOR`:
//! only the cases that have it are run. `TENSORLET_CASES=FOLDER` names another folder of cases.

#![allow(dead_code, unused_imports, unused_macros, reason = "which adapters are used depends on the cases")]

mod activation;
mod arithmetic;
mod attention;
mod embedding;
#[path = "../golden/mod.rs"]
mod golden;
mod layer;
mod loss;
mod model;
mod movement;
mod norm;
mod optimizer;
mod product;
mod quantized;
mod recurrent;
mod reduction;
mod report;
mod schedule;
mod softmax;
mod trained;
mod training;
mod window;

use std::{panic, process::ExitCode, thread};

use golden::case::{self, Case};
use libtest_mimic::Arguments;
use report::Report;
use tensorlet::Kernels;
pub(crate) use tensorlet::loss::Loss as Computable;
use tensorlet_simd::{Isa, dispatch};

/// How a case is computed with a token: one type for each family of operators and its shapes.
pub(crate) trait Adapter {
    /// Computes the case and compares all of its results.
    fn run<K: Kernels>(k: K, case: &Case);
}

/// What there is for a case.
enum Run {
    Typed(fn(&Case, Isa)),
    Unsupported(&'static str),
}

/// A case and what computes it.
struct Entry {
    suite: &'static str,
    case: &'static str,
    op: &'static str,
    file: &'static str,
    run: Run,
}

fn on_instruction_set<A: Adapter>(case: &Case, isa: Isa) {
    dispatch!(isa, |k| A::run(k, case));
}

/// The models that cases name, as the generator makes them.
#[allow(missing_docs, unreachable_pub)]
mod models {
    include!(concat!(env!("OUT_DIR"), "/models.rs"));
}

include!(concat!(env!("OUT_DIR"), "/conformance.rs"));

fn main() -> ExitCode {
    // Unoptimised code copies whole networks over the stack.
    let run = thread::Builder::new().stack_size(64 << 20).spawn(run).expect("a thread");
    run.join().expect("the runner does not panic")
}

fn run() -> ExitCode {
    let arguments = Arguments::from_args();
    let wanted = |entry: &&Entry| {
        let name = format!("conformance/{}/{} {}", entry.suite, entry.case, entry.op);
        let skipped = arguments.skip.iter().any(|part| name.contains(part));
        !skipped && arguments.filter.as_ref().is_none_or(|part| name.contains(part))
    };
    let entries: Vec<&Entry> = ENTRIES.iter().filter(wanted).collect();
    if arguments.list {
        entries.iter().for_each(|entry| println!("conformance/{}/{} {}: test", entry.suite, entry.case, entry.op));
        return ExitCode::SUCCESS;
    }
    if entries.is_empty() {
        println!("0 passed, 0 failed, 0 skipped");
        return ExitCode::SUCCESS;
    }

    panic::set_hook(Box::new(|_| ()));
    let sets = tensorlet_host::instruction_sets::here();
    let mut report = Report::default();
    for entry in entries {
        match entry.run {
            Run::Unsupported(reason) => report.unsupported(entry.suite, entry.op, entry.case, reason),
            Run::Typed(run) => {
                let failures =
                    sets.iter().filter_map(|&isa| Some(format!("{}: {}", isa.name(), failure(entry, run, isa)?)));
                report.typed(entry.suite, entry.op, entry.case, failures.collect());
            }
        }
    }
    let names: Vec<_> = sets.iter().map(|isa| isa.name()).collect();
    report.print(&names.join(", "))
}

/// What is wrong with a case on an instruction set.
fn failure(entry: &Entry, run: fn(&Case, Isa), isa: Isa) -> Option<String> {
    let outcome = panic::catch_unwind(|| -> Result<(), String> {
        let case = Case::open(entry.file)?;
        run(&case, isa);
        case.close()
    });
    match outcome {
        Ok(result) => result.err(),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            Some(format!("panicked: {}", text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("?")))
        }
    }
}
