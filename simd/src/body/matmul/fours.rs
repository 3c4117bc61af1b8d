//! Four by four: a vector holds several rows of the first factor, or of the product.

use crate::vector::Vector;

/// `c[m][n] += Σ_k a[m][k] b[k][n]` where `k` and `n` go to 4.
#[inline(always)]
pub(crate) fn add_fours<L: Vector>(l: L, a: &[f32], b: &[[f32; 4]; 4], c: &mut [f32]) {
    multiply::<L, true>(l, a, b, c);
}

/// `c[m][n] = Σ_k a[m][k] b[k][n]` where `k` and `n` go to 4.
#[inline(always)]
pub(crate) fn fours<L: Vector>(l: L, a: &[f32], b: &[[f32; 4]; 4], c: &mut [f32]) {
    multiply::<L, false>(l, a, b, c);
}

/// [`fours`], with `ADD` [`add_fours`].
#[inline(always)]
fn multiply<L: Vector, const ADD: bool>(l: L, a: &[f32], b: &[[f32; 4]; 4], c: &mut [f32]) {
    let mut rows = [l.splat(0.0); 4];
    for (row, b) in rows.iter_mut().zip(b) {
        // SAFETY: the row has four numbers, and is read again for every four lanes.
        *row = unsafe { l.load_fours(b.as_ptr(), 0) };
    }
    let len = a.len().min(c.len());
    let whole = len - len % L::LANES;
    for (a, c) in a[..whole].chunks_exact(L::LANES).zip(c[..whole].chunks_exact_mut(L::LANES)) {
        products::<L, ADD>(l, a, rows, c);
    }
    if whole < len {
        products::<L, ADD>(l, &a[whole..len], rows, &mut c[whole..len]);
    }
}

/// The products of a few rows of the first factor, at most a vector's.
#[inline(always)]
fn products<L: Vector, const ADD: bool>(l: L, a: &[f32], rows: [L::V; 4], c: &mut [f32]) {
    let a = l.read(a);
    let even = l.mul_add(l.repeat_in_fours::<2>(a), rows[2], l.mul(l.repeat_in_fours::<0>(a), rows[0]));
    let odd = l.mul_add(l.repeat_in_fours::<3>(a), rows[3], l.mul(l.repeat_in_fours::<1>(a), rows[1]));
    let sum = l.add(even, odd);
    l.write(c, if ADD { l.add(l.read(c), sum) } else { sum });
}
