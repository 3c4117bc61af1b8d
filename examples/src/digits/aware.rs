//! Quantization-aware training of the digits network: on floats, with what int8 leaves of them.

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{
    FakeQuantize, Image, Kernels, Mode, Module, Path, Trainer,
    loss::CrossEntropyLoss,
    network,
    optim::{Adam, Groups},
    quantized::{self, Quantization},
    random,
};
use tensorlet_simd::NativePacking;

use super::{
    BATCH, Digits,
    data::{Digit, Picture},
    quantized::Quantized,
};

network! {
    /// [`Digits`] with fake quantization of every tensor that is stored as integers.
    pub struct AwareDigits: Image<1, 8, 8> as Int8AwareDigits<NativePacking> {
        fake0: FakeQuantize,
        conv1: Conv2d(8, 3, padding = 1),
        relu1: Relu,
        fake1: FakeQuantize,
        pool1: MaxPool2d(2),
        conv2: Conv2d(16, 3, padding = 1),
        relu2: Relu,
        fake2: FakeQuantize,
        pool2: MaxPool2d(2),
        flatten: Flatten,
        fc: Linear(10),
        fake3: FakeQuantize,
    }
}

impl AwareDigits {
    /// A trained network, with the quantizations that were observed of its input and outputs.
    #[must_use]
    pub fn new(network: &Digits, ranges: &[Quantization; Digits::RANGES + 1]) -> Self {
        // Those of both convolutions without their ReLU are of no interest.
        let [input, _, relu1, _, relu2, fc] = *ranges;
        Self {
            fake0: FakeQuantize::new(input),
            conv1: network.conv1,
            fake1: FakeQuantize::new(relu1),
            conv2: network.conv2,
            fake2: FakeQuantize::new(relu2),
            fc: network.fc,
            fake3: FakeQuantize::new(fc),
            ..Self::ZERO
        }
    }

    /// The network without fake quantization.
    #[must_use]
    pub fn float(&self) -> Digits {
        Digits { conv1: self.conv1, conv2: self.conv2, fc: self.fc, ..Digits::ZERO }
    }

    /// The network on integers with the quantizations learned.
    ///
    /// # Errors
    /// Those of [`quantized::quantize`].
    pub fn quantize(&self) -> Result<Quantized, quantized::QuantizeError> {
        // Nothing is left of these: what an activation is fused into has no range of its own.
        let mut ranges = [Quantization::new(1.0, 0); Digits::RANGES + 1];
        quantized::learned_ranges::<NativePacking, Picture, _>(self, &mut ranges);
        let network = quantized::quantize::<NativePacking, Picture, _>(&self.float(), &ranges)?;
        Ok(Quantized { network, input: ranges[0] })
    }
}

/// Scales and zero points learn slowly: they are small, and Adam's steps have the size of its rate.
fn group(path: Path<'_>) -> usize {
    usize::from(path.name() == "scale" || path.name() == "zero_point")
}

/// Trains on, and returns the mean loss of each epoch.
///
/// # Errors
/// Those of [`Trainer::accumulate`]: the loss diverges.
pub fn train<K: Kernels>(
    k: K,
    network: &mut AwareDigits,
    digits: &[Digit],
    seed: u64,
    epochs: u32,
) -> Result<Vec<f32>, tensorlet::Error> {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(seed);
    let optimizer: Groups<Adam, 2> = Groups::new([Adam::new(5e-4), Adam::new(1e-5)], group);
    let words = AwareDigits::training_words::<Groups<Adam, 2>>(Mode::Accumulate, BATCH);
    let mut workspace = vec![0.0; words];
    let mut trainer = Trainer::new(optimizer, &mut workspace)?;
    let mut order = digits.to_vec();
    let mut losses = Vec::new();
    for _ in 0..epochs {
        random::shuffle(&mut order, &mut rng);
        let mut sum = 0.0;
        for batch in order.chunks(BATCH) {
            let pictures: Vec<Picture> = batch.iter().map(|digit| digit.picture).collect();
            let labels: Vec<_> = batch.iter().map(|digit| digit.label).collect();
            // Straight through: the gradient of the rounded weights moves those that are not rounded.
            let mut rounded = *network;
            quantized::fake_quantize_weights(&mut rounded);
            let share = 1.0 / batch.len() as f32;
            trainer.zero_grad();
            let loss = trainer.accumulate(k, &mut rounded, &CrossEntropyLoss, &pictures, &labels, share)?;
            trainer.apply(k, network);
            sum += loss * batch.len() as f32;
        }
        losses.push(sum / order.len().max(1) as f32);
    }
    Ok(losses)
}
