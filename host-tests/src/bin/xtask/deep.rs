//! Slower proofs: Miri over core, the address sanitizer over everything that may hold `unsafe`.

use std::path::Path;

use crate::shell::{Shell, shown};
use crate::step::{Note, Step, Stop};

pub(crate) const MIRI: Step = Step {
    name: "miri",
    about: "core's tests in Miri, which finds undefined behaviour (nightly toolchain)",
    run: miri,
    optional: true,
};

pub(crate) const SANITIZER: Step =
    Step { name: "sanitizer", about: "simd's tests under the address sanitizer", run: sanitizer, optional: false };

fn miri(shell: &Shell) -> Result<Note, Stop> {
    let has = |toolchain: &str| shell.ask(shell.cargo(toolchain.split_whitespace()).args(["miri", "--version"]));
    let mut add = shell.command("rustup");
    add.args(["component", "add", "miri", "rust-src", "--toolchain", "nightly"]);
    let nightly = shell.ask(shell.command("rustc").args(["+nightly", "--version"])).is_some();
    let found = ["", "+nightly"].into_iter().find(|toolchain| has(toolchain).is_some());
    let found = found.or_else(|| {
        let works = nightly && shell.install(&mut add) && has("+nightly").is_some();
        works.then_some("+nightly")
    });
    let Some(toolchain) = found else {
        let (why, first) = if nightly {
            ("the nightly toolchain here has no Miri", "")
        } else {
            ("there is no nightly toolchain here", "rustup toolchain install nightly --profile minimal && ")
        };
        return Err(Stop::NotRun { why: why.to_owned(), enable: format!("{first}{}", shown(&add)) });
    };
    let mut cargo = shell.cargo(toolchain.split_whitespace());
    cargo.args(["miri", "test", "--package", "tensorlet", "--lib", "--tests"]);
    shell.run(&mut cargo)?;
    Ok("the same tests again: not counted".to_owned())
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
