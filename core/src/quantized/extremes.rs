//! The smaller and the larger of two tensors, element by element.

use core::marker::PhantomData;

use super::{
    Binary, Operands, QuantizedLayer,
    binary::binary_layer,
    layer::{quantized_layer, quantized_module},
};
use crate::{
    Tensor,
    description::{Description, LayerInfo, Op},
    kernel::Kernels,
};

/// The smaller of two elements, broadcast to each other: PyTorch's `torch.minimum`, TensorFlow Lite's `MINIMUM`.
/// All scales and zero points are the same.
///
/// ```
/// use tensorlet::{Portable, quantized::{Binary, Minimum}};
/// let mut y = [[0_i8; 3]];
/// Minimum::<i8>::NEW.apply2(Portable, &[[1_i8, 2, 3]], &[[2_i8]], &mut y);
/// assert_eq!(y, [[1, 2, 2]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Minimum<T = i8>(PhantomData<T>);

/// The larger of two elements, broadcast to each other: PyTorch's `torch.maximum`, TensorFlow Lite's `MAXIMUM`.
/// All scales and zero points are the same.
///
/// ```
/// use tensorlet::{Portable, quantized::{Binary, Maximum}};
/// let mut y = [[0_i8; 3]];
/// Maximum::<i8>::NEW.apply2(Portable, &[[1_i8, 2, 3]], &[[2_i8]], &mut y);
/// assert_eq!(y, [[2, 2, 3]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Maximum<T = i8>(PhantomData<T>);

macro_rules! extreme {
    ($name:ident, $op:literal, $t:ty, $kernel:ident) => {
        impl $name<$t> {
            /// The layer: it has no parameters.
            pub const NEW: Self = Self(PhantomData);
        }

        impl Binary<$t> for $name<$t> {
            const NAME: &'static str = $op;

            #[inline]
            fn rows<K: Kernels>(&self, k: K, operands: Operands<'_, $t>, y: &mut [$t]) {
                match operands {
                    Operands::Both(a, b) => k.$kernel(a, Some(b), y),
                    Operands::First(a) | Operands::Second(a) => k.$kernel(a, None, y),
                }
            }
        }

        binary_layer!([] $name<$t>, $t);
    };
}

extreme!(Minimum, "quantized.Minimum", i8, minimum_i8);
extreme!(Minimum, "quantized.Minimum", i16, minimum_i16);
extreme!(Maximum, "quantized.Maximum", i8, maximum_i8);
extreme!(Maximum, "quantized.Maximum", i16, maximum_i16);
