//! Normalisation: what subtracts a mean and divides by a deviation, and its gradients.

use super::{ReduceKernels, samples, samples_mut};
use crate::math;

/// What is taken off a number and what it is then multiplied by: `(x - mean) · rstd`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standard {
    /// The mean.
    pub mean: f32,
    /// One over the standard deviation.
    pub rstd: f32,
}

/// How rows are normalised that follow each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RowNorm<'a> {
    /// The numbers of a row.
    pub len: usize,
    /// Whether the mean of the row is taken off, as in RMS normalisation it is not.
    pub centered: bool,
    /// Added to the variance, or to the mean square.
    pub eps: f32,
    /// What each number of a row is multiplied by; empty for none.
    pub weight: &'a [f32],
    /// What is then added; empty for none.
    pub bias: &'a [f32],
}

impl RowNorm<'_> {
    /// The standardisation of one row.
    #[inline(always)]
    pub(crate) fn standard<K: NormKernels>(&self, k: K, x: &[f32]) -> Standard {
        let moments = if self.centered { moments(k, x) } else { [0.0, k.dot(x, x) / x.len() as f32] };
        standard(moments, self.eps)
    }
}

/// Mean and biased variance of a run, in two passes.
#[inline(always)]
pub(crate) fn moments<K: NormKernels>(k: K, x: &[f32]) -> [f32; 2] {
    let scale = 1.0 / x.len() as f32;
    let mean = k.sum(x) * scale;
    corrected(mean, k.deviations(x, mean).map(|sum| sum * scale))
}

/// Mean and variance from a mean that is off by the rounding of a sum, and the means of the deviations
/// from it and of their squares: where numbers are far from 0 but close together, that rounding is
/// large beside the deviation.
#[inline(always)]
pub(crate) fn corrected(mean: f32, [off, square]: [f32; 2]) -> [f32; 2] {
    let variance = square - off * off;
    // What rounding makes negative; NaN stays NaN.
    [mean + off, if variance < 0.0 { 0.0 } else { variance }]
}

/// The standardisation by a mean and a variance.
#[inline(always)]
pub(crate) fn standard([mean, variance]: [f32; 2], eps: f32) -> Standard {
    Standard { mean, rstd: 1.0 / math::sqrt(variance + eps) }
}

/// Normalisation of runs of numbers.
///
/// Mean and variance are found in two passes, which does not cancel as the mean of the squares minus
/// the square of the mean does: [`sum`](ReduceKernels::sum), then
/// [`deviations`](Self::deviations), which also say how far the first mean was off.
pub trait NormKernels: ReduceKernels {
    /// `Σ (x_i - mean)` and `Σ (x_i - mean)²`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::NormKernels};
    /// assert_eq!(Portable.deviations(&[1.0, 4.0], 2.0), [1.0, 5.0]);
    /// ```
    #[inline]
    fn deviations(self, x: &[f32], mean: f32) -> [f32; 2] {
        let (mut lanes, (chunks, rest)) = ([[0.0; LANES]; 2], x.as_chunks::<LANES>());
        let [sums, squares] = &mut lanes;
        let add = |((sum, square), x): ((&mut f32, &mut f32), &f32)| {
            let deviation = x - mean;
            *sum += deviation;
            *square += deviation * deviation;
        };
        for chunk in chunks {
            sums.iter_mut().zip(squares.iter_mut()).zip(chunk).for_each(add);
        }
        sums.iter_mut().zip(squares.iter_mut()).zip(rest).for_each(add);
        lanes.map(|lanes| lanes.iter().fold(0.0, |sum, lane| sum + lane))
    }

    /// `Σ dy_i (x_i - mean)`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::NormKernels};
    /// assert_eq!(Portable.dot_deviations(&[1.0, 3.0], &[10.0, 20.0], 2.0), 10.0);
    /// ```
    #[inline]
    fn dot_deviations(self, x: &[f32], dy: &[f32], mean: f32) -> f32 {
        sums(x, dy, |x, dy| dy * (x - mean))
    }

