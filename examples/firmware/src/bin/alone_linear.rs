//! An int8 fully connected layer and nothing else: see [`firmware::alone`].

#![no_std]
#![no_main]

use tensorlet::{kernel::QuantizedKernels, quantized::Once};
use tensorlet_simd::{NATIVE, NativePacking};

firmware::alone!(|o| NATIVE.linear_i8::<640, 128, NativePacking, Once>(o.x, o.weight, o.requantize, o.y, o.scratch));
