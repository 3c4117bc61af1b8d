//! Two layers in a pair do not fit each other.
//~ expect: Linear<2, 1>` cannot take an input of shape `[f32; 3]`

use tensorlet::{Layer, Linear, Module, Portable};

fn main() {
    let mut arena = [0.0; 16];
    let _ = <(Linear<4, 3>, Linear<2, 1>)>::ZERO.forward(Portable, &[[0.0_f32; 4]], &mut arena);
}
