//! How near numbers are.

use super::{Mean, check_lengths};
use crate::{Error, Tensor};

/// The mean of `(y - t)²`: torchmetrics' `MeanSquaredError`.
///
/// ```
/// use tensorlet::metrics::MeanSquaredError;
/// let mut error = MeanSquaredError::NEW;
/// error.update(&[[1.0, 2.0]], &[[0.0, 4.0]])?;
/// assert_eq!(error.value(), 2.5);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MeanSquaredError {
    mean: Mean,
}

/// The mean of `|y - t|`: torchmetrics' `MeanAbsoluteError`.
///
/// ```
/// use tensorlet::metrics::MeanAbsoluteError;
/// let mut error = MeanAbsoluteError::NEW;
/// error.update(&[[1.0, 2.0]], &[[0.0, 4.0]])?;
/// assert_eq!(error.value(), 1.5);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MeanAbsoluteError {
    mean: Mean,
}

macro_rules! errors {
    ($($name:ident: $f:expr;)+) => {$(
        impl $name {
            /// Before the first sample.
            pub const NEW: Self = Self { mean: Mean::NEW };

            /// Takes a batch.
            ///
            /// # Errors
            /// [`Error::BatchMismatch`]; nothing is counted then.
            pub fn update<Y: Tensor<Elem = f32>>(&mut self, outputs: &[Y], targets: &[Y]) -> Result<(), Error> {
                check_lengths(outputs, targets)?;
                for (y, target) in Y::flat(outputs).iter().zip(Y::flat(targets)) {
                    self.mean.update($f(y - target), 1);
                }
                Ok(())
            }

            /// The mean over all elements of all samples.
            #[must_use]
            pub fn value(&self) -> f32 {
                self.mean.value()
            }
        }
    )+};
}

errors! {
    MeanSquaredError: |distance: f32| distance * distance;
    MeanAbsoluteError: f32::abs;
}

/// The part of the targets' variance that the outputs explain, `R² = 1 - Σ (y - t)² / Σ (t - mean t)²`:
/// scikit-learn's `r2_score`, of several outputs the mean of each.
///
/// 1 is perfect, 0 as good as the mean of the targets. Where all targets are the same it is 1 for outputs
/// that are right and 0 for others, as in scikit-learn.
///
/// ```
/// use tensorlet::metrics::R2Score;
/// let mut r2 = R2Score::<1>::NEW;
/// r2.update(&[[2.5], [0.0]], &[[3.0], [-0.5]])?;
/// r2.update(&[[2.0], [8.0]], &[[2.0], [7.0]])?;
/// assert!((r2.value() - 0.948_608).abs() < 1e-5);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct R2Score<const M: usize> {
    count: u32,
    /// Means of the targets, of the squared distances from them (Welford), and of the squared errors.
    outputs: [[f32; 3]; M],
}

impl<const M: usize> R2Score<M> {
    /// Before the first sample.
    pub const NEW: Self = Self { count: 0, outputs: [[0.0; 3]; M] };

    /// Takes a batch of `M` outputs each.
    ///
    /// # Errors
    /// [`Error::BatchMismatch`]; nothing is counted then.
    pub fn update(&mut self, outputs: &[[f32; M]], targets: &[[f32; M]]) -> Result<(), Error> {
        check_lengths(outputs, targets)?;
        for (y, target) in outputs.iter().zip(targets) {
            self.count = self.count.saturating_add(1);
            let part = 1.0 / self.count as f32;
            for ((y, target), [mean, var, error]) in y.iter().zip(target).zip(&mut self.outputs) {
                let distance = target - *mean;
                *mean += distance * part;
                *var += (distance * (target - *mean) - *var) * part;
                *error += ((y - target) * (y - target) - *error) * part;
            }
        }
        Ok(())
    }

    /// At most 1; NaN before the second sample.
    #[must_use]
    pub fn value(&self) -> f32 {
        if self.count < 2 {
            return f32::NAN;
        }
        let score = |[_, var, error]: &[f32; 3]| match (*var == 0.0, *error == 0.0) {
            (true, true) => 1.0,
            (true, false) => 0.0,
            _ => 1.0 - error / var,
        };
        self.outputs.iter().map(score).sum::<f32>() / M as f32
    }
}

impl<const M: usize> Default for R2Score<M> {
    fn default() -> Self {
        Self::NEW
    }
}
