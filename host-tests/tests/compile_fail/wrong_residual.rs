//! A residual's layer changes the shape, so that its input cannot be added.
//~ expect: expected an array with a size of 8, found one with a size of 4
//~ expect: Linear<8, 4> as

use tensorlet::{Vector, network};

network! {
    struct Net: Vector<8> {
        block: Residual(Linear(4)),
    }
}

fn main() {}