    /// `x_i ← (x_i - mean) · scale + shift`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::NormKernels};
    /// let mut x = [1.0, 3.0];
    /// Portable.standardize(&mut x, 2.0, 10.0, 0.5);
    /// assert_eq!(x, [-9.5, 10.5]);
    /// ```
    #[inline]
    fn standardize(self, x: &mut [f32], mean: f32, scale: f32, shift: f32) {
        for x in x {
            *x = (*x - mean) * scale + shift;
        }
    }

    /// `x_i ← a · dy_i + b (x_i - mean) + c`: the gradient of a normalised run in place of the run.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::NormKernels};
    /// let mut x = [1.0, 3.0];
    /// Portable.standardize_backward(&mut x, &[1.0, 2.0], 2.0, [100.0, 10.0, 1.0]);
    /// assert_eq!(x, [91.0, 211.0]);
    /// ```
    #[inline]
    fn standardize_backward(self, x: &mut [f32], dy: &[f32], mean: f32, [a, b, c]: [f32; 3]) {
        for (x, dy) in x.iter_mut().zip(dy) {
            *x = a * dy + b * (*x - mean) + c;
        }
    }

    /// `x_i ← (x_i - mean) · rstd · weight_i + bias_i` of one row. Without weight or bias, the slice is empty.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::{NormKernels, Standard}};
    /// let mut x = [1.0, 3.0];
    /// Portable.layer_norm(&mut x, Standard { mean: 2.0, rstd: 1.0 }, &[10.0, 20.0], &[0.5, 0.0]);
    /// assert_eq!(x, [-9.5, 20.0]);
    /// ```
    #[inline]
    fn layer_norm(self, x: &mut [f32], Standard { mean, rstd }: Standard, weight: &[f32], bias: &[f32]) {
        self.standardize(x, mean, rstd, 0.0);
        if !weight.is_empty() {
            for (x, weight) in x.iter_mut().zip(weight) {
                *x *= weight;
            }
        }
        if !bias.is_empty() {
            for (x, bias) in x.iter_mut().zip(bias) {
                *x += bias;
            }
        }
    }

    /// The gradient of one normalised row in place of the row `x`, and that of the weight, which is added
    /// to `dweight` unless it is empty. With `x̂ = (x - mean) · rstd` and `g = dy · weight`:
    ///
    /// `dx_i = rstd (g_i - Σ_j g_j / n - x̂_i Σ_j g_j x̂_j / n)`, `dweight_i += dy_i x̂_i`. The first sum is
    /// left out if the mean is not that of the row (`centered`), as in RMS normalisation.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::{NormKernels, Standard}};
    /// let (mut x, mut dweight) = ([1.0, -1.0, 0.0, 0.0], [0.0; 4]);
    /// let standard = Standard { mean: 0.0, rstd: 1.0 };
    /// Portable.layer_norm_backward(&mut x, &[4.0, 0.0, 0.0, 0.0], standard, true, &[], &mut dweight);
    /// assert_eq!((x, dweight), ([2.0, 0.0, -1.0, -1.0], [4.0, 0.0, 0.0, 0.0]));
    /// ```
    #[inline]
    fn layer_norm_backward(
        self,
        x: &mut [f32],
        dy: &[f32],
        Standard { mean, rstd }: Standard,
        centered: bool,
        weight: &[f32],
        dweight: &mut [f32],
    ) {
        for ((dweight, x), dy) in dweight.iter_mut().zip(x.iter()).zip(dy) {
            *dweight += dy * ((x - mean) * rstd);
        }
        let (sum, dot) = if weight.is_empty() {
            (sums(dy, dy, |dy, _| dy), self.dot_deviations(x, dy, mean))
        } else {
            let (mut sum, mut dot) = (0.0, 0.0);
            for ((x, dy), weight) in x.iter().zip(dy).zip(weight) {
                let g = dy * weight;
                sum += g;
                dot += g * (x - mean);
            }
            (sum, dot)
        };
        let scale = rstd / x.len() as f32;
        let (b, c) = (-dot * (rstd * rstd) * scale, if centered { -sum * scale } else { 0.0 });
        if weight.is_empty() {
            self.standardize_backward(x, dy, mean, [rstd, b, c]);
        } else {
            for ((x, dy), weight) in x.iter_mut().zip(dy).zip(weight) {
                *x = rstd * (dy * weight) + b * (*x - mean) + c;
            }
        }
    }

