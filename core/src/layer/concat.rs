//! The outputs of two layers side by side.

use core::marker::PhantomData;

use rand_core::Rng;

use super::{Fused, Layer, Pass, Train};
use crate::{
    Error, Module, Path, Shape, Tensor, Visitor, VisitorMut,
    description::Description,
    kernel::{Kernels, samples, samples_mut},
    memory::{self, End, Input, max},
    message::{Part, fail},
    optim::Optimizer,
};

/// Two layers with the same input, and their outputs behind each other: PyTorch's `torch.cat((a(x), b(x)))`
/// over the first dimension, or `torch.stack`.
///
/// The type of the output, `Y`, says which of three it is, since all are the same numbers in memory:
///
/// | outputs of `A` and `B` | `Y` | PyTorch |
/// |---|---|---|
/// | `[[[f32; W]; H]; 3]` and `[[[f32; W]; H]; 5]` | `[[[f32; W]; H]; 8]` | `cat`, as between branches of Inception |
/// | `[f32; 3]` and `[f32; 3]` | `[[f32; 3]; 2]` | `stack`, as of means and log-variances |
/// | any, of 12 and 6 numbers | `[f32; 18]` | `cat` of both flattened |
///
/// A network with several outputs is one whose output is such a row; its loss takes it apart, as
/// [`VaeLoss`](crate::loss::VaeLoss) does. With [`Identity`](super::Identity) as one layer the input
/// itself is kept beside the other's output. Three branches are `Concat<A, Concat<B, C, _>, _>`.
///
/// ```
/// use tensorlet::{layer::Concat, Layer, Linear, Portable};
/// let heads = Concat::<_, _, [[f32; 1]; 2]>::new(
///     Linear { weight: [[2.0]], bias: [0.0] },
///     Linear { weight: [[0.0]], bias: [-1.0] },
/// );
/// let y = heads.forward(Portable, &[[10.0]], &mut [0.0; 4]).unwrap().to_vec();
/// assert_eq!(y, [[[20.0], [-1.0]]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Concat<A, B, Y> {
    /// The layer whose output comes first; `0` in paths of parameters.
    pub first: A,
    /// The layer whose output comes behind it; `1` in paths.
    pub second: B,
    output: PhantomData<fn() -> Y>,
}

impl<A, B, Y> Concat<A, B, Y> {
    /// Of these two layers.
    #[must_use]
    pub const fn new(first: A, second: B) -> Self {
        Self { first, second, output: PhantomData }
    }
}

impl<A: Module, B: Module, Y> Module for Concat<A, B, Y> {
    const ZERO: Self = Self::new(A::ZERO, B::ZERO);
    const PARAMETERS: usize = A::PARAMETERS + B::PARAMETERS;
    const GRAD: usize = A::GRAD + B::GRAD;

    #[inline]
    fn init<R: Rng>(&mut self, rng: &mut R) {
        self.first.init(rng);
        self.second.init(rng);
    }

    #[inline]
    fn parameters<V: Visitor>(&self, path: Path<'_>, visitor: &mut V) {
        self.first.parameters(path.join("0"), visitor);
        self.second.parameters(path.join("1"), visitor);
    }

    #[inline]
    fn parameters_mut<V: VisitorMut>(&mut self, path: Path<'_>, visitor: &mut V) {
        self.first.parameters_mut(path.join("0"), visitor);
        self.second.parameters_mut(path.join("1"), visitor);
    }
}

/// Fails to compile unless outputs of shapes `a` and `b` side by side can have shape `y`.
const fn check(a: Shape, b: Shape, y: Shape) {
    let flat = y.rank() == 1 && y.dim(0) == a.numel() + b.numel();
    let stacked = a.equals(&b) && y.equals(&a.prepend(2));
    let mut joined = a.rank() > 0 && a.rank() == b.rank() && a.rank() == y.rank() && y.dim(0) == a.dim(0) + b.dim(0);
    let mut i = 1;
    while i < y.rank() {
        joined &= y.dim(i) == a.dim(i) && y.dim(i) == b.dim(i);
        i += 1;
    }
    if !(flat || stacked || joined) {
        fail(&[
            Part::Text("shape mismatch: layer `Concat` cannot put outputs of shapes "),
            Part::Shape(a),
            Part::Text(" and "),
            Part::Shape(b),
            Part::Text(" behind each other into shape "),
            Part::Shape(y),
        ]);
    }
}

