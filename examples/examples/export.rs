//! A trained network as flash contents: `cargo run --release --example export`.
//!
//! Quantizes the digits network that PyTorch has trained, and writes it as Rust, with its weights in a file beside it,
//! to `examples/src/digits/int8`: a `static` that firmware has without computing anything.

use std::path::Path;

use tensorlet_examples::digits::quantized;
use tensorlet_host::{file, flash::Source};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Source { code, weights } = quantized::flash()?.1;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/digits/int8");
    file::replace(&folder.join("network.rs"), code.as_bytes())?;
    file::replace(&folder.join("network.bin"), &weights)?;
    println!("{} bytes of weights, biases and scales in {}", weights.len(), folder.display());
    Ok(())
}
