//! Attention: layers with parameters around [`ops::scaled_dot_product_attention`](crate::ops).

mod additive;
mod attended;
mod encoder;
mod flat;
mod multihead;

pub use additive::{AdditiveAttention, AdditiveInputs};
pub use attended::{Attended, AttentionMask};
pub use encoder::{NormFirstEncoderLayer, TransformerEncoderLayer};
pub use multihead::MultiheadAttention;

use crate::Error;

/// So many words of a workspace, if it has them.
pub(crate) fn whole_workspace(workspace: &mut [f32], needed: usize) -> Result<&mut [f32], Error> {
    let given = workspace.len();
    workspace.get_mut(..needed).ok_or(Error::WorkspaceTooSmall { needed, given })
}
