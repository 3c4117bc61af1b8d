//! Nothing without proof: what core offers is read from its source, and compared with what is tested.
//!
//! A kernel needs a row in the table of tolerances, which `tests/kernels` compares with its tests; a
//! layer a gradient check of its own in `tests/gradients`; an operation of a description a reference;
//! a loss and an optimiser a check.

use std::{collections::BTreeSet, fs, path::Path};

use tensorlet_host::{
    survey::{self, Item, Kind},
    tolerance,
};

/// The Rust files of a directory below the workspace and of those in it, with comments cut off.
fn source(directory: &str) -> Vec<String> {
    let code = |text: String| -> String {
        text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
    };
    let mut texts = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(directory)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                texts.push(code(fs::read_to_string(path).expect("a text")));
            }
        }
    }
    assert!(!texts.is_empty(), "{directory} holds no file");
    texts
}

/// The identifier at the start of a text.
fn identifier(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// What stands between a brace and its partner.
fn block(text: &str) -> &str {
    let start = text.find('{').expect("a block") + 1;
    let mut depth = 1;
    for (i, c) in text[start..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[start..start + i];
        }
    }
    panic!("a block without an end");
}

/// The methods of all kernel traits.
fn kernels() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for text in source("core/src/kernel") {
        for part in text.split("pub trait ").skip(1) {
            if !identifier(part).ends_with("Kernels") {
                continue;
            }
            let methods = block(part).split("\n    fn ").skip(1);
            names.extend(methods.map(|method| identifier(method).to_owned()));
        }
    }
    names
}

#[test]
fn every_kernel_has_a_tolerance_and_so_a_test() {
    let kernels = kernels();
    assert!(kernels.contains("matmul") && kernels.contains("adam") && kernels.len() >= 28, "{kernels:?}");
    let rows: BTreeSet<String> = tolerance::KERNELS.iter().map(|row| row.name.to_owned()).collect();
    assert_eq!(kernels, rows, "kernels of core, and rows of the table");
    assert_eq!(rows.len(), tolerance::KERNELS.len(), "a row stands twice");
}

#[test]
fn every_tolerance_has_a_reason() {
    for row in tolerance::KERNELS.iter().chain(tolerance::NETWORKS) {
        assert!(row.reason.len() > 5, "{}", row.name);
        assert!(row.rtol < 1e-5 && row.atol < 1e-4, "{}: {row:?} is no tolerance for single precision", row.name);
    }
}

/// The types that core exports from its layers.
fn layers() -> BTreeSet<String> {
    let text = source("core/src/layer").join("\n");
    let mut names = BTreeSet::new();
    let recurrent = source("core/src/layer/recurrent").join("\n");
    for part in text.split("pub struct ").skip(1).chain(recurrent.split("pub type ").skip(1)) {
        names.insert(identifier(part).to_owned());
    }
    // What a pass carries and what a layer consists of are no layers.
    let others = [
        "Pass",
        "Fused",
        "NoBias",
        "GruGates",
        "LstmGates",
        "Layers",
        "Unidirectional",
        "Bidirectional",
        "NoWeight",
        "Running",
        "NotTracked",
    ];
    names.retain(|name| !others.contains(&&name[..]));
    // Where layers that sample have their noise and their temperature from.
    names.retain(|name| !["Annealing", "Drawn", "Given"].contains(&&name[..]));
    // What attention reads.
    names.retain(|name| name != "Attended");
    // These have other names for each kind of gates.
    names.retain(|name| !["Cell", "Recurrent"].contains(&&name[..]));
    names
}

#[test]
fn every_layer_has_a_gradient_check() {
    let layers = layers();
    assert!(layers.contains("Linear") && layers.contains("Residual") && layers.len() >= 10, "{layers:?}");
    let checks = source("host-tests/tests/gradients").join("\n");
    for layer in layers {
        // Its gradient goes straight through steps, whose slope is 0 or infinite: it is compared with PyTorch's.
        if layer == "FakeQuantize" {
            let against_torch = include_str!("../../core/tests/fake_quantize.rs");
            assert!(against_torch.contains("values_and_gradients_are_pytorchs"), "the comparison with PyTorch");
            continue;
        }
        let checked = checks.lines().filter_map(|line| line.split_once(" => ")).any(|(_, ty)| identifier(ty) == layer);
        // A layer with several inputs has a test of its own.
        let checked = checked || checks.contains(&format!("type Net = {layer}<"));
        assert!(checked, "the layer {layer} has no gradient check in tests/gradients");
    }
}

#[test]
fn every_operation_of_a_description_has_a_reference() {
    let text = source("core/src").join("\n");
    let (_, operations) = text.split_once("pub enum Op ").expect("the operations");
    let reference = source("host-tests/src/reference").join("\n");
    let mut found = 0;
    for line in block(operations).lines().map(str::trim).filter(|line| !line.is_empty()) {
        let name = identifier(line);
        // Not the operation of layers that are not the library's, nor fields of an operation.
        if name == "Custom" || !name.starts_with(char::is_uppercase) {
            continue;
        }
        assert!(reference.contains(&format!("Op::{name}")), "the operation {name} has no float64 reference");
        found += 1;
    }
    assert!(found >= 8, "{found} operations");
}

/// The words of a text.
fn words(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').collect()
}

