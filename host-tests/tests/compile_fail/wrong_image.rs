//! A network for pictures of 8 x 8 gets one of 7 x 8.
//~ expect: expected an array with a size of 8, found one with a size of 7

use tensorlet::{Image, Layer, Module, Portable, network};

network! {
    struct Digits: Image<1, 8, 8> {
        conv1: Conv2d(8, 3, padding = 1),
        relu1: Relu,
    }
}

fn main() {
    let mut arena = [0.0; Digits::INFERENCE_WORDS];
    let _ = Digits::ZERO.forward(Portable, &[[[[0.0_f32; 8]; 7]; 1]], &mut arena);
}
