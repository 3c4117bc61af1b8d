//! One row by a narrow second factor, whose rows fill vectors only together.
//!
//! The second factor is read as one row of numbers, in whole vectors. The numbers of the first factor that
//! belong to the lanes are spread by a move, the same one again after so many vectors as end with a row.

#![allow(clippy::needless_range_loop, reason = "indices name the place in a tile of registers")]

use super::{
    Product,
    tile::{begin, finish},
};
use crate::vector::{MOST_LANES, Vector};

/// Whether [`multiply`] has code for this product. Four lanes have no moves that would pay; and where the
/// columns divide the lanes, there are too few sums for one addition not to wait for the other.
pub(super) const fn takes(lanes: usize, [rows, depth, columns]: [usize; 3]) -> bool {
    lanes > 4 && rows == 1 && depth >= 32 && matches!(columns, 5..=7 | 9..=15)
}

/// The product of one row by a second factor without gaps.
///
/// # Safety
/// As [`multiply`](super::multiply); [`takes`] has said so, and the numbers of both factors lie side by side.
#[inline(always)]
pub(super) unsafe fn multiply<L: Vector>(l: L, p: Product) {
    // SAFETY: the caller's, passed on; the columns are as many as said, and so many whole vectors end with a row,
    // whether of eight lanes or sixteen.
    unsafe {
        match p.columns {
            5 => row::<L, 5, 5>(l, p),
            6 => row::<L, 6, 3>(l, p),
            7 => row::<L, 7, 7>(l, p),
            9 => row::<L, 9, 9>(l, p),
            10 => row::<L, 10, 5>(l, p),
            11 => row::<L, 11, 11>(l, p),
            12 => row::<L, 12, 3>(l, p),
            13 => row::<L, 13, 13>(l, p),
            14 => row::<L, 14, 7>(l, p),
            _ => row::<L, 15, 15>(l, p),
        }
    }
}

/// The rows that the lanes of `P` vectors belong to.
const fn spread<L: Vector, const N: usize, const P: usize>() -> [[i32; MOST_LANES]; P] {
    let mut rows = [[0; MOST_LANES]; P];
    let mut i = 0;
    while i < P * L::LANES {
        rows[i / L::LANES][i % L::LANES] = (i / N) as i32;
        i += 1;
    }
    rows
}

/// [`multiply`] of `N` columns, of which `P` vectors have whole rows.
///
/// # Safety
/// As [`multiply`]; there are `N` columns.
#[cfg_attr(debug_assertions, inline)]
#[cfg_attr(not(debug_assertions), inline(always))]
unsafe fn row<L: Vector, const N: usize, const P: usize>(l: L, p: Product) {
    const { assert!((P * L::LANES).is_multiple_of(N) && P * L::LANES / N <= L::LANES && L::LANES <= MOST_LANES) }
    // The rows of `P` vectors.
    let rows = P * L::LANES / N;
    let spread = const { spread::<L, N, P>() }.map(|lanes| l.index(&lanes));
    let mut sums = [l.splat(0.0); P];
    let mut d = 0;
    // SAFETY: vectors of the first factor are whole or masked to the depth, and those of the second factor lie
    // within the rows up to `d + rows`, which is at most the depth. The sums' place is read up to its end.
    unsafe {
        while d + rows <= p.depth {
            let a = if d + L::LANES <= p.depth {
                l.load(p.a.add(d))
            } else {
                l.load_masked(p.a.add(d), l.range(0, p.depth - d))
            };
            let b = p.b.add(d * N);
            for v in 0..P {
                sums[v] = l.mul_add(l.spread(a, spread[v]), l.load(b.add(v * L::LANES)), sums[v]);
            }
            d += rows;
        }
        let mut place = [[0.0; MOST_LANES]; P];
        let place: *mut f32 = place.as_mut_ptr().cast();
        for v in 0..P {
            l.store(place.add(v * L::LANES), sums[v]);
        }
        for j in (0..N).step_by(L::LANES) {
            let inside = l.range(0, N - j);
            let mut sum = l.splat(0.0);
            for i in 0..rows {
                sum = l.add(sum, l.load_masked(place.add(i * N + j), inside));
            }
            for d in d..p.depth {
                sum = l.mul_add(l.splat(*p.a.add(d)), l.load_masked(p.b.add(d * N + j), inside), sum);
            }
            let [before] = begin::<L, 1, true>(l, p, 0, j);
            finish::<L, 1, true>(l, p, 0, j, [l.add(before, sum)]);
        }
    }
}
