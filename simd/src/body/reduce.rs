//! Reductions of a slice to one number: four vectors of partial results.

#![allow(clippy::needless_range_loop, reason = "indices name registers")]

use super::softmax::Narrow;
use crate::vector::Vector;

/// Partial results side by side, so that an addition need not wait for the one before.
const PARTS: usize = 4;

/// Calls `$part` for each vector of `$n` numbers: the place of its part, and the place where it begins. The
/// parts are named by constants, which keeps them in registers.
macro_rules! for_each_vector {
    ($lanes:expr, $n:expr, |$p:ident, $at:ident| $part:expr) => {
        let (lanes, n) = ($lanes, $n);
        let mut first = 0;
        while first + PARTS * lanes <= n {
            for $p in 0..PARTS {
                let $at = first + $p * lanes;
                $part;
            }
            first += PARTS * lanes;
        }
        for $p in 0..PARTS {
            let $at = first + $p * lanes;
            if $at < n {
                $part;
            }
        }
    };
}

#[inline(always)]
pub(crate) fn sum<L: Vector>(l: L, x: &[f32]) -> f32 {
    let mut parts = [l.splat(0.0); PARTS];
    for_each_vector!(L::LANES, x.len(), |p, at| parts[p] = l.add(parts[p], l.read(&x[at..])));
    sum_parts(l, parts)
}

#[inline(always)]
pub(crate) fn dot<L: Vector>(l: L, a: &[f32], b: &[f32]) -> f32 {
    let n = a.len().min(b.len());
    let (a, b) = (&a[..n], &b[..n]);
    let mut parts = [l.splat(0.0); PARTS];
    for_each_vector!(L::LANES, n, |p, at| parts[p] = l.mul_add(l.read(&a[at..]), l.read(&b[at..]), parts[p]));
    sum_parts(l, parts)
}

/// The largest number, NaN if there is one.
#[inline(always)]
pub(crate) fn max<L: Vector>(l: L, x: &[f32]) -> f32 {
    let lowest = l.splat(f32::NEG_INFINITY);
    let (mut parts, mut nan) = ([lowest; PARTS], l.range(0, 0));
    for_each_vector!(L::LANES, x.len(), |p, at| {
        let v = l.read_or(&x[at..], lowest);
        nan = l.or(nan, l.is_nan(v));
        parts[p] = l.max(v, parts[p]);
    });
    if l.bits(nan) != 0 {
        return f32::NAN;
    }
    let [a, b, c, d] = parts;
    max_lanes(l, l.max(l.max(a, b), l.max(c, d)))
}

/// The first place of the largest number: its value is found first, then its place.
#[inline(always)]
pub(crate) fn argmax<L: Vector>(l: L, x: &[f32]) -> usize {
    let max = max(l, x);
    let (wanted, want_nan) = (l.splat(max), max.is_nan());
    for (i, x) in x.chunks(L::LANES).enumerate() {
        let v = l.read(x);
        let found = if want_nan { l.is_nan(v) } else { l.eq(v, wanted) };
        let found = l.bits(l.and(found, l.range(0, x.len())));
        if found != 0 {
            return i * L::LANES + found.trailing_zeros() as usize;
        }
    }
    0
}

#[inline(always)]
pub(crate) fn one_hot_max<L: Vector>(l: L, len: usize, x: &[f32], y: &mut [f32]) {
    if len == 0 {
        return;
    }
    let n = x.len().min(y.len());
    for (x, y) in x[..n - n % len].chunks(4 * len).zip(y[..n - n % len].chunks_mut(4 * len)) {
        let done = if len <= L::LANES {
            one_hot_max_narrow::<L, 1>(l, len, x, y)
        } else if len <= 2 * L::LANES {
            one_hot_max_narrow::<L, 2>(l, len, x, y)
        } else if L::REGISTERS >= 32 && len > 3 * L::LANES && len <= 4 * L::LANES {
            one_hot_max_narrow::<L, 4>(l, len, x, y)
        } else {
            false
        };
        if !done {
            one_hot_max_each(l, len, x, y);
        }
    }
}

/// Four rows of `V` vectors without NaN, the last one partly filled; false if they are not.
#[inline(always)]
fn one_hot_max_narrow<L: Vector, const V: usize>(l: L, len: usize, x: &[f32], y: &mut [f32]) -> bool {
    let Some(mut rows) = Narrow::<L, V>::read(l, x, len) else { return false };
    let Some(places) = rows.mark_largest(l) else { return false };
    rows.write(l, y);
    for (y, places) in y.chunks_exact_mut(len).zip(places) {
        if places > 1 {
            let first = y.iter().position(|&y| y == 1.0).unwrap_or(0);
            y[first + 1..].fill(0.0);
        }
    }
    true
}

/// One row at a time.
#[inline(always)]
fn one_hot_max_each<L: Vector>(l: L, len: usize, x: &[f32], y: &mut [f32]) {
    for (x, y) in x.chunks_exact(len).zip(y.chunks_exact_mut(len)) {
        y.fill(0.0);
        y[argmax(l, x)] = 1.0;
    }
}

#[inline(always)]
fn sum_parts<L: Vector>(l: L, [a, b, c, d]: [L::V; PARTS]) -> f32 {
    l.sum_lanes(l.add(l.add(a, b), l.add(c, d)))
}

#[inline(always)]
fn max_lanes<L: Vector>(l: L, x: L::V) -> f32 {
    let [max, ..] = l.max_each([x; 4]);
    max
}
