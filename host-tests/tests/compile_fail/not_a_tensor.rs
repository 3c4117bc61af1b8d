//! Double precision is not an element type.
//~ expect: `f64` is not a tensor
//~ expect: a tensor is a number

use tensorlet::{Layer, Module, Portable, Relu};

fn main() {
    let mut arena = [0.0; 8];
    let _ = Relu::ZERO.forward(Portable, &[[0.0_f64; 4]], &mut arena);
}
