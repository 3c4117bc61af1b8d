//! Matrix products: tiles of `MR` rows by `NV` vectors of `C` stay in registers over the whole depth.
//!
//! One product serves all transposes of the first factor, which is read one number at a time. The
//! second factor is read by rows; where it comes transposed, a strip of it is turned on the stack.

#![allow(clippy::needless_range_loop, reason = "indices name the place in a tile of registers")]

use core::mem::MaybeUninit;

use super::Sizes;
use crate::vector::{MOST_LANES, Vector};

/// `c[i][j] += Σ_d a[i·a_row + d·a_depth] · b[d·b_row + j]` for `rows × columns` of `c`.
#[derive(Clone, Copy)]
struct Product {
    rows: usize,
    depth: usize,
    columns: usize,
    a: *const f32,
    a_row: usize,
    a_depth: usize,
    b: *const f32,
    b_row: usize,
    c: *mut f32,
    c_row: usize,
}

/// Whether a second factor of these sizes has code of its own: where a product is done in no time.
pub(crate) const fn is_specialised([k, n]: [usize; 2]) -> bool {
    k * n <= 256
}

/// `c[m][n] += Σ_k a[m][k] b[k][n]` for `b` of `[K, N]`.
#[inline(always)]
pub(crate) fn matmul<L: Vector, S: Sizes<[usize; 2]>>(l: L, sizes: S, a: &[f32], b: &[f32], c: &mut [f32]) {
    let [k, n] = sizes.get();
    if k == 0 || n == 0 || b.len() < k * n {
        return;
    }
    let product = Product {
        rows: (a.len() / k).min(c.len() / n),
        depth: k,
        columns: n,
        a: a.as_ptr(),
        a_row: k,
        a_depth: 1,
        b: b.as_ptr(),
        b_row: n,
        c: c.as_mut_ptr(),
        c_row: n,
    };
    // SAFETY: `a` and `c` have at least `rows` rows, of `k` and `n` numbers; `b` has `k` rows of `n`.
    unsafe { multiply(l, product) }
}

/// `c[k][n] += Σ_m a[m][k] b[m][n]` for `c` of `[K, N]`.
#[inline(always)]
pub(crate) fn matmul_tn<L: Vector, S: Sizes<[usize; 2]>>(l: L, sizes: S, a: &[f32], b: &[f32], c: &mut [f32]) {
    let [k, n] = sizes.get();
    if k == 0 || n == 0 || c.len() < k * n {
        return;
    }
    let product = Product {
        rows: k,
        depth: (a.len() / k).min(b.len() / n),
        columns: n,
        a: a.as_ptr(),
        a_row: 1,
        a_depth: k,
        b: b.as_ptr(),
        b_row: n,
        c: c.as_mut_ptr(),
        c_row: n,
    };
    // SAFETY: `a` and `b` have at least `depth` rows, of `k` and `n` numbers; `c` has `k` rows of `n`.
    unsafe { multiply(l, product) }
}

/// Below this many rows, turning the second factor would cost more than it gives.
const ROWS_WORTH_TURNING: usize = 4;
/// Rows of the second factor that are turned at once: with 16 lanes, 16 KB of stack.
const STRIP: usize = 256;

/// `c[m][k] += Σ_n a[m][n] b[k][n]` for `b` of `[K, N]`.
#[inline(always)]
pub(crate) fn matmul_nt<L: Vector, S: Sizes<[usize; 2]>>(l: L, sizes: S, a: &[f32], b: &[f32], c: &mut [f32]) {
    let [k, n] = sizes.get();
    if k == 0 || n == 0 || b.len() < k * n {
        return;
    }
    let rows = (a.len() / n).min(c.len() / k);
    if rows < ROWS_WORTH_TURNING {
        for (a, c) in a.chunks_exact(n).zip(c.chunks_exact_mut(k)) {
            for (b, c) in b.chunks(4 * n).zip(c.chunks_mut(4)) {
                dot_products(l, a, b, c);
            }
        }
        return;
    }
    let mut strip = [MaybeUninit::<f32>::uninit(); STRIP * MOST_LANES];
    for column in (0..k).step_by(L::LANES) {
        let columns = L::LANES.min(k - column);
        for start in (0..n).step_by(STRIP) {
            let depth = STRIP.min(n - start);
            for (lane, b) in b.chunks_exact(n).skip(column).take(columns).enumerate() {
                for (&b, turned) in b[start..start + depth].iter().zip(strip.chunks_exact_mut(L::LANES)) {
                    turned[lane].write(b);
                }
            }
            let product = Product {
                rows,
                depth,
                columns,
                a: a.as_ptr().wrapping_add(start),
                a_row: n,
                a_depth: 1,
                b: strip.as_ptr().cast(),
                b_row: L::LANES,
                c: c.as_mut_ptr().wrapping_add(column),
                c_row: k,
            };
            // SAFETY: `a` and `c` have at least `rows` rows, of `n` and `k` numbers; `start + depth ≤ n`
            // and `column + columns ≤ k` keep within them; the first `columns` numbers of `depth`
            // rows of the strip have just been written, and are at most `LANES`.
            unsafe { single_strip(l, product, 0) };
        }
    }
}

