//! The job of the convolutional network [`Digits`].

use tensorlet::{
    Kernels, Mode, memory,
    optim::{Adam, Sgd},
};

use super::{JobError, Memory, Outcome, Reader, Watch};
use crate::digits::{Digits, data::Picture};

/// Words of the workspace that training with fused updates takes.
pub const FUSED_WORDS: usize = Digits::training_words::<Sgd>(Mode::Fused, 1);
/// Words of the workspace that training with accumulated gradients takes.
pub const ACCUMULATED_WORDS: usize = Digits::training_words::<Adam>(Mode::Accumulate, 1);
/// Words of the workspace of both, one after the other.
pub const WORKSPACE_WORDS: usize = memory::max(FUSED_WORDS, ACCUMULATED_WORDS);

const FUSED: (&str, Sgd) = ("fused updates, SGD", Sgd::new(0.05));
const ACCUMULATED: (&str, Adam) = ("accumulated gradients, Adam", Adam::new(0.01));

impl Reader for Digits {
    type Input = Picture;

    fn input(picture: &Picture) -> Picture {
        *picture
    }
}

/// Runs the job: first with fused updates, then with accumulated gradients.
///
/// # Errors
/// [`JobError`] if the digits are damaged or training diverges.
pub fn run<K: Kernels>(
    k: K,
    memory: &mut Memory<'_, Digits>,
    watch: &mut impl Watch,
) -> Result<[Outcome; 2], JobError> {
    Ok([super::fused(k, FUSED, memory, watch)?, super::accumulated(k, ACCUMULATED, memory, watch)?])
}
