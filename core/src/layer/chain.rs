//! One layer after another: pairs, nested for longer chains.
//!
//! The steps of training are free functions that take what stands behind a layer as a closure:
//! pairs and [`network!`](crate::network) share them.

use rand_core::Rng;

use super::{Fused, Layer, Pass, Train};
use crate::{
    Error, Module, Path, Tensor, Visitor, VisitorMut,
    description::Description,
    kernel::{Epilogue, Kernels},
    memory::{self, End, Input, max},
    optim::Optimizer,
};

impl<A: Module, B: Module> Module for (A, B) {
    const ZERO: Self = (A::ZERO, B::ZERO);
    const PARAMETERS: usize = A::PARAMETERS + B::PARAMETERS;
    const GRAD: usize = A::GRAD + B::GRAD;

    #[inline]
    fn init<R: Rng>(&mut self, rng: &mut R) {
        self.0.init(rng);
        self.1.init(rng);
    }

    #[inline]
    fn parameters<V: Visitor>(&self, path: Path<'_>, visitor: &mut V) {
        self.0.parameters(path.join("0"), visitor);
        self.1.parameters(path.join("1"), visitor);
    }

    #[inline]
    fn parameters_mut<V: VisitorMut>(&mut self, path: Path<'_>, visitor: &mut V) {
        self.0.parameters_mut(path.join("0"), visitor);
        self.1.parameters_mut(path.join("1"), visitor);
    }
}

/// `B` after `A`. The peak is the larger of the two; the tapes lie one behind the other.
impl<X: Tensor, A: Layer<X>, B: Layer<A::Out>> Layer<X> for (A, B) {
    type Out = B::Out;
    const DESCRIPTION: Description = Description::Chain(&A::DESCRIPTION, &B::DESCRIPTION);
    const PEAK: usize = max(A::PEAK, B::PEAK);
    const PEAK_GIVEN: usize = max(A::PEAK_GIVEN, B::PEAK);
    const STATE: usize = A::STATE + B::STATE;
    const LEADS_WITH: Epilogue = A::LEADS_WITH;

    #[inline(always)]
    fn check(x: &[X]) -> Result<(), Error> {
        A::check(x)
    }

    #[inline(always)]
    fn infer<K: Kernels>(&self, k: K, input: Input<'_, X>, state: &mut [f32], arena: &mut [f32]) -> End {
        let n = input.n();
        let (state, state_rest) = memory::split(state, n * A::STATE);
        if const { A::LEADS_WITH.is_identity() && !B::LEADS_WITH.is_identity() } {
            let at = self.0.infer_then(k, B::LEADS_WITH, input, state, arena);
            self.1.infer_then(k, Epilogue::Identity, Input::Arena { n, at }, state_rest, arena)
        } else {
            let at = self.0.infer(k, input, state, arena);
            self.1.infer(k, Input::Arena { n, at }, state_rest, arena)
        }
    }

    #[inline(always)]
    fn infer_then<K: Kernels>(
        &self,
        k: K,
        then: Epilogue,
        input: Input<'_, X>,
        state: &mut [f32],
        arena: &mut [f32],
    ) -> End {
        let n = input.n();
        let (state, state_rest) = memory::split(state, n * A::STATE);
        let at = self.0.infer_then(k, B::LEADS_WITH, input, state, arena);
        self.1.infer_then(k, then, Input::Arena { n, at }, state_rest, arena)
    }
}

/// Of parts in a row, which lead with these functions: whether each finds its own applied by the part
/// before it, the last entry being what stands behind all. A part that must apply its own itself cannot
/// also apply that of the next.
#[must_use]
pub const fn applied<const N: usize>(leads: &[Epilogue; N]) -> [bool; N] {
    let (mut applied, mut i) = ([false; N], 1);
    while i < N {
        applied[i] = applied[i - 1] || leads[i - 1].is_identity();
        i += 1;
    }
    applied
}

/// A first part that is not trained, when no gradient of the input is wanted, runs as inference: it
/// leaves nothing on the tape but its output, and what it needs meanwhile is used again behind it. A
/// part that keeps less than its output, as one does that works in place, is better kept; one that does
/// something else in training has to be.
///
/// Asked in an inline constant: what a chain is not is then not compiled at all, which would double with
/// every layer.
const fn prunable<X: Tensor, A: Train<X>>() -> bool {
    A::GRAD == 0 && A::TAPE_LEAF > A::Out::WORDS && !A::DIFFERS_IN_TRAINING
}

/// A function whose derivative follows from its value, before a layer that takes it through itself, works in
/// place: its slot holds its value until that layer puts there the gradient of its argument. It has no tape.
const fn joins<X: Tensor, A: Train<X>, B: Train<A::Out>>() -> bool {
    !A::FROM_VALUE.is_identity() && B::TAKES_THROUGH
}

