//! Int8 in a network of floats, and how its steps are learned.

use rand_core::Rng;

use super::{Layer, Pass, Train};
use crate::{
    Module, Shape, Tensor,
    description::{Description, LayerInfo, Layout, Op, ParameterInfo},
    kernel::Kernels,
    memory::{self, End, Input},
    module::visit_parameters,
    quantized::Quantization,
};

/// What int8 with a scale and a zero point leaves of a tensor, in floats: PyTorch's `_LearnableFakeQuantize` for
/// `torch.qint8` and `torch.per_tensor_affine`, for training a network that will run on integers.
///
/// `y = scale · (min(max(round(x / scale) + z, -128), 127) - z)`, `z` being the zero point rounded to -128 to 127.
/// Rounding has no derivative, so gradients go straight through it: with `f = 1 / sqrt(n · 127)` for a batch of
/// `n` elements in all (Esser et al., "Learned Step Size Quantization", 2020),
///
/// | `round(x / scale) + z` | `∂y/∂x` | `∂y/∂scale` | `∂y/∂zero_point` |
/// |---|---|---|---|
/// | between -128 and 127 | 1 | `f · (y - x) / scale` | 0 |
/// | below | 0 | `f · (-128 - z)` | `-f · scale` |
/// | above | 0 | `f · (127 - z)` | `-f · scale` |
///
/// Both parameters are trained, and usually slowly: a [group](crate::optim::Groups) of their own. In
/// [`Frozen`](super::Frozen) they stay. A scale below `f32::EPSILON` counts as that.
///
/// ```
/// use tensorlet::{FakeQuantize, Layer, Portable, quantized::Quantization};
/// let layer = FakeQuantize::new(Quantization::new(0.5, -128)); // 0 to 127.5
/// let y = layer.forward(Portable, &[[-3.0, 0.6, 1.9, 500.0]], &mut [0.0; 4])?[0];
/// assert_eq!(y, [0.0, 0.5, 2.0, 127.5]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct FakeQuantize {
    /// The real number that one step stands for.
    pub scale: [f32; 1],
    /// The integer that stands for 0, before it is rounded.
    pub zero_point: [f32; 1],
}

/// Steps on which an element lies: those of int8 without the zero point, with the numbers needed to find them.
#[derive(Clone, Copy)]
struct Steps {
    scale: f32,
    inverse: f32,
    low: f32,
    high: f32,
}

impl FakeQuantize {
    const SCALE: ParameterInfo = ParameterInfo { name: "scale", shape: Shape::new(&[1]), layout: Layout::RowMajor };
    const ZERO_POINT: ParameterInfo =
        ParameterInfo { name: "zero_point", shape: Shape::new(&[1]), layout: Layout::RowMajor };

    /// With this scale and zero point, such as those that an [observer](crate::quantized::Observer) has found.
    #[must_use]
    pub const fn new(quantization: Quantization) -> Self {
        Self { scale: [quantization.scale], zero_point: [quantization.zero_point as f32] }
    }

    /// Scale and zero point as learned: the integers that the layer takes its inputs for.
    #[must_use]
    pub fn quantization(&self) -> Quantization {
        let [[scale], [zero_point]] = [self.scale, self.zero_point];
        // Neither is a number if a training has gone wrong; then the conversion makes 0 of it.
        let zero_point = (libm::rintf(zero_point) as i32).clamp(-128, 127);
        Quantization { scale: scale.max(f32::EPSILON), zero_point }
    }

    #[inline(always)]
    fn steps(&self) -> Steps {
        let Quantization { scale, zero_point } = self.quantization();
        let zero_point = zero_point as f32;
        Steps { scale, inverse: 1.0 / scale, low: -128.0 - zero_point, high: 127.0 - zero_point }
    }
}

impl Steps {
    /// Nearest whole number, half to even, of a number that is at most one step away from those that count.
    #[inline(always)]
    fn nearest(self, steps: f32) -> f32 {
        /// Numbers of this size have no room for halves, whatever is added to them: 1.5 · 2²³.
        const WHOLE: f32 = 12_582_912.0;
        (limit(steps, self.low - 1.0, self.high + 1.0) + WHOLE) - WHOLE
    }

    #[inline(always)]
    fn apply(self, x: &mut [f32]) {
        for x in x {
            *x = limit(self.nearest(*x * self.inverse), self.low, self.high) * self.scale;
        }
    }
}

/// `min(max(x, low), high)`, NaN being kept.
#[inline(always)]
fn limit(x: f32, low: f32, high: f32) -> f32 {
    let x = if x < low { low } else { x };
    if x > high { high } else { x }
}

impl Module for FakeQuantize {
    const ZERO: Self = Self { scale: [0.0], zero_point: [0.0] };
    const PARAMETERS: usize = 2;

    /// Scale 1 and zero point 0, as in PyTorch; draws nothing.
    fn init<R: Rng>(&mut self, _: &mut R) {
        *self = Self::new(Quantization::new(1.0, 0));
    }

    visit_parameters!(scale: Self::SCALE, zero_point: Self::ZERO_POINT);
}

impl<X: Tensor<Elem = f32>> Layer<X> for FakeQuantize {
    type Out = X;
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::Custom("FakeQuantize"),
        input: X::SHAPE,
        output: X::SHAPE,
        parameters: &[Self::SCALE, Self::ZERO_POINT],
        macs: 0,
    });
    const PEAK: usize = X::WORDS;
    const PEAK_GIVEN: usize = X::WORDS;

    #[inline(always)]
    fn infer<K: Kernels>(&self, _: K, input: Input<'_, X>, _: &mut [f32], arena: &mut [f32]) -> End {
        memory::in_place(input, arena, |x| self.steps().apply(x))
    }
}

impl<X: Tensor<Elem = f32>> Train<X> for FakeQuantize {
    #[inline(always)]
    fn forward_train<K: Kernels>(&self, _: K, _: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
        for (y, x) in tape.iter_mut().zip(x) {
            *y = *x;
        }
        self.steps().apply(tape);
    }

    #[inline(always)]
    fn backward<K: Kernels>(&mut self, _: K, pass: Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32]) {
        let steps = self.steps();
        let (mut scale, mut zero_point) = (0.0, 0.0);
        for (x, &dy) in x.iter_mut().zip(tape.iter()) {
            let real = *x * steps.inverse;
            let nearest = steps.nearest(real);
            let inside = nearest >= steps.low && nearest <= steps.high;
            let own = if inside { nearest - real } else { limit(nearest, steps.low, steps.high) };
            scale += dy * own;
            zero_point -= if inside { 0.0 } else { dy * steps.scale };
            *x = if inside { dy } else { 0.0 };
        }
        let factor = 1.0 / libm::sqrtf((pass.n * X::LEN) as f32 * 127.0);
        for (grad, own) in grad.iter_mut().zip([scale * factor, zero_point * factor]) {
            *grad += own;
        }
    }
}
