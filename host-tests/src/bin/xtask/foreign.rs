//! Targets that this machine is not, whose programs an emulator runs.

use std::process::Command;

use crate::install::{Compiler, compiler, tool};
use crate::shell::Shell;
use crate::step::Stop;

/// A target and its emulator.
pub(crate) struct Foreign {
    /// Rust's name of the target.
    target: &'static str,
    /// Programs that must be there, each with Debian's package.
    tools: &'static [[&'static str; 2]],
    /// The emulator's command.
    runner: &'static [&'static str],
    /// A script of the repository that the emulator runs, to which it gives the program.
    script: Option<&'static str>,
    linker: Option<&'static str>,
    flags: &'static [&'static str],
    /// How Debian's compiler can do it.
    debian: Debian,
}

/// What it takes to build the standard library from Debian's source.
struct Debian {
    packages: &'static [&'static str],
    /// What is there once they are installed, besides the compiler.
    files: &'static [&'static str],
    linker: Option<&'static str>,
    flags: &'static [&'static str],
}

impl Foreign {
    /// 64-bit Arm, which always has NEON, in QEMU. Linked statically, so that it needs no Arm libraries.
    pub(crate) const ARM: Self = Self {
        target: "aarch64-unknown-linux-gnu",
        tools: &[
            ["aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu libc6-dev-arm64-cross"],
            ["qemu-aarch64-static", "qemu-user-static"],
        ],
        runner: &["qemu-aarch64-static"],
        script: None,
        linker: Some("aarch64-linux-gnu-gcc"),
        flags: &["-Ctarget-feature=+crt-static"],
        debian: Debian { packages: &["rustc-web", "cargo-web", "rust-web-src"], files: &[], linker: None, flags: &[] },
    };

    /// WebAssembly with 128-bit vectors, in Node.
    pub(crate) const WASM: Self = Self {
        target: "wasm32-wasip1",
        tools: &[["node", "nodejs"]],
        runner: &["node", "--no-warnings"],
        script: Some("host-tests/wasm/run.mjs"),
        linker: None,
        flags: &["-Ctarget-feature=+simd128"],
        debian: Debian {
            packages: &["rustc-web", "cargo-web", "rust-web-src", "wasi-libc", "lld-19"],
            files: &["/usr/lib/wasm32-wasi/crt1-command.o", "/usr/bin/wasm-ld-19"],
            linker: Some("wasm-ld-19"),
            // Its C library knows nothing of threads, which the standard library names but never starts here.
            flags: &[
                "-Clink-self-contained=no",
                "-Lnative=/usr/lib/wasm32-wasi",
                "-Clink-arg=/usr/lib/wasm32-wasi/crt1-command.o",
                "-Clink-arg=--unresolved-symbols=ignore-all",
            ],
        },
    };

    /// A way to build for it, once its tools are there.
    pub(crate) fn compiler(&self, shell: &Shell) -> Result<Compiler, Stop> {
        for [program, packages] in self.tools {
            tool(shell, program, &packages.split(' ').collect::<Vec<_>>(), "")?;
        }
        compiler(shell, &[self.target], self.debian.packages, self.debian.files)
    }

    /// `cargo test --release …`, set up to build that way and to run in the emulator.
    pub(crate) fn test(&self, shell: &Shell, way: Compiler) -> Command {
        let mut cargo = way.cargo_with(shell, "test", self.target, "std,panic_abort,test");
        let debian = (way == Compiler::Debian).then_some(&self.debian);
        let script = self.script.map(|script| shell.root.join(script).display().to_string());
        let runner: Vec<&str> = self.runner.iter().copied().chain(script.as_deref()).collect();
        let flags = [self.flags, debian.map_or(&[], |debian| debian.flags)].concat();
        let mut set = |key: &str, value: String| {
            cargo.args(["--config", &format!("target.{}.{key}={value}", self.target)]);
        };
        set("runner", format!("{runner:?}"));
        set("rustflags", format!("{flags:?}"));
        if let Some(linker) = debian.and_then(|debian| debian.linker).or(self.linker) {
            set("linker", format!("{linker:?}"));
        }
        cargo.arg("--release");
        cargo
    }
}
