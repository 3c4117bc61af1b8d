//! A kernel of 9 x 9 on a picture of 8 x 8.
//~ expect: shape mismatch: layer `conv: Conv2d` with kernel 9, stride 1 and padding 0 cannot take an input of shape [1, 8, 8]

use tensorlet::{Image, network};

network! {
    struct Net: Image<1, 8, 8> {
        conv: Conv2d(4, 9),
        relu: Relu,
    }
}

fn main() {}
