//! Tools that a step needs: found, installed in the natural way where that is allowed, or named.

use std::path::Path;
use std::process::Command;

use crate::shell::{Shell, shown};
use crate::step::Stop;

/// Debian's packages with the emulator.
const QEMU: &[&str] = &["qemu-system-arm"];
/// Debian's packages with a compiler that can build `core` for any target, its lints, and a linker for Arm.
const DEBIAN_RUST: &[&str] = &["rustc-web", "cargo-web", "rust-web-src", "rust-web-clippy", "binutils-arm-none-eabi"];

/// A way to build for a bare-metal target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BareMetal {
    /// The toolchain in use has the target's `core`.
    Toolchain,
    /// Debian's compiler builds `core` from Debian's source.
    Debian,
}

impl BareMetal {
    /// `cargo SUBCOMMAND … --target TARGET`, set up for this way.
    pub(crate) fn cargo(self, shell: &Shell, subcommand: &str, target: &str) -> Command {
        match self {
            Self::Toolchain => shell.cargo([subcommand, "--target", target]),
            Self::Debian => {
                // Cargo would prefer a rustup proxy for the subcommand to Debian's own.
                let program = if subcommand == "clippy" { "/usr/bin/cargo-clippy" } else { "/usr/bin/cargo" };
                let mut command = shell.command(program);
                command
                    .args([subcommand, "--target", target, "-Zbuild-std=core,alloc"])
                    .env("RUSTC_BOOTSTRAP", "1")
                    .env("RUSTC", "/usr/bin/rustc")
                    .env("CARGO", "/usr/bin/cargo")
                    .env_remove("RUSTUP_TOOLCHAIN");
                command
            }
        }
    }
}

/// A way to build for all of these bare-metal targets.
pub(crate) fn bare_metal(shell: &Shell, targets: &[&str]) -> Result<BareMetal, Stop> {
    if toolchain_has(shell, targets) {
        return Ok(BareMetal::Toolchain);
    }
    let mut add = shell.command("rustup");
    add.args(["target", "add"]).args(targets);
    if shell.install(&mut add) && toolchain_has(shell, targets) {
        return Ok(BareMetal::Toolchain);
    }
    if debian_has_rust() || (apt(shell, DEBIAN_RUST) && debian_has_rust()) {
        return Ok(BareMetal::Debian);
    }
    Err(Stop::NotRun {
        why: format!("no compiler here builds for {}", targets.join(", ")),
        enable: format!("{}   (or, as root on Debian: {})", shown(&add), apt_line(DEBIAN_RUST)),
    })
}

/// The emulator for Arm's boards.
pub(crate) fn qemu(shell: &Shell) -> Result<(), Stop> {
    let found = || shell.ask(shell.command("qemu-system-arm").arg("--version")).is_some();
    if found() || (apt(shell, QEMU) && found()) {
        return Ok(());
    }
    Err(Stop::NotRun {
        why: "qemu-system-arm is not on the PATH".to_owned(),
        enable: format!("as root: {}   (macOS: brew install qemu)", apt_line(QEMU)),
    })
}

fn toolchain_has(shell: &Shell, targets: &[&str]) -> bool {
    targets.iter().all(|target| {
        let mut rustc = shell.command("rustc");
        rustc.args(["--print", "target-libdir", "--target", target]);
        shell.ask(&mut rustc).is_some_and(|folder| Path::new(&folder).is_dir())
    })
}

fn debian_has_rust() -> bool {
    [
        "/usr/bin/cargo",
        "/usr/bin/rustc",
        "/usr/bin/cargo-clippy",
        "/usr/lib/rustlib/src/rust/library",
        "/usr/bin/arm-none-eabi-ld",
    ]
    .iter()
    .all(|path| Path::new(path).exists())
}

fn apt_line(packages: &[&str]) -> String {
    format!("apt-get install -y --no-install-recommends {}", packages.join(" "))
}

/// Installs packages of the distribution, as root or through `sudo` where it asks for no password.
fn apt(shell: &Shell, packages: &[&str]) -> bool {
    let root = shell.ask(shell.command("id").arg("-u")).is_some_and(|id| id == "0");
    let apt_get = |arguments: &str| {
        let mut command = if root {
            shell.command("apt-get")
        } else {
            let mut sudo = shell.command("sudo");
            sudo.args(["-n", "apt-get"]);
            sudo
        };
        command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments.split(' '));
        command
    };
    let allowed = root || shell.ask(shell.command("sudo").args(["-n", "true"])).is_some();
    let install = format!("install -y --no-install-recommends {}", packages.join(" "));
    if !allowed {
        return false;
    }
    // Lists that could only be refreshed in part are often good enough.
    shell.install(&mut apt_get("update"));
    shell.install(&mut apt_get(&install))
}
