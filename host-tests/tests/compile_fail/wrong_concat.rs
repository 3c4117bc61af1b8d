//! The outputs of two branches have seven numbers together, not eight.
//~ expect: shape mismatch: layer `Concat` cannot put outputs of shapes [3] and [4] behind each other into shape [8]

use tensorlet::{Linear, Vector, layer::Concat, network};

network! {
    struct Net: Vector<5> {
        branches = Concat<Linear<5, 3>, Linear<5, 4>, Vector<8>>,
    }
}

fn main() {}
