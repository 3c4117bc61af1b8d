//! The same numbers in another shape.

use core::marker::PhantomData;

use super::{Layer, Pass, Train};
use crate::{
    Tensor,
    description::{Description, LayerInfo, Op},
    kernel::Kernels,
    memory::{self, End, Input},
    message::{Part, fail},
    module::no_parameters,
};

/// A sample in the shape `Y`, which has as many numbers: PyTorch's `nn.Unflatten`, and `x.view`. Costs
/// nothing.
///
/// ```
/// use tensorlet::{layer::View, Layer, Module, Portable};
/// let view = View::<[[f32; 2]; 3]>::ZERO;
/// let y = view.forward(Portable, &[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]], &mut [0.0; 6]).unwrap().to_vec();
/// assert_eq!(y, [[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]]);
/// ```
///
/// On integers it is TensorFlow Lite's `RESHAPE`, and has the name [`quantized::Reshape`](crate::quantized::Reshape), too.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct View<Y>(PhantomData<fn(Y)>);

impl<Y> View<Y> {
    const NEW: Self = Self(PhantomData);
}
no_parameters!([Y: Tensor] View<Y>);

impl<X: Tensor, Y: Tensor<Elem = X::Elem>> Layer<X> for View<Y> {
    type Out = Y;
    const DESCRIPTION: Description = {
        if X::LEN != Y::LEN {
            fail(&[
                Part::Text("shape mismatch: layer `View` cannot show an input of shape "),
                Part::Shape(X::SHAPE),
                Part::Text(" as shape "),
                Part::Shape(Y::SHAPE),
            ]);
        }
        Description::Layer(LayerInfo { op: Op::View, input: X::SHAPE, output: Y::SHAPE, parameters: &[], macs: 0 })
    };
    const PEAK: usize = X::WORDS;
    const PEAK_GIVEN: usize = X::WORDS;

    #[inline(always)]
    fn infer<K: Kernels>(&self, _: K, input: Input<'_, X>, _: &mut [f32], arena: &mut [f32]) -> End {
        const { assert!(X::LEN == Y::LEN, "shape mismatch: View<Y> needs inputs with as many numbers as Y") };
        memory::in_place(input, arena, |_| ())
    }
}

/// In place and without a trace: the slot of the input is the slot of the output.
impl<X: Tensor, Y: Tensor<Elem = X::Elem>> Train<X> for View<Y> {
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
