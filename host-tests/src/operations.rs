//! The table of operations in core's documentation, made from the source: it says what is there.

use std::{collections::BTreeSet, fmt::Write as _, fs, io, path::Path};

use crate::survey::{Item, Kind, items, list, words};

/// Rooms of core with operations, with their titles.
const ROOMS: &[(&str, &str)] = &[
    ("ops", "Operations on tensors"),
    ("layer", "Layers"),
    ("loss", "Losses"),
    ("optim", "Optimisers, schedules, clipping"),
    ("metrics", "Metrics"),
    ("data", "Data"),
    ("init", "Initialisation"),
];

/// Where the table stands, from the root of the repository.
pub const FILE: &str = "core/OPERATIONS.md";

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The folder or file of core.
    pub room: String,
    /// The module that users name it by: the room, or a public one in it.
    pub module: String,
    /// Its name in Rust.
    pub name: String,
    /// Its name in PyTorch.
    pub pytorch: String,
    /// Whether gradients go through it.
    pub backward: bool,
    /// The elements that it takes.
    pub elements: &'static str,
    /// Kernels that it calls on the token and that have code of their own for vector units.
    pub vector_kernels: BTreeSet<String>,
}

/// All operations that have a name in PyTorch.
///
/// # Errors
/// The source cannot be read.
pub fn operations(root: &Path) -> io::Result<Vec<Operation>> {
    let items = items(&root.join("core/src"))?;
    let vector = vector_kernels(root)?;
    let trained = trained(root)?;
    let functions: BTreeSet<&str> = items.iter().map(|item| item.name.as_str()).collect();
    let rows = items.iter().filter(|item| ROOMS.iter().any(|(room, _)| *room == item.room())).filter_map(|item| {
        // The types of `ops` are arguments of its functions.
        let operation = item.kind == Kind::Function || item.kind == Kind::Type && item.room() != "ops";
        let helper = item.name.ends_with("_backward") || !operation;
        let pytorch = item.pytorch().filter(|_| !helper)?;
        let backward = match item.room() {
            "layer" => trained.contains(&item.name),
            "loss" => true,
            _ => functions.contains(format!("{}_backward", item.name).as_str()),
        };
        Some(Operation {
            room: item.room().to_owned(),
            module: module(root, item),
            name: item.name.clone(),
            pytorch: pytorch.to_owned(),
            backward,
            elements: elements(item),
            // Without a token a word such as `sum` is no kernel.
            vector_kernels: if tokenless(item) { BTreeSet::new() } else { item.calls(&vector) },
        })
    });
    Ok(rows.collect())
}

/// The module of an item: `data::augment` for what stands in a folder that is public.
fn module(root: &Path, item: &Item) -> String {
    let room = item.room();
    let folder = item.file.iter().nth(1).and_then(|part| part.to_str()).unwrap_or_default();
    let text = fs::read_to_string(root.join("core/src").join(room).join("mod.rs")).unwrap_or_default();
    let public = text.lines().any(|line| line == format!("pub mod {};", folder.trim_end_matches(".rs")));
    if public { format!("{room}::{}", folder.trim_end_matches(".rs")) } else { room.to_owned() }
}

/// Whether nothing in its code takes a token: what prepares data.
fn tokenless(item: &Item) -> bool {
    ["data", "metrics"].contains(&item.room()) && !item.code.contains("k: K")
}

fn elements(item: &Item) -> &'static str {
    let any = item.kind == Kind::Function && item.code.contains(": Tensor") && !item.code.contains("Elem = f32");
    if any { "all" } else { "f32" }
}

/// The kernels that a token of an instruction set has bodies of its own for.
fn vector_kernels(root: &Path) -> io::Result<BTreeSet<String>> {
    let text = fs::read_to_string(root.join("simd/src/kernels.rs"))?;
    let name = |part: &str| part.split(['(', '<']).next().unwrap_or_default().to_owned();
    Ok(text.split("fn ").skip(1).map(name).filter(|name| !name.starts_with('$')).collect())
}

/// The layers with a check by finite differences.
fn trained(root: &Path) -> io::Result<BTreeSet<String>> {
    let (mut names, mut files) = (BTreeSet::new(), Vec::new());
    list(&root.join("host-tests/tests/gradients"), &mut files)?;
    for file in files {
        let text = fs::read_to_string(file)?;
        for (_, layer) in text.lines().filter_map(|line| line.split_once(" => ")) {
            names.extend(words(layer).map(str::to_owned));
        }
    }
    Ok(names)
}

/// The table as Markdown.
///
/// # Errors
/// The source cannot be read.
pub fn table(root: &Path) -> io::Result<String> {
    let operations = operations(root)?;
    let mut text = String::new();
    for (room, title) in ROOMS {
        let rows: Vec<_> = operations.iter().filter(|row| row.room == *room).collect();
        if rows.is_empty() {
            continue;
        }
        let head =
            "| operation | PyTorch | forward | backward | f32 | int8 | own code for |\n|---|---|---|---|---|---|---|";
        let _ = writeln!(text, "### {title}\n\n{head}");
        for row in rows {
            let Operation { module, name, pytorch, backward, elements, vector_kernels, .. } = row;
            let sets = if vector_kernels.is_empty() { "–" } else { "AVX2, AVX-512" };
            let (backward, int8) = (if *backward { "✓" } else { "–" }, if *elements == "all" { "✓" } else { "–" });
            let _ = writeln!(
                text,
                "| [`{name}`](crate::{module}::{name}) | `{pytorch}` | ✓ | {backward} | ✓ | {int8} | {sets} |"
            );
        }
        text.push('\n');
    }
    Ok(text)
}
