//! The last columns, which do not fill a vector.
//!
//! A vector that is masked to four columns of sixteen does a quarter of the work that its instruction
//! could. Up to four columns are therefore turned to lie along the depth, on the stack: the lanes hold
//! products of several numbers of a row of the first factor, which are added up at the end.

#![allow(clippy::needless_range_loop, reason = "indices name the place in a tile of registers")]

use core::mem::MaybeUninit;

use tensorlet::math::lanes::Lanes;

use super::{Begin, End, Product, tile::strip};
use crate::vector::Vector;

/// The columns from `j` on, fewer than a vector has lanes and at least one.
///
/// # Safety
/// As [`multiply`](super::multiply).
#[inline(always)]
pub(super) unsafe fn multiply<L: Vector>(l: L, p: Product, j: usize) {
    let (left, half) = (p.columns - j, if L::Half::LANES < L::LANES { L::Half::LANES } else { 0 });
    // Packing has to be paid for by rows and depth, except where four lanes have no masks. Without any depth there
    // is nothing to turn, though the product still begins and ends with what it is added to.
    let worth = if L::LANES == 4 { p.depth > 0 } else { p.rows >= 8 && p.depth >= 64 };
    let pays = p.a_depth == 1 && worth;
    // SAFETY: the caller's, passed on; a strip that is not masked has all its columns.
    unsafe {
        if pays && left <= MOST {
            turned(l, p, j, 0);
        } else if left < half {
            strip::<L::Half, 8, 1, true, true>(l.half(), p, j);
        } else if half > 0 && left == half {
            strip::<L::Half, 16, 1, false, true>(l.half(), p, j);
        } else if half > 0 && pays && left <= half + MOST {
            turned(l, p, j, half);
        } else {
            strip::<L, 8, 1, true, false>(l, p, j);
        }
    }
}

/// The largest number of columns that are turned.
const MOST: usize = 4;

/// Rows of the second factor that are turned at once: 8 KB of stack.
const DEPTH: usize = 512;

/// Turned columns, which lie as vectors want them: a vector of each, then the next of each.
#[repr(align(64))]
struct Turned([MaybeUninit<f32>; DEPTH * MOST]);

impl Turned {
    #[inline(always)]
    const fn new() -> Self {
        Self([MaybeUninit::uninit(); DEPTH * MOST])
    }
}

/// Rows that are multiplied with all columns before the next.
const ROWS: usize = 16;

/// `half` columns from `j` on, none or a vector of half the length; and behind them up to four, turned.
///
/// # Safety
/// As [`multiply`](super::multiply); these are the columns from `j` on, and `a_depth` is 1.
#[inline(always)]
unsafe fn turned<L: Vector>(l: L, p: Product, j: usize, half: usize) {
    // SAFETY: the caller's, passed on; there are as many columns behind the half vector as are asked for.
    unsafe {
        match p.columns - j - half {
            1 => columns::<L, 1>(l, p, j, half),
            2 => columns::<L, 2>(l, p, j, half),
            3 => columns::<L, 3>(l, p, j, half),
            _ => columns::<L, 4>(l, p, j, half),
        }
    }
}

/// [`turned`] with `C` columns behind those of the half vector.
///
/// # Safety
/// As [`turned`].
#[inline(always)]
unsafe fn columns<L: Vector, const C: usize>(l: L, p: Product, j: usize, half: usize) {
    let mut place = Turned::new();
    let to: *mut f32 = place.0.as_mut_ptr().cast();
    for start in (0..p.depth).step_by(DEPTH) {
        // SAFETY: the part lies within the depth, and its columns have room in the place. Each block of rows lies
        // within the product.
        unsafe {
            let q = p.part(start, DEPTH.min(p.depth - start));
            turn::<L, C>(l, q, to);
            for i in (0..q.rows).step_by(ROWS) {
                let block = q.rows_from(i, ROWS);
                if half > 0 {
                    strip::<L::Half, ROWS, 1, false, true>(l.half(), block, j);
                }
                rows::<L, C>(l, block, to);
            }
        }
    }
}

/// Writes the last `C` columns of the second factor as [`Turned`] says, with zeros behind their ends.
///
/// # Safety
/// The second factor is as [`Product`] says, and `to` is valid for writes of `C` times its depth, rounded up to
/// vectors.
#[inline(always)]
unsafe fn turn<L: Vector, const C: usize>(l: L, p: Product, to: *mut f32) {
    let whole = if p.columns < MOST { 0 } else { p.depth - p.depth % L::LANES };
    for d in (0..whole).step_by(L::LANES) {
        let mut rows = [l.splat(0.0); 4];
        // SAFETY: of `LANES` rows from `d` on, the last four of at least four columns.
        unsafe {
            let from = p.b.add(d * p.b_row + p.columns - MOST);
            for (r, row) in rows.iter_mut().enumerate() {
                *row = l.load_fours(from.add(r * p.b_row), 4 * p.b_row);
            }
            for (c, column) in l.transpose_fours(rows)[MOST - C..].iter().enumerate() {
                l.store(to.add(d * C + c * L::LANES), *column);
            }
        }
    }
    for d in whole..p.depth.next_multiple_of(L::LANES) {
        for c in 0..C {
            // SAFETY: the place in the second factor lies within the depth and the columns, the other one in the
            // vectors up to its end.
            unsafe {
                let x = if d < p.depth { *p.b.add(d * p.b_row + p.columns - C + c) } else { 0.0 };
                *to.add((d - d % L::LANES) * C + c * L::LANES + d % L::LANES) = x;
            }
        }
    }
}

