//! Inference needs more memory than it may: both numbers are shown.
//~ expect: memory budget exceeded: Net::INFERENCE_BYTES is 2304 bytes, the budget is 1024 bytes

use tensorlet::{Image, budget, network};

network! {
    struct Net: Image<1, 8, 8> {
        conv: Conv2d(8, 3, padding = 1),
    }
}

budget!(Net::INFERENCE_BYTES, <= 1024);

fn main() {}
