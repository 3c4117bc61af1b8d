//! Programs that must not compile, and what the compiler has to say about them.
//!
//! Each file in `compile_fail/` is one program. Its comments state what is expected:
//! `//~ expect: TEXT` (once or more) means that `cargo check` fails and that its errors hold every
//! one of these texts; `//~ compiles` marks the correct counterpart, which shows that a case fails
//! for its own reason and not because of the harness.
//!
//! The texts are those that this library writes (layers, shapes, numbers), not whole error pages:
//! how the compiler wraps, labels and numbers its notes changes from release to release, and a
//! test that breaks with each of them is soon refreshed without being read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::{Arc, OnceLock};
use std::{fs, io};

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;

/// The errors of each program, by its name; `Err` when `cargo check` itself did not work.
type Errors = Result<BTreeMap<String, String>, String>;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let cases = match cases() {
        Ok(cases) => Arc::new(cases),
        Err(error) => {
            eprintln!("cannot list the programs: {error}");
            return ExitCode::FAILURE;
        }
    };
    // One `cargo check` serves all cases, and only runs when a case is asked for.
    let errors = Arc::new(OnceLock::new());
    let trials = cases.iter().map(|case| {
        let (case, cases, errors) = (case.clone(), cases.clone(), errors.clone());
        Trial::test(format!("compile_fail/{}", name(&case)), move || judge(&case, errors.get_or_init(|| check(&cases))))
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// The programs, in the order of their names.
fn cases() -> io::Result<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compile_fail");
    let mut cases = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == "rs") {
            cases.push(path);
        }
    }
    cases.sort();
    Ok(cases)
}

fn name(case: &Path) -> String {
    case.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Checks all programs with one package that has a binary for each.
fn check(cases: &[PathBuf]) -> Errors {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile-fail");
    prepare(&repository, &folder, cases).map_err(|error| format!("{}: {error}", folder.display()))?;
    let output = Command::new(env!("CARGO"))
        .args(["check", "--offline", "--keep-going", "--bins", "--message-format=json", "--quiet"])
        .arg("--manifest-path")
        .arg(folder.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(folder.join("target"))
        .env_remove("RUSTFLAGS")
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    let mut errors: BTreeMap<String, String> = BTreeMap::new();
    let mut checked = false;
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        let target = message["target"]["name"].as_str().unwrap_or_default();
        checked |= target == "tensorlet" && message["reason"] == "compiler-artifact";
        if message["message"]["level"] == "error" {
            let text = message["message"]["rendered"].as_str().unwrap_or_default();
            errors.entry(target.to_owned()).or_default().push_str(text);
        }
    }
    if checked {
        Ok(errors)
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("cargo did not get as far as the programs:\n{said}"))
    }
}

/// Writes the package, with the workspace's own versions of everything it depends on.
fn prepare(repository: &Path, folder: &Path, cases: &[PathBuf]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let core = repository.join("core").canonicalize()?;
    let mut manifest = format!(
        "[package]\nname = \"compile-fail\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [dependencies]\ntensorlet = {{ path = {core:?} }}\n"
    );
    for case in cases {
        manifest += &format!("\n[[bin]]\nname = {:?}\npath = {case:?}\n", name(case));
    }
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::copy(repository.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    Ok(())
}

/// Compares what a program's comments expect with what the compiler said.
fn judge(case: &Path, errors: &Errors) -> Result<(), Failed> {
    let errors = errors.as_ref().map_err(Failed::from)?;
    let text = fs::read_to_string(case)?;
    let expected: Vec<&str> = text.lines().filter_map(|line| line.trim().strip_prefix("//~ expect: ")).collect();
    let compiles = text.lines().any(|line| line.trim() == "//~ compiles");
    match (compiles, expected.is_empty(), errors.get(&name(case))) {
        (true, true, None) => Ok(()),
        (true, true, Some(said)) => Err(format!("does not compile:\n{said}").into()),
        (false, false, None) => Err("compiles, and must not".into()),
        (false, false, Some(said)) => {
            let missing: Vec<&str> = expected.into_iter().filter(|text| !said.contains(text)).collect();
            if missing.is_empty() { Ok(()) } else { Err(format!("the errors do not say {missing:#?}:\n{said}").into()) }
        }
        _ => Err("states neither `//~ expect: …` nor `//~ compiles`, or both".into()),
    }
}
