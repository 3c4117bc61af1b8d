//! Normalisation of the last dimensions of a sample.

use rand_core::Rng;

use super::{
    Affine, EPS,
    affine::{show, show_mut},
};
use crate::{
    Module, Path, Tensor, Visitor, VisitorMut,
    description::{Description, LayerInfo, Layout, Op, ParameterInfo},
    kernel::{Kernels, RowNorm, samples},
    layer::{Layer, Pass, Train},
    memory::{self, End, Input},
    message::{Part, fail},
};

/// `(x - mean) / √(variance + eps) · weight + bias` over the last dimensions, those of `T`: PyTorch's
/// `nn.LayerNorm(shape)` (Ba et al., 2016). The variance is the biased one.
///
/// `LayerNorm<[f32; 8]>` normalises every row of 8, whatever dimensions are in front. `W` and `B` are
/// weight and bias: [`NoBias`](crate::NoBias) for `B` is PyTorch's `bias=False`, and with [`NoWeight`](super::NoWeight)
/// its `elementwise_affine=False`.
///
/// ```
/// use tensorlet::{Layer, LayerNorm, Module, Portable};
/// let mut norm = LayerNorm::<[f32; 2]>::ZERO;
/// norm.weight = [1.0, 10.0];
/// norm.eps = 0.0;
/// let y = norm.forward(Portable, &[[[3.0, 5.0], [-1.0, 1.0]]], &mut [0.0; 4]).unwrap().to_vec();
/// assert_eq!(y, [[[-1.0, 10.0], [-1.0, 10.0]]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct LayerNorm<T, W = T, B = T> {
    /// What each element is multiplied by.
    pub weight: W,
    /// What is then added.
    pub bias: B,
    /// Added to the variance; 1e-5 by default.
    pub eps: f32,
    shape: core::marker::PhantomData<T>,
}

/// `x / √(mean of x² + eps) · weight` over the last dimensions, those of `T`: PyTorch's `nn.RMSNorm(shape)`
/// (Zhang and Sennrich, 2019).
///
/// [`NoWeight`](super::NoWeight) for `W` is PyTorch's `elementwise_affine=False`.
///
/// ```
/// use tensorlet::{Layer, Module, Portable, RmsNorm};
/// let mut norm = RmsNorm::<[f32; 2]>::ZERO;
/// norm.weight = [5.0, 50.0];
/// norm.eps = 0.0;
/// let y = norm.forward(Portable, &[[1.0, -1.0]], &mut [0.0; 2]).unwrap().to_vec();
/// assert_eq!(y, [[5.0, -50.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct RmsNorm<T, W = T> {
    /// What each element is multiplied by.
    pub weight: W,
    /// Added to the mean square; by default `f32::EPSILON`, which is PyTorch's `eps=None`.
    pub eps: f32,
    shape: core::marker::PhantomData<T>,
}

impl<T: Tensor<Elem = f32>, W: Affine<T>, B: Affine<T>> LayerNorm<T, W, B> {
    const WEIGHT: ParameterInfo = ParameterInfo { name: "weight", shape: T::SHAPE, layout: Layout::RowMajor };
    const BIAS: ParameterInfo = ParameterInfo { name: "bias", shape: T::SHAPE, layout: Layout::RowMajor };

    /// Mean and `1 / √(variance + eps)` of each row of a batch.
    ///
    /// ```
    /// use tensorlet::{LayerNorm, Module, Portable};
    /// let mut norm = LayerNorm::<[f32; 2]>::ZERO;
    /// norm.eps = 0.0;
    /// let (mut mean, mut rstd) = ([0.0; 2], [0.0; 2]);
    /// norm.statistics(Portable, &[[3.0, 5.0], [-0.5, 0.5]], &mut mean, &mut rstd);
    /// assert_eq!((mean, rstd), ([4.0, 0.0], [1.0, 2.0]));
    /// ```
    #[inline]
    pub fn statistics<K: Kernels, X: Tensor<Elem = f32>>(&self, k: K, x: &[X], mean: &mut [f32], rstd: &mut [f32]) {
        const { check::<X, T>("LayerNorm") };
        for ((x, mean), rstd) in samples(X::flat(x), T::LEN).zip(mean).zip(rstd) {
            let standard = self.rows().standard(k, x);
            (*mean, *rstd) = (standard.mean, standard.rstd);
        }
    }

    #[inline(always)]
    fn rows(&self) -> RowNorm<'_> {
        let (weight, bias) = (self.weight.values(), self.bias.values());
        RowNorm { len: T::LEN, centered: true, eps: self.eps, weight, bias }
    }
}

impl<T: Tensor<Elem = f32>, W: Affine<T>> RmsNorm<T, W> {
    const WEIGHT: ParameterInfo = ParameterInfo { name: "weight", shape: T::SHAPE, layout: Layout::RowMajor };

    #[inline(always)]
    fn rows(&self) -> RowNorm<'_> {
        RowNorm { len: T::LEN, centered: false, eps: self.eps, weight: self.weight.values(), bias: &[] }
    }
}

