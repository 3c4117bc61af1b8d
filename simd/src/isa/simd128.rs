//! The 128-bit vectors of WebAssembly: registers of 4 numbers, of which engines keep 16.
//!
//! Without a fused multiplication and addition: [`Lanes::mul_add`] rounds twice. The one of relaxed
//! SIMD would round once or twice as the engine likes, and a program would give other bits in the
//! next engine.

#![allow(unused_unsafe, reason = "on WebAssembly, intrinsics and entries of an instruction set are safe to call")]

use core::arch::wasm32::*;

use tensorlet::math::lanes::Lanes;

use super::by_lane;
use crate::{
    WithKernels,
    kernels::kernels,
    vector::{MOST_LANES, Vector, proven},
};

/// The token of WebAssembly's 128-bit vectors, in builds with the target feature `simd128`: an engine
/// without them refuses such a program as a whole.
///
/// ```
/// use tensorlet::kernel::ReduceKernels;
/// # #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
/// assert_eq!(tensorlet_simd::Simd128::native().sum(&[1.0, 2.0, 3.0]), 6.0);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Simd128(());

impl Simd128 {
    /// The token: always, since this type is only in builds with `simd128`.
    #[inline]
    #[must_use]
    pub const fn new() -> Option<Self> {
        Some(Self::native())
    }

    /// The token in a build for engines with `simd128`.
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

kernels! { Simd128, "simd128", "simd128" }

impl Lanes for Simd128 {
    const LANES: usize = 4;
    type V = v128;
    type Mask = v128;

    proven! {
        fn splat(self, x: f32) -> v128 = f32x4_splat(x);
        fn add(self, a: v128, b: v128) -> v128 = f32x4_add(a, b);
        fn sub(self, a: v128, b: v128) -> v128 = f32x4_sub(a, b);
        fn mul(self, a: v128, b: v128) -> v128 = f32x4_mul(a, b);
        fn div(self, a: v128, b: v128) -> v128 = f32x4_div(a, b);
        fn mul_add(self, a: v128, b: v128, c: v128) -> v128 = f32x4_add(f32x4_mul(a, b), c);
        // These give the first operand unless the second is greater, or less.
        fn max(self, a: v128, b: v128) -> v128 = f32x4_pmax(b, a);
        fn min(self, a: v128, b: v128) -> v128 = f32x4_pmin(b, a);
        fn sqrt(self, x: v128) -> v128 = f32x4_sqrt(x);
        fn abs(self, x: v128) -> v128 = f32x4_abs(x);
        fn copysign(self, x: v128, sign: v128) -> v128 = v128_bitselect(sign, x, f32x4_splat(-0.0));
        fn round(self, x: v128) -> v128 = f32x4_nearest(x);
        fn pow2(self, n: v128) -> v128 = i32x4_shl(i32x4_add(i32x4_trunc_sat_f32x4(n), i32x4_splat(127)), 23);
        fn split(self, x: v128) -> (v128, v128) = {
            // The exponent counts from √½ instead of 1.
            let root_half = f32x4_splat(core::f32::consts::FRAC_1_SQRT_2);
            let above = i32x4_sub(x, root_half);
            let m = i32x4_add(v128_and(above, i32x4_splat(0x007f_ffff)), root_half);
            (m, f32x4_convert_i32x4(i32x4_shr(above, 23)))
        };
        fn lt(self, a: v128, b: v128) -> v128 = f32x4_lt(a, b);
        fn le(self, a: v128, b: v128) -> v128 = f32x4_le(a, b);
        fn eq(self, a: v128, b: v128) -> v128 = f32x4_eq(a, b);
        fn is_nan(self, x: v128) -> v128 = f32x4_ne(x, x);
        fn and(self, a: v128, b: v128) -> v128 = v128_and(a, b);
        fn or(self, a: v128, b: v128) -> v128 = v128_or(a, b);
        fn select(self, mask: v128, yes: v128, no: v128) -> v128 = v128_bitselect(yes, no, mask);
    }
}

impl Vector for Simd128 {
    const REGISTERS: usize = 16;
    type Index = [i32; 4];
    type Half = Self;

    #[inline(always)]
    fn half(self) -> Self {
        self
    }

