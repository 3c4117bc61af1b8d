//! What core offers, read from its source: every public item with its documentation.
//!
//! The table of operations in core's documentation and the tests of coverage come from here, so that
//! neither is a list that somebody has to keep.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

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

    /// PyTorch's name for it, where the documentation says: "PyTorch's `nn.Linear`"; or the name that
    /// it has in what people use with PyTorch.
    #[must_use]
    pub fn pytorch(&self) -> Option<&str> {
        const SOURCES: [&str; 5] = ["PyTorch's", "torchvision's", "torchmetrics'", "scikit-learn's", "d2l's"];
        // The line may break between source and name.
        let name = |rest: &'_ str| rest.trim_start().strip_prefix('`')?.split('`').next().map(str::len);
        SOURCES.iter().find_map(|source| {
            self.docs.match_indices(source).find_map(|(at, _)| {
                let rest = &self.docs[at + source.len()..];
                let len = name(rest)?;
                rest.trim_start().get(1..1 + len)
            })
        })
    }

    /// Whether the documentation has an example, which then is a test.
    #[must_use]
    pub fn has_example(&self) -> bool {
        self.docs.contains("```")
    }

    /// The methods that its code calls on the token `k`.
    #[must_use]
    pub fn calls(&self, methods: &BTreeSet<String>) -> BTreeSet<String> {
        // A macro that makes a layer gets the kernel's name as an argument.
        let calls = self.code.lines().filter(|line| !line.starts_with(' ') && line.contains("!("));
        let arguments: BTreeSet<&str> = calls.flat_map(words).filter(|_| self.kind == Kind::Type).collect();
        let called = |name: &&String| {
            arguments.contains(name.as_str())
                || ["(", "::<"].iter().any(|end| self.code.contains(&format!(".{name}{end}")))
        };
        methods.iter().filter(called).cloned().collect()
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
        let mut items = parse(file, text, &exported);
        // What a folder of layers is about stands in several files of it.
        if file.starts_with("layer") && file.iter().count() > 2 {
            let beside = beside(path, &files, &texts);
            let types = items.iter_mut().filter(|item| item.kind == Kind::Type);
            types.for_each(|item| item.code.push_str(&beside));
        }
        items
    });
    Ok(parsed.flatten().collect())
}

