//! Arithmetic of elements.

use crate::{
    Element, Index,
    kernel::{ElementwiseKernels, ReduceKernels},
    math,
};

/// An element that calculates: `f32`, and all integers.
///
/// Integers wrap around on overflow, as PyTorch's do, and divide towards zero. No operation panics:
/// an integer divided by 0 gives 0, where PyTorch raises an error.
///
/// ```
/// use tensorlet::ops::Number;
/// assert_eq!(Number::add(200_u8, 100), 44);
/// assert_eq!(Number::div(-7_i8, 2), -3);
/// assert_eq!(Number::pow(3_i32, 4), 81);
/// assert!(Number::maximum(1.0, f32::NAN).is_nan());
/// ```
pub trait Number: Element {
    /// One.
    const ONE: Self;
    /// The least value: `-∞` for `f32`.
    const LEAST: Self;
    /// The greatest value: `∞` for `f32`.
    const GREATEST: Self;

    /// `self + other`.
    #[must_use]
    fn add(self, other: Self) -> Self;
    /// `self - other`.
    #[must_use]
    fn sub(self, other: Self) -> Self;
    /// `self · other`.
    #[must_use]
    fn mul(self, other: Self) -> Self;
    /// `self / other`, of integers without the fraction.
    #[must_use]
    fn div(self, other: Self) -> Self;
    /// `self` to the power `exponent`. Of integers to a negative power as PyTorch: 0, but for 1 and -1.
    #[must_use]
    fn pow(self, exponent: Self) -> Self;
    /// Whether it is NaN.
    #[must_use]
    fn is_nan(self) -> bool;

    /// The larger of two; NaN if one of them is.
    #[inline(always)]
    #[must_use]
    fn maximum(self, other: Self) -> Self {
        if self > other || self.is_nan() { self } else { other }
    }

    /// The smaller of two; NaN if one of them is.
    #[inline(always)]
    #[must_use]
    fn minimum(self, other: Self) -> Self {
        if self < other || self.is_nan() { self } else { other }
    }

    /// The sum of a slice, through the token where it has a kernel.
    #[must_use]
    fn sum<K: ReduceKernels>(k: K, x: &[Self]) -> Self;

    /// `y ← y + scale · x`, through the token where it has a kernel.
    fn accumulate<K: ElementwiseKernels>(k: K, y: &mut [Self], scale: Self, x: &[Self]);
}

impl Number for f32 {
    const ONE: Self = 1.0;
    const LEAST: Self = Self::NEG_INFINITY;
    const GREATEST: Self = Self::INFINITY;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self + other
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self - other
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self * other
    }

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self / other
    }

    #[inline(always)]
    fn pow(self, exponent: Self) -> Self {
        math::pow(self, exponent)
    }

    #[inline(always)]
    fn is_nan(self) -> bool {
        Self::is_nan(self)
    }

    #[inline(always)]
    fn sum<K: ReduceKernels>(k: K, x: &[Self]) -> Self {
        k.sum(x)
    }

    #[inline(always)]
    fn accumulate<K: ElementwiseKernels>(k: K, y: &mut [Self], scale: Self, x: &[Self]) {
        k.add_scaled(y, scale, x);
    }
}

macro_rules! number {
    ($($t:ty),*) => {$(
        impl Number for $t {
            const ONE: Self = 1;
            const LEAST: Self = Self::MIN;
            const GREATEST: Self = Self::MAX;

            #[inline(always)]
            fn add(self, other: Self) -> Self {
                self.wrapping_add(other)
            }

            #[inline(always)]
            fn sub(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }

            #[inline(always)]
            fn mul(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }

            #[inline(always)]
            fn div(self, other: Self) -> Self {
                // What overflows is the least value by -1, which wraps to itself.
                if other == 0 { 0 } else { self.checked_div(other).unwrap_or(self) }
            }

            #[inline]
            fn pow(self, exponent: Self) -> Self {
                match u32::try_from(exponent.to_i64()) {
                    Ok(exponent) => self.wrapping_pow(exponent),
                    Err(_) => match (self.to_i64(), exponent.to_i64() & 1) {
                        (1, _) | (-1, 0) => 1,
                        (-1, _) => self,
                        _ => 0,
                    },
                }
            }

            #[inline(always)]
            fn is_nan(self) -> bool {
                false
            }

            #[inline(always)]
            fn sum<K: ReduceKernels>(_: K, x: &[Self]) -> Self {
                x.iter().fold(0, |sum, &x| sum.wrapping_add(x))
            }

            #[inline(always)]
            fn accumulate<K: ElementwiseKernels>(_: K, y: &mut [Self], scale: Self, x: &[Self]) {
                for (y, x) in y.iter_mut().zip(x) {
                    *y = y.wrapping_add(scale.wrapping_mul(*x));
                }
            }
        }
    )*};
}

number!(u8, u16, u32, i8, i16, i32);