/// The functions that core exports from its operations on whole tensors, and those of their mathematics.
#[test]
fn every_function_is_tried() {
    let text = source("core/src/ops").join("\n");
    let exported = text.split("\npub use ").skip(1).filter_map(|rest| rest.split(';').next());
    let functions = exported.flat_map(|names| words(names.split_once("::").map_or(names, |(_, names)| names)));
    let functions: BTreeSet<_> = functions.filter(|name| name.starts_with(char::is_lowercase)).collect();
    assert!(functions.contains("logsumexp_backward") && functions.len() >= 120, "{functions:?}");
    let checks = source("host-tests/tests/gradients").join("\n");
    let tried = words(&checks);
    for function in functions {
        assert!(tried.contains(function), "`ops::{function}` is not tried in tests/gradients");
    }
    let text = source("core/src/math").join("\n");
    let checks = source("core/tests").join("\n");
    for function in text.split("\npub fn ").skip(1).chain(text.split("\n    pub fn ").skip(1)).map(identifier) {
        let tried = checks.contains(&format!("math::{function}")) || text.contains(&format!("| {function}(Portable"));
        assert!(tried, "`math::{function}` is not compared with float64");
    }
}

/// Types with an implementation of a trait.
fn implementors(directory: &str, of: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for text in source(directory) {
        for line in text.lines().filter(|line| line.starts_with("impl")) {
            if let Some((before, after)) = line.split_once(" for ")
                && before.rsplit("> ").next().is_some_and(|name| name.trim_start_matches("impl ").starts_with(of))
            {
                names.insert(identifier(after).to_owned());
            }
        }
    }
    names
}

#[test]
fn every_loss_has_a_gradient_check() {
    let text = source("core/src/loss").join("\n");
    let mut losses: BTreeSet<&str> = text.split("pub struct ").skip(1).map(identifier).collect();
    // Reductions are no losses.
    for reduction in ["Scaled", "Each"] {
        assert!(losses.remove(reduction), "{reduction}");
    }
    // Those that a macro makes are written `$name`.
    losses.remove("");
    losses.extend(["Sum", "BatchMean"]);
    assert!(losses.contains("CrossEntropyLoss") && losses.contains("MseLoss") && losses.len() >= 20, "{losses:?}");
    let checks = source("host-tests/tests/gradients/losses").join("\n");
    let words: BTreeSet<&str> = checks.split(|c: char| !c.is_alphanumeric()).collect();
    for loss in losses {
        assert!(words.contains(loss), "the loss {loss} has no gradient check");
    }
}

#[test]
fn every_optimiser_follows_pytorch_and_is_tried_in_both_modes() {
    let optimizers = implementors("core/src/optim", "Optimizer");
    assert!(optimizers.len() >= 2, "{optimizers:?}");
    let against_torch = concat!(include_str!("conformance/optimizer.rs"), include_str!("golden/optimizer.rs"));
    for optimizer in optimizers {
        // Groups are optimisers of several kinds of parameters: each must do what it does alone.
        let (what, alone) = match optimizer.as_str() {
            "Groups" => ("comparison with what each does alone", include_str!("training/groups.rs")),
            _ => ("case of PyTorch", against_torch),
        };
        let modes = [include_str!("training/modes.rs"), include_str!("training/groups.rs")].concat();
        for (text, what) in [(alone, what), (&modes, "comparison of the modes")] {
            assert!(text.contains(&format!("{optimizer}::")), "the optimiser {optimizer} has no {what}");
        }
    }
}

/// What core offers, but for what only its own layers call.
fn offered() -> Vec<Item> {
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src");
    survey::items(&core).expect("the source can be read")
}

/// Kernels, functions and layers have an example in their documentation, and that is a test.
#[test]
fn everything_that_computes_has_an_example() {
    const ROOMS: [&str; 8] = ["ops", "loss", "optim", "metrics", "data", "init", "random", "math"];
    let kernels = kernels();
    let layers = layers();
    let missing: Vec<String> = offered()
        .into_iter()
        .filter(|item| match item.kind {
            Kind::Function => ROOMS.contains(&item.room()),
            Kind::Method if item.room() == "kernel" => {
                item.name.split_once("::").is_some_and(|(_, method)| kernels.contains(method))
            }
            Kind::Type => item.room() == "layer" && layers.contains(&item.name),
            Kind::Method | Kind::Trait => false,
        })
        .filter(|item| !item.has_example())
        .map(|item| format!("{} in {}", item.name, item.file.display()))
        .collect();
    assert!(missing.is_empty(), "without an example: {missing:#?}");
}

/// Functions of `ops` are called by a test of the host, beside their example.
#[test]
fn every_operation_is_tested_on_the_host() {
    let mut files = Vec::new();
    survey::list(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests"), &mut files).expect("the tests can be read");
    let texts: Vec<String> = files.iter().map(|file| fs::read_to_string(file).expect("a text")).collect();
    let words: BTreeSet<&str> = texts.iter().flat_map(|text| survey::words(text)).collect();
    let missing: Vec<String> = offered()
        .into_iter()
        .filter(|item| item.room() == "ops" && item.kind == Kind::Function && !words.contains(item.name.as_str()))
        .map(|item| item.name)
        .collect();
    assert!(missing.is_empty(), "no test of the host calls {missing:#?}");
}
