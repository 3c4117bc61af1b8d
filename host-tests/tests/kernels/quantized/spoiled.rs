//! Kernels that are wrong in one bit.

use tensorlet::{
    Portable,
    kernel::{Conv2dShape, IntegerKernels, Pool2dShape, QuantizedKernels},
    quantized::{
        AddScales, AddTables, Clamp, GruWeights, LstmWeights, MatmulDims, MatmulParameters, MulScales, Multiplier,
        Packing, Quantization, Requantize, Rounding, Scale,
        int16::{self, Accumulator, Requantize16},
    },
};

use super::super::mutants::Spoiled;

/// Calls the portable kernel, then changes the last element of the output.
macro_rules! spoiled {
    ($($name:ident $([$($generic:tt)*] <$($arg:ident),*>)? ($($x:ident: $t:ty),*) $y:ty = $wrong:expr;)+) => {$(
        fn $name $(<$($generic)*>)? (self, $($x: $t,)* y: &mut [$y]) {
            Portable.$name $(::<$($arg),*>)? ($($x,)* y);
            spoil(y, $wrong);
        }
    )+};
}

fn spoil<T: Copy>(y: &mut [T], wrong: fn(T) -> T) {
    if let Some(last) = y.last_mut() {
        *last = wrong(*last);
    }
}

fn wrong_i8(y: i8) -> i8 {
    y ^ 1
}

fn wrong_i16(y: i16) -> i16 {
    y ^ 1
}

fn wrong_f32(y: f32) -> f32 {
    y + 0.001
}

impl QuantizedKernels for Spoiled {
    fn linear_i8<const IN: usize, const OUT: usize, P: Packing, R: Rounding>(
        self,
        x: &[i8],
        weight: &[i8],
        requantize: Requantize<'_>,
        y: &mut [i8],
        scratch: &mut [f32],
    ) {
        Portable.linear_i8::<IN, OUT, P, R>(x, weight, requantize, y, scratch);
        spoil(y, wrong_i8);
    }

    fn conv2d_i8<G: Conv2dShape, P: Packing, R: Rounding>(
        self,
        x: &[i8],
        zero: i8,
        weight: &[i8],
        requantize: Requantize<'_>,
        y: &mut [i8],
        scratch: &mut [f32],
    ) {
        Portable.conv2d_i8::<G, P, R>(x, zero, weight, requantize, y, scratch);
        spoil(y, wrong_i8);
    }

    fn depthwise_conv2d_i8<G: Conv2dShape, P: Packing, R: Rounding>(
        self,
        x: &[i8],
        zero: i8,
        weight: &[i8],
        requantize: Requantize<'_>,
        y: &mut [i8],
        scratch: &mut [f32],
    ) {
        Portable.depthwise_conv2d_i8::<G, P, R>(x, zero, weight, requantize, y, scratch);
        spoil(y, wrong_i8);
    }

    fn lstm_step_i8<const IN: usize, const H: usize, P: Packing, R: Rounding>(
        self,
        x: &[i8; IN],
        h: &[i8; H],
        c: &mut [i16; H],
        weights: LstmWeights<'_>,
        y: &mut [i8; H],
        scratch: &mut [f32],
    ) {
        Portable.lstm_step_i8::<IN, H, P, R>(x, h, c, weights, y, scratch);
        spoil(y, wrong_i8);
    }

    fn gru_step_i8<const IN: usize, const H: usize, P: Packing, R: Rounding>(
        self,
        x: &[i8; IN],
        h: &[i8; H],
        weights: GruWeights<'_>,
        y: &mut [i8; H],
        scratch: &mut [f32],
    ) {
        Portable.gru_step_i8::<IN, H, P, R>(x, h, weights, y, scratch);
        spoil(y, wrong_i8);
    }

