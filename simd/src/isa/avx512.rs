//! AVX-512 with F, VL, DQ and BW: 32 registers of 16 numbers, and masks.

use core::arch::x86_64::*;

use tensorlet::math::lanes::Lanes;

use super::{Avx2, avx2::reduce_each};
use crate::{
    WithKernels,
    kernels::kernels,
    vector::{MOST_LANES, Vector, proven},
};

/// The token of AVX-512 F, VL, DQ and BW: server processors since 2017 (Intel) and 2022 (AMD, with
/// its desktop processors).
///
/// ```
/// use tensorlet::kernel::ReduceKernels;
/// # #[cfg(target_arch = "x86_64")]
/// if let Some(k) = tensorlet_simd::Avx512::new() {
///     assert_eq!(k.sum(&[1.0, 2.0, 3.0]), 6.0);
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Avx512(());

impl Avx512 {
    /// Whether the build is for processors with AVX-512 F, VL, DQ and BW only.
    pub(crate) const BUILT_FOR: bool = cfg!(all(
        target_feature = "avx512f",
        target_feature = "avx512vl",
        target_feature = "avx512dq",
        target_feature = "avx512bw"
    ));

    /// The token, if this processor has AVX-512 F, VL, DQ and BW. Without the feature `std` it is
    /// only known when the crate is built for such a processor.
    #[inline]
    #[must_use]
    pub fn new() -> Option<Self> {
        #[cfg(feature = "std")]
        let supported = std::arch::is_x86_feature_detected!("avx512f")
            && Avx2::new().is_some()
            && std::arch::is_x86_feature_detected!("avx512vl")
            && std::arch::is_x86_feature_detected!("avx512dq")
            && std::arch::is_x86_feature_detected!("avx512bw");
        #[cfg(not(feature = "std"))]
        let supported = Self::BUILT_FOR;
        supported.then_some(Self(()))
    }

    /// The token in a build for processors with AVX-512 F, VL, DQ and BW.
    #[cfg(all(
        target_feature = "avx512f",
        target_feature = "avx512vl",
        target_feature = "avx512dq",
        target_feature = "avx512bw"
    ))]
    #[must_use]
    pub const fn native() -> Self {
        Self(())
    }

    /// The token, without asking the processor.
    ///
    /// # Safety
    /// The processor has AVX-512 F, VL, DQ and BW.
    #[cfg(feature = "std")]
    #[inline]
    pub(crate) const unsafe fn assume() -> Self {
        Self(())
    }

    /// Runs code compiled for this instruction set.
    #[inline]
    pub(crate) fn run<F: WithKernels>(self, f: F) -> F::Output {
        #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw")]
        fn entry<F: WithKernels>(k: Avx512, f: F) -> F::Output {
            f.with(k)
        }
        // SAFETY: `self` proves that the processor has the features that `entry` is built for.
        unsafe { entry(self, f) }
    }
}

kernels! { Avx512, "avx512f,avx512vl,avx512dq,avx512bw", "avx512" }

impl Lanes for Avx512 {
    const LANES: usize = 16;
    type V = __m512;
    type Mask = __mmask16;

    proven! {
        fn splat(self, x: f32) -> __m512 = _mm512_set1_ps(x);
        fn add(self, a: __m512, b: __m512) -> __m512 = _mm512_add_ps(a, b);
        fn sub(self, a: __m512, b: __m512) -> __m512 = _mm512_sub_ps(a, b);
        fn mul(self, a: __m512, b: __m512) -> __m512 = _mm512_mul_ps(a, b);
        fn div(self, a: __m512, b: __m512) -> __m512 = _mm512_div_ps(a, b);
        fn mul_add(self, a: __m512, b: __m512, c: __m512) -> __m512 = _mm512_fmadd_ps(a, b, c);
        fn max(self, a: __m512, b: __m512) -> __m512 = _mm512_max_ps(a, b);
        fn min(self, a: __m512, b: __m512) -> __m512 = _mm512_min_ps(a, b);
        fn sqrt(self, x: __m512) -> __m512 = _mm512_sqrt_ps(x);
        fn abs(self, x: __m512) -> __m512 = _mm512_abs_ps(x);
        fn copysign(self, x: __m512, sign: __m512) -> __m512 = {
            let bit = _mm512_set1_ps(-0.0);
            _mm512_or_ps(_mm512_and_ps(bit, sign), _mm512_andnot_ps(bit, x))
        };
        fn round(self, x: __m512) -> __m512 = {
            _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(x)
        };
        fn pow2(self, n: __m512) -> __m512 = _mm512_scalef_ps(_mm512_set1_ps(1.0), n);
        fn scale_by_pow2(self, x: __m512, n: __m512) -> __m512 = _mm512_scalef_ps(x, n);
        fn split(self, x: __m512) -> (__m512, __m512) = {
            // The exponent counts from √½ instead of 1.
            let root_half = _mm512_castps_si512(_mm512_set1_ps(core::f32::consts::FRAC_1_SQRT_2));
            let above = _mm512_sub_epi32(_mm512_castps_si512(x), root_half);
            let m = _mm512_and_si512(above, _mm512_set1_epi32(0x007f_ffff));
            let n = _mm512_cvtepi32_ps(_mm512_srai_epi32::<23>(above));
            (_mm512_castsi512_ps(_mm512_add_epi32(m, root_half)), n)
        };
        fn lt(self, a: __m512, b: __m512) -> __mmask16 = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(a, b);
        fn le(self, a: __m512, b: __m512) -> __mmask16 = _mm512_cmp_ps_mask::<_CMP_LE_OQ>(a, b);
        fn eq(self, a: __m512, b: __m512) -> __mmask16 = _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(a, b);
        fn is_nan(self, x: __m512) -> __mmask16 = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(x, x);
        fn select(self, mask: __mmask16, yes: __m512, no: __m512) -> __m512 = _mm512_mask_blend_ps(mask, no, yes);
    }

