//! Products of one to three rows, which are done when the second factor has been read once: one row with its sums
//! in registers where there is room for them, others with their sums in the first cache.

#![allow(clippy::needless_range_loop, reason = "indices name the place in a tile of registers")]

use tensorlet::math::lanes::Lanes;

use super::{
    Begin, End, Product,
    tile::{begin, finish},
};
use crate::vector::Vector;

/// Fewer rows than these are few.
pub(super) const ROWS: usize = 4;
/// A row of so many columns fits into registers.
pub(super) const COLUMNS: usize = 64;

/// A product of at most three rows, with more columns than [`COLUMNS`].
///
/// Where every second row of the second factor begins in the middle of a vector, vectors of half the length
/// read it faster: none of them crosses from one line of the cache into the next, and each line is read once.
///
/// # Safety
/// As [`multiply`](super::multiply).
#[inline(always)]
pub(super) unsafe fn multiply<L: Vector>(l: L, p: Product) {
    // SAFETY: the caller's, passed on.
    unsafe {
        if const { L::Half::LANES < L::LANES } && p.b_row % L::LANES == L::Half::LANES {
            rows(l.half(), p);
        } else {
            rows(l, p);
        }
    }
}

/// [`multiply`] with vectors of this length.
///
/// # Safety
/// As [`multiply`].
#[inline(always)]
unsafe fn rows<L: Vector>(l: L, p: Product) {
    // SAFETY: the caller's, passed on; the product has as many rows as are asked for.
    unsafe {
        match p.rows {
            1 if p.columns <= most::<L>() * L::LANES => row::<L>(l, p),
            1 => wide::<L, 1>(l, p),
            2 => wide::<L, 2>(l, p),
            3 => wide::<L, 3>(l, p),
            _ => {}
        }
    }
}

/// The most vectors of columns whose sums stay in registers over the whole depth.
const fn most<L: Vector>() -> usize {
    if L::REGISTERS >= 32 { 16 } else { 12 }
}

/// One row whose sums stay in registers: the second factor is read from its beginning to its end.
///
/// # Safety
/// As [`multiply`]; the product has one row, no more columns than [`most`] says, and more than [`COLUMNS`]: at
/// least four whole vectors and a part of the next.
#[inline(always)]
unsafe fn row<L: Vector>(l: L, p: Product) {
    // SAFETY: the caller's, passed on; the columns are so many vectors, at least five, the last one partly.
    unsafe {
        match p.columns.div_ceil(L::LANES) {
            0..=5 => in_registers::<L, 5>(l, p),
            6 => in_registers::<L, 6>(l, p),
            7 => in_registers::<L, 7>(l, p),
            8 => in_registers::<L, 8>(l, p),
            9 => in_registers::<L, 9>(l, p),
            10 => in_registers::<L, 10>(l, p),
            11 => in_registers::<L, 11>(l, p),
            12 => in_registers::<L, 12>(l, p),
            13 => in_registers::<L, 13>(l, p),
            14 => in_registers::<L, 14>(l, p),
            15 => in_registers::<L, 15>(l, p),
            _ => in_registers::<L, 16>(l, p),
        }
    }
}

/// [`row`] of `NV` vectors.
///
/// # Safety
/// As [`row`]; the last column lies in the last of `NV` vectors, and the others are whole.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
unsafe fn in_registers<L: Vector, const NV: usize>(l: L, p: Product) {
    let first_of_last = (NV - 1) * L::LANES;
    let last = l.range(0, p.columns.saturating_sub(first_of_last));
    let mut sums = [l.splat(0.0); NV];
    // SAFETY: the second factor has `depth` rows; their last vector is masked to the columns.
    unsafe {
        for d in 0..p.depth {
            let (a, b) = (l.splat(*p.a.add(d * p.a_depth)), p.b.add(d * p.b_row));
            for v in 0..NV - 1 {
                sums[v] = l.mul_add(a, l.load(b.add(v * L::LANES)), sums[v]);
            }
            sums[NV - 1] = l.mul_add(a, l.load_masked(b.wrapping_add(first_of_last), last), sums[NV - 1]);
        }
        for v in 0..NV - 1 {
            let [before] = begin::<L, 1, false>(l, p, 0, v * L::LANES);
            finish::<L, 1, false>(l, p, 0, v * L::LANES, [l.add(before, sums[v])]);
        }
        let [before] = begin::<L, 1, true>(l, p, 0, first_of_last);
        finish::<L, 1, true>(l, p, 0, first_of_last, [l.add(before, sums[NV - 1])]);
    }
}

