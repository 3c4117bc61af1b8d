//! Softmax of int16.

use crate::{
    Tensor,
    description::{Description, LayerInfo, Op},
    kernel::Kernels,
    quantized::{
        Multiplier, QuantizeError, QuantizedLayer,
        layer::{quantized_layer, quantized_module},
    },
};

/// `y_i = exp(β s x_i) / Σ_j exp(β s x_j)` over the last dimension of int16 tensors, `s` being the scale of the
/// input: TensorFlow Lite's `SOFTMAX`.
///
/// The output's scale is 1/32768. Exponential and reciprocal are interpolated between entries of two tables that
/// all such layers share, as TensorFlow Lite's reference kernel does; what is 10 below the largest counts as 10 below.
///
/// ```
/// use tensorlet::{Layer, Portable, quantized::{self, int16::Softmax}};
/// static SOFTMAX: Softmax = quantized::unwrap(Softmax::from_scale(1.0 / 1024.0, 1.0));
/// let mut arena = [0.0; 4];
/// // Of 0, 1 and -20: 0.269, 0.731 and 0 in steps of 1/32768.
/// assert_eq!(SOFTMAX.forward(Portable, &[[0_i16, 1024, -20480]], &mut arena)?, [[8813, 23953, 1]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Softmax {
    scale: Multiplier,
}

impl Softmax {
    const NEW: Self = Self { scale: Multiplier { multiplier: 0, shift: 0 } };

    /// From the multiplier of differences to the largest element, which makes -65535 of -10, as CMSIS-NN takes it.
    ///
    /// # Errors
    /// [`QuantizeError::Scale`]: the multiplier or its shift is out of range.
    pub const fn from_multiplier(scale: Multiplier) -> Result<Self, QuantizeError> {
        // Differences of int16 leave room for 14 bits more.
        if scale.multiplier < 0 || scale.shift > 14 || scale.shift < -31 {
            return Err(QuantizeError::Scale { channel: 0 });
        }
        Ok(Self { scale })
    }

    /// From the scale of the input and `β`, which is 1 but in old models.
    ///
    /// # Errors
    /// [`QuantizeError::Scale`]: a scale is not positive, or larger than 2.
    pub const fn from_scale(input: f32, beta: f32) -> Result<Self, QuantizeError> {
        if !(input > 0.0 && beta > 0.0 && input * beta < f32::INFINITY) {
            return Err(QuantizeError::Scale { channel: 0 });
        }
        Self::from_multiplier(Multiplier::from_real(input as f64 * beta as f64 / (10.0 / 65535.0)))
    }
}

quantized_module!([] Softmax, 0);

impl<X: Tensor<Elem = i16>> QuantizedLayer<X> for Softmax {
    type Out = X;
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::Custom("quantized.int16.Softmax"),
        input: X::SHAPE,
        output: X::SHAPE,
        parameters: &[],
        macs: 0,
    });

    #[inline]
    fn apply<K: Kernels>(&self, k: K, x: &[X], y: &mut [X], _: &mut [f32]) {
        let row = const { X::SHAPE.dim(X::SHAPE.rank().saturating_sub(1)) };
        k.softmax_i16(row, X::flat(x), self.scale, X::flat_mut(y));
    }
}

quantized_layer!([] Softmax, [X: Tensor<Elem = i16>] X);
