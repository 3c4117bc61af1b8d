//! Softmax of rows, and the fused softmax cross-entropy.
//!
//! Four rows go side by side, so that maximum and sum of one, each a chain of moves between lanes, do not wait for
//! those of another, and the lanes of four vectors are reduced in the moves that one takes. Rows of one or two
//! vectors stay in registers from the first read to the only write.

use tensorlet::math::{self, lanes};

use super::{
    elementwise::scale,
    reduce::{dot, sum},
};
use crate::vector::Vector;

/// Rows side by side.
const GROUP: usize = 4;
/// Rows whose logarithms are taken together.
const BLOCK: usize = 16;
/// Numbers in a group of rows that stay in the first cache from one pass to the next: of longer rows, one at a time.
const NEAR: usize = 4096;

#[inline(always)]
pub(crate) fn softmax<L: Vector>(l: L, x: &mut [f32]) {
    let len = x.len();
    if len > 0 {
        softmax_wide(l, x, len);
    }
}

#[inline(always)]
pub(crate) fn softmax_rows<L: Vector>(l: L, x: &mut [f32], len: usize) {
    if len == 0 {
        return;
    }
    let whole = x.len() - x.len() % len;
    for x in x[..whole].chunks_mut(group(len) * len) {
        if len <= L::LANES {
            softmax_narrow::<L, 1>(l, x, len);
        } else if len <= 2 * L::LANES {
            softmax_narrow::<L, 2>(l, x, len);
        } else if L::REGISTERS >= 32 && len > 3 * L::LANES && len <= 4 * L::LANES {
            softmax_narrow::<L, 4>(l, x, len);
        } else {
            softmax_wide(l, x, len);
        }
    }
}

#[inline(always)]
fn softmax_wide<L: Vector>(l: L, x: &mut [f32], len: usize) {
    let (_, sums) = exp_shifted(l, x, len);
    for (x, sum) in x.chunks_mut(len).zip(sums) {
        scale(l, x, 1.0 / sum);
    }
}

#[inline(always)]
fn softmax_narrow<L: Vector, const V: usize>(l: L, x: &mut [f32], len: usize) {
    let Some(mut rows) = Narrow::<L, V>::read(l, x, len) else { return softmax_wide(l, x, len) };
    let (_, sums) = rows.exp_shifted(l);
    rows.scale(l, sums.map(|sum| 1.0 / sum));
    rows.write(l, x);
}

#[inline(always)]
pub(crate) fn softmax_backward<L: Vector>(l: L, y: &mut [f32], dy: &[f32]) {
    let (sum, n) = (l.splat(dot(l, y, dy)), y.len().min(dy.len()));
    for (y, dy) in y[..n].chunks_mut(L::LANES).zip(dy[..n].chunks(L::LANES)) {
        l.write(y, l.mul(l.read(y), l.sub(l.read(dy), sum)));
    }
}

#[inline(always)]
pub(crate) fn log_softmax<L: Vector>(l: L, x: &mut [f32]) {
    let [max, ..] = l.max_each([largest(l, x); GROUP]);
    let (max, mut parts) = (l.splat(max), l.splat(0.0));
    for x in x.chunks_mut(L::LANES) {
        let below = l.sub(l.read(x), max);
        l.write(x, below);
        parts = l.add(parts, l.select(l.range(0, x.len()), lanes::exp_of_low(l, below), l.splat(0.0)));
    }
    let ln = l.splat(math::ln(l.sum_lanes(parts)));
    for x in x.chunks_mut(L::LANES) {
        l.write(x, l.sub(l.read(x), ln));
    }
}

#[inline(always)]
pub(crate) fn log_softmax_backward<L: Vector>(l: L, y: &mut [f32], dy: &[f32]) {
    let (sum, n) = (l.splat(-sum(l, dy)), y.len().min(dy.len()));
    for (y, dy) in y[..n].chunks_mut(L::LANES).zip(dy[..n].chunks(L::LANES)) {
        l.write(y, l.mul_add(lanes::exp(l, l.read(y)), sum, l.read(dy)));
    }
}

