//! A network trained on the host as flash contents: Rust that makes its counterpart of integers in a `static`.
//!
//! The code needs the network's type, which [`network!`](tensorlet::network) makes beside that of floats, and a file
//! with all weights, biases and scales. The compiler packs the weights for the instruction set that the type says,
//! folds the scales, and proves that no sum overflows.

use std::fmt::Write as _;

use tensorlet::{
    Path, Tensor,
    quantized::{self, Quantizable, Quantization, QuantizeError, Recipe, RecipeVisitor},
};
use tensorlet_tflite::constants;

/// What the code is to say.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// The type of the network of integers as the code finds it: `super::Int8Net`.
    pub network: &'a str,
    /// The name of the static.
    pub name: &'a str,
    /// The name of the file of weights as `include_bytes!` finds it from the code.
    pub weights: &'a str,
}

/// A network in Rust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The contents of a module.
    pub code: String,
    /// The file of weights that the code includes.
    pub weights: Vec<u8>,
}

/// Makes Rust of a float network and the quantizations of its input and outputs, as
/// [`quantize`](tensorlet::quantized::quantize) takes them. What the code makes is what that makes, bit for bit.
///
/// # Errors
/// Those of [`quantize`](tensorlet::quantized::quantize).
///
/// ```
/// use tensorlet::{Module, Vector, network, quantized::{Quantization, RowMajor}};
/// use tensorlet_host::flash::{self, Options};
/// network! {
///     pub struct Net: Vector<2> as Int8Net {
///         fc: Linear(1),
///         relu: Relu,
///     }
/// }
/// let mut net = Net::ZERO;
/// net.fc.weight = [[1.0], [-0.5]];
/// let ranges = [Quantization::new(0.01, 0); Net::RANGES + 1];
/// let options = Options { network: "super::Int8Net", name: "NET", weights: "net.bin" };
/// let source = flash::source::<RowMajor, Vector<2>, _>(&net, &ranges, &options)?;
/// assert!(source.code.contains("pub static NET: super::Int8Net"));
/// assert_eq!(source.weights, [127, 0xc0, 0, 0, 0, 0]); // two weights, a bias
/// # Ok::<(), tensorlet::quantized::QuantizeError>(())
/// ```
pub fn source<P, X, L>(net: &L, ranges: &[Quantization], options: &Options<'_>) -> Result<Source, QuantizeError>
where
    X: Tensor<Elem = f32>,
    L: Quantizable<X, P>,
{
    let input = ranges.first().copied().unwrap_or(Quantization::new(1.0, 0));
    let mut layers = Layers { code: String::new(), bytes: Vec::new(), output: input };
    quantized::quantize_and_show(net, ranges, &mut layers)?;

    let Options { network, name, weights } = options;
    let mut code = format!(
        "// Made by {} {}. Do not edit: generate it anew.\n\n\
         #[allow(unused_imports, reason = \"not every network needs all\")]\n\
         use tensorlet::quantized::{{self, Fused, Quantization}};\n\n",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION"),
    );
    if !layers.bytes.is_empty() {
        code += "/// All weights, biases and scales; only the compiler reads them.\n";
        code += &format!("const BYTES: &[u8] = include_bytes!({weights:?});\n\n");
    }
    for (what, tensor) in [("INPUT", input), ("OUTPUT", layers.output)] {
        code += &format!("/// What the integers of the {} stand for.\n", what.to_lowercase());
        code += &format!("pub const {what}: Quantization = {};\n", expression(tensor));
    }
    code += &format!(
        "\n/// The network, prepared by the compiler.\n\
         #[allow(long_running_const_eval, reason = \"the compiler packs all weights and proves all sums\")]\n\
         pub static {name}: {network} = {{\n    \
         let mut net = <{network} as tensorlet::Module>::ZERO;\n{}    net\n}};\n",
        layers.code
    );
    Ok(Source { code, weights: layers.bytes })
}

/// A quantization in Rust.
fn expression(quantization: Quantization) -> String {
    constants::quantization(quantization.scale, quantization.zero_point)
}

/// Writes one assignment for each layer that is not the same in every network.
struct Layers {
    code: String,
    bytes: Vec<u8>,
    /// The quantization of the tensor at hand.
    output: Quantization,
}

impl RecipeVisitor for Layers {
    fn layer(&mut self, path: Path<'_>, recipe: Recipe<'_>) {
        let value = match recipe {
            Recipe::Weighted { name, weight, bias, input, weight_scales, output, fused } => {
                self.output = output;
                let weight: Vec<u8> = weight.iter().map(|&w| w as u8).collect();
                let (from, to) = (expression(input), expression(output));
                let numbers = (&weight[..], bias, weight_scales);
                let call = constants::from_scales(&mut self.bytes, numbers, (&from, &to, &fused), "    ");
                format!("quantized::unwrap(quantized::{name}::{call})")
            }
            Recipe::Clip { min, max } => {
                format!("quantized::Clip {{ clamp: quantized::Clamp {{ min: {min}, max: {max} }} }}")
            }
            Recipe::Plain => return,
        };
        let path = path.to_string();
        let place = if path.is_empty() { "net".to_owned() } else { format!("net.{path}") };
        // Writing to a string cannot fail.
        let written = writeln!(self.code, "    {place} = {value};");
        debug_assert!(written.is_ok());
    }
}
