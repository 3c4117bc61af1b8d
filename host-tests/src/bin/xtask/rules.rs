//! Rules about the source itself, which no compiler checks.

use std::fs;
use std::path::{Path, PathBuf};

use crate::shell::Shell;
use crate::step::{Note, Step, Stop};

pub(crate) const STEP: Step = Step {
    name: "rules",
    about: "what the source may name, where `unsafe` may stand, how long a file may be",
    run,
    optional: false,
};

/// The longest file, in lines.
const LONGEST: usize = 450;
/// Kinds of files that are read.
const KINDS: &[&str] = &["rs", "wgsl"];
/// Folders that hold nothing written by hand.
const SKIPPED: &[&str] = &["target", ".git", "out"];
/// What core's code never names. That it builds on bare metal proves more; this gives the line.
const FOREIGN_TO_CORE: &[&str] = &["tensorlet_simd", "std::", "alloc::", "extern crate"];
/// Where `unsafe` may stand.
const UNSAFE: &[&str] = &["simd/", "benches/peers/", "benches/src/peak.rs", "examples/firmware/"];
/// Packages that may depend on these packages of the workspace, and on no other.
const DEPENDENCIES: &[(&str, &[&str])] = &[
    ("tensorlet", &[]),
    ("tensorlet-simd", &["tensorlet"]),
    ("tensorlet-examples", &["tensorlet", "tensorlet-simd", "tensorlet-host"]),
    ("tensorlet-tflite", &[]),
    ("tensorlet-host", &["tensorlet", "tensorlet-simd", "tensorlet-tflite"]),
    ("tensorlet-benches", &["tensorlet", "tensorlet-simd", "tensorlet-host"]),
];

fn run(shell: &Shell) -> Result<Note, Stop> {
    let mut broken = Vec::new();
    let mut files = Vec::new();
    list(&shell.root, &mut files).map_err(|error| Stop::Broken(format!("cannot list the source: {error}")))?;
    for path in &files {
        let text = fs::read_to_string(path).map_err(|error| Stop::Broken(format!("{}: {error}", path.display())))?;
        let name = path.strip_prefix(&shell.root).unwrap_or(path).to_string_lossy().replace('\\', "/");
        check(&name, &text, &mut broken);
    }
    dependencies(shell, &mut broken)?;
    if broken.is_empty() {
        return Ok(format!("{} files", files.len()));
    }
    for line in &broken {
        println!("{line}");
    }
    Err(Stop::Broken(format!("{} places against the rules:\n  {}", broken.len(), broken.join("\n  "))))
}

/// All files of the kinds that are read, in a stable order.
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if !SKIPPED.contains(&name.as_str()) {
                list(&path, files)?;
            }
        } else if path.extension().is_some_and(|kind| KINDS.iter().any(|known| kind == *known)) {
            files.push(path);
        }
    }
    Ok(())
}

/// The rules for one file, named from the root of the repository.
fn check(name: &str, text: &str, broken: &mut Vec<String>) {
    let lines = text.lines().count();
    if lines > LONGEST {
        broken.push(format!("{name}: {lines} lines, the most is {LONGEST}"));
    }
    if name == "core/src/lib.rs" {
        for attribute in ["#![no_std]", "#![forbid(unsafe_code)]"] {
            if !text.lines().any(|line| line.trim() == attribute) {
                broken.push(format!("{name}: lacks {attribute}"));
            }
        }
    }
    // What only tests see may use the standard library.
    let mut core = name.starts_with("core/src/");
    let mut only_in_tests = false;
    let may_be_unsafe = UNSAFE.iter().any(|folder| name.starts_with(folder));
    for (number, line) in text.lines().enumerate() {
        let code = code(line);
        let at = number + 1;
        core &= !(only_in_tests && code.starts_with("mod "));
        if let Some(word) = FOREIGN_TO_CORE.iter().find(|word| core && !only_in_tests && names(&code, word)) {
            broken.push(format!("{name}:{at}: core never names `{word}`"));
        }
        let is_unsafe = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern", "unsafe trait"];
        if !may_be_unsafe && is_unsafe.iter().any(|form| names(&code, form)) {
            broken.push(format!("{name}:{at}: `unsafe` outside {}", UNSAFE.join(", ")));
        }
        if ["TODO", "FIXME", "XXX"].iter().any(|mark| line.contains(&format!("// {mark}"))) {
            broken.push(format!("{name}:{at}: unfinished"));
        }
        only_in_tests = code.trim() == "#[cfg(test)]";
    }
}

/// A line without string literals and comments; good enough for lines that hold one or the other.
fn code(line: &str) -> String {
    let mut code = String::new();
    let mut quoted = false;
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        if c == '"' && before != '\\' && before != '\'' {
            quoted = !quoted;
        } else if !quoted {
            if line[at..].starts_with("//") {
                break;
            }
            code.push(c);
        }
        before = c;
    }
    code
}

/// Whether code holds `word` where a name starts.
fn names(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

/// Dependencies between the packages point one way.
fn dependencies(shell: &Shell, broken: &mut Vec<String>) -> Result<(), Stop> {
    let metadata = shell.metadata()?;
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let allowed = DEPENDENCIES.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, allowed)| allowed);
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let other = dependency["name"].as_str().unwrap_or_default();
            let development = dependency["kind"] == "dev" && name != "tensorlet";
            if other.starts_with("tensorlet") && !development && !allowed.contains(&other) {
                broken.push(format!("{name} depends on {other}"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    /// How many rules a file breaks.
    fn broken(name: &str, text: &str) -> usize {
        let mut broken = Vec::new();
        super::check(name, text, &mut broken);
        broken.len()
    }

    #[test]
    fn planted_offences_are_found() {
        assert_eq!(broken("core/src/a.rs", "use std::fmt;"), 1);
        assert_eq!(broken("core/src/a.rs", "    extern crate alloc;"), 1);
        assert_eq!(broken("core/src/lib.rs", "#![no_std]"), 1);
        assert_eq!(broken("examples/src/a.rs", "let x = unsafe { y() };"), 1);
        assert_eq!(broken("simd/src/a.rs", &"\n".repeat(super::LONGEST + 1)), 1);
    }

    #[test]
    fn what_only_looks_like_an_offence_is_not() {
        assert_eq!(broken("core/src/a.rs", "use core::fmt; // unlike std::fmt"), 0);
        assert_eq!(broken("core/src/a.rs", "//! let v = std::vec::Vec::new();"), 0);
        assert_eq!(broken("core/src/a.rs", "let text = \"unsafe { std::fmt }\";"), 0);
        assert_eq!(broken("simd/src/a.rs", "unsafe { y() }"), 0);
        assert_eq!(broken("core/src/a.rs", "#[cfg(test)]\nextern crate std;"), 0);
        assert_eq!(broken("core/src/a.rs", "#[cfg(test)]\nmod tests {\n    use std::vec::Vec;\n}"), 0);
        assert_eq!(broken("host-tests/src/a.rs", "use std::fmt;"), 0);
    }
}