impl<T: Tensor<Elem = f32>, W: Affine<T>, B: Affine<T>> Module for LayerNorm<T, W, B> {
    const ZERO: Self = Self { weight: W::ZERO, bias: B::ZERO, eps: EPS, shape: core::marker::PhantomData };
    const PARAMETERS: usize = W::LEN + B::LEN;

    /// The weight 1, the bias 0, as in PyTorch; draws nothing.
    fn init<R: Rng>(&mut self, _: &mut R) {
        self.weight.values_mut().fill(1.0);
        self.bias.values_mut().fill(0.0);
    }

    #[inline]
    fn parameters<V: Visitor>(&self, path: Path<'_>, visitor: &mut V) {
        visitor.setting(path.join("eps"), self.eps);
        show(&self.weight, &Self::WEIGHT, path, visitor);
        show(&self.bias, &Self::BIAS, path, visitor);
    }

    #[inline]
    fn parameters_mut<V: VisitorMut>(&mut self, path: Path<'_>, visitor: &mut V) {
        show_mut(&mut self.weight, &Self::WEIGHT, path, visitor);
        show_mut(&mut self.bias, &Self::BIAS, path, visitor);
    }
}

impl<T: Tensor<Elem = f32>, W: Affine<T>> Module for RmsNorm<T, W> {
    const ZERO: Self = Self { weight: W::ZERO, eps: f32::EPSILON, shape: core::marker::PhantomData };
    const PARAMETERS: usize = W::LEN;

    /// The weight 1, as in PyTorch; draws nothing.
    fn init<R: Rng>(&mut self, _: &mut R) {
        self.weight.values_mut().fill(1.0);
    }

    #[inline]
    fn parameters<V: Visitor>(&self, path: Path<'_>, visitor: &mut V) {
        visitor.setting(path.join("eps"), self.eps);
        show(&self.weight, &Self::WEIGHT, path, visitor);
    }

    #[inline]
    fn parameters_mut<V: VisitorMut>(&mut self, path: Path<'_>, visitor: &mut V) {
        show_mut(&mut self.weight, &Self::WEIGHT, path, visitor);
    }
}

/// Fails to compile unless the last dimensions of `X` are those of `T`.
const fn check<X: Tensor, T: Tensor>(layer: &str) {
    let (x, t) = (X::SHAPE, T::SHAPE);
    let (mut fits, mut i) = (t.rank() > 0 && t.rank() <= x.rank(), 0);
    while fits && i < t.rank() {
        fits = t.dim(i) == x.dim(x.rank() - t.rank() + i);
        i += 1;
    }
    if !fits {
        fail(&[
            Part::Text("shape mismatch: layer `"),
            Part::Text(layer),
            Part::Text("` over dimensions "),
            Part::Shape(t),
            Part::Text(" cannot take an input of shape "),
            Part::Shape(x),
        ]);
    }
}

/// What both layers share.
macro_rules! layer {
    ($name:ident, [$($bound:ident),+], $weight:ident, $parameters:expr) => {
        impl<X: Tensor<Elem = f32>, T: Tensor<Elem = f32>, $($bound: Affine<T>),+> Layer<X> for $name<T, $($bound),+> {
            type Out = X;
            const DESCRIPTION: Description = {
                check::<X, T>(stringify!($name));
                Description::Layer(LayerInfo {
                    op: Op::$name { dims: T::SHAPE.rank() },
                    input: X::SHAPE,
                    output: X::SHAPE,
                    parameters: $parameters,
                    macs: X::LEN,
                })
            };
            const PEAK: usize = X::WORDS;
            const PEAK_GIVEN: usize = X::WORDS;

            #[inline(always)]
            fn infer<K: Kernels>(&self, k: K, input: Input<'_, X>, _: &mut [f32], arena: &mut [f32]) -> End {
                const { check::<X, T>(stringify!($name)) };
                memory::from_or_in_place(input, arena, |x, y| k.layer_norm_rows(self.rows(), x, y))
            }
        }

        impl<X: Tensor<Elem = f32>, T: Tensor<Elem = f32>, $($bound: Affine<T>),+> Train<X> for $name<T, $($bound),+> {
            #[inline(always)]
            fn forward_train<K: Kernels>(&self, k: K, _: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
                const { check::<X, T>(stringify!($name)) };
                k.layer_norm_rows(self.rows(), Some(x), tape);
            }

            #[inline(always)]
            fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32]) {
                if grad.is_empty() && !pass.input_gradient {
                    return;
                }
                let (dweight, dbias) = memory::split(grad, $weight::LEN);
                k.layer_norm_rows_backward(self.rows(), x, tape, dweight, dbias);
            }
        }
    };
}

layer!(
    LayerNorm,
    [W, B],
    W,
    match (W::LEN, B::LEN) {
        (0, 0) => &[],
        (_, 0) => &[Self::WEIGHT],
        (0, _) => &[Self::BIAS],
        _ => &[Self::WEIGHT, Self::BIAS],
    }
);
layer!(
    RmsNorm,
    [W],
    W,
    match W::LEN {
        0 => &[],
        _ => &[Self::WEIGHT],
    }
);
