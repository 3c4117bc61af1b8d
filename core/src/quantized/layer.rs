//! What all quantized layers have in common.

use super::QuantizeError;
use crate::{Module, Tensor, description::Description, kernel::Kernels};

/// A layer of integers that reads one place and writes another: what [`Layer`](crate::Layer) is made of, and
/// what a network calls that lays out its own memory.
pub trait QuantizedLayer<X: Tensor>: Module {
    /// The type of one output sample.
    type Out: Tensor;

    /// What the layer is.
    const DESCRIPTION: Description;

    /// 32-bit words of scratch.
    const SCRATCH: usize = 0;

    /// The outputs `y` of the samples `x`; `scratch` has [`SCRATCH`](Self::SCRATCH) words.
    fn apply<K: Kernels>(&self, k: K, x: &[X], y: &mut [Self::Out], scratch: &mut [f32]);
}

/// Implements [`Layer`](crate::Layer) and [`Train`](crate::Train) for a [`QuantizedLayer`]:
/// `[generics] Type [more generics] input`.
#[doc(hidden)]
#[macro_export]
macro_rules! quantized_layer {
    ([$($generics:tt)*] $name:ty, [$($more:tt)*] $input:ty) => {
        impl<$($more)* $($generics)*> $crate::Layer<$input> for $name {
            type Out = <Self as $crate::quantized::QuantizedLayer<$input>>::Out;
            const DESCRIPTION: $crate::Description =
                <Self as $crate::quantized::QuantizedLayer<$input>>::DESCRIPTION;
            const PEAK: usize = <$input as $crate::Tensor>::WORDS
                + <Self as $crate::Layer<$input>>::PEAK_GIVEN;
            const PEAK_GIVEN: usize =
                <<Self as $crate::quantized::QuantizedLayer<$input>>::Out as $crate::Tensor>::WORDS
                + <Self as $crate::quantized::QuantizedLayer<$input>>::SCRATCH;

            #[inline(always)]
            fn infer<K: $crate::Kernels>(
                &self,
                k: K,
                input: $crate::memory::Input<'_, $input>,
                _: &mut [f32],
                arena: &mut [f32],
            ) -> $crate::memory::End {
                $crate::memory::out_of_place(input, arena, |x, y, scratch| {
                    $crate::quantized::QuantizedLayer::apply(self, k, x, y, scratch);
                })
            }
        }

        impl<$($more)* $($generics)*> $crate::Train<$input> for $name {
            const TAPE: usize = <Self as $crate::Layer<$input>>::PEAK_GIVEN;

            #[inline(always)]
            fn forward_train<K: $crate::Kernels>(
                &self,
                k: K,
                pass: $crate::layer::Pass,
                x: &mut [f32],
                _: &mut [f32],
                tape: &mut [f32],
            ) {
                let x = <$input as $crate::Tensor>::in_words(x, pass.n);
                let words = pass.n * <<Self as $crate::Layer<$input>>::Out as $crate::Tensor>::WORDS;
                let (y, scratch) = $crate::memory::cut(tape, $crate::memory::End::High, words);
                let y = <<Self as $crate::Layer<$input>>::Out as $crate::Tensor>::in_words_mut(y, pass.n);
                $crate::quantized::QuantizedLayer::apply(self, k, x, y, scratch);
            }

            #[inline(always)]
            fn backward<K: $crate::Kernels>(
                &mut self, _: K, _: $crate::layer::Pass, _: &mut [f32], _: &mut [f32], _: &mut [f32],
            ) {}
        }
    };
}
pub(super) use quantized_layer;

/// Implements [`Module`] for a layer whose parameters no visitor of floats sees and no optimiser trains:
/// `[generics] Type, number of parameters`, with a constant `NEW`.
macro_rules! quantized_module {
    ([$($generics:tt)*] $name:ty, $parameters:expr) => {
        impl<$($generics)*> $crate::Module for $name {
            const ZERO: Self = Self::NEW;
            const PARAMETERS: usize = $parameters;
            const GRAD: usize = 0;

            #[inline(always)]
            fn init<Generator: rand_core::Rng>(&mut self, _: &mut Generator) {}

            #[inline(always)]
            fn parameters<V: $crate::Visitor>(&self, _: $crate::Path<'_>, _: &mut V) {}

            #[inline(always)]
            fn parameters_mut<V: $crate::VisitorMut>(&mut self, _: $crate::Path<'_>, _: &mut V) {}
        }
    };
}
pub(super) use quantized_module;

/// The layer, where it is made in a constant; compilation stops if it cannot be made.
///
/// # Panics
/// At run time with an error; use `?` there.
#[must_use]
#[track_caller]
pub const fn unwrap<L: Copy>(layer: Result<L, QuantizeError>) -> L {
    match layer {
        Ok(layer) => layer,
        Err(error) => panic!("{}", error.message()),
    }
}
