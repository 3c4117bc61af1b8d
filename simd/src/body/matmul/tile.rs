//! Strips of columns, tiles of registers, and what becomes of the sums.

#![allow(clippy::needless_range_loop, reason = "indices name the place in a tile of registers")]

use super::{Begin, End, Product};
use crate::vector::Vector;

/// Among so many rows those that do not fill a tile still count.
const MANY: usize = 64;

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
            // Eight rows at a time where six would leave two or four, which read as much for less.
            let eights = p.rows.is_multiple_of(8) && !p.rows.is_multiple_of(6) && p.rows <= MANY;
            while left >= 3 {
                if left == 4 || left >= 7 && !eights {
                    strip::<L, 6, 4, false, false>(l, p, j);
                    (left, j) = (left - 4, j + 4 * L::LANES);
                } else {
                    strip::<L, 8, 3, false, false>(l, p, j);
                    (left, j) = (left - 3, j + 3 * L::LANES);
                }
            }
            if left == 2 {
                strip::<L, 8, 2, false, false>(l, p, j);
                (left, j) = (left - 2, j + 2 * L::LANES);
            }
            if left == 1 {
                strip::<L, 16, 1, false, false>(l, p, j);
                j += L::LANES;
            }
        } else {
            while left == 2 || left >= 4 {
                strip::<L, 6, 2, false, false>(l, p, j);
                (left, j) = (left - 2, j + 2 * L::LANES);
            }
            if left == 3 {
                strip::<L, 4, 3, false, false>(l, p, j);
                (left, j) = (left - 3, j + 3 * L::LANES);
            }
            if left == 1 {
                strip::<L, 8, 1, false, false>(l, p, j);
                j += L::LANES;
            }
        }
    }
    j
}

/// The rows of a strip of columns that begins at `j`. `WIDE` says that there are 32 registers although the
/// instruction set of these vectors alone has fewer.
///
/// # Safety
/// As [`multiply`](super::multiply); `NV` vectors from `j` lie within the columns, the last one partly if
/// `TAIL`.
#[inline(always)]
pub(super) unsafe fn strip<L: Vector, const MR: usize, const NV: usize, const TAIL: bool, const WIDE: bool>(
    l: L,
    p: Product,
    j: usize,
) {
    let mut i = 0;
    // SAFETY: the caller's, passed on; the loops keep the tile within the rows.
    unsafe {
        while i + MR <= p.rows {
            tile::<L, MR, NV, TAIL, WIDE>(l, p, i, j);
            i += MR;
        }
        if const { MR > 8 } && i + 8 <= p.rows {
            tile::<L, 8, NV, TAIL, WIDE>(l, p, i, j);
            i += 8;
        }
        if const { MR > 4 } && i + 4 <= p.rows {
            tile::<L, 4, NV, TAIL, WIDE>(l, p, i, j);
            i += 4;
        }
        if i + 2 <= p.rows {
            tile::<L, 2, NV, TAIL, WIDE>(l, p, i, j);
            i += 2;
        }
        if i < p.rows {
            tile::<L, 1, NV, TAIL, WIDE>(l, p, i, j);
        }
    }
}

/// One tile in registers. A small one has more sums than numbers, of every second or fourth row of the
/// second factor, since each addition to a sum has to wait for the one before.
///
/// # Safety
/// As [`strip`]; `MR` rows from `i` lie within the rows.
#[inline(always)]
unsafe fn tile<L: Vector, const MR: usize, const NV: usize, const TAIL: bool, const WIDE: bool>(
    l: L,
    p: Product,
    i: usize,
    j: usize,
) {
    // SAFETY: the caller's, passed on.
    unsafe {
        if const { MR * NV > 8 || !(WIDE || L::REGISTERS >= 32) && MR * NV > 4 } {
            sums::<L, MR, NV, 1, TAIL>(l, p, i, j);
        } else if const { MR * NV > 4 || !(WIDE || L::REGISTERS >= 32) && MR * NV > 2 } {
            sums::<L, MR, NV, 2, TAIL>(l, p, i, j);
        } else if const { MR * NV > 2 || !(WIDE || L::REGISTERS >= 32) && MR * NV > 1 } {
            sums::<L, MR, NV, 4, TAIL>(l, p, i, j);
        } else {
            sums::<L, MR, NV, 8, TAIL>(l, p, i, j);
        }
    }
}

