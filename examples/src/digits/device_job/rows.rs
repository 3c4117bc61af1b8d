//! The job of the recurrent network [`Rows`].

use tensorlet::{Kernels, Matrix, Mode, network, optim::Adam};

use super::{JobError, Memory, Outcome, Reader, Watch};
use crate::digits::data::Picture;

network! {
    /// The network that reads a digit row by row, as one reads a text: a GRU and a linear layer behind its
    /// last state, 1,418 parameters.
    pub struct Rows: Matrix<8, 8> {
        gru: Gru(16),
        last: LastStep,
        fc: Linear(10),
    }
}

/// Words of the workspace that training takes.
pub const WORKSPACE_WORDS: usize = Rows::training_words::<Adam>(Mode::Fused, 1);

const FUSED: (&str, Adam) = ("rows, fused updates, Adam", Adam::new(0.005));

impl Reader for Rows {
    type Input = Matrix<8, 8>;

    fn input([rows]: &Picture) -> Self::Input {
        *rows
    }
}

/// Runs the job.
///
/// # Errors
/// [`JobError`] if the digits are damaged or training diverges.
pub fn run<K: Kernels>(k: K, memory: &mut Memory<'_, Rows>, watch: &mut impl Watch) -> Result<[Outcome; 1], JobError> {
    Ok([super::fused(k, FUSED, memory, watch)?])
}
