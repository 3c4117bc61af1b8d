//! Which class is taken for which.

use super::check_labels;
use crate::{Error, Index, kernel::Kernels};

/// How often each class was taken for each: scikit-learn's `confusion_matrix`.
///
/// `counts[i][j]` samples of class `i` were taken for class `j`.
///
/// ```
/// use tensorlet::metrics::ConfusionMatrix;
/// let mut confusion = ConfusionMatrix::<3>::NEW;
/// for (label, predicted) in [(0, 0), (0, 1), (1, 1), (2, 1), (2, 2)] {
///     confusion.count(label, predicted);
/// }
/// assert_eq!(confusion.counts, [[1, 1, 0], [0, 1, 0], [0, 1, 1]]);
/// assert_eq!(confusion.accuracy(), 0.6);
/// assert_eq!(confusion.precision(1), 1.0 / 3.0);
/// assert_eq!(confusion.recall(1), 1.0);
/// assert_eq!(confusion.f1(1), 0.5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConfusionMatrix<const C: usize> {
    /// Samples by their class and by what they were taken for.
    pub counts: [[u32; C]; C],
}

impl<const C: usize> ConfusionMatrix<C> {
    /// Before the first sample.
    pub const NEW: Self = Self { counts: [[0; C]; C] };

    /// Takes a batch of outputs, one number for each class.
    ///
    /// # Errors
    /// [`Error::BatchMismatch`], [`Error::LabelOutOfRange`]; nothing is counted then.
    pub fn update<K: Kernels, I: Index>(&mut self, k: K, outputs: &[[f32; C]], labels: &[I]) -> Result<(), Error> {
        check_labels(outputs, labels, C)?;
        for (y, label) in outputs.iter().zip(labels) {
            if let Some(label) = label.position(C) {
                self.count(label, k.argmax(y));
            }
        }
        Ok(())
    }

    /// Counts one sample; one of a class that does not exist is passed over.
    pub fn count(&mut self, label: usize, predicted: usize) {
        if let Some(count) = self.counts.get_mut(label).and_then(|row| row.get_mut(predicted)) {
            *count = count.saturating_add(1);
        }
    }

    /// The part of samples that were right.
    #[must_use]
    pub fn accuracy(&self) -> f32 {
        let right: u32 = (0..C).map(|class| self.right(class)).fold(0, u32::saturating_add);
        right as f32 / self.total() as f32
    }

    /// Of the samples that were taken for this class, the part that is of it: `tp / (tp + fp)`. 0 where
    /// none was, as in scikit-learn.
    #[must_use]
    pub fn precision(&self, class: usize) -> f32 {
        let taken = self.counts.iter().filter_map(|row| row.get(class)).copied().fold(0, u32::saturating_add);
        part(self.right(class), taken)
    }

    /// Of the samples of this class, the part that was found: `tp / (tp + fn)`. 0 where there is none.
    #[must_use]
    pub fn recall(&self, class: usize) -> f32 {
        part(self.right(class), self.of(class))
    }

    /// The harmonic mean of [`precision`](Self::precision) and [`recall`](Self::recall); 0 where both
    /// are.
    #[must_use]
    pub fn f1(&self, class: usize) -> f32 {
        let (precision, recall) = (self.precision(class), self.recall(class));
        let sum = precision + recall;
        if sum == 0.0 { 0.0 } else { 2.0 * precision * recall / sum }
    }

    /// The mean over the classes, whatever their size, of a number of each: `average="macro"`.
    ///
    /// ```
    /// use tensorlet::metrics::ConfusionMatrix;
    /// let confusion = ConfusionMatrix { counts: [[3, 1], [2, 2]] };
    /// assert_eq!(confusion.macro_average(ConfusionMatrix::recall), 0.625);
    /// ```
    #[must_use]
    pub fn macro_average(&self, value: impl Fn(&Self, usize) -> f32) -> f32 {
        (0..C).map(|class| value(self, class)).sum::<f32>() / C as f32
    }

    /// The mean over the samples of a number of their class: `average="weighted"`.
    ///
    /// ```
    /// use tensorlet::metrics::ConfusionMatrix;
    /// let confusion = ConfusionMatrix { counts: [[6, 0], [2, 0]] };
    /// assert_eq!(confusion.weighted_average(ConfusionMatrix::recall), 0.75);
    /// ```
    #[must_use]
    pub fn weighted_average(&self, value: impl Fn(&Self, usize) -> f32) -> f32 {
        let sum: f32 = (0..C).map(|class| self.of(class) as f32 * value(self, class)).sum();
        sum / self.total() as f32
    }

    fn right(&self, class: usize) -> u32 {
        self.counts.get(class).and_then(|row| row.get(class)).copied().unwrap_or(0)
    }

    /// Samples of a class.
    fn of(&self, class: usize) -> u32 {
        self.counts.get(class).map_or(0, |row| row.iter().copied().fold(0, u32::saturating_add))
    }

    fn total(&self) -> u32 {
        self.counts.as_flattened().iter().copied().fold(0, u32::saturating_add)
    }
}

impl<const C: usize> Default for ConfusionMatrix<C> {
    fn default() -> Self {
        Self::NEW
    }
}

fn part(of: u32, all: u32) -> f32 {
    if all == 0 { 0.0 } else { of as f32 / all as f32 }
}
