//! One of everything: the cases of `fingerprint` miss nothing that core offers.

use std::{collections::BTreeSet, fs, path::Path};

use tensorlet_examples::fingerprint::FAMILIES;
use tensorlet_host::survey::{self, Item, Kind};

fn items() -> Vec<Item> {
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src");
    survey::items(&core).expect("core's source")
}

/// The names of a family's cases.
fn names(family: &str) -> BTreeSet<&'static str> {
    let (_, cases) = FAMILIES.iter().find(|(name, _)| *name == family).expect("a family");
    cases.iter().map(|case| case.name).collect()
}

/// The words of the code, without comments, in which the cases are written.
fn words() -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for family in FAMILIES.iter().map(|(family, _)| *family).chain(["layer"]) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/fingerprint/{family}.rs"));
        let text = fs::read_to_string(path).expect("a text");
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            words.extend(line.split(|c: char| !c.is_alphanumeric() && c != '_').map(str::to_owned));
        }
    }
    words
}

/// What another name stands for: `ChannelDropout<N>`.
fn alias_of(item: &Item) -> Option<String> {
    let code = item.code.split_whitespace().collect::<Vec<_>>().join(" ");
    let definition = code.strip_prefix("pub type ")?;
    let (_, target) = definition.rsplit_once("> = ").or_else(|| definition.split_once(" = "))?;
    Some(target.trim_end_matches(';').to_owned())
}

#[test]
fn every_kernel_has_a_case_of_its_own() {
    let methods = items().into_iter().filter(|item| item.kind == Kind::Method);
    let kernels: BTreeSet<String> = methods
        .filter_map(|item| {
            let (family, name) = item.name.split_once("::")?;
            // Integers have no rounding that a target could do otherwise: the program `int8` compares the kernels
            // that there are for a target with the portable ones, and `models` whole networks with TensorFlow Lite.
            let integers = ["QuantizedKernels", "IntegerKernels"].contains(&family);
            (family.ends_with("Kernels") && !integers).then(|| name.to_owned())
        })
        .collect();
    assert!(kernels.contains("matmul") && kernels.contains("adam") && kernels.len() >= 40, "{kernels:?}");
    assert_eq!(kernels, names("kernels").into_iter().map(str::to_owned).collect());
}

#[test]
fn every_function_and_type_that_computes_is_in_a_case() {
    // Rooms of core in which everything computes.
    let rooms = ["ops", "layer", "loss", "optim", "data", "metrics", "math", "init", "train"];
    // What others are made of: they are in a case with those.
    let parts = [
        // What traits and layers call.
        "forward_train",
        "applied",
        "gradient_pass_words",
        "backward",
        "backward_fused",
        "Source",
        "Pass",
        "Fused",
        "States",
        "Rule",
        "Stateful",
        "Slide",
        "Selected",
        "Without",
        "SequentialLR",
        "Scaled",
        "Each",
        // Bounds and deviations that the functions of the same names draw from.
        "xavier_uniform_bound",
        "xavier_normal_std",
        "kaiming_uniform_bound",
        "kaiming_normal_std",
        // Arguments that name something.
        "Given",
        "Layers",
        "GruGates",
        "LstmGates",
        "Cell",
        "Recurrent",
        "Running",
        "Training",
        "input_gradient_words",
    ];
    let (words, items) = (words(), items());
    let aliases: Vec<_> = items.iter().filter_map(|item| Some((item.name.as_str(), alias_of(item)?))).collect();
    // A type is in a case with any other name of it, and a name that stands for the same as another with that.
    let tried = |name: &str| {
        let meaning = aliases.iter().find(|(alias, _)| *alias == name).map(|(_, target)| target.as_str());
        let same = |target: &str| meaning.map_or(target.split('<').next() == Some(name), |own| own == target);
        let mut names = aliases.iter().filter(|(_, target)| same(target)).map(|(alias, _)| *alias).chain([name]);
        // A tuple or an array computes nothing.
        names.any(|name| words.contains(name)) || meaning.is_some_and(|own| own.starts_with(['(', '[']))
    };
    let missing: Vec<&str> = items
        .iter()
        .filter(|item| rooms.contains(&item.room()) && [Kind::Type, Kind::Function].contains(&item.kind))
        .map(|item| item.name.as_str())
        .filter(|name| !parts.contains(name) && !tried(name))
        .collect();
    assert!(missing.is_empty(), "add to examples/src/fingerprint: {missing:?}");
}

#[test]
fn cases_differ_and_repeat() {
    for (family, cases) in FAMILIES {
        assert_eq!(names(family).len(), cases.len(), "{family}: a name stands twice");
        let prints: Vec<u32> = cases.iter().map(|case| (case.run)()).collect();
        assert!(cases.iter().zip(&prints).all(|(case, print)| (case.run)() == *print), "{family}");
        let distinct: BTreeSet<_> = prints.iter().collect();
        assert!(distinct.len() * 10 >= prints.len() * 9, "{family}: too many cases have the same result");
    }
}
