//! An int8 softmax and nothing else: see [`firmware::alone`].

#![no_std]
#![no_main]

use tensorlet::{
    Tensor,
    quantized::{Quantization, QuantizedLayer, Softmax, unwrap},
};
use tensorlet_simd::NATIVE;

static SOFTMAX: Softmax = unwrap(Softmax::from_scales(Quantization::new(0.1, 0), 1.0));

firmware::alone!(|o| {
    let softmax = core::hint::black_box(&SOFTMAX);
    softmax.apply(NATIVE, <[i8; 10]>::view(o.x), <[i8; 10]>::view_mut(o.y), &mut [])
});
