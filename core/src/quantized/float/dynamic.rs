//! Floats that are rounded for int8 weights at run time.

use crate::{
    Layer, Tensor, Train,
    description::{Description, LayerInfo, Op},
    kernel::Kernels,
    layer::Pass,
    memory::{self, End, Input},
    module::no_parameters,
};

/// Rounds each sample to the 255 steps that its own largest number spans: what dynamic range quantization (PyTorch's
/// `torch.ao.nn.quantized.dynamic`, TensorFlow Lite's "hybrid" operators) does to the input of a layer with int8
/// weights.
///
/// `y = scale · clamp(round(x / scale), -127, 127)` with `scale = max|x| / 127`, half away from zero. The sum over
/// such numbers and weights on the steps of theirs is, but for rounding, the one that TensorFlow Lite computes in
/// integers. Trained straight through: `∂L/∂x = ∂L/∂y`.
///
/// ```
/// use tensorlet::{Layer, Portable, quantized::DynamicFakeQuantize};
/// let y = DynamicFakeQuantize.forward(Portable, &[[-254.0, 3.0, 0.9]], &mut [0.0; 3])?.to_vec();
/// assert_eq!(y, [[-254.0, 4.0, 0.0]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DynamicFakeQuantize;

impl DynamicFakeQuantize {
    const NEW: Self = Self;

    #[inline]
    fn apply<X: Tensor<Elem = f32>>(x: &mut [X]) {
        for x in x {
            round(x.elements_mut());
        }
    }
}

/// Rounds one sample.
fn round(x: &mut [f32]) {
    let most = x.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    // Zeros stay, and what is not finite has no steps.
    if most == 0.0 || !most.is_finite() {
        return;
    }
    // Both quotients are TensorFlow Lite's.
    let (scale, inverse) = (most / 127.0, 127.0 / most);
    for x in x {
        *x = libm::roundf(*x * inverse).clamp(-127.0, 127.0) * scale;
    }
}

no_parameters!([] DynamicFakeQuantize);

impl<X: Tensor<Elem = f32>> Layer<X> for DynamicFakeQuantize {
    type Out = X;
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::Custom("DynamicFakeQuantize"),
        input: X::SHAPE,
        output: X::SHAPE,
        parameters: &[],
        macs: 0,
    });
    const PEAK: usize = X::WORDS;
    const PEAK_GIVEN: usize = X::WORDS;

    #[inline]
    fn infer<K: Kernels>(&self, _: K, input: Input<'_, X>, _: &mut [f32], arena: &mut [f32]) -> End {
        memory::in_place(input, arena, |x| Self::apply(X::view_mut(x)))
    }
}

impl<X: Tensor<Elem = f32>> Train<X> for DynamicFakeQuantize {
    const TAPE: usize = 0;
    const OVERWRITES_X: bool = true;

    #[inline]
    fn forward_train<K: Kernels>(&self, _: K, pass: Pass, x: &mut [f32], _: &mut [f32], _: &mut [f32]) {
        Self::apply(X::in_words_mut(x, pass.n));
    }

    #[inline(always)]
    fn out<'a>(_: Pass, x: &'a mut [f32], _: &'a mut [f32]) -> &'a mut [f32] {
        x
    }

    #[inline(always)]
    fn backward<K: Kernels>(&mut self, _: K, _: Pass, _: &mut [f32], _: &mut [f32], _: &mut [f32]) {}
}
