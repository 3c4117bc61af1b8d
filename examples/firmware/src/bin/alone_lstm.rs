//! An int8 LSTM and nothing else: see [`firmware::alone`].

#![no_std]
#![no_main]

use tensorlet::{
    Layer,
    quantized::{Lstm, LstmScales, Quantization, unwrap},
};
use tensorlet_simd::{NATIVE, NativePacking};

const OUTPUT: Quantization = Quantization::new(1.0 / 128.0, 0);
const SCALES: [f32; 4] = [1.0 / 256.0; 4];

static LSTM: Lstm<16, 32, NativePacking> = unwrap(Lstm::from_scales(
    &[1; 4 * 32 * 16],
    &[1; 4 * 32 * 32],
    &[100; 4 * 32],
    unwrap(LstmScales::from_scales(Quantization::new(1.0 / 64.0, 5), SCALES, SCALES, -11, OUTPUT)),
));

firmware::alone!(|o| {
    let lstm = core::hint::black_box(&LSTM);
    Layer::<[[i8; 16]; 10]>::forward_in_arena(lstm, NATIVE, 1, o.scratch).is_ok()
});
