//! Products of two int8 or int16 tensors.

use core::marker::PhantomData;

use super::{Fused, Integer, Multiplier, Quantization, QuantizeError, Rounding, Twice};
use crate::{
    Tensor,
    kernel::Kernels,
    ops::matmul::{Form, Product, product},
};

/// The product of two tensors as their matrices, `y = requantize((a - zero_a)(b - zero_b))`: PyTorch's
/// `torch.ops.quantized.matmul`, TensorFlow Lite's `BATCH_MATMUL`.
///
/// `TRANSPOSE_A` and `TRANSPOSE_B` are TensorFlow Lite's `adj_x` and `adj_y`: the matrices of that tensor come
/// transposed. Dimensions before the matrices are broadcast. On int16 zero points are 0 and sums have 64 bits.
///
/// ```
/// use tensorlet::{Portable, quantized::{self, Fused, Matmul, Quantization}};
/// const UNIT: Quantization = Quantization::new(1.0, 0);
/// static PRODUCT: Matmul = quantized::unwrap(Matmul::from_scales([UNIT; 2], UNIT, Fused::Identity));
/// let (a, b, mut y) = ([[1_i8, 2]], [[3_i8, 4], [5, 6]], [[0_i8; 2]]);
/// PRODUCT.apply(Portable, &a, &b, &mut y);
/// assert_eq!(y, [[13, 16]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Matmul<const TRANSPOSE_A: bool = false, const TRANSPOSE_B: bool = false, T = i8, R = Twice> {
    parameters: MatmulParameters,
    kind: PhantomData<(T, R)>,
}

/// What a product is scaled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatmulParameters {
    /// The zero points of the factors.
    pub zero: [i32; 2],
    /// The scale of the sums.
    pub scale: Multiplier,
    /// The zero point of the output.
    pub output_zero: i32,
    /// The smallest output.
    pub min: i32,
    /// The largest output.
    pub max: i32,
}

/// Where the elements of a matrix's factors lie.
#[derive(Clone, Copy, Debug)]
pub struct MatmulDims {
    /// Rows of the first factor, elements that are summed, columns of the second factor.
    pub sizes: [usize; 3],
    /// Whether the factors are stored transposed.
    pub transposed: [bool; 2],
}

impl<const TRANSPOSE_A: bool, const TRANSPOSE_B: bool, T: Integer, R: Rounding> Matmul<TRANSPOSE_A, TRANSPOSE_B, T, R> {
    const FORM: Form = match (TRANSPOSE_A, TRANSPOSE_B) {
        (false, false) => Form::Plain,
        (true, false) => Form::First,
        (false, true) => Form::Second,
        (true, true) => Form::Both,
    };

    /// From a multiplier and zero points, as CMSIS-NN takes them.
    ///
    /// # Errors
    /// [`QuantizeError`]: the multiplier is out of range, or a zero point no number of the type; on int16 it is 0.
    pub const fn from_multiplier(parameters: MatmulParameters) -> Result<Self, QuantizeError> {
        let MatmulParameters { zero: [a, b], scale: Multiplier { multiplier, shift }, output_zero, .. } = parameters;
        if multiplier < 0 || shift < -31 || shift > 14 {
            return Err(QuantizeError::Scale { channel: 0 });
        }
        let zeros = [a, b, output_zero];
        let mut i = 0;
        while i < 3 {
            let symmetric = T::MOST > 127 && zeros[i] != 0;
            if symmetric || zeros[i] < T::LEAST || zeros[i] > T::MOST {
                return Err(QuantizeError::ZeroPoint);
            }
            i += 1;
        }
        Ok(Self { parameters, kind: PhantomData })
    }

    /// From the scales and zero points of the factors and the output.
    ///
    /// # Errors
    /// [`QuantizeError`]: a scale is not positive and finite, or a zero point no number of the type.
    pub const fn from_scales(
        factors: [Quantization; 2],
        output: Quantization,
        fused: Fused,
    ) -> Result<Self, QuantizeError> {
        let [a, b] = factors;
        if !(a.is_valid() && b.is_valid() && output.is_valid()) {
            return Err(QuantizeError::Scale { channel: 0 });
        }
        let (min, max) = fused.limits(output, T::LEAST, T::MOST);
        Self::from_multiplier(MatmulParameters {
            zero: [a.zero_point, b.zero_point],
            // TensorFlow Lite multiplies the scales in float32.
            scale: Multiplier::from_real((a.scale * b.scale) as f64 / output.scale as f64),
            output_zero: output.zero_point,
            min,
            max,
        })
    }

    /// The product of matrices, for one sample. Does not compile unless the shapes fit.
    #[inline]
    pub fn apply<K: Kernels, A, B, Y>(&self, k: K, a: &A, b: &B, y: &mut Y)
    where
        A: Tensor<Elem = T>,
        B: Tensor<Elem = T>,
        Y: Tensor<Elem = T>,
    {
        let product = const { &checked(product::<A, B, Y>("quantized.matmul", Self::FORM)) };
        let sizes = product.sizes();
        let dims = MatmulDims { sizes, transposed: [TRANSPOSE_A, TRANSPOSE_B] };
        product.for_each(a.elements(), b.elements(), y.elements_mut(), |a, b, y| {
            T::matmul::<K, R>(k, dims, a, b, &self.parameters, y);
        });
    }
}

/// The same product. Fails to compile where its sums could leave 32 bits.
const fn checked(product: Product) -> Product {
    // So many times 255² do not.
    assert!(product.sizes()[1] <= 33_025, "rows of a quantized product are too long for its sums");
    product
}
