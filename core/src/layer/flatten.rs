//! All dimensions of a sample into one.

use super::{Layer, Pass, Train};
use crate::{
    Tensor,
    description::{Description, LayerInfo, Op},
    kernel::Kernels,
    memory::{self, End, Input},
    message::{Part, fail},
    module::no_parameters,
};

/// All dimensions of a sample into one: PyTorch's `nn.Flatten()`. Costs nothing.
///
/// `Flatten` alone cannot know the length, so it is part of the type: `Flatten<64>`; in
/// [`network!`](crate::network) it is inferred.
///
/// ```
/// use tensorlet::{Flatten, Layer, Portable};
/// let x = [[[1.0, 2.0], [3.0, 4.0]]];
/// let y = Flatten::<4>.forward(Portable, &x, &mut [0.0; 4]).unwrap().to_vec();
/// assert_eq!(y, [[1.0, 2.0, 3.0, 4.0]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Flatten<const N: usize>;

impl<const N: usize> Flatten<N> {
    const NEW: Self = Self;
}
no_parameters!([const N: usize] Flatten<N>);

impl<X: Tensor<Elem = f32>, const N: usize> Layer<X> for Flatten<N> {
    type Out = [f32; N];
    const DESCRIPTION: Description = {
        if X::LEN != N {
            fail(&[
                Part::Text("shape mismatch: layer `Flatten<"),
                Part::Number(N),
                Part::Text(">` cannot take an input of shape "),
                Part::Shape(X::SHAPE),
            ]);
        }
        Description::Layer(LayerInfo {
            op: Op::Flatten,
            input: X::SHAPE,
            output: <[f32; N]>::SHAPE,
            parameters: &[],
            macs: 0,
        })
    };
    const PEAK: usize = X::WORDS;
    const PEAK_GIVEN: usize = X::WORDS;

    #[inline(always)]
    fn infer<K: Kernels>(&self, _: K, input: Input<'_, X>, _: &mut [f32], arena: &mut [f32]) -> End {
        const { assert!(X::LEN == N, "shape mismatch: Flatten<N> needs inputs of N elements") };
        memory::in_place(input, arena, |_| ())
    }
}

/// In place and without a trace: the slot of the input is the slot of the output.
impl<X: Tensor<Elem = f32>, const N: usize> Train<X> for Flatten<N> {
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
