//! Mini-batches of a stream of tokens, for language models.
//!
//! Both iterators give pairs of sequences, inputs and the same one token later, as *Dive into Deep
//! Learning* defines them (`seq_data_iter_random`, `seq_data_iter_sequential`). Only full batches come.

use rand_core::Rng;

use super::{Order, Permutation};
use crate::random;

/// Batches of `B` sequences of `S` tokens in random order: d2l's `seq_data_iter_random`.
///
/// The stream is cut into sequences that do not overlap, from a random offset below `S` on, and these
/// come in random order. Sequences that stand beside each other in two batches have nothing to do with
/// each other: a recurrent network begins each batch with a state of zeros.
///
/// ```
/// use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
/// use tensorlet::data::RandomSequences;
/// let tokens: [u8; 35] = core::array::from_fn(|i| i as u8);
/// let mut rng = Xoshiro128PlusPlus::seed_from_u64(1);
/// let mut batches = RandomSequences::<_, 2, 5>::new(&tokens, &mut rng);
/// let (mut x, mut y) = ([[0; 5]; 2], [[0; 5]; 2]);
/// let mut n = 0;
/// while batches.next_batch(&mut x, &mut y) {
///     assert!(x.as_flattened().iter().zip(y.as_flattened()).all(|(x, y)| x + 1 == *y));
///     n += 1;
/// }
/// assert_eq!(n, 3);
/// ```
#[derive(Clone, Debug)]
pub struct RandomSequences<'a, T, const B: usize, const S: usize> {
    /// From the offset on.
    tokens: &'a [T],
    order: Permutation,
    position: usize,
}

impl<'a, T: Copy, const B: usize, const S: usize> RandomSequences<'a, T, B, S> {
    /// Batches of this stream. Draws a word for the offset, then as [`Permutation::new`].
    #[must_use]
    pub fn new<R: Rng>(tokens: &'a [T], rng: &mut R) -> Self {
        let offset = random::below(S as u32, rng) as usize;
        Self::from(tokens, offset, |n| Permutation::new(n, rng))
    }

    /// Batches from this offset on, the order of the sequences from `rng`.
    #[must_use]
    pub fn with_offset<R: Rng>(tokens: &'a [T], offset: usize, rng: &mut R) -> Self {
        Self::from(tokens, offset, |n| Permutation::new(n, rng))
    }

    fn from(tokens: &'a [T], offset: usize, order: impl FnOnce(usize) -> Permutation) -> Self {
        const { assert!(B > 0 && S > 0, "a batch has at least one sequence, a sequence one token") };
        let tokens = tokens.get(offset..).unwrap_or_default();
        // The last token of a sequence needs one behind it.
        let sequences = tokens.len().saturating_sub(1) / S;
        Self { tokens, order: order(sequences), position: 0 }
    }

    /// The next batch, and the same one token later; `false` at the end, with the buffers as they were.
    #[must_use]
    pub fn next_batch(&mut self, x: &mut [[T; S]; B], y: &mut [[T; S]; B]) -> bool {
        if self.order.size().saturating_sub(self.position) < B {
            return false;
        }
        for (i, (x, y)) in x.iter_mut().zip(y).enumerate() {
            if let Some(sequence) = self.order.sample(self.position + i) {
                copy(self.tokens, sequence * S, x, y);
            }
        }
        self.position += B;
        true
    }

    /// How many batches there are.
    #[must_use]
    pub fn batches(&self) -> usize {
        self.order.size() / B
    }
}

/// Batches of `B` sequences of `S` tokens, each going on where the one in the batch before ended:
/// d2l's `seq_data_iter_sequential`.
///
/// The stream is cut into `B` long pieces, from a random offset up to `S` on, that are read side by
/// side. A recurrent network carries its state on from batch to batch.
///
/// ```
/// use tensorlet::data::SequentialSequences;
/// let tokens: [u8; 13] = core::array::from_fn(|i| i as u8);
/// let mut batches = SequentialSequences::<_, 2, 3>::with_offset(&tokens, 0);
/// let (mut x, mut y) = ([[0; 3]; 2], [[0; 3]; 2]);
/// assert!(batches.next_batch(&mut x, &mut y));
/// assert_eq!((x, y), ([[0, 1, 2], [6, 7, 8]], [[1, 2, 3], [7, 8, 9]]));
/// assert!(batches.next_batch(&mut x, &mut y));
/// assert_eq!((x, y), ([[3, 4, 5], [9, 10, 11]], [[4, 5, 6], [10, 11, 12]]));
/// assert!(!batches.next_batch(&mut x, &mut y));
/// ```
#[derive(Clone, Debug)]
pub struct SequentialSequences<'a, T, const B: usize, const S: usize> {
    /// From the offset on.
    tokens: &'a [T],
    /// Tokens of each of the `B` pieces.
    piece: usize,
    /// Where the next batch begins in each of them.
    position: usize,
}

impl<'a, T: Copy, const B: usize, const S: usize> SequentialSequences<'a, T, B, S> {
    /// Batches of this stream. Draws a word for the offset.
    #[must_use]
    pub fn new<R: Rng>(tokens: &'a [T], rng: &mut R) -> Self {
        // d2l draws from 0 to S, S included.
        Self::with_offset(tokens, random::below((S as u32).saturating_add(1), rng) as usize)
    }

    /// Batches from this offset on.
    #[must_use]
    pub fn with_offset(tokens: &'a [T], offset: usize) -> Self {
        const { assert!(B > 0 && S > 0, "a batch has at least one sequence, a sequence one token") };
        let tokens = tokens.get(offset..).unwrap_or_default();
        Self { tokens, piece: tokens.len().saturating_sub(1) / B, position: 0 }
    }

    /// The next batch, and the same one token later; `false` at the end, with the buffers as they were.
    #[must_use]
    pub fn next_batch(&mut self, x: &mut [[T; S]; B], y: &mut [[T; S]; B]) -> bool {
        if self.piece.saturating_sub(self.position) < S {
            return false;
        }
        for (i, (x, y)) in x.iter_mut().zip(y).enumerate() {
            copy(self.tokens, i * self.piece + self.position, x, y);
        }
        self.position += S;
        true
    }

    /// How many batches there are.
    #[must_use]
    pub fn batches(&self) -> usize {
        self.piece / S
    }
}

/// The tokens from a position on, and those one later.
fn copy<T: Copy>(tokens: &[T], position: usize, x: &mut [T], y: &mut [T]) {
    let from = |position: usize| tokens.get(position..).unwrap_or_default();
    x.iter_mut().zip(from(position)).for_each(|(to, from)| *to = *from);
    y.iter_mut().zip(from(position + 1)).for_each(|(to, from)| *to = *from);
}
