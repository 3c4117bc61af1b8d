//! A convolution of three channels gets an input of two.
//~ expect: Conv2d<3, 4, 3, 3, 6, 6>
//~ expect: Layer<[[[f32; 8]; 8]; 2]>

use tensorlet::{Conv2d, Image, network};

network! {
    struct Net: Image<2, 8, 8> {
        conv = Conv2d<3, 4, 3, 3, 6, 6>,
    }
}

fn main() {}
