//! What a step is, how it can end, and how tests are counted.

use std::ops::{AddAssign, Sub};

use crate::shell::Shell;

/// One named step of `cargo xtask test`.
pub(crate) struct Step {
    /// The name on the command line and in the closing table.
    pub(crate) name: &'static str,
    /// What it checks, in one line.
    pub(crate) about: &'static str,
    /// Does the work. `Ok` may carry a note for the closing table.
    pub(crate) run: fn(&Shell) -> Result<Note, Stop>,
    /// Whether `--strict` lets it be left out where the toolchain does not have it.
    pub(crate) optional: bool,
}

/// A few words for the closing table; often empty.
pub(crate) type Note = String;

/// Why a step did not pass.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// A command ended with an error.
    #[error("{status}: {line}")]
    Command { line: String, status: String },
    /// A command could not be started or read.
    #[error("cannot run {line}: {source}")]
    Start { line: String, source: std::io::Error },
    /// The commands ran, but what they produced is not as it must be.
    #[error("{0}")]
    Broken(String),
    /// Something is missing on this machine and could not be installed.
    #[error("{why}")]
    NotRun { why: String, enable: String },
}

/// Tests as `cargo test` reports them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tests {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
}

impl Tests {
    /// The counts in a closing line of a test binary:
    /// `test result: ok. 3 passed; 0 failed; 1 ignored; …`, or that of the conformance runner:
    /// `3 passed, 0 failed, 1 skipped`.
    pub(crate) fn in_line(line: &str) -> Self {
        let mut tests = Self::default();
        let counts: Vec<&str> = match line.strip_prefix("test result: ") {
            Some(counts) => counts.split_once(". ").map_or("", |(_, counts)| counts).split("; ").collect(),
            None => line.split(", ").collect(),
        };
        for count in counts {
            let Some((number, word)) = count.split_once(' ') else {
                return Self::default();
            };
            let Ok(number) = number.parse::<u64>() else {
                continue;
            };
            match word {
                "passed" => tests.passed += number,
                "failed" => tests.failed += number,
                "ignored" | "skipped" => tests.ignored += number,
                _ => {}
            }
        }
        tests
    }
}

impl AddAssign for Tests {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}

impl Sub for Tests {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            passed: self.passed - earlier.passed,
            failed: self.failed - earlier.failed,
            ignored: self.ignored - earlier.ignored,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tests;

    #[test]
    fn closing_lines_of_test_binaries_are_counted() {
        let line = "test result: FAILED. 12 passed; 2 failed; 1 ignored; 0 measured; 4 filtered out; finished in 0.03s";
        let counted = Tests { passed: 12, failed: 2, ignored: 1 };
        assert_eq!(Tests::in_line(line), counted);
        assert_eq!(Tests::in_line("test shape::names ... ok"), Tests::default());
    }
}
