//! The steps that need nothing but the toolchain: formatting, lints, tests, documentation.

use std::{
    fmt, fs, io,
    time::{Duration, Instant},
};

use crate::shell::Shell;
use crate::step::{Note, Step, Stop};
use crate::{bench, firmware};

/// The same packages and features in each step of tests, so that everything is built once.
pub(crate) const ALL_TESTS: [&str; 6] = [
    "test",
    "--workspace",
    "--release",
    "--no-fail-fast",
    "--features",
    "tensorlet-host/tools,tensorlet-host/gpu,tensorlet-examples/fingerprint",
];

/// The bars for [`clean_build`], on two cores.
const CLEAN_BUILD: Duration = Duration::from_secs(240);
const CASES_BUILD: Duration = Duration::from_secs(600);

pub(crate) const RUSTFMT: Step = Step {
    name: "rustfmt",
    about: "formatting of the workspace, of the firmware and of the peers",
    run: |shell| {
        let check = ["fmt", "--all", "--check", "--message-format", "short"];
        let workspace = shell.run(&mut shell.cargo(check));
        let others = [firmware::FOLDER, bench::PEERS]
            .map(|folder| shell.run(shell.cargo(check).current_dir(shell.root.join(folder))));
        others.into_iter().fold(workspace, Result::and)?;
        Ok(Note::new())
    },
    optional: false,
};

pub(crate) const CLIPPY: Step = Step {
    name: "clippy",
    about: "lints on all targets, with default and with all features",
    run: |shell| {
        let lint = ["clippy", "--workspace", "--all-targets"];
        let deny = ["--", "-D", "warnings"];
        let default = shell.run(shell.cargo(lint).args(deny));
        let all = shell.run(shell.cargo(lint).arg("--all-features").args(deny));
        default.and(all)?;
        Ok(Note::new())
    },
    optional: false,
};

pub(crate) const TESTS: Step = Step {
    name: "tests",
    about: "unit and integration tests of every package",
    run: |shell| {
        let mut cargo = shell.cargo(ALL_TESTS);
        cargo.args(["--lib", "--bins", "--tests", "--examples", "--", "--skip", "compile_fail/"]);
        cargo.args(["--skip", "conformance/", "--skip", "gpu/", "--skip", "gpu::"]);
        let precise = shell.test(&mut cargo);
        let mut cargo = shell.cargo(["test", "--release", "--package", "tensorlet", "--features", "micromath"]);
        let approximate = shell.test(cargo.args(["--lib", "--tests"]));
        precise.and(approximate)?;
        Ok("core's twice: with precise and with approximate functions".to_owned())
    },
    optional: false,
};

pub(crate) const DOCTESTS: Step = Step {
    name: "doctests",
    about: "the examples in the documentation, core's with either path of its mathematics",
    run: |shell| {
        let precise = shell.test(shell.cargo(ALL_TESTS).arg("--doc"));
        let approximate = ["test", "--release", "--package", "tensorlet", "--features", "micromath", "--doc"];
        let approximate = shell.run(&mut shell.cargo(approximate));
        precise.and(approximate)?;
        Ok(Note::new())
    },
    optional: false,
};

pub(crate) const COMPILE_FAIL: Step = Step {
    name: "compile-fail",
    about: "programs that must not compile, and what the compiler says about them",
    run: |shell| {
        shell.test(shell.cargo(ALL_TESTS).args(["--test", "compile_fail"]))?;
        Ok(Note::new())
    },
    optional: false,
};

pub(crate) const CONFORMANCE: Step = Step {
    name: "conformance",
    about: "independent cases through the typed API, on every instruction set here",
    run: |shell| {
        shell.test(shell.cargo(ALL_TESTS).args(["--test", "conformance"]))?;
        Ok(Note::new())
    },
    optional: false,
};

pub(crate) const REPRODUCE: Step = Step {
    name: "reproduce",
    about: "whole trainings over five seeds beside PyTorch's results",
    run: |shell| {
        let cargo = ["run", "--release", "--package", "tensorlet-examples", "--example", "reproduce"];
        shell.run(&mut shell.cargo(cargo))?;
        Ok(Note::new())
    },
    optional: false,
};

pub(crate) const DOCS: Step = Step {
    name: "docs",
    about: "documentation without a warning",
    run: |shell| {
        let mut cargo = shell.cargo(["doc", "--workspace", "--no-deps", "--all-features"]);
        shell.run(cargo.env("RUSTDOCFLAGS", "-D warnings"))?;
        Ok(Note::new())
    },
    optional: false,
};

