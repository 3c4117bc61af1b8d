//! The items of a file, which rustfmt has formatted.

use std::{collections::BTreeSet, path::Path};

use super::{Item, Kind, words};

/// The names in `pub use …;`.
pub(super) fn exports(text: &str) -> impl Iterator<Item = &str> {
    let statements = text.split("\npub use ").skip(1);
    statements.filter_map(|rest| rest.split(';').next()).flat_map(words)
}

/// The items of a file, which rustfmt has formatted: what begins in the first column, the methods of
/// traits, and what a macro call defines, if its name is exported.
pub(super) fn parse(file: &Path, text: &str, exported: &BTreeSet<&str>) -> Vec<Item> {
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
            // What a private module makes under one of several conditions.
            _ if depth == 4 && outer.starts_with("mod ") => head(code).filter(|(_, name)| exported.contains(&name[..])),
            _ if !docs.is_empty() && outer.contains("! {") => {
                let name = words(code).find(|word| !["pub", "struct", "enum", "fn", "const"].contains(word));
                name.filter(|name| exported.contains(name)).map(|name| {
                    let function = name.starts_with(char::is_lowercase);
                    (if function { Kind::Function } else { Kind::Type }, name.to_owned())
                })
            }
            _ => None,
        };
        let again = |(kind, name): &(Kind, String)| items.iter().any(|item| item.kind == *kind && item.name == *name);
        if let Some((kind, name)) = found.filter(|found| depth == 0 || !again(found)) {
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
pub(super) fn block(lines: &[&str], start: usize) -> String {
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
        let ends = line.ends_with(';') && (depth(line) <= outer || lines[start].ends_with('='));
        if ends || closes && depth(line) <= outer {
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
pub(super) fn mentions(lines: &[&str], name: &str) -> String {
    let mut text = String::new();
    for (i, line) in lines.iter().enumerate() {
        let call = line.starts_with(|c: char| c.is_lowercase()) && (line.contains("!(") || line.ends_with("! {"));
        if call || line.starts_with("impl") || line.starts_with("> ") {
            let code = block(lines, i);
            let naming: Vec<&str> = match call {
                true => code.lines().filter(|line| !line.trim_start().starts_with("//")).flat_map(words).collect(),
                false => words(code.split('{').next().unwrap_or_default()).collect(),
            };
            if naming.contains(&name) {
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
        assert_eq!((items[0].pytorch(), items[0].has_example()), (Some(("PyTorch", "nn.Thing")), true));
        assert_eq!((items[1].pytorch(), items[1].has_example()), (Some(("PyTorch", "torch.made")), false));
        assert_eq!((items[2].pytorch(), items[2].has_example()), (None, false));
        assert_eq!(items[0].room(), "layer");
        assert!(items[0].code.contains("k.work()") && items[0].code.contains("k.more_work()"));
    }
}
