//! Running commands: shown before they start, streamed while they run, counted, never silent for long.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::step::{Stop, Tests};

/// A command that prints nothing for this long gets a line saying that it is still running.
const QUIET: Duration = Duration::from_secs(60);

/// Where and how the steps run.
pub(crate) struct Shell {
    /// The root of the repository.
    pub(crate) root: PathBuf,
    /// Whether missing tools may be installed.
    install: bool,
    tests: Cell<Tests>,
    /// Installations tried, and whether they worked.
    installed: RefCell<BTreeMap<String, bool>>,
}

impl Shell {
    pub(crate) fn new(root: PathBuf, install: bool) -> Self {
        Self { root, install, tests: Cell::default(), installed: RefCell::default() }
    }

    /// All tests counted so far.
    pub(crate) fn tests(&self) -> Tests {
        self.tests.get()
    }

    /// A command in the root of the repository, without what `cargo run` set for this program.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir(&self.root).stdin(Stdio::null()).env_remove("LD_LIBRARY_PATH");
        for (name, _) in std::env::vars_os() {
            let own = name.to_str().is_some_and(|name| {
                name == "CARGO" || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
            });
            if own {
                command.env_remove(name);
            }
        }
        command
    }

    /// `cargo` with these arguments.
    pub(crate) fn cargo<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = self.command("cargo");
        command.args(arguments);
        command
    }

    /// Runs a command whose tests count.
    pub(crate) fn test(&self, command: &mut Command) -> Result<(), Stop> {
        self.test_and(command, |_| ())
    }

    /// The same, and hands each line of standard output to `see`.
    pub(crate) fn test_and(&self, command: &mut Command, mut see: impl FnMut(&str)) -> Result<(), Stop> {
        let mut tests = self.tests.get();
        let result = self.stream(command, |line| {
            tests += Tests::in_line(line);
            see(line);
        });
        self.tests.set(tests);
        result
    }

    /// Runs a command.
    pub(crate) fn run(&self, command: &mut Command) -> Result<(), Stop> {
        self.stream(command, |_| ())
    }

    /// Runs a command, prints what it prints, and hands each line of standard output to `see`.
    pub(crate) fn stream(&self, command: &mut Command, mut see: impl FnMut(&str)) -> Result<(), Stop> {
        let line = match command.get_current_dir().and_then(|folder| folder.strip_prefix(&self.root).ok()) {
            Some(folder) if folder != Path::new("") => format!("cd {} && {}", folder.display(), shown(command)),
            _ => shown(command),
        };
        println!("$ {line}");
        let failed = |source| Stop::Start { line: line.clone(), source };
        let start = Instant::now();
        let mut child = command.stdout(Stdio::piped()).spawn().map_err(failed)?;
        let (sender, lines) = mpsc::channel();
        let output = child.stdout.take();
        let reader = std::thread::spawn(move || {
            for line in output.into_iter().flat_map(|out| BufReader::new(out).split(b'\n')) {
                let Ok(line) = line else { break };
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        loop {
            match lines.recv_timeout(QUIET) {
                Ok(bytes) => {
                    let text = String::from_utf8_lossy(&bytes);
                    println!("{text}");
                    see(&text);
                }
                Err(RecvTimeoutError::Timeout) => {
                    println!("  … still running after {} s: {line}", start.elapsed().as_secs());
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let status = child.wait().map_err(failed)?;
        drop(reader.join());
        if status.success() { Ok(()) } else { Err(Stop::Command { line, status: status.to_string() }) }
    }

    /// Runs a command that installs something, once, if installing is allowed. True when it worked.
    pub(crate) fn install(&self, command: &mut Command) -> bool {
        let line = shown(command);
        let tried = self.installed.borrow().get(&line).copied();
        tried.unwrap_or_else(|| {
            let worked = self.install && self.run(command).is_ok();
            self.installed.borrow_mut().insert(line, worked);
            worked
        })
    }

    /// What a command prints on standard output, or `None` if it fails or does not exist.
    pub(crate) fn ask(&self, command: &mut Command) -> Option<String> {
        let output = command.stderr(Stdio::null()).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success().then_some(text)
    }

    /// As [`ask`](Self::ask), for a command that must work.
    pub(crate) fn read(&self, command: &mut Command) -> Result<String, Stop> {
        let line = shown(command);
        self.ask(command).ok_or(Stop::Command { line, status: "failed".to_owned() })
    }

    /// The packages of the workspace as `cargo metadata` describes them.
    pub(crate) fn metadata(&self) -> Result<serde_json::Value, Stop> {
        let metadata = self.read(&mut self.cargo(["metadata", "--no-deps", "--format-version", "1"]))?;
        serde_json::from_str(&metadata).map_err(|error| Stop::Broken(format!("cargo metadata: {error}")))
    }
}

/// The command as a person would type it in the root of the repository.
pub(crate) fn shown(command: &Command) -> String {
    let mut words: Vec<String> = command
        .get_envs()
        .filter_map(|(name, value)| {
            let value = quoted(&value?.to_string_lossy());
            Some(format!("{}={value}", name.to_string_lossy()))
        })
        .collect();
    words.push(quoted(&command.get_program().to_string_lossy()));
    words.extend(command.get_args().map(|argument| quoted(&argument.to_string_lossy())));
    words.join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:+,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    #[test]
    fn a_command_is_shown_as_it_would_be_typed() {
        let mut command = Command::new("cargo");
        command.env("RUSTDOCFLAGS", "-D warnings").args(["doc", "--no-deps"]);
        assert_eq!(super::shown(&command), "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps");
    }
}