impl<X: Tensor, A: Train<X>, B: Train<A::Out>> Train<X> for (A, B) {
    const TAPE: usize = if joins::<X, A, B>() { B::TAPE } else { A::TAPE + B::TAPE };
    const TAPE_LEAF: usize = if joins::<X, A, B>() {
        B::TAPE_LEAF
    } else if prunable::<X, A>() {
        max(A::PEAK_GIVEN, A::Out::WORDS + B::TAPE_LEAF)
    } else {
        A::TAPE_LEAF + if A::GRAD == 0 { B::TAPE_LEAF } else { B::TAPE }
    };
    const FUSED: usize = max(A::FUSED, B::FUSED);
    const FUSED_PER_SAMPLE: usize = max(A::FUSED_PER_SAMPLE, B::FUSED_PER_SAMPLE);
    const OVERWRITES_X: bool = A::OVERWRITES_X || (A::TAPE == 0 && B::OVERWRITES_X);
    const OVERWRITES_DY: bool = B::OVERWRITES_DY || (B::TAPE == 0 && A::OVERWRITES_DY);
    const TAKES_THROUGH: bool = A::TAKES_THROUGH;
    const DIFFERS_IN_TRAINING: bool = A::DIFFERS_IN_TRAINING || B::DIFFERS_IN_TRAINING;
    const MIN_BATCH: usize = max(A::MIN_BATCH, B::MIN_BATCH);

    #[inline(always)]
    fn forward_train<K: Kernels>(&self, k: K, pass: Pass, x: &mut [f32], state: &mut [f32], tape: &mut [f32]) {
        forward_train::<X, B, A, K>(&self.0, k, pass, x, state, tape, |pass, x, state, tape| {
            last::forward_train::<A::Out, B, K>(&self.1, k, pass, x, state, tape)
        });
    }

    #[inline(always)]
    fn out<'a>(pass: Pass, x: &'a mut [f32], tape: &'a mut [f32]) -> &'a mut [f32] {
        if const { joins::<X, A, B>() } {
            B::out(pass.behind::<A>(), x, tapes::<A::Out, B>(pass.behind::<A>(), tape).0)
        } else if const { prunable::<X, A>() } && !pass.input_gradient {
            let (y, tape) = memory::split(tape, pass.n * A::Out::WORDS);
            B::out(pass, y, tapes::<A::Out, B>(pass, tape).0)
        } else {
            let (first, second) = tapes::<X, A>(pass, tape);
            let behind = pass.behind::<A>();
            B::out(behind, A::out(pass, x, first), tapes::<A::Out, B>(behind, second).0)
        }
    }

    #[inline(always)]
    fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32]) {
        backward::<X, B, A, K>(&mut self.0, k, pass, x, tape, grad, |pass, x, tape, grad| {
            last::backward::<A::Out, B, K>(&mut self.1, k, pass, x, tape, grad);
        });
    }

    #[inline(always)]
    fn backward_fused<K: Kernels, O: Optimizer>(
        &mut self,
        k: K,
        pass: Pass,
        x: &mut [f32],
        tape: &mut [f32],
        step: Fused<'_, O>,
    ) {
        backward_fused::<X, B, A, K, O>(("0", &mut self.0), k, pass, x, tape, step, |pass, x, tape, step| {
            last::backward_fused::<A::Out, B, K, O>(("1", &mut self.1), k, pass, x, tape, step);
        });
    }
}

/// The tapes of `A` and of what stands behind it.
#[inline(always)]
fn tapes<X: Tensor, A: Train<X>>(pass: Pass, tape: &mut [f32]) -> (&mut [f32], &mut [f32]) {
    let words = if pass.input_gradient { A::TAPE } else { A::TAPE_LEAF };
    memory::split(tape, pass.n * words)
}

/// The steps of the last layer. Behind a part that runs as inference the tape is longer than the rest
/// needs when that part needs more; a layer gets what it asks for and no more, since its output lies
/// at the end of its tape.
pub mod last {
    use super::{Fused, Kernels, Optimizer, Pass, Tensor, Train, tapes};

    /// [`Train::forward_train`] of `b`.
    #[inline(always)]
    pub fn forward_train<X: Tensor, B: Train<X>, K: Kernels>(
        b: &B,
        k: K,
        pass: Pass,
        x: &mut [f32],
        state: &mut [f32],
        tape: &mut [f32],
    ) {
        b.forward_train(k, pass, x, state, tapes::<X, B>(pass, tape).0);
    }

