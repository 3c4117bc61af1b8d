//! Strips of columns, tiles of registers, and what becomes of the sums.

#![allow(clippy::needless_range_loop, reason = "indices name the place in a tile of registers")]

use super::{Begin, End, Product};
use crate::vector::Vector;

/// All whole vectors of columns; returns where they end.
///
/// The width of a strip is chosen so that the last one is not a narrow one, which reads more for each
/// product: five vectors are three and two, six are three and three.
///
/// # Safety
/// As [`multiply`](super::multiply).
#[inline(always)]
pub(super) unsafe fn strips<L: Vector>(l: L, p: Product) -> usize {
    let (mut left, mut j) = (p.columns / L::LANES, 0);
    // SAFETY: the caller's, passed on; the strips are as wide as they say, and `left` counts the vectors
    // between `j` and the last column.
    unsafe {
        if const { L::REGISTERS >= 32 } {
            while left == 4 || left >= 7 {
                strip::<L, 6, 4, false>(l, p, j);
                (left, j) = (left - 4, j + 4 * L::LANES);
            }
            while left >= 3 {
                strip::<L, 8, 3, false>(l, p, j);
                (left, j) = (left - 3, j + 3 * L::LANES);
            }
            if left == 2 {
                strip::<L, 8, 2, false>(l, p, j);
                (left, j) = (left - 2, j + 2 * L::LANES);
            }
            if left == 1 {
                strip::<L, 16, 1, false>(l, p, j);
                j += L::LANES;
            }
        } else {
            while left == 2 || left >= 4 {
                strip::<L, 6, 2, false>(l, p, j);
                (left, j) = (left - 2, j + 2 * L::LANES);
            }
            if left == 3 {
                strip::<L, 4, 3, false>(l, p, j);
                (left, j) = (left - 3, j + 3 * L::LANES);
            }
            if left == 1 {
                strip::<L, 8, 1, false>(l, p, j);
                j += L::LANES;
            }
        }
    }
    j
}

/// The rows of a strip of columns that begins at `j`.
///
/// # Safety
/// As [`multiply`](super::multiply); `NV` vectors from `j` lie within the columns, the last one partly if
/// `TAIL`.
#[inline(always)]
pub(super) unsafe fn strip<L: Vector, const MR: usize, const NV: usize, const TAIL: bool>(l: L, p: Product, j: usize) {
    let mut i = 0;
    // SAFETY: the caller's, passed on; the loops keep the tile within the rows.
    unsafe {
        while i + MR <= p.rows {
            tile::<L, MR, NV, TAIL>(l, p, i, j);
            i += MR;
        }
        if const { MR > 8 } && i + 8 <= p.rows {
            tile::<L, 8, NV, TAIL>(l, p, i, j);
            i += 8;
        }
        if const { MR > 4 } && i + 4 <= p.rows {
            tile::<L, 4, NV, TAIL>(l, p, i, j);
            i += 4;
        }
        if i + 2 <= p.rows {
            tile::<L, 2, NV, TAIL>(l, p, i, j);
            i += 2;
        }
        if i < p.rows {
            tile::<L, 1, NV, TAIL>(l, p, i, j);
        }
    }
}

/// One tile in registers.
///
/// # Safety
/// As [`strip`]; `MR` rows from `i` lie within the rows.
#[inline(always)]
unsafe fn tile<L: Vector, const MR: usize, const NV: usize, const TAIL: bool>(l: L, p: Product, i: usize, j: usize) {
    let last = l.range(0, p.columns - j - (NV - 1) * L::LANES);
    let mut acc = [[l.splat(0.0); NV]; MR];
    // SAFETY: rows `i..i + MR` and columns from `j` lie within the factors and the product, of which
    // the caller vouches; vectors that are not masked have all their columns inside.
    unsafe {
        let (a, b) = (p.a.add(i * p.a_row), p.b.add(j));
        for d in 0..p.depth {
            let mut row = [l.splat(0.0); NV];
            for v in 0..NV {
                let b = b.add(d * p.b_row + v * L::LANES);
                row[v] = if TAIL && v == NV - 1 { l.load_masked(b, last) } else { l.load(b) };
            }
            for r in 0..MR {
                let a = l.splat(*a.add(r * p.a_row + d * p.a_depth));
                for v in 0..NV {
                    acc[r][v] = l.mul_add(a, row[v], acc[r][v]);
                }
            }
        }
        for r in 0..MR {
            finish::<L, NV, TAIL>(l, p, i + r, j, acc[r]);
        }
    }
}

/// Makes of the sums of row `i` from column `j` on the result.
///
/// # Safety
/// As [`strip`]; row `i` lies within the rows.
#[inline(always)]
pub(super) unsafe fn finish<L: Vector, const NV: usize, const TAIL: bool>(
    l: L,
    p: Product,
    i: usize,
    j: usize,
    sums: [L::V; NV],
) {
    let last = l.range(0, p.columns - j - (NV - 1) * L::LANES);
    // SAFETY: row `i` and the columns from `j` lie within the product, of which the caller vouches;
    // vectors that are not masked have all their columns inside.
    unsafe {
        for v in 0..NV {
            let c = p.c.add(i * p.c_row + j + v * L::LANES);
            let masked = TAIL && v == NV - 1;
            let before = match p.begin {
                Begin::Zero => l.splat(0.0),
                Begin::There if masked => l.load_masked(c, last),
                Begin::There => l.load(c),
                Begin::Bias(bias) if masked => l.load_masked(bias.add(j + v * L::LANES), last),
                Begin::Bias(bias) => l.load(bias.add(j + v * L::LANES)),
            };
            let sum = l.add(before, sums[v]);
            let y = match p.end {
                End::Sum => sum,
                End::Relu => l.select(l.le(sum, l.splat(0.0)), l.splat(0.0), sum),
                End::Step { keep, rate } => {
                    let c = if masked { l.load_masked(c, last) } else { l.load(c) };
                    l.mul_add(l.splat(-rate), sum, l.mul(l.splat(keep), c))
                }
            };
            if masked {
                l.store_masked(c, last, y);
            } else {
                l.store(c, y);
            }
        }
    }
}