pub(crate) const MSRV: Step =
    Step { name: "msrv", about: "the oldest toolchain that Cargo.toml promises", run: msrv, optional: false };

pub(crate) const DIGITS: Step = Step {
    name: "digits",
    about: "the digits example, one epoch, with its picture and its weights",
    run: |shell| {
        let out = shell.root.join("target/xtask/digits");
        if out.exists() {
            fs::remove_dir_all(&out).map_err(|error| Stop::Broken(format!("{}: {error}", out.display())))?;
        }
        let mut cargo = shell.cargo(["run", "--release", "--package", "tensorlet-examples", "--example", "digits"]);
        cargo.args(["--", "--epochs", "1", "--out", "target/xtask/digits"]);
        shell.run(&mut cargo)?;
        let mut names: Vec<String> = fs::read_dir(&out)
            .map_err(|error| Stop::Broken(format!("{}: {error}", out.display())))?
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        for kind in [".safetensors", ".svg"] {
            if !names.iter().any(|name| name.ends_with(kind)) {
                return Err(Stop::Broken(format!("the example wrote no {kind} file, only {names:?}")));
            }
        }
        Ok(format!("wrote {}", names.join(", ")))
    },
    optional: false,
};

/// The toolchain in use, where it is the promised one; otherwise that toolchain through rustup.
fn msrv(shell: &Shell) -> Result<Note, Stop> {
    let Some(toolchain) = promised(shell)? else {
        return Ok("it is the toolchain of all other steps".to_owned());
    };
    let mut cargo = shell.cargo([&*toolchain, "check", "--workspace", "--all-targets"]);
    shell.run(cargo.args(["--target-dir", "target/msrv"]))?;
    Ok(format!("checked with {toolchain}"))
}

/// The oldest toolchain that `Cargo.toml` promises, as cargo's first argument, installed where it is missing; none
/// where it is the one in use.
pub(crate) fn promised(shell: &Shell) -> Result<Option<String>, Stop> {
    let metadata = shell.metadata()?;
    let Some(promised) = metadata["packages"][0]["rust_version"].as_str() else {
        return Err(Stop::Broken("the packages state no rust-version".to_owned()));
    };
    let in_use = shell.read(shell.command("rustc").arg("--version"))?;
    let is = |version: &str| version == promised || version.starts_with(&format!("{promised}."));
    if in_use.split(' ').nth(1).is_some_and(is) {
        return Ok(None);
    }
    let toolchain = format!("+{promised}");
    let installed = || shell.ask(shell.command("rustc").args([&toolchain, "--version"])).is_some();
    let mut add = shell.command("rustup");
    add.args(["toolchain", "install", promised, "--profile", "minimal"]);
    let ready = installed() || (shell.install(&mut add) && installed());
    if !ready {
        return Err(Stop::NotRun {
            why: format!("the toolchain in use is {in_use}, and {promised} is not installed"),
            enable: crate::shell::shown(&add),
        });
    }
    Ok(Some(toolchain))
}

/// Builds and tests core, simd and host-tests in an empty target folder; then, with a bar of their own, the
/// conformance cases, which are code of their own each.
pub(crate) fn clean_build(shell: &Shell) -> Result<Note, Stop> {
    let folder = shell.root.join("target/clean-build");
    let broken = |error: io::Error| Stop::Broken(format!("{}: {error}", folder.display()));
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(broken)?;
    }
    let no_cases = folder.join("no-cases");
    fs::create_dir_all(&no_cases).map_err(broken)?;
    let cargo =
        || shell.cargo(["test", "--release", "--target-dir", "target/clean-build", "--package", "tensorlet-host"]);

    let start = Instant::now();
    let mut all = cargo();
    shell.test(all.args(["-p", "tensorlet", "-p", "tensorlet-simd"]).env("TENSORLET_CASES", no_cases))?;
    let tests = Bar { what: "core, simd and host-tests, built and tested", took: start.elapsed(), most: CLEAN_BUILD };

    let start = Instant::now();
    shell.run(cargo().args(["--test", "conformance", "--no-run"]))?;
    let cases = Bar { what: "the conformance cases, built", took: start.elapsed(), most: CASES_BUILD };

    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let figures = format!("on {cores} cores: {tests}; {cases}");
    if tests.holds() && cases.holds() { Ok(figures) } else { Err(Stop::Broken(figures)) }
}

/// A time and the most that it may be on two cores.
struct Bar {
    what: &'static str,
    took: Duration,
    most: Duration,
}

impl Bar {
    fn holds(&self) -> bool {
        self.took <= self.most
    }
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {:.0} s (at most {} s on two)", self.what, self.took.as_secs_f64(), self.most.as_secs())
    }
}
