//! What multi-head attention reads: queries, keys, values, and masks.

use crate::{Error, kernel::samples_mut};

/// A mask for each pair of query and key.
///
/// There is one matrix for all samples and heads, or one for each: those of all heads of the first
/// sample, then of the second: `[N · heads, L, S]` in PyTorch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum AttentionMask<'a, const L: usize, const S: usize> {
    /// No mask.
    #[default]
    None,
    /// A query may *not* attend to a key where this is not 0: the other way round than in
    /// [`ops`](crate::ops), as in PyTorch.
    Boolean(&'a [[[u8; S]; L]]),
    /// Numbers that are added to the scores.
    Additive(&'a [[[f32; S]; L]]),
}

/// What [`attend`](super::MultiheadAttention::attend) reads: for each sample `L` queries and `S` keys and values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attended<'a, const E: usize, const L: usize, const S: usize> {
    /// The queries.
    pub query: &'a [[[f32; E]; L]],
    /// The keys, for as many samples.
    pub key: &'a [[[f32; E]; S]],
    /// The values, for as many samples.
    pub value: &'a [[[f32; E]; S]],
    /// For each sample the keys to which no query may attend, not 0: padding.
    pub key_padding_mask: Option<&'a [[u8; S]]>,
    /// For each query the keys to which it may not attend.
    pub attn_mask: AttentionMask<'a, L, S>,
}

impl<'a, const E: usize, const L: usize, const S: usize> Attended<'a, E, L, S> {
    /// Without masks.
    #[must_use]
    pub const fn new(query: &'a [[[f32; E]; L]], key: &'a [[[f32; E]; S]], value: &'a [[[f32; E]; S]]) -> Self {
        Self { query, key, value, key_padding_mask: None, attn_mask: AttentionMask::None }
    }

    /// Fails unless there is everything for as many samples, and a mask for each or one for all.
    pub(super) fn check(&self, heads: usize) -> Result<(), Error> {
        let n = self.query.len();
        if n == 0 {
            return Err(Error::EmptyBatch);
        }
        let masks = match self.attn_mask {
            AttentionMask::None => 1,
            AttentionMask::Boolean(masks) => masks.len(),
            AttentionMask::Additive(masks) => masks.len(),
        };
        let masks = if masks == 1 || masks == n * heads { n } else { masks };
        let padding = self.key_padding_mask.map_or(n, <[_]>::len);
        for targets in [self.key.len(), self.value.len(), padding, masks] {
            if targets != n {
                return Err(Error::BatchMismatch { inputs: n, targets });
            }
        }
        Ok(())
    }

    /// Masks the scores of a sample and head.
    pub(super) fn mask(&self, heads: usize, sample: usize, head: usize, scores: &mut [f32]) {
        let of = |masks: usize| if masks == 1 { 0 } else { sample * heads + head };
        match self.attn_mask {
            AttentionMask::None => {}
            AttentionMask::Boolean(masks) => {
                let mask = masks.get(of(masks.len())).map_or(&[][..], |mask| mask.as_flattened());
                hide(scores, mask);
            }
            AttentionMask::Additive(masks) => {
                let mask = masks.get(of(masks.len())).map_or(&[][..], |mask| mask.as_flattened());
                for (score, mask) in scores.iter_mut().zip(mask) {
                    *score += mask;
                }
            }
        }
        if let Some(padding) = self.key_padding_mask.and_then(|masks| masks.get(sample)) {
            for row in samples_mut(scores, S) {
                hide(row, padding);
            }
        }
    }
}

/// `-∞` where the mask is not 0.
fn hide(scores: &mut [f32], mask: &[u8]) {
    for (score, mask) in scores.iter_mut().zip(mask) {
        if *mask != 0 {
            *score = f32::NEG_INFINITY;
        }
    }
}
