//! Turns conformance cases into code: shapes are types, so every case needs an instantiation of its own.
//!
//! Reads the manifests of `cases/`, of `../shared/cases` where it exists, and of the folder that
//! `TENSORLET_CASES` names; writes `conformance.rs`, one line per case, for `tests/conformance`.
//! A file of this folder says for a family of operators which type of `tests/conformance` runs a case.

mod activation;
mod arithmetic;
mod attention;
mod convolution;
mod drawn;
mod embedding;
mod entry;
mod fit;
#[allow(unreachable_pub, reason = "it is a module of the library, too")]
#[path = "../src/json.rs"]
mod json;
mod linear;
mod loss;
mod model;
mod movement;
mod norm;
mod padding;
mod pooling;
mod product;
mod quantized;
mod recurrent;
mod reduction;
mod rust;
mod shapes;
#[allow(dead_code, reason = "what tests change is left as it is")]
#[path = "../tflite/tests/support/mod.rs"]
mod small_models;
mod softmax;
mod training;
mod window;

use std::{
    collections::BTreeSet,
    env,
    error::Error,
    fmt::Write as _,
    fs,
    panic::{self, AssertUnwindSafe},
    path::PathBuf,
};

use entry::{Entry, Typed};

/// The families of operators. Each answers for its own operators, and with `None` for all others.
const FAMILIES: &[fn(&Entry) -> Option<Typed>] = &[
    model::typed,
    quantized::typed,
    activation::typed,
    arithmetic::typed,
    attention::typed,
    linear::typed,
    loss::typed,
    movement::typed,
    product::typed,
    recurrent::typed,
    reduction::typed,
    training::typed,
    convolution::typed,
    pooling::typed,
    softmax::typed,
    norm::typed,
    embedding::typed,
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=tflite/tests/support");
    println!("cargo::rerun-if-env-changed=TENSORLET_CASES");
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let mut folders = vec![here.join("cases"), here.join("../../shared/cases")];
    if let Some(named) = env::var_os("TENSORLET_CASES") {
        let named = PathBuf::from(named);
        let folder = if named.is_absolute() { named } else { here.join("..").join(named) };
        if !folder.is_dir() {
            return Err(format!("TENSORLET_CASES names {}, which is no folder", folder.display()).into());
        }
        folders = vec![folder];
    }
    let mut entries = Vec::new();
    let mut seen = BTreeSet::new();
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        for entry in entry::read(folder)? {
            if seen.insert((entry.suite.clone(), entry.case.clone())) {
                entries.push(entry);
            }
        }
    }
    model::write(&entries)?;
    model::write_operators()?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("conformance.rs"), code(&entries)?)?;
    drawn::write(&out)
}

/// The type that runs a case. A case that is not well-formed must not take the others with it.
fn typed(entry: &Entry) -> Typed {
    if let Some(damage) = &entry.damage {
        return Err(damage.clone());
    }
    let typed = || FAMILIES.iter().find_map(|family| family(entry));
    match panic::catch_unwind(AssertUnwindSafe(typed)) {
        Ok(Some(typed)) => typed.and_then(possible),
        Ok(None) => Err("there is no such operator".to_owned()),
        Err(_) => Err("its shapes and attributes do not fit each other".to_owned()),
    }
}

/// A type, unless it is none whatever the operator.
fn possible(adapter: String) -> Typed {
    // An open range ends at the largest number.
    let large = |number: &str| number.len() > 7 && number != i64::MAX.to_string();
    if adapter.contains("; 0]") {
        Err("a tensor without elements has no type".to_owned())
    } else if adapter.contains("[[[[[[[") {
        Err("a tensor has at most 6 dimensions".to_owned())
    } else if adapter.split(|c: char| !c.is_ascii_digit()).any(large) {
        Err("a size that is no size".to_owned())
    } else {
        Ok(adapter)
    }
}

/// `entry!(suite, case, operator, file, type);` for each case, or why there is none.
fn code(entries: &[Entry]) -> Result<String, Box<dyn Error>> {
    let mut code = String::from("#[allow(unused_braces)]\npub(crate) static ENTRIES: &[Entry] = &[\n");
    for entry in entries {
        let typed = typed(entry);
        let run = match typed {
            Ok(adapter) => format!("Run::Typed(on_instruction_set::<{adapter}>)"),
            Err(reason) => format!("Run::Unsupported({reason:?})"),
        };
        let Entry { suite, case, op, file, .. } = entry;
        let file = file.to_str().ok_or("the folder of cases has a name that is not UTF-8")?;
        writeln!(code, "    Entry {{ suite: {suite:?}, case: {case:?}, op: {op:?}, file: {file:?}, run: {run} }},")?;
    }
    code.push_str("];\n");
    Ok(code)
}
