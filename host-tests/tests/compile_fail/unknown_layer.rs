//! `network!` is given a layer that it does not know.
//~ expect: `network!` does not know the layer `fc: Dense (10)`: write `fc = Type` for a layer type of your own

use tensorlet::{Vector, network};

network! {
    struct Net: Vector<8> {
        fc: Dense(10),
    }
}

fn main() {}
