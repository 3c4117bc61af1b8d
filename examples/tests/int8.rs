//! The network that the compiler makes of generated code is the one that the host has in memory, and training for
//! integers helps them.

use tensorlet::{
    Layer, Portable,
    loss::{CrossEntropyLoss, Loss},
    quantized::{MinMaxObserver, ToIntegers, fake_quantize_weights},
};
use tensorlet_examples::digits::{
    Int8Digits,
    aware::{self, AwareDigits},
    data::{self, DataSet, Digit},
    int8::{INPUT, INT8_DIGITS},
    quantized,
};
use tensorlet_simd::{Isa, dispatch};

#[test]
fn generated_code_is_up_to_date() {
    let (_, source) = quantized::flash().expect("the trained network");
    let code = include_str!("../src/digits/int8/network.rs");
    assert!(code == source.code, "run `cargo run --release --example export`; it would be\n{}", source.code);
    assert!(include_bytes!("../src/digits/int8/network.bin")[..] == source.weights, "the weights are others");
}

#[test]
fn the_network_in_flash_is_the_one_in_memory() {
    let (quantized::Quantized { network, input }, _) = quantized::flash().expect("the trained network");
    assert_eq!((INT8_DIGITS, INPUT), (network, input));
    let digits = DataSet::parse(data::BYTES).expect("the digits");
    let mut arena = [0.0; Int8Digits::INFERENCE_WORDS];
    for digit in digits.test() {
        let x = [digit.picture.quantize(INPUT)];
        let memory = network.forward(Portable, &x, &mut arena).expect("the arena is large enough")[0];
        let flash = INT8_DIGITS.forward(Portable, &x, &mut arena).expect("the arena is large enough")[0];
        let best = dispatch!(Isa::best(), |k| INT8_DIGITS.forward(k, &x, &mut arena).map(|y| y[0]));
        assert_eq!((flash, best), (memory, Ok(memory)));
    }
}

#[test]
fn the_network_in_flash_reads_as_that_of_floats() {
    let (float, (int8, _)) =
        (quantized::trained().expect("the file"), quantized::flash().expect("the trained network"));
    let digits: Vec<_> = DataSet::parse(data::BYTES).expect("the digits").test().collect();
    let quantized::Comparison { float, int8, agreement } =
        quantized::compare(Portable, &float, &int8, &digits).expect("the arenas are large enough");
    // What PyTorch's network reads correctly of 360 digits, by its file.
    assert!(float > 0.97, "{float}");
    assert!(float - int8 <= 0.003, "{float} and {int8}");
    assert!(agreement >= 0.994, "{agreement}");
}

/// The mean cross entropy of the network in training, its weights rounded, without training it.
fn loss(network: &AwareDigits, digits: &[Digit]) -> f32 {
    let mut rounded = *network;
    fake_quantize_weights(&mut rounded);
    let mut arena = [0.0; AwareDigits::INFERENCE_WORDS];
    let one = |digit: &Digit| {
        let y = &mut [rounded.forward(Portable, &[digit.picture], &mut arena).expect("the arena is large enough")[0]];
        CrossEntropyLoss.mean(Portable, y, &[digit.label])
    };
    digits.iter().map(one).sum::<f32>() / digits.len() as f32
}

#[test]
fn training_for_integers_learns() {
    let float = quantized::trained().expect("the file");
    let data = DataSet::parse(data::BYTES).expect("the digits");
    let (train, test): (Vec<_>, Vec<_>) = (data.train().take(640).collect(), data.test().collect());
    let ranges = quantized::ranges(Portable, &float, &train, MinMaxObserver::NEW).expect("ranges");
    let mut aware = AwareDigits::new(&float, &ranges);
    let before = (aware, loss(&aware, &train));
    aware::train(Portable, &mut aware, &train, 0, 2).expect("a training");
    let after = loss(&aware, &train);
    assert!(after < 0.9 * before.1, "{} and {after}", before.1);
    // What was learned is what integers stand for: weights, and all four scales.
    assert_ne!(aware.conv1.weight, before.0.conv1.weight);
    for (learned, observed) in [
        (aware.fake0, before.0.fake0),
        (aware.fake1, before.0.fake1),
        (aware.fake2, before.0.fake2),
        (aware.fake3, before.0.fake3),
    ] {
        assert!(learned.scale != observed.scale && (learned.scale[0] / observed.scale[0] - 1.0).abs() < 0.5);
    }

    let int8 = aware.quantize().expect("a network of integers");
    assert_eq!(int8.input, aware.fake0.quantization());
    let quantized::Comparison { float, int8, .. } =
        quantized::compare(Portable, &float, &int8, &test).expect("the arenas are large enough");
    assert!(float - int8 <= 0.003, "{float} and {int8}");
}
