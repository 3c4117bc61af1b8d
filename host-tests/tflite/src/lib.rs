//! Turns TensorFlow Lite models, of int8 or floats, into Rust for `tensorlet`: types, weights, and memory as constants.
//!
//! A model goes through five stages, and none of them believes the one before:
//!
//! | stage | file | what it says no to |
//! |---|---|---|
//! | the bytes | `flat.rs`, `schema.rs` | offsets and sizes that lead nowhere |
//! | the network | `graph.rs`, `operator/` | shapes, types, scales and constants that do not fit each other; operators that tensorlet has no layer for |
//! | images of floats in planes | `layout.rs` | |
//! | the memory | `plan.rs` | |
//! | the code | `layers.rs`, `float_layers.rs`, `code.rs` | |
//!
//! The operators: `CONV_2D`, `DEPTHWISE_CONV_2D`, `TRANSPOSE_CONV`, `FULLY_CONNECTED`, `AVERAGE_POOL_2D`,
//! `MAX_POOL_2D`, `MEAN` over rows and columns, `ADD`, `MUL`, `MINIMUM` and `MAXIMUM` of computed tensors,
//! `CONCATENATION` of two to four, `SOFTMAX`, `RELU`, `RELU6`, `QUANTIZE`, `DEQUANTIZE`, `PAD`, `TRANSPOSE`, and
//! `RESHAPE`, `SQUEEZE` and `EXPAND_DIMS`, which cost nothing. A model has one subgraph, one input of one sample, one
//! output, and int8 between them; floats can stand at both ends.
//!
//! On floats: `CONV_2D`, `DEPTHWISE_CONV_2D`, `FULLY_CONNECTED`, `AVERAGE_POOL_2D`, `MAX_POOL_2D`, `MEAN` over rows and
//! columns, `ADD` of two of one shape, `SOFTMAX`, `RELU`, `RELU6`, and those that cost nothing. They become tensorlet's
//! own layers of floats, which can be taken out of the network's fields and trained. Weights of int8 with one scale
//! before floats ("dynamic range quantization") become floats, with a step in front that rounds as TensorFlow Lite
//! does. Input and output keep TensorFlow Lite's order, `[rows][columns][channels]`; an image is turned into planes by
//! a step of its own, and back where something wants it so.
//!
//! What comes out needs no allocator and has nothing to decide at run time: one step after the other, each between
//! constant places of one arena. `cargo xtask tflite MODEL.tflite --out FILE.rs` does it by hand; in a build script:
//!
//! ```no_run
//! use tensorlet_tflite::{Options, generate};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let model = std::fs::read("model.tflite")?;
//! let rust = generate(&model, &Options { name: "Keywords", source: "model.tflite", ..Options::NEW })?;
//! let out = std::path::PathBuf::from(std::env::var("OUT_DIR")?);
//! std::fs::write(out.join("network.rs"), rust.code)?;
//! std::fs::write(out.join("network.bin"), rust.weights)?;
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod code;
mod codes;
pub mod constants;
mod error;
mod flat;
mod float_layers;
mod graph;
mod layers;
mod layout;
mod names;
mod operator;
mod plan;
mod schema;

pub use error::{Damage, Error, Problem};

/// What the code is to say.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// The name of the network's type.
    pub name: &'a str,
    /// The name of the model's file, for the code's first line.
    pub source: &'a str,
    /// The name of the file of weights as `include_bytes!` finds it from the code.
    pub weights: &'a str,
    /// The type of [`Packing`](https://docs.rs/tensorlet) for the instruction set.
    pub packing: &'a str,
}

impl Options<'_> {
    /// A network called `Network`, its weights in `network.bin`, for any instruction set.
    pub const NEW: Self =
        Self { name: "Network", source: "a model", weights: "network.bin", packing: "tensorlet::quantized::RowMajor" };
}

/// A network in Rust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rust {
    /// The contents of a module.
    pub code: String,
    /// The name of the network's static: `KEY_WORDS` for a type `KeyWords`.
    pub static_name: String,
    /// The file of weights that the code includes.
    pub weights: Vec<u8>,
    /// Words of the arena for activations; layers can need scratch beside.
    pub words: usize,
    /// Multiplications of weights for one output.
    pub macs: u64,
}

/// Makes Rust of the bytes of a model.
///
/// # Errors
/// Any [`Error`]: the file is damaged, or has something that tensorlet has no layer for.
pub fn generate(model: &[u8], options: &Options<'_>) -> Result<Rust, Error> {
    if !names::is_type(options.name) {
        return Err(Error::Name(options.name.to_owned()));
    }
    let graph = graph::Graph::read(model)?;
    let hash = fnv1a(model);
    let source = format!("`{}` ({} bytes, FNV-1a {hash:016x})", names::comment(options.source), model.len());
    Ok(code::write(&graph, options, &source))
}

/// The hash of Fowler, Noll and Vo, 64 bits.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
