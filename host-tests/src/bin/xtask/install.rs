//! Tools that a step needs: found, installed in the natural way where that is allowed, or named.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::shell::{Shell, shown};
use crate::step::Stop;

/// Debian's packages with the emulator.
const QEMU: &[&str] = &["qemu-system-arm"];
/// Debian's packages with the counter of instructions; it reads the C library's symbols.
const VALGRIND: &[&str] = &["valgrind", "libc6-dbg"];
/// Debian's packages with a compiler that can build `core` for any target, its lints, and a linker for Arm.
const DEBIAN_RUST: &[&str] = &["rustc-web", "cargo-web", "rust-web-src", "rust-web-clippy", "binutils-arm-none-eabi"];

/// Debian's packages with Vulkan's loader and a device in software.
const VULKAN: &[&str] = &["libvulkan1", "mesa-vulkan-drivers"];

/// What is there once they are installed.
const DEBIAN_RUST_FILES: &[&str] = &["/usr/bin/cargo-clippy", "/usr/bin/arm-none-eabi-ld"];

/// A way to build for a target that is not this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compiler {
    /// The toolchain in use has the target's standard library, or `core`.
    Toolchain,
    /// Debian's compiler builds it from Debian's source.
    Debian,
}

impl Compiler {
    /// `cargo SUBCOMMAND … --target TARGET`, set up for this way, for a target without a standard library.
    pub(crate) fn cargo(self, shell: &Shell, subcommand: &str, target: &str) -> Command {
        self.cargo_with(shell, subcommand, target, "core,alloc")
    }

    /// The same for a target for which Debian's compiler has to build these of the standard libraries.
    pub(crate) fn cargo_with(self, shell: &Shell, subcommand: &str, target: &str, libraries: &str) -> Command {
        match self {
            Self::Toolchain => shell.cargo([subcommand, "--target", target]),
            Self::Debian => {
                // Cargo would prefer a rustup proxy for the subcommand to Debian's own.
                let program = if subcommand == "clippy" { "/usr/bin/cargo-clippy" } else { "/usr/bin/cargo" };
                let mut command = shell.command(program);
                command
                    .args([subcommand, "--target", target, &format!("-Zbuild-std={libraries}")])
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
pub(crate) fn bare_metal(shell: &Shell, targets: &[&str]) -> Result<Compiler, Stop> {
    compiler(shell, targets, DEBIAN_RUST, DEBIAN_RUST_FILES)
}

/// A way to build for all of these targets: with the toolchain in use, or with these packages of Debian, of
/// which these files are not the compiler's.
pub(crate) fn compiler(shell: &Shell, targets: &[&str], packages: &[&str], files: &[&str]) -> Result<Compiler, Stop> {
    if toolchain_has(shell, targets) {
        return Ok(Compiler::Toolchain);
    }
    let mut add = shell.command("rustup");
    add.args(["target", "add"]).args(targets);
    if shell.install(&mut add) && toolchain_has(shell, targets) {
        return Ok(Compiler::Toolchain);
    }
    let compiler = ["/usr/bin/cargo", "/usr/bin/rustc", "/usr/lib/rustlib/src/rust/library"];
    let found = || compiler.iter().chain(files).all(|path| Path::new(path).exists());
    if found() || (apt(shell, packages) && found()) {
        return Ok(Compiler::Debian);
    }
    Err(Stop::NotRun {
        why: format!("no compiler here builds for {}", targets.join(", ")),
        enable: format!("{}   (or, as root on Debian: {})", shown(&add), apt_line(packages)),
    })
}

/// The emulator for Arm's boards.
pub(crate) fn qemu(shell: &Shell) -> Result<(), Stop> {
    tool(shell, "qemu-system-arm", QEMU, "   (macOS: brew install qemu)")
}

/// A program that is on the PATH, or in these packages of Debian.
pub(crate) fn tool(shell: &Shell, program: &str, packages: &[&str], elsewhere: &str) -> Result<(), Stop> {
    let found = || shell.ask(shell.command(program).arg("--version")).is_some();
    if found() || (apt(shell, packages) && found()) {
        return Ok(());
    }
    Err(Stop::NotRun {
        why: format!("{program} is not on the PATH"),
        enable: format!("as root: {}{elsewhere}", apt_line(packages)),
    })
}

/// The counter of instructions.
pub(crate) fn valgrind(shell: &Shell) -> Result<(), Stop> {
    // A real run: without the C library's symbols it starts, and stops at once.
    let found = || shell.ask(shell.command("valgrind").args(["--tool=none", "true"])).is_some();
    if found() || (apt(shell, VALGRIND) && found()) {
        return Ok(());
    }
    Err(Stop::NotRun {
        why: "valgrind is not on the PATH, or does not run".to_owned(),
        enable: format!("as root: {}", apt_line(VALGRIND)),
    })
}

/// Vulkan's loader and a driver, as far as they can be had; which devices there are then, only a program can say.
/// Returns how to install them by hand.
pub(crate) fn vulkan(shell: &Shell) -> String {
    let folders = ["/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d"];
    let driver = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"].iter().any(|name| std::env::var_os(name).is_some())
        || folders.iter().any(|folder| fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some()));
    // Root's folders are not on everybody's PATH.
    let loader = ["ldconfig", "/sbin/ldconfig"].iter().any(|program| {
        shell.ask(shell.command(program).arg("-p")).is_some_and(|libraries| libraries.contains("libvulkan.so.1"))
    });
    if cfg!(target_os = "linux") && !(driver && loader) {
        apt(shell, VULKAN);
    }
    format!("as root: {}   (or the driver of your GPU)", apt_line(VULKAN))
}

fn toolchain_has(shell: &Shell, targets: &[&str]) -> bool {
    targets.iter().all(|target| {
        let mut rustc = shell.command("rustc");
        rustc.args(["--print", "target-libdir", "--target", target]);
        shell.ask(&mut rustc).is_some_and(|folder| Path::new(&folder).is_dir())
    })
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
