//! What a training run found out, as values and as text.

use crate::digits::data::{CLASSES, Picture};

/// The measures of one epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epoch {
    /// The mean loss over the training digits, each as it was met.
    pub loss: f32,
    /// The share of test digits read correctly after the epoch.
    pub test_accuracy: f32,
}

/// A test digit that was read as another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Misread {
    /// The digit as written.
    pub picture: Picture,
    /// Which digit was meant.
    pub label: u8,
    /// Which digit was read.
    pub predicted: u8,
    /// The probability that the network gave to what it read.
    pub confidence: f32,
}

/// How often each digit was read as which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    counts: [[u32; CLASSES]; CLASSES],
}

impl Confusion {
    /// Counts one reading. Digits that do not exist are not counted.
    pub fn add(&mut self, label: u8, predicted: u8) {
        let row = self.counts.get_mut(usize::from(label));
        if let Some(count) = row.and_then(|row| row.get_mut(usize::from(predicted))) {
            *count += 1;
        }
    }

    /// The counts: a row for each digit written, a column for each digit read.
    #[must_use]
    pub fn counts(&self) -> &[[u32; CLASSES]; CLASSES] {
        &self.counts
    }

    /// The share of a digit's pictures that were read correctly; none if there were none.
    #[must_use]
    pub fn recall(&self, digit: usize) -> Option<f64> {
        let row = self.counts.get(digit)?;
        let written: u32 = row.iter().sum();
        (written > 0).then(|| f64::from(row[digit]) / f64::from(written))
    }
}

/// The mean, and the standard deviation of the sample (over `n - 1`; 0 for a single value).
#[must_use]
pub fn mean_and_deviation(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, if values.len() < 2 { 0.0 } else { (squares / (n - 1.0)).sqrt() })
}

#[cfg(test)]
mod tests {
    use super::{Confusion, mean_and_deviation};

    #[test]
    fn recall_is_the_share_of_a_row() {
        let mut confusion = Confusion::default();
        for (label, predicted) in [(3, 3), (3, 3), (3, 8), (3, 3), (8, 3), (10, 0)] {
            confusion.add(label, predicted);
        }
        assert_eq!((confusion.counts()[3][3], confusion.counts()[3][8]), (3, 1));
        assert_eq!([3, 8, 0].map(|digit| confusion.recall(digit)), [Some(0.75), Some(0.0), None]);
    }

    #[test]
    fn deviation_is_of_the_sample() {
        assert_eq!(mean_and_deviation(&[1.0, 2.0, 3.0]), (2.0, 1.0));
        assert_eq!(mean_and_deviation(&[5.0]), (5.0, 0.0));
    }
}
