// Made by tensorlet-host 0.1.0. Do not edit: generate it anew.

#[allow(unused_imports, reason = "not every network needs all")]
use tensorlet::quantized::{self, Fused, Quantization};

/// All weights, biases and scales; only the compiler reads them.
const BYTES: &[u8] = include_bytes!("network.bin");

/// What the integers of the input stand for.
pub const INPUT: Quantization = Quantization::new(0.003921569, -128);
/// What the integers of the output stand for.
pub const OUTPUT: Quantization = Quantization::new(0.13702194, 41);

/// The network, prepared by the compiler.
#[allow(long_running_const_eval, reason = "the compiler packs all weights and proves all sums")]
pub static INT8_DIGITS: super::Int8Digits = {
    let mut net = <super::Int8Digits as tensorlet::Module>::ZERO;
    net.conv1 = quantized::unwrap(quantized::Conv2d::from_scales(
        &quantized::stored_i8::<72>(BYTES, 0),
        &quantized::stored_i32::<8>(BYTES, 72),
        Quantization::new(0.003921569, -128),
        &quantized::stored_f32::<8>(BYTES, 104),
        Quantization::new(0.016044458, -128),
        Fused::Relu,
    ));
    net.relu1 = quantized::Clip { clamp: quantized::Clamp { min: -128, max: 127 } };
    net.conv2 = quantized::unwrap(quantized::Conv2d::from_scales(
        &quantized::stored_i8::<1152>(BYTES, 136),
        &quantized::stored_i32::<16>(BYTES, 1288),
        Quantization::new(0.016044458, -128),
        &quantized::stored_f32::<16>(BYTES, 1352),
        Quantization::new(0.06007003, -128),
        Fused::Relu,
    ));
    net.relu2 = quantized::Clip { clamp: quantized::Clamp { min: -128, max: 127 } };
    net.fc = quantized::unwrap(quantized::Linear::from_scales(
        &quantized::stored_i8::<640>(BYTES, 1416),
        &quantized::stored_i32::<10>(BYTES, 2056),
        Quantization::new(0.06007003, -128),
        &quantized::stored_f32::<10>(BYTES, 2096),
        Quantization::new(0.13702194, 41),
        Fused::Identity,
    ));
    net
};