/// The files of the same folder that a file names, `steps::…`, and those that they name.
fn beside(path: &Path, files: &[PathBuf], texts: &[String]) -> String {
    let text = |of: &Path| files.iter().position(|file| file == of).map_or("", |i| &texts[i]);
    let (mut found, mut open) = (BTreeSet::from([path]), vec![path]);
    let mut all = String::new();
    while let Some(next) = open.pop() {
        for file in files.iter().filter(|file| file.parent() == path.parent()) {
            let name = file.file_stem().unwrap_or_default().to_string_lossy();
            let named = text(next).contains(&format!("{name}::"));
            if named && found.insert(file) {
                all.push_str(text(file));
                open.push(file);
            }
        }
    }
    all
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

/// The names in `pub use …;`.
fn exports(text: &str) -> impl Iterator<Item = &str> {
    let statements = text.split("\npub use ").skip(1);
    statements.filter_map(|rest| rest.split(';').next()).flat_map(words)
}

/// The items of a file, which rustfmt has formatted: what begins in the first column, the methods of
/// traits, and what a macro call defines, if its name is exported.
fn parse(file: &Path, text: &str, exported: &BTreeSet<&str>) -> Vec<Item> {
    let lines: Vec<&str> = text.lines().take_while(|line| *line != "mod tests {").collect();
    let mut items: Vec<Item> = Vec::new();
    // The line in the first column that encloses the present one.
    let (mut docs, mut outer) = (String::new(), "");
    for (i, line) in lines.iter().enumerate() {
        let (code, depth) = (line.trim_start(), line.len() - line.trim_start().len());
        if let Some(doc) = code.strip_prefix("///") {
            docs.push_str(doc.strip_prefix(' ').unwrap_or(doc));
            docs.push('\n');
            continue;
        }
        if code.starts_with("#[") || code.ends_with(")]") {
            continue;
        }
        if depth == 0 && !code.is_empty() {
            outer = line;
        }
        let found = match outer.strip_prefix("pub trait ") {
            _ if depth == 0 => head(code),
            Some(name) if depth == 4 && code.starts_with("fn ") => {
                let (outer, method) = (words(name).next(), words(code).nth(1));
                outer.zip(method).map(|(outer, method)| (Kind::Method, format!("{outer}::{method}")))
            }
            _ if !docs.is_empty() && outer.contains("! {") => {
                let name = words(code).find(|word| !["pub", "struct", "enum", "fn", "const"].contains(word));
                name.filter(|name| exported.contains(name)).map(|name| {
                    let function = name.starts_with(char::is_lowercase);
                    (if function { Kind::Function } else { Kind::Type }, name.to_owned())
                })
            }
            _ => None,
        };
        if let Some((kind, name)) = found {
            let mut code = block(&lines, i);
            if let Some((called, _)) = outer.split_once("! {").filter(|_| depth > 0) {
                code.push_str(&definition(&lines, called));
            }
            items.push(Item { file: file.to_owned(), kind, name, docs: docs.clone(), code });
        }
        docs.clear();
    }
    for item in items.iter_mut().filter(|item| item.kind == Kind::Type) {
        item.code.push_str(&mentions(&lines, &item.name));
    }
    items
}

/// Kind and name of the public item that begins on this line.
fn head(line: &str) -> Option<(Kind, String)> {
    let rest = line.strip_prefix("pub ")?;
    let rest = rest.strip_prefix("const ").filter(|rest| rest.starts_with("fn ")).unwrap_or(rest);
    let (word, rest) = rest.split_once(' ')?;
    let kind = match word {
        "fn" => Kind::Function,
        "struct" | "enum" | "type" => Kind::Type,
        "trait" => Kind::Trait,
        _ => return None,
    };
    Some((kind, words(rest).next()?.to_owned()))
}

/// The lines of what begins at a line.
fn block(lines: &[&str], start: usize) -> String {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let outer = depth(lines[start]);
    let mut text = format!("{}\n", lines[start]);
    if lines[start].ends_with([';', '}', ',']) {
        return text;
    }
    for line in &lines[start + 1..] {
        text.push_str(line);
        text.push('\n');
        let closes = line.trim_start().starts_with('}') && !line.ends_with('{');
        if !line.trim().is_empty() && depth(line) <= outer && (closes || line.ends_with(';')) {
            break;
        }
    }
    text
}

/// The definition of a macro, if it stands in this file.
fn definition(lines: &[&str], name: &str) -> String {
    let start = lines.iter().position(|line| *line == format!("macro_rules! {name} {{"));
    start.map(|start| block(lines, start)).unwrap_or_default()
}

/// The implementations of a type, and the macro calls that name it.
fn mentions(lines: &[&str], name: &str) -> String {
    let mut text = String::new();
    for (i, line) in lines.iter().enumerate() {
        let call = !line.starts_with(' ') && line.contains("!(");
        if call || line.starts_with("impl") || line.starts_with("> ") {
            let code = block(lines, i);
            let naming = if call { &code } else { code.split('{').next().unwrap_or_default() };
            if words(naming).any(|word| word == name) {
                text.push_str(&code);
                if call {
                    text.push_str(&definition(lines, line.split('!').next().unwrap_or_default()));
                }
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "\
/// A layer: PyTorch's `nn.Thing`.
///
/// ```
/// let x = 1;
/// ```
#[derive(Clone)]
pub struct Thing;

impl Layer for Thing {
    fn infer(&self, k: K) {
        k.work();
    }
}

things!(Thing, |k| k.more_work());

functions! {
    /// Made by a macro: PyTorch's `torch.made`.
    made, 1
}

macro_rules! functions {
    ($name:ident, $n:literal) => {
        pub fn $name() {
            k.work();
        }
    };
}

/// Without an example.
pub fn act<K: Kernels>(
    k: K,
) {
    k.more_work();
}

/// Kernels.
pub trait WorkKernels {
    /// Works.
    #[inline]
    fn work(self) {}
}

struct Hidden;
";

    #[test]
    fn items_come_with_their_documentation_and_code() {
        let items = parse(
            Path::new("layer/thing.rs"),
            SOURCE,
            &exports("mod thing;\n\npub use thing::{Thing, made};").collect(),
        );
        let names: Vec<_> = items.iter().map(|item| (item.kind, item.name.as_str())).collect();
        let expected = [
            (Kind::Type, "Thing"),
            (Kind::Function, "made"),
            (Kind::Function, "act"),
            (Kind::Trait, "WorkKernels"),
            (Kind::Method, "WorkKernels::work"),
        ];
        assert_eq!(names, expected);
        assert_eq!((items[0].pytorch(), items[0].has_example()), (Some("nn.Thing"), true));
        assert_eq!((items[1].pytorch(), items[1].has_example()), (Some("torch.made"), false));
        assert_eq!((items[2].pytorch(), items[2].has_example()), (None, false));
        assert_eq!(items[0].room(), "layer");
        let methods = BTreeSet::from(["work".to_owned(), "more_work".to_owned()]);
        assert_eq!(items[0].calls(&methods), methods);
        assert_eq!((items[1].calls(&methods).len(), items[2].calls(&methods).len()), (1, 1));
    }
}
