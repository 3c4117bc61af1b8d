//! Normalisation of channels over the batch.

use rand_core::Rng;

use super::{
    Affine, EPS, Running, RunningStatistics,
    affine::{show, show_mut},
    plane,
};
use crate::{
    Module, Parameter, Path, Shape, Tensor, Visitor, VisitorMut,
    description::{Description, LayerInfo, Layout, Op, ParameterInfo},
    kernel::{
        Kernels, Standard,
        norm::{corrected, standard},
        samples, samples_mut,
    },
    layer::{Layer, Pass, Train},
    memory::{self, End, Input},
};

/// `(x - mean) / √(variance + eps) · weight + bias` for each channel: PyTorch's `nn.BatchNorm2d(C)`
/// (Ioffe and Szegedy, 2015), also 1d and 3d, since the shape is the input's.
///
/// The channels are the first dimension of a sample. In training, mean and (biased) variance are those of
/// the channel over the whole batch and all places, and the running ones move towards them (the variance
/// to the unbiased one); inference, and training inside [`Frozen`](crate::Frozen), uses the running ones.
/// Where a channel has one number per sample, training needs batches of at least 2:
/// [`Error::BatchTooSmall`](crate::Error::BatchTooSmall).
///
/// `W` and `B` are weight and bias, [`NoWeight`](super::NoWeight) and [`NoBias`](crate::NoBias) PyTorch's
/// `affine=False`; [`NotTracked`](super::NotTracked) for `R` is its `track_running_stats=False`.
///
/// ```
/// use tensorlet::{BatchNorm2d, Layer, Module, Portable};
/// let mut norm = BatchNorm2d::<2>::ZERO;
/// norm.weight = [1.0, 10.0];
/// norm.running.mean = [4.0, 0.0];
/// norm.running.var = [1.0, 4.0];
/// norm.eps = 0.0;
/// let y = norm.forward(Portable, &[[[[3.0, 5.0]], [[2.0, 0.0]]]], &mut [0.0; 4]).unwrap().to_vec();
/// assert_eq!(y, [[[[-1.0, 1.0]], [[10.0, 0.0]]]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C)]
pub struct BatchNorm<const C: usize, W = [f32; C], B = [f32; C], R = Running<C>> {
    /// What each channel is multiplied by.
    pub weight: W,
    /// What is then added to it.
    pub bias: B,
    /// The running statistics.
    pub running: R,
    /// Added to the variance; 1e-5 by default.
    pub eps: f32,
    /// The share of a batch in the running statistics, 0.1 by default; with `None` they are the average over
    /// all batches (as a [setting](crate::Visitor::setting) it is then NaN).
    pub momentum: Option<f32>,
}

/// [`BatchNorm`] of samples `[f32; C]` or `[[f32; L]; C]`: PyTorch's `nn.BatchNorm1d(C)`.
pub type BatchNorm1d<const C: usize, W = [f32; C], B = [f32; C], R = Running<C>> = BatchNorm<C, W, B, R>;
/// [`BatchNorm`] of images: PyTorch's `nn.BatchNorm2d(C)`.
pub type BatchNorm2d<const C: usize, W = [f32; C], B = [f32; C], R = Running<C>> = BatchNorm<C, W, B, R>;

impl<const C: usize, W: Affine<[f32; C]>, B: Affine<[f32; C]>, R: RunningStatistics<C>> BatchNorm<C, W, B, R> {
    const WEIGHT: ParameterInfo = info("weight", C);
    const BIAS: ParameterInfo = info("bias", C);
    const MEAN: ParameterInfo = info("running_mean", C);
    const VAR: ParameterInfo = info("running_var", C);
}

const fn info(name: &'static str, channels: usize) -> ParameterInfo {
    ParameterInfo { name, shape: Shape::new(&[channels]), layout: Layout::RowMajor }
}

