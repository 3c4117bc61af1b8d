//! The sum of a layer and its input.

use super::{Fused, Layer, Pass, Train};
use crate::{
    Module, Tensor,
    description::Description,
    kernel::Kernels,
    memory::{self, End, Input},
    module::parameters_of_inner,
    optim::Optimizer,
};

/// PyTorch's `x + f(x)` (He et al., 2016): `f` gives outputs of its input's type.
///
/// ```
/// use tensorlet::{Layer, Linear, Portable, Residual};
/// let block = Residual(Linear { weight: [[2.0]], bias: [1.0] });
/// let y = block.forward(Portable, &[[10.0]], &mut [0.0; 2]).unwrap().to_vec();
/// assert_eq!(y, [[31.0]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(transparent)]
pub struct Residual<F>(
    /// The layer or network `f`.
    pub F,
);

parameters_of_inner!([F: Module] Residual<F>, F);

impl<X: Tensor<Elem = f32>, F: Layer<X, Out = X>> Layer<X> for Residual<F> {
    type Out = X;
    const DESCRIPTION: Description = Description::Residual(&F::DESCRIPTION);
    const PEAK: usize = X::WORDS + F::PEAK_GIVEN;
    const PEAK_GIVEN: usize = Self::PEAK;
    const STATE: usize = F::STATE;

    /// The input stays at its end of the arena, `f` runs in the rest, and its output is added.
    #[inline(always)]
    fn infer<K: Kernels>(&self, k: K, input: Input<'_, X>, state: &mut [f32], arena: &mut [f32]) -> End {
        let n = input.n();
        let at = memory::in_place(input, arena, |_| ());
        let (x, rest) = memory::cut(arena, at, n * X::WORDS);
        let end = self.0.infer(k, Input::Given(X::in_words(x, n)), state, rest);
        let (y, _) = memory::cut(rest, end, n * X::WORDS);
        k.add(x, y);
        at
    }
}

impl<F> Residual<F> {
    /// Whether the output needs a slot of its own: `f` changes its input on the way forward or
    /// `∂L/∂y` on the way back, and the sum needs both again.
    const fn has_slot<X: Tensor, L: Train<X>>() -> bool {
        L::OVERWRITES_X || L::OVERWRITES_DY || L::TAPE == 0
    }

    /// Words of that slot.
    const fn slot_words<X: Tensor, L: Train<X>>() -> usize {
        if Self::has_slot::<X, L>() { X::WORDS } else { 0 }
    }

    /// The tape of `f` and the slot.
    #[inline(always)]
    fn tape<X: Tensor, L: Train<X>>(pass: Pass, tape: &mut [f32]) -> (&mut [f32], &mut [f32]) {
        let (slot, inner) = memory::cut(tape, End::High, pass.n * Self::slot_words::<X, L>());
        (inner, slot)
    }

    /// Before `f`'s backward: `∂L/∂y` from the slot to where `f` expects it.
    #[inline(always)]
    fn before<X: Tensor, L: Train<X>>(pass: Pass, x: &mut [f32], inner: &mut [f32], slot: &[f32]) {
        if Self::has_slot::<X, L>() {
            copy(L::out(pass, x, inner), slot);
        }
    }

    /// After it: `∂L/∂x` gains `∂L/∂y`.
    #[inline(always)]
    fn after<X: Tensor, L: Train<X>, K: Kernels>(k: K, pass: Pass, x: &mut [f32], inner: &mut [f32], slot: &[f32]) {
        if !pass.input_gradient {
        } else if Self::has_slot::<X, L>() {
            k.add(x, slot);
        } else {
            k.add(x, L::out(pass, &mut [], inner));
        }
    }
}

#[inline(always)]
fn copy(to: &mut [f32], from: &[f32]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

impl<X: Tensor<Elem = f32>, F: Train<X, Out = X>> Train<X> for Residual<F> {
    const TAPE: usize = F::TAPE + Self::slot_words::<X, F>();
    const TAPE_LEAF: usize = F::TAPE_LEAF + Self::slot_words::<X, F>();
    const FUSED: usize = F::FUSED;
    const FUSED_PER_SAMPLE: usize = F::FUSED_PER_SAMPLE;
    const OVERWRITES_X: bool = F::OVERWRITES_X;
    const DIFFERS_IN_TRAINING: bool = F::DIFFERS_IN_TRAINING;
    const MIN_BATCH: usize = F::MIN_BATCH;

    #[inline(always)]
    fn forward_train<K: Kernels>(&self, k: K, pass: Pass, x: &mut [f32], state: &mut [f32], tape: &mut [f32]) {
        let (inner, slot) = Self::tape::<X, F>(pass, tape);
        if Self::has_slot::<X, F>() {
            copy(slot, x);
            self.0.forward_train(k, pass, x, state, inner);
            k.add(slot, F::out(pass, x, inner));
        } else {
            self.0.forward_train(k, pass, x, state, inner);
            k.add(F::out(pass, &mut [], inner), x);
        }
    }

    #[inline(always)]
    fn out<'a>(pass: Pass, x: &'a mut [f32], tape: &'a mut [f32]) -> &'a mut [f32] {
        if Self::has_slot::<X, F>() { Self::tape::<X, F>(pass, tape).1 } else { F::out(pass, x, tape) }
    }

    #[inline(always)]
    fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32]) {
        let (inner, slot) = Self::tape::<X, F>(pass, tape);
        Self::before::<X, F>(pass, x, inner, slot);
        self.0.backward(k, pass, x, inner, grad);
        Self::after::<X, F, K>(k, pass, x, inner, slot);
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
        let (inner, slot) = Self::tape::<X, F>(pass, tape);
        Self::before::<X, F>(pass, x, inner, slot);
        self.0.backward_fused(k, pass, x, inner, step);
        Self::after::<X, F, K>(k, pass, x, inner, slot);
    }
}
