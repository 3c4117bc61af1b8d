//! What core offers, read from its source: every public item with its documentation.
//!
//! The table of operations in core's documentation and the tests of coverage come from here, so that
//! neither is a list that somebody has to keep.

mod calls;
mod parse;

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

pub use calls::Calls;
use parse::{exports, parse};

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A struct or enum, or another name for one.
    Type,
    /// A function of a module.
    Function,
    /// A method of a trait.
    Method,
    /// A trait.
    Trait,
}

/// A public item.
#[derive(Clone, Debug)]
pub struct Item {
    /// The file, from `core/src` on: `layer/linear.rs`.
    pub file: PathBuf,
    /// What it is.
    pub kind: Kind,
    /// Its name; a method's with that of its trait: `MatmulKernels::matmul`.
    pub name: String,
    /// Its documentation.
    pub docs: String,
    /// Everything in the file that belongs to it: its definition and, for a type, the blocks and macro
    /// calls that name it first.
    pub code: String,
}

impl Item {
    /// The folder of core that it stands in, or the file where it stands in none: `layer`, `metrics`.
    #[must_use]
    pub fn room(&self) -> &str {
        let first = self.file.components().next().map(|part| part.as_os_str().to_str().unwrap_or_default());
        first.unwrap_or_default().trim_end_matches(".rs")
    }

    /// PyTorch's name for it, where the documentation says: "PyTorch's `nn.Linear`"; or the name that it has
    /// in what people use with PyTorch, behind who has it: "torchvision", "nms".
    #[must_use]
    pub fn pytorch(&self) -> Option<(&str, &str)> {
        const SOURCES: [&str; 10] = [
            "PyTorch",
            "torchvision",
            "torchmetrics",
            "torchtune",
            "PEFT",
            "Lightning",
            "scikit-learn",
            "d2l",
            "ONNX",
            "TensorFlow",
        ];
        SOURCES.iter().find_map(|source| {
            self.docs.match_indices(source).find_map(|(at, _)| {
                let rest = self.docs[at + source.len()..].strip_prefix('\'')?;
                // The line may break between source and name.
                let name = rest.strip_prefix('s').unwrap_or(rest).trim_start().strip_prefix('`')?;
                Some((*source, name.split('`').next()?))
            })
        })
    }

    /// Whether the documentation has an example, which then is a test.
    #[must_use]
    pub fn has_example(&self) -> bool {
        self.docs.contains("```")
    }
}

/// The public items of all files below `core/src`, in the order of the files and in them.
///
/// # Errors
/// A file cannot be read.
pub fn items(core: &Path) -> io::Result<Vec<Item>> {
    let mut files = Vec::new();
    list(core, &mut files)?;
    let texts = files.iter().map(fs::read_to_string).collect::<io::Result<Vec<_>>>()?;
    let exported: BTreeSet<&str> = texts.iter().flat_map(|text| exports(text)).collect();
    let parsed = files.iter().zip(&texts).map(|(path, text)| {
        let file = path.strip_prefix(core).unwrap_or(path);
        parse(file, text, &exported)
    });
    Ok(parsed.flatten().collect())
}

/// The Rust files of a folder and of all folders in it.
///
/// # Errors
/// A folder cannot be read.
pub fn list(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            list(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// The identifiers of a text.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}
