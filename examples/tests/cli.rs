//! The program `digits` as a user meets it: what it prints and writes, and how it refuses.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use tensorlet_examples::digits::data::{BYTES, RECORD};
use tensorlet_simd::Isa;

/// The program, built as the tests were.
fn program() -> &'static Path {
    static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
        let build = escargot::CargoBuild::new().manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        let built = build.example("digits").current_release().run().expect("the program builds");
        built.path().to_owned()
    });
    &PROGRAM
}

fn run(arguments: &[&str]) -> Output {
    Command::new(program()).args(arguments).output().expect("the program starts")
}

fn path(path: &Path) -> &str {
    path.to_str().expect("temporary folders have plain names")
}

/// A folder with a set of a few digits, small enough for a slow build.
fn few_digits() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("few.bin");
    fs::write(&data, &BYTES[..60 * RECORD]).expect("a temporary file");
    (folder, data)
}

/// The program must end with this code, say this on stderr, and print nothing.
#[track_caller]
fn refused(arguments: &[&str], says: &[&str]) {
    let output = run(arguments);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
    for text in says {
        assert!(error.contains(text), "{arguments:?}: no {text:?} in: {error}");
    }
    assert!(output.stdout.is_empty(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn help_names_every_option() {
    let output = run(&["--help"]);
    let help = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success());
    for option in ["--seed", "--epochs", "--optimizer", "--rate", "--out", "--isa", "--data"] {
        assert!(help.contains(option), "no {option} in: {help}");
    }
}

#[test]
fn bad_values_are_refused() {
    refused(&["--epochs", "0"], &["'0'", "--epochs"]);
    refused(&["--epochs", "-3"], &["'-3'", "--epochs"]);
    refused(&["--epochs", "many"], &["'many'", "--epochs"]);
    refused(&["--optimizer", "lion"], &["'lion'", "--optimizer", "adam, sgd, momentum"]);
    refused(&["--seed", "seven"], &["'seven'", "--seed", "a seed is a whole number"]);
    refused(&["--seed", "-1"], &["'-1'", "--seed", "a seed is a whole number"]);
    refused(&["--seed", "4-0"], &["'4-0'", "the range is empty"]);
    refused(&["--rate", "nan"], &["'nan'", "a number above 0"]);
    refused(&["--rate", "-0.1"], &["'-0.1'", "a number above 0"]);
    refused(&["--isa", "sse9"], &["'sse9'", "--isa", "unknown instruction set; available here: auto, portable"]);
    refused(&["--depth", "3"], &["--depth"]);
}

#[test]
fn a_folder_that_cannot_be_written_is_refused_before_training() {
    let (folder, data) = few_digits();
    refused(&["--out", path(&data)], &["cannot write into", "few.bin is a file"]);
    refused(&["--out", path(&data.join("deep/er"))], &["cannot write into", "few.bin is a file"]);

    let out = folder.path().join("taken");
    fs::create_dir_all(out.join("digits.svg")).expect("a temporary folder");
    refused(&["--out", path(&out)], &["cannot write into", "digits.svg is a folder"]);
}

#[test]
fn damaged_data_is_refused() {
    let (folder, data) = few_digits();
    refused(&["--data", path(&folder.path().join("none.bin"))], &["cannot read", "none.bin"]);

    let mut bytes = BYTES[..60 * RECORD].to_vec();
    bytes[2 * RECORD - 1] = 11;
    fs::write(&data, &bytes).expect("a temporary file");
    refused(&["--data", path(&data)], &["few.bin", "record 1 has the label 11"]);
    fs::write(&data, &bytes[..100]).expect("a temporary file");
    refused(&["--data", path(&data)], &["few.bin", "truncated"]);
    fs::write(&data, &BYTES[..RECORD]).expect("a temporary file");
    refused(&["--data", path(&data)], &["few.bin", "too few"]);
}

#[test]
fn instructions_that_the_processor_lacks_are_refused_by_name() {
    for name in Isa::NAMES.into_iter().filter(|name| Isa::by_name(name).is_err()) {
        refused(&["--isa", name], &[&format!("lacks the instruction set `{name}`"), "available here: auto, portable"]);
    }
}

#[test]
fn every_instruction_set_of_the_processor_can_be_asked_for() {
    let (folder, data) = few_digits();
    let out = folder.path().join("out");
    for isa in Isa::available() {
        let output = run(&["--data", path(&data), "--out", path(&out), "--epochs", "1", "--isa", isa.name()]);
        assert!(output.status.success(), "{isa}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains(&format!("instructions: {isa}")), "{isa}: {text}");
    }
}

#[test]
fn a_loss_that_diverges_stops_the_program_and_leaves_nothing() {
    let (folder, data) = few_digits();
    let out = folder.path().join("out");
    for optimizer in ["adam", "sgd", "momentum"] {
        let output = run(&["--data", path(&data), "--out", path(&out), "--rate", "1e37", "--optimizer", optimizer]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{optimizer}: {error}");
        assert!(error.contains("training stopped in epoch") && error.contains("diverged"), "{error}");
        assert!(!out.exists(), "{optimizer}");
    }
}

#[test]
fn a_loss_far_above_guessing_stops_the_program_too() {
    let (folder, data) = few_digits();
    let out = folder.path().join("out");
    let output = run(&["--data", path(&data), "--out", path(&out), "--rate", "1000", "--optimizer", "sgd"]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("the loss diverged to") && error.contains("guessing has 2.3"), "{error}");
    assert!(!out.exists());
}

#[test]
fn a_run_prints_tables_and_writes_both_files_and_no_other() {
    let (folder, data) = few_digits();
    let out = folder.path().join("deep/out");
    let output = run(&["--data", path(&data), "--out", path(&out), "--epochs", "2", "--seed", "3-4"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let text = String::from_utf8_lossy(&output.stdout);
    for part in [
        "conv2",
        "[16, 4, 4]",
        "1,898",
        "23,680",
        "seed 3  epoch  2/2",
        "written \\ read",
        "recall",
        "mean",
        "digits.svg",
    ] {
        assert!(text.contains(part), "no {part:?} in: {text}");
    }
    let mut files: Vec<_> = fs::read_dir(&out).expect("it was made").flatten().map(|entry| entry.file_name()).collect();
    files.sort();
    assert_eq!(files, ["digits.safetensors", "digits.svg"]);
    let picture = fs::read_to_string(out.join("digits.svg")).expect("it was written");
    assert!(picture.starts_with("<svg") && picture.trim_end().ends_with("</svg>"));
}
