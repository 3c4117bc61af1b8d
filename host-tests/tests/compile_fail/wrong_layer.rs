//! A layer type written by hand does not take what the layer before it gives.
//~ expect: Linear<12, 10>` cannot take an input of shape `[f32; 64]`
//~ expect: wrong_layer.rs:11

use tensorlet::{Image, Linear, network};

network! {
    struct Net: Image<1, 8, 8> {
        relu: Relu,
        flatten: Flatten,
        fc = Linear<12, 10>,
    }
}

fn main() {}
