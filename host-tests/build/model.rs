//! Whole networks of TensorFlow Lite: the generator makes a module of each model that a case names.

use std::{collections::BTreeMap, env, error::Error, fmt::Write as _, fs, path::Path, path::PathBuf};

use tensorlet_tflite::{Options, Rust, generate};

use crate::{
    entry::{Entry, Typed},
    small_models::{floats, operators::operators, residual},
};

/// The suite of such cases.
pub(crate) const SUITE: &str = "tflite_models";

/// The model of a case: it lies where the case says, from the folder that the folder of cases lies in, or else from
/// `../shared`.
fn path(entry: &Entry) -> Option<PathBuf> {
    let beside = entry.file.parent()?.parent()?.parent()?.to_owned();
    let shared = PathBuf::from(env::var("CARGO_MANIFEST_DIR").ok()?).join("../../shared");
    let model = |root: PathBuf| Some(root.join(entry.text("model_file")?).with_extension("tflite"));
    let (beside, shared) = (model(beside)?, model(shared)?);
    Some(if shared.is_file() && !beside.is_file() { shared } else { beside })
}

/// The name of its module.
fn module(path: &Path) -> Option<&str> {
    let stem = path.file_stem()?.to_str()?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    (stem.starts_with(|c: char| c.is_ascii_lowercase()) && stem.chars().all(plain)).then_some(stem)
}

fn made(path: &Path) -> Result<Rust, String> {
    let name = module(path).ok_or("the model's name is no name of a module")?;
    let bytes = fs::read(path).map_err(|error| format!("no model {}: {error}", path.display()))?;
    let (source, weights) = (format!("{name}.tflite"), format!("{name}.bin"));
    generate(&bytes, &Options { source: &source, weights: &weights, ..Options::NEW })
        .map_err(|error| format!("the model becomes no network: {error}"))
}

pub(crate) fn typed(entry: &Entry) -> Option<Typed> {
    if entry.suite != SUITE {
        return None;
    }
    let typed = || {
        let path = path(entry).ok_or("the case names no model")?;
        made(&path)?;
        Ok(format!("model::Whole<models::{}::Network>", module(&path).unwrap_or_default()))
    };
    Some(typed())
}

/// Writes the modules of all models that cases name, and `models.rs` that holds them.
pub(crate) fn write(entries: &[Entry]) -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::create_dir_all(out.join("models"))?;
    let models = entries.iter().filter(|entry| entry.suite == SUITE).filter_map(path);
    let models: BTreeMap<_, _> = models.map(|path| (module(&path).unwrap_or_default().to_owned(), path)).collect();
    let mut code = String::new();
    for (name, path) in models {
        println!("cargo::rerun-if-changed={}", path.display());
        let Ok(rust) = made(&path) else { continue };
        fs::write(out.join(format!("models/{name}.rs")), rust.code)?;
        fs::write(out.join(format!("models/{name}.bin")), rust.weights)?;
        writeln!(
            code,
            "pub(crate) mod {name} {{\n    include!(concat!(env!(\"OUT_DIR\"), \"/models/{name}.rs\"));\n    \
             crate::model::generated!();\n}}"
        )?;
    }
    Ok(fs::write(out.join("models.rs"), code)?)
}

/// Writes a module for a small model of each operator, for `tests/tflite.rs`.
pub(crate) fn write_operators() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(env::var("OUT_DIR")?).join("operators");
    fs::create_dir_all(&out)?;
    let mut code = String::new();
    let models = operators().into_iter().chain([("residual", residual())]).chain(floats::models());
    for (name, parts) in models {
        let weights = format!("{name}.bin");
        let rust = generate(&parts.write(), &Options { source: name, weights: &weights, ..Options::NEW })
            .map_err(|error| format!("{name}: {error}"))?;
        fs::write(out.join(format!("{name}.rs")), rust.code)?;
        fs::write(out.join(weights), rust.weights)?;
        writeln!(
            code,
            "pub(crate) mod {name} {{\n    include!(concat!(env!(\"OUT_DIR\"), \"/operators/{name}.rs\"));\n}}"
        )?;
    }
    Ok(fs::write(out.join("mod.rs"), code)?)
}
