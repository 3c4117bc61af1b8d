//! Functions of one int16.

use core::marker::PhantomData;

use crate::{
    Tensor,
    description::{Description, LayerInfo, Op},
    kernel::Kernels,
    quantized::{
        Clamp, Fused, Multiplier, Quantization, QuantizeError, QuantizedLayer, Rounding, Twice,
        layer::{quantized_layer, quantized_module},
        lookup::{narrow, wide},
    },
};

/// The multiplier, if it is in range: more than 16 bits to the left an int16 has no room for.
const fn checked(scale: Multiplier) -> Result<Multiplier, QuantizeError> {
    if scale.multiplier < 0 || scale.shift < -31 || scale.shift > 16 {
        return Err(QuantizeError::Scale { channel: 0 });
    }
    Ok(scale)
}

/// The multiplier that brings integers of one scale to another, as TensorFlow Lite's `QUANTIZE` does.
pub(super) const fn between(input: Quantization, output: Quantization) -> Result<Multiplier, QuantizeError> {
    ratio(wide(input, output), input, output)
}

const fn ratio(ratio: f64, input: Quantization, output: Quantization) -> Result<Multiplier, QuantizeError> {
    if !(input.is_valid() && output.is_valid()) {
        return Err(QuantizeError::Scale { channel: 0 });
    }
    checked(Multiplier::from_real(ratio))
}

macro_rules! rescaling {
    ($(#[$doc:meta])* $name:ident, $op:literal, $fused:expr, $ratio:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $name<R = Twice> {
            scale: Multiplier,
            clamp: Clamp<i16>,
            kind: PhantomData<R>,
        }

        impl<R: Rounding> $name<R> {
            const NEW: Self =
                Self { scale: Multiplier { multiplier: 0, shift: 0 }, clamp: Clamp::<i16>::NONE, kind: PhantomData };

            /// From a multiplier and the limits of the output.
            ///
            /// # Errors
            /// [`QuantizeError::Scale`]: the multiplier or its shift is out of range.
            pub const fn from_multiplier(scale: Multiplier, clamp: Clamp<i16>) -> Result<Self, QuantizeError> {
                match checked(scale) {
                    Ok(scale) => Ok(Self { scale, clamp, kind: PhantomData }),
                    Err(error) => Err(error),
                }
            }

            /// From the scales of input and output.
            ///
            /// # Errors
            /// [`QuantizeError::Scale`]: a scale is not positive and finite, or their ratio 2^16 or more.
            pub const fn from_scales(input: f32, output: f32) -> Result<Self, QuantizeError> {
                let (input, output) = (Quantization::new(input, 0), Quantization::new(output, 0));
                match ratio($ratio(input, output), input, output) {
                    Ok(scale) => {
                        let (min, max) = $fused.limits(output, i16::MIN as i32, i16::MAX as i32);
                        Self::from_multiplier(scale, Clamp { min: min as i16, max: max as i16 })
                    }
                    Err(error) => Err(error),
                }
            }
        }

        quantized_module!([R: Rounding] $name<R>, 0);

        impl<R: Rounding, X: Tensor<Elem = i16>> QuantizedLayer<X> for $name<R> {
            type Out = X;
            const DESCRIPTION: Description = Description::Layer(LayerInfo {
                op: Op::Custom($op),
                input: X::SHAPE,
                output: X::SHAPE,
                parameters: &[],
                macs: 0,
            });

            #[inline]
            fn apply<K: Kernels>(&self, k: K, x: &[X], y: &mut [X], _: &mut [f32]) {
                k.rescale_i16::<R>(X::flat(x), self.scale, self.clamp, X::flat_mut(y));
            }
        }

        quantized_layer!([R: Rounding] $name<R>, [X: Tensor<Elem = i16>,] X);
    };
}

rescaling! {
    /// [`quantized::Relu`](crate::quantized::Relu) on int16: `y = max(x, 0)` where the output's scale is another than
    /// the input's, TensorFlow Lite's `RELU`. As on int8 the scale is that of 31 bits, rounded as `R` says.
    ///
    /// ```
    /// use tensorlet::{Layer, Portable, quantized::{self, int16::Relu}};
    /// static RELU: Relu = quantized::unwrap(Relu::from_scales(1.0, 0.5));
    /// let mut arena = [0.0; 4];
    /// assert_eq!(RELU.forward(Portable, &[[-1_i16, 700, 20_000]], &mut arena)?, [[0, 1400, 32767]]);
    /// # Ok::<(), tensorlet::Error>(())
    /// ```
    Relu, "quantized.int16.Relu", Fused::Relu, narrow
}

rescaling! {
    /// [`quantized::Relu6`](crate::quantized::Relu6) on int16: `y = min(max(x, 0), 6)`, TensorFlow Lite's `RELU6`.
    ///
    /// ```
    /// use tensorlet::{Layer, Portable, quantized::{self, int16::Relu6}};
    /// static RELU6: Relu6 = quantized::unwrap(Relu6::from_scales(1.0, 0.125));
    /// let mut arena = [0.0; 4];
    /// assert_eq!(RELU6.forward(Portable, &[[-1_i16, 5, 700]], &mut arena)?, [[0, 40, 48]]);
    /// # Ok::<(), tensorlet::Error>(())
    /// ```
    Relu6, "quantized.int16.Relu6", Fused::Relu6, narrow
}

rescaling! {
    /// [`quantized::Rescale`](crate::quantized::Rescale) on int16: the same real numbers with another scale, TensorFlow
    /// Lite's `QUANTIZE` from int16 to int16. As on int8 the scale is that of 31 bits, rounded as `R` says.
    ///
    /// ```
    /// use tensorlet::{Layer, Portable, quantized::{self, int16::Rescale}};
    /// static RESCALE: Rescale = quantized::unwrap(Rescale::from_scales(1.0, 2.0));
    /// let mut arena = [0.0; 4];
    /// assert_eq!(RESCALE.forward(Portable, &[[-3_i16, 5, 700]], &mut arena)?, [[-1, 3, 350]]);
    /// # Ok::<(), tensorlet::Error>(())
    /// ```
    Rescale, "quantized.int16.Rescale", Fused::Identity, wide
}
