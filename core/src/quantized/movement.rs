//! Layers that move elements and compute nothing.

use core::marker::PhantomData;

use super::{
    QuantizedLayer,
    layer::{quantized_layer, quantized_module},
};
use crate::{
    Element, Tensor,
    description::{Description, LayerInfo, Op},
    kernel::Kernels,
    ops::{self, Constant, Dims, Pads},
};

/// A margin of one value around the last dimensions: PyTorch's `nn.ConstantPad2d(padding, value)`, TensorFlow
/// Lite's `PAD` and `PADV2`.
///
/// `P` are the margins as [`ops::pad`] takes them, those of the last dimension first, and `Y` is the type of the
/// output. The value of `PAD` is the zero point.
///
/// ```
/// use tensorlet::{Layer, Portable, ops::Pad, quantized::ConstantPad};
/// /// A column of one channel on the right, two rows above.
/// type Margins = (Pad<0, 0>, Pad<0, 1>, Pad<2, 0>);
/// let pad = ConstantPad::<[[[i8; 1]; 3]; 3], Margins>::new(-7);
/// let mut arena = [0.0; 4];
/// let y = pad.forward(Portable, &[[[[1_i8], [2]]]], &mut arena)?;
/// assert_eq!(y, [[[[-7], [-7], [-7]], [[-7], [-7], [-7]], [[1], [2], [-7]]]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConstantPad<Y: Tensor, P> {
    value: Y::Elem,
    kind: PhantomData<P>,
}

impl<Y: Tensor, P: Pads + Default> ConstantPad<Y, P> {
    const NEW: Self = Self::new(<Y::Elem as Element>::ZERO);

    /// With this value in the margins.
    #[must_use]
    pub const fn new(value: Y::Elem) -> Self {
        Self { value, kind: PhantomData }
    }
}

quantized_module!([Y: Tensor, P: Pads + Default] ConstantPad<Y, P>, 0);

impl<X: Tensor<Elem = Y::Elem>, Y: Tensor, P: Pads + Default> QuantizedLayer<X> for ConstantPad<Y, P> {
    type Out = Y;
    const DESCRIPTION: Description = info::<X, Y>("quantized.ConstantPad");

    #[inline]
    fn apply<K: Kernels>(&self, _: K, x: &[X], y: &mut [Y], _: &mut [f32]) {
        for (x, y) in x.iter().zip(y) {
            ops::pad(x, P::default(), Constant(self.value), y);
        }
    }
}

quantized_layer!([Y: Tensor, P: Pads + Default] ConstantPad<Y, P>, [X: Tensor<Elem = Y::Elem>,] X);

/// Dimension `i` of the output is dimension `D[i]` of the input: PyTorch's `x.permute(D)`, TensorFlow Lite's
/// `TRANSPOSE`.
///
/// `D` are the dimensions as [`ops::permute`] takes them, and `Y` is the type of the output.
///
/// ```
/// use tensorlet::{Layer, Portable, ops::Dim, quantized::Permute};
/// let transpose = Permute::<[[i8; 2]; 3], (Dim<1>, Dim<0>)>::NEW;
/// let mut arena = [0.0; 4];
/// let y = transpose.forward(Portable, &[[[1_i8, 2, 3], [4, 5, 6]]], &mut arena)?;
/// assert_eq!(y, [[[1, 4], [2, 5], [3, 6]]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Permute<Y, D>(PhantomData<(Y, D)>);

impl<Y, D> Permute<Y, D> {
    /// The layer: it has no parameters.
    pub const NEW: Self = Self(PhantomData);
}

quantized_module!([Y: Tensor, D: Dims + Default] Permute<Y, D>, 0);

impl<X: Tensor, Y: Tensor<Elem = X::Elem>, D: Dims + Default> QuantizedLayer<X> for Permute<Y, D> {
    type Out = Y;
    const DESCRIPTION: Description = info::<X, Y>("quantized.Permute");

    #[inline]
    fn apply<K: Kernels>(&self, _: K, x: &[X], y: &mut [Y], _: &mut [f32]) {
        for (x, y) in x.iter().zip(y) {
            ops::permute(x, D::default(), y);
        }
    }
}

quantized_layer!([Y: Tensor, D: Dims + Default] Permute<Y, D>, [X: Tensor<Elem = Y::Elem>,] X);

const fn info<X: Tensor, Y: Tensor>(name: &'static str) -> Description {
    Description::Layer(LayerInfo { op: Op::Custom(name), input: X::SHAPE, output: Y::SHAPE, parameters: &[], macs: 0 })
}
