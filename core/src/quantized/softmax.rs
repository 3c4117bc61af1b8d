//! Softmax of int8.

use super::{
    Multiplier, Quantization, QuantizeError, QuantizedLayer, fixed_point,
    layer::{quantized_layer, quantized_module},
};
use crate::{
    Tensor,
    description::{Description, LayerInfo, Op},
    kernel::Kernels,
};

/// `y_i = exp(β s x_i) / Σ_j exp(β s x_j)` over the last dimension, `s` being the scale of the input: PyTorch's
/// `nn.Softmax(dim=-1)` on `torch.qint8`, TensorFlow Lite's `SOFTMAX`.
///
/// The output's scale is 1/256, its zero point -128. All is computed in integers, bit for bit as gemmlowp does; the
/// layer holds the exponentials of the 256 differences to the largest element that there can be.
///
/// ```
/// use tensorlet::{Layer, Portable, quantized::{self, Quantization, Softmax}};
/// static SOFTMAX: Softmax = quantized::unwrap(Softmax::from_scales(Quantization::new(0.5, 3), 1.0));
/// let mut arena = [0.0; 2];
/// // Of 0, 1 and -64: 0.269, 0.731 and 0 in steps of 1/256.
/// assert_eq!(SOFTMAX.forward(Portable, &[[3_i8, 5, -125]], &mut arena)?, [[-59, 59, -128]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Softmax {
    /// In Q0.31, of differences 0, -1, …
    exponentials: [i32; 256],
}

impl Softmax {
    const NEW: Self = Self { exponentials: [0; 256] };

    /// The scaled differences are in Q5.26.
    const POINT: u32 = 26;

    /// From a multiplier whose shift is not negative, and the smallest difference to the largest element whose
    /// exponential counts, as CMSIS-NN takes them.
    ///
    /// # Errors
    /// [`QuantizeError::Scale`]: the multiplier or its shift is out of range.
    pub const fn from_multiplier(scale: Multiplier, diff_min: i32) -> Result<Self, QuantizeError> {
        if scale.multiplier < 0 || scale.shift < 0 || scale.shift > 30 {
            return Err(QuantizeError::Scale { channel: 0 });
        }
        let mut softmax = Self::NEW;
        let mut difference = 0;
        while difference < 256 && -difference >= diff_min {
            let shifted = ((difference as i64) << scale.shift).wrapping_neg();
            // What leaves 32 bits is far below what counts.
            if shifted >= i32::MIN as i64 {
                let x = fixed_point::multiply(shifted as i32, scale.multiplier);
                softmax.exponentials[difference as usize] = fixed_point::exp_of_negative(x);
            }
            difference += 1;
        }
        Ok(softmax)
    }

    /// From the scale of the input and `β`, which is 1 but in old models.
    ///
    /// # Errors
    /// [`QuantizeError::Scale`]: a scale is not positive and finite, or smaller than `2^-26`.
    pub const fn from_scales(input: Quantization, beta: f32) -> Result<Self, QuantizeError> {
        if !(input.is_valid() && beta > 0.0 && beta < f32::INFINITY) {
            return Err(QuantizeError::Scale { channel: 0 });
        }
        let real = beta as f64 * input.scale as f64 * (1_i64 << Self::POINT) as f64;
        if real <= 1.0 {
            return Err(QuantizeError::Scale { channel: 0 });
        }
        // From 2^30 on one step is more than 5 bits before the point hold.
        const MOST: f64 = (1 << 30) as f64;
        let (scale, radius) = if real < MOST {
            let scale = Multiplier::from_real(real);
            (scale, (31_i64 << Self::POINT) >> scale.shift)
        } else {
            (Multiplier::from_real(MOST), 0)
        };
        Self::from_multiplier(scale, -(radius as i32))
    }
}

quantized_module!([] Softmax, 0);

impl<X: Tensor<Elem = i8>> QuantizedLayer<X> for Softmax {
    type Out = X;
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::Custom("quantized.Softmax"),
        input: X::SHAPE,
        output: X::SHAPE,
        parameters: &[],
        macs: 0,
    });

    #[inline]
    fn apply<K: Kernels>(&self, k: K, x: &[X], y: &mut [X], _: &mut [f32]) {
        let row = const { X::SHAPE.dim(X::SHAPE.rank().saturating_sub(1)) };
        k.softmax_i8(row, X::flat(x), &self.exponentials, X::flat_mut(y));
    }
}

quantized_layer!([] Softmax, [X: Tensor<Elem = i8>] X);
