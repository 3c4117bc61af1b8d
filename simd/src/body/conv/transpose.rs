//! Matrices turned over in registers.

#![allow(clippy::needless_range_loop, reason = "indices name the place in a tile of registers")]

use crate::vector::{MOST_LANES, Vector};

/// Writes the transposed of a matrix of at most `LANES` rows: a row of `LANES` numbers for each of its
/// columns, 0 for the rows that it lacks.
///
/// # Safety
/// `from` holds `rows` rows of `columns` numbers, `from_step` apart; `to` has room for `columns` rows of
/// `LANES` numbers, `to_step` apart.
#[inline(always)]
pub(super) unsafe fn transpose<L: Vector>(
    l: L,
    from: *const f32,
    from_step: usize,
    [rows, columns]: [usize; 2],
    to: *mut f32,
    to_step: usize,
) {
    for first in (0..columns).step_by(L::LANES) {
        let count = L::LANES.min(columns - first);
        let used = l.range(0, count);
        let mut square = [l.splat(0.0); MOST_LANES];
        for row in 0..L::LANES {
            if row < rows {
                // SAFETY: so many columns of this row are left.
                square[row] = unsafe { l.load_masked(from.wrapping_add(row * from_step + first), used) };
            }
        }
        let square = l.transpose(square);
        for column in 0..L::LANES {
            if column < count {
                // SAFETY: there is a row for each column.
                unsafe { l.store(to.add((first + column) * to_step), square[column]) };
            }
        }
    }
}