    /// [`Train::backward`] of `b`.
    #[inline(always)]
    pub fn backward<X: Tensor, B: Train<X>, K: Kernels>(
        b: &mut B,
        k: K,
        pass: Pass,
        x: &mut [f32],
        tape: &mut [f32],
        grad: &mut [f32],
    ) {
        b.backward(k, pass, x, tapes::<X, B>(pass, tape).0, grad);
    }

    /// [`Train::backward_fused`] of `b`, under its name.
    #[inline(always)]
    pub fn backward_fused<X: Tensor, B: Train<X>, K: Kernels, O: Optimizer>(
        (name, b): (&str, &mut B),
        k: K,
        pass: Pass,
        x: &mut [f32],
        tape: &mut [f32],
        mut step: Fused<'_, O>,
    ) {
        b.backward_fused(k, pass, x, tapes::<X, B>(pass, tape).0, step.part(name, 0, B::GRAD));
    }
}

/// [`Train::forward_train`] of `a`, then of what stands behind it: `rest(pass, x, state, tape)`, which begins
/// with a `B`.
#[inline(always)]
pub fn forward_train<X: Tensor, B: Train<A::Out>, A: Train<X>, K: Kernels>(
    a: &A,
    k: K,
    pass: Pass,
    x: &mut [f32],
    state: &mut [f32],
    tape: &mut [f32],
    rest: impl FnOnce(Pass, &mut [f32], &mut [f32], &mut [f32]),
) {
    let (state, state_rest) = memory::split(state, pass.n * A::STATE);
    let behind = pass.behind::<A>();
    if const { joins::<X, A, B>() } {
        A::FROM_VALUE.apply(k, x);
        rest(behind, x, state_rest, tape);
    } else if const { prunable::<X, A>() } && !pass.input_gradient {
        let at = a.infer(k, Input::Given(X::in_words(x, pass.n)), state, tape);
        let words = pass.n * A::Out::WORDS;
        if at == End::High {
            memory::move_down(tape, words);
        }
        let (y, tape) = memory::split(tape, words);
        rest(behind, y, state_rest, tape);
    } else {
        let (first, second) = tapes::<X, A>(pass, tape);
        a.forward_train(k, pass.first(), x, state, first);
        rest(behind, A::out(pass, x, first), state_rest, second);
    }
}

/// [`Train::backward`] of what stands behind `a`, `rest(pass, x, tape, grad)`, then of `a`; `B` comes first there.
#[inline(always)]
pub fn backward<X: Tensor, B: Train<A::Out>, A: Train<X>, K: Kernels>(
    a: &mut A,
    k: K,
    pass: Pass,
    x: &mut [f32],
    tape: &mut [f32],
    grad: &mut [f32],
    rest: impl FnOnce(Pass, &mut [f32], &mut [f32], &mut [f32]),
) {
    let (grad, grad_rest) = memory::split(grad, A::GRAD);
    if const { joins::<X, A, B>() } {
        rest(Pass { through: A::FROM_VALUE, ..pass.behind::<A>() }, x, tape, grad_rest);
    } else if const { prunable::<X, A>() } && !pass.input_gradient {
        let (y, tape) = memory::split(tape, pass.n * A::Out::WORDS);
        rest(pass.behind::<A>(), y, tape, grad_rest);
    } else {
        let (first, second) = tapes::<X, A>(pass, tape);
        rest(pass.behind::<A>(), A::out(pass, x, first), second, grad_rest);
        a.backward(k, pass.first(), x, first, grad);
    }
}

/// [`Train::backward_fused`] of what stands behind `a`, `rest(pass, x, tape, step)`, then of `a`
/// under its name.
#[inline(always)]
pub fn backward_fused<X: Tensor, B: Train<A::Out>, A: Train<X>, K: Kernels, O: Optimizer>(
    (name, a): (&str, &mut A),
    k: K,
    pass: Pass,
    x: &mut [f32],
    tape: &mut [f32],
    mut step: Fused<'_, O>,
    rest: impl FnOnce(Pass, &mut [f32], &mut [f32], Fused<'_, O>),
) {
    let (_, state) = memory::split(step.state, O::STATES * A::GRAD);
    let behind = Fused { optimizer: step.optimizer, path: step.path, state, scratch: &mut *step.scratch };
    if const { joins::<X, A, B>() } {
        rest(Pass { through: A::FROM_VALUE, ..pass.behind::<A>() }, x, tape, behind);
    } else if const { prunable::<X, A>() } && !pass.input_gradient {
        let (y, tape) = memory::split(tape, pass.n * A::Out::WORDS);
        rest(pass.behind::<A>(), y, tape, behind);
    } else {
        let (first, second) = tapes::<X, A>(pass, tape);
        rest(pass.behind::<A>(), A::out(pass, x, first), second, behind);
        a.backward_fused(k, pass.first(), x, first, step.part(name, 0, A::GRAD));
    }
}