/// Copies the outputs of a layer, `width` words each, into their place in the joined ones.
#[inline(always)]
fn join(joined: &mut [f32], [len, from, width]: [usize; 3], y: &[f32]) {
    for (joined, y) in samples_mut(joined, len).zip(samples(y, width)) {
        for (to, from) in joined.get_mut(from..).unwrap_or_default().iter_mut().zip(y) {
            *to = *from;
        }
    }
}

/// The reverse of [`join`].
#[inline(always)]
fn part(joined: &[f32], [len, from, width]: [usize; 3], y: &mut [f32]) {
    for (joined, y) in samples(joined, len).zip(samples_mut(y, width)) {
        for (to, from) in y.iter_mut().zip(joined.get(from..).unwrap_or_default()) {
            *to = *from;
        }
    }
}

impl<X, A, B, Y> Layer<X> for Concat<A, B, Y>
where
    X: Tensor,
    Y: Tensor<Elem = f32>,
    A: Layer<X, Out: Tensor<Elem = f32>>,
    B: Layer<X, Out: Tensor<Elem = f32>>,
{
    type Out = Y;
    const DESCRIPTION: Description = {
        check(A::Out::SHAPE, B::Out::SHAPE, Y::SHAPE);
        Description::Concat(&A::DESCRIPTION, &B::DESCRIPTION)
    };
    const PEAK: usize = X::WORDS + Self::PEAK_GIVEN;
    const PEAK_GIVEN: usize = Y::WORDS + max(A::PEAK_GIVEN, B::PEAK_GIVEN);
    const STATE: usize = A::STATE + B::STATE;

    #[inline(always)]
    fn check(x: &[X]) -> Result<(), Error> {
        A::check(x)?;
        B::check(x)
    }

    /// The input stays where it is, the output lies at the other end of the arena, and the two layers run
    /// one after the other in between.
    #[inline(always)]
    fn infer<K: Kernels>(&self, k: K, input: Input<'_, X>, state: &mut [f32], arena: &mut [f32]) -> End {
        const { check(A::Out::SHAPE, B::Out::SHAPE, Y::SHAPE) };
        let n = input.n();
        let (x, at, arena) = match input {
            Input::Given(x) => (x, End::Low, arena),
            Input::Arena { n, at } => {
                let (x, rest) = memory::cut(arena, at, n * X::WORDS);
                (X::in_words(x, n), at.other(), rest)
            }
        };
        let (y, rest) = memory::cut(arena, at, n * Y::WORDS);
        let (state_a, state_b) = memory::split(state, n * A::STATE);
        let end = self.first.infer(k, Input::Given(x), state_a, rest);
        join(y, Self::places::<X>()[0], memory::cut(rest, end, n * A::Out::WORDS).0);
        let end = self.second.infer(k, Input::Given(x), state_b, rest);
        join(y, Self::places::<X>()[1], memory::cut(rest, end, n * B::Out::WORDS).0);
        at
    }
}

impl<A, B, Y: Tensor> Concat<A, B, Y> {
    /// For each layer: words of a joined output, where its own begins there, and how long it is.
    const fn places<X: Tensor>() -> [[usize; 3]; 2]
    where
        A: Layer<X>,
        B: Layer<X>,
    {
        [[Y::WORDS, 0, A::Out::WORDS], [Y::WORDS, A::Out::WORDS, B::Out::WORDS]]
    }
}

/// A tape in its parts: the input once more for the second layer, the tapes of both, the joined outputs.
struct Tape<'a> {
    x: &'a mut [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
    joined: &'a mut [f32],
}

