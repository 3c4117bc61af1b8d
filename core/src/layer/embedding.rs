//! Tables of vectors, one for each token.

use rand_core::Rng;

use super::{Fused, Layer, Pass, Train};
use crate::{
    Error, Index, Module, Parameter, Path, Tensor, Visitor, VisitorMut,
    description::{Description, LayerInfo, Layout, Op, ParameterInfo},
    init,
    kernel::{Kernels, samples, samples_mut},
    memory::{self, End, Input},
    optim::{Optimizer, States},
    shape::Shape,
};

/// Tokens that become vectors of `D` numbers: an index, or a nested array of indices.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not hold tokens",
    note = "tokens are integers (u8, u16, u32, i8, i16, i32) or nested arrays of them"
)]
pub trait Tokens<const D: usize>: Tensor<Elem: Index> {
    /// The tensor that they become: one dimension of `D` more.
    type Embedded: Tensor<Elem = f32>;
}

macro_rules! tokens {
    ($($t:ty)+) => {$(
        impl<const D: usize> Tokens<D> for $t {
            type Embedded = [f32; D];
        }
    )+};
}
tokens!(u8 u16 u32 i8 i16 i32);

impl<X: Tokens<D>, const N: usize, const D: usize> Tokens<D> for [X; N] {
    type Embedded = [X::Embedded; N];
}

/// A vector of `D` numbers for each of `V` tokens: PyTorch's `nn.Embedding(V, D)`.
///
/// Inputs are tokens of any integer type, alone or in arrays of any rank: `[u8; 20]` becomes
/// `[[f32; D]; 20]`. A token beyond the table is [`Error::IndexOutOfRange`], found before anything is
/// computed. A fused training step goes through the table row by row, with scratch for one.
///
/// ```
/// use tensorlet::{Embedding, Layer, Module, Portable};
/// let mut table = Embedding::<3, 2>::ZERO;
/// table.weight = [[0.0, 0.5], [1.0, 1.5], [2.0, 2.5]];
/// let y = table.forward(Portable, &[[2_u8, 0]], &mut [0.0; 5]).unwrap().to_vec();
/// assert_eq!(y, [[[2.0, 2.5], [0.0, 0.5]]]);
/// assert!(table.forward(Portable, &[[3_u8]], &mut [0.0; 3]).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct Embedding<const V: usize, const D: usize> {
    /// The vectors.
    pub weight: [[f32; D]; V],
    /// A token whose vector is not trained: it has no gradient, and is 0 at first. None by default.
    pub padding_idx: Option<usize>,
}

impl<const V: usize, const D: usize> Embedding<V, D> {
    const WEIGHT: ParameterInfo =
        ParameterInfo { name: "weight", shape: Shape::new(&[V, D]), layout: Layout::RowMajor };

    /// The row of a token, if it has one that is trained.
    #[inline(always)]
    fn trained_row<I: Index>(&self, token: I) -> Option<usize> {
        token.position(V).filter(|&row| Some(row) != self.padding_idx)
    }
}

/// Row `row` of a flat table.
#[inline(always)]
pub(super) fn row_mut(table: &mut [f32], row: usize, len: usize) -> Option<&mut [f32]> {
    table.get_mut(row * len..(row + 1) * len)
}

/// Checks that all tokens are in a table.
pub(super) fn check_tokens<I: Index>(tokens: &[I], entries: usize) -> Result<(), Error> {
    for (position, &token) in tokens.iter().enumerate() {
        if token.position(entries).is_none() {
            return Err(Error::IndexOutOfRange { position, index: token.to_i64(), entries });
        }
    }
    Ok(())
}

impl<const N: usize, const D: usize> Module for Embedding<N, D> {
    const ZERO: Self = Self { weight: [[0.0; D]; N], padding_idx: None };
    const PARAMETERS: usize = N * D;

    /// Standard normal numbers, as in PyTorch, but zeros for the token of padding.
    fn init<R: Rng>(&mut self, rng: &mut R) {
        init::normal(&mut self.weight, 0.0, 1.0, rng);
        if let Some(row) = self.padding_idx.and_then(|row| self.weight.get_mut(row)) {
            row.fill(0.0);
        }
    }

    #[inline]
    fn parameters<S: Visitor>(&self, path: Path<'_>, visitor: &mut S) {
        visitor.setting(path.join("padding_idx"), self.padding_idx.map_or(-1.0, |row| row as f32));
        let (info, values) = (&Self::WEIGHT, self.weight.elements());
        visitor.parameter(Parameter { path: path.join(info.name), info, trained: true }, values);
    }

    #[inline]
    fn parameters_mut<S: VisitorMut>(&mut self, path: Path<'_>, visitor: &mut S) {
        let (info, values) = (&Self::WEIGHT, self.weight.elements_mut());
        visitor.parameter(Parameter { path: path.join(info.name), info, trained: true }, values);
    }
}

impl<X: Tokens<D>, const V: usize, const D: usize> Layer<X> for Embedding<V, D> {
    type Out = X::Embedded;
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::Embedding,
        input: X::SHAPE,
        output: X::Embedded::SHAPE,
        parameters: &[Self::WEIGHT],
        macs: 0,
    });

    fn check(x: &[X]) -> Result<(), Error> {
        check_tokens(X::flat(x), V)
    }

    #[inline(always)]
    fn infer<K: Kernels>(&self, _: K, input: Input<'_, X>, _: &mut [f32], arena: &mut [f32]) -> End {
        memory::out_of_place(input, arena, |x: &[X], y: &mut [X::Embedded], _| {
            self.look_up(X::flat(x), X::Embedded::flat_mut(y));
        })
    }
}

impl<const V: usize, const D: usize> Embedding<V, D> {
    #[inline]
    fn look_up<I: Index>(&self, tokens: &[I], y: &mut [f32]) {
        for (y, token) in samples_mut(y, D).zip(tokens) {
            if let Some(row) = token.position(V).and_then(|row| self.weight.get(row)) {
                for (y, x) in y.iter_mut().zip(row) {
                    *y = *x;
                }
            }
        }
    }
}

impl<X: Tokens<D>, const V: usize, const D: usize> Train<X> for Embedding<V, D> {
    /// One row.
    const FUSED: usize = D;

    #[inline(always)]
    fn forward_train<K: Kernels>(&self, _: K, pass: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
        self.look_up(X::flat(X::in_words(x, pass.n)), tape);
    }

    /// There is no gradient of tokens.
    #[inline]
    fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32]) {
        for (&token, dy) in X::flat(X::in_words(x, pass.n)).iter().zip(samples(tape, D)) {
            if let Some(row) = self.trained_row(token).and_then(|row| row_mut(grad, row, D)) {
                k.add(row, dy);
            }
        }
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
        let tokens = X::flat(X::in_words(x, pass.n));
        let optimizer = step.of("weight");
        let (gradient, _) = memory::split(step.scratch, D);
        let mut state = States::new::<O>(step.state);
        for row in 0..V {
            gradient.fill(0.0);
            for (&token, dy) in tokens.iter().zip(samples(tape, D)) {
                if self.trained_row(token) == Some(row) {
                    k.add(gradient, dy);
                }
            }
            if let Some(weight) = self.weight.get_mut(row) {
                optimizer.update(k, weight, gradient, state.take(D));
            }
        }
    }
}
