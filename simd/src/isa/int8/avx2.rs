//! AVX2 on integers: products of 16-bit numbers, of which neighbours are added.

use core::arch::x86_64::*;

use crate::{
    Avx2,
    fours::{Fours, MOST_CHANNELS, MOST_LANES, Taps},
    kernels::quantized_kernels,
    vector::proven,
};

/// Enters a body of kernels on integers.
macro_rules! on_avx2 {
    ($self:ident, $($call:tt)*) => {
        $crate::kernels::integer_entry!($self, Avx2, "avx2,fma", $($call)*)
    };
}
pub(super) use on_avx2;

quantized_kernels! { Avx2, on_avx2 }

impl Fours for Avx2 {
    type Stored = i16;
    /// Four inputs of 16 bits, four times.
    type Inputs = __m256i;
    /// Four weights of 16 bits of each of four channels, and of the next four.
    type Weights = [__m256i; 2];
    /// Two sums of each channel.
    type Sums = [__m256i; 2];

    const CHANNELS: usize = 8;
    const PIXELS: usize = 4;
    const VECTORS: usize = 1;
    const OFFSET: i32 = 0;

    #[inline(always)]
    fn stored(x: i8) -> i16 {
        x.into()
    }

    proven! {
        fn zero(self) -> [__m256i; 2] = [_mm256_setzero_si256(); 2];
        fn multiply_add(self, sums: [__m256i; 2], weights: [__m256i; 2], inputs: __m256i) -> [__m256i; 2] = [
            _mm256_add_epi32(sums[0], _mm256_madd_epi16(weights[0], inputs)),
            _mm256_add_epi32(sums[1], _mm256_madd_epi16(weights[1], inputs)),
        ];
        fn write(self, sums: [__m256i; 2], to: &mut [i32; MOST_CHANNELS]) -> () = {
            // Within halves: channels 0, 1, 4, 5 and 2, 3, 6, 7.
            let sums = _mm256_hadd_epi32(sums[0], sums[1]);
            _mm256_storeu_si256(to.as_mut_ptr().cast(), _mm256_permute4x64_epi64::<0b11_01_10_00>(sums));
        };
    }

    #[inline(always)]
    unsafe fn inputs(self, from: *const i16) -> __m256i {
        // SAFETY: `self` proves AVX2; the caller vouches for four numbers of 16 bits; any alignment will do.
        unsafe { _mm256_set1_epi64x(from.cast::<i64>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn weights(self, from: *const i8) -> [__m256i; 2] {
        // SAFETY: `self` proves AVX2; the caller vouches for 32 bytes; any alignment will do.
        unsafe {
            let (low, high) = (_mm_loadu_si128(from.cast()), _mm_loadu_si128(from.add(16).cast()));
            [_mm256_cvtepi8_epi16(low), _mm256_cvtepi8_epi16(high)]
        }
    }

    #[inline(always)]
    unsafe fn some_weights(self, from: *const i8, channels: usize) -> [__m256i; 2] {
        // SAFETY: `self` proves AVX2; the instruction reads only the fours of the mask, for which the caller vouches.
        unsafe {
            let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            let mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(channels as i32), lanes);
            let fours = _mm256_maskload_epi32(from.cast(), mask);
            let (low, high) = (_mm256_castsi256_si128(fours), _mm256_extracti128_si256::<1>(fours));
            [_mm256_cvtepi8_epi16(low), _mm256_cvtepi8_epi16(high)]
        }
    }
}

impl Taps for Avx2 {
    /// Channels 0 to 3 and 8 to 11, and the others; 16 bits of either tap.
    type Pair = [__m256i; 2];
    /// In the same order.
    type Totals = [__m256i; 2];

    const LANES: usize = 16;

    proven! {
        fn none(self) -> [__m256i; 2] = [_mm256_setzero_si256(); 2];
        fn add_products(self, sums: [__m256i; 2], x: [__m256i; 2], weight: [__m256i; 2]) -> [__m256i; 2] = [
            _mm256_add_epi32(sums[0], _mm256_madd_epi16(x[0], weight[0])),
            _mm256_add_epi32(sums[1], _mm256_madd_epi16(x[1], weight[1])),
        ];
        fn write_totals(self, sums: [__m256i; 2], to: &mut [i32; MOST_LANES]) -> () = {
            let (low, high) = to.split_at_mut(8);
            let sums = (
                _mm256_permute2x128_si256::<0x20>(sums[0], sums[1]),
                _mm256_permute2x128_si256::<0x31>(sums[0], sums[1]),
            );
            _mm256_storeu_si256(low.as_mut_ptr().cast(), sums.0);
            _mm256_storeu_si256(high.as_mut_ptr().cast(), sums.1);
        };
    }

    #[inline(always)]
    unsafe fn pair(self, first: *const i8, second: *const i8) -> [__m256i; 2] {
        // SAFETY: `self` proves AVX2; the caller vouches for 16 bytes of either; any alignment will do.
        unsafe {
            let first = _mm256_cvtepi8_epi16(_mm_loadu_si128(first.cast()));
            let second = _mm256_cvtepi8_epi16(_mm_loadu_si128(second.cast()));
            [_mm256_unpacklo_epi16(first, second), _mm256_unpackhi_epi16(first, second)]
        }
    }
}
