//! What the runner prints.

use std::{collections::BTreeMap, process::ExitCode};

/// Counts of an operator.
#[derive(Default)]
struct Counts {
    passed: usize,
    failed: usize,
    unsupported: usize,
}

/// The results of a run.
#[derive(Default)]
pub(crate) struct Report {
    counts: BTreeMap<(String, String), Counts>,
    failures: Vec<String>,
    unsupported: Vec<String>,
}

impl Report {
    fn counts(&mut self, suite: &str, op: &str) -> &mut Counts {
        self.counts.entry((suite.to_owned(), op.to_owned())).or_default()
    }

    /// A case that nothing computes, and why.
    pub(crate) fn unsupported(&mut self, suite: &str, op: &str, case: &str, reason: &str) {
        self.counts(suite, op).unsupported += 1;
        self.unsupported.push(format!("{suite}/{case} ({op}): {reason}"));
    }

    /// A case that was computed, and what was wrong on which instruction sets.
    pub(crate) fn typed(&mut self, suite: &str, op: &str, case: &str, failures: Vec<String>) {
        if failures.is_empty() {
            self.counts(suite, op).passed += 1;
            return;
        }
        self.counts(suite, op).failed += 1;
        self.failures.extend(failures.into_iter().map(|failure| format!("{suite}/{case} ({op}) on {failure}")));
    }

    /// Prints the table, every failure and every unsupported case, and the closing line.
    pub(crate) fn print(&self, sets: &str) -> ExitCode {
        println!("instruction sets: {sets}\n");
        println!("{:<8} {:<36} {:>6} {:>6} {:>13}", "suite", "operator", "passed", "failed", "not supported");
        let mut total = Counts::default();
        for ((suite, op), counts) in &self.counts {
            let Counts { passed, failed, unsupported } = counts;
            println!("{suite:<8} {op:<36} {passed:>6} {failed:>6} {unsupported:>13}");
            total.passed += passed;
            total.failed += failed;
            total.unsupported += unsupported;
        }
        for (title, lines) in [("not supported", &self.unsupported), ("failed", &self.failures)] {
            if !lines.is_empty() {
                println!("\n{title}:");
                lines.iter().for_each(|line| println!("  {line}"));
            }
        }
        println!("\n{} passed, {} failed, {} skipped", total.passed, total.failed, total.unsupported);
        if total.failed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}
