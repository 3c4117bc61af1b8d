//! A layer gets a vector of another length.
//~ expect: Linear<16, 10>` cannot take an input of shape `[f32; 12]`
//~ expect: this layer does not fit the input `[f32; 12]`

use tensorlet::{Layer, Linear, Module, Portable, Tensor};

fn classify<X: Tensor, N: Layer<X>>(x: X, net: &N, arena: &mut [f32]) {
    let _ = net.forward(Portable, &[x], arena);
}

fn main() {
    classify([0.0_f32; 12], &Linear::<16, 10>::ZERO, &mut [0.0; 26]);
}