#[inline(always)]
pub(crate) fn cross_entropy<L: Vector>(l: L, x: &mut [f32], target: usize, factor: f32) -> f32 {
    let (len, mut loss) = (x.len(), [factor]);
    if len == 0 {
        return f32::NAN;
    }
    cross_entropy_rows(l, x, len, &[target], &mut loss);
    loss[0]
}

#[inline(always)]
pub(crate) fn cross_entropy_rows<L: Vector>(l: L, x: &mut [f32], len: usize, targets: &[usize], losses: &mut [f32]) {
    if len == 0 {
        return;
    }
    let rows = (x.len() / len).min(targets.len()).min(losses.len());
    let blocks = targets[..rows].chunks(BLOCK).zip(losses[..rows].chunks_mut(BLOCK));
    for (x, (targets, losses)) in x[..rows * len].chunks_mut(BLOCK * len).zip(blocks) {
        // Of each row the sum of the exponentials, and how far the target is below the largest logit.
        let (mut sums, mut below) = ([1.0; BLOCK], [0.0; BLOCK]);
        let group = group(len);
        let inputs = targets.chunks(group).zip(losses.chunks(group));
        let results = sums.chunks_mut(group).zip(below.chunks_mut(group));
        for ((x, inputs), results) in x.chunks_mut(group * len).zip(inputs).zip(results) {
            if len <= L::LANES {
                gradient_narrow::<L, 1>(l, x, len, inputs, results);
            } else if len <= 2 * L::LANES {
                gradient_narrow::<L, 2>(l, x, len, inputs, results);
            } else {
                gradient_wide(l, x, len, inputs, results);
            }
        }
        let parts = sums.chunks(L::LANES).zip(below.chunks(L::LANES));
        for (losses, (sums, below)) in losses.chunks_mut(L::LANES).zip(parts) {
            l.write(losses, l.add(lanes::ln(l, l.read(sums)), l.read(below)));
        }
    }
}

/// The gradients of a group of rows in their place, from targets and factors; the sums of the exponentials, and how
/// far the targets are below the largest logits.
#[inline(always)]
fn gradient_wide<L: Vector>(
    l: L,
    x: &mut [f32],
    len: usize,
    (targets, factors): (&[usize], &[f32]),
    (sums, below): (&mut [f32], &mut [f32]),
) {
    for ((x, &target), below) in x.chunks(len).zip(targets).zip(below.iter_mut()) {
        *below = x.get(target).copied().unwrap_or(f32::NAN);
    }
    let (maxima, all) = exp_shifted(l, x, len);
    for ((below, max), (to, sum)) in below.iter_mut().zip(maxima).zip(sums.iter_mut().zip(all)) {
        (*below, *to) = (max - *below, sum);
    }
    for ((x, sum), (&target, &factor)) in x.chunks_mut(len).zip(all).zip(targets.iter().zip(factors)) {
        scale(l, x, factor / sum);
        if let Some(x) = x.get_mut(target) {
            *x -= factor;
        }
    }
}

/// The same for four rows of `V` vectors, the last one partly filled; fewer rows go the other way.
#[inline(always)]
fn gradient_narrow<L: Vector, const V: usize>(
    l: L,
    x: &mut [f32],
    len: usize,
    inputs: (&[usize], &[f32]),
    results: (&mut [f32], &mut [f32]),
) {
    let (Some(mut rows), Ok(targets), Ok(factors)) =
        (Narrow::<L, V>::read(l, x, len), <&[usize; GROUP]>::try_from(inputs.0), <&[f32; GROUP]>::try_from(inputs.1))
    else {
        return gradient_wide(l, x, len, inputs, results);
    };
    let mut logits = [f32::NAN; GROUP];
    for ((logit, x), &target) in logits.iter_mut().zip(x.chunks_exact(len)).zip(targets) {
        *logit = x.get(target).copied().unwrap_or(f32::NAN);
    }
    let (maxima, sums) = rows.exp_shifted(l);
    let mut factor_over_sum = [0.0; GROUP];
    for (row, to) in factor_over_sum.iter_mut().enumerate() {
        *to = factors[row] / sums[row];
        logits[row] = maxima[row] - logits[row];
    }
    rows.scale(l, factor_over_sum);
    rows.subtract(l, targets, factors);
    rows.write(l, x);
    for ((to_sums, to_below), (sum, below)) in results.0.iter_mut().zip(results.1).zip(sums.into_iter().zip(logits)) {
        (*to_sums, *to_below) = (sum, below);
    }
}

