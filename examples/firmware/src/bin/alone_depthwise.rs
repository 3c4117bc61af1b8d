//! An int8 depthwise convolution and nothing else: see [`firmware::alone`].

#![no_std]
#![no_main]

use firmware::int8::Image;
use tensorlet::{kernel::QuantizedKernels, quantized::Twice};
use tensorlet_simd::{NATIVE, NativePacking};

type Conv = Image<64, 1, 1, 25, 5, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1>;

firmware::alone!(|o| {
    NATIVE.depthwise_conv2d_i8::<Conv, NativePacking, Twice>(o.x, -3, o.weight, o.requantize, o.y, o.scratch)
});