    proven! {
        fn deinterleave(self, a: v128, b: v128) -> (v128, v128) = {
            (i32x4_shuffle::<0, 2, 4, 6>(a, b), i32x4_shuffle::<1, 3, 5, 7>(a, b))
        };
        fn interleave(self, even: v128, odd: v128) -> (v128, v128) = {
            (i32x4_shuffle::<0, 4, 1, 5>(even, odd), i32x4_shuffle::<2, 6, 3, 7>(even, odd))
        };
        fn range(self, from: usize, to: usize) -> v128 = {
            let lane = u32x4(0, 1, 2, 3);
            let below = u32x4_lt(lane, u32x4_splat(from.min(4) as u32));
            let inside = u32x4_lt(lane, u32x4_splat(to.min(4) as u32));
            v128_andnot(inside, below)
        };
        fn bits(self, mask: v128) -> u32 = u32::from(i32x4_bitmask(mask));
        fn mask(self, bits: u32) -> v128 = {
            let lane = u32x4(1, 2, 4, 8);
            i32x4_eq(v128_and(u32x4_splat(bits), lane), lane)
        };
        fn sum_lanes(self, x: v128) -> f32 = {
            let pairs = f32x4_add(x, i32x4_shuffle::<2, 3, 0, 1>(x, x));
            f32x4_extract_lane::<0>(pairs) + f32x4_extract_lane::<1>(pairs)
        };
        fn rsqrt_each(self, x: [f32; 4]) -> [f32; 4] = {
            let [a, b, c, d] = x;
            let y = f32x4_div(f32x4_splat(1.0), f32x4_sqrt(f32x4(a, b, c, d)));
            [
                f32x4_extract_lane::<0>(y),
                f32x4_extract_lane::<1>(y),
                f32x4_extract_lane::<2>(y),
                f32x4_extract_lane::<3>(y),
            ]
        };
        fn max_each(self, x: [v128; 4]) -> [f32; 4] = {
            let [a, b, c, d] = x;
            let ab = f32x4_pmax(i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<2, 6, 3, 7>(a, b));
            let cd = f32x4_pmax(i32x4_shuffle::<0, 4, 1, 5>(c, d), i32x4_shuffle::<2, 6, 3, 7>(c, d));
            let all = f32x4_pmax(i32x4_shuffle::<0, 1, 4, 5>(ab, cd), i32x4_shuffle::<2, 3, 6, 7>(ab, cd));
            [
                f32x4_extract_lane::<0>(all),
                f32x4_extract_lane::<1>(all),
                f32x4_extract_lane::<2>(all),
                f32x4_extract_lane::<3>(all),
            ]
        };
    }

    #[inline(always)]
    fn transpose_fours(self, [a, b, c, d]: [v128; 4]) -> [v128; 4] {
        let (ac_low, ac_high) = (i32x4_shuffle::<0, 4, 1, 5>(a, c), i32x4_shuffle::<2, 6, 3, 7>(a, c));
        let (bd_low, bd_high) = (i32x4_shuffle::<0, 4, 1, 5>(b, d), i32x4_shuffle::<2, 6, 3, 7>(b, d));
        [
            i32x4_shuffle::<0, 4, 1, 5>(ac_low, bd_low),
            i32x4_shuffle::<2, 6, 3, 7>(ac_low, bd_low),
            i32x4_shuffle::<0, 4, 1, 5>(ac_high, bd_high),
            i32x4_shuffle::<2, 6, 3, 7>(ac_high, bd_high),
        ]
    }

    #[inline(always)]
    unsafe fn load_fours(self, from: *const f32, _: usize) -> v128 {
        // SAFETY: the caller's, passed on.
        unsafe { self.load(from) }
    }

    #[inline(always)]
    fn repeat_in_fours<const I: usize>(self, x: v128) -> v128 {
        match I {
            0 => i32x4_shuffle::<0, 0, 0, 0>(x, x),
            1 => i32x4_shuffle::<1, 1, 1, 1>(x, x),
            2 => i32x4_shuffle::<2, 2, 2, 2>(x, x),
            _ => i32x4_shuffle::<3, 3, 3, 3>(x, x),
        }
    }

    #[inline(always)]
    fn index(self, offsets: &[i32; MOST_LANES]) -> [i32; 4] {
        let [a, b, c, d, ..] = *offsets;
        [a, b, c, d]
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> v128 {
        // SAFETY: the caller vouches for 4 numbers; any alignment will do.
        unsafe { v128_load(from.cast()) }
    }

    #[inline(always)]
    unsafe fn load_masked(self, from: *const f32, mask: v128) -> v128 {
        let bits = self.bits(mask);
        // SAFETY: the caller vouches for the lanes of the mask: for all four before they are read at
        // once. The array has 4 numbers.
        unsafe {
            if bits == 15 { self.load(from) } else { self.load(by_lane::read(from, [0, 1, 2, 3], bits).as_ptr()) }
        }
    }

    #[inline(always)]
    fn spread(self, x: v128, index: [i32; 4]) -> v128 {
        let lanes = self.to_array(x);
        self.read(&index.map(|lane| lanes[lane as usize % 4]))
    }

    #[inline(always)]
    unsafe fn gather(self, from: *const f32, index: [i32; 4], mask: v128) -> v128 {
        // SAFETY: the caller vouches for the lanes of the mask. The array has 4 numbers.
        unsafe { self.load(by_lane::read(from, index, self.bits(mask)).as_ptr()) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32, x: v128) {
        // SAFETY: the caller vouches for 4 numbers; any alignment will do.
        unsafe { v128_store(to.cast(), x) }
    }

    #[inline(always)]
    unsafe fn store_masked(self, to: *mut f32, mask: v128, x: v128) {
        let (bits, mut lanes) = (self.bits(mask), [0.0; 4]);
        // SAFETY: the array has 4 numbers; the caller vouches for the lanes of the mask.
        unsafe {
            self.store(lanes.as_mut_ptr(), x);
            by_lane::write(to, bits, lanes);
        }
    }
}
