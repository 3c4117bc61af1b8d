//! AVX2 with FMA: 16 registers of 8 numbers.

use core::arch::x86_64::*;

use tensorlet::math::lanes::Lanes;

use super::Avx512;
use crate::{
    WithKernels,
    kernels::kernels,
    vector::{MOST_LANES, Vector, proven},
};

/// The token of AVX2 and FMA: x86-64 processors since 2013 (Intel) and 2015 (AMD).
///
/// ```
/// use tensorlet::kernel::ReduceKernels;
/// # #[cfg(target_arch = "x86_64")]
/// if let Some(k) = tensorlet_simd::Avx2::new() {
///     assert_eq!(k.sum(&[1.0, 2.0, 3.0]), 6.0);
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Avx2(());

impl Avx2 {
    /// The token, if this processor has AVX2 and FMA. Without the feature `std` it is only known
    /// when the crate is built for such a processor.
    #[inline]
    #[must_use]
    pub fn new() -> Option<Self> {
        #[cfg(feature = "std")]
        let supported = std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma");
        #[cfg(not(feature = "std"))]
        let supported = cfg!(all(target_feature = "avx2", target_feature = "fma"));
        supported.then_some(Self(()))
    }

    /// The token in a build for processors with AVX2 and FMA.
    #[cfg(all(target_feature = "avx2", target_feature = "fma"))]
    #[must_use]
    pub const fn native() -> Self {
        Self(())
    }

    /// The token that [`Avx512`] proves as well: its constructors ask for AVX2 and FMA too, or are in
    /// builds where the features of AVX-512 imply these.
    #[inline(always)]
    pub(super) const fn beside_avx512(_: Avx512) -> Self {
        Self(())
    }

    /// The token, without asking the processor.
    ///
    /// # Safety
    /// The processor has AVX2 and FMA.
    #[cfg(feature = "std")]
    #[inline]
    pub(crate) const unsafe fn assume() -> Self {
        Self(())
    }

    /// Runs code compiled for this instruction set.
    #[inline]
    pub(crate) fn run<F: WithKernels>(self, f: F) -> F::Output {
        #[target_feature(enable = "avx2,fma")]
        fn entry<F: WithKernels>(k: Avx2, f: F) -> F::Output {
            f.with(k)
        }
        // SAFETY: `self` proves that the processor has the features that `entry` is built for.
        unsafe { entry(self, f) }
    }
}

kernels! { Avx2, "avx2,fma", "avx2+fma" }
impl Lanes for Avx2 {
    const LANES: usize = 8;
    type V = __m256;
    type Mask = __m256;

    proven! {
        fn splat(self, x: f32) -> __m256 = _mm256_set1_ps(x);
        fn add(self, a: __m256, b: __m256) -> __m256 = _mm256_add_ps(a, b);
        fn sub(self, a: __m256, b: __m256) -> __m256 = _mm256_sub_ps(a, b);
        fn mul(self, a: __m256, b: __m256) -> __m256 = _mm256_mul_ps(a, b);
        fn div(self, a: __m256, b: __m256) -> __m256 = _mm256_div_ps(a, b);
        fn mul_add(self, a: __m256, b: __m256, c: __m256) -> __m256 = _mm256_fmadd_ps(a, b, c);
        fn max(self, a: __m256, b: __m256) -> __m256 = _mm256_max_ps(a, b);
        fn min(self, a: __m256, b: __m256) -> __m256 = _mm256_min_ps(a, b);
        fn sqrt(self, x: __m256) -> __m256 = _mm256_sqrt_ps(x);
        fn abs(self, x: __m256) -> __m256 = _mm256_andnot_ps(_mm256_set1_ps(-0.0), x);
        fn copysign(self, x: __m256, sign: __m256) -> __m256 = {
            let bit = _mm256_set1_ps(-0.0);
            _mm256_or_ps(_mm256_and_ps(bit, sign), _mm256_andnot_ps(bit, x))
        };
        fn round(self, x: __m256) -> __m256 = _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(x);
        fn pow2(self, n: __m256) -> __m256 = {
            let exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
            _mm256_castsi256_ps(_mm256_slli_epi32::<23>(exponent))
        };
        fn split(self, x: __m256) -> (__m256, __m256) = {
            // The exponent counts from √½ instead of 1.
            let root_half = _mm256_castps_si256(_mm256_set1_ps(core::f32::consts::FRAC_1_SQRT_2));
            let above = _mm256_sub_epi32(_mm256_castps_si256(x), root_half);
            let m = _mm256_and_si256(above, _mm256_set1_epi32(0x007f_ffff));
            let n = _mm256_cvtepi32_ps(_mm256_srai_epi32::<23>(above));
            (_mm256_castsi256_ps(_mm256_add_epi32(m, root_half)), n)
        };
        fn lt(self, a: __m256, b: __m256) -> __m256 = _mm256_cmp_ps::<_CMP_LT_OQ>(a, b);
        fn le(self, a: __m256, b: __m256) -> __m256 = _mm256_cmp_ps::<_CMP_LE_OQ>(a, b);
        fn eq(self, a: __m256, b: __m256) -> __m256 = _mm256_cmp_ps::<_CMP_EQ_OQ>(a, b);
        fn is_nan(self, x: __m256) -> __m256 = _mm256_cmp_ps::<_CMP_UNORD_Q>(x, x);
        fn and(self, a: __m256, b: __m256) -> __m256 = _mm256_and_ps(a, b);
        fn or(self, a: __m256, b: __m256) -> __m256 = _mm256_or_ps(a, b);
        fn select(self, mask: __m256, yes: __m256, no: __m256) -> __m256 = _mm256_blendv_ps(no, yes, mask);
    }
}

