//! Makes Rust of the int8 MLPerf Tiny models, with inputs and the outputs that must come out, where they are.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tensorlet_tflite::{Options, generate};

/// The models. Another one, or one without cases, is none of the firmware's.
pub(crate) const MODELS: [&str; 5] =
    ["ad_autoencoder_int8", "ic_resnet8_int8", "kws_dscnn_int8", "sww_1dscnn_int8", "vww_mobilenet_int8"];

/// The folder of models: the one that `TENSORLET_MODELS` names, or one beside the repository. Cases lie in
/// `../../cases/tflite_models` from there.
fn folder() -> PathBuf {
    println!("cargo::rerun-if-env-changed=TENSORLET_MODELS");
    env::var_os("TENSORLET_MODELS").map_or_else(|| PathBuf::from("../../../shared/data/tflite"), PathBuf::from)
}

/// Writes `models.rs`, of these models, and what it includes.
pub(crate) fn write(out: &Path, models: &[&str]) -> Result<(), Box<dyn Error>> {
    let folder = folder();
    let (mut code, mut names, mut missing) = (String::new(), Vec::new(), Vec::new());
    for name in models {
        let path = folder.join(name).with_extension("tflite");
        println!("cargo::rerun-if-changed={}", path.display());
        let Ok(model) = fs::read(&path) else {
            missing.push(format!("{name}: there is no {name}.tflite; TENSORLET_MODELS names the folder of models"));
            continue;
        };
        let (source, weights, network) = (format!("{name}.tflite"), format!("{name}.bin"), camel(name));
        let packing = "tensorlet_simd::NativePacking";
        let made = generate(&model, &Options { name: &network, source: &source, weights: &weights, packing })?;
        fs::write(out.join(format!("{name}.rs")), made.code)?;
        fs::write(out.join(weights), made.weights)?;
        let cases = cases(&folder, name, out)?;
        if cases.is_empty() {
            missing.push(format!(
                "{name}: there are no outputs of TensorFlow Lite to compare with, only those of the portable kernels"
            ));
        }
        writeln!(
            code,
            "/// `{name}`.\npub mod {name} {{\n    include!(concat!(env!(\"OUT_DIR\"), \"/{name}.rs\"));\n\n    \
             crate::model!({network}, {}, [{cases}]);\n}}\n",
            made.static_name
        )?;
        names.push(format!("{name}::{network}"));
    }
    let calls: String = names.iter().map(|name| format!("    visitor.visit::<{name}>();\n")).collect();
    let words: String = names.iter().map(|name| format!("<{name} as Model>::WORDS, ")).collect();
    writeln!(
        code,
        "/// Shows all models to a visitor.\npub fn all(visitor: &mut impl Visitor) {{\n    let _ = &visitor;\n{calls}}}\n\n\
         /// Words of an arena for any of the models.\n\
         pub const WORDS: usize = tensorlet::quantized::arena_words(&[1, {words}]);\n\n\
         /// What could not be tried, and why.\npub const MISSING: &[&str] = &{missing:?};"
    )?;
    Ok(fs::write(out.join("models.rs"), code)?)
}

/// `kws_dscnn_int8` is `KwsDscnnInt8`.
fn camel(name: &str) -> String {
    let capital = |part: &str| part.get(..1).unwrap_or_default().to_uppercase() + part.get(1..).unwrap_or_default();
    name.split('_').map(capital).collect()
}

/// The cases of a model, as elements of an array.
fn cases(folder: &Path, model: &str, out: &Path) -> Result<String, Box<dyn Error>> {
    let mut code = String::new();
    let folder = folder.join("../../cases/tflite_models");
    println!("cargo::rerun-if-changed={}", folder.display());
    let Ok(files) = fs::read_dir(folder) else { return Ok(code) };
    let mut paths: Vec<PathBuf> = files.flatten().map(|file| file.path()).collect();
    paths.sort();
    for path in paths {
        let case = path.file_stem().unwrap_or_default().to_string_lossy();
        let is_safetensors = path.extension().is_some_and(|kind| kind == "safetensors");
        if !is_safetensors || case.strip_prefix(model).is_none_or(|rest| !rest.starts_with('.')) {
            continue;
        }
        let bytes = fs::read(&path)?;
        let mut lens = [0; 2];
        for (tensor, len) in ["in.x", "out.y"].iter().zip(&mut lens) {
            let data = tensor_of(&bytes, tensor).ok_or_else(|| format!("{case} has no tensor {tensor} of int8"))?;
            fs::write(out.join(format!("{case}.{tensor}")), data)?;
            *len = data.len();
        }
        write!(code, "{case:?}, {}, {}; ", lens[0], lens[1])?;
    }
    Ok(code)
}

/// The bytes of a tensor of int8 in a safetensors file.
fn tensor_of<'a>(bytes: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let (len, rest) = bytes.split_first_chunk()?;
    let (header, data) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*len)).ok()?)?;
    let header: Value = serde_json::from_slice(header).ok()?;
    let tensor = &header[name];
    let place = |i: usize| usize::try_from(tensor["data_offsets"][i].as_u64()?).ok();
    (tensor["dtype"] == "I8").then(|| data.get(place(0)?..place(1)?))?
}
