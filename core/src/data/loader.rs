//! Mini-batches of a data set.

use super::Order;
use crate::Error;

/// Mini-batches of samples and targets in an [`Order`]: PyTorch's `DataLoader`. Allocates nothing: a
/// batch is copied into buffers of the caller, whose length is the size of a batch.
///
/// ```
/// use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
/// use tensorlet::data::{DataLoader, Permutation};
/// let (x, targets) = ([[0.0], [1.0], [2.0], [3.0], [4.0]], [0_u8, 1, 2, 3, 4]);
/// let order = Permutation::new(x.len(), &mut Xoshiro128PlusPlus::seed_from_u64(1));
/// let mut batches = DataLoader::new(&x, &targets, order)?;
/// let (mut x_buffer, mut target_buffer) = ([[0.0]; 2], [0; 2]);
/// let mut sizes = Vec::new();
/// while let Some((x, targets)) = batches.next_batch(&mut x_buffer, &mut target_buffer) {
///     assert!(x.iter().zip(targets).all(|(x, &target)| x[0] == f32::from(target)));
///     sizes.push(x.len());
/// }
/// assert_eq!(sizes, [2, 2, 1]);
/// # Ok::<(), tensorlet::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct DataLoader<'a, X, T, O> {
    x: &'a [X],
    targets: &'a [T],
    order: O,
    position: usize,
    drop_last: bool,
}

impl<'a, X: Copy, T: Copy, O: Order> DataLoader<'a, X, T, O> {
    /// Batches of this data set in this order.
    ///
    /// # Errors
    /// [`Error::BatchMismatch`] when there are not as many targets as samples;
    /// [`Error::IndexOutOfRange`] when the order names a sample that is not there.
    pub fn new(x: &'a [X], targets: &'a [T], order: O) -> Result<Self, Error> {
        if x.len() != targets.len() {
            return Err(Error::BatchMismatch { inputs: x.len(), targets: targets.len() });
        }
        for position in 0..order.size() {
            match order.sample(position) {
                Some(sample) if sample < x.len() => {}
                // A negative index names nothing.
                sample => {
                    let index = sample.map_or(-1, |sample| sample as i64);
                    return Err(Error::IndexOutOfRange { position, index, entries: x.len() });
                }
            }
        }
        Ok(Self { x, targets, order, position: 0, drop_last: false })
    }

    /// Leaves out a last batch that is not full: PyTorch's `drop_last=True`.
    #[must_use]
    pub fn drop_last(self) -> Self {
        Self { drop_last: true, ..self }
    }

    /// The next batch, in the buffers; none at the end of the epoch. The shorter of the two buffers is
    /// the size of a batch; the last batch is smaller if the samples do not come out even.
    pub fn next_batch<'b>(&mut self, x: &'b mut [X], targets: &'b mut [T]) -> Option<(&'b [X], &'b [T])> {
        let size = x.len().min(targets.len());
        let left = self.order.size().saturating_sub(self.position);
        let n = size.min(left);
        if n == 0 || (self.drop_last && n < size) {
            return None;
        }
        let (x, targets) = (x.get_mut(..n)?, targets.get_mut(..n)?);
        for (i, (x, target)) in x.iter_mut().zip(&mut *targets).enumerate() {
            let sample = self.order.sample(self.position + i)?;
            (*x, *target) = (*self.x.get(sample)?, *self.targets.get(sample)?);
        }
        self.position += n;
        Some((x, targets))
    }

    /// Begins again, in another order of as many samples: the next epoch.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn restart(self, order: O) -> Result<Self, Error> {
        Ok(Self { drop_last: self.drop_last, ..Self::new(self.x, self.targets, order)? })
    }

    /// How many batches of this size an epoch has: PyTorch's `len(loader)`.
    #[must_use]
    pub fn batches(&self, size: usize) -> usize {
        let n = self.order.size();
        let full = n.checked_div(size).unwrap_or(0);
        if self.drop_last || full.saturating_mul(size) == n || size == 0 { full } else { full + 1 }
    }
}
