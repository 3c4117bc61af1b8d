//! A head, of floats or of int8 weights, that learns on top of a network of integers, which stays as it is: what a
//! device does that has its network in flash and sees something new.

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{
    FusedTrainer, Layer, Mode, Module, Portable, Tensor,
    kernel::ReduceKernels,
    layer::Frozen,
    loss::CrossEntropyLoss,
    network,
    optim::Sgd,
    quantized::{Dequantize, MinMaxObserver, Quantization, ToIntegers, qas, quantize},
};
use tensorlet_examples::digits::{
    data::{self, DataSet, Digit, Picture},
    device_job::head::{self, Backbone, Features, Int8Backbone, LEARNER, Learner, Pixels},
    int8::INPUT,
    quantized,
};
use tensorlet_simd::NativePacking;

network! {
    /// A [`Learner`] whose head has int8 weights.
    struct Int8Learner: Pixels {
        backbone = Frozen<Int8Backbone>,
        floats = Dequantize<Features>,
        head = qas::Linear<64, 10>,
    }
}

// A byte for each weight, without another copy; scales, biases and the state of the rounding.
const _: () = assert!(size_of::<qas::Linear<64, 10>>() == 640 + 4 * (10 + 10 + 1));
// At most a row of weights and one of gradients more than for floats.
const INT8_WORDS: usize = Int8Learner::training_words::<Sgd>(Mode::Fused, 1);
const _: () = assert!(INT8_WORDS <= WORDS + 2 * 10);

// No gradient is kept; the input is 16 words.
const WORDS: usize = head::FUSED_WORDS;
const _: () = assert!(<Int8Backbone as Module>::PARAMETERS > 0 && <Frozen<Int8Backbone> as Module>::GRAD == 0);
const _: () = assert!(Pixels::WORDS == 16 && 4 * WORDS < 2048);

/// The network with a backbone that has learned, and a head that has not; and the quantization of its input.
fn learner(digits: &[Digit]) -> (Learner, Quantization) {
    let float = quantized::trained().expect("the file");
    let ranges = quantized::ranges(Portable, &float, digits, MinMaxObserver::NEW).expect("ranges");
    let backbone = Backbone { conv1: float.conv1, conv2: float.conv2, ..Backbone::ZERO };
    let (ranges, _) = ranges.split_at(Backbone::RANGES + 1);
    let backbone = quantize::<NativePacking, Picture, _>(&backbone, ranges).expect("a network of integers");
    // Pooling keeps the quantization of the last ReLU.
    let floats = Dequantize::new(ranges[Backbone::RANGES]).expect("a scale");
    (Learner { backbone: Frozen(backbone), floats, head: Module::ZERO }, ranges[0])
}

#[test]
fn the_network_in_flash_is_the_one_quantized_here() {
    let data = DataSet::parse(data::BYTES).expect("the digits");
    let (Learner { backbone, floats, .. }, input) = learner(&data.train().collect::<Vec<_>>());
    assert_eq!((LEARNER.backbone, LEARNER.floats, INPUT), (backbone, floats, input));
}

#[test]
fn a_head_of_floats_learns_on_integers() {
    let data = DataSet::parse(data::BYTES).expect("the digits");
    let (train, test): (Vec<_>, Vec<_>) = (data.train().collect(), data.test().collect());
    let (mut net, input) = learner(&train[..320]);
    let backbone = net.backbone;

    let mut workspace = [0.0; WORDS];
    let mut trainer = FusedTrainer::new(Sgd::new(0.0007), &mut workspace).expect("the workspace is large enough");
    for digit in train.iter().cycle().take(5 * train.len()) {
        let x = [digit.picture.quantize(input)];
        trainer.step(Portable, &mut net, &CrossEntropyLoss, &x, &[digit.label]).expect("a step");
    }
    assert_eq!(net.backbone, backbone);

    let mut arena = [0.0; Learner::INFERENCE_WORDS];
    let mut right = 0;
    for digit in &test {
        let y = net.forward(Portable, &[digit.picture.quantize(input)], &mut arena).expect("the arena is large enough");
        right += usize::from(Portable.argmax(&y[0]) == usize::from(digit.label));
    }
    assert!(100 * right >= 92 * test.len(), "{right} of {}", test.len());
}

#[test]
fn a_head_of_int8_weights_learns_on_integers() {
    let data = DataSet::parse(data::BYTES).expect("the digits");
    let (train, test): (Vec<_>, Vec<_>) = (data.train().collect(), data.test().collect());
    let (Learner { backbone, floats, .. }, input) = learner(&train[..320]);
    let mut net = Int8Learner { backbone, floats, ..Module::ZERO };
    net.head.init(&mut Xoshiro128PlusPlus::seed_from_u64(0));

    let mut workspace = [0.0; INT8_WORDS];
    let mut trainer = FusedTrainer::new(Sgd::new(0.0007), &mut workspace).expect("the workspace is large enough");
    for digit in train.iter().cycle().take(5 * train.len()) {
        let x = [digit.picture.quantize(input)];
        trainer.step(Portable, &mut net, &CrossEntropyLoss, &x, &[digit.label]).expect("a step");
    }

    let mut arena = [0.0; Int8Learner::INFERENCE_WORDS];
    let mut right = 0;
    for digit in &test {
        let y = net.forward(Portable, &[digit.picture.quantize(input)], &mut arena).expect("the arena is large enough");
        right += usize::from(Portable.argmax(&y[0]) == usize::from(digit.label));
    }
    assert!(100 * right >= 92 * test.len(), "{right} of {}", test.len());
}