/// The last `C` columns of a block of rows.
///
/// # Safety
/// As [`tile`].
#[inline(always)]
unsafe fn rows<L: Vector, const C: usize>(l: L, p: Product, turned: *const f32) {
    let mut i = 0;
    // SAFETY: the caller's, passed on; the rows lie within the block.
    unsafe {
        if const { C == 1 || C == 2 && L::REGISTERS >= 32 } {
            while i + 8 <= p.rows {
                tile::<L, C, 8>(l, p.rows_from(i, 8), turned);
                i += 8;
            }
        } else if const { C == 2 || L::REGISTERS >= 32 } {
            while i + 4 <= p.rows {
                tile::<L, C, 4>(l, p.rows_from(i, 4), turned);
                i += 4;
            }
        } else {
            while i + 2 <= p.rows {
                tile::<L, C, 2>(l, p.rows_from(i, 2), turned);
                i += 2;
            }
        }
        while i < p.rows {
            tile::<L, C, 1>(l, p.rows_from(i, 1), turned);
            i += 1;
        }
    }
}

/// `R` rows of the last `C` columns: for each number a vector of sums in a register.
///
/// # Safety
/// As [`multiply`](super::multiply); the product has `R` rows, and `turned` is valid for reads of `C` columns of
/// the depth, rounded up to vectors.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
unsafe fn tile<L: Vector, const C: usize, const R: usize>(l: L, p: Product, turned: *const f32) {
    let whole = p.depth - p.depth % L::LANES;
    let mut sums = [[l.splat(0.0); C]; R];
    // SAFETY: the first factor has `depth` numbers in each of the rows, of which the last vector is masked to those
    // that are left; `turned` is as long as the caller says.
    unsafe {
        for d in (0..whole).step_by(L::LANES) {
            add::<L, C, R, false>(l, p, d, turned, &mut sums);
        }
        if whole < p.depth {
            add::<L, C, R, true>(l, p, whole, turned, &mut sums);
        }
        let mut numbers = [[0.0; C]; R];
        let (fours, rest) = sums.as_flattened().as_chunks();
        let (to, to_rest) = numbers.as_flattened_mut().as_chunks_mut();
        for (to, four) in to.iter_mut().zip(fours) {
            *to = l.sum_each(*four);
        }
        for (to, one) in to_rest.iter_mut().zip(rest) {
            *to = l.sum_lanes(*one);
        }
        finish(p, numbers);
    }
}

/// Adds the products of the vectors from `d` on of each row and each column. `LAST` ones are masked to the depth.
///
/// # Safety
/// As [`tile`]; a vector from `d` on lies within the depth, or partly if `LAST`.
#[inline(always)]
unsafe fn add<L: Vector, const C: usize, const R: usize, const LAST: bool>(
    l: L,
    p: Product,
    d: usize,
    turned: *const f32,
    sums: &mut [[L::V; C]; R],
) {
    let mut columns = [l.splat(0.0); C];
    // SAFETY: the caller's, passed on.
    unsafe {
        for c in 0..C {
            columns[c] = l.load(turned.add(d * C + c * L::LANES));
        }
        for r in 0..R {
            let a = p.a.add(r * p.a_row + d);
            let a = if LAST { l.load_masked(a, l.range(0, p.depth - d)) } else { l.load(a) };
            for c in 0..C {
                sums[r][c] = l.mul_add(a, columns[c], sums[r][c]);
            }
        }
    }
}

/// Makes of the sums of `R` rows of the last `C` columns the results.
///
/// # Safety
/// As [`multiply`](super::multiply); the product has `R` rows and `C` columns.
#[inline(always)]
unsafe fn finish<const C: usize, const R: usize>(p: Product, mut sums: [[f32; C]; R]) {
    let j = p.columns - C;
    // SAFETY: the rows and the columns lie within the product, and a bias is as long as a row of it.
    unsafe {
        let c = p.c.add(j);
        match p.begin {
            Begin::Zero => {}
            Begin::There => each(&mut sums, |i, j, sum| *c.add(i * p.c_row + j) + sum),
            Begin::Bias(bias) => each(&mut sums, |_, column, sum| *bias.add(j + column) + sum),
        }
        match p.end {
            End::Sum => {}
            End::Relu => each(&mut sums, |_, _, sum| if sum <= 0.0 { 0.0 } else { sum }),
            End::Step { keep, rate } => each(&mut sums, |i, j, sum| keep * *c.add(i * p.c_row + j) - rate * sum),
        }
        for i in 0..R {
            for j in 0..C {
                *c.add(i * p.c_row + j) = sums[i][j];
            }
        }
    }
}

/// Replaces each number by what becomes of it in its row and column.
#[inline(always)]
fn each<const C: usize, const R: usize>(sums: &mut [[f32; C]; R], f: impl Fn(usize, usize, f32) -> f32) {
    for i in 0..R {
        for j in 0..C {
            sums[i][j] = f(i, j, sums[i][j]);
        }
    }
}
