//! Features on one scale.
//!
//! A feature is one element of the type `M`. Samples `X` have the same shape, or further dimensions
//! behind it, over which a feature is one: with `M = [f32; 3]` and images of three channels each channel
//! is a feature.

use crate::{
    Error, Portable, Tensor,
    kernel::{ReduceKernels, samples, samples_mut},
    math,
    message::{Part, fail},
};

/// Elements of a sample that are one feature. Fails to compile unless the shape of `M` is the beginning
/// of that of `X`.
const fn repeats<X: Tensor, M: Tensor>() -> usize {
    let mut fits = M::SHAPE.rank() <= X::SHAPE.rank();
    let mut i = 0;
    while i < M::SHAPE.rank() {
        fits &= M::SHAPE.dim(i) == X::SHAPE.dim(i);
        i += 1;
    }
    if !fits {
        fail(&[
            Part::Text("shape mismatch: features of shape "),
            Part::Shape(M::SHAPE),
            Part::Text(" are no leading dimensions of samples of shape "),
            Part::Shape(X::SHAPE),
        ]);
    }
    X::LEN / M::LEN
}

/// Calls `f` with the elements of each feature.
#[inline(always)]
fn each<X: Tensor<Elem = f32>, M: Tensor>(x: &mut X, parameters: [&M; 2], f: impl Fn(f32, M::Elem, M::Elem) -> f32) {
    let repeats = const { repeats::<X, M>() };
    let [a, b] = parameters.map(|parameters| parameters.elements());
    for (x, (a, b)) in samples_mut(x.elements_mut(), repeats).zip(a.iter().zip(b)) {
        x.iter_mut().for_each(|x| *x = f(*x, *a, *b));
    }
}

/// Mean and variance of features in one pass, sample after sample, scikit-learn's
/// `StandardScaler().partial_fit`: Welford's method (1962), which does
/// not cancel as the difference of two sums does, and for samples with many values of a feature that of
/// Chan, Golub and LeVeque (1979). Both are averages, not sums: after very many values they change no
/// more, but stay right.
///
/// ```
/// use tensorlet::data::Moments;
/// let mut moments = Moments::<[f32; 2]>::ZERO;
/// for sample in [[1.0, 1e6], [2.0, 1e6 + 1.0], [3.0, 1e6 + 2.0]] {
///     moments.update(&sample);
/// }
/// assert_eq!((moments.count, moments.mean), (3, [2.0, 1e6 + 1.0]));
/// assert!(moments.var.iter().all(|var| (var - 2.0 / 3.0).abs() < 1e-6));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments<M> {
    /// Values of each feature so far.
    pub count: u32,
    /// Their mean.
    pub mean: M,
    /// Their variance, the biased one: PyTorch's `var(correction=0)`.
    pub var: M,
}

impl<M: Tensor<Elem = f32>> Moments<M> {
    /// Before the first sample.
    pub const ZERO: Self = Self { count: 0, mean: M::ZERO, var: M::ZERO };

    /// Takes a sample.
    #[inline]
    pub fn update<X: Tensor<Elem = f32>>(&mut self, x: &X) {
        let repeats = const { repeats::<X, M>() };
        self.count = merge(x.elements(), repeats, self.count, self.mean.elements_mut(), self.var.elements_mut());
    }

    /// The normalisation with this mean and variance.
    #[inline]
    pub fn normalize(&self, to: &mut Normalize<M>) {
        (to.mean, to.std) = (self.mean, self.var);
        to.finish();
    }
}

/// Takes the values of a sample into means and variances; returns the new count.
fn merge(x: &[f32], repeats: usize, count: u32, mean: &mut [f32], var: &mut [f32]) -> u32 {
    let new = count.saturating_add(repeats as u32);
    // The part of the new values in all of them.
    let part = repeats as f32 / new as f32;
    for (x, (mean, var)) in samples(x, repeats).zip(mean.iter_mut().zip(var)) {
        let mean_here = Portable.sum(x) / repeats as f32;
        let squares: f32 = x.iter().map(|x| (x - mean_here) * (x - mean_here)).sum();
        let distance = mean_here - *mean;
        *mean += distance * part;
        *var += part * (squares / repeats as f32 - *var + distance * distance * (1.0 - part));
    }
    new
}

