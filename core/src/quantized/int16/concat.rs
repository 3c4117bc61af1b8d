//! Tensors of int16 one behind the other.

use core::marker::PhantomData;

use super::rescale;
use crate::{
    Tensor,
    kernel::Kernels,
    ops::{Parts, cat_map},
    quantized::{Clamp, Multiplier, Quantization, QuantizeError, Rounding, Twice, layer::quantized_module},
};

/// [`quantized::Concat`](crate::quantized::Concat) on int16: `N` tensors one behind the other along dimension `D`,
/// TensorFlow Lite's `CONCATENATION`.
///
/// Inputs whose scale is not that of the output are brought to it, as [`Rescale`](super::Rescale) does. TensorFlow
/// Lite has such inputs rescaled before. `R` says how.
///
/// ```
/// use tensorlet::{Portable, quantized::{self, int16::Concat}};
/// static CONCAT: Concat<-1, 2> = quantized::unwrap(Concat::from_scales([1.0, 0.5], 0.5));
/// let mut y = [[[0_i16; 3]; 2]];
/// CONCAT.apply_parts(Portable, (&[[100_i16], [20_000]], &[[3_i16, 4], [5, 6]]), &mut y[0]);
/// assert_eq!(y, [[[200, 3, 4], [32767, 5, 6]]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Concat<const D: isize, const N: usize, R = Twice> {
    /// The scale of each input relative to the output's; none for those that are copied.
    scales: [Option<Multiplier>; N],
    kind: PhantomData<R>,
}

impl<const D: isize, const N: usize, R: Rounding> Concat<D, N, R> {
    const NEW: Self = Self { scales: [None; N], kind: PhantomData };

    /// From the scales of the inputs and the output.
    ///
    /// # Errors
    /// [`QuantizeError::Scale`]: a scale is not positive and finite, or 2^16 times that of the output or more.
    pub const fn from_scales(inputs: [f32; N], output: f32) -> Result<Self, QuantizeError> {
        let (mut concat, mut i) = (Self::NEW, 0);
        while i < N {
            match rescale::between(Quantization::new(inputs[i], 0), Quantization::new(output, 0)) {
                Ok(scale) if inputs[i] != output => concat.scales[i] = Some(scale),
                Ok(_) => {}
                Err(error) => return Err(error),
            }
            i += 1;
        }
        Ok(concat)
    }

    /// The result for one sample of each input: a tuple of `N` references, each to a type of its own, or an array of
    /// them. Does not compile unless the shapes fit.
    #[inline]
    pub fn apply_parts<K: Kernels, P: Parts<Elem = i16>, Y: Tensor<Elem = i16>>(&self, _: K, parts: P, y: &mut Y) {
        const { assert!(P::SHAPES.len() == N, "as many tensors as the layer's type says") };
        cat_map::<D, P, Y>(parts, y, |i, x| {
            let scale = self.scales.get(i).copied().flatten();
            scale.map_or(x, |scale| Clamp::<i16>::NONE.apply(scale.scale::<R>(x.into())))
        });
    }
}

quantized_module!([const D: isize, const N: usize, R: Rounding] Concat<D, N, R>, 0);
