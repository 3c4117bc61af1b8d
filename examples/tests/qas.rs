//! Training on int8 weights: a network that can read digits learns to read them mirrored, as floats do at the same rate.

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{
    FusedTrainer, Kernels, Layer, Mode, Path, Portable,
    kernel::ReduceKernels,
    loss::CrossEntropyLoss,
    optim::{Groups, Sgd},
    quantized::{MinMaxObserver, ToIntegers},
    random,
};
use tensorlet_examples::digits::{
    Digits,
    data::{self, DataSet, Digit},
    qas::{self, Int8QasDigits, QasDigits},
    quantized,
};

const RATE: f32 = 0.02;
const EPOCHS: u32 = 2;

fn mirrored(mut digit: Digit) -> Digit {
    digit.picture[0].iter_mut().for_each(|row| row.reverse());
    digit
}

/// A group for the weights and one for the bias of each layer, and one for what fake quantization has.
fn group(path: Path<'_>) -> usize {
    match path.name() {
        "scale" | "zero_point" => 6,
        name => {
            let layer = ["conv1", "conv2"].iter().position(|layer| path.starts_with(layer)).unwrap_or(2);
            2 * layer + usize::from(name == "bias")
        }
    }
}

/// One rate for all weights and biases, times a factor for each group of a layer.
fn sgd(factors: [f32; 6]) -> Groups<Sgd, 7> {
    let [a, b, c, d, e, f] = factors.map(|factor| Sgd::new(RATE * factor));
    Groups::new([a, b, c, d, e, f, Sgd::new(0.0)], group)
}

/// As [`qas::train`] does it, on floats.
fn train_floats(network: &mut Digits, digits: &[Digit]) {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(0);
    let mut workspace = vec![0.0; Digits::training_words::<Sgd>(Mode::Fused, 1)];
    let mut trainer = FusedTrainer::new(Sgd::new(RATE), &mut workspace).expect("the workspace is large enough");
    let mut order = digits.to_vec();
    for _ in 0..EPOCHS {
        random::shuffle(&mut order, &mut rng);
        for digit in &order {
            let (x, y) = ([digit.picture], [digit.label]);
            trainer.step(Portable, network, &CrossEntropyLoss, &x, &y).expect("a step");
        }
    }
}

/// The share of digits that is read correctly.
fn share(digits: &[Digit], mut read: impl FnMut(&Digit) -> usize) -> f32 {
    digits.iter().filter(|digit| read(digit) == usize::from(digit.label)).count() as f32 / digits.len() as f32
}

fn accuracy<K: Kernels>(k: K, network: &QasDigits, digits: &[Digit]) -> f32 {
    qas::accuracy(k, network, digits).expect("the arena is large enough")
}

#[test]
fn int8_weights_learn_as_floats_do() {
    let data = DataSet::parse(data::BYTES).expect("the digits");
    let train: Vec<_> = data.train().map(mirrored).collect();
    let test: Vec<_> = data.test().map(mirrored).collect();
    let float = quantized::trained().expect("the file");
    let ranges = quantized::ranges(Portable, &float, &train, MinMaxObserver::NEW).expect("ranges");
    let begin = QasDigits::new(&float, &ranges);
    let before = accuracy(Portable, &begin, &test);
    assert!(before < 0.6, "{before}");

    let learned = |optimizer: Groups<Sgd, 7>| {
        let mut network = begin;
        qas::train(Portable, &mut network, optimizer, &train, 0, EPOCHS).expect("a training");
        network
    };
    let network = learned(sgd([1.0; 6]));
    let scaled = accuracy(Portable, &network, &test);
    let mut floats = float;
    train_floats(&mut floats, &train);
    let mut arena = vec![0.0; Digits::INFERENCE_WORDS];
    let floats = share(&test, |digit| {
        Portable.argmax(&floats.forward(Portable, &[digit.picture], &mut arena).expect("it is large enough")[0])
    });
    assert!(scaled > 0.92 && (scaled - floats).abs() < 0.03, "{scaled}, floats {floats}");

    // Without the scaling, in steps of integers, that rate is nothing: the largest scale of each layer squared.
    let most = |scales: &[f32]| scales.iter().fold(0.0_f32, |most, scale| most.max(*scale));
    let weights = [most(&begin.conv1.scale), most(&begin.conv2.scale), most(&begin.fc.scale)];
    let inputs = [begin.fake0.scale[0], begin.fake1.scale[0], begin.fake2.scale[0]];
    let factor = |i: usize| if i.is_multiple_of(2) { weights[i / 2] } else { weights[i / 2] * inputs[i / 2] };
    let unscaled = accuracy(Portable, &learned(sgd(std::array::from_fn(|i| factor(i).powi(2)))), &test);
    assert!(unscaled < before + 0.1, "{unscaled}, before {before}");

    // And the integers are ready to be used.
    let (int8, input) = network.quantize(Portable, &train).expect("a network of integers");
    let mut arena = vec![0.0; Int8QasDigits::INFERENCE_WORDS];
    let int8 = share(&test, |digit| {
        let x = [digit.picture.quantize(input)];
        let y = int8.forward(Portable, &x, &mut arena).expect("it is large enough")[0];
        y.iter().enumerate().fold(0, |best, (i, value)| if *value > y[best] { i } else { best })
    });
    assert!((scaled - int8).abs() <= 0.01, "{int8}, in training {scaled}");
    println!("before {before}, floats {floats}, scaled {scaled}, unscaled {unscaled}, integers {int8}");
}

// Weights take a byte each and no gradient is kept: less in all than floats take, although fake quantization has copies
// of the activations on its tape.
const _: () = {
    let float = Digits::FLASH_BYTES + 4 * Digits::training_words::<Sgd>(Mode::Fused, 1);
    let int8 = size_of::<QasDigits>() + 4 * QasDigits::training_words::<Sgd>(Mode::Fused, 1);
    assert!(Digits::FLASH_BYTES > 3 * size_of::<QasDigits>() && int8 < float);
};
