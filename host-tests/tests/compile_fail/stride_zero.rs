//! A window that does not move.
//~ expect: shape mismatch: layer `conv: Conv2d` with kernel 3, stride 0 and padding 0 cannot take an input of shape [1, 8, 8]

use tensorlet::{Image, network};

network! {
    struct Net: Image<1, 8, 8> {
        conv: Conv2d(4, 3, stride = 0),
    }
}

fn main() {}
