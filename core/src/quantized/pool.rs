//! Pooling of int8 and int16.

use core::marker::PhantomData;

use super::{
    Clamp, Fused, Quantization, QuantizeError, QuantizedLayer,
    conv::planes,
    layer::{quantized_layer, quantized_module},
};
use crate::{
    Slide, Sliding, Tensor,
    description::{Description, LayerInfo, Op, Window},
    kernel::{Kernels, Pool2dDims, Pool2dShape},
    layer,
    sliding::{Divisor, Options},
};

/// The sizes of a layer `L` on inputs of type `X`.
struct Sizes<L, X>(PhantomData<(L, X)>);

/// The mean of each window of images `[rows][columns][channels]`, rounded half away from zero: PyTorch's
/// `torch.ao.nn.quantized.AvgPool2d`, TensorFlow Lite's `AVERAGE_POOL_2D`.
///
/// The generics are those of [`tensorlet::AvgPool2d`](crate::AvgPool2d) and the type of the elements, `i8` or
/// `i16`. As in TensorFlow Lite a mean is that of the elements inside the input, whatever `S` says of padding, and
/// input and output have the same scale and zero point.
///
/// ```
/// use tensorlet::{Layer, Portable, Slide, quantized::AvgPool2d};
/// let pool = AvgPool2d::<2, 2, 1, 1, Slide<2>>::NEW;
/// let mut arena = [0.0; 3];
/// assert_eq!(pool.forward(Portable, &[[[[1, -1], [2, -2]], [[3, -3], [4, -4]]]], &mut arena)?, [[[[3, -3]]]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AvgPool2d<const KH: usize, const KW: usize, const OH: usize, const OW: usize, S = Slide<1, 0>, T = i8> {
    clamp: Clamp<T>,
    kind: PhantomData<S>,
}

/// The largest element of each window of images `[rows][columns][channels]`: PyTorch's
/// `torch.ao.nn.quantized.MaxPool2d`, TensorFlow Lite's `MAX_POOL_2D`. Padding never wins.
///
/// The generics are those of [`tensorlet::MaxPool2d`](crate::MaxPool2d) and the type of the elements, `i8` or
/// `i16`. Input and output have the same scale and zero point.
///
/// ```
/// use tensorlet::{Layer, Portable, Slide, quantized::MaxPool2d};
/// let pool = MaxPool2d::<2, 2, 1, 1, Slide<2>>::NEW;
/// let mut arena = [0.0; 3];
/// assert_eq!(pool.forward(Portable, &[[[[1, -1], [2, -2]], [[3, -3], [4, -4]]]], &mut arena)?, [[[[4, -1]]]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaxPool2d<const KH: usize, const KW: usize, const OH: usize, const OW: usize, S = Slide<1, 0>, T = i8> {
    clamp: Clamp<T>,
    kind: PhantomData<S>,
}

/// A pooling layer for one type of elements.
macro_rules! pooling {
    ($name:ident, $op:literal, $t:ty, $kernel:ident) => {
        impl<const KH: usize, const KW: usize, const OH: usize, const OW: usize, S: Sliding>
            $name<KH, KW, OH, OW, S, $t>
        {
            /// Without limits on the output.
            pub const NEW: Self = Self::with_clamp(Clamp::<$t>::NONE);

            /// With these limits on the output.
            #[must_use]
            pub const fn with_clamp(clamp: Clamp<$t>) -> Self {
                Self { clamp, kind: PhantomData }
            }

            /// With the limits of an activation, of outputs with this scale and zero point.
            ///
            /// # Errors
            /// [`QuantizeError::Scale`]: the scale is not positive and finite.
            pub const fn from_scales(output: Quantization, fused: Fused) -> Result<Self, QuantizeError> {
                if !output.is_valid() {
                    return Err(QuantizeError::Scale { channel: 0 });
                }
                let (min, max) = fused.limits(output, <$t>::MIN as i32, <$t>::MAX as i32);
                Ok(Self::with_clamp(Clamp { min: min as $t, max: max as $t }))
            }
        }

        quantized_module!(
            [const KH: usize, const KW: usize, const OH: usize, const OW: usize, S: Sliding]
            $name<KH, KW, OH, OW, S, $t>,
            0
        );

        impl<
            const KH: usize,
            const KW: usize,
            const OH: usize,
            const OW: usize,
            S: Sliding,
            const H: usize,
            const W: usize,
            const C: usize,
        > Pool2dShape for Sizes<$name<KH, KW, OH, OW, S, $t>, [[[$t; C]; W]; H]>
        {
            const DIMS: Pool2dDims = layer::pool_dims(
                $op,
                Some(Window {
                    kernel: [KH, KW],
                    options: Options { divisor: Divisor::Inside, ..S::OPTIONS },
                }),
                planes(<[[[$t; C]; W]; H]>::SHAPE),
                planes(<[[[$t; C]; OW]; OH]>::SHAPE),
            );
        }

        impl<
            const KH: usize,
            const KW: usize,
            const OH: usize,
            const OW: usize,
            S: Sliding,
            const H: usize,
            const W: usize,
            const C: usize,
        > QuantizedLayer<[[[$t; C]; W]; H]> for $name<KH, KW, OH, OW, S, $t>
        {
            type Out = [[[$t; C]; OW]; OH];
            const DESCRIPTION: Description = {
                assert!(KH * KW < 1 << 16, "a window of a quantized pooling has at most 65535 elements");
                let _ = <Sizes<Self, [[[$t; C]; W]; H]> as Pool2dShape>::DIMS;
                Description::Layer(LayerInfo {
                    op: Op::Custom($op),
                    input: <[[[$t; C]; W]; H]>::SHAPE,
                    output: <[[[$t; C]; OW]; OH]>::SHAPE,
                    parameters: &[],
                    macs: 0,
                })
            };

            #[inline]
            fn apply<K: Kernels>(
                &self,
                k: K,
                x: &[[[[$t; C]; W]; H]],
                y: &mut [[[[$t; C]; OW]; OH]],
                _: &mut [f32],
            ) {
                const { assert!(KH * KW < 1 << 16, "a window of a quantized pooling has at most 65535 elements") };
                let (x, y) = (Tensor::flat(x), Tensor::flat_mut(y));
                k.$kernel::<Sizes<Self, [[[$t; C]; W]; H]>, C>(x, self.clamp, y);
            }
        }

        quantized_layer!(
            [const KH: usize, const KW: usize, const OH: usize, const OW: usize, S: Sliding]
            $name<KH, KW, OH, OW, S, $t>,
            [const H: usize, const W: usize, const C: usize,] [[[$t; C]; W]; H]
        );
    };
}

pooling!(AvgPool2d, "quantized.AvgPool2d", i8, avg_pool2d_i8);
pooling!(AvgPool2d, "quantized.AvgPool2d", i16, avg_pool2d_i16);
pooling!(MaxPool2d, "quantized.MaxPool2d", i8, max_pool2d_i8);
pooling!(MaxPool2d, "quantized.MaxPool2d", i16, max_pool2d_i16);
