//! The last columns, which do not fill a vector.
//!
//! A vector that is masked to four columns of sixteen does a quarter of the work that its instruction
//! could. Up to four columns are therefore laid out along the depth: the lanes hold these columns of
//! several rows of the second factor, which lie packed on the stack, and are added up at the end.

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
    let left = p.columns - j;
    // Packing has to be paid for by rows and depth, except where four lanes have no masks.
    let pays = p.a_depth == 1 && (L::LANES == 4 || (p.rows >= 8 && p.depth >= 64));
    let half = L::Half::LANES;
    // SAFETY: the caller's, passed on; a strip that is not masked has all its columns.
    unsafe {
        if pays && left <= 4 {
            pack(l, p, j);
        } else if half < L::LANES && left <= half {
            strip::<L::Half, 8, 1, true>(l.half(), p, j);
        } else if half < L::LANES && pays && left <= half + 4 {
            strip::<L::Half, 8, 1, false>(l.half(), p, j);
            pack(l, p, j + half);
        } else {
            strip::<L, 8, 1, true>(l, p, j);
        }
    }
}

/// Up to four columns from `j` on.
///
/// # Safety
/// As [`multiply`](super::multiply); between one and four columns are left, and `a_depth` is 1.
#[inline(always)]
unsafe fn pack<L: Vector>(l: L, p: Product, j: usize) {
    // SAFETY: the caller's, passed on.
    unsafe {
        match p.columns - j {
            1 => along_depth::<L, 1>(l, p, j),
            2 => along_depth::<L, 2>(l, p, j),
            _ => along_depth::<L, 4>(l, p, j),
        }
    }
}

/// Rows of the second factor that are packed at once: 8 KB of stack.
const DEPTH: usize = 512;

/// `WIDTH` columns from `j` on, the last of which may lie behind the matrix.
///
/// # Safety
/// As [`pack`]; at most `WIDTH` columns are left.
#[inline(always)]
unsafe fn along_depth<L: Vector, const WIDTH: usize>(l: L, p: Product, j: usize) {
    let columns = p.columns - j;
    let mut packed = [MaybeUninit::<f32>::uninit(); DEPTH * WIDTH_MOST];
    for start in (0..p.depth).step_by(DEPTH) {
        // SAFETY: the part lies within the depth.
        let q = unsafe { p.part(start, DEPTH.min(p.depth - start)) };
        let whole = q.depth.next_multiple_of(L::LANES / WIDTH);
        for (d, packed) in packed.chunks_exact_mut(WIDTH).take(whole).enumerate() {
            for (column, packed) in packed.iter_mut().enumerate() {
                let inside = d < q.depth && column < columns;
                // SAFETY: the row lies within the depth and the column within the matrix.
                packed.write(if inside { unsafe { *q.b.add(d * q.b_row + j + column) } } else { 0.0 });
            }
        }
        let mut i = 0;
        // SAFETY: the rows lie within the product; `whole` rows have been packed.
        unsafe {
            while i + 8 <= q.rows {
                rows::<L, WIDTH, 8>(l, q, i, j, packed.as_ptr().cast());
                i += 8;
            }
            while i < q.rows {
                rows::<L, WIDTH, 1>(l, q, i, j, packed.as_ptr().cast());
                i += 1;
            }
        }
    }
}

/// The largest number of columns that are packed.
const WIDTH_MOST: usize = 4;

/// Rows `i..i + R` of the columns from `j` on.
///
/// # Safety
/// As [`along_depth`]; the rows lie within the product, and `packed` is valid for reads of `WIDTH` columns of
/// as many rows as the depth has, rounded up to those that fill a vector.
#[inline(always)]
unsafe fn rows<L: Vector, const WIDTH: usize, const R: usize>(
    l: L,
    p: Product,
    i: usize,
    j: usize,
    packed: *const f32,
) {
    let step = L::LANES / WIDTH;
    let whole = p.depth - p.depth % step;
    let mut sums = [l.splat(0.0); R];
    // SAFETY: the first factor has `depth` numbers in each of the rows, of which the last vector takes those
    // that are left from a copy; `packed` is as long as the caller says.
    unsafe {
        let a = p.a.add(i * p.a_row);
        for d in (0..whole).step_by(step) {
            let b = l.load(packed.add(d * WIDTH));
            for (r, sum) in sums.iter_mut().enumerate() {
                *sum = l.mul_add(l.load_repeated::<WIDTH>(a.add(r * p.a_row + d)), b, *sum);
            }
        }
        if whole < p.depth {
            let b = l.load(packed.add(whole * WIDTH));
            for (r, sum) in sums.iter_mut().enumerate() {
                let mut rest = [0.0; MOST_LANES];
                for (d, rest) in (whole..p.depth).zip(&mut rest) {
                    *rest = *a.add(r * p.a_row + d);
                }
                *sum = l.mul_add(l.load_repeated::<WIDTH>(rest.as_ptr()), b, *sum);
            }
        }
    }
    for (r, sum) in sums.into_iter().enumerate() {
        let lanes = l.to_array(sum);
        for column in 0..p.columns - j {
            let sum = lanes.iter().skip(column).step_by(WIDTH).take(step).sum();
            // SAFETY: the row and the column lie within the product.
            unsafe { finish(p, i + r, j + column, sum) };
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
