//! A table of vectors that is also the output's weight.

use rand_core::Rng;

use super::{Embedding, Fused, Layer, Pass, Tokens, Train};
use crate::{
    Error, Module, Path, Tensor, Visitor, VisitorMut,
    description::{Description, LayerInfo, Named, Op},
    kernel::Kernels,
    memory::{self, End, Input, max},
    optim::{self, Optimizer},
};

/// A network between an embedding and the scores of all tokens, with one table of `V` vectors for both
/// (Press and Wolf, 2017): PyTorch's `head.weight = embedding.weight`.
///
/// `y_t = E h_t` with `h = body(E[x])`: tokens `[T]` become sequences of vectors `[[f32; D]; T]`, which
/// the body turns into others, and each of these is compared with all vectors of the table. The table's
/// gradient is the sum from both places.
///
/// ```
/// use tensorlet::{Layer, Linear, Module, Portable, layer::TiedEmbedding};
/// type Net = TiedEmbedding<Linear<4, 4>, 10, 4>;
/// assert_eq!(Net::PARAMETERS, 10 * 4 + 4 * 4 + 4);
/// type Tokens = [u8; 3];
/// let mut arena = [0.0; <Net as Layer<Tokens>>::PEAK];
/// let scores = Net::ZERO.forward(Portable, &[[7, 0, 9]], &mut arena)?;
/// assert_eq!(scores, [[[0.0; 10]; 3]]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TiedEmbedding<B, const V: usize, const D: usize> {
    /// The table.
    pub embedding: Embedding<V, D>,
    /// What lies between.
    pub body: B,
}

impl<B: Module, const V: usize, const D: usize> Module for TiedEmbedding<B, V, D> {
    const ZERO: Self = Self { embedding: Embedding::ZERO, body: B::ZERO };
    const PARAMETERS: usize = V * D + B::PARAMETERS;
    const GRAD: usize = V * D + B::GRAD;

    fn init<R: Rng>(&mut self, rng: &mut R) {
        self.embedding.init(rng);
        self.body.init(rng);
    }

    #[inline]
    fn parameters<W: Visitor>(&self, path: Path<'_>, visitor: &mut W) {
        self.embedding.parameters(path.join("embedding"), visitor);
        self.body.parameters(path.join("body"), visitor);
    }

    #[inline]
    fn parameters_mut<W: VisitorMut>(&mut self, path: Path<'_>, visitor: &mut W) {
        self.embedding.parameters_mut(path.join("embedding"), visitor);
        self.body.parameters_mut(path.join("body"), visitor);
    }
}

/// The scores of vectors.
#[inline(always)]
fn score<K: Kernels, const V: usize, const D: usize>(k: K, table: &[[f32; D]; V], h: &[[f32; D]], y: &mut [[f32; V]]) {
    y.as_flattened_mut().fill(0.0);
    k.matmul_nt(h, table, y);
}

impl<I, B, const V: usize, const D: usize, const T: usize> Layer<[I; T]> for TiedEmbedding<B, V, D>
where
    I: Tokens<D, Embedded = [f32; D]>,
    B: Layer<[[f32; D]; T], Out = [[f32; D]; T]>,
{
    type Out = [[f32; V]; T];
    const DESCRIPTION: Description = Description::Network {
        name: "TiedEmbedding",
        layers: &[
            Named { name: "embedding", description: &<Embedding<V, D> as Layer<[I; T]>>::DESCRIPTION },
            Named { name: "body", description: &B::DESCRIPTION },
            Named {
                name: "scores",
                description: &Description::Layer(LayerInfo {
                    op: Op::Scores("embedding"),
                    input: <[[f32; D]; T]>::SHAPE,
                    output: <[[f32; V]; T]>::SHAPE,
                    parameters: &[],
                    macs: T * D * V,
                }),
            },
        ],
    };
    const PEAK: usize = max(<Embedding<V, D> as Layer<[I; T]>>::PEAK, max(B::PEAK, T * (D + V)));
    const PEAK_GIVEN: usize = max(<Embedding<V, D> as Layer<[I; T]>>::PEAK_GIVEN, max(B::PEAK, T * (D + V)));
    const STATE: usize = B::STATE;

    #[inline]
    fn check(x: &[[I; T]]) -> Result<(), Error> {
        <Embedding<V, D> as Layer<[I; T]>>::check(x)
    }

    #[inline]
    fn infer<K: Kernels>(&self, k: K, input: Input<'_, [I; T]>, state: &mut [f32], arena: &mut [f32]) -> End {
        let n = input.n();
        let at = self.embedding.infer(k, input, &mut [], arena);
        let at = self.body.infer(k, Input::Arena { n, at }, state, arena);
        memory::out_of_place(Input::Arena { n, at }, arena, |h: &[[[f32; D]; T]], y: &mut [[[f32; V]; T]], _| {
            score(k, &self.embedding.weight, h.as_flattened(), y.as_flattened_mut());
        })
    }
}

