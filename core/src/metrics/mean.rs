//! Means over many batches.

use crate::math;

/// A mean that takes number after number, such as the loss of each batch: torchmetrics' `MeanMetric`.
///
/// It keeps the mean and not the sum, which single precision could not hold over many batches.
///
/// ```
/// use tensorlet::metrics::Mean;
/// let mut mean = Mean::NEW;
/// mean.update(2.0, 10); // the mean of ten samples
/// mean.update(4.0, 30);
/// assert_eq!(mean.value(), 3.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mean {
    count: u32,
    mean: f32,
}

impl Mean {
    /// Before the first number.
    pub const NEW: Self = Self { count: 0, mean: 0.0 };

    /// Takes the mean of `n` samples.
    pub fn update(&mut self, mean: f32, n: usize) {
        if n == 0 {
            return;
        }
        self.count = self.count.saturating_add(u32::try_from(n).unwrap_or(u32::MAX));
        self.mean += (mean - self.mean) * (n as f32 / self.count as f32);
    }

    /// The mean of all samples; NaN of none.
    #[must_use]
    pub fn value(&self) -> f32 {
        if self.count == 0 { f32::NAN } else { self.mean }
    }

    /// How many samples there were.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }
}

impl Default for Mean {
    fn default() -> Self {
        Self::NEW
    }
}

/// How many tokens a language model wavers between: the exponential of the mean cross-entropy,
/// torchmetrics' `Perplexity`.
///
/// ```
/// use tensorlet::metrics::Perplexity;
/// let mut perplexity = Perplexity::NEW;
/// perplexity.update(27_f32.ln(), 35); // no better than guessing one of 27
/// assert!((perplexity.value() - 27.0).abs() < 0.1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Perplexity {
    /// The cross-entropy.
    pub loss: Mean,
}

impl Perplexity {
    /// Before the first token.
    pub const NEW: Self = Self { loss: Mean::NEW };

    /// Takes the mean cross-entropy of `tokens` tokens.
    pub fn update(&mut self, loss: f32, tokens: usize) {
        self.loss.update(loss, tokens);
    }

    /// At least 1; NaN before the first token.
    #[must_use]
    pub fn value(&self) -> f32 {
        math::exp(self.loss.value())
    }
}

impl Default for Perplexity {
    fn default() -> Self {
        Self::NEW
    }
}