/// Rows of this length that go side by side.
#[inline(always)]
fn group(len: usize) -> usize {
    if len <= NEAR / GROUP { GROUP } else { 1 }
}

/// `x ← exp(x - max x)` of up to four rows; returns the maxima and the sums of the results.
#[inline(always)]
fn exp_shifted<L: Vector>(l: L, x: &mut [f32], len: usize) -> ([f32; GROUP], [f32; GROUP]) {
    let (lowest, zero) = (l.splat(f32::NEG_INFINITY), l.splat(0.0));
    let mut parts = [lowest; GROUP];
    for (part, x) in parts.iter_mut().zip(x.chunks(len)) {
        *part = largest(l, x);
    }
    let maxima = l.max_each(parts);
    let mut parts = [zero; GROUP];
    for ((part, max), x) in parts.iter_mut().zip(maxima).zip(x.chunks_mut(len)) {
        *part = exp_of(l, x, l.splat(max));
    }
    (maxima, l.sum_each(parts))
}

/// A vector that has the largest number of a row in a lane; NaN never wins.
#[inline(always)]
fn largest<L: Vector>(l: L, x: &[f32]) -> L::V {
    let lowest = l.splat(f32::NEG_INFINITY);
    let mut parts = [lowest; 4];
    let blocks = x.chunks_exact(4 * L::LANES);
    let rest = blocks.remainder();
    for x in blocks {
        for (part, x) in parts.iter_mut().zip(x.chunks_exact(L::LANES)) {
            *part = l.max(l.read(x), *part);
        }
    }
    for (part, x) in parts.iter_mut().zip(rest.chunks(L::LANES)) {
        *part = l.max(l.read_or(x, lowest), *part);
    }
    let [a, b, c, d] = parts;
    l.max(l.max(a, b), l.max(c, d))
}

/// `x ← exp(x - shift)`, where no number is above `shift`; returns sums of the results.
#[inline(always)]
fn exp_of<L: Vector>(l: L, x: &mut [f32], shift: L::V) -> L::V {
    let mut sum = l.splat(0.0);
    let mut vectors = x.chunks_exact_mut(L::LANES);
    for x in &mut vectors {
        let e = lanes::exp_of_low(l, l.sub(l.read(x), shift));
        l.write(x, e);
        sum = l.add(sum, e);
    }
    let rest = vectors.into_remainder();
    if rest.is_empty() {
        return sum;
    }
    let e = lanes::exp_of_low(l, l.sub(l.read(rest), shift));
    l.write(rest, e);
    l.add(sum, l.select(l.range(0, rest.len()), e, l.splat(0.0)))
}

/// Four rows in registers: `V` vectors each, of the last one the lanes in `mask`, and `-∞` in the others.
pub(super) struct Narrow<L: Vector, const V: usize> {
    rows: [[L::V; V]; GROUP],
    len: usize,
    mask: L::Mask,
}

impl<L: Vector, const V: usize> Narrow<L, V> {
    /// The rows, if there are four and they have this many vectors.
    #[inline(always)]
    pub(super) fn read(l: L, x: &[f32], len: usize) -> Option<Self> {
        if x.len() != GROUP * len || len <= (V - 1) * L::LANES || len > V * L::LANES {
            return None;
        }
        let (lowest, mask) = (l.splat(f32::NEG_INFINITY), l.range(0, len - (V - 1) * L::LANES));
        let mut rows = [[lowest; V]; GROUP];
        for (row, vectors) in rows.iter_mut().enumerate() {
            for (i, vector) in vectors.iter_mut().enumerate() {
                // SAFETY: row `row < 4` of `len` numbers begins at `row · len`. All vectors of a row but the last
                // lie within it; of the last one the mask has the lanes that do.
                *vector = unsafe {
                    let from = x.as_ptr().add(row * len + i * L::LANES);
                    if i + 1 < V { l.load(from) } else { l.select(mask, l.load_masked(from, mask), lowest) }
                };
            }
        }
        Some(Self { rows, len, mask })
    }

