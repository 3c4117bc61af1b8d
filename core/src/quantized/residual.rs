//! Two branches that meet.

use rand_core::Rng;

use super::{Binary, Integer, Operands};
use crate::{
    Error, Layer, Module, Path, Tensor, Train, Visitor, VisitorMut,
    description::{Description, LayerInfo, Op},
    kernel::Kernels,
    layer::Pass,
    memory::{self, End, Input, max},
};

/// `y = op(a(x), b(x))` with an [`Add`](super::Add) or another layer of two inputs: a residual block. One of the
/// branches can be [`Identity`](crate::layer::Identity), which costs nothing.
///
/// ```
/// use tensorlet::{Layer, Portable, layer::Identity, quantized::{self, Add, Fused, Quantization, Relu, Residual}};
/// const Q: Quantization = Quantization::new(1.0, 0);
/// static BLOCK: Residual<Relu, Identity, Add> = Residual {
///     first: quantized::unwrap(Relu::from_scales(Q, Q)),
///     second: Identity,
///     op: quantized::unwrap(Add::from_scales([Q, Q], Q, Fused::Identity)),
/// };
/// let mut arena = [0.0; 2];
/// assert_eq!(BLOCK.forward(Portable, &[[-3_i8, 0, 4]], &mut arena)?, [[-3, 0, 8]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Residual<A, B, O> {
    /// The branch whose output is the first operand; `0.0` in paths of parameters.
    pub first: A,
    /// The branch whose output is the second operand; `0.1` in paths.
    pub second: B,
    /// The operation; `1` in paths.
    pub op: O,
}

impl<A: Module, B: Module, O: Module> Module for Residual<A, B, O> {
    const ZERO: Self = Self { first: A::ZERO, second: B::ZERO, op: O::ZERO };
    const PARAMETERS: usize = A::PARAMETERS + B::PARAMETERS;
    const GRAD: usize = 0;

    #[inline]
    fn init<R: Rng>(&mut self, rng: &mut R) {
        self.first.init(rng);
        self.second.init(rng);
    }

    #[inline]
    fn parameters<V: Visitor>(&self, path: Path<'_>, visitor: &mut V) {
        let path = path.join("0");
        self.first.parameters(path.join("0"), visitor);
        self.second.parameters(path.join("1"), visitor);
    }

    #[inline]
    fn parameters_mut<V: VisitorMut>(&mut self, path: Path<'_>, visitor: &mut V) {
        let path = path.join("0");
        self.first.parameters_mut(path.join("0"), visitor);
        self.second.parameters_mut(path.join("1"), visitor);
    }
}

/// Whether a branch is the input itself.
const fn is_identity(description: &Description) -> bool {
    matches!(description, Description::Layer(LayerInfo { op: Op::Identity, .. }))
}

impl<T, X, A, B, O> Layer<X> for Residual<A, B, O>
where
    T: Integer,
    X: Tensor<Elem = T>,
    A: Layer<X, Out: Tensor<Elem = T>>,
    B: Layer<X, Out = A::Out>,
    O: Binary<T>,
{
    type Out = A::Out;
    const DESCRIPTION: Description = Description::Chain(
        &Description::Concat(&A::DESCRIPTION, &B::DESCRIPTION),
        &Description::Layer(LayerInfo {
            op: Op::Custom(O::NAME),
            input: A::Out::SHAPE.prepend(2),
            output: A::Out::SHAPE,
            parameters: &[],
            macs: 0,
        }),
    );
    const PEAK: usize = X::WORDS + Self::PEAK_GIVEN;
    const PEAK_GIVEN: usize = if is_identity(&B::DESCRIPTION) {
        A::PEAK_GIVEN
    } else if is_identity(&A::DESCRIPTION) {
        B::PEAK_GIVEN
    } else {
        max(A::PEAK_GIVEN, A::Out::WORDS + B::PEAK_GIVEN)
    };
    const STATE: usize = A::STATE + B::STATE;

    #[inline(always)]
    fn check(x: &[X]) -> Result<(), Error> {
        A::check(x)?;
        B::check(x)
    }

    /// The input stays where it is until both branches have run; the result takes the place of one branch's output.
    #[inline(always)]
    fn infer<K: Kernels>(&self, k: K, input: Input<'_, X>, state: &mut [f32], arena: &mut [f32]) -> End {
        match input {
            Input::Given(x) => self.join::<T, X, K>(k, x, state, arena),
            Input::Arena { n, at } => {
                let (x, rest) = memory::cut(arena, at, n * X::WORDS);
                let end = self.join::<T, X, K>(k, X::in_words(x, n), state, rest);
                if end == at {
                    // Beside the input: over it.
                    let (both, _) = memory::cut(arena, at, n * (X::WORDS + A::Out::WORDS));
                    match at {
                        End::Low => memory::move_down(both, n * A::Out::WORDS),
                        End::High => memory::move_up(both, n * A::Out::WORDS),
                    }
                }
                end
            }
        }
    }
}

impl<A, B, O> Residual<A, B, O> {
    /// The result for an input that lies elsewhere; it is left at the end that is returned.
    #[inline(always)]
    fn join<T, X, K>(&self, k: K, x: &[X], state: &mut [f32], arena: &mut [f32]) -> End
    where
        T: Integer,
        X: Tensor<Elem = T>,
        A: Layer<X, Out: Tensor<Elem = T>>,
        B: Layer<X, Out = A::Out>,
        O: Binary<T>,
        K: Kernels,
    {
        let (n, words) = (x.len(), x.len() * A::Out::WORDS);
        let (state_a, state_b) = memory::split(state, n * A::STATE);
        if const { is_identity(&A::DESCRIPTION) && !is_identity(&B::DESCRIPTION) } {
            let end = self.second.infer(k, Input::Given(x), state_b, arena);
            let (y, _) = memory::cut(arena, end, words);
            let y = A::Out::flat_mut(A::Out::in_words_mut(y, n));
            self.op.rows(k, Operands::First(X::flat(x)), y);
            return end;
        }
        let end = self.first.infer(k, Input::Given(x), state_a, arena);
        let (y, rest) = memory::cut(arena, end, words);
        let y = A::Out::flat_mut(A::Out::in_words_mut(y, n));
        if const { is_identity(&B::DESCRIPTION) } {
            self.op.rows(k, Operands::Second(X::flat(x)), y);
        } else {
            let other = self.second.infer(k, Input::Given(x), state_b, rest);
            let (b, _) = memory::cut(rest, other, words);
            self.op.rows(k, Operands::Second(A::Out::flat(A::Out::in_words(b, n))), y);
        }
        end
    }
}

impl<T, X, A, B, O> Train<X> for Residual<A, B, O>
where
    T: Integer,
    X: Tensor<Elem = T>,
    A: Layer<X, Out: Tensor<Elem = T>>,
    B: Layer<X, Out = A::Out>,
    O: Binary<T>,
{
    const TAPE: usize = <Self as Layer<X>>::PEAK_GIVEN;

    #[inline(always)]
    fn forward_train<K: Kernels>(&self, k: K, pass: Pass, x: &mut [f32], state: &mut [f32], tape: &mut [f32]) {
        let end = self.join::<T, X, K>(k, X::in_words(x, pass.n), state, tape);
        // The output lies at the end of the tape.
        if end == End::Low {
            memory::move_up(tape, pass.n * A::Out::WORDS);
        }
    }

    #[inline(always)]
    fn backward<K: Kernels>(&mut self, _: K, _: Pass, _: &mut [f32], _: &mut [f32], _: &mut [f32]) {}
}
