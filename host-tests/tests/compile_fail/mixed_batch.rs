//! A batch whose samples differ in shape.
//~ expect: expected an array with a size of 16, found one with a size of 12

use tensorlet::{Layer, Linear, Module, Portable};

fn main() {
    let mut arena = [0.0; 52];
    let _ = Linear::<16, 10>::ZERO.forward(Portable, &[[0.0_f32; 16], [0.0_f32; 12]], &mut arena);
}
