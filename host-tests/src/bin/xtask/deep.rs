//! Slower proofs: Miri over core, the address sanitizer over everything that may hold `unsafe`.

use std::path::Path;

use crate::shell::Shell;
use crate::step::{Note, Step, Stop};

pub(crate) const MIRI: Step = Step {
    name: "miri",
    about: "core's doctests and tests in Miri, which finds undefined behaviour (nightly toolchain)",
    run: miri,
    optional: true,
};

pub(crate) const SANITIZER: Step = Step {
    name: "sanitizer",
    about: "simd's kernels on every instruction set here, under the address sanitizer",
    run: sanitizer,
    optional: false,
};

fn miri(shell: &Shell) -> Result<Note, Stop> {
    let mut add = shell.command("rustup");
    add.args(["component", "add", "miri", "rust-src", "--toolchain", "nightly"]);
    let nightly = shell.ask(shell.command("rustc").args(["+nightly", "--version"])).is_some();
    let mut installed = || nightly && shell.install(&mut add) && has_miri(shell, Some("+nightly"));
    let toolchain = if has_miri(shell, None) {
        None
    } else if has_miri(shell, Some("+nightly")) || installed() {
        Some("+nightly")
    } else {
        let (why, first) = if nightly {
            ("the nightly toolchain here has no Miri", "")
        } else {
            ("there is no nightly toolchain here", "rustup toolchain install nightly --profile minimal && ")
        };
        let enable = format!("{first}rustup component add miri rust-src --toolchain nightly");
        return Err(Stop::NotRun { why: why.to_owned(), enable });
    };
    let miri = || {
        let mut cargo = shell.cargo(toolchain);
        cargo.args(["miri", "test", "--package", "tensorlet"]);
        cargo
    };
    shell.run(miri().arg("--doc"))?;
    // Training until something is learned, and errors over all of `f32` or of a table, repeat the same code very often.
    let skip = ["recurrent", "bound", "close"].into_iter().flat_map(|name| ["--skip", name]);
    shell.run(miri().args(["--lib", "--tests", "--"]).args(skip))?;
    Ok("the same tests again: not counted".to_owned())
}

/// Whether a toolchain has Miri, and the source of the standard library that Miri builds.
fn has_miri(shell: &Shell, toolchain: Option<&str>) -> bool {
    let sysroot = shell.ask(shell.command("rustc").args(toolchain).args(["--print", "sysroot"]));
    let source = sysroot.is_some_and(|folder| Path::new(&folder).join("lib/rustlib/src/rust/library").is_dir());
    source && shell.ask(shell.cargo(toolchain).args(["miri", "--version"])).is_some()
}

fn sanitizer(shell: &Shell) -> Result<Note, Stop> {
    let host = shell.read(shell.command("rustc").args(["--print", "host-tuple"]))?;
    let folder = shell.read(shell.command("rustc").args(["--print", "target-libdir"]))?;
    if !has_address_sanitizer(Path::new(&folder)) {
        return Err(Stop::NotRun {
            why: format!("the toolchain in use has no address sanitizer for {host}"),
            enable: "use rustup's toolchain on Linux or macOS".to_owned(),
        });
    }
    // The flag is unstable, the runtime library is not: `RUSTC_BOOTSTRAP` lets the product's own
    // compiler take it, so that no second toolchain is needed.
    let mut cargo = shell.cargo(["test", "--package", "tensorlet-simd", "--lib", "--tests", "--all-features"]);
    for package in ["tensorlet", "tensorlet-simd"] {
        cargo.args(["--config", &format!("profile.dev.package.{package}.opt-level=1")]);
    }
    cargo.args(["--target", &host, "--target-dir", "target/sanitizer"]);
    cargo.env("RUSTC_BOOTSTRAP", "1").env("RUSTFLAGS", "-Zsanitizer=address");
    shell.run(&mut cargo)?;
    Ok("the same tests again: not counted".to_owned())
}

/// Whether the compiler's libraries hold the sanitizer's runtime.
fn has_address_sanitizer(libraries: &Path) -> bool {
    let Ok(entries) = libraries.read_dir() else {
        return false;
    };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.contains("_rt.asan.")
    })
}