    spoiled! {
        conv_transpose2d_i8 [G: Conv2dShape, R: Rounding] <G, R>
            (x: &[i8], zero: i8, weight: &[i8], requantize: Requantize<'_>) i8 = wrong_i8;
        matmul_i8 [R: Rounding] <R> (dims: MatmulDims, a: &[i8], b: &[i8], parameters: &MatmulParameters) i8 = wrong_i8;
        matmul_i16 (dims: MatmulDims, a: &[i16], b: &[i16], parameters: &MatmulParameters) i16 = wrong_i16;
        lstm_step_i16 (x: &[i16], h: &[i16], c: &mut [i16], weights: int16::LstmWeights<'_>) i16 = wrong_i16;
        linear_i16 [const IN: usize, const OUT: usize, B: Accumulator] <IN, OUT, B>
            (x: &[i16], weight: &[i8], requantize: Requantize16<'_, B>) i16 = wrong_i16;
        conv2d_i16 [G: Conv2dShape, B: Accumulator] <G, B>
            (x: &[i16], weight: &[i8], requantize: Requantize16<'_, B>) i16 = wrong_i16;
        depthwise_conv2d_i16 [G: Conv2dShape, B: Accumulator] <G, B>
            (x: &[i16], weight: &[i8], requantize: Requantize16<'_, B>) i16 = wrong_i16;
        conv_transpose2d_i16 [G: Conv2dShape, B: Accumulator] <G, B>
            (x: &[i16], weight: &[i8], requantize: Requantize16<'_, B>) i16 = wrong_i16;
    }
}

impl IntegerKernels for Spoiled {
    spoiled! {
        avg_pool2d_i8 [G: Pool2dShape, const C: usize] <G, C> (x: &[i8], clamp: Clamp<i8>) i8 = wrong_i8;
        avg_pool2d_i16 [G: Pool2dShape, const C: usize] <G, C> (x: &[i16], clamp: Clamp<i16>) i16 = wrong_i16;
        max_pool2d_i8 [G: Pool2dShape, const C: usize] <G, C> (x: &[i8], clamp: Clamp<i8>) i8 = wrong_i8;
        max_pool2d_i16 [G: Pool2dShape, const C: usize] <G, C> (x: &[i16], clamp: Clamp<i16>) i16 = wrong_i16;
        softmax_i8 (row: usize, x: &[i8], exponentials: &[i32; 256]) i8 = wrong_i8;
        softmax_i16 (row: usize, x: &[i16], scale: Multiplier) i16 = wrong_i16;
        add_i8 [R: Rounding] <R> (a: &[i8], b: Option<&[i8]>, add: AddTables<'_>) i8 = wrong_i8;
        compact_add_i8 [R: Rounding] <R> (a: &[i8], b: Option<&[i8]>, add: &AddScales<i8>) i8 = wrong_i8;
        compact_add_i16 [R: Rounding] <R> (a: &[i16], b: Option<&[i16]>, add: &AddScales<i16>) i16 = wrong_i16;
        mul_i8 [R: Rounding] <R> (a: &[i8], b: Option<&[i8]>, mul: &MulScales<i8>) i8 = wrong_i8;
        mul_i16 [R: Rounding] <R> (a: &[i16], b: Option<&[i16]>, mul: &MulScales<i16>) i16 = wrong_i16;
        minimum_i8 (a: &[i8], b: Option<&[i8]>) i8 = wrong_i8;
        minimum_i16 (a: &[i16], b: Option<&[i16]>) i16 = wrong_i16;
        maximum_i8 (a: &[i8], b: Option<&[i8]>) i8 = wrong_i8;
        maximum_i16 (a: &[i16], b: Option<&[i16]>) i16 = wrong_i16;
        lookup_i8 (x: &[i8], table: &[i8; 256]) i8 = wrong_i8;
        rescale_i16 [R: Rounding] <R> (x: &[i16], scale: Multiplier, clamp: Clamp<i16>) i16 = wrong_i16;
        mean_i8 [R: Rounding, const C: usize] <R, C> (n: usize, x: &[i8], bias: i32, scale: Scale) i8 = wrong_i8;
        mean_i16 [R: Rounding, const C: usize] <R, C> (n: usize, x: &[i16], bias: i32, scale: Scale) i16 = wrong_i16;
        quantize_i8 (x: &[f32], to: Quantization) i8 = wrong_i8;
        quantize_i16 (x: &[f32], to: Quantization) i16 = wrong_i16;
        dequantize_i8 (x: &[i8], from: Quantization) f32 = wrong_f32;
        dequantize_i16 (x: &[i16], from: Quantization) f32 = wrong_f32;
    }
}
