//! The job of a [`Learner`]: a head of floats that learns on a network of integers, which has learned before.

use tensorlet::{
    Kernels, Linear, Mode, Module,
    layer::Frozen,
    memory, network,
    optim::{Adam, Optimizer, Sgd},
    quantized::{self, Dequantize, Quantization, ToIntegers},
};
use tensorlet_simd::NativePacking;

use super::{JobError, Memory, Outcome, Reader, Watch};
use crate::digits::{
    data::Picture,
    int8::{INPUT, INT8_DIGITS},
};

network! {
    /// The digits network without its last layer; [`Int8Backbone`] is the same on integers.
    pub struct Backbone: Picture as Int8Backbone<NativePacking> {
        conv1: Conv2d(8, 3, padding = 1),
        relu1: Relu,
        pool1: MaxPool2d(2),
        conv2: Conv2d(16, 3, padding = 1),
        relu2: Relu,
        pool2: MaxPool2d(2),
        flatten: Flatten,
    }
}

/// A picture on integers.
pub type Pixels = <Picture as ToIntegers>::Integers;

/// The features that the backbone finds in a picture.
pub type Features = [f32; 64];

/// What is trained.
pub type Head = Linear<64, 10>;

network! {
    /// The network that learns on a device what it has not seen before: only the head does, 650 parameters.
    pub struct Learner: Pixels {
        backbone = Frozen<Int8Backbone>,
        floats = Dequantize<Features>,
        head = Head,
    }
}

/// What the integers of the backbone's output stand for.
pub const FEATURES: Quantization = Quantization::new(0.06007003, -128);

/// The network before the job: the convolutions of [`INT8_DIGITS`], and a head of zeros.
pub const LEARNER: Learner = Learner {
    backbone: Frozen(Int8Backbone {
        conv1: INT8_DIGITS.conv1,
        relu1: INT8_DIGITS.relu1,
        pool1: INT8_DIGITS.pool1,
        conv2: INT8_DIGITS.conv2,
        relu2: INT8_DIGITS.relu2,
        pool2: INT8_DIGITS.pool2,
        flatten: INT8_DIGITS.flatten,
    }),
    floats: quantized::unwrap(Dequantize::new(FEATURES)),
    head: Head::ZERO,
};

/// Words of the workspace that training with fused updates takes.
pub const FUSED_WORDS: usize = Learner::training_words::<Sgd>(Mode::Fused, 1);
/// Words of the workspace that training with accumulated gradients takes.
pub const ACCUMULATED_WORDS: usize = Learner::training_words::<Adam>(Mode::Accumulate, 1);
/// Words of the workspace of both, one after the other.
pub const WORKSPACE_WORDS: usize = memory::max(FUSED_WORDS, ACCUMULATED_WORDS);

// Gradients and the optimiser's state are the head's alone: the backbone adds to the workspace what its inference takes,
// and nothing more.
const _: () = {
    const fn fits<O: Optimizer>(mode: Mode) -> bool {
        let head = memory::training_words::<Features, Head, O>(mode, 1);
        Learner::training_words::<O>(mode, 1) <= head + Int8Backbone::INFERENCE_WORDS
    }
    assert!(<Learner as Module>::GRAD == Head::GRAD && Head::GRAD == 64 * 10 + 10);
    assert!(memory::gradient_words::<Pixels, Learner>(Mode::Accumulate, 1) == Head::GRAD);
    assert!(fits::<Sgd>(Mode::Fused) && fits::<Adam>(Mode::Accumulate));
};

const FUSED: (&str, Sgd) = ("head, fused updates, SGD", Sgd::new(0.002));
const ACCUMULATED: (&str, Adam) = ("head, accumulated gradients, Adam", Adam::new(0.01));

impl Reader for Learner {
    type Input = Pixels;

    fn input(picture: &Picture) -> Pixels {
        picture.quantize(INPUT)
    }
}

/// Runs the job on a network that begins as [`LEARNER`]: first with fused updates, then with accumulated gradients.
///
/// # Errors
/// [`JobError`] if the digits are damaged or training diverges.
pub fn run<K: Kernels>(
    k: K,
    memory: &mut Memory<'_, Learner>,
    watch: &mut impl Watch,
) -> Result<[Outcome; 2], JobError> {
    Ok([super::fused(k, FUSED, memory, watch)?, super::accumulated(k, ACCUMULATED, memory, watch)?])
}
