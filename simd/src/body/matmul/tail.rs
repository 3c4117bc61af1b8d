//! The last columns, which do not fill a vector.
//!
//! A vector that is masked to four columns of sixteen does a quarter of the work that its instruction
//! could. Up to four columns are therefore laid out along the depth: the lanes hold these columns of
//! several rows of the second factor, which lie packed on the stack, and are added up at the end.

#![allow(clippy::needless_range_loop, reason = "indices name the place in a tile of registers")]

use core::mem::MaybeUninit;

use tensorlet::math::lanes::Lanes;

use super::{Begin, End, Product, tile::strip};
use crate::vector::{MOST_LANES, Vector};

/// The columns from `j` on, fewer than a vector has lanes and at least one.
///
/// # Safety
/// As [`multiply`](super::multiply).
#[inline(always)]
pub(super) unsafe fn multiply<L: Vector>(l: L, p: Product, j: usize) {
    let (left, half) = (p.columns - j, if L::Half::LANES < L::LANES { L::Half::LANES } else { 0 });
    // Packing has to be paid for by rows and depth, except where four lanes have no masks.
    let pays = p.a_depth == 1 && (L::LANES == 4 || (p.rows >= 8 && p.depth >= 64));
    // SAFETY: the caller's, passed on; a strip that is not masked has all its columns.
    unsafe {
        if pays && left <= 4 {
            pack(l, p, j, 0);
        } else if left < half {
            strip::<L::Half, 8, 1, true, true>(l.half(), p, j);
        } else if half > 0 && (left == half || pays && left <= half + 4) {
            pack(l, p, j, half);
        } else {
            strip::<L, 8, 1, true, false>(l, p, j);
        }
    }
}

/// Rows of the second factor that are packed at once: 8 KB of stack.
const DEPTH: usize = 512;

/// The largest number of columns that are packed.
const WIDTH: usize = 4;

/// `half` columns from `j` on, none or a vector of half the length; and behind them up to four, packed.
///
/// # Safety
/// As [`multiply`](super::multiply); these are the columns from `j` on, and `a_depth` is 1 if any are packed.
#[inline(always)]
unsafe fn pack<L: Vector>(l: L, p: Product, j: usize, half: usize) {
    let first = j + half;
    let width = (p.columns - first).next_power_of_two();
    if p.columns == first {
        // SAFETY: the caller's, passed on.
        return unsafe { strip::<L::Half, 8, 1, false, true>(l.half(), p, j) };
    }
    let mut packed = Packed::new();
    let to: *mut f32 = packed.0.as_mut_ptr().cast();
    for start in (0..p.depth).step_by(DEPTH) {
        // SAFETY: the part lies within the depth, and its rows within the place, which has room for two vectors
        // behind them: they are read rounded up to whole vectors. Each block of rows lies within the product.
        unsafe {
            let q = p.part(start, DEPTH.min(p.depth - start));
            let (short, inside) = (l.half(), l.half().range(0, q.columns - first));
            for d in 0..q.depth {
                // What is written behind the columns is zero; the next rows take its place, but for the last.
                let row = short.load_masked(q.b.add(d * q.b_row + first), inside);
                short.store(to.add(d * width), row);
            }
            l.store(to.add(q.depth * width), l.splat(0.0));
            for i in (0..q.rows).step_by(8) {
                let block = q.rows_from(i, 8);
                if half > 0 {
                    strip::<L::Half, 8, 1, false, true>(l.half(), block, j);
                }
                match width {
                    1 => rows::<L, 1>(l, block, first, to),
                    2 => rows::<L, 2>(l, block, first, to),
                    _ => rows::<L, 4>(l, block, first, to),
                }
            }
        }
    }
}

/// Up to eight rows of the columns from `j` on.
///
/// # Safety
/// As [`block`].
#[inline(always)]
unsafe fn rows<L: Vector, const WIDTH: usize>(l: L, p: Product, j: usize, packed: *const f32) {
    // SAFETY: the caller's, passed on; a row lies within the rows.
    unsafe {
        if p.rows == 8 {
            block::<L, WIDTH, 8>(l, p, j, packed);
        } else {
            for i in 0..p.rows {
                block::<L, WIDTH, 1>(l, p.rows_from(i, 1), j, packed);
            }
        }
    }
}

/// Packed columns, which lie as vectors want them.
#[repr(align(64))]
struct Packed([MaybeUninit<f32>; DEPTH * WIDTH + 2 * MOST_LANES]);

impl Packed {
    #[inline(always)]
    const fn new() -> Self {
        Self([MaybeUninit::uninit(); DEPTH * WIDTH + 2 * MOST_LANES])
    }
}

/// `R` rows of the columns from `j` on.
///
/// # Safety
/// As [`pack`]; the product has `R` rows, and `packed` is valid for reads of `WIDTH` columns of as many rows
/// as the depth has, rounded up to those that fill a vector.
#[inline(always)]
unsafe fn block<L: Vector, const WIDTH: usize, const R: usize>(l: L, p: Product, j: usize, packed: *const f32) {
    let step = L::LANES / WIDTH;
    let whole = p.depth - p.depth % step;
    let mut sums = [l.splat(0.0); R];
    // SAFETY: the first factor has `depth` numbers in each of the rows, of which the last vector takes those
    // that are left from a copy; `packed` is as long as the caller says.
    unsafe {
        for d in (0..whole).step_by(step) {
            let b = l.load(packed.add(d * WIDTH));
            for r in 0..R {
                sums[r] = l.mul_add(l.load_repeated::<WIDTH>(p.a.add(r * p.a_row + d)), b, sums[r]);
            }
        }
        if whole < p.depth {
            let b = l.load(packed.add(whole * WIDTH));
            for r in 0..R {
                let mut rest = [0.0; MOST_LANES];
                for d in whole..p.depth {
                    rest[d - whole] = *p.a.add(r * p.a_row + d);
                }
                sums[r] = l.mul_add(l.load_repeated::<WIDTH>(rest.as_ptr()), b, sums[r]);
            }
        }
        for r in 0..R {
            let (lanes, mut columns) = (l.to_array(sums[r]), [0.0; WIDTH]);
            for e in 0..step {
                for column in 0..WIDTH {
                    columns[column] += lanes[e * WIDTH + column];
                }
            }
            for column in 0..WIDTH {
                if WIDTH < 4 || j + column < p.columns {
                    finish(p, r, j + column, columns[column]);
                }
            }
        }
    }
}

/// Makes of the sum of row `i` and column `j` the result.
///
/// # Safety
/// As [`multiply`](super::multiply); the row and the column lie within the product.
#[inline(always)]
unsafe fn finish(p: Product, i: usize, j: usize, sum: f32) {
    // SAFETY: the caller's, passed on.
    unsafe {
        let c = p.c.add(i * p.c_row + j);
        let before = match p.begin {
            Begin::Zero => 0.0,
            Begin::There => *c,
            Begin::Bias(bias) => *bias.add(j),
        };
        let sum = before + sum;
        *c = match p.end {
            End::Sum => sum,
            End::Relu => {
                if sum <= 0.0 {
                    0.0
                } else {
                    sum
                }
            }
            End::Step { keep, rate } => keep * *c - rate * sum,
        };
    }
}
