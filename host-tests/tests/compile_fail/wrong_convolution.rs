//! A convolution's type states other output sizes than its input gives.
//~ expect: shape mismatch: layer `Conv2d` of an input of shape [1, 8, 8] gives an output of shape [4, 6, 6], but its type says [4, 8, 8]

use tensorlet::{Conv2d, Image, network};

network! {
    struct Net: Image<1, 8, 8> {
        conv = Conv2d<1, 4, 3, 3, 8, 8>,
        relu: Relu,
    }
}

fn main() {}