/// A tile with sums of `D` rows of the second factor each.
///
/// # Safety
/// As [`tile`].
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
unsafe fn sums<L: Vector, const MR: usize, const NV: usize, const D: usize, const TAIL: bool>(
    l: L,
    p: Product,
    i: usize,
    j: usize,
) {
    let mut acc = [[[l.splat(0.0); NV]; MR]; D];
    // SAFETY: rows `i..i + MR` and columns from `j` lie within the factors and the product, of which
    // the caller vouches; vectors that are not masked have all their columns inside.
    unsafe {
        let (a, b) = (p.a.add(i * p.a_row), p.b.add(j));
        let whole = p.depth - p.depth % D;
        for d in (0..whole).step_by(D) {
            for e in 0..D {
                add::<L, MR, NV, TAIL>(l, p, (a.add((d + e) * p.a_depth), b.add((d + e) * p.b_row)), j, &mut acc[e]);
            }
        }
        for d in whole..p.depth {
            add::<L, MR, NV, TAIL>(l, p, (a.add(d * p.a_depth), b.add(d * p.b_row)), j, &mut acc[0]);
        }
        let mut rows = D;
        while rows > 1 {
            rows /= 2;
            for e in 0..rows {
                for r in 0..MR {
                    for v in 0..NV {
                        acc[e][r][v] = l.add(acc[e][r][v], acc[e + rows][r][v]);
                    }
                }
            }
        }
        for r in 0..MR {
            // Not before the products: these would wait for it where it lies far away.
            if !matches!(p.begin, Begin::Zero) {
                let before = begin::<L, NV, TAIL>(l, p, i + r, j);
                for v in 0..NV {
                    acc[0][r][v] = l.add(before[v], acc[0][r][v]);
                }
            }
            finish::<L, NV, TAIL>(l, p, i + r, j, acc[0][r]);
        }
    }
}

/// Adds the products of one row of the second factor to the sums of a tile.
///
/// # Safety
/// As [`tile`]; `a` and `b` are the places in the factors.
#[inline(always)]
unsafe fn add<L: Vector, const MR: usize, const NV: usize, const TAIL: bool>(
    l: L,
    p: Product,
    (a, b): (*const f32, *const f32),
    j: usize,
    acc: &mut [[L::V; NV]; MR],
) {
    let mut row = [l.splat(0.0); NV];
    // SAFETY: the caller's, passed on.
    unsafe {
        for v in 0..NV {
            let b = b.add(v * L::LANES);
            row[v] = if TAIL && v == NV - 1 {
                l.load_masked(b, l.range(0, p.columns - j - (NV - 1) * L::LANES))
            } else {
                l.load(b)
            };
        }
        for r in 0..MR {
            let a = l.splat(*a.add(r * p.a_row));
            for v in 0..NV {
                acc[r][v] = l.mul_add(a, row[v], acc[r][v]);
            }
        }
    }
}

/// What the sums of row `i` from column `j` on are added to.
///
/// # Safety
/// As [`strip`]; row `i` lies within the rows.
#[inline(always)]
pub(super) unsafe fn begin<L: Vector, const NV: usize, const TAIL: bool>(
    l: L,
    p: Product,
    i: usize,
    j: usize,
) -> [L::V; NV] {
    let last = l.range(0, p.columns - j - (NV - 1) * L::LANES);
    let mut sums = [l.splat(0.0); NV];
    // SAFETY: row `i` and the columns from `j` lie within the product, and a bias is as long as its row, of
    // which the caller vouches; vectors that are not masked have all their columns inside.
    unsafe {
        for v in 0..NV {
            let column = j + v * L::LANES;
            let from = match p.begin {
                Begin::Zero => continue,
                Begin::There => p.c.add(i * p.c_row + column).cast_const(),
                Begin::Bias(bias) => bias.add(column),
            };
            sums[v] = if TAIL && v == NV - 1 { l.load_masked(from, last) } else { l.load(from) };
        }
    }
    sums
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
    // SAFETY: as in `begin`.
    unsafe {
        for v in 0..NV {
            let (c, masked) = (p.c.add(i * p.c_row + j + v * L::LANES), TAIL && v == NV - 1);
            let y = match p.end {
                End::Sum => sums[v],
                End::Relu => l.select(l.le(sums[v], l.splat(0.0)), l.splat(0.0), sums[v]),
                End::Step { keep, rate } => {
                    let c = if masked { l.load_masked(c, last) } else { l.load(c) };
                    l.mul_add(l.splat(-rate), sums[v], l.mul(l.splat(keep), c))
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
