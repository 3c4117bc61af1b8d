//! Instructions that the kernels take, counted by callgrind and held within a part of what is recorded.
//!
//! What a build takes depends on the compiler, so it is the oldest one that `Cargo.toml` promises that builds what
//! is counted. A tile that no longer fits into the registers shows here, on any machine, however busy. AVX-512 is
//! not counted: valgrind does not know it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tensorlet_simd::Isa;

use crate::host::promised;
use crate::install::valgrind;
use crate::shell::Shell;
use crate::step::{Note, Step, Stop};

/// What was recorded.
const RECORD: &str = "benches/record/instructions.toml";
/// How far a count may be off, as a part of it.
const MOST: f64 = 0.02;
/// The instruction sets that are counted.
const ISAS: [&str; 2] = ["portable", "avx2"];
/// The function whose instructions are counted.
const COUNTED: &str = "--toggle-collect=tensorlet_benches::count::counted*";

pub(crate) const STEP: Step = Step {
    name: "instructions",
    about: "instructions of kernels and networks against those recorded",
    run: |shell| instructions(shell, false),
    optional: false,
};

/// Instructions of one run of each case on each instruction set.
#[derive(Default, Deserialize, Serialize)]
struct Record {
    /// The compiler.
    rustc: String,
    instructions: BTreeMap<String, BTreeMap<String, u64>>,
}

pub(crate) fn instructions(shell: &Shell, record: bool) -> Result<Note, Stop> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        let enable = "run it on Linux on an x86-64 processor".to_owned();
        return Err(Stop::NotRun { why: "the counts are those of Linux on x86-64".to_owned(), enable });
    }
    valgrind(shell)?;
    let toolchain = promised(shell)?;
    let metadata = shell.metadata()?;
    let mut target = PathBuf::from(metadata["target_directory"].as_str().unwrap_or("target"));
    if toolchain.is_some() {
        target.push("instructions");
    }
    let mut build = shell.cargo(toolchain.as_deref());
    build.args(["build", "--release", "--locked", "--package", "tensorlet-benches", "--target-dir"]).arg(&target);
    shell.run(build.env_remove("RUSTFLAGS"))?;
    let program = target.join("release/tensorlet-benches");

    let path = shell.root.join(RECORD);
    let mut old = Record::default();
    if !record {
        let text = fs::read_to_string(&path).map_err(|error| Stop::Broken(format!("{RECORD}: {error}")))?;
        old = toml::from_str(&text).map_err(|error| Stop::Broken(format!("{RECORD}: {error}")))?;
    }
    let list = shell.read(shell.command(&program).arg("count"))?;
    let mut lines = list.lines();
    let runs: u64 = lines.next().and_then(|runs| runs.parse().ok()).unwrap_or(1);
    let cases: Vec<&str> = lines.collect();
    let mut new = Record { rustc: compiler(shell, toolchain.as_deref())?, ..Record::default() };
    let mut off = Vec::new();
    for isa in ISAS {
        if Isa::by_name(isa).is_err() {
            println!("  this processor lacks {isa}: not counted");
            continue;
        }
        for &case in &cases {
            let count = count(shell, &program, isa, case, runs)?;
            new.instructions.entry(case.to_owned()).or_default().insert(isa.to_owned(), count);
            let recorded = old.instructions.get(case).and_then(|isas| isas.get(isa)).copied();
            let change = recorded.map(|recorded| count as f64 / recorded as f64 - 1.0);
            let shown = change.map_or("not recorded".to_owned(), |change| format!("{:+.1} %", 100.0 * change));
            println!("  {case:<30} {isa:<9} {count:>12}  {shown}");
            if !record && change.is_none_or(|change| change.abs() > MOST) {
                off.push(format!("{case} on {isa}: {shown}"));
            }
        }
    }
    if record {
        let text = toml::to_string(&new).map_err(|error| Stop::Broken(error.to_string()))?;
        fs::write(&path, text).map_err(|error| Stop::Broken(format!("{RECORD}: {error}")))?;
        return Ok(format!("{RECORD} is written"));
    }
    if off.is_empty() {
        return Ok(format!("{} counts within {} %", cases.len() * ISAS.len(), 100.0 * MOST));
    }
    let again = "where that is meant: cargo xtask instructions --record";
    Err(Stop::Broken(format!("off by more than {} %: {}; {again}", 100.0 * MOST, off.join("; "))))
}

/// Instructions of one run.
fn count(shell: &Shell, program: &Path, isa: &str, case: &str, runs: u64) -> Result<u64, Stop> {
    let mut valgrind = shell.command("valgrind");
    valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", COUNTED]).arg(program);
    let output = valgrind.args(["count", isa, case]).output();
    let output = output.map_err(|source| Stop::Start { line: "valgrind".to_owned(), source })?;
    let text = String::from_utf8_lossy(&output.stderr);
    let collected = text.lines().find_map(|line| line.split_once("Collected :")?.1.trim().parse::<u64>().ok());
    match collected {
        Some(count) if count > 0 && output.status.success() => Ok(count / runs),
        _ => Err(Stop::Broken(format!("callgrind counted nothing for {case} on {isa}:\n{text}"))),
    }
}

fn compiler(shell: &Shell, toolchain: Option<&str>) -> Result<String, Stop> {
    shell.read(shell.command("rustc").args(toolchain).arg("--version"))
}
