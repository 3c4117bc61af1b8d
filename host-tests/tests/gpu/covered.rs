//! The table of what is covered says what the code does.

use std::collections::BTreeSet;

use tensorlet::optim::{Adadelta, Adagrad, Adam, AdamW, Adamax, Groups, NAdam, Optimizer, RAdam, RmsProp, Sgd};

const TABLE: &str = include_str!("../../src/gpu/mod.rs");

/// The names in backticks of the second cell of a row.
fn row(name: &str) -> BTreeSet<&'static str> {
    let line = TABLE.lines().find(|line| line.starts_with(&format!("//! | {name}"))).expect("the row is there");
    let cell = line.rsplit(" | ").next().expect("two cells");
    cell.split('`').skip(1).step_by(2).collect()
}

/// The identifiers behind this prefix in some code.
fn named(code: &'static str, prefix: &str) -> BTreeSet<&'static str> {
    let end = |name: &str| name.find(|c: char| !c.is_alphanumeric()).unwrap_or(name.len());
    code.match_indices(prefix).map(|(at, _)| &code[at + prefix.len()..]).map(|name| &name[..end(name)]).collect()
}

fn layers_and_functions() {
    let operation = include_str!("../../src/gpu/layer/mod.rs");
    let begin = operation.find("match info.op").expect("the list of layers");
    let mut layers = named(&operation[begin..], "Op::");
    // What is a view of its input takes no kernel.
    layers.extend(["Flatten", "Identity", "View"]);
    assert_eq!(row("layers"), layers);

    let mut functions = named(include_str!("../../src/gpu/activation.rs"), "Activation::");
    functions.extend(named(include_str!("../../src/gpu/layer/elementwise.rs"), "Activation::"));
    assert_eq!(row("functions"), functions);
}

fn losses() {
    let mut names = BTreeSet::new();
    for code in [
        include_str!("../../src/gpu/loss/class.rs"),
        include_str!("../../src/gpu/loss/divergence.rs"),
        include_str!("../../src/gpu/loss/elementwise.rs"),
        include_str!("../../src/gpu/loss/whole.rs"),
    ] {
        let (_, behind) = code.split_once("loss::{").expect("the losses that are brought in");
        let (list, _) = behind.split_once('}').expect("the end of a list");
        names.extend(list.split(',').map(str::trim).filter(|name| !name.is_empty()));
    }
    for no_loss in ["ClassWeights", "ElementWeights", "Labels"] {
        assert!(names.remove(no_loss));
    }
    assert_eq!(row("losses"), names);
}

fn optimisers() {
    fn has_rule<O: Optimizer>(mut optimizer: O) -> bool {
        optimizer.advance();
        optimizer.rule().is_some()
    }
    let sgd = Sgd::new(0.1);
    let all = [
        ("Adadelta", has_rule(Adadelta::new(0.1))),
        ("Adagrad", has_rule(Adagrad::new(0.1))),
        ("Adam", has_rule(Adam::new(0.1))),
        ("AdamW", has_rule(AdamW::new(0.1))),
        ("Adamax", has_rule(Adamax::new(0.1))),
        ("Groups", has_rule(Groups::new([sgd, sgd], |_| 0))),
        ("NAdam", has_rule(NAdam::new(0.1))),
        ("RAdam", has_rule(RAdam::new(0.1))),
        ("RmsProp", has_rule(RmsProp::new(0.1))),
        ("Sgd", has_rule(sgd)),
    ];
    let covered = all.into_iter().filter(|(_, covered)| *covered).map(|(name, _)| name).collect();
    assert_eq!(row("optimisers"), covered);
}

crate::tests!(layers_and_functions, losses, optimisers);
