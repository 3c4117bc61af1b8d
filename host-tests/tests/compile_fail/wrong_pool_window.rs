//! The first window of a pooling sees nothing but padding.
//~ expect: shape mismatch: layer `MaxPool2d` of an input of shape [1, 6, 6] has a window that lies in the padding alone

use tensorlet::{Image, MaxPool2d, Slide, network};

network! {
    struct Net: Image<1, 6, 6> {
        pool = MaxPool2d<2, 2, 5, 5, Slide<2, 2>>,
    }
}

fn main() {}