    #[inline(always)]
    fn and(self, a: __mmask16, b: __mmask16) -> __mmask16 {
        a & b
    }

    #[inline(always)]
    fn or(self, a: __mmask16, b: __mmask16) -> __mmask16 {
        a | b
    }
}

/// Halves of each of four vectors, put together by an addition or the like.
macro_rules! halve_each {
    ($x:expr, $wide:ident) => {{
        let [a, b, c, d] = $x;
        [
            $wide(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps::<1>(a)),
            $wide(_mm512_castps512_ps256(b), _mm512_extractf32x8_ps::<1>(b)),
            $wide(_mm512_castps512_ps256(c), _mm512_extractf32x8_ps::<1>(c)),
            $wide(_mm512_castps512_ps256(d), _mm512_extractf32x8_ps::<1>(d)),
        ]
    }};
}

impl Vector for Avx512 {
    const REGISTERS: usize = 32;
    type Index = __m512i;
    type Half = Avx2;

    proven! {
        fn sum_lanes(self, x: __m512) -> f32 = _mm512_reduce_add_ps(x);
        fn sum_each(self, x: [__m512; 4]) -> [f32; 4] = {
            reduce_each!(halve_each!(x, _mm256_add_ps), _mm256_add_ps, _mm_add_ps)
        };
        fn max_each(self, x: [__m512; 4]) -> [f32; 4] = {
            reduce_each!(halve_each!(x, _mm256_max_ps), _mm256_max_ps, _mm_max_ps)
        };
        fn spread(self, x: __m512, index: __m512i) -> __m512 = _mm512_permutexvar_ps(index, x);
        fn transpose_fours(self, rows: [__m512; 4]) -> [__m512; 4] = {
            let [a, b, c, d] = rows;
            let (ab_low, ab_high) = (_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
            let (cd_low, cd_high) = (_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
            [
                _mm512_shuffle_ps::<0b01_00_01_00>(ab_low, cd_low),
                _mm512_shuffle_ps::<0b11_10_11_10>(ab_low, cd_low),
                _mm512_shuffle_ps::<0b01_00_01_00>(ab_high, cd_high),
                _mm512_shuffle_ps::<0b11_10_11_10>(ab_high, cd_high),
            ]
        };
        fn rsqrt_each(self, x: [f32; 4]) -> [f32; 4] = {
            let (x, mut array) = (_mm_loadu_ps(x.as_ptr()), [0.0; 4]);
            _mm_storeu_ps(array.as_mut_ptr(), _mm_div_ps(_mm_set1_ps(1.0), _mm_sqrt_ps(x)));
            array
        };
        fn deinterleave(self, a: __m512, b: __m512) -> (__m512, __m512) = {
            let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
            let odd = _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
            (_mm512_permutex2var_ps(a, even, b), _mm512_permutex2var_ps(a, odd, b))
        };
        fn interleave(self, even: __m512, odd: __m512) -> (__m512, __m512) = {
            let low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            let high = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
            (_mm512_permutex2var_ps(even, low, odd), _mm512_permutex2var_ps(even, high, odd))
        };
        fn bytes(self, from: &[u8]) -> __m512 = {
            let used = ((1_u32 << from.len().min(16)) - 1) as __mmask16;
            _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(used, from.as_ptr().cast())))
        };
        fn write_bytes(self, to: &mut [u8], x: __m512) -> () = {
            let used = ((1_u32 << to.len().min(16)) - 1) as __mmask16;
            _mm512_mask_cvtepi32_storeu_epi8(to.as_mut_ptr().cast(), used, _mm512_cvtps_epi32(x));
        };
        fn transpose(self, rows: [__m512; MOST_LANES]) -> [__m512; MOST_LANES] = {
            let mut quads = [[_mm512_setzero_ps(); 4]; 4];
            let mut quarter = 0;
            // Within each quarter register: lane `j` of four rows side by side.
            while quarter < 4 {
                let first = 4 * quarter;
                let (a, b, c, d) = (rows[first], rows[first + 1], rows[first + 2], rows[first + 3]);
                let (low, high) = (_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
                let (low2, high2) = (_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
                quads[quarter] = [
                    _mm512_shuffle_ps::<0x44>(low, low2),
                    _mm512_shuffle_ps::<0xee>(low, low2),
                    _mm512_shuffle_ps::<0x44>(high, high2),
                    _mm512_shuffle_ps::<0xee>(high, high2),
                ];
                quarter += 1;
            }
            // Then the quarters.
            let [a, b, c, d] = quads;
            let mut columns = [_mm512_setzero_ps(); MOST_LANES];
            let mut j = 0;
            while j < 4 {
                let (even, odd) = (_mm512_shuffle_f32x4::<0x88>(a[j], b[j]), _mm512_shuffle_f32x4::<0xdd>(a[j], b[j]));
                let (even2, odd2) = (_mm512_shuffle_f32x4::<0x88>(c[j], d[j]), _mm512_shuffle_f32x4::<0xdd>(c[j], d[j]));
                columns[j] = _mm512_shuffle_f32x4::<0x88>(even, even2);
                columns[j + 4] = _mm512_shuffle_f32x4::<0x88>(odd, odd2);
                columns[j + 8] = _mm512_shuffle_f32x4::<0xdd>(even, even2);
                columns[j + 12] = _mm512_shuffle_f32x4::<0xdd>(odd, odd2);
                j += 1;
            }
            columns
        };
        fn index(self, offsets: &[i32; MOST_LANES]) -> __m512i = _mm512_loadu_si512(offsets.as_ptr().cast());
    }

    #[inline(always)]
    fn half(self) -> Avx2 {
        Avx2::beside_avx512(self)
    }

    #[inline(always)]
    unsafe fn load_fours(self, from: *const f32, stride: usize) -> __m512 {
        // SAFETY: `self` proves AVX-512; the caller vouches for four numbers at all four places.
        unsafe {
            let fours = _mm512_castps128_ps512(_mm_loadu_ps(from));
            let fours = _mm512_insertf32x4::<1>(fours, _mm_loadu_ps(from.add(stride)));
            let fours = _mm512_insertf32x4::<2>(fours, _mm_loadu_ps(from.add(2 * stride)));
            _mm512_insertf32x4::<3>(fours, _mm_loadu_ps(from.add(3 * stride)))
        }
    }

    #[inline(always)]
    fn repeat_in_fours<const I: usize>(self, x: __m512) -> __m512 {
        // SAFETY: `self` proves AVX-512.
        unsafe {
            match I {
                0 => _mm512_permute_ps::<0b00_00_00_00>(x),
                1 => _mm512_permute_ps::<0b01_01_01_01>(x),
                2 => _mm512_permute_ps::<0b10_10_10_10>(x),
                _ => _mm512_permute_ps::<0b11_11_11_11>(x),
            }
        }
    }

    #[inline(always)]
    fn prefetch(self, at: *const f32) {
        // SAFETY: `self` proves AVX-512, and so SSE; a prefetch reads nothing that the program sees, and
        // may have any address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
    }

    #[inline(always)]
    fn range(self, from: usize, to: usize) -> __mmask16 {
        let below = |n: usize| (1_u32 << n.min(16)) - 1;
        (below(to) & !below(from)) as __mmask16
    }

    #[inline(always)]
    fn bits(self, mask: __mmask16) -> u32 {
        u32::from(mask)
    }

    #[inline(always)]
    fn mask(self, bits: u32) -> __mmask16 {
        bits as __mmask16
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m512 {
        // SAFETY: `self` proves AVX-512; the caller vouches for 16 numbers; any alignment will do.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn load_masked(self, from: *const f32, mask: __mmask16) -> __m512 {
        // SAFETY: `self` proves AVX-512; the instruction reads only the lanes of the mask, for which
        // the caller vouches.
        unsafe { _mm512_maskz_loadu_ps(mask, from) }
    }

    #[inline(always)]
    unsafe fn gather(self, from: *const f32, index: __m512i, mask: __mmask16) -> __m512 {
        // SAFETY: as `load_masked`.
        unsafe { _mm512_mask_i32gather_ps::<4>(_mm512_setzero_ps(), mask, index, from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32, x: __m512) {
        // SAFETY: `self` proves AVX-512; the caller vouches for 16 numbers; any alignment will do.
        unsafe { _mm512_storeu_ps(to, x) }
    }

    #[inline(always)]
    unsafe fn store_masked(self, to: *mut f32, mask: __mmask16, x: __m512) {
        // SAFETY: `self` proves AVX-512; the instruction writes only the lanes of the mask, for which
        // the caller vouches.
        unsafe { _mm512_mask_storeu_ps(to, mask, x) }
    }
}
