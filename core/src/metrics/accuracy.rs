//! How often the class is right.

use super::check_labels;
use crate::{Error, Index, kernel::Kernels};

/// The part of samples whose largest output is that of their class: torchmetrics' `Accuracy` with
/// `average="micro"`, d2l's `accuracy`.
///
/// ```
/// use tensorlet::{Portable, metrics::Accuracy};
/// let mut accuracy = Accuracy::NEW;
/// accuracy.update(Portable, &[[0.1, 0.9], [0.8, 0.2], [0.7, 0.3]], &[1_u8, 1, 0])?;
/// assert_eq!((accuracy.correct, accuracy.total), (2, 3));
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accuracy {
    /// Samples whose class was right.
    pub correct: u32,
    /// All samples.
    pub total: u32,
}

impl Accuracy {
    /// Before the first sample.
    pub const NEW: Self = Self { correct: 0, total: 0 };

    /// Takes a batch of outputs, one number for each class.
    ///
    /// # Errors
    /// [`Error::BatchMismatch`], [`Error::LabelOutOfRange`]; nothing is counted then.
    pub fn update<K: Kernels, I: Index, const C: usize>(
        &mut self,
        k: K,
        outputs: &[[f32; C]],
        labels: &[I],
    ) -> Result<(), Error> {
        check_labels(outputs, labels, C)?;
        let correct = outputs.iter().zip(labels).filter(|(y, label)| label.position(C) == Some(k.argmax(*y))).count();
        self.correct = self.correct.saturating_add(correct as u32);
        self.total = self.total.saturating_add(labels.len() as u32);
        Ok(())
    }

    /// From 0 to 1.
    #[must_use]
    pub fn value(&self) -> f32 {
        self.correct as f32 / self.total as f32
    }
}

/// The part of samples whose class is among the `K` largest outputs: torchmetrics'
/// `Accuracy(top_k=K)`. Of equal outputs those of lower classes count as larger.
///
/// ```
/// use tensorlet::metrics::TopKAccuracy;
/// let mut accuracy = TopKAccuracy::<2>::NEW;
/// accuracy.update(&[[0.1, 0.6, 0.3], [0.5, 0.1, 0.4]], &[2_u8, 1])?;
/// assert_eq!(accuracy.value(), 0.5);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TopKAccuracy<const K: usize> {
    /// Samples whose class was among the `K` largest.
    pub correct: u32,
    /// All samples.
    pub total: u32,
}

impl<const K: usize> TopKAccuracy<K> {
    /// Before the first sample.
    pub const NEW: Self = Self { correct: 0, total: 0 };

    /// Takes a batch of outputs, one number for each class.
    ///
    /// # Errors
    /// [`Error::BatchMismatch`], [`Error::LabelOutOfRange`]; nothing is counted then.
    pub fn update<I: Index, const C: usize>(&mut self, outputs: &[[f32; C]], labels: &[I]) -> Result<(), Error> {
        check_labels(outputs, labels, C)?;
        let correct = outputs.iter().zip(labels).filter(|(y, label)| rank(*y, **label).is_some_and(|rank| rank < K));
        self.correct = self.correct.saturating_add(correct.count() as u32);
        self.total = self.total.saturating_add(labels.len() as u32);
        Ok(())
    }

    /// From 0 to 1.
    #[must_use]
    pub fn value(&self) -> f32 {
        self.correct as f32 / self.total as f32
    }
}

/// How many outputs stand before that of the class; NaN counts as largest.
fn rank<I: Index>(y: &[f32], label: I) -> Option<usize> {
    let label = label.position(y.len())?;
    let own = *y.get(label)?;
    let before = |(class, x): (usize, &f32)| {
        *x > own || (x.is_nan() && !own.is_nan()) || ((*x == own || x.is_nan() && own.is_nan()) && class < label)
    };
    Some(y.iter().enumerate().filter(|&output| before(output)).count())
}