/// `c[i] += Σ a · b[i]` for up to four rows of `b`, each as long as `a`.
#[inline(always)]
fn dot_products<L: Vector>(l: L, a: &[f32], b: &[f32], c: &mut [f32]) {
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

/// Chooses tiles by the number of registers and columns.
///
/// # Safety
/// `a`, `b` and `c` are valid for what [`Product`] says, and `c` does not overlap them.
#[inline(always)]
unsafe fn multiply<L: Vector>(l: L, p: Product) {
    let vectors = p.columns.div_ceil(L::LANES);
    // SAFETY: the caller's, passed on; `NV` whole vectors lie between `j` and the last column, and in
    // what is left the last vector is masked to the columns.
    unsafe {
        if const { L::REGISTERS >= 32 } {
            let mut j = 0;
            if vectors % 4 == 2 {
                j = strips::<L, 8, 2>(l, p, j);
            }
            j = strips::<L, 6, 4>(l, p, j);
            match (p.columns - j).div_ceil(L::LANES) {
                0 => {}
                1 => single_strip(l, p, j),
                2 => strip::<L, 8, 2, true>(l, p, j),
                3 => strip::<L, 8, 3, true>(l, p, j),
                _ => strip::<L, 6, 4, true>(l, p, j),
            }
        } else {
            let j = if vectors == 3 { 0 } else { strips::<L, 6, 2>(l, p, 0) };
            match (p.columns - j).div_ceil(L::LANES) {
                0 => {}
                1 => single_strip(l, p, j),
                2 => strip::<L, 6, 2, true>(l, p, j),
                _ => strip::<L, 4, 3, true>(l, p, j),
            }
        }
    }
}

/// As many strips of `NV` vectors as the columns from `j` on hold; returns where they end.
///
/// # Safety
/// As [`multiply`].
#[inline(always)]
unsafe fn strips<L: Vector, const MR: usize, const NV: usize>(l: L, p: Product, mut j: usize) -> usize {
    while j + NV * L::LANES <= p.columns {
        // SAFETY: the caller's, passed on; `NV` whole vectors lie between `j` and the last column.
        unsafe { strip::<L, MR, NV, false>(l, p, j) };
        j += NV * L::LANES;
    }
    j
}

/// A strip of one vector, masked to the columns from `j` on.
///
/// # Safety
/// As [`multiply`]; at most `LANES` columns are left from `j` on, and at least one.
#[inline(always)]
unsafe fn single_strip<L: Vector>(l: L, p: Product, j: usize) {
    // SAFETY: the caller's, passed on.
    unsafe {
        if const { L::REGISTERS >= 32 } {
            strip::<L, 12, 1, true>(l, p, j);
        } else {
            strip::<L, 8, 1, true>(l, p, j);
        }
    }
}

/// The rows of a strip of columns that begins at `j`.
///
/// # Safety
/// As [`multiply`]; `NV` vectors from `j` lie within the columns, the last one partly if `TAIL`.
#[inline(always)]
unsafe fn strip<L: Vector, const MR: usize, const NV: usize, const TAIL: bool>(l: L, p: Product, j: usize) {
    let mut i = 0;
    // SAFETY: the caller's, passed on; the loops keep the tile within the rows.
    unsafe {
        while i + MR <= p.rows {
            tile::<L, MR, NV, TAIL>(l, p, i, j);
            i += MR;
        }
        while i + 4 <= p.rows {
            tile::<L, 4, NV, TAIL>(l, p, i, j);
            i += 4;
        }
        while i + 2 <= p.rows {
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
        let (a, b, c) = (p.a.add(i * p.a_row), p.b.add(j), p.c.add(i * p.c_row + j));
        for r in 0..MR {
            for v in 0..NV {
                let c = c.add(r * p.c_row + v * L::LANES);
                acc[r][v] = if TAIL && v == NV - 1 { l.load_masked(c, last) } else { l.load(c) };
            }
        }
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
            for v in 0..NV {
                let c = c.add(r * p.c_row + v * L::LANES);
                if TAIL && v == NV - 1 {
                    l.store_masked(c, last, acc[r][v]);
                } else {
                    l.store(c, acc[r][v]);
                }
            }
        }
    }
}
