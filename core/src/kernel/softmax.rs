//! Softmax and the fused softmax cross-entropy.

use super::samples_mut;
use crate::math;

/// Softmax over rows: of one row, and of rows one behind the other, which a vector unit computes side by side.
pub trait SoftmaxKernels: Copy {
    /// Whether [`cross_entropy_rows`](Self::cross_entropy_rows) computes rows side by side. Where it goes row by row,
    /// bringing rows together is no gain.
    const ROWS_SIDE_BY_SIDE: bool = false;

    /// `x_i ← exp(x_i - max x) / Σ_j exp(x_j - max x)`, in place on one row.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::SoftmaxKernels};
    /// let mut x = [1000.0, 1000.0];
    /// Portable.softmax(&mut x);
    /// assert_eq!(x, [0.5, 0.5]);
    /// ```
    #[inline]
    fn softmax(self, x: &mut [f32]) {
        let (_, sum) = exp_shifted(x);
        let scale = 1.0 / sum;
        for x in x {
            *x *= scale;
        }
    }

    /// [`softmax`](Self::softmax) of each row of `len` numbers; a shorter one at the end is left as it is.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::SoftmaxKernels};
    /// let mut x = [3.0, 3.0, 0.0, -200.0];
    /// Portable.softmax_rows(&mut x, 2);
    /// assert_eq!(x, [0.5, 0.5, 1.0, 0.0]);
    /// ```
    #[inline]
    fn softmax_rows(self, x: &mut [f32], len: usize) {
        samples_mut(x, len).for_each(|row| self.softmax(row));
    }

    /// `y ← y (dy - Σ_j y_j dy_j)`: the gradient of [`softmax`](Self::softmax) from its value, of one row.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::SoftmaxKernels};
    /// let mut y = [0.5, 0.5];
    /// Portable.softmax_backward(&mut y, &[1.0, 0.0]);
    /// assert_eq!(y, [0.25, -0.25]);
    /// ```
    #[inline]
    fn softmax_backward(self, y: &mut [f32], dy: &[f32]) {
        let mut sum = 0.0;
        for (y, dy) in y.iter().zip(dy) {
            sum += y * dy;
        }
        for (y, dy) in y.iter_mut().zip(dy) {
            *y *= dy - sum;
        }
    }

    /// `x_i ← x_i - ln Σ_j exp(x_j)`, in place on one row.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::SoftmaxKernels};
    /// let mut x = [1e4, -1e4];
    /// Portable.log_softmax(&mut x);
    /// assert_eq!(x, [0.0, -2e4]);
    /// ```
    #[inline]
    fn log_softmax(self, x: &mut [f32]) {
        let max = max(x);
        let mut sum = 0.0;
        for x in &mut *x {
            // The difference is what the result needs too.
            *x -= max;
            sum += math::exp(*x);
        }
        let ln = math::ln(sum);
        for x in x {
            *x -= ln;
        }
    }

    /// `y ← dy - exp(y) Σ_j dy_j`: the gradient of [`log_softmax`](Self::log_softmax) from its value, of one row.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::SoftmaxKernels};
    /// let mut y = [0.0, -200.0];
    /// Portable.log_softmax_backward(&mut y, &[1.0, 2.0]);
    /// assert_eq!(y, [-2.0, 2.0]);
    /// ```
    #[inline]
    fn log_softmax_backward(self, y: &mut [f32], dy: &[f32]) {
        let mut sum = 0.0;
        for dy in dy {
            sum += dy;
        }
        for (y, dy) in y.iter_mut().zip(dy) {
            *y = dy - math::exp(*y) * sum;
        }
    }

    /// Cross-entropy of one row of logits with class `target`, and its gradient in place of the
    /// logits: returns `-ln softmax(x)_target` and sets `x_i ← scale · (softmax(x)_i - [i = target])`.
    ///
    /// With a target outside the row the loss is NaN; callers check labels first.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::SoftmaxKernels};
    /// let mut x = [0.0, 0.0];
    /// let loss = Portable.cross_entropy(&mut x, 0, 1.0);
    /// assert!((loss - 2.0_f32.ln()).abs() < 1e-6);
    /// assert_eq!(x, [-0.5, 0.5]);
    /// ```
    #[inline]
    fn cross_entropy(self, x: &mut [f32], target: usize, scale: f32) -> f32 {
        let logit = x.get(target).copied().unwrap_or(f32::NAN);
        let (max, sum) = exp_shifted(x);
        let normalise = scale / sum;
        for (i, x) in x.iter_mut().enumerate() {
            *x = *x * normalise - if i == target { scale } else { 0.0 };
        }
        math::ln(sum) - (logit - max)
    }

    /// [`cross_entropy`](Self::cross_entropy) of each row of `classes` logits with its target. `losses` holds the
    /// factor of each row's gradient, in the place of which the loss comes. It ends with the shortest of the three.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::SoftmaxKernels};
    /// let (mut x, mut losses) = ([0.0, 0.0, 9.0, 9.0], [1.0, 2.0]);
    /// Portable.cross_entropy_rows(&mut x, 2, &[0, 1], &mut losses);
    /// assert_eq!(x, [-0.5, 0.5, 1.0, -1.0]);
    /// assert!(losses.iter().all(|loss| (loss - 2.0_f32.ln()).abs() < 1e-6));
    /// ```
    #[inline]
    fn cross_entropy_rows(self, x: &mut [f32], classes: usize, targets: &[usize], losses: &mut [f32]) {
        for ((x, &target), loss) in samples_mut(x, classes).zip(targets).zip(losses) {
            *loss = self.cross_entropy(x, target, *loss);
        }
    }
}

/// `x ← exp(x - max x)`; returns the maximum and the sum of the results.
#[inline(always)]
fn exp_shifted(x: &mut [f32]) -> (f32, f32) {
    let max = max(x);
    let mut sum = 0.0;
    for x in x {
        *x = math::exp(*x - max);
        sum += *x;
    }
    (max, sum)
}

/// The largest element; NaN is none.
#[inline(always)]
fn max(x: &[f32]) -> f32 {
    x.iter().fold(f32::NEG_INFINITY, |max, &x| if x > max { x } else { max })
}
