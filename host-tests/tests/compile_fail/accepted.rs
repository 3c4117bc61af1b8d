//! The correct counterpart of the other programs.
//~ compiles

use tensorlet::{Image, Layer, Mode, Module, Portable, budget, network, optim::Sgd};

network! {
    struct Digits: Image<1, 8, 8> {
        conv1: Conv2d(8, 3, padding = 1),
        relu1: Relu,
        pool1: MaxPool2d(2),
        flatten: Flatten,
        fc: Linear(10),
    }
}

budget!(Digits::INFERENCE_BYTES, <= 4 * 1024);
budget!(Digits::training_bytes::<Sgd>(Mode::Fused, 1), <= 8 * 1024);

fn main() {
    let mut arena = [0.0; Digits::INFERENCE_WORDS];
    let batch: &[Image<1, 8, 8>] = &[[[[0.0; 8]; 8]; 1]];
    let answer = Digits::ZERO.forward(Portable, batch, &mut arena);
    assert!(answer.is_ok());
}
