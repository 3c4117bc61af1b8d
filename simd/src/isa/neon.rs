//! NEON of 64-bit Arm: 32 registers of 4 numbers.

use core::arch::aarch64::*;

use tensorlet::math::lanes::Lanes;

use super::by_lane;
use crate::{
    WithKernels,
    kernels::kernels,
    vector::{MOST_LANES, Vector, proven},
};

/// The token of NEON: every 64-bit Arm processor, except in builds for targets without floating-point
/// registers.
///
/// ```
/// use tensorlet::kernel::ReduceKernels;
/// # #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
/// assert_eq!(tensorlet_simd::Neon::native().sum(&[1.0, 2.0, 3.0]), 6.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Neon(());

impl Neon {
    /// The token: always, since this type is only in builds with NEON.
    #[inline]
    #[must_use]
    pub const fn new() -> Option<Self> {
        Some(Self::native())
    }

    /// The token in a build for processors with NEON.
    #[inline]
    #[must_use]
    pub const fn native() -> Self {
        Self(())
    }

    /// Runs code compiled for this instruction set, as all of the build is.
    #[inline]
    pub(crate) fn run<F: WithKernels>(self, f: F) -> F::Output {
        f.with(self)
    }
}

kernels! { Neon, "neon", "neon" }

/// The bit of each lane.
const BITS: [u32; 4] = [1, 2, 4, 8];

impl Lanes for Neon {
    const LANES: usize = 4;
    type V = float32x4_t;
    type Mask = uint32x4_t;

    proven! {
        fn splat(self, x: f32) -> float32x4_t = vdupq_n_f32(x);
        fn add(self, a: float32x4_t, b: float32x4_t) -> float32x4_t = vaddq_f32(a, b);
        fn sub(self, a: float32x4_t, b: float32x4_t) -> float32x4_t = vsubq_f32(a, b);
        fn mul(self, a: float32x4_t, b: float32x4_t) -> float32x4_t = vmulq_f32(a, b);
        fn div(self, a: float32x4_t, b: float32x4_t) -> float32x4_t = vdivq_f32(a, b);
        fn mul_add(self, a: float32x4_t, b: float32x4_t, c: float32x4_t) -> float32x4_t = vfmaq_f32(c, a, b);
        // `fmax` and `fmin` would treat NaN otherwise.
        fn max(self, a: float32x4_t, b: float32x4_t) -> float32x4_t = vbslq_f32(vcgtq_f32(a, b), a, b);
        fn min(self, a: float32x4_t, b: float32x4_t) -> float32x4_t = vbslq_f32(vcltq_f32(a, b), a, b);
        fn sqrt(self, x: float32x4_t) -> float32x4_t = vsqrtq_f32(x);
        fn abs(self, x: float32x4_t) -> float32x4_t = vabsq_f32(x);
        fn copysign(self, x: float32x4_t, sign: float32x4_t) -> float32x4_t = {
            vbslq_f32(vdupq_n_u32(1 << 31), sign, x)
        };
        fn round(self, x: float32x4_t) -> float32x4_t = vrndnq_f32(x);
        fn pow2(self, n: float32x4_t) -> float32x4_t = {
            let exponent = vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127));
            vreinterpretq_f32_s32(vshlq_n_s32::<23>(exponent))
        };
        fn split(self, x: float32x4_t) -> (float32x4_t, float32x4_t) = {
            // The exponent counts from √½ instead of 1.
            let root_half = vreinterpretq_s32_f32(vdupq_n_f32(core::f32::consts::FRAC_1_SQRT_2));
            let above = vsubq_s32(vreinterpretq_s32_f32(x), root_half);
            let m = vaddq_s32(vandq_s32(above, vdupq_n_s32(0x007f_ffff)), root_half);
            (vreinterpretq_f32_s32(m), vcvtq_f32_s32(vshrq_n_s32::<23>(above)))
        };
        fn lt(self, a: float32x4_t, b: float32x4_t) -> uint32x4_t = vcltq_f32(a, b);
        fn le(self, a: float32x4_t, b: float32x4_t) -> uint32x4_t = vcleq_f32(a, b);
        fn eq(self, a: float32x4_t, b: float32x4_t) -> uint32x4_t = vceqq_f32(a, b);
        fn is_nan(self, x: float32x4_t) -> uint32x4_t = vmvnq_u32(vceqq_f32(x, x));
        fn and(self, a: uint32x4_t, b: uint32x4_t) -> uint32x4_t = vandq_u32(a, b);
        fn or(self, a: uint32x4_t, b: uint32x4_t) -> uint32x4_t = vorrq_u32(a, b);
        fn select(self, mask: uint32x4_t, yes: float32x4_t, no: float32x4_t) -> float32x4_t = vbslq_f32(mask, yes, no);
    }
}

impl Vector for Neon {
    const REGISTERS: usize = 32;
    type Index = [i32; 4];
    type Half = Self;

    #[inline(always)]
    fn half(self) -> Self {
        self
    }

