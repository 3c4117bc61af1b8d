//! Softmax and the fused softmax cross-entropy.

use crate::math;

/// Softmax over rows.
pub trait SoftmaxKernels: Copy {
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
}

/// `x ← exp(x - max x)`; returns the maximum and the sum of the results.
#[inline(always)]
fn exp_shifted(x: &mut [f32]) -> (f32, f32) {
    let max = x.iter().fold(f32::NEG_INFINITY, |max, &x| if x > max { x } else { max });
    let mut sum = 0.0;
    for x in x {
        *x = math::exp(*x - max);
        sum += *x;
    }
    (max, sum)
}
