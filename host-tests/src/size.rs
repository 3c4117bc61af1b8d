//! Bytes of flash that the library's code takes in a firmware, and the budget that they must not outgrow.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use object::read::elf::{ElfFile32, ProgramHeader};
use object::{Endianness, Object, ObjectSection, ObjectSymbol, SectionFlags, SymbolKind, elf};

use crate::firmware::Build;

/// Why a size could not be measured, or is too large.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The program is not an ELF file.
    #[error("{}: {source}", path.display())]
    Elf {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        source: object::Error,
    },
    /// A static is not there, or its name is not unique.
    #[error("{}: there must be exactly one static {name}", path.display())]
    NoStatic {
        /// The program.
        path: PathBuf,
        /// The static.
        name: String,
    },
    /// The budget is not as it must be.
    #[error("{}: {source}", path.display())]
    Budget {
        /// The file.
        path: PathBuf,
        /// What the reader said.
        source: toml::de::Error,
    },
    /// The budget says nothing about a program.
    #[error("the budget has no entry for {what}, which takes {bytes} bytes of flash")]
    NoEntry {
        /// The program, its target and profile.
        what: String,
        /// What it takes.
        bytes: u64,
    },
    /// The code has grown.
    #[error(
        "{what} takes {bytes} bytes of flash, {recorded} are budgeted: more than {TOLERANCE} % over. \
         If that is worth it, record the new figure"
    )]
    Grown {
        /// The program, its target and profile.
        what: String,
        /// What it takes.
        bytes: u64,
        /// What the budget says.
        recorded: u64,
    },
}

/// By how many percent code may outgrow its budget.
pub const TOLERANCE: u64 = 5;

/// Bytes that a program takes on the chip.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Code, constants and initial values of statics.
    pub flash: u64,
    /// Statics.
    pub ram: u64,
}

impl Size {
    /// Reads what a program's segments load, and where its writable sections lie; gaps count.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Elf`].
    pub fn of(program: &Path) -> Result<Self, Error> {
        let bytes = fs::read(program).map_err(|source| Error::Read { path: program.to_owned(), source })?;
        let not_elf = |source| Error::Elf { path: program.to_owned(), source };
        let file = ElfFile32::<Endianness>::parse(&*bytes).map_err(not_elf)?;
        let endian = file.endian();
        let (mut flash, mut ram) = (Extent::NONE, Extent::NONE);
        for segment in file.elf_program_headers().iter().filter(|header| header.p_type(endian) == elf::PT_LOAD) {
            flash.include(segment.p_paddr(endian).into(), segment.p_filesz(endian).into());
        }
        for section in file.sections() {
            let SectionFlags::Elf { sh_flags, .. } = section.flags() else { continue };
            if sh_flags.contains(elf::SHF_ALLOC) && sh_flags.contains(elf::SHF_WRITE) {
                ram.include(section.address(), section.size());
            }
        }
        Ok(Self { flash: flash.len(), ram: ram.len() })
    }
}

/// The addresses from the first byte of several pieces to the last.
#[derive(Clone, Copy)]
struct Extent {
    start: u64,
    end: u64,
}

impl Extent {
    const NONE: Self = Self { start: u64::MAX, end: 0 };

    fn include(&mut self, start: u64, len: u64) {
        if len > 0 {
            self.start = self.start.min(start);
            self.end = self.end.max(start + len);
        }
    }

    fn len(self) -> u64 {
        self.end.saturating_sub(self.start)
    }
}

/// The sizes of statics of a program, from the linker's table of symbols.
///
/// # Errors
/// [`Error::NoStatic`] if the program has none of that name, or several.
pub fn statics<const N: usize>(program: &Path, names: [&str; N]) -> Result<[u64; N], Error> {
    let bytes = fs::read(program).map_err(|source| Error::Read { path: program.to_owned(), source })?;
    let file = object::File::parse(&*bytes).map_err(|source| Error::Elf { path: program.to_owned(), source })?;
    let mut sizes = [0; N];
    for (name, to) in names.into_iter().zip(&mut sizes) {
        // How Rust's mangled names hold a path's last part.
        let part = format!("{}{name}", name.len());
        let mut found = file.symbols().filter(|symbol| {
            symbol.kind() == SymbolKind::Data && symbol.name().is_ok_and(|symbol| symbol.contains(&part))
        });
        match (found.next(), found.next()) {
            (Some(symbol), None) => *to = symbol.size(),
            _ => return Err(Error::NoStatic { path: program.to_owned(), name: name.to_owned() }),
        }
    }
    Ok(sizes)
}

/// Bytes of flash recorded by target, profile and program.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(transparent)]
pub struct Budget {
    entries: BTreeMap<String, BTreeMap<String, BTreeMap<String, u64>>>,
}

impl Budget {
    /// Reads a budget file.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        toml::from_str(&text).map_err(|source| Error::Budget { path: path.to_owned(), source })
    }

    /// Compares what a program takes with what is recorded, and returns the record.
    pub fn check(&self, build: &Build, bytes: u64) -> Result<u64, Error> {
        let what = build.to_string();
        let entry = self
            .entries
            .get(build.board.target())
            .and_then(|target| target.get(&build.profile))
            .and_then(|profile| profile.get(&build.program));
        match entry {
            None => Err(Error::NoEntry { what, bytes }),
            Some(&recorded) if bytes * 100 > recorded * (100 + TOLERANCE) => {
                Err(Error::Grown { what, bytes, recorded })
            }
            Some(&recorded) => Ok(recorded),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::Board;

    #[test]
    fn a_budget_allows_five_percent_and_no_more() {
        let budget: Budget = toml::from_str("[thumbv7em-none-eabihf.size]\ninfer = 1000").expect("valid");
        let build = Build::new(Board::Mps2An386, "infer").profile("size");
        assert_eq!(budget.check(&build, 1050).expect("within tolerance"), 1000);
        assert!(matches!(budget.check(&build, 1051), Err(Error::Grown { recorded: 1000, .. })));
        let other = Build::new(Board::Mps2An386, "infer");
        assert!(matches!(budget.check(&other, 1), Err(Error::NoEntry { bytes: 1, .. })));
    }
}