/// `(x - mean) / std` for each feature: torchvision's `Normalize`, scikit-learn's `StandardScaler`.
///
/// The deviation is that of the data set itself, divided by its size and not by one less; of a feature
/// that is always the same it is 1, as scikit-learn has it, so that such a feature becomes 0.
///
/// ```
/// use tensorlet::data::Normalize;
/// let mut normalize = Normalize::<[f32; 2]>::IDENTITY;
/// normalize.fit(&[[1.0, 5.0], [3.0, 5.0]])?;
/// let mut x = [4.0, 6.0];
/// normalize.apply(&mut x);
/// assert_eq!(x, [2.0, 1.0]);
/// normalize.invert(&mut x);
/// assert_eq!(x, [4.0, 6.0]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalize<M> {
    /// The mean of each feature.
    pub mean: M,
    /// The standard deviation of each feature.
    pub std: M,
}

impl<M: Tensor<Elem = f32>> Normalize<M> {
    /// Changes nothing: a mean of 0, and a deviation of 0, which counts as 1.
    pub const IDENTITY: Self = Self { mean: M::ZERO, std: M::ZERO };

    /// Takes mean and deviation from a data set.
    ///
    /// # Errors
    /// [`Error::EmptyBatch`]; nothing is changed then.
    pub fn fit<X: Tensor<Elem = f32>>(&mut self, data: &[X]) -> Result<(), Error> {
        let repeats = const { repeats::<X, M>() };
        if data.is_empty() {
            return Err(Error::EmptyBatch);
        }
        let (mean, var) = (self.mean.elements_mut(), self.std.elements_mut());
        mean.fill(0.0);
        var.fill(0.0);
        data.iter().fold(0, |count, x| merge(x.elements(), repeats, count, mean, var));
        self.finish();
        Ok(())
    }

    /// Makes deviations of variances.
    fn finish(&mut self) {
        self.std.elements_mut().iter_mut().for_each(|std| *std = scale(math::sqrt(*std)));
    }

    /// `x ← (x - mean) / std`.
    pub fn apply<X: Tensor<Elem = f32>>(&self, x: &mut X) {
        each(x, [&self.mean, &self.std], |x, mean, std| (x - mean) / scale(std));
    }

    /// `x ← x · std + mean`: back to the old scale.
    pub fn invert<X: Tensor<Elem = f32>>(&self, x: &mut X) {
        each(x, [&self.mean, &self.std], |x, mean, std| x * scale(std) + mean);
    }
}

/// What can be divided by.
#[inline(always)]
fn scale(x: f32) -> f32 {
    if x == 0.0 { 1.0 } else { x }
}

/// `(x - min) / (max - min)` for each feature: the data set between 0 and 1,
/// scikit-learn's `MinMaxScaler`. A feature that is always the same becomes 0.
///
/// ```
/// use tensorlet::data::MinMax;
/// let mut scale = MinMax::<[f32; 2]>::IDENTITY;
/// scale.fit(&[[1.0, 5.0], [3.0, 5.0]])?;
/// let mut x = [2.0, 5.0];
/// scale.apply(&mut x);
/// assert_eq!(x, [0.5, 0.0]);
/// scale.invert(&mut x);
/// assert_eq!(x, [2.0, 5.0]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MinMax<M> {
    /// The smallest value of each feature.
    pub min: M,
    /// The largest value of each feature.
    pub max: M,
}

impl<M: Tensor<Elem = f32>> MinMax<M> {
    /// Changes nothing: an empty range counts as one of length 1.
    pub const IDENTITY: Self = Self { min: M::ZERO, max: M::ZERO };

    /// Takes the ranges from a data set; NaN is passed over.
    ///
    /// # Errors
    /// [`Error::EmptyBatch`]; nothing is changed then.
    pub fn fit<X: Tensor<Elem = f32>>(&mut self, data: &[X]) -> Result<(), Error> {
        let repeats = const { repeats::<X, M>() };
        if data.is_empty() {
            return Err(Error::EmptyBatch);
        }
        let (min, max) = (self.min.elements_mut(), self.max.elements_mut());
        min.fill(f32::INFINITY);
        max.fill(f32::NEG_INFINITY);
        for x in data {
            for (x, (min, max)) in samples(x.elements(), repeats).zip(min.iter_mut().zip(&mut *max)) {
                *min = x.iter().fold(*min, |min, &x| min.min(x));
                *max = x.iter().fold(*max, |max, &x| max.max(x));
            }
        }
        Ok(())
    }

    /// `x ← (x - min) / (max - min)`.
    pub fn apply<X: Tensor<Elem = f32>>(&self, x: &mut X) {
        each(x, [&self.min, &self.max], |x, min, max| (x - min) / scale(max - min));
    }

    /// `x ← x · (max - min) + min`: back to the old scale.
    pub fn invert<X: Tensor<Elem = f32>>(&self, x: &mut X) {
        each(x, [&self.min, &self.max], |x, min, max| x * scale(max - min) + min);
    }
}
