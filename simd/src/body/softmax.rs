//! Softmax of a row, and the fused softmax cross-entropy.

use tensorlet::math::{self, lanes};

use super::{elementwise::scale, reduce::max_number};
use crate::vector::Vector;

#[inline(always)]
pub(crate) fn softmax<L: Vector>(l: L, x: &mut [f32]) {
    let (_, sum) = exp_shifted(l, x);
    scale(l, x, 1.0 / sum);
}

#[inline(always)]
pub(crate) fn cross_entropy<L: Vector>(l: L, x: &mut [f32], target: usize, factor: f32) -> f32 {
    let logit = x.get(target).copied().unwrap_or(f32::NAN);
    let (max, sum) = exp_shifted(l, x);
    scale(l, x, factor / sum);
    if let Some(x) = x.get_mut(target) {
        *x -= factor;
    }
    math::ln(sum) - (logit - max)
}

/// `x ← exp(x - max x)`; returns the maximum and the sum of the results.
#[inline(always)]
fn exp_shifted<L: Vector>(l: L, x: &mut [f32]) -> (f32, f32) {
    let max = max_number(l, x);
    let (shift, zero) = (l.splat(max), l.splat(0.0));
    let mut sum = zero;
    for x in x.chunks_mut(L::LANES) {
        let e = lanes::exp(l, l.sub(l.read(x), shift));
        l.write(x, e);
        sum = l.add(sum, l.select(l.range(0, x.len()), e, zero));
    }
    (max, l.sum_lanes(sum))
}
