//! Attention.

#![allow(dead_code, unused_imports, reason = "which adapters are used depends on the cases")]

mod layers;
mod onnx;
mod scaled_dot_product;

pub(crate) use layers::{Additive, Multihead};
pub(crate) use onnx::{Cache, NoCache, Onnx};
pub(crate) use scaled_dot_product::ScaledDotProduct;

use std::marker::PhantomData;

use tensorlet::{
    Tensor,
    ops::{Mask, MaskElement},
};

/// A mask as its values in a case.
pub(crate) trait FromValues {
    type Mask: Mask;

    /// Calls `f` with the mask of these values.
    fn with(values: &[f64], f: impl FnOnce(&Self::Mask));
}

/// None.
pub(crate) struct NoMask;

impl FromValues for NoMask {
    type Mask = ();

    fn with(_: &[f64], f: impl FnOnce(&())) {
        f(&());
    }
}

/// A tensor.
pub(crate) struct Masked<M>(PhantomData<M>);

/// An element from a number.
pub(crate) trait Number: MaskElement {
    fn from_double(value: f64) -> Self;
}

impl Number for f32 {
    fn from_double(value: f64) -> Self {
        value as f32
    }
}

impl Number for u8 {
    fn from_double(value: f64) -> Self {
        u8::from(value != 0.0)
    }
}

impl<M: Tensor<Elem: Number>> FromValues for Masked<M> {
    type Mask = M;

    fn with(values: &[f64], f: impl FnOnce(&M)) {
        let elements: Vec<M::Elem> = values.iter().map(|&value| M::Elem::from_double(value)).collect();
        f(&M::view(&elements)[0]);
    }
}
