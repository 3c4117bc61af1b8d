//! WebAssembly's vectors on integers: products of 16-bit numbers, of which neighbours are added.

#![allow(unused_unsafe, reason = "on WebAssembly, intrinsics and entries of an instruction set are safe to call")]

use core::arch::wasm32::*;

use crate::{
    Simd128,
    fours::{Fours, MOST_CHANNELS, MOST_LANES, Taps},
    kernels::quantized_kernels,
    vector::proven,
};

/// Enters a body of kernels on integers.
macro_rules! on_simd128 {
    ($self:ident, $($call:tt)*) => {
        $crate::kernels::integer_entry!($self, Simd128, "simd128", $($call)*)
    };
}

quantized_kernels! { Simd128, on_simd128 }

impl Fours for Simd128 {
    type Stored = i16;
    type Inputs = v128;
    /// Four weights of 16 bits of each of two channels, and of the next two.
    type Weights = [v128; 2];
    /// Two sums of each channel.
    type Sums = [v128; 2];

    const CHANNELS: usize = 4;
    const PIXELS: usize = 4;
    const VECTORS: usize = 1;
    const OFFSET: i32 = 0;

    #[inline(always)]
    fn stored(x: i8) -> i16 {
        x.into()
    }

    proven! {
        fn zero(self) -> [v128; 2] = [i32x4_splat(0); 2];
        fn multiply_add(self, sums: [v128; 2], weights: [v128; 2], inputs: v128) -> [v128; 2] = [
            i32x4_add(sums[0], i32x4_dot_i16x8(weights[0], inputs)),
            i32x4_add(sums[1], i32x4_dot_i16x8(weights[1], inputs)),
        ];
        fn write(self, sums: [v128; 2], to: &mut [i32; MOST_CHANNELS]) -> () = {
            let even = i32x4_shuffle::<0, 2, 4, 6>(sums[0], sums[1]);
            let odd = i32x4_shuffle::<1, 3, 5, 7>(sums[0], sums[1]);
            v128_store(to.as_mut_ptr().cast(), i32x4_add(even, odd));
        };
    }

    #[inline(always)]
    unsafe fn inputs(self, from: *const i16) -> v128 {
        // SAFETY: `self` proves the vectors; the caller vouches for four numbers; any alignment will do.
        unsafe { v128_load64_splat(from.cast()) }
    }

    #[inline(always)]
    unsafe fn weights(self, from: *const i8) -> [v128; 2] {
        // SAFETY: `self` proves the vectors; the caller vouches for 16 bytes; any alignment will do.
        unsafe { [i16x8_load_extend_i8x8(from), i16x8_load_extend_i8x8(from.add(8))] }
    }

    #[inline(always)]
    unsafe fn some_weights(self, from: *const i8, channels: usize) -> [v128; 2] {
        let mut fours = [0; 16];
        for (i, four) in fours.iter_mut().enumerate().take(4 * channels) {
            // SAFETY: the caller vouches for so many bytes.
            *four = unsafe { *from.add(i) };
        }
        // SAFETY: the array has 16 bytes.
        unsafe { self.weights(fours.as_ptr()) }
    }
}

impl Taps for Simd128 {
    /// Four channels, 16 bits of either tap, and the next four.
    type Pair = [v128; 2];
    type Totals = [v128; 2];

    const LANES: usize = 8;

    proven! {
        fn none(self) -> [v128; 2] = [i32x4_splat(0); 2];
        fn add_products(self, sums: [v128; 2], x: [v128; 2], weight: [v128; 2]) -> [v128; 2] = [
            i32x4_add(sums[0], i32x4_dot_i16x8(x[0], weight[0])),
            i32x4_add(sums[1], i32x4_dot_i16x8(x[1], weight[1])),
        ];
        fn write_totals(self, sums: [v128; 2], to: &mut [i32; MOST_LANES]) -> () = {
            let (low, high) = to.split_at_mut(4);
            v128_store(low.as_mut_ptr().cast(), sums[0]);
            v128_store(high.as_mut_ptr().cast(), sums[1]);
        };
    }

    #[inline(always)]
    unsafe fn pair(self, first: *const i8, second: *const i8) -> [v128; 2] {
        // SAFETY: `self` proves the vectors; the caller vouches for eight bytes of either; any alignment will do.
        unsafe {
            let (first, second) = (i16x8_load_extend_i8x8(first), i16x8_load_extend_i8x8(second));
            [
                i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(first, second),
                i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(first, second),
            ]
        }
    }
}
