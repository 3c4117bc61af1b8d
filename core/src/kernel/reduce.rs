//! Reductions of a slice to one number.

use super::{samples, samples_mut};

/// Lanes of the portable reductions: partial sums that a vector unit can hold side by side.
const LANES: usize = 8;

/// Reductions to one number.
///
/// The portable bodies keep eight partial results, whatever the machine: element `i` goes into
/// partial result `i % 8`, and these are added in order at the end, so that the bits are the same
/// everywhere.
pub trait ReduceKernels: Copy {
    /// `Σ x_i`; 0 for an empty slice.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::ReduceKernels};
    /// assert_eq!(Portable.sum(&[1.0, -2.0, 4.0]), 3.0);
    /// ```
    #[inline]
    fn sum(self, x: &[f32]) -> f32 {
        fold(x, 0.0, |acc, x| acc + x)
    }

    /// The largest element as PyTorch's `max`: NaN if any element is NaN; `-inf` for an empty slice.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::ReduceKernels};
    /// assert_eq!(Portable.max(&[1.0, -2.0, 4.0]), 4.0);
    /// assert!(Portable.max(&[1.0, f32::NAN, 4.0]).is_nan());
    /// ```
    #[inline]
    fn max(self, x: &[f32]) -> f32 {
        fold(x, f32::NEG_INFINITY, |acc, x| if x > acc || x.is_nan() { x } else { acc })
    }

    /// `Σ a_i b_i` over the shorter of the two.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::ReduceKernels};
    /// assert_eq!(Portable.dot(&[1.0, 2.0], &[3.0, 4.0]), 11.0);
    /// assert_eq!(Portable.dot(&[1.0; 20], &[1.0; 11]), 11.0);
    /// ```
    #[inline]
    fn dot(self, a: &[f32], b: &[f32]) -> f32 {
        let n = a.len().min(b.len());
        let (a, b) = (a.get(..n).unwrap_or(a), b.get(..n).unwrap_or(b));
        let mut lanes = [0.0; LANES];
        let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
        for (a, b) in a.iter().zip(b) {
            for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
                *lane += a * b;
            }
        }
        for ((lane, a), b) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
            *lane += a * b;
        }
        lanes.iter().fold(0.0, |acc, &lane| acc + lane)
    }

    /// The position of the largest element, the first of several; NaN counts as largest, as in
    /// PyTorch's `argmax`. 0 for an empty slice.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::ReduceKernels};
    /// assert_eq!(Portable.argmax(&[1.0, 4.0, 4.0]), 1);
    /// ```
    #[inline]
    fn argmax(self, x: &[f32]) -> usize {
        let (mut best, mut at) = (f32::NEG_INFINITY, 0);
        for (i, &x) in x.iter().enumerate() {
            if x > best || (x.is_nan() && !best.is_nan()) {
                (best, at) = (x, i);
            }
        }
        at
    }

    /// 1 in the place of the largest element of each row of `len` numbers, as [`argmax`](Self::argmax) finds it,
    /// and 0 elsewhere.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::ReduceKernels};
    /// let mut y = [0.5; 4];
    /// Portable.one_hot_max(2, &[1.0, 4.0, 3.0, 3.0], &mut y);
    /// assert_eq!(y, [0.0, 1.0, 1.0, 0.0]);
    /// ```
    #[inline]
    fn one_hot_max(self, len: usize, x: &[f32], y: &mut [f32]) {
        for (x, y) in samples(x, len).zip(samples_mut(y, len)) {
            let at = self.argmax(x);
            for (i, y) in y.iter_mut().enumerate() {
                *y = if i == at { 1.0 } else { 0.0 };
            }
        }
    }
}

#[inline(always)]
fn fold(x: &[f32], start: f32, f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [start; LANES];
    let (chunks, rest) = x.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, &x) in lanes.iter_mut().zip(chunk) {
            *lane = f(*lane, x);
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane = f(*lane, x);
    }
    lanes.iter().fold(start, |acc, &lane| f(acc, lane))
}
