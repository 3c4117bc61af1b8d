//! The closing table, what was not run and how to enable it, and the closing count.

use std::time::Duration;

use crate::step::{Note, Tests};

/// How a step ended.
pub(crate) enum End {
    Passed {
        note: Note,
    },
    Failed {
        why: String,
    },
    NotRun {
        why: String,
        enable: String,
        /// Under `--strict`, what could not run has failed.
        fatal: bool,
    },
}

/// One line of the closing table.
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) end: End,
    pub(crate) seconds: f64,
    pub(crate) tests: Tests,
}

impl Line {
    /// Whether this step makes the whole run fail.
    pub(crate) fn is_failure(&self) -> bool {
        matches!(self.end, End::Failed { .. } | End::NotRun { fatal: true, .. })
    }

    /// The step's name and how it ended.
    pub(crate) fn headline(&self) -> String {
        format!("{}: {}", self.name, self.word())
    }

    fn word(&self) -> &'static str {
        match self.end {
            End::Passed { .. } => "passed",
            End::Failed { .. } => "FAILED",
            End::NotRun { fatal: true, .. } => "NOT RUN",
            End::NotRun { fatal: false, .. } => "not run",
        }
    }

    /// Tests where the step has them; otherwise the step itself counts as one.
    fn counted(&self) -> Tests {
        let mut counted = self.tests;
        match self.end {
            End::Passed { .. } if counted == Tests::default() => counted.passed = 1,
            End::Failed { .. } if counted.failed == 0 => counted.failed = 1,
            End::NotRun { fatal: true, .. } => counted.failed += 1,
            End::NotRun { fatal: false, .. } => counted.ignored += 1,
            _ => {}
        }
        counted
    }
}

/// Prints the table, the reasons and the closing line.
pub(crate) fn print(lines: &[Line], elapsed: Duration) {
    println!("\n{:<16} {:<8} {:>8}  notes", "step", "result", "seconds");
    for line in lines {
        let tests = match line.tests {
            Tests { passed: 0, failed: 0, ignored: 0 } => String::new(),
            Tests { passed, failed: 0, ignored: 0 } => format!("{passed} tests"),
            Tests { passed, failed, ignored } => {
                format!("{passed} tests passed, {failed} failed, {ignored} ignored")
            }
        };
        let note = match &line.end {
            End::Passed { note } => note.as_str(),
            _ => "see below",
        };
        let notes: Vec<&str> = [tests.as_str(), note].into_iter().filter(|note| !note.is_empty()).collect();
        println!("{:<16} {:<8} {:>8.1}  {}", line.name, line.word(), line.seconds, notes.join("; "));
    }
    for line in lines {
        match &line.end {
            End::Passed { .. } => {}
            End::Failed { why } => println!("\n{} failed: {why}", line.name),
            End::NotRun { why, enable, fatal } => {
                let fatal = if *fatal { ", which --strict counts as a failure" } else { "" };
                println!("\n{} was not run{fatal}: {why}\n  to enable it: {enable}", line.name);
            }
        }
    }
    let mut all = Tests::default();
    for line in lines {
        all += line.counted();
    }
    println!(
        "\n{} step(s) in {:.0} s. Counted: each test, doctest and compile-fail case once; each other step as one.",
        lines.len(),
        elapsed.as_secs_f64()
    );
    println!("{} passed, {} failed, {} skipped", all.passed, all.failed, all.ignored);
}
