//! A step of gradient descent, in which the gradient is never stored.

use tensorlet::kernel::SgdStep;

use super::{Begin, End, Product, few, multiply, panels};
use crate::vector::Vector;

/// Inputs that are kept while their gradients take their place: 16 KB of stack, beside a panel.
const KEPT: usize = 4096;

/// Whether a batch of so many samples is taken: then at least eight inputs of each are kept.
pub(crate) const fn takes(samples: usize) -> bool {
    samples <= KEPT / 8
}

/// Some inputs of each sample.
pub(crate) struct Kept([f32; KEPT]);

impl Kept {
    #[inline]
    pub(crate) const fn new() -> Self {
        Self([0.0; KEPT])
    }

    /// How many inputs there is room for: whole vectors, unless there are very many samples.
    #[inline]
    pub(crate) fn inputs(samples: usize) -> usize {
        match KEPT / samples.max(1) {
            inputs @ 0..16 => inputs.max(1),
            inputs => inputs - inputs % 16,
        }
    }

    /// Keeps `inputs` inputs from `start` on of rows of `k`.
    #[inline]
    pub(crate) fn take(&mut self, x: &[f32], k: usize, start: usize, inputs: usize) -> &[f32] {
        for (kept, x) in self.0.chunks_exact_mut(inputs).zip(x.chunks_exact(k)) {
            kept.copy_from_slice(&x[start..start + inputs]);
        }
        &self.0
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
    unsafe { multiply::<L, [usize; 2]>(l, product) };
}

/// `dx[m][k] = Σ_n dy[m][n] w[k][n]` for so many samples and `w` of `[K, N]`, in rows of `dx` that are `row`
/// numbers apart.
#[inline(always)]
pub(crate) fn input_gradient<L: Vector>(
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
