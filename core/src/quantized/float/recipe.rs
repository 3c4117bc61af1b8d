//! What a layer of integers is made of, for those who write it down.

use super::super::{Fused, Quantization};
use crate::Path;

/// What a layer of integers is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Recipe<'a> {
    /// A layer that its `from_scales` makes.
    Weighted {
        /// The name of its type in [`tensorlet::quantized`](crate::quantized).
        name: &'static str,
        /// The weight, in TensorFlow Lite's order.
        weight: &'a [i8],
        /// The bias, in steps of `input · weight_scales`.
        bias: &'a [i32],
        /// The quantization of the input.
        input: Quantization,
        /// The scale of each output channel's weights.
        weight_scales: &'a [f32],
        /// The quantization of the output.
        output: Quantization,
        /// The activation that the output has gone through.
        fused: Fused,
    },
    /// A [`Clip`](crate::quantized::Clip) between these integers.
    Clip {
        /// The smallest.
        min: i8,
        /// The largest.
        max: i8,
    },
    /// A layer without numbers: its [`Module::ZERO`](crate::Module::ZERO).
    Plain,
}

/// Sees what each layer of a network is made of, in order.
pub trait RecipeVisitor {
    /// Called for each layer with its path.
    fn layer(&mut self, path: Path<'_>, recipe: Recipe<'_>);
}

/// Looks at nothing.
impl RecipeVisitor for () {
    fn layer(&mut self, _: Path<'_>, _: Recipe<'_>) {}
}
