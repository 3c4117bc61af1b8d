//! From floats to integers and back.

use core::marker::PhantomData;

use super::{
    Integer, Quantization, QuantizeError, QuantizedLayer,
    layer::{quantized_layer, quantized_module},
};
use crate::{
    Tensor,
    description::{Description, LayerInfo, Op},
    kernel::Kernels,
    message::{Part, fail},
    shape::Shape,
};

/// `y = round(x / scale) + zero_point`, half away from zero, saturated: PyTorch's
/// `torch.ao.nn.quantized.Quantize`, TensorFlow Lite's `QUANTIZE`.
///
/// `Y`, the type of the output, has the shape of the input and elements `i8` or `i16`.
///
/// ```
/// use tensorlet::{Layer, Portable, quantized::{self, Quantization, Quantize}};
/// const HALVES: Quantize<[i8; 4]> = quantized::unwrap(Quantize::new(Quantization::new(0.5, 1)));
/// let mut arena = [0.0; 5];
/// let y = HALVES.forward(Portable, &[[0.0, 1.25, -1.25, 1e9]], &mut arena)?;
/// assert_eq!(y, [[1, 4, -2, 127]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantize<Y> {
    to: Quantization,
    kind: PhantomData<fn() -> Y>,
}

/// `y = scale · (x - zero_point)`: PyTorch's `torch.ao.nn.quantized.DeQuantize`, TensorFlow Lite's `DEQUANTIZE`.
///
/// `Y`, the type of the output, has the shape of the input, whose elements are `i8` or `i16`.
///
/// ```
/// use tensorlet::{Layer, Portable, quantized::{self, Dequantize, Quantization}};
/// const HALVES: Dequantize<[f32; 3]> = quantized::unwrap(Dequantize::new(Quantization::new(0.5, 1)));
/// let mut arena = [0.0; 4];
/// assert_eq!(HALVES.forward(Portable, &[[1_i8, 4, -128]], &mut arena)?, [[0.0, 1.5, -64.5]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dequantize<Y> {
    from: Quantization,
    kind: PhantomData<fn() -> Y>,
}

/// Fails to compile unless the output has the shape of the input.
const fn check(layer: &str, input: Shape, output: Shape) {
    if !input.equals(&output) {
        fail(&[
            Part::Text("shape mismatch: layer `"),
            Part::Text(layer),
            Part::Text("` of an input of shape "),
            Part::Shape(input),
            Part::Text(" has an output of the same shape, but its type says "),
            Part::Shape(output),
        ]);
    }
}

macro_rules! constructor {
    ($name:ident, $field:ident) => {
        impl<Y> $name<Y> {
            const NEW: Self = Self { $field: Quantization::new(1.0, 0), kind: PhantomData };

            /// With this scale and zero point.
            ///
            /// # Errors
            /// [`QuantizeError::Scale`]: the scale is not positive and finite.
            pub const fn new($field: Quantization) -> Result<Self, QuantizeError> {
                if $field.is_valid() {
                    Ok(Self { $field, kind: PhantomData })
                } else {
                    Err(QuantizeError::Scale { channel: 0 })
                }
            }
        }

        quantized_module!([Y: Tensor] $name<Y>, 0);
    };
}

constructor!(Quantize, to);
constructor!(Dequantize, from);

macro_rules! conversion {
    ($name:ident, $field:ident, $op:literal, [$($x:tt)*] [$($y:tt)*] $from:ident) => {
        impl<X: Tensor<$($x)*>, Y: Tensor<$($y)*>> QuantizedLayer<X> for $name<Y> {
            type Out = Y;
            const DESCRIPTION: Description = {
                check($op, X::SHAPE, Y::SHAPE);
                Description::Layer(LayerInfo {
                    op: Op::Custom($op),
                    input: X::SHAPE,
                    output: Y::SHAPE,
                    parameters: &[],
                    macs: 0,
                })
            };

            #[inline]
            fn apply<K: Kernels>(&self, k: K, x: &[X], y: &mut [Y], _: &mut [f32]) {
                const { check($op, X::SHAPE, Y::SHAPE) };
                conversion!(@ $from, k, X::flat(x), self.$field, Y::flat_mut(y));
            }
        }

        quantized_layer!([Y: Tensor<$($y)*>] $name<Y>, [X: Tensor<$($x)*>,] X);
    };
    (@ float, $k:expr, $x:expr, $q:expr, $y:expr) => { <Y::Elem as Integer>::quantize($k, $x, $q, $y) };
    (@ integer, $k:expr, $x:expr, $q:expr, $y:expr) => { <X::Elem as Integer>::dequantize($k, $x, $q, $y) };
}

conversion!(Quantize, to, "quantized.Quantize", [Elem = f32] [Elem: Integer] float);
conversion!(Dequantize, from, "quantized.Dequantize", [Elem: Integer] [Elem = f32] integer);
