//! How good a network is: numbers for people, collected batch after batch.
//!
//! | task | metrics |
//! |---|---|
//! | classes | [`Accuracy`], [`TopKAccuracy`], [`ConfusionMatrix`] with precision, recall and F1 |
//! | next tokens | [`Perplexity`] |
//! | numbers | [`MeanSquaredError`], [`MeanAbsoluteError`], [`R2Score`] |
//!
//! Each begins as `NEW`, takes batches with `update`, and says its value at any time: NaN before the
//! first sample.
//!
//! ```
//! use tensorlet::{Portable, metrics::Accuracy};
//! let mut accuracy = Accuracy::NEW;
//! accuracy.update(Portable, &[[0.1, 0.9], [0.8, 0.2]], &[1_u8, 1])?;
//! accuracy.update(Portable, &[[0.3, 0.7], [0.6, 0.4]], &[1_u8, 0])?;
//! assert_eq!(accuracy.value(), 0.75);
//! # Ok::<(), tensorlet::Error>(())
//! ```

mod accuracy;
mod confusion;
mod mean;
mod regression;

pub use accuracy::{Accuracy, TopKAccuracy};
pub use confusion::ConfusionMatrix;
pub use mean::{Mean, Perplexity};
pub use regression::{MeanAbsoluteError, MeanSquaredError, R2Score};

use crate::{Error, Index};

/// Checks that there is a label for each output, and each label a class.
fn check_labels<Y, I: Index>(outputs: &[Y], labels: &[I], classes: usize) -> Result<(), Error> {
    check_lengths(outputs, labels)?;
    for (index, label) in labels.iter().enumerate() {
        if label.position(classes).is_none() {
            return Err(Error::LabelOutOfRange { index, label: label.to_i64(), classes });
        }
    }
    Ok(())
}

fn check_lengths<A, B>(outputs: &[A], targets: &[B]) -> Result<(), Error> {
    if outputs.len() == targets.len() {
        Ok(())
    } else {
        Err(Error::BatchMismatch { inputs: outputs.len(), targets: targets.len() })
    }
}