impl<const C: usize, W: Affine<[f32; C]>, B: Affine<[f32; C]>, R: RunningStatistics<C>> Module
    for BatchNorm<C, W, B, R>
{
    const ZERO: Self = Self { weight: W::ZERO, bias: B::ZERO, running: R::ZERO, eps: EPS, momentum: Some(0.1) };
    /// Without the running statistics, which are not trained.
    const PARAMETERS: usize = W::LEN + B::LEN;

    /// Weight and running variance 1, bias and running mean 0, as in PyTorch; draws nothing.
    fn init<G: Rng>(&mut self, _: &mut G) {
        self.weight.values_mut().fill(1.0);
        self.bias.values_mut().fill(0.0);
        if let Some(running) = self.running.get_mut() {
            running.mean.fill(0.0);
            running.var.fill(1.0);
            running.batches = 0;
        }
    }

    #[inline]
    fn parameters<V: Visitor>(&self, path: Path<'_>, visitor: &mut V) {
        visitor.setting(path.join("eps"), self.eps);
        show(&self.weight, &Self::WEIGHT, path, visitor);
        show(&self.bias, &Self::BIAS, path, visitor);
        if let Some(running) = self.running.get() {
            visitor.setting(path.join("momentum"), self.momentum.unwrap_or(f32::NAN));
            for (info, values) in [(&Self::MEAN, &running.mean), (&Self::VAR, &running.var)] {
                visitor.parameter(Parameter { path: path.join(info.name), info, trained: false }, values);
            }
        }
    }

    #[inline]
    fn parameters_mut<V: VisitorMut>(&mut self, path: Path<'_>, visitor: &mut V) {
        show_mut(&mut self.weight, &Self::WEIGHT, path, visitor);
        show_mut(&mut self.bias, &Self::BIAS, path, visitor);
        if let Some(running) = self.running.get_mut() {
            for (info, values) in [(&Self::MEAN, &mut running.mean), (&Self::VAR, &mut running.var)] {
                visitor.parameter(Parameter { path: path.join(info.name), info, trained: false }, values);
            }
        }
    }
}

impl<X, const C: usize, W, B, R> Layer<X> for BatchNorm<C, W, B, R>
where
    X: Tensor<Elem = f32>,
    W: Affine<[f32; C]>,
    B: Affine<[f32; C]>,
    R: RunningStatistics<C>,
{
    type Out = X;
    const DESCRIPTION: Description = {
        let _ = plane("BatchNorm", X::SHAPE, C);
        Description::Layer(LayerInfo {
            op: Op::BatchNorm { dims: if X::SHAPE.rank() < 2 { 1 } else { X::SHAPE.rank() - 1 }, tracked: R::TRACKED },
            input: X::SHAPE,
            output: X::SHAPE,
            parameters: match (W::LEN, B::LEN, R::TRACKED) {
                (0, 0, false) => &[],
                (0, 0, true) => &[Self::MEAN, Self::VAR],
                (_, 0, false) => &[Self::WEIGHT],
                (_, 0, true) => &[Self::WEIGHT, Self::MEAN, Self::VAR],
                (0, _, false) => &[Self::BIAS],
                (0, _, true) => &[Self::BIAS, Self::MEAN, Self::VAR],
                (_, _, false) => &[Self::WEIGHT, Self::BIAS],
                (_, _, true) => &[Self::WEIGHT, Self::BIAS, Self::MEAN, Self::VAR],
            },
            macs: X::LEN,
        })
    };
    const PEAK: usize = X::WORDS;
    const PEAK_GIVEN: usize = X::WORDS;

    #[inline(always)]
    fn infer<K: Kernels>(&self, k: K, input: Input<'_, X>, _: &mut [f32], arena: &mut [f32]) -> End {
        let plane = const { plane("BatchNorm", X::SHAPE, C) };
        memory::in_place(input, arena, |x| self.apply(k, plane, false, x))
    }
}

impl<X, const C: usize, W, B, R> Train<X> for BatchNorm<C, W, B, R>
where
    X: Tensor<Elem = f32>,
    W: Affine<[f32; C]>,
    B: Affine<[f32; C]>,
    R: RunningStatistics<C>,
{
    const DIFFERS_IN_TRAINING: bool = R::TRACKED;
    const MIN_BATCH: usize = if X::LEN == C { 2 } else { 1 };

    #[inline(always)]
    fn forward_train<K: Kernels>(&self, k: K, pass: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
        for (y, x) in tape.iter_mut().zip(x) {
            *y = *x;
        }
        self.apply(k, const { plane("BatchNorm", X::SHAPE, C) }, pass.training, tape);
    }

    #[inline(always)]
    fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32]) {
        self.apply_backward(k, const { plane("BatchNorm", X::SHAPE, C) }, pass, x, tape, grad);
    }
}

