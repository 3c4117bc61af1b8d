//! Simd's kernels on instruction sets that this machine lacks, in emulators; and x86-64 without AVX2,
//! which must fall back to `Portable`.

use std::process::Command;

use crate::foreign::Foreign;
use crate::host::ALL_TESTS;
use crate::install::{Compiler, tool};
use crate::shell::Shell;
use crate::step::{Note, Step, Stop};

pub(crate) const SSE2: Step = Step {
    name: "sse2",
    about: "x86-64 without AVX2, in QEMU: the choice falls on portable, and what the processor lacks is refused by name",
    run: sse2,
    optional: false,
};

pub(crate) const NEON: Step = Step {
    name: "neon",
    about: "every kernel on NEON by name, in QEMU: simd's tests, and those against float64",
    run: |shell| {
        if host(shell)?.starts_with("aarch64") {
            return Ok("natively, by the other steps".to_owned());
        }
        every_kernel(shell, &Foreign::ARM, "neon")
    },
    optional: false,
};

pub(crate) const WASM: Step = Step {
    name: "wasm",
    about: "every kernel on WebAssembly's vectors by name, in Node: simd's tests, and those against float64",
    run: |shell| every_kernel(shell, &Foreign::WASM, "simd128"),
    optional: false,
};

/// The test that chooses an instruction set, and says which there are.
const CHOICE: [&str; 4] = ["--test", "isa", "--", "--nocapture"];

fn sse2(shell: &Shell) -> Result<Note, Stop> {
    let host = host(shell)?;
    if !host.starts_with("x86_64") {
        return Err(Stop::NotRun {
            why: format!("this machine is {host}"),
            enable: "run this step on an x86-64 machine".to_owned(),
        });
    }
    tool(shell, "qemu-x86_64-static", &["qemu-user-static"], "")?;
    let mut cargo = shell.cargo(ALL_TESTS);
    // A processor of 2008 with SSE 4.2.
    cargo.args(["--config", &format!(r#"target.{host}.runner=["qemu-x86_64-static", "-cpu", "Nehalem"]"#)]);
    says(shell, cargo.args(CHOICE), &["portable"])?;
    Ok(Note::new())
}

fn every_kernel(shell: &Shell, machine: &Foreign, isa: &str) -> Result<Note, Stop> {
    let way = machine.compiler(shell)?;
    let mut cargo = machine.test(shell, way);
    says(shell, cargo.args(["--package", "tensorlet-simd"]).args(CHOICE), &["portable", isa])?;
    let mut cargo = machine.test(shell, way);
    shell.test(cargo.args(["--package", "tensorlet-simd", "--lib", "--tests"]))?;
    let mut cargo = machine.test(shell, way);
    shell.test(cargo.args(["--package", "tensorlet-host", "--test", "kernels"]))?;
    Ok(match way {
        Compiler::Toolchain => Note::new(),
        Compiler::Debian => "with Debian's compiler".to_owned(),
    })
}

/// Runs the test that says which instruction sets there are: these.
fn says(shell: &Shell, test: &mut Command, isas: &[&str]) -> Result<(), Stop> {
    let expected = format!("available: {isas:?}");
    let mut said = false;
    shell.stream(test, |line| said |= line.contains(&expected))?;
    if said { Ok(()) } else { Err(Stop::Broken(format!("the test did not say `{expected}`"))) }
}

/// Rust's name of this machine.
fn host(shell: &Shell) -> Result<String, Stop> {
    shell.read(shell.command("rustc").args(["--print", "host-tuple"]))
}
