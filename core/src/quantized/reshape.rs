//! Layers without work, as parts of networks that lay out their own memory: there the output can be the input.

use super::QuantizedLayer;
use crate::{
    Layer, Tensor,
    description::Description,
    kernel::Kernels,
    layer::{Identity, View},
};

impl<X: Tensor, Y: Tensor<Elem = X::Elem>> QuantizedLayer<X> for View<Y> {
    type Out = Y;
    const DESCRIPTION: Description = <Self as Layer<X>>::DESCRIPTION;

    /// Copies.
    #[inline]
    fn apply<K: Kernels>(&self, _: K, x: &[X], y: &mut [Y], _: &mut [f32]) {
        const { assert!(X::LEN == Y::LEN, "shape mismatch: Reshape<Y> needs inputs with as many numbers as Y") };
        copy(X::flat(x), Y::flat_mut(y));
    }
}

impl<X: Tensor> QuantizedLayer<X> for Identity {
    type Out = X;
    const DESCRIPTION: Description = <Self as Layer<X>>::DESCRIPTION;

    /// Copies.
    #[inline]
    fn apply<K: Kernels>(&self, _: K, x: &[X], y: &mut [X], _: &mut [f32]) {
        copy(X::flat(x), X::flat_mut(y));
    }
}

#[inline(always)]
fn copy<T: Copy>(x: &[T], y: &mut [T]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y = *x;
    }
}
