//! The table of operations in core's documentation, made from the source: it says what is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs, io,
    path::Path,
};

use crate::survey::{Calls, Item, Kind, items, list, words};

/// Rooms of core with operations, with their titles.
const ROOMS: &[(&str, &str)] = &[
    ("ops", "Operations on tensors"),
    ("layer", "Layers"),
    ("loss", "Losses"),
    ("optim", "Optimisers, clipping"),
    ("optim::schedule", "Schedules"),
    ("train", "Training"),
    ("metrics", "Metrics"),
    ("data", "Data"),
    ("init", "Initialisation"),
    ("random", "Random numbers"),
    ("math", "Functions of one number"),
];

/// Where the table stands, from the root of the repository.
pub const FILE: &str = "core/OPERATIONS.md";

/// An answer of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// `✓`.
    Yes,
    /// `–`.
    No,
    /// `·`: the question has no meaning here.
    Meaningless,
}

impl Answer {
    const fn new(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }

    const fn sign(self) -> &'static str {
        match self {
            Self::Yes => "✓",
            Self::No => "–",
            Self::Meaningless => "·",
        }
    }
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The section of the table.
    pub room: &'static str,
    /// The module that users name it by: the room, or a public one in it.
    pub module: String,
    /// Its name in Rust.
    pub name: String,
    /// Its name in PyTorch or in what people use with PyTorch, as Markdown.
    pub pytorch: Option<String>,
    /// Whether gradients go through it.
    pub backward: Answer,
    /// Whether it takes numbers of single precision.
    pub f32: Answer,
    /// Whether it takes bytes.
    pub int8: Answer,
    /// The kernels that it calls, forward or backward, for which tokens have code of their own; of those that
    /// belong together the shortest name: `matmul` for `matmul_nt`.
    pub kernels: BTreeSet<String>,
    /// Whether there are such kernels.
    pub own_code: Answer,
}

/// What the rows are made from.
struct Source<'a> {
    items: &'a [Item],
    calls: Calls,
    /// Layers with a check by finite differences.
    checked: BTreeSet<String>,
    root: &'a Path,
}

/// All operations, in the order of the files.
///
/// # Errors
/// The source cannot be read.
pub fn operations(root: &Path) -> io::Result<Vec<Operation>> {
    let items = items(&root.join("core/src"))?;
    let source = Source { items: &items, calls: Calls::new(root)?, checked: checked(root)?, root };
    Ok(items.iter().filter_map(|item| source.row(item)).collect())
}

