//! Networks on a GPU beside the same networks on the CPU: `cargo xtask test gpu`, or
//! `cargo test --release -p tensorlet-host --features gpu --test gpu`.
//!
//! They take the fastest GPU of the machine, or a device in software where there is none (Debian's
//! `mesa-vulkan-drivers` has one). Where there is neither, every test is reported as ignored, with the reason.

#![allow(missing_docs)]
#![deny(dead_code, reason = "a test that nobody lists does not run")]

mod activation;
mod attention;
#[path = "../golden/mod.rs"]
#[allow(dead_code, reason = "the CPU's runner has more use for cases")]
mod cases;
mod compare;
mod conv;
mod covered;
mod dense;
mod golden;
mod losses;
mod matmul;
mod norm;
mod parallel;
mod recording;
mod recurrent;
mod refused;
mod sampling;

use std::{fs, path::Path, process::ExitCode};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use tensorlet_host::gpu::{Gpu, OffloadError, Options};

/// The losses that golden cases may have here.
pub(crate) use tensorlet_host::gpu::OffloadLoss as Computable;

/// The tests of a module, which are functions without arguments: `tests!(a, b);` at its end. There is no `#[test]`
/// here, since what runs those cannot leave one out for a reason that it finds out itself.
macro_rules! tests {
    ($($test:ident),+ $(,)?) => {
        pub(crate) fn tests() -> Vec<libtest_mimic::Trial> {
            let module = module_path!().trim_start_matches("gpu::").replace("::", "/");
            vec![$({
                let name = format!("gpu/{module}/{}", stringify!($test));
                libtest_mimic::Trial::test(name, || {
                    $test();
                    Ok(())
                })
            }),+]
        }
    };
}
pub(crate) use tests;

fn main() -> ExitCode {
    if let Some(code) = refused::child() {
        return code;
    }
    let arguments = Arguments::from_args();
    let tests = [
        activation::tests(),
        attention::tests(),
        conv::tests(),
        covered::tests(),
        dense::tests(),
        golden::tests(),
        losses::tests(),
        matmul::tests(),
        norm::tests(),
        parallel::tests(),
        recording::tests(),
        recurrent::tests(),
        refused::tests(),
        sampling::tests(),
    ];
    let tests = tests.into_iter().flatten();
    let missing = Gpu::with(Options { software: true }).err();
    let mut tests: Vec<Trial> = match &missing {
        None => tests.collect(),
        Some(error) => tests.map(|test| left_out(&test, error)).collect(),
    };
    tests.push(Trial::test("gpu/every_test_is_listed", every_test_is_listed));
    tests.extend(refused::tests_without_a_device());
    let conclusion = libtest_mimic::run(&arguments, tests);
    if let Some(error) = missing {
        // `cargo xtask test` looks for this line.
        println!("not run: {error}");
    }
    conclusion.exit_code()
}

/// What stands for a test where there is nothing to run it on.
fn left_out(test: &Trial, error: &OffloadError) -> Trial {
    let reason = error.to_string();
    Trial::ignorable_test(test.name(), move || Ok(Completion::ignored_with(reason)))
}

/// `#[test]` would leave a function out without a word.
fn every_test_is_listed() -> Result<(), Failed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gpu");
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        // In this file the text is what is looked for.
        if path.file_name() != Some("main.rs".as_ref()) && fs::read_to_string(&path)?.contains("#[test]") {
            return Err(format!("{}: `#[test]` is not run here, see `tests!`", path.display()).into());
        }
    }
    Ok(())
}
