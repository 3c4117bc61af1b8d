//! The digits network in training on int8 weights: as on a device that has no memory for weights of floats.

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{
    FakeQuantize, FusedTrainer, Image, Kernels, Layer, Mode, Module, Slide,
    loss::CrossEntropyLoss,
    network,
    optim::Optimizer,
    quantized::{self, MinMaxObserver, Observer, Quantization, RowMajor, qas},
    random,
};

use super::{
    Digits,
    data::{Digit, Picture},
};

network! {
    /// [`Digits`] with weights of int8, and fake quantization of every tensor that is stored as integers.
    pub struct QasDigits: Image<1, 8, 8> as Int8QasDigits {
        fake0: FakeQuantize,
        conv1 = qas::Conv2d<1, 8, 3, 3, 8, 8, Slide<1, 1>>,
        relu1: Relu,
        fake1: FakeQuantize,
        pool1: MaxPool2d(2),
        conv2 = qas::Conv2d<8, 16, 3, 3, 4, 4, Slide<1, 1>>,
        relu2: Relu,
        fake2: FakeQuantize,
        pool2: MaxPool2d(2),
        flatten: Flatten,
        fc = qas::Linear<64, 10>,
    }
}

impl QasDigits {
    /// A trained network, with the quantizations that were observed of its input and outputs.
    #[must_use]
    pub fn new(network: &Digits, ranges: &[Quantization; Digits::RANGES + 1]) -> Self {
        // Those of both convolutions without their ReLU are of no interest; the logits in training are floats.
        let [input, _, relu1, _, relu2, _] = *ranges;
        let mut own = Self {
            fake0: FakeQuantize::new(input),
            fake1: FakeQuantize::new(relu1),
            fake2: FakeQuantize::new(relu2),
            ..Self::ZERO
        };
        own.conv1.assign(&network.conv1);
        own.conv2.assign(&network.conv2);
        own.fc.assign(&network.fc);
        own
    }

    /// The network on integers, its weights and scales as they are, and the quantization of its input. That of the
    /// logits is observed over these digits.
    ///
    /// # Errors
    /// Those of [`quantized::calibrate`] and [`quantized::quantize`].
    pub fn quantize<K: Kernels>(
        &self,
        k: K,
        digits: &[Digit],
    ) -> Result<(Int8QasDigits, Quantization), Box<dyn core::error::Error>> {
        let mut observers = [MinMaxObserver::NEW; Self::RANGES + 1];
        let mut arena = vec![0.0; Self::INFERENCE_WORDS];
        for digit in digits {
            quantized::calibrate::<RowMajor, _, _, _, _>(k, self, &[digit.picture], &mut observers, &mut arena)?;
        }
        let mut ranges = observers.map(|observer| observer.quantization());
        quantized::learned_ranges::<RowMajor, Picture, _>(self, &mut ranges);
        Ok((quantized::quantize::<RowMajor, Picture, _>(self, &ranges)?, ranges[0]))
    }
}

/// Trains one digit at a time, the gradients of no two layers in memory at once, and returns the mean loss of each
/// epoch.
///
/// # Errors
/// Those of [`FusedTrainer::step`]: the loss diverges.
pub fn train<K: Kernels, O: Optimizer>(
    k: K,
    network: &mut QasDigits,
    optimizer: O,
    digits: &[Digit],
    seed: u64,
    epochs: u32,
) -> Result<Vec<f32>, tensorlet::Error> {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(seed);
    let mut workspace = vec![0.0; QasDigits::training_words::<O>(Mode::Fused, 1)];
    let mut trainer = FusedTrainer::new(optimizer, &mut workspace)?;
    let mut order = digits.to_vec();
    let mut losses = Vec::new();
    for _ in 0..epochs {
        random::shuffle(&mut order, &mut rng);
        let mut sum = 0.0;
        for digit in &order {
            sum += trainer.step(k, network, &CrossEntropyLoss, &[digit.picture], &[digit.label])?;
        }
        losses.push(sum / order.len().max(1) as f32);
    }
    Ok(losses)
}

/// The share of digits that a network reads correctly.
///
/// # Errors
/// None that a set of digits can bring about; the library's, if the arena were too small.
pub fn accuracy<K: Kernels>(k: K, network: &QasDigits, digits: &[Digit]) -> Result<f32, tensorlet::Error> {
    let mut arena = vec![0.0; QasDigits::INFERENCE_WORDS];
    let mut right = 0;
    for digit in digits {
        let y = network.forward(k, &[digit.picture], &mut arena)?[0];
        right += usize::from(k.argmax(&y) == usize::from(digit.label));
    }
    Ok(right as f32 / digits.len().max(1) as f32)
}
