//! A row of three elements cannot be mirrored by three.
//~ expect: shape mismatch: layer `Conv1d` with `reflect` padding of 3 cannot take an input of shape [1, 3]: it has no so many elements to repeat

use tensorlet::{Conv1d, Matrix, Slide, network, sliding::Reflect};

network! {
    struct Net: Matrix<1, 3> {
        conv = Conv1d<1, 1, 3, 7, Reflect<Slide<1, 3>>>,
    }
}

fn main() {}
