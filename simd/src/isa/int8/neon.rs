//! NEON on integers: products of 16 bits, of which neighbours are added to sums of 32.

use core::arch::aarch64::*;

use crate::{
    Neon,
    fours::{Fours, MOST_CHANNELS, MOST_LANES, Taps},
    kernels::quantized_kernels,
    vector::proven,
};

/// Enters a body of kernels on integers.
macro_rules! on_neon {
    ($self:ident, $($call:tt)*) => {
        $crate::kernels::integer_entry!($self, Neon, "neon", $($call)*)
    };
}

quantized_kernels! { Neon, on_neon }

impl Fours for Neon {
    type Stored = i8;
    type Inputs = int8x16_t;
    type Weights = int8x16_t;
    /// Two sums of each channel: of channels 0 and 1, and of 2 and 3.
    type Sums = [int32x4_t; 2];

    const CHANNELS: usize = 4;
    const PIXELS: usize = 4;
    const VECTORS: usize = 2;
    const OFFSET: i32 = 0;

    #[inline(always)]
    fn stored(x: i8) -> i8 {
        x
    }

    proven! {
        fn zero(self) -> [int32x4_t; 2] = [vdupq_n_s32(0); 2];
        // A product fits 16 bits, even that of -128 and -128; two of them do not.
        fn multiply_add(self, sums: [int32x4_t; 2], weights: int8x16_t, inputs: int8x16_t) -> [int32x4_t; 2] = [
            vpadalq_s16(sums[0], vmull_s8(vget_low_s8(weights), vget_low_s8(inputs))),
            vpadalq_s16(sums[1], vmull_high_s8(weights, inputs)),
        ];
        fn write(self, sums: [int32x4_t; 2], to: &mut [i32; MOST_CHANNELS]) -> () = {
            vst1q_s32(to.as_mut_ptr(), vpaddq_s32(sums[0], sums[1]));
        };
    }

    #[inline(always)]
    unsafe fn inputs(self, from: *const i8) -> int8x16_t {
        // SAFETY: `self` proves NEON; the caller vouches for four bytes; any alignment will do.
        unsafe { vreinterpretq_s8_s32(vdupq_n_s32(from.cast::<i32>().read_unaligned())) }
    }

    #[inline(always)]
    unsafe fn weights(self, from: *const i8) -> int8x16_t {
        // SAFETY: `self` proves NEON; the caller vouches for 16 bytes; the instruction asks for the alignment of one.
        unsafe { vld1q_s8(from) }
    }

    #[inline(always)]
    unsafe fn some_weights(self, from: *const i8, channels: usize) -> int8x16_t {
        let mut fours = [0; 16];
        for (i, four) in fours.iter_mut().enumerate().take(4 * channels) {
            // SAFETY: the caller vouches for so many bytes.
            *four = unsafe { *from.add(i) };
        }
        // SAFETY: `self` proves NEON; the array has 16 bytes.
        unsafe { vld1q_s8(fours.as_ptr()) }
    }
}

impl Taps for Neon {
    /// Eight channels of either tap.
    type Pair = [int8x8_t; 2];
    type Totals = [int32x4_t; 2];

    const LANES: usize = 8;

    proven! {
        fn none(self) -> [int32x4_t; 2] = [vdupq_n_s32(0); 2];
        fn add_products(self, sums: [int32x4_t; 2], x: [int8x8_t; 2], weight: [int8x8_t; 2]) -> [int32x4_t; 2] = {
            let (first, second) = (vmull_s8(x[0], weight[0]), vmull_s8(x[1], weight[1]));
            [
                vaddw_s16(vaddw_s16(sums[0], vget_low_s16(first)), vget_low_s16(second)),
                vaddw_high_s16(vaddw_high_s16(sums[1], first), second),
            ]
        };
        fn write_totals(self, sums: [int32x4_t; 2], to: &mut [i32; MOST_LANES]) -> () = {
            let (low, high) = to.split_at_mut(4);
            vst1q_s32(low.as_mut_ptr(), sums[0]);
            vst1q_s32(high.as_mut_ptr(), sums[1]);
        };
    }

    #[inline(always)]
    unsafe fn pair(self, first: *const i8, second: *const i8) -> [int8x8_t; 2] {
        // SAFETY: `self` proves NEON; the caller vouches for eight bytes of either.
        unsafe { [vld1_s8(first), vld1_s8(second)] }
    }
}