/// Rows of the second factor that are read side by side: enough for the sums in memory to cost little,
/// and few enough to be followed by the hardware that reads ahead.
const STREAMS: usize = 4;

/// A product of `M` rows: the second factor is read in the order in which it lies in memory, and the
/// sums stay near in the meantime.
///
/// # Safety
/// As [`multiply`]; the product has `M` rows.
#[inline(always)]
unsafe fn wide<L: Vector, const M: usize>(l: L, p: Product) {
    let whole = p.depth - p.depth % STREAMS;
    let steps = matches!(p.end, End::Step { .. });
    // SAFETY: the parts lie within the depth.
    unsafe {
        for d in (0..whole).step_by(STREAMS) {
            let part = p.part(d, STREAMS);
            // Between the first and the last part of a sum nothing has to be asked.
            if !steps && d > 0 && d + STREAMS < p.depth {
                streams::<L, M, STREAMS>(l, Product { begin: Begin::There, end: End::Sum, ..part });
            } else {
                streams::<L, M, STREAMS>(l, part);
            }
        }
        for d in whole..p.depth {
            streams::<L, M, 1>(l, p.part(d, 1));
        }
    }
}

/// A product of `M` rows and a depth of `D`.
///
/// # Safety
/// As [`multiply`]; the product has `M` rows and the depth `D`.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
unsafe fn streams<L: Vector, const M: usize, const D: usize>(l: L, p: Product) {
    let mut a = [[l.splat(0.0); D]; M];
    // SAFETY: the first factor has `M` rows of `D` numbers, the second `D` rows; the last vector of columns
    // is masked unless it is whole.
    unsafe {
        for i in 0..M {
            for d in 0..D {
                a[i][d] = l.splat(*p.a.add(i * p.a_row + d * p.a_depth));
            }
        }
        let whole = p.columns - p.columns % L::LANES;
        for j in (0..whole).step_by(L::LANES) {
            let mut sums = [l.splat(0.0); M];
            for i in 0..M {
                [sums[i]] = begin::<L, 1, false>(l, p, i, j);
            }
            for d in 0..D {
                let b = l.load(p.b.add(d * p.b_row + j));
                for i in 0..M {
                    sums[i] = l.mul_add(a[i][d], b, sums[i]);
                }
            }
            for i in 0..M {
                finish::<L, 1, false>(l, p, i, j, [sums[i]]);
            }
        }
        if whole < p.columns {
            let last = l.range(0, p.columns - whole);
            let mut sums = [l.splat(0.0); M];
            for i in 0..M {
                [sums[i]] = begin::<L, 1, true>(l, p, i, whole);
            }
            for d in 0..D {
                let b = l.load_masked(p.b.add(d * p.b_row + whole), last);
                for i in 0..M {
                    sums[i] = l.mul_add(a[i][d], b, sums[i]);
                }
            }
            for i in 0..M {
                finish::<L, 1, true>(l, p, i, whole, [sums[i]]);
            }
        }
    }
}

/// `c[i] += a · b[i]` for rows of `b` as long as `a`.
#[inline(always)]
pub(super) fn dot_products<L: Vector>(l: L, a: &[f32], b: &[f32], c: &mut [f32]) {
    for (b, c) in b.chunks(4 * a.len()).zip(c.chunks_mut(4)) {
        let mut sums = [l.splat(0.0); 4];
        for (i, part) in a.chunks(L::LANES).enumerate() {
            let v = l.read(part);
            for (sum, b) in sums.iter_mut().zip(b.chunks_exact(a.len())) {
                *sum = l.mul_add(v, l.read(&b[i * L::LANES..]), *sum);
            }
        }
        for (c, sum) in c.iter_mut().zip(sums) {
            *c += l.sum_lanes(sum);
        }
    }
}