impl Source<'_> {
    fn row(&self, item: &Item) -> Option<Operation> {
        let module = self.module(item)?;
        // The longest name that fits: `optim::schedule` before `optim`.
        let fits = |room: &str| module == room || module.starts_with(&format!("{room}::"));
        let (room, _) = ROOMS.iter().rev().find(|(room, _)| fits(room))?;
        if !self.is_operation(item, room) {
            return None;
        }
        let backward = self.gradients(item);
        let (f32, int8) = elements(item, room);
        let all = [item].into_iter().chain(backward.iter().copied());
        let kernels: BTreeSet<String> = all.flat_map(|item| self.calls.own_kernels(item)).collect();
        Some(Operation {
            room,
            name: item.name.clone(),
            pytorch: item.pytorch().map(|(source, name)| match source {
                "PyTorch" => format!("`{name}`"),
                other => format!("{other} `{name}`"),
            }),
            backward: match *room {
                "layer" => Answer::new(self.is_checked(item)),
                "loss" => Answer::Yes,
                "ops" if !backward.is_empty() => Answer::Yes,
                "ops" if !no_gradient(item) => Answer::No,
                _ => Answer::Meaningless,
            },
            f32,
            int8,
            own_code: match kernels.is_empty() {
                true if is_option(item) || holds_another(self.named(item).unwrap_or(item)) => Answer::Meaningless,
                empty => Answer::new(!empty),
            },
            kernels,
            module,
        })
    }

    /// Whether an item computes, and is not what another takes as an argument or gives as a result.
    fn is_operation(&self, item: &Item, room: &str) -> bool {
        let of_trait = |traits: &[&str]| item.kind == Kind::Type && self.calls.implements(item, traits);
        // In rooms without a trait that all share: what has a method to call.
        let works = || {
            item.kind == Kind::Type && item.code.lines().any(|line| line.starts_with("    pub") && line.contains("fn "))
        };
        let function = item.kind == Kind::Function && !item.name.ends_with("_backward");
        if let Some(named) = self.named(item) {
            return self.is_operation(named, room);
        }
        match room {
            "ops" | "init" | "random" | "math" => function,
            "metrics" => item.kind == Kind::Type,
            "train" => function && item.code.contains("k: K") || works(),
            "layer" => of_trait(&["Module"]) || is_option(item),
            "loss" => of_trait(&["Loss"]),
            "optim" => function || of_trait(&["Optimizer"]),
            "optim::schedule" => works() || of_trait(&["Schedule"]),
            _ => function || works() || of_trait(&["Order"]),
        }
    }

    /// The type for which this is another name.
    fn named(&self, item: &Item) -> Option<&Item> {
        let (_, ty) = item.code.strip_prefix("pub type ")?.split_once("> =")?;
        let name = words(ty).next()?;
        self.items.iter().find(|other| other.kind == Kind::Type && other.name == name && other.room() == item.room())
    }

    /// Whether a layer's gradients are checked, by this name or another.
    fn is_checked(&self, item: &Item) -> bool {
        let names = |other: &&Item| self.named(other).is_some_and(|named| named.name == item.name);
        let by_other_name = || self.items.iter().filter(names).any(|other| self.checked.contains(&other.name));
        let checked = |item: &Item| self.checked.contains(&item.name);
        checked(item) || self.named(item).is_some_and(checked) || by_other_name()
    }

    /// The functions that compute the gradients of one: `…_backward`, or what its documentation links to where
    /// it speaks of the gradient, another function's gradient or a view.
    fn gradients(&self, item: &Item) -> Vec<&Item> {
        let own = format!("{}_backward", item.name.trim_end_matches('_'));
        let docs = item.docs.split("```").step_by(2).collect::<String>().replace('\n', " ");
        let linked: BTreeSet<&str> =
            docs.split(". ").filter(|sentence| sentence.contains("gradient")).flat_map(links).collect();
        let computes = |other: &&Item| {
            let gradient = other.name.ends_with("_backward") || other.code.contains(") -> &");
            other.name == own || gradient && linked.contains(&other.name[..])
        };
        let in_room = self.items.iter().filter(|other| other.kind == Kind::Function && other.room() == item.room());
        in_room.filter(computes).collect()
    }

    /// The module of an item: `data::augment` for what stands in a folder that is public. Nothing for what
    /// users cannot name.
    fn module(&self, item: &Item) -> Option<String> {
        let room = item.room();
        let folder = item.file.iter().nth(1).and_then(|part| part.to_str()).unwrap_or_default().trim_end_matches(".rs");
        let folder = if folder == "mod" { "" } else { folder };
        let file = |path: String| fs::read_to_string(self.root.join("core/src").join(path));
        let text = file(format!("{room}/mod.rs")).unwrap_or_default();
        // What other tokens make their functions of.
        let hidden = item.kind == Kind::Function && item.code.contains("L: Lanes");
        let public = text.lines().any(|line| line == format!("pub mod {folder};"));
        let exported = || text.split("\npub use ").skip(1).filter_map(|rest| rest.split(';').next()).flat_map(words);
        match folder {
            _ if hidden => None,
            "" => Some(room.to_owned()),
            _ if exported().any(|name| name == item.name) => Some(room.to_owned()),
            _ if public => Some(format!("{room}::{folder}")),
            _ => None,
        }
    }
}

/// The names in `` [`name`] ``.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("[`").skip(1).filter_map(|rest| rest.split('`').next())
}

/// Whether the result has no derivative, or one that is 0 everywhere: truth values, places, what the
/// documentation says it of.
fn no_gradient(item: &Item) -> bool {
    let result = ["Y: Tensor<Elem = u8>", "index: &mut I"];
    let (stated, docs) = (["no gradient", "gradient is 0"], item.docs.replace('\n', " "));
    result.iter().any(|result| item.code.contains(result)) || stated.iter().any(|stated| docs.contains(stated))
}

/// Whether a type is an option of layers, which PyTorch has as an argument: `bias=False`.
fn is_option(item: &Item) -> bool {
    let argument = |name: &str| words(name).next().is_some_and(|word| name.starts_with(&format!("{word}=")));
    item.kind == Kind::Type && item.pytorch().is_some_and(|(_, name)| argument(name))
}

