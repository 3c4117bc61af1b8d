//! What becomes of the elements of a loss: PyTorch's `reduction`.

use super::Loss;
use crate::{Error, Tensor, kernel::Kernels};

/// Takes the elements of a loss in order.
pub trait Reduction {
    /// Calls `f` with the factor of this element's gradient; takes the value that it returns.
    fn element(&mut self, f: impl FnOnce(f32) -> f32);

    /// The same with as many elements at once as `values` has places: calls `f` with `values` full of the
    /// factors, takes the values that it leaves there.
    fn elements(&mut self, values: &mut [f32], f: impl FnOnce(&mut [f32]));
}

/// The sum of the elements, multiplied by a factor.
///
/// The sum is taken in two levels, so that its rounding error stays small over many elements.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scaled {
    scale: f32,
    sum: f32,
    /// The sum of the latest elements, fewer than [`Scaled::PART`].
    part: f32,
    terms: u32,
}

impl Scaled {
    /// Elements of a part.
    const PART: u32 = 64;

    /// No element yet.
    #[inline(always)]
    #[must_use]
    pub const fn new(scale: f32) -> Self {
        Self { scale, sum: 0.0, part: 0.0, terms: 0 }
    }

    /// The factor times the sum.
    #[inline(always)]
    #[must_use]
    pub const fn value(&self) -> f32 {
        self.sum() * self.scale
    }

    /// The sum alone.
    #[inline(always)]
    #[must_use]
    pub const fn sum(&self) -> f32 {
        self.sum + self.part
    }
}

impl Reduction for Scaled {
    #[inline(always)]
    fn element(&mut self, f: impl FnOnce(f32) -> f32) {
        self.part += f(self.scale);
        self.terms += 1;
        if self.terms == Self::PART {
            *self = Self { scale: self.scale, sum: self.sum(), part: 0.0, terms: 0 };
        }
    }

    #[inline(always)]
    fn elements(&mut self, values: &mut [f32], f: impl FnOnce(&mut [f32])) {
        values.fill(self.scale);
        f(values);
        values.iter().for_each(|value| self.element(|_| *value));
    }
}

/// Every element by itself, with a factor of its own.
#[derive(Debug)]
pub struct Each<'a> {
    upstream: core::slice::Iter<'a, f32>,
    values: core::slice::IterMut<'a, f32>,
}

impl<'a> Each<'a> {
    /// The values go into `values`, the factors come from `upstream`; they are 1 behind its end.
    #[inline(always)]
    #[must_use]
    pub fn new(upstream: &'a [f32], values: &'a mut [f32]) -> Self {
        Self { upstream: upstream.iter(), values: values.iter_mut() }
    }
}

impl Reduction for Each<'_> {
    #[inline(always)]
    fn element(&mut self, f: impl FnOnce(f32) -> f32) {
        let value = f(self.upstream.next().copied().unwrap_or(1.0));
        if let Some(place) = self.values.next() {
            *place = value;
        }
    }

    #[inline(always)]
    fn elements(&mut self, values: &mut [f32], f: impl FnOnce(&mut [f32])) {
        values.iter_mut().for_each(|factor| *factor = self.upstream.next().copied().unwrap_or(1.0));
        f(values);
        values.iter().zip(&mut self.values).for_each(|(value, place)| *place = *value);
    }
}

/// A loss with another divisor of its mean.
macro_rules! reduction {
    ($(#[$doc:meta])* $name:ident, $targets:ident => $divisor:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        #[repr(transparent)]
        pub struct $name<L>(
            /// The loss.
            pub L,
        );

        impl<Y: Tensor, T, L: Loss<Y, T>> Loss<Y, T> for $name<L> {
            #[inline]
            fn check(&self, targets: &[T]) -> Result<(), Error> {
                self.0.check(targets)
            }

            #[inline]
            fn divisor(&self, $targets: &[T]) -> f32 {
                $divisor
            }

            #[inline]
            fn evaluate<K: Kernels, R: Reduction>(&self, k: K, y: &mut [Y], targets: &[T], reduction: &mut R) {
                self.0.evaluate(k, y, targets, reduction);
            }
        }
    };
}

reduction! {
    /// The sum of all elements: PyTorch's `reduction="sum"`.
    ///
    /// ```
    /// use tensorlet::{loss::{CrossEntropyLoss, Loss, Sum}, Portable};
    /// let loss = Sum(CrossEntropyLoss).mean(Portable, &mut [[0.0, 0.0], [3.0, 3.0]], &[1, 0]);
    /// assert!((loss - 2.0 * 2.0_f32.ln()).abs() < 1e-6);
    /// ```
    Sum, _targets => 1.0
}

reduction! {
    /// The sum of all elements over the number of samples: PyTorch's `reduction="batchmean"`.
    ///
    /// ```
    /// use tensorlet::{loss::{BatchMean, CrossEntropyLoss, Loss}, Portable};
    /// let logits = [[0.0; 3]; 2]; // two classes at three places
    /// let loss = BatchMean(CrossEntropyLoss).mean(Portable, &mut [logits], &[[0, 1, 0]]);
    /// assert!((loss - 3.0 * 2.0_f32.ln()).abs() < 1e-6);
    /// ```
    BatchMean, targets => targets.len() as f32
}
