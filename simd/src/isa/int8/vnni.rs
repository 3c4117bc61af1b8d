//! AVX-512 with VNNI on integers: four products of bytes added to a sum by one instruction.

use core::arch::x86_64::*;

use super::avx2::on_avx2;
use crate::{
    Avx2, Avx512,
    fours::{Fours, MOST_CHANNELS, MOST_LANES, Taps},
    kernels::quantized_kernels,
    vector::{Vector, proven},
};

/// Enters a body of kernels on integers: with VNNI, or with AVX2 on the processors that have AVX-512 without it.
macro_rules! on_avx512 {
    ($self:ident, $($call:tt)*) => {
        if let Some(vnni) = Vnni::new($self) {
            $crate::kernels::integer_entry!(vnni, Vnni, "avx512f,avx512vl,avx512dq,avx512bw,avx512vnni", $($call)*)
        } else {
            let half = $self.half();
            on_avx2!(half, $($call)*)
        }
    };
}

quantized_kernels! { Avx512, on_avx512 }

/// The proof that a processor with AVX-512 has VNNI too: all but Intel's of 2017 and 2018.
///
/// No token of its own, since a token brings all families of kernels with it, and those on `f32` have no use for VNNI.
/// Kernels on integers ask for it when they are called, which costs a load and a branch; in a build for such
/// processors nothing.
#[derive(Clone, Copy)]
struct Vnni(());

impl Vnni {
    #[inline(always)]
    fn new(_: Avx512) -> Option<Self> {
        #[cfg(feature = "std")]
        let supported = std::arch::is_x86_feature_detected!("avx512vnni");
        #[cfg(not(feature = "std"))]
        let supported = cfg!(target_feature = "avx512vnni");
        supported.then_some(Self(()))
    }
}

impl Fours for Vnni {
    /// Without a sign: what is stored is 128 more than the input.
    type Stored = u8;
    type Inputs = __m512i;
    type Weights = __m512i;
    type Sums = __m512i;

    const CHANNELS: usize = 16;
    const PIXELS: usize = 8;
    const VECTORS: usize = 2;
    const OFFSET: i32 = 128;

    #[inline(always)]
    fn stored(x: i8) -> u8 {
        x as u8 ^ 0x80
    }

    proven! {
        fn zero(self) -> __m512i = _mm512_setzero_si512();
        fn multiply_add(self, sums: __m512i, weights: __m512i, inputs: __m512i) -> __m512i = {
            _mm512_dpbusd_epi32(sums, inputs, weights)
        };
        fn write(self, sums: __m512i, to: &mut [i32; MOST_CHANNELS]) -> () = {
            _mm512_storeu_si512(to.as_mut_ptr().cast(), sums);
        };
    }

    #[inline(always)]
    unsafe fn inputs(self, from: *const u8) -> __m512i {
        // SAFETY: `self` proves AVX-512; the caller vouches for four bytes; any alignment will do.
        unsafe { _mm512_set1_epi32(from.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    unsafe fn weights(self, from: *const i8) -> __m512i {
        // SAFETY: `self` proves AVX-512; the caller vouches for 64 bytes; any alignment will do.
        unsafe { _mm512_loadu_si512(from.cast()) }
    }

    #[inline(always)]
    unsafe fn some_weights(self, from: *const i8, channels: usize) -> __m512i {
        // SAFETY: `self` proves AVX-512; the instruction reads only the fours of the mask, for which the caller
        // vouches.
        unsafe { _mm512_maskz_loadu_epi32(((1_u32 << channels.min(16)) - 1) as __mmask16, from.cast()) }
    }
}

impl Taps for Vnni {
    /// Channels 0 to 3, 8 to 11, 16 to 19 and 24 to 27, and the others; 16 bits of either tap.
    type Pair = [__m512i; 2];
    /// In the same order.
    type Totals = [__m512i; 2];

    const LANES: usize = 32;

    proven! {
        fn none(self) -> [__m512i; 2] = [_mm512_setzero_si512(); 2];
        fn add_products(self, sums: [__m512i; 2], x: [__m512i; 2], weight: [__m512i; 2]) -> [__m512i; 2] = [
            _mm512_dpwssd_epi32(sums[0], x[0], weight[0]),
            _mm512_dpwssd_epi32(sums[1], x[1], weight[1]),
        ];
        fn write_totals(self, sums: [__m512i; 2], to: &mut [i32; MOST_LANES]) -> () = {
            let low = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
            let high = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
            let (first, second) = to.split_at_mut(16);
            _mm512_storeu_si512(first.as_mut_ptr().cast(), _mm512_permutex2var_epi64(sums[0], low, sums[1]));
            _mm512_storeu_si512(second.as_mut_ptr().cast(), _mm512_permutex2var_epi64(sums[0], high, sums[1]));
        };
    }

    #[inline(always)]
    unsafe fn pair(self, first: *const i8, second: *const i8) -> [__m512i; 2] {
        // SAFETY: `self` proves AVX-512; the caller vouches for 32 bytes of either; any alignment will do.
        unsafe {
            let first = _mm512_cvtepi8_epi16(_mm256_loadu_si256(first.cast()));
            let second = _mm512_cvtepi8_epi16(_mm256_loadu_si256(second.cast()));
            [_mm512_unpacklo_epi16(first, second), _mm512_unpackhi_epi16(first, second)]
        }
    }
}
