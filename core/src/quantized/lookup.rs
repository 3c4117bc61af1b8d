//! Functions of one int8: a table of 256 bytes.

use core::marker::PhantomData;

use super::{
    Fused, Multiplier, Quantization, QuantizeError, QuantizedLayer, Rounding, Twice, ZeroPoints,
    layer::{quantized_layer, quantized_module},
};
use crate::{
    Tensor,
    description::{Description, LayerInfo, Op},
    kernel::Kernels,
};

/// The outputs for 0 to 127, then for -128 to -1.
pub(super) type Table = [i8; 256];

/// `clamp(scale · (x - zero.input) + zero.output)` for every int8.
const fn table<R: Rounding>(scale: Multiplier, zero: ZeroPoints) -> Result<Table, QuantizeError> {
    if scale.multiplier < 0 || scale.shift < -31 || scale.shift > 30 {
        return Err(QuantizeError::Scale { channel: 0 });
    }
    let (mut table, mut i) = ([0; 256], 0);
    while i < 256 {
        let x = (i as u8 as i8 as i32 - zero.input as i32) as i64;
        // TensorFlow Lite leaves undefined what a shift drives out of 32 bits; here it is a large number.
        let left = if scale.shift > 0 { scale.shift } else { 0 };
        let y = if (x << left) as i32 as i64 == x << left {
            scale.scale::<R>(x as i32).saturating_add(zero.output as i32)
        } else if x < 0 {
            i32::MIN
        } else {
            i32::MAX
        };
        table[i] = zero.clamp.apply(y);
        i += 1;
    }
    Ok(table)
}

/// The table that brings integers of one scale to another, as TensorFlow Lite's `QUANTIZE` does.
pub(super) const fn rescaling<R: Rounding>(
    input: Quantization,
    output: Quantization,
    fused: Fused,
) -> Result<Table, QuantizeError> {
    between::<R>(wide(input, output), input, output, fused)
}

/// The ratio of the scales, as `QUANTIZE` divides them.
pub(super) const fn wide(input: Quantization, output: Quantization) -> f64 {
    input.scale as f64 / output.scale as f64
}

/// The same, divided in float32, as `RELU` and `RELU6` do.
pub(super) const fn narrow(input: Quantization, output: Quantization) -> f64 {
    (input.scale / output.scale) as f64
}

const fn between<R: Rounding>(
    ratio: f64,
    input: Quantization,
    output: Quantization,
    fused: Fused,
) -> Result<Table, QuantizeError> {
    // From 2^30 on a multiplier is no longer exact.
    if !(input.is_valid() && output.is_valid() && ratio < (1 << 30) as f64) {
        return Err(QuantizeError::Scale { channel: 0 });
    }
    match ZeroPoints::of(input, output, fused) {
        Ok(zero) => table::<R>(Multiplier::from_real(ratio), zero),
        Err(error) => Err(error),
    }
}

macro_rules! lookup {
    ($(#[$doc:meta])* $name:ident, $op:literal, $fused:expr, $ratio:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $name<R = Twice> {
            table: Table,
            kind: PhantomData<R>,
        }

        impl<R: Rounding> $name<R> {
            const NEW: Self = Self { table: [0; 256], kind: PhantomData };

            /// From a multiplier, the zero points and the limits of the output.
            ///
            /// # Errors
            /// [`QuantizeError::Scale`]: the multiplier or its shift is out of range.
            pub const fn from_multiplier(scale: Multiplier, zero: ZeroPoints) -> Result<Self, QuantizeError> {
                match table::<R>(scale, zero) {
                    Ok(table) => Ok(Self { table, kind: PhantomData }),
                    Err(error) => Err(error),
                }
            }

            /// From the scales of input and output.
            ///
            /// # Errors
            /// [`QuantizeError`]: a scale is not positive and finite, their ratio is too large, or a zero point is
            /// out of range.
            pub const fn from_scales(input: Quantization, output: Quantization) -> Result<Self, QuantizeError> {
                match between::<R>($ratio(input, output), input, output, $fused) {
                    Ok(table) => Ok(Self { table, kind: PhantomData }),
                    Err(error) => Err(error),
                }
            }
        }

        quantized_module!([R: Rounding] $name<R>, 0);

        impl<R: Rounding, X: Tensor<Elem = i8>> QuantizedLayer<X> for $name<R> {
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
                k.lookup_i8(X::flat(x), &self.table, X::flat_mut(y));
            }
        }

        quantized_layer!([R: Rounding] $name<R>, [X: Tensor<Elem = i8>,] X);
    };
}

lookup! {
    /// `y = max(x, 0)` where the output's scale is another than the input's: PyTorch's `nn.ReLU` on `torch.qint8`,
    /// TensorFlow Lite's `RELU`. Behind a layer that takes a [`Fused`] activation it costs nothing there.
    ///
    /// ```
    /// use tensorlet::{Layer, Portable, quantized::{self, Quantization, Relu}};
    /// static RELU: Relu =
    ///     quantized::unwrap(Relu::from_scales(Quantization::new(1.0, 3), Quantization::new(0.5, -128)));
    /// let mut arena = [0.0; 2];
    /// // -1, 0 and 20.
    /// assert_eq!(RELU.forward(Portable, &[[2_i8, 3, 23]], &mut arena)?, [[-128, -128, -88]]);
    /// # Ok::<(), tensorlet::Error>(())
    /// ```
    Relu, "quantized.Relu", Fused::Relu, narrow
}

lookup! {
    /// `y = min(max(x, 0), 6)`, as [`Relu`]: PyTorch's `torch.ao.nn.quantized.ReLU6`, TensorFlow Lite's `RELU6`.
    ///
    /// ```
    /// use tensorlet::{Layer, Portable, quantized::{self, Quantization, Relu6}};
    /// static RELU6: Relu6 =
    ///     quantized::unwrap(Relu6::from_scales(Quantization::new(1.0, 3), Quantization::new(0.5, -128)));
    /// let mut arena = [0.0; 2];
    /// assert_eq!(RELU6.forward(Portable, &[[2_i8, 5, 23]], &mut arena)?, [[-128, -124, -116]]);
    /// # Ok::<(), tensorlet::Error>(())
    /// ```
    Relu6, "quantized.Relu6", Fused::Relu6, narrow
}

lookup! {
    /// The same real numbers with another scale and zero point: TensorFlow Lite's `QUANTIZE` from int8 to int8.
    ///
    /// ```
    /// use tensorlet::{Layer, Portable, quantized::{self, Quantization, Rescale}};
    /// static RESCALE: Rescale =
    ///     quantized::unwrap(Rescale::from_scales(Quantization::new(1.0, 3), Quantization::new(2.0, 0)));
    /// let mut arena = [0.0; 2];
    /// assert_eq!(RESCALE.forward(Portable, &[[3_i8, 5, -127]], &mut arena)?, [[0, 1, -65]]);
    /// # Ok::<(), tensorlet::Error>(())
    /// ```
    Rescale, "quantized.Rescale", Fused::Identity, wide
}
