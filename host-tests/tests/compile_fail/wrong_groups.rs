//! Groups of three channels do not divide four.
//~ expect: shape mismatch: layer `Conv2d` from an input of shape [4, 6, 6] to one of shape [6, 4, 4] cannot have groups of 3 input channels: groups divide both numbers of channels

use tensorlet::{Conv2d, Image, Slide, network};

network! {
    struct Net: Image<4, 6, 6> {
        conv = Conv2d<4, 6, 3, 3, 4, 4, Slide, [f32; 6], 3>,
    }
}

fn main() {}
