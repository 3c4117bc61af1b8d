//! A part that is not trained.

use rand_core::Rng;

use super::{Fused, Layer, Pass, Train};
use crate::{
    Error, Module, Parameter, Path, Tensor, Visitor, VisitorMut,
    description::Description,
    kernel::Kernels,
    memory::{End, Input},
    optim::Optimizer,
    quantized::qas::Int8Weights,
};

/// A layer or network whose parameters are not trained: PyTorch's `requires_grad_(False)` and `eval()`.
///
/// It has no gradient and no optimiser state. Frozen layers at the start of a network run as plain
/// inference in training: nothing of theirs is on the tape. Behind a trained layer a frozen one still
/// passes `∂L/∂x` on.
///
/// ```
/// use tensorlet::{Frozen, Linear, Module};
/// type Head = Linear<16, 10>;
/// type Net = (Frozen<Linear<64, 16>>, Head);
/// assert_eq!((Net::PARAMETERS, Net::GRAD), (64 * 16 + 16 + 170, 170));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(transparent)]
pub struct Frozen<L>(
    /// The layer.
    pub L,
);

impl<L: Module> Module for Frozen<L> {
    const ZERO: Self = Self(L::ZERO);
    const PARAMETERS: usize = L::PARAMETERS;
    const GRAD: usize = 0;

    #[inline]
    fn init<R: Rng>(&mut self, rng: &mut R) {
        self.0.init(rng);
    }

    #[inline]
    fn parameters<V: Visitor>(&self, path: Path<'_>, visitor: &mut V) {
        self.0.parameters(path, &mut NotTrained(visitor));
    }

    #[inline]
    fn parameters_mut<V: VisitorMut>(&mut self, path: Path<'_>, visitor: &mut V) {
        self.0.parameters_mut(path, &mut NotTrained(visitor));
    }
}

/// Marks what it passes on as not trained.
struct NotTrained<'a, V>(&'a mut V);

impl<V: Visitor> Visitor for NotTrained<'_, V> {
    fn parameter(&mut self, parameter: Parameter<'_>, values: &[f32]) {
        self.0.parameter(Parameter { trained: false, ..parameter }, values);
    }

    fn setting(&mut self, path: Path<'_>, value: f32) {
        self.0.setting(path, value);
    }

    fn int8(&mut self, parameter: Parameter<'_>, values: &[i8]) {
        self.0.int8(Parameter { trained: false, ..parameter }, values);
    }
}

impl<V: VisitorMut> VisitorMut for NotTrained<'_, V> {
    fn parameter(&mut self, parameter: Parameter<'_>, values: &mut [f32]) {
        self.0.parameter(Parameter { trained: false, ..parameter }, values);
    }

    fn int8(&mut self, parameter: Parameter<'_>, weights: Int8Weights<'_>) {
        self.0.int8(Parameter { trained: false, ..parameter }, weights);
    }
}

impl<X: Tensor, L: Layer<X>> Layer<X> for Frozen<L> {
    type Out = L::Out;
    const DESCRIPTION: Description = Description::Frozen(&L::DESCRIPTION);
    const PEAK: usize = L::PEAK;
    const PEAK_GIVEN: usize = L::PEAK_GIVEN;
    const STATE: usize = L::STATE;

    #[inline(always)]
    fn check(x: &[X]) -> Result<(), Error> {
        L::check(x)
    }

    #[inline(always)]
    fn infer<K: Kernels>(&self, k: K, input: Input<'_, X>, state: &mut [f32], arena: &mut [f32]) -> End {
        self.0.infer(k, input, state, arena)
    }
}

/// The pass as a part sees it that is not trained.
const fn evaluating(pass: Pass) -> Pass {
    Pass { training: false, ..pass }
}

impl<X: Tensor, L: Train<X>> Train<X> for Frozen<L> {
    const TAPE: usize = L::TAPE;
    const TAPE_LEAF: usize = L::TAPE_LEAF;
    const FUSED: usize = 0;
    const OVERWRITES_X: bool = L::OVERWRITES_X;
    const OVERWRITES_DY: bool = L::OVERWRITES_DY;

    #[inline(always)]
    fn forward_train<K: Kernels>(&self, k: K, pass: Pass, x: &mut [f32], state: &mut [f32], tape: &mut [f32]) {
        self.0.forward_train(k, evaluating(pass), x, state, tape);
    }

    #[inline(always)]
    fn out<'a>(pass: Pass, x: &'a mut [f32], tape: &'a mut [f32]) -> &'a mut [f32] {
        L::out(pass, x, tape)
    }

    #[inline(always)]
    fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], _: &mut [f32]) {
        if pass.input_gradient {
            self.0.backward(k, evaluating(pass), x, tape, &mut []);
        }
    }

    #[inline(always)]
    fn backward_fused<K: Kernels, O: Optimizer>(
        &mut self,
        k: K,
        pass: Pass,
        x: &mut [f32],
        tape: &mut [f32],
        _: Fused<'_, O>,
    ) {
        self.backward(k, pass, x, tape, &mut []);
    }
}