impl<const C: usize, W: Affine<[f32; C]>, B: Affine<[f32; C]>, R: RunningStatistics<C>> BatchNorm<C, W, B, R> {
    /// Mean and biased variance that channel `c` is normalised with: those of the batch in training and
    /// where there are no others.
    #[inline(always)]
    fn moments<K: Kernels>(&self, k: K, channel: Channel, training: bool, x: &[f32]) -> [f32; 2] {
        match self.running.get() {
            Some(running) if !training => {
                [&running.mean, &running.var].map(|values| values.get(channel.index).copied().unwrap_or_default())
            }
            _ => channel.moments(k, x),
        }
    }

    /// Normalises a batch, in place.
    #[inline]
    fn apply<K: Kernels>(&self, k: K, plane: usize, training: bool, x: &mut [f32]) {
        for index in 0..C {
            let channel = Channel { index, plane, sample: C * plane };
            let Standard { mean, rstd } = standard(self.moments(k, channel, training, x), self.eps);
            let weight = self.weight.values().get(index).copied().unwrap_or(1.0);
            let bias = self.bias.values().get(index).copied().unwrap_or(0.0);
            for x in samples_mut(x, channel.sample) {
                k.standardize(channel.of_mut(x), mean, rstd * weight, bias);
            }
        }
    }

    /// Takes the batch into the running statistics, adds the gradients of weight and bias, and puts that of
    /// the input in place of the input.
    #[inline]
    fn apply_backward<K: Kernels>(
        &mut self,
        k: K,
        plane: usize,
        pass: Pass,
        x: &mut [f32],
        dy: &[f32],
        grad: &mut [f32],
    ) {
        let (dweight, dbias) = memory::split(grad, W::LEN);
        let n = pass.n * plane;
        let share = match self.running.get_mut() {
            Some(running) if pass.training => running.count(self.momentum),
            _ => 0.0,
        };
        for index in 0..C {
            let channel = Channel { index, plane, sample: C * plane };
            let moments = self.moments(k, channel, pass.training, x);
            let Standard { mean, rstd } = standard(moments, self.eps);
            let of_batch = pass.training || !R::TRACKED;
            if pass.training
                && let Some(running) = self.running.get_mut()
            {
                running.take_in(index, moments, n, share);
            }
            let (mut sum, mut dot) = (0.0, 0.0);
            for (x, dy) in samples(x, channel.sample).zip(samples(dy, channel.sample)) {
                sum += k.sum(channel.of(dy));
                dot += k.dot_deviations(channel.of(x), channel.of(dy), mean);
            }
            if let Some(dweight) = dweight.get_mut(index) {
                *dweight += dot * rstd;
            }
            if let Some(dbias) = dbias.get_mut(index) {
                *dbias += sum;
            }
            if pass.input_gradient {
                let a = rstd * self.weight.values().get(index).copied().unwrap_or(1.0);
                // Statistics of the batch depend on the input, running ones do not.
                let scale = if of_batch { a / n as f32 } else { 0.0 };
                let factors = [a, -dot * (rstd * rstd) * scale, -sum * scale];
                for (x, dy) in samples_mut(x, channel.sample).zip(samples(dy, channel.sample)) {
                    k.standardize_backward(channel.of_mut(x), channel.of(dy), mean, factors);
                }
            }
        }
    }
}

/// Where a channel lies in a sample.
#[derive(Clone, Copy)]
struct Channel {
    /// Its position.
    index: usize,
    /// Its elements.
    plane: usize,
    /// The elements of a sample.
    sample: usize,
}

impl Channel {
    #[inline(always)]
    fn of(self, sample: &[f32]) -> &[f32] {
        let start = self.index * self.plane;
        sample.get(start..start + self.plane).unwrap_or_default()
    }

    #[inline(always)]
    fn of_mut(self, sample: &mut [f32]) -> &mut [f32] {
        let start = self.index * self.plane;
        sample.get_mut(start..start + self.plane).unwrap_or_default()
    }

    /// Mean and biased variance over a batch, in two passes.
    #[inline(always)]
    fn moments<K: Kernels>(self, k: K, x: &[f32]) -> [f32; 2] {
        let (mut sum, mut n) = (0.0, 0.0);
        for x in samples(x, self.sample) {
            sum += k.sum(self.of(x));
            n += self.plane as f32;
        }
        let mean = sum / n;
        let mut deviations = [0.0; 2];
        for x in samples(x, self.sample) {
            for (sum, more) in deviations.iter_mut().zip(k.deviations(self.of(x), mean)) {
                *sum += more;
            }
        }
        corrected(mean, deviations.map(|sum| sum / n))
    }
}
