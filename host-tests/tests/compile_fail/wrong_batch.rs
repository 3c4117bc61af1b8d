//! One sample where a batch of samples belongs.
//~ expect: expected `&[[f32; 16]]`, found `&[f32; 16]`

use tensorlet::{Layer, Linear, Module, Portable};

fn main() {
    let mut arena = [0.0; 26];
    let sample = [0.0_f32; 16];
    let _ = Layer::<[f32; 16]>::forward(&Linear::<16, 10>::ZERO, Portable, &sample, &mut arena);
}