/// Whether a type leaves the work to another that it is made with: `impl<L: Module> …`.
fn holds_another(item: &Item) -> bool {
    let implements =
        |line: &&str| line.trim_start().starts_with("impl") || !line.starts_with(' ') && line.contains("!([");
    let heads = item.code.lines().filter(implements);
    let traits = ["Module", "Layer<", "Train<", "Loss<", "Optimizer", "Schedule", "OutputChannels"];
    item.kind == Kind::Type
        && heads.into_iter().any(|head| traits.iter().any(|name| head.contains(&format!(": {name}"))))
}

/// Whether an operation takes `f32` and `i8`.
fn elements(item: &Item, room: &str) -> (Answer, Answer) {
    let any = match item.kind {
        Kind::Function => item.code.contains(": Tensor") && !item.code.contains("Elem = f32"),
        _ => ["T: Copy", "X: Copy"].iter().any(|any| item.code.contains(any)),
    };
    match room {
        _ if any => (Answer::Yes, Answer::Yes),
        "random" if item.code.contains("[T]") => (Answer::Yes, Answer::Yes),
        // What takes no element at all: indices, rates.
        "optim::schedule" => (Answer::Meaningless, Answer::Meaningless),
        "data" | "random" if !item.code.contains("f32") => (Answer::Meaningless, Answer::Meaningless),
        _ => (Answer::Yes, Answer::No),
    }
}

/// The layers with a check by finite differences, and that whose gradient goes straight through steps: it is compared
/// with PyTorch's.
fn checked(root: &Path) -> io::Result<BTreeSet<String>> {
    let (mut names, mut files) = (BTreeSet::new(), Vec::new());
    list(&root.join("host-tests/tests/gradients"), &mut files)?;
    for file in files {
        let text = fs::read_to_string(file)?;
        for line in text.lines() {
            if let Some((_, layer)) = line.split_once(" => ").or_else(|| line.split_once("type Net = ")) {
                names.extend(words(layer).map(str::to_owned));
            }
        }
    }
    if fs::read_to_string(root.join("core/tests/fake_quantize.rs"))?.contains("fn values_and_gradients_are_pytorchs") {
        names.insert("FakeQuantize".to_owned());
    }
    Ok(names)
}

/// The instruction sets that have code of their own, as people write them.
fn instruction_sets(root: &Path) -> io::Result<String> {
    let spelled = BTreeMap::from([("Avx2", "AVX2"), ("Avx512", "AVX-512"), ("Neon", "NEON"), ("Simd128", "simd128")]);
    let mut files = Vec::new();
    list(&root.join("simd/src/isa"), &mut files)?;
    let mut sets = Vec::new();
    for file in files {
        let text = fs::read_to_string(file)?;
        let tokens = text.split("\nkernels! {").skip(1).filter_map(|rest| words(rest).next());
        sets.extend(tokens.map(|token| spelled.get(token).map_or(token.to_owned(), |set| (*set).to_owned())));
    }
    Ok(sets.join(", "))
}

/// The table as Markdown.
///
/// # Errors
/// The source cannot be read.
pub fn table(root: &Path) -> io::Result<String> {
    let (operations, all_sets) = (operations(root)?, instruction_sets(root)?);
    let mut text = String::new();
    for (room, title) in ROOMS {
        let rows: Vec<_> = operations.iter().filter(|row| row.room == *room).collect();
        if rows.is_empty() {
            continue;
        }
        let head =
            "| operation | PyTorch | forward | backward | f32 | int8 | own code for |\n|---|---|---|---|---|---|---|";
        let _ = writeln!(text, "### {title}\n\n{head}");
        for Operation { module, name, pytorch, backward, f32, int8, kernels, own_code, .. } in rows {
            let own_code = match own_code {
                Answer::Yes => format!("{all_sets}: {}", kernels.iter().cloned().collect::<Vec<_>>().join(", ")),
                other => other.sign().to_owned(),
            };
            let pytorch = pytorch.as_deref().unwrap_or("–");
            let [backward, f32, int8] = [backward, f32, int8].map(|answer| answer.sign());
            let _ = writeln!(
                text,
                "| [`{name}`](crate::{module}::{name}) | {pytorch} | ✓ | {backward} | {f32} | {int8} | {own_code} |"
            );
        }
        text.push('\n');
    }
    Ok(text)
}
