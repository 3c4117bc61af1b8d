//! A step of gradient descent, in which the gradient is never stored.

use core::mem::MaybeUninit;

use tensorlet::kernel::SgdStep;

use super::{Begin, End, Product, few, multiply, panels};
use crate::vector::Vector;

/// Inputs that are kept while their gradients take their place: 16 KB of stack, beside a panel.
const KEPT: usize = 4096;

/// Whether a batch of so many samples is taken: then at least eight inputs of each are kept.
pub(crate) const fn takes(samples: usize) -> bool {
    samples <= KEPT / 8
}

/// `w ← w - lr (xᵀ dy + weight_decay · w)` for so many samples and `w` of `[K, N]`; with `input_gradient`
/// then `x ← dy wᵀ` of `w` as it was.
#[inline(always)]
pub(crate) fn sgd_linear<L: Vector>(
    l: L,
    step: SgdStep,
    (samples, [k, n], input_gradient): (usize, [usize; 2], bool),
    x: &mut [f32],
    dy: &[f32],
    w: &mut [f32],
) {
    if x.len() < samples * k || dy.len() < samples * n || w.len() < k * n || !takes(samples) {
        return;
    }
    let product = Product {
        rows: k,
        depth: samples,
        columns: n,
        a: x.as_ptr(),
        a_row: 1,
        a_depth: k,
        b: dy.as_ptr(),
        b_row: n,
        c: w.as_mut_ptr(),
        c_row: n,
        begin: Begin::Zero,
        end: End::Step { keep: 1.0 - step.lr * step.weight_decay, rate: step.lr },
    };
    if !input_gradient {
        // SAFETY: `x` and `dy` have `samples` rows, of `k` and `n` numbers; `w` has `k` rows of `n`.
        unsafe { multiply::<L, [usize; 2]>(l, product) };
        return;
    }
    let at_once = match KEPT / samples.max(1) {
        inputs @ 0..16 => inputs,
        inputs => inputs - inputs % 16,
    };
    let mut kept = [MaybeUninit::<f32>::uninit(); KEPT];
    for start in (0..k).step_by(at_once) {
        let inputs = at_once.min(k - start);
        for (kept, x) in kept.chunks_exact_mut(inputs).zip(x.chunks_exact(k)).take(samples) {
            for (kept, x) in kept.iter_mut().zip(&x[start..start + inputs]) {
                kept.write(*x);
            }
        }
        let rows = &mut w[start * n..(start + inputs) * n];
        gradient(l, (samples, [inputs, n]), dy, rows, (&mut x[start..], k));
        // SAFETY: `samples` rows of `inputs` numbers have just been kept; the rows of `w` are as many.
        unsafe {
            let (a, c) = (kept.as_ptr().cast(), rows.as_mut_ptr());
            multiply::<L, [usize; 2]>(l, Product { rows: inputs, a, a_depth: inputs, c, ..product });
        }
    }
}

/// `dx[m][k] = Σ_n dy[m][n] w[k][n]` in rows of `dx` that are `row` numbers apart.
#[inline(always)]
fn gradient<L: Vector>(
    l: L,
    (samples, [k, n]): (usize, [usize; 2]),
    dy: &[f32],
    w: &[f32],
    (dx, row): (&mut [f32], usize),
) {
    if samples < few::ROWS || n == 0 {
        for (s, dx) in dx.chunks_mut(row).take(samples).enumerate() {
            dx[..k].fill(0.0);
            few::dot_products(l, &dy[s * n..(s + 1) * n], w, &mut dx[..k]);
        }
        return;
    }
    let product = Product {
        rows: samples,
        depth: n,
        columns: k,
        a: dy.as_ptr(),
        a_row: n,
        a_depth: 1,
        b: w.as_ptr(),
        b_row: n,
        c: dx.as_mut_ptr(),
        c_row: row,
        begin: Begin::Zero,
        end: End::Sum,
    };
    // SAFETY: the caller's slices hold `samples` rows of `dy` and `dx`, of `n` numbers and of `k` that are `row`
    // apart, and `k` rows of `w`.
    unsafe { panels::turned(l, product) };
}