impl<'a> Tape<'a> {
    #[inline(always)]
    fn new<X: Tensor, A: Train<X>, B: Train<X>, Y: Tensor>(pass: Pass, tape: &'a mut [f32]) -> Self {
        let (a, b) = if pass.input_gradient { (A::TAPE, B::TAPE) } else { (A::TAPE_LEAF, B::TAPE_LEAF) };
        let (x, rest) = memory::split(tape, pass.n * X::WORDS);
        let (first, rest) = memory::split(rest, pass.n * a);
        let (second, joined) = memory::split(rest, pass.n * b);
        let (joined, _) = memory::split(joined, pass.n * Y::WORDS);
        Self { x, first, second, joined }
    }
}

/// The passes as the two layers see them: random numbers of their own, nothing else different.
#[inline(always)]
const fn passes<A: Module>(pass: Pass) -> [Pass; 2] {
    [pass.first(), Pass { input_gradient: pass.input_gradient, ..pass.behind::<A>() }]
}

impl<X, A, B, Y> Train<X> for Concat<A, B, Y>
where
    X: Tensor,
    Y: Tensor<Elem = f32>,
    A: Train<X, Out: Tensor<Elem = f32>>,
    B: Train<X, Out: Tensor<Elem = f32>>,
{
    const TAPE: usize = X::WORDS + A::TAPE + B::TAPE + Y::WORDS;
    const TAPE_LEAF: usize = X::WORDS + A::TAPE_LEAF + B::TAPE_LEAF + Y::WORDS;
    const FUSED: usize = max(A::FUSED, B::FUSED);
    const FUSED_PER_SAMPLE: usize = max(A::FUSED_PER_SAMPLE, B::FUSED_PER_SAMPLE);
    const OVERWRITES_X: bool = A::OVERWRITES_X;
    const DIFFERS_IN_TRAINING: bool = A::DIFFERS_IN_TRAINING || B::DIFFERS_IN_TRAINING;
    const MIN_BATCH: usize = max(A::MIN_BATCH, B::MIN_BATCH);

    #[inline(always)]
    fn forward_train<K: Kernels>(&self, k: K, pass: Pass, x: &mut [f32], state: &mut [f32], tape: &mut [f32]) {
        let tape = Tape::new::<X, A, B, Y>(pass, tape);
        let ([pass_a, pass_b], [place_a, place_b]) = (passes::<A>(pass), Self::places::<X>());
        let (state_a, state_b) = memory::split(state, pass.n * A::STATE);
        for (to, from) in tape.x.iter_mut().zip(&*x) {
            *to = *from;
        }
        self.first.forward_train(k, pass_a, x, state_a, tape.first);
        join(tape.joined, place_a, A::out(pass_a, x, tape.first));
        self.second.forward_train(k, pass_b, tape.x, state_b, tape.second);
        join(tape.joined, place_b, B::out(pass_b, tape.x, tape.second));
    }

    #[inline(always)]
    fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32]) {
        let tape = Tape::new::<X, A, B, Y>(pass, tape);
        let ([pass_a, pass_b], [place_a, place_b]) = (passes::<A>(pass), Self::places::<X>());
        let (grad_a, grad_b) = memory::split(grad, A::GRAD);
        part(tape.joined, place_a, A::out(pass_a, x, tape.first));
        part(tape.joined, place_b, B::out(pass_b, tape.x, tape.second));
        self.first.backward(k, pass_a, x, tape.first, grad_a);
        self.second.backward(k, pass_b, tape.x, tape.second, grad_b);
        if pass.input_gradient {
            k.add(x, tape.x);
        }
    }

    #[inline(always)]
    fn backward_fused<K: Kernels, O: Optimizer>(
        &mut self,
        k: K,
        pass: Pass,
        x: &mut [f32],
        tape: &mut [f32],
        mut step: Fused<'_, O>,
    ) {
        let tape = Tape::new::<X, A, B, Y>(pass, tape);
        let ([pass_a, pass_b], [place_a, place_b]) = (passes::<A>(pass), Self::places::<X>());
        part(tape.joined, place_a, A::out(pass_a, x, tape.first));
        part(tape.joined, place_b, B::out(pass_b, tape.x, tape.second));
        self.first.backward_fused(k, pass_a, x, tape.first, step.part("0", 0, A::GRAD));
        self.second.backward_fused(k, pass_b, tape.x, tape.second, step.part("1", A::GRAD, B::GRAD));
        if pass.input_gradient {
            k.add(x, tape.x);
        }
    }
}