    /// [`layer_norm`](Self::layer_norm) of each row, with mean and deviation of the row:
    /// `y ← (x - mean) / √(variance + ε) · weight + bias`, or without the mean `x / √(mean of x² + ε) · weight + bias`.
    /// Without rows `x` they lie in `y`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::{NormKernels, RowNorm}};
    /// let (x, mut y) = ([3.0, 5.0, -1.0, 1.0], [0.0; 4]);
    /// let norm = RowNorm { len: 2, centered: true, eps: 0.0, weight: &[1.0, 10.0], bias: &[] };
    /// Portable.layer_norm_rows(norm, Some(&x), &mut y);
    /// assert_eq!(y, [-1.0, 10.0, -1.0, 10.0]);
    /// ```
    #[inline]
    fn layer_norm_rows(self, norm: RowNorm<'_>, x: Option<&[f32]>, y: &mut [f32]) {
        for (y, x) in y.iter_mut().zip(x.unwrap_or_default()) {
            *y = *x;
        }
        for y in samples_mut(y, norm.len) {
            self.layer_norm(y, norm.standard(self, y), norm.weight, norm.bias);
        }
    }

    /// [`layer_norm_backward`](Self::layer_norm_backward) of each row, from the rows `x` before
    /// [`layer_norm_rows`](Self::layer_norm_rows). The gradients of weight and bias are added to `dweight` and
    /// `dbias`; an empty one is not wanted.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::{NormKernels, RowNorm}};
    /// let (mut x, mut dbias) = ([1.0, -1.0, 1.0, -1.0], [0.0; 2]);
    /// let norm = RowNorm { len: 2, centered: true, eps: 0.0, weight: &[], bias: &[] };
    /// Portable.layer_norm_rows_backward(norm, &mut x, &[4.0, 0.0, 1.0, 1.0], &mut [], &mut dbias);
    /// assert_eq!((x, dbias), ([0.0; 4], [5.0, 1.0]));
    /// ```
    #[inline]
    fn layer_norm_rows_backward(
        self,
        norm: RowNorm<'_>,
        x: &mut [f32],
        dy: &[f32],
        dweight: &mut [f32],
        dbias: &mut [f32],
    ) {
        for (x, dy) in samples_mut(x, norm.len).zip(samples(dy, norm.len)) {
            self.layer_norm_backward(x, dy, norm.standard(self, x), norm.centered, norm.weight, dweight);
            for (dbias, dy) in dbias.iter_mut().zip(dy) {
                *dbias += dy;
            }
        }
    }
}

/// Lanes of the portable sums, as in [`ReduceKernels`](super::ReduceKernels).
const LANES: usize = 8;

/// `Σ f(a_i, b_i)` with eight partial sums, whatever the machine.
#[inline(always)]
fn sums(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> f32 {
    let n = a.len().min(b.len());
    let (a, b) = (a.get(..n).unwrap_or(a), b.get(..n).unwrap_or(b));
    let mut lanes = [0.0; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for ((lane, &a), &b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += f(a, b);
        }
    }
    for ((lane, &a), &b) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
        *lane += f(a, b);
    }
    lanes.iter().fold(0.0, |acc, &lane| acc + lane)
}
