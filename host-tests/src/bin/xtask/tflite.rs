//! `cargo xtask tflite`: Rust of a TensorFlow Lite model, of int8 or floats.

use std::path::{Path, PathBuf};

use tensorlet_host::{
    file,
    tflite::{Options, generate},
};

use crate::step::{Note, Stop};

#[derive(clap::Args)]
pub(crate) struct TfliteArgs {
    /// The model.
    model: PathBuf,
    /// Where the code goes; the weights go beside it, in a file that ends in `.bin`.
    #[arg(long, value_name = "FILE.rs")]
    out: PathBuf,
    /// The name of the network's type.
    #[arg(long, default_value = "Network")]
    name: String,
    /// The order of the weights in flash: tensorlet_simd::NativePacking is that of the processor built for.
    #[arg(long, default_value = Options::NEW.packing)]
    packing: String,
}

pub(crate) fn tflite(arguments: &TfliteArgs) -> Result<Note, Stop> {
    let TfliteArgs { model, out, name, packing } = arguments;
    let about = |path: &Path, error: &dyn std::fmt::Display| Stop::Broken(format!("{}: {error}", path.display()));
    let bytes = std::fs::read(model).map_err(|error| about(model, &error))?;
    let file_name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let bin = out.with_extension("bin");
    let (source, weights) = (file_name(model), file_name(&bin));
    let made = generate(&bytes, &Options { name, source: &source, weights: &weights, packing })
        .map_err(|error| about(model, &error))?;
    file::replace(&bin, &made.weights).map_err(|error| about(&bin, &error))?;
    file::replace(out, made.code.as_bytes()).map_err(|error| about(out, &error))?;
    let (kept, words) = (made.weights.len(), made.words);
    Ok(format!("{} and {weights}: {kept} bytes of constants, {words} words of activations", file_name(out)))
}