    proven! {
        fn deinterleave(self, a: float32x4_t, b: float32x4_t) -> (float32x4_t, float32x4_t) = {
            (vuzp1q_f32(a, b), vuzp2q_f32(a, b))
        };
        fn interleave(self, even: float32x4_t, odd: float32x4_t) -> (float32x4_t, float32x4_t) = {
            (vzip1q_f32(even, odd), vzip2q_f32(even, odd))
        };
        fn range(self, from: usize, to: usize) -> uint32x4_t = {
            let lane = vld1q_u32([0, 1, 2, 3].as_ptr());
            let below = vcltq_u32(lane, vdupq_n_u32(from.min(4) as u32));
            let inside = vcltq_u32(lane, vdupq_n_u32(to.min(4) as u32));
            vbicq_u32(inside, below)
        };
        fn bits(self, mask: uint32x4_t) -> u32 = vaddvq_u32(vandq_u32(mask, vld1q_u32(BITS.as_ptr())));
        fn mask(self, bits: u32) -> uint32x4_t = vtstq_u32(vdupq_n_u32(bits), vld1q_u32(BITS.as_ptr()));
        fn sum_lanes(self, x: float32x4_t) -> f32 = vaddvq_f32(x);
        fn sum_each(self, x: [float32x4_t; 4]) -> [f32; 4] = {
            let [a, b, c, d] = x;
            let mut array = [0.0; 4];
            vst1q_f32(array.as_mut_ptr(), vpaddq_f32(vpaddq_f32(a, b), vpaddq_f32(c, d)));
            array
        };
        fn rsqrt_each(self, x: [f32; 4]) -> [f32; 4] = {
            let (x, mut array) = (vld1q_f32(x.as_ptr()), [0.0; 4]);
            vst1q_f32(array.as_mut_ptr(), vdivq_f32(vdupq_n_f32(1.0), vsqrtq_f32(x)));
            array
        };
        fn max_each(self, x: [float32x4_t; 4]) -> [f32; 4] = {
            let [a, b, c, d] = x;
            [vmaxvq_f32(a), vmaxvq_f32(b), vmaxvq_f32(c), vmaxvq_f32(d)]
        };
        fn transpose_fours(self, rows: [float32x4_t; 4]) -> [float32x4_t; 4] = {
            let [a, b, c, d] = rows;
            let (ac_low, ac_high) = (vzip1q_f32(a, c), vzip2q_f32(a, c));
            let (bd_low, bd_high) = (vzip1q_f32(b, d), vzip2q_f32(b, d));
            [
                vzip1q_f32(ac_low, bd_low),
                vzip2q_f32(ac_low, bd_low),
                vzip1q_f32(ac_high, bd_high),
                vzip2q_f32(ac_high, bd_high),
            ]
        };
    }

    #[inline(always)]
    fn index(self, offsets: &[i32; MOST_LANES]) -> [i32; 4] {
        let [a, b, c, d, ..] = *offsets;
        [a, b, c, d]
    }

    #[inline(always)]
    unsafe fn load_fours(self, from: *const f32, _: usize) -> float32x4_t {
        // SAFETY: the caller's, passed on.
        unsafe { self.load(from) }
    }

    #[inline(always)]
    fn repeat_in_fours<const I: usize>(self, x: float32x4_t) -> float32x4_t {
        // SAFETY: `self` proves NEON.
        unsafe {
            match I {
                0 => vdupq_laneq_f32::<0>(x),
                1 => vdupq_laneq_f32::<1>(x),
                2 => vdupq_laneq_f32::<2>(x),
                _ => vdupq_laneq_f32::<3>(x),
            }
        }
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> float32x4_t {
        // SAFETY: `self` proves NEON; the caller vouches for 4 numbers; the instruction asks for the
        // alignment of one.
        unsafe { vld1q_f32(from) }
    }

    #[inline(always)]
    unsafe fn load_masked(self, from: *const f32, mask: uint32x4_t) -> float32x4_t {
        let bits = self.bits(mask);
        // SAFETY: the caller vouches for the lanes of the mask: for all four before they are read at
        // once. The array has 4 numbers.
        unsafe {
            if bits == 15 { self.load(from) } else { self.load(by_lane::read(from, [0, 1, 2, 3], bits).as_ptr()) }
        }
    }

    #[inline(always)]
    fn spread(self, x: float32x4_t, index: [i32; 4]) -> float32x4_t {
        let lanes = self.to_array(x);
        self.read(&index.map(|lane| lanes[lane as usize % 4]))
    }

    #[inline(always)]
    unsafe fn gather(self, from: *const f32, index: [i32; 4], mask: uint32x4_t) -> float32x4_t {
        // SAFETY: the caller vouches for the lanes of the mask. The array has 4 numbers.
        unsafe { self.load(by_lane::read(from, index, self.bits(mask)).as_ptr()) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32, x: float32x4_t) {
        // SAFETY: `self` proves NEON; the caller vouches for 4 numbers; the instruction asks for the
        // alignment of one.
        unsafe { vst1q_f32(to, x) }
    }

    #[inline(always)]
    unsafe fn store_masked(self, to: *mut f32, mask: uint32x4_t, x: float32x4_t) {
        let (bits, mut lanes) = (self.bits(mask), [0.0; 4]);
        // SAFETY: the array has 4 numbers; the caller vouches for the lanes of the mask.
        unsafe {
            self.store(lanes.as_mut_ptr(), x);
            by_lane::write(to, bits, lanes);
        }
    }
}
