//! One vector for a bag of tokens.

use rand_core::Rng;

use super::{
    Layer, Pass, Train,
    embedding::{check_tokens, row_mut},
};
use crate::{
    Error, Index, Module, Parameter, Path, Tensor, Visitor, VisitorMut,
    description::{Description, LayerInfo, Layout, Op, ParameterInfo},
    init,
    kernel::{Kernels, samples, samples_mut},
    memory::{self, End, Input},
    shape::Shape,
};

/// How an [`EmbeddingBag`] puts the vectors of its tokens together: PyTorch's `mode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BagMode {
    /// The sum.
    Sum,
    /// The mean, PyTorch's default.
    #[default]
    Mean,
    /// The largest number of each place.
    Max,
}

/// The sum, mean or largest numbers of the vectors of a bag of tokens: PyTorch's `nn.EmbeddingBag(V, D)`.
///
/// A bag is an array of tokens, `[u8; 20]`. Those that are `padding_idx` do not count; a bag of them alone
/// gives zeros.
///
/// ```
/// use tensorlet::{BagMode, EmbeddingBag, Layer, Module, Portable};
/// let mut table = EmbeddingBag::<3, 2>::ZERO;
/// table.weight = [[0.0, 5.0], [1.0, 1.0], [2.0, 3.0]];
/// let bags = [[2_u8, 0], [1, 1]];
/// let y = table.forward(Portable, &bags, &mut [0.0; 6]).unwrap().to_vec();
/// assert_eq!(y, [[1.0, 4.0], [1.0, 1.0]]);
/// table.mode = BagMode::Max;
/// let y = table.forward(Portable, &bags, &mut [0.0; 6]).unwrap().to_vec();
/// assert_eq!(y, [[2.0, 5.0], [1.0, 1.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct EmbeddingBag<const V: usize, const D: usize> {
    /// The vectors.
    pub weight: [[f32; D]; V],
    /// How they are put together; [`BagMode::Mean`] by default.
    pub mode: BagMode,
    /// A token that does not count. None by default.
    pub padding_idx: Option<usize>,
}

impl<const V: usize, const D: usize> EmbeddingBag<V, D> {
    const WEIGHT: ParameterInfo =
        ParameterInfo { name: "weight", shape: Shape::new(&[V, D]), layout: Layout::RowMajor };

    /// The rows of the tokens that count.
    #[inline(always)]
    fn rows<I: Index>(&self, tokens: &[I]) -> impl Iterator<Item = usize> {
        tokens.iter().filter_map(|token| token.position(V)).filter(|&row| Some(row) != self.padding_idx)
    }

    /// What each vector counts in a sum or mean.
    #[inline(always)]
    fn share<I: Index>(&self, tokens: &[I]) -> f32 {
        match self.mode {
            BagMode::Mean => 1.0 / self.rows(tokens).count().max(1) as f32,
            BagMode::Sum | BagMode::Max => 1.0,
        }
    }

    /// The first row that holds the largest number of a place, and that number; NaN is largest.
    #[inline(always)]
    fn largest<I: Index>(&self, tokens: &[I], place: usize) -> Option<(usize, f32)> {
        let mut best: Option<(usize, f32)> = None;
        for row in self.rows(tokens) {
            let x = self.weight.get(row)?.get(place).copied()?;
            if best.is_none_or(|(_, largest)| x > largest || (x.is_nan() && !largest.is_nan())) {
                best = Some((row, x));
            }
        }
        best
    }

    #[inline]
    fn apply<K: Kernels, I: Index>(&self, k: K, tokens: &[I], y: &mut [f32]) {
        y.fill(0.0);
        if self.mode == BagMode::Max {
            for (place, y) in y.iter_mut().enumerate() {
                *y = self.largest(tokens, place).map_or(0.0, |(_, largest)| largest);
            }
            return;
        }
        for row in self.rows(tokens).filter_map(|row| self.weight.get(row)) {
            k.add(y, row);
        }
        k.scale(y, self.share(tokens));
    }

    #[inline]
    fn apply_backward<K: Kernels, I: Index>(&self, k: K, tokens: &[I], dy: &[f32], grad: &mut [f32]) {
        if self.mode == BagMode::Max {
            for (place, dy) in dy.iter().enumerate() {
                let row = self.largest(tokens, place).and_then(|(row, _)| row_mut(grad, row, D));
                if let Some(gradient) = row.and_then(|row| row.get_mut(place)) {
                    *gradient += dy;
                }
            }
            return;
        }
        let share = self.share(tokens);
        for row in self.rows(tokens) {
            if let Some(gradient) = row_mut(grad, row, D) {
                k.add_scaled(gradient, share, dy);
            }
        }
    }
}

impl<const V: usize, const D: usize> Module for EmbeddingBag<V, D> {
    const ZERO: Self = Self { weight: [[0.0; D]; V], mode: BagMode::Mean, padding_idx: None };
    const PARAMETERS: usize = V * D;

    /// Standard normal numbers, as in PyTorch, but zeros for the token of padding.
    fn init<R: Rng>(&mut self, rng: &mut R) {
        init::normal(&mut self.weight, 0.0, 1.0, rng);
        if let Some(row) = self.padding_idx.and_then(|row| self.weight.get_mut(row)) {
            row.fill(0.0);
        }
    }

    #[inline]
    fn parameters<S: Visitor>(&self, path: Path<'_>, visitor: &mut S) {
        visitor.setting(path.join("mode"), self.mode as u8 as f32);
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

impl<I: Index + Tensor<Elem = I>, const N: usize, const V: usize, const D: usize> Layer<[I; N]> for EmbeddingBag<V, D> {
    type Out = [f32; D];
    const DESCRIPTION: Description = Description::Layer(LayerInfo {
        op: Op::EmbeddingBag,
        input: <[I; N]>::SHAPE,
        output: <[f32; D]>::SHAPE,
        parameters: &[Self::WEIGHT],
        macs: 0,
    });

    fn check(x: &[[I; N]]) -> Result<(), Error> {
        check_tokens(x.as_flattened(), V)
    }

    #[inline(always)]
    fn infer<K: Kernels>(&self, k: K, input: Input<'_, [I; N]>, _: &mut [f32], arena: &mut [f32]) -> End {
        memory::out_of_place(input, arena, |x: &[[I; N]], y: &mut [[f32; D]], _| {
            for (x, y) in x.iter().zip(y) {
                self.apply(k, x, y);
            }
        })
    }
}

impl<I: Index + Tensor<Elem = I>, const N: usize, const V: usize, const D: usize> Train<[I; N]> for EmbeddingBag<V, D> {
    #[inline(always)]
    fn forward_train<K: Kernels>(&self, k: K, pass: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
        for (x, y) in <[I; N]>::in_words(x, pass.n).iter().zip(samples_mut(tape, D)) {
            self.apply(k, x, y);
        }
    }

    /// There is no gradient of tokens.
    #[inline(always)]
    fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32]) {
        for (x, dy) in <[I; N]>::in_words(x, pass.n).iter().zip(samples(tape, D)) {
            self.apply_backward(k, x, dy, grad);
        }
    }
}
