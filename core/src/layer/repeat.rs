//! The same layer several times.

use super::{Layer, Pass, Train};
use crate::{
    Error, Module, Tensor,
    description::Description,
    kernel::Kernels,
    memory::{self, End, Input},
    module::parameters_of_inner,
};

/// A layer applied `N` times, with the same parameters each time: tied weights, as in ALBERT (Lan et al.,
/// 2020) or in a recurrence of fixed depth. Its gradient is the sum over all times; PyTorch's is that of
/// a module that stands in `forward` more than once.
///
/// ```
/// use tensorlet::{Layer, Linear, Module, Portable, Repeat};
/// let twice = Repeat::<_, 2>(Linear { weight: [[2.0]], bias: [1.0] });
/// let mut arena = [0.0; 2];
/// assert_eq!(twice.forward(Portable, &[[3.0]], &mut arena), Ok(&[[15.0]][..]));
/// assert_eq!(Repeat::<Linear<8, 8>, 3>::PARAMETERS, Linear::<8, 8>::PARAMETERS);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(transparent)]
pub struct Repeat<L, const N: usize>(
    /// The layer.
    pub L,
);

parameters_of_inner!([L: Module, const N: usize] Repeat<L, N>, L);

/// Every time has its own state.
impl<X: Tensor, L: Layer<X, Out = X>, const N: usize> Layer<X> for Repeat<L, N> {
    type Out = X;
    const DESCRIPTION: Description = {
        assert!(N > 0, "a layer must be applied at least once");
        Description::Repeat(&L::DESCRIPTION, N)
    };
    const PEAK: usize = L::PEAK;
    const PEAK_GIVEN: usize = if N == 1 { L::PEAK_GIVEN } else { L::PEAK };
    const STATE: usize = N * L::STATE;

    #[inline(always)]
    fn check(x: &[X]) -> Result<(), Error> {
        L::check(x)
    }

    #[inline]
    fn infer<K: Kernels>(&self, k: K, input: Input<'_, X>, state: &mut [f32], arena: &mut [f32]) -> End {
        let n = input.n();
        let (first, mut rest) = memory::split(state, n * L::STATE);
        let mut at = self.0.infer(k, input, first, arena);
        for _ in 1..N {
            let (state, behind) = memory::split(rest, n * L::STATE);
            at = self.0.infer(k, Input::Arena { n, at }, state, arena);
            rest = behind;
        }
        at
    }
}

impl<L: Module, const N: usize> Repeat<L, N> {
    /// The pass as time `i` sees it.
    #[inline]
    fn pass(mut pass: Pass, i: usize) -> Pass {
        for _ in 0..i {
            pass = pass.behind::<L>();
        }
        pass.first()
    }

    /// The slot of the input of time `i`, and the tapes from there on: those of all times lie one behind
    /// the other, and the output of each is the slot of the next.
    #[inline]
    fn at<'a, X: Tensor>(
        pass: Pass,
        i: usize,
        mut x: &'a mut [f32],
        mut tape: &'a mut [f32],
    ) -> (&'a mut [f32], &'a mut [f32])
    where
        L: Train<X, Out = X>,
    {
        for before in 0..i {
            let pass = Self::pass(pass, before);
            let (first, behind) = memory::split(tape, words::<X, L>(pass));
            (x, tape) = (L::out(pass, x, first), behind);
        }
        (x, tape)
    }
}

/// Words of the tape of one time.
const fn words<X: Tensor, L: Train<X>>(pass: Pass) -> usize {
    pass.n * if pass.input_gradient { L::TAPE } else { L::TAPE_LEAF }
}

/// The gradients of all times are added up, so no time can be updated before all are known: even where
/// layers are updated at once, this one needs scratch for its gradient.
impl<X: Tensor, L: Train<X, Out = X>, const N: usize> Train<X> for Repeat<L, N> {
    const TAPE: usize = N * L::TAPE;
    const TAPE_LEAF: usize = if L::GRAD == 0 { N * L::TAPE_LEAF } else { L::TAPE_LEAF + (N - 1) * L::TAPE };
    const OVERWRITES_X: bool = L::OVERWRITES_X;
    const OVERWRITES_DY: bool = L::OVERWRITES_DY;
    const DIFFERS_IN_TRAINING: bool = L::DIFFERS_IN_TRAINING;
    const MIN_BATCH: usize = L::MIN_BATCH;

    #[inline]
    fn forward_train<K: Kernels>(&self, k: K, pass: Pass, x: &mut [f32], mut state: &mut [f32], tape: &mut [f32]) {
        for i in 0..N {
            let (x, rest) = Self::at::<X>(pass, i, x, tape);
            let pass = Self::pass(pass, i);
            let (first, behind) = memory::split(state, pass.n * L::STATE);
            state = behind;
            self.0.forward_train(k, pass, x, first, memory::split(rest, words::<X, L>(pass)).0);
        }
    }

    #[inline]
    fn out<'a>(pass: Pass, x: &'a mut [f32], tape: &'a mut [f32]) -> &'a mut [f32] {
        Self::at::<X>(pass, N, x, tape).0
    }

    #[inline]
    fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32]) {
        for i in (0..N).rev() {
            let (x, rest) = Self::at::<X>(pass, i, x, tape);
            let pass = Self::pass(pass, i);
            self.0.backward(k, pass, x, memory::split(rest, words::<X, L>(pass)).0, grad);
        }
    }
}