/// The lanes of each of four vectors, put together by an addition or the like.
macro_rules! reduce_each {
    ($x:expr, $wide:ident, $narrow:ident) => {{
        let [a, b, c, d] = $x;
        let ab = $wide(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
        let cd = $wide(_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
        let (ab, cd) = (_mm256_castps_pd(ab), _mm256_castps_pd(cd));
        let low = _mm256_castpd_ps(_mm256_unpacklo_pd(ab, cd));
        let all = $wide(low, _mm256_castpd_ps(_mm256_unpackhi_pd(ab, cd)));
        let all = $narrow(_mm256_castps256_ps128(all), _mm256_extractf128_ps::<1>(all));
        let mut array = [0.0; 4];
        _mm_storeu_ps(array.as_mut_ptr(), all);
        array
    }};
}
pub(super) use reduce_each;

impl Vector for Avx2 {
    const REGISTERS: usize = 16;
    type Index = __m256i;
    type Half = Self;

    #[inline(always)]
    fn half(self) -> Self {
        self
    }

    proven! {
        fn range(self, from: usize, to: usize) -> __m256 = {
            let lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
            let below = _mm256_cmpgt_epi32(_mm256_set1_epi32(from.min(8) as i32), lane);
            let inside = _mm256_cmpgt_epi32(_mm256_set1_epi32(to.min(8) as i32), lane);
            _mm256_castsi256_ps(_mm256_andnot_si256(below, inside))
        };
        fn keep(self, mask: __m256, x: __m256) -> __m256 = _mm256_and_ps(mask, x);
        fn bits(self, mask: __m256) -> u32 = _mm256_movemask_ps(mask).cast_unsigned();
        fn mask(self, bits: u32) -> __m256 = {
            let lane = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
            let bits = _mm256_and_si256(_mm256_set1_epi32(bits.cast_signed()), lane);
            _mm256_castsi256_ps(_mm256_cmpeq_epi32(bits, lane))
        };
        fn sum_lanes(self, x: __m256) -> f32 = {
            let x = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps::<1>(x));
            let x = _mm_add_ps(x, _mm_movehl_ps(x, x));
            _mm_cvtss_f32(_mm_add_ss(x, _mm_movehdup_ps(x)))
        };
        fn sum_each(self, x: [__m256; 4]) -> [f32; 4] = reduce_each!(x, _mm256_add_ps, _mm_add_ps);
        fn max_each(self, x: [__m256; 4]) -> [f32; 4] = reduce_each!(x, _mm256_max_ps, _mm_max_ps);
        fn rsqrt_each(self, x: [f32; 4]) -> [f32; 4] = {
            let (x, mut array) = (_mm_loadu_ps(x.as_ptr()), [0.0; 4]);
            _mm_storeu_ps(array.as_mut_ptr(), _mm_div_ps(_mm_set1_ps(1.0), _mm_sqrt_ps(x)));
            array
        };
        fn deinterleave(self, a: __m256, b: __m256) -> (__m256, __m256) = {
            let even = _mm256_castps_pd(_mm256_shuffle_ps::<0x88>(a, b));
            let odd = _mm256_castps_pd(_mm256_shuffle_ps::<0xdd>(a, b));
            (
                _mm256_castpd_ps(_mm256_permute4x64_pd::<0xd8>(even)),
                _mm256_castpd_ps(_mm256_permute4x64_pd::<0xd8>(odd)),
            )
        };
        fn interleave(self, even: __m256, odd: __m256) -> (__m256, __m256) = {
            let (low, high) = (_mm256_unpacklo_ps(even, odd), _mm256_unpackhi_ps(even, odd));
            (_mm256_permute2f128_ps::<0x20>(low, high), _mm256_permute2f128_ps::<0x31>(low, high))
        };
        fn transpose(self, rows: [__m256; MOST_LANES]) -> [__m256; MOST_LANES] = {
            let mut columns = rows;
            let mut halves = [[_mm256_setzero_ps(); 4]; 2];
            let mut half = 0;
            // Within each half register: lane `j` of four rows side by side.
            while half < 2 {
                let first = 4 * half;
                let (a, b, c, d) = (rows[first], rows[first + 1], rows[first + 2], rows[first + 3]);
                let (low, high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
                let (low2, high2) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
                halves[half] = [
                    _mm256_shuffle_ps::<0x44>(low, low2),
                    _mm256_shuffle_ps::<0xee>(low, low2),
                    _mm256_shuffle_ps::<0x44>(high, high2),
                    _mm256_shuffle_ps::<0xee>(high, high2),
                ];
                half += 1;
            }
            // Then the halves.
            let mut j = 0;
            while j < 4 {
                columns[j] = _mm256_permute2f128_ps::<0x20>(halves[0][j], halves[1][j]);
                columns[j + 4] = _mm256_permute2f128_ps::<0x31>(halves[0][j], halves[1][j]);
                j += 1;
            }
            columns
        };
        fn index(self, offsets: &[i32; MOST_LANES]) -> __m256i = {
            let [a, b, c, d, e, f, g, h, ..] = *offsets;
            _mm256_setr_epi32(a, b, c, d, e, f, g, h)
        };
        fn spread(self, x: __m256, index: __m256i) -> __m256 = _mm256_permutevar8x32_ps(x, index);
        fn transpose_fours(self, rows: [__m256; 4]) -> [__m256; 4] = {
            let [a, b, c, d] = rows;
            let (ab_low, ab_high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
            let (cd_low, cd_high) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
            [
                _mm256_shuffle_ps::<0b01_00_01_00>(ab_low, cd_low),
                _mm256_shuffle_ps::<0b11_10_11_10>(ab_low, cd_low),
                _mm256_shuffle_ps::<0b01_00_01_00>(ab_high, cd_high),
                _mm256_shuffle_ps::<0b11_10_11_10>(ab_high, cd_high),
            ]
        };
    }

    #[inline(always)]
    unsafe fn load_fours(self, from: *const f32, stride: usize) -> __m256 {
        // SAFETY: `self` proves AVX2; the caller vouches for four numbers at both places.
        unsafe {
            let low = _mm256_castps128_ps256(_mm_loadu_ps(from));
            _mm256_insertf128_ps::<1>(low, _mm_loadu_ps(from.add(stride)))
        }
    }

    #[inline(always)]
    fn repeat_in_fours<const I: usize>(self, x: __m256) -> __m256 {
        // SAFETY: `self` proves AVX2.
        unsafe {
            match I {
                0 => _mm256_permute_ps::<0b00_00_00_00>(x),
                1 => _mm256_permute_ps::<0b01_01_01_01>(x),
                2 => _mm256_permute_ps::<0b10_10_10_10>(x),
                _ => _mm256_permute_ps::<0b11_11_11_11>(x),
            }
        }
    }

    #[inline(always)]
    fn prefetch(self, at: *const f32) {
        // SAFETY: `self` proves AVX2, and so SSE; a prefetch reads nothing that the program sees, and
        // may have any address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(at.cast()) }
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m256 {
        // SAFETY: `self` proves AVX2; the caller vouches for 8 numbers; any alignment will do.
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn load_masked(self, from: *const f32, mask: __m256) -> __m256 {
        // SAFETY: `self` proves AVX2; the instruction reads only the lanes of the mask, for which the
        // caller vouches.
        unsafe { _mm256_maskload_ps(from, _mm256_castps_si256(mask)) }
    }

    #[inline(always)]
    unsafe fn gather(self, from: *const f32, index: __m256i, mask: __m256) -> __m256 {
        // SAFETY: as `load_masked`.
        unsafe { _mm256_mask_i32gather_ps::<4>(_mm256_setzero_ps(), from, index, mask) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32, x: __m256) {
        // SAFETY: `self` proves AVX2; the caller vouches for 8 numbers; any alignment will do.
        unsafe { _mm256_storeu_ps(to, x) }
    }

    #[inline(always)]
    unsafe fn store_masked(self, to: *mut f32, mask: __m256, x: __m256) {
        // SAFETY: `self` proves AVX2; the instruction writes only the lanes of the mask, for which
        // the caller vouches.
        unsafe { _mm256_maskstore_ps(to, _mm256_castps_si256(mask), x) }
    }
}