impl<B, const V: usize, const D: usize> TiedEmbedding<B, V, D> {
    /// The pass as the body sees it: the table wants the gradient of its input.
    const fn inner(pass: Pass) -> Pass {
        pass.behind::<Embedding<V, D>>()
    }

    /// The body's input, its tape, and the scores.
    #[inline(always)]
    fn parts<const T: usize>(n: usize, tape: &mut [f32]) -> [&mut [f32]; 3] {
        let (vectors, rest) = memory::split(tape, n * T * D);
        let (scores, inner) = memory::cut(rest, End::High, n * T * V);
        [vectors, inner, scores]
    }

    /// From the gradient of the scores that of the vectors, in their place; adds to that of the table.
    #[inline(always)]
    fn scores_backward<K: Kernels>(&self, k: K, dy: &[f32], h: &mut [f32], table: &mut [f32]) {
        let (dy, h) = (<[f32; V]>::view(dy), <[f32; D]>::view_mut(h));
        if let Some(table) = <[[f32; D]; V]>::view_mut(table).first_mut() {
            k.matmul_tn(dy, h, table);
        }
        h.as_flattened_mut().fill(0.0);
        k.matmul(dy, &self.embedding.weight, h);
    }
}

/// The gradient of the table is complete when all the rest is done: even where layers are updated at
/// once, it lies in scratch until then.
impl<I, B, const V: usize, const D: usize, const T: usize> Train<[I; T]> for TiedEmbedding<B, V, D>
where
    I: Tokens<D, Embedded = [f32; D]>,
    B: Train<[[f32; D]; T], Out = [[f32; D]; T]>,
{
    const TAPE: usize = T * D + B::TAPE + T * V;
    const FUSED: usize = V * D + B::FUSED;
    const FUSED_PER_SAMPLE: usize = B::FUSED_PER_SAMPLE;
    const DIFFERS_IN_TRAINING: bool = B::DIFFERS_IN_TRAINING;
    const MIN_BATCH: usize = B::MIN_BATCH;

    #[inline]
    fn forward_train<K: Kernels>(&self, k: K, pass: Pass, x: &mut [f32], state: &mut [f32], tape: &mut [f32]) {
        let [vectors, inner, scores] = Self::parts::<T>(pass.n, tape);
        Train::<[I; T]>::forward_train(&self.embedding, k, pass, x, &mut [], vectors);
        self.body.forward_train(k, Self::inner(pass), vectors, state, inner);
        let h = B::out(Self::inner(pass), vectors, inner);
        score(k, &self.embedding.weight, <[f32; D]>::view(h), <[f32; V]>::view_mut(scores));
    }

    #[inline]
    fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32]) {
        let (table, grad) = memory::split(grad, V * D);
        let [vectors, inner, scores] = Self::parts::<T>(pass.n, tape);
        self.scores_backward(k, scores, B::out(Self::inner(pass), vectors, inner), table);
        self.body.backward(k, Self::inner(pass), vectors, inner, grad);
        Train::<[I; T]>::backward(&mut self.embedding, k, pass, x, vectors, table);
    }

    #[inline]
    fn backward_fused<K: Kernels, O: Optimizer>(
        &mut self,
        k: K,
        pass: Pass,
        x: &mut [f32],
        tape: &mut [f32],
        step: Fused<'_, O>,
    ) {
        let (table, scratch) = memory::split(step.scratch, V * D);
        let (state, body_state) = memory::split(step.state, O::STATES * V * D);
        table.fill(0.0);
        let [vectors, inner, scores] = Self::parts::<T>(pass.n, tape);
        self.scores_backward(k, scores, B::out(Self::inner(pass), vectors, inner), table);
        let body = Fused { optimizer: step.optimizer, path: step.path.join("body"), state: body_state, scratch };
        self.body.backward_fused(k, Self::inner(pass), vectors, inner, body);
        Train::<[I; T]>::backward(&mut self.embedding, k, pass, x, vectors, table);
        optim::update(&mut self.embedding, k, step.optimizer, step.path.join("embedding"), table, state);
    }
}
