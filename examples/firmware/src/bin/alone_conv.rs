//! An int8 convolution and nothing else: see [`firmware::alone`].

#![no_std]
#![no_main]

use firmware::int8::Image;
use tensorlet::{kernel::QuantizedKernels, quantized::Twice};
use tensorlet_simd::{NATIVE, NativePacking};

type Conv = Image<1, 16, 16, 16, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1>;

firmware::alone!(|o| NATIVE.conv2d_i8::<Conv, NativePacking, Twice>(o.x, -3, o.weight, o.requantize, o.y, o.scratch));
