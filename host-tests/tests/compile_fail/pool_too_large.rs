//! The second pooling window does not fit into what the first leaves.
//~ expect: shape mismatch: layer `pool2: AvgPool2d` with kernel 3, stride 3 and padding 0 cannot take an input of shape [1, 2, 2]

use tensorlet::{Image, network};

network! {
    struct Net: Image<1, 8, 8> {
        pool1: MaxPool2d(4),
        pool2: AvgPool2d(3),
    }
}

fn main() {}
