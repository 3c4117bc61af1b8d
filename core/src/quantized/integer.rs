//! The types of quantized activations.

use super::{Clamp, MatmulDims, MatmulParameters, Quantization, Rounding, Scale};
use crate::{Element, Tensor, kernel::Kernels};

/// What activations are: `i8` or `i16`.
pub trait Integer: Tensor<Elem = Self> + Element + Ord + Into<i32> {
    /// All of its numbers.
    const ALL: Clamp<Self>;
    /// The smallest.
    const LEAST: i32;
    /// The largest.
    const MOST: i32;

    /// The lowest bits of a number.
    fn truncate(x: i32) -> Self;

    /// The kernel that makes this type of floats.
    #[doc(hidden)]
    fn quantize<K: Kernels>(k: K, x: &[f32], to: Quantization, y: &mut [Self]);

    /// The kernel that makes floats of this type.
    #[doc(hidden)]
    fn dequantize<K: Kernels>(k: K, x: &[Self], from: Quantization, y: &mut [f32]);

    /// The kernel that multiplies matrices of this type.
    #[doc(hidden)]
    fn matmul<K: Kernels, R: Rounding>(
        k: K,
        dims: MatmulDims,
        a: &[Self],
        b: &[Self],
        parameters: &MatmulParameters,
        y: &mut [Self],
    );

    /// The kernel that takes means of this type.
    #[doc(hidden)]
    fn mean<K: Kernels, R: Rounding, const C: usize>(
        k: K,
        n: usize,
        x: &[Self],
        bias: i32,
        scale: Scale,
        y: &mut [Self],
    );
}

macro_rules! integer {
    ($($t:ty: $quantize:ident $dequantize:ident $mean:ident $matmul:ident $(<$r:ident>)?),*) => {$(
        impl Integer for $t {
            const ALL: Clamp<Self> = Clamp::<$t>::NONE;
            const LEAST: i32 = <$t>::MIN as i32;
            const MOST: i32 = <$t>::MAX as i32;

            #[inline(always)]
            fn truncate(x: i32) -> Self {
                x as Self
            }

            #[inline(always)]
            fn quantize<K: Kernels>(k: K, x: &[f32], to: Quantization, y: &mut [Self]) {
                k.$quantize(x, to, y);
            }

            #[inline(always)]
            fn dequantize<K: Kernels>(k: K, x: &[Self], from: Quantization, y: &mut [f32]) {
                k.$dequantize(x, from, y);
            }

            #[inline(always)]
            fn matmul<K: Kernels, R: Rounding>(
                k: K,
                dims: MatmulDims,
                a: &[Self],
                b: &[Self],
                parameters: &MatmulParameters,
                y: &mut [Self],
            ) {
                k.$matmul$(::<$r>)?(dims, a, b, parameters, y);
            }

            #[inline(always)]
            fn mean<K: Kernels, R: Rounding, const C: usize>(
                k: K,
                n: usize,
                x: &[Self],
                bias: i32,
                scale: Scale,
                y: &mut [Self],
            ) {
                k.$mean::<R, C>(n, x, bias, scale, y);
            }
        }
    )*};
}

integer!(i8: quantize_i8 dequantize_i8 mean_i8 matmul_i8<R>, i16: quantize_i16 dequantize_i16 mean_i16 matmul_i16);

/// The nearest integer that is allowed.
#[inline(always)]
pub(crate) fn limit<T: Integer>(clamp: Clamp<T>, y: i32) -> T {
    // Not `clamp`, which panics where the limits are the wrong way round.
    T::truncate(y.max(clamp.min.into()).min(clamp.max.into()))
}