    /// Writes the rows where they were read, or to as many other places.
    #[inline(always)]
    pub(super) fn write(&self, l: L, x: &mut [f32]) {
        assert!(x.len() == GROUP * self.len);
        for (row, vectors) in self.rows.iter().enumerate() {
            for (i, &vector) in vectors.iter().enumerate() {
                // SAFETY: as in `read`, which found `len` to be within `V` vectors; the slice is as long as there.
                unsafe {
                    let to = x.as_mut_ptr().add(row * self.len + i * L::LANES);
                    if i + 1 < V { l.store(to, vector) } else { l.store_masked(to, self.mask, vector) }
                }
            }
        }
    }

    /// `x ← 1` where a row has its largest number and `x ← 0` elsewhere. Returns of each row how many of these there
    /// are, behind its end too; or nothing if there are NaN.
    #[inline(always)]
    pub(super) fn mark_largest(&mut self, l: L) -> Option<[u32; GROUP]> {
        let (mut parts, mut nan) = ([l.splat(f32::NEG_INFINITY); GROUP], l.range(0, 0));
        for (part, vectors) in parts.iter_mut().zip(&self.rows) {
            for &x in vectors {
                nan = l.or(nan, l.is_nan(x));
                *part = l.max(x, *part);
            }
        }
        if l.bits(nan) != 0 {
            return None;
        }
        let mut places = [0; GROUP];
        for ((places, max), vectors) in places.iter_mut().zip(l.max_each(parts)).zip(&mut self.rows) {
            for x in vectors {
                let found = l.eq(*x, l.splat(max));
                *places += l.bits(found).count_ones();
                *x = l.select(found, l.splat(1.0), l.splat(0.0));
            }
        }
        Some(places)
    }

    /// `x ← exp(x - max x)` of each row; returns the maxima and the sums of the results.
    #[inline(always)]
    fn exp_shifted(&mut self, l: L) -> ([f32; GROUP], [f32; GROUP]) {
        let mut parts = [l.splat(f32::NEG_INFINITY); GROUP];
        for (part, vectors) in parts.iter_mut().zip(&self.rows) {
            for &x in vectors {
                *part = l.max(x, *part);
            }
        }
        let maxima = l.max_each(parts);
        let mut parts = [l.splat(0.0); GROUP];
        for ((part, max), vectors) in parts.iter_mut().zip(maxima).zip(&mut self.rows) {
            for x in vectors {
                *x = lanes::exp_of_low(l, l.sub(*x, l.splat(max)));
                *part = l.add(*part, *x);
            }
        }
        (maxima, l.sum_each(parts))
    }

    #[inline(always)]
    fn scale(&mut self, l: L, by: [f32; GROUP]) {
        for (vectors, by) in self.rows.iter_mut().zip(by) {
            for x in vectors {
                *x = l.mul(*x, l.splat(by));
            }
        }
    }

    /// Subtracts from one number of each row.
    #[inline(always)]
    fn subtract(&mut self, l: L, places: &[usize; GROUP], amounts: &[f32; GROUP]) {
        for (vectors, (&place, &amount)) in self.rows.iter_mut().zip(places.iter().zip(amounts)) {
            for (i, x) in vectors.iter_mut().enumerate() {
                let lane = place.wrapping_sub(i * L::LANES);
                let mask = l.mask(if lane < L::LANES { 1 << lane } else { 0 });
                *x = l.sub(*x, l.select(mask, l.splat(amount), l.splat(0.0)));
            }
        }
    }
}
