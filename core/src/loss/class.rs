//! What losses over classes share: labels and weights of classes.

use crate::{Error, Index, Tensor};

/// Labels for scores `[Z; C]`: one for each place of `Z`, PyTorch's shapes `(N, C, d1, …)` and
/// `(N, d1, …)`.
///
/// | scores of a sample | labels |
/// |---|---|
/// | `[f32; C]` | `u8` (or any [`Index`]) |
/// | `[[f32; L]; C]` | `[u8; L]` |
/// | `[[[f32; W]; H]; C]` | `[[u8; W]; H]` |
#[diagnostic::on_unimplemented(
    message = "shape mismatch: scores of classes at places of shape `{Z}` need a label for each place, not `{Self}`",
    note = "scores `[f32; C]` have one label of an integer type, scores `[[f32; L]; C]` have `L` labels `[u8; L]`"
)]
pub trait Labels<Z: Tensor>: Tensor<Elem: Index> {}

macro_rules! labels {
    ($($labels:ty, $scores:ty, [$($n:ident),*];)+) => {$(
        impl<I: Index + Tensor<Elem = I>, $(const $n: usize),*> Labels<$scores> for $labels {}
    )+};
}

// Rank by rank: the compiler can then tell labels from probabilities.
labels! {
    I, f32, [];
    [I; A], [f32; A], [A];
    [[I; B]; A], [[f32; B]; A], [A, B];
    [[[I; C]; B]; A], [[[f32; C]; B]; A], [A, B, C];
    [[[[I; D]; C]; B]; A], [[[[f32; D]; C]; B]; A], [A, B, C, D];
}

/// Weights of `C` classes: an array, or `()` where all classes count the same.
pub trait ClassWeights<const C: usize> {
    /// The weight of a class; 1 where there is none.
    fn of(&self, class: usize) -> f32;
}

impl<const C: usize> ClassWeights<C> for () {
    #[inline(always)]
    fn of(&self, _: usize) -> f32 {
        1.0
    }
}

impl<const C: usize> ClassWeights<C> for [f32; C] {
    #[inline(always)]
    fn of(&self, class: usize) -> f32 {
        self.get(class).copied().unwrap_or(1.0)
    }
}

/// The label that counts nowhere, in PyTorch by default.
pub(super) const IGNORE_INDEX: i64 = -100;

/// Checks that labels are below the number of classes, or ignored.
#[inline]
pub(super) fn check<I: Index>(labels: &[I], classes: usize, ignore_index: i64) -> Result<(), Error> {
    for (index, label) in labels.iter().enumerate() {
        let number = label.to_i64();
        if number != ignore_index && label.position(classes).is_none() {
            return Err(Error::LabelOutOfRange { index, label: number, classes });
        }
    }
    Ok(())
}

/// The sum of the weights of all labels that are not ignored.
#[inline]
pub(super) fn weight_of_labels<I: Index, const C: usize>(
    labels: &[I],
    weights: &impl ClassWeights<C>,
    ignore_index: i64,
) -> f32 {
    labels
        .iter()
        .filter(|label| label.to_i64() != ignore_index)
        .map(|label| label.position(C).map_or(f32::NAN, |class| weights.of(class)))
        .sum()
}
