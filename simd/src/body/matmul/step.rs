//! A step of gradient descent, in which the gradient is never stored.

use tensorlet::kernel::SgdStep;

use super::{Begin, End, Product, Products, by_size, few, panels};
use crate::vector::Vector;

/// Inputs that are kept while their gradients take their place: 16 KB of stack, beside a panel.
const KEPT: usize = 4096;

/// Whether a batch of so many samples is taken: then at least eight inputs of each are kept.
pub(crate) const fn takes(samples: usize) -> bool {
    samples <= KEPT / 8
}

/// How many inputs there is room for: whole vectors, unless there are very many samples.
const fn inputs(samples: usize) -> usize {
    match KEPT / if samples == 0 { 1 } else { samples } {
        0 => 1,
        inputs @ 1..16 => inputs,
        inputs => inputs - inputs % 16,
    }
}

/// A step in which the gradients of the inputs take their place, for so many samples and `w` of `[K, N]`: of some
/// inputs after the other, with their rows of `w`. `gradient` overwrites them in rows of `k` numbers, and then
/// `descend` has them, without gaps, to update the rows.
#[inline]
pub(crate) fn in_parts(
    samples: usize,
    [k, n]: [usize; 2],
    x: &mut [f32],
    w: &mut [f32],
    gradient: impl Fn([usize; 2], &[f32], &mut [f32]),
    descend: impl Fn([usize; 2], &[f32], &mut [f32]),
) {
    if x.len() < samples * k || w.len() < k * n {
        return;
    }
    let mut kept = [0.0; KEPT];
    for start in (0..k).step_by(inputs(samples)) {
        let part = inputs(samples).min(k - start);
        for (kept, x) in kept.chunks_exact_mut(part).zip(x[..samples * k].chunks_exact(k)) {
            kept.copy_from_slice(&x[start..start + part]);
        }
        let rows = &mut w[start * n..(start + part) * n];
        gradient([part, n], rows, &mut x[start..]);
        descend([part, n], &kept, rows);
    }
}

/// `w ← w - lr (xᵀ dy + weight_decay · w)` for so many samples and `w` of `[K, N]`.
#[inline(always)]
pub(crate) fn descend<L: Vector>(
    l: L,
    step: SgdStep,
    (samples, [k, n]): (usize, [usize; 2]),
    x: &[f32],
    dy: &[f32],
    w: &mut [f32],
) {
    if x.len() < samples * k || dy.len() < samples * n || w.len() < k * n {
        return;
    }
    let end = End::Step { keep: 1.0 - step.lr * step.weight_decay, rate: step.lr };
    let product = Product { a_row: 1, a_depth: k, begin: Begin::Zero, end, ..Product::of([k, samples, n], [x, dy], w) };
    // SAFETY: `x` and `dy` have `samples` rows, of `k` and `n` numbers; `w` has `k` rows of `n`.
    unsafe { by_size(l, product) };
}

/// `dx[m][k] = Σ_n dy[m][n] w[k][n]` for so many samples and `w` of `[K, N]`, in rows of `dx` that are `row`
/// numbers apart.
#[inline(always)]
pub(crate) fn input_gradient<L: Products>(
    l: L,
    (samples, [k, n], row): (usize, [usize; 2], usize),
    dy: &[f32],
    w: &[f32],
    dx: &mut [f32],
) {
    if samples == 0 || dy.len() < samples * n || w.len() < k * n || dx.len() < (samples - 1) * row + k || row < k {
        return;
    }
    if samples < few::ROWS || n == 0 {
        for (s, dx) in dx.chunks_mut(row).take(samples).enumerate() {
            dx[..k].fill(0.0);
            if n > 0 {
                few::dot_products(l, &dy[s * n..(s + 1) * n], w, &mut dx[..k]);
            }
        }
        return;
    }
    let product = Product { b_row: n, c_row: row, begin: Begin::Zero, ..Product::of([samples, n, k], [dy, w], dx) };
    // SAFETY: the slices hold `samples` rows of `dy`, of `n` numbers, and of `dx`, of `k` that are `row` apart, and
    // `k` rows of `w`.
    unsafe { panels::turned(l, product) };
}
