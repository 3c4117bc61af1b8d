//! Names of fields and types, made of the names of tensors: short, unique, and Rust whatever the file says.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::Step;

/// How parts of names begin that say what a layer is, by operator.
fn telling(operator: &str) -> &'static [&'static str] {
    match operator {
        "CONV_2D" => &["conv", "pointwise"],
        "DEPTHWISE_CONV_2D" => &["depthwise", "separable"],
        "FULLY_CONNECTED" => &["dense", "fc", "linear", "fully_connected"],
        "AVERAGE_POOL_2D" => &["average_pool", "avg_pool", "global_average"],
        "MAX_POOL_2D" => &["max_pool", "global_max"],
        "ADD" => &["add"],
        "MEAN" => &["mean", "global_average"],
        "CONCATENATION" => &["concat"],
        "TRANSPOSE_CONV" => &["conv", "transpose"],
        "SOFTMAX" => &["softmax"],
        _ => &[],
    }
}

/// Types that the code has under these names already.
const TAKEN: [&str; 10] =
    ["Self", "Input", "Output", "Packing", "Error", "Kernels", "Slide", "Arena", "Fused", "Quantization"];

/// A name for the field of each step, in the order of the steps. No two are the name of the same type, and none is
/// that of the network.
pub(crate) fn fields(steps: &[Step<'_>], network: &str) -> Vec<String> {
    let mut taken: BTreeSet<String> = TAKEN.iter().chain([&network]).map(|&name| name.to_owned()).collect();
    let mut numbers = BTreeMap::new();
    let mut unique = |name: String| {
        let mut free = name.clone();
        while !taken.insert(camel(&free)) {
            let number = numbers.entry(name.clone()).or_insert(1);
            *number += 1;
            free = format!("{name}_{number}");
        }
        free
    };
    steps.iter().map(|step| unique(short(step))).collect()
}

/// The first part of a tensor's name that says what the layer is, or else what the operator is called.
fn short(step: &Step<'_>) -> String {
    let parts = step.names.iter().flat_map(|name| name.split([';', '/', ':'])).map(snake);
    let told = |part: &String| {
        part.len() <= 32
            && part.starts_with(|c: char| c.is_ascii_lowercase())
            && telling(step.operator).iter().any(|start| part.starts_with(start))
    };
    parts.into_iter().find(told).unwrap_or_else(|| step.operator.to_lowercase())
}

/// Small letters, digits and underscores alone. Of what the converter appends nothing is left: `Conv2D1`, `Relu`.
fn snake(part: &str) -> String {
    let mut name = String::new();
    for c in part.chars().take(64) {
        match c {
            'a'..='z' | '0'..='9' => name.push(c),
            'A'..='Z' => name.push(c.to_ascii_lowercase()),
            _ if !name.ends_with('_') => name.push('_'),
            _ => {}
        }
    }
    name.trim_matches('_').to_owned()
}

/// The name of a field as that of a type: `conv2d_1` is `Conv2d1`.
pub(crate) fn camel(field: &str) -> String {
    let capital = |part: &str| {
        let mut letters = part.chars();
        let first = letters.next().map(|c| c.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    let parts: Vec<String> = field.split('_').map(capital).collect();
    // Two numbers that meet stay apart.
    let mut name = String::new();
    for part in parts {
        let meets = name.ends_with(|c: char| c.is_ascii_digit()) && part.starts_with(|c: char| c.is_ascii_digit());
        name.push_str(if meets { "_" } else { "" });
        name.push_str(&part);
    }
    name
}

/// A name from the file, as it can stand in a comment.
pub(crate) fn comment(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_graphic() && c != '`' { c } else { '?' };
    let text: String = name.chars().map(plain).take(60).collect();
    if name.chars().count() > 60 { format!("{text}...") } else { text }
}

/// Whether a name can be that of a type.
pub(crate) fn is_type(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
        && !TAKEN.contains(&name)
}

/// The name of a type as that of a static: `DsCnn` is `DS_CNN`.
pub(crate) fn screaming(name: &str) -> String {
    let mut upper = String::new();
    let mut before = 'A';
    for c in name.chars() {
        if c.is_ascii_uppercase() && !before.is_ascii_uppercase() {
            upper.push('_');
        }
        upper.push(c.to_ascii_uppercase());
        before = c;
    }
    upper
}
