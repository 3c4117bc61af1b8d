//! The digits network on integers: post-training quantization, and how it compares.

use safetensors::{SafeTensors, serialize};
use tensorlet::{
    Kernels, Layer, Module, Portable,
    quantized::{self, MinMaxObserver, Observer, Quantization, ToIntegers},
};
use tensorlet_simd::NativePacking;

use tensorlet_host::{
    flash::{self, Source},
    weights,
};

use super::{
    BATCH, Digits, Int8Digits,
    data::{self, DataSet, Digit, Picture},
};

/// The weights of `digits_cnn.seed1` among the cases, which PyTorch has trained.
const TRAINED: &[u8] = include_bytes!("../../../host-tests/cases/trained/digits_cnn.seed1.safetensors");

/// A network of integers with the quantization of its input.
#[derive(Clone, Copy, Debug)]
pub struct Quantized {
    /// The network.
    pub network: Int8Digits,
    /// The quantization of the pictures.
    pub input: Quantization,
}

/// How two networks read the same digits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// The share that the network of floats reads correctly.
    pub float: f32,
    /// The share that the network of integers reads correctly.
    pub int8: f32,
    /// The share that both read as the same digit, be it right or wrong.
    pub agreement: f32,
}

/// Quantizes a trained network: ranges of activations from all digits to learn from, weights per channel.
///
/// # Errors
/// What [`quantized::calibrate`] and [`quantized::quantize`] find.
pub fn quantize<K: Kernels>(
    k: K,
    network: &Digits,
    digits: &[Digit],
) -> Result<Quantized, Box<dyn core::error::Error>> {
    quantize_as(k, network, digits, MinMaxObserver::NEW)
}

/// As [`quantize`], with ranges as such an observer finds them.
///
/// # Errors
/// As [`quantize`].
pub fn quantize_as<K: Kernels, O: Observer + Copy>(
    k: K,
    network: &Digits,
    digits: &[Digit],
    observer: O,
) -> Result<Quantized, Box<dyn core::error::Error>> {
    let ranges = ranges(k, network, digits, observer)?;
    let network = quantized::quantize::<NativePacking, Picture, _>(network, &ranges)?;
    Ok(Quantized { network, input: ranges[0] })
}

/// The quantizations of the input and of all outputs over these digits.
///
/// # Errors
/// None that a set of digits can bring about; the library's, if the arena were too small.
pub fn ranges<K: Kernels, O: Observer + Copy>(
    k: K,
    network: &Digits,
    digits: &[Digit],
    observer: O,
) -> Result<[Quantization; Digits::RANGES + 1], tensorlet::Error> {
    let mut observers = [observer; Digits::RANGES + 1];
    let mut arena = vec![0.0; BATCH * Digits::INFERENCE_WORDS];
    for batch in digits.chunks(BATCH) {
        let pictures: Vec<Picture> = batch.iter().map(|digit| digit.picture).collect();
        quantized::calibrate::<NativePacking, _, _, _, _>(k, network, &pictures, &mut observers, &mut arena)?;
    }
    Ok(observers.map(|observer| observer.quantization()))
}

/// The network of floats that PyTorch has trained.
///
/// # Errors
/// None with the file that this repository has.
pub fn trained() -> Result<Digits, Box<dyn core::error::Error>> {
    let file = SafeTensors::deserialize(TRAINED)?;
    let mut tensors = Vec::new();
    for (layer, position) in [("conv1", 0), ("conv2", 3), ("fc", 7)] {
        for parameter in ["weight", "bias"] {
            tensors.push((format!("{layer}.{parameter}"), file.tensor(&format!("in.W.{position}.{parameter}"))?));
        }
    }
    let mut network = Digits::ZERO;
    weights::from_bytes(&mut network, &serialize(tensors, None)?)?;
    Ok(network)
}

/// That network on integers, and the Rust that makes it of constants: what [`int8`](super::int8) has.
///
/// # Errors
/// As [`trained`] and [`quantize`].
pub fn flash() -> Result<(Quantized, Source), Box<dyn core::error::Error>> {
    let (network, digits) = (trained()?, DataSet::parse(data::BYTES)?);
    let digits: Vec<Digit> = digits.train().collect();
    let ranges = ranges(Portable, &network, &digits, MinMaxObserver::NEW)?;
    let options = flash::Options { network: "super::Int8Digits", name: "INT8_DIGITS", weights: "network.bin" };
    let source = flash::source::<NativePacking, Picture, _>(&network, &ranges, &options)?;
    let network = quantized::quantize::<NativePacking, Picture, _>(&network, &ranges)?;
    Ok((Quantized { network, input: ranges[0] }, source))
}

/// Reads digits with both networks.
///
/// # Errors
/// None that a set of digits can bring about; the library's, if an arena were too small.
pub fn compare<K: Kernels>(
    k: K,
    float: &Digits,
    int8: &Quantized,
    digits: &[Digit],
) -> Result<Comparison, tensorlet::Error> {
    let mut floats = vec![0.0; Digits::INFERENCE_WORDS];
    let mut integers = vec![0.0; Int8Digits::INFERENCE_WORDS];
    let [mut float_right, mut int8_right, mut same] = [0, 0, 0];
    for digit in digits {
        let a = largest(&float.forward(k, &[digit.picture], &mut floats)?[0]);
        let x = digit.picture.quantize(int8.input);
        let b = largest(&int8.network.forward(k, &[x], &mut integers)?[0]);
        float_right += usize::from(a == usize::from(digit.label));
        int8_right += usize::from(b == usize::from(digit.label));
        same += usize::from(a == b);
    }
    let share = |count: usize| count as f32 / digits.len().max(1) as f32;
    Ok(Comparison { float: share(float_right), int8: share(int8_right), agreement: share(same) })
}

/// The position of the first largest number.
fn largest<T: PartialOrd>(x: &[T]) -> usize {
    x.iter().enumerate().fold(0, |best, (i, value)| if *value > x[best] { i } else { best })
}
