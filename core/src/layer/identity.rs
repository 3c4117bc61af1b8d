//! The input as it is.

use super::{Layer, Pass, Train};
use crate::{
    Tensor,
    description::{Description, LayerInfo, Op},
    kernel::Kernels,
    memory::{self, End, Input},
    module::no_parameters,
};

/// The input as it is: PyTorch's `nn.Identity`. Costs nothing; a branch of [`Concat`](super::Concat).
///
/// ```
/// use tensorlet::{layer::Identity, Layer, Portable};
/// let y = Identity.forward(Portable, &[[1.0, 2.0]], &mut [0.0; 2]).unwrap().to_vec();
/// assert_eq!(y, [[1.0, 2.0]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Identity;

impl Identity {
    const NEW: Self = Self;
}
no_parameters!([] Identity);

impl<X: Tensor> Layer<X> for Identity {
    type Out = X;
    const DESCRIPTION: Description =
        Description::Layer(LayerInfo { op: Op::Identity, input: X::SHAPE, output: X::SHAPE, parameters: &[], macs: 0 });
    const PEAK: usize = X::WORDS;
    const PEAK_GIVEN: usize = X::WORDS;

    #[inline(always)]
    fn infer<K: Kernels>(&self, _: K, input: Input<'_, X>, _: &mut [f32], arena: &mut [f32]) -> End {
        memory::in_place(input, arena, |_| ())
    }
}

/// In place and without a trace: the slot of the input is the slot of the output.
impl<X: Tensor> Train<X> for Identity {
    const TAPE: usize = 0;

    #[inline(always)]
    fn forward_train<K: Kernels>(&self, _: K, _: Pass, _: &mut [f32], _: &mut [f32], _: &mut [f32]) {}

    #[inline(always)]
    fn out<'a>(_: Pass, x: &'a mut [f32], _: &'a mut [f32]) -> &'a mut [f32] {
        x
    }

    #[inline(always)]
    fn backward<K: Kernels>(&mut self, _: K, _: Pass, _: &mut [f32], _: &mut [f32], _: &mut [f32]) {}
}
