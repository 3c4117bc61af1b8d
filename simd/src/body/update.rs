//! What an optimiser does to each weight.

use tensorlet::kernel::{AdamStep, SgdStep};

use crate::vector::Vector;

#[inline(always)]
pub(crate) fn sgd<L: Vector>(l: L, step: SgdStep, w: &mut [f32], g: &[f32]) {
    let (lr, decay) = (l.splat(-step.lr), l.splat(step.weight_decay));
    let n = w.len().min(g.len());
    for (w, g) in w[..n].chunks_mut(L::LANES).zip(g[..n].chunks(L::LANES)) {
        let v = l.read(w);
        let g = l.mul_add(decay, v, l.read(g));
        l.write(w, l.mul_add(lr, g, v));
    }
}

#[inline(always)]
pub(crate) fn sgd_momentum<L: Vector>(l: L, step: SgdStep, w: &mut [f32], g: &[f32], b: &mut [f32]) {
    let (lr, decay) = (l.splat(-step.lr), l.splat(step.weight_decay));
    let (momentum, gain) = (l.splat(step.momentum), l.splat(step.gain));
    let n = w.len().min(g.len()).min(b.len());
    let rest = g[..n].chunks(L::LANES).zip(b[..n].chunks_mut(L::LANES));
    for (w, (g, b)) in w[..n].chunks_mut(L::LANES).zip(rest) {
        let v = l.read(w);
        let g = l.mul_add(decay, v, l.read(g));
        let new = l.mul_add(momentum, l.read(b), l.mul(gain, g));
        l.write(b, new);
        let along = if step.nesterov { l.mul_add(momentum, new, g) } else { new };
        l.write(w, l.mul_add(lr, along, v));
    }
}

#[inline(always)]
pub(crate) fn adam<L: Vector>(l: L, step: AdamStep, w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
    let decay = l.splat(step.weight_decay);
    let (beta1, one_minus_beta1) = (l.splat(step.beta1), l.splat(step.one_minus_beta1));
    let (beta2, one_minus_beta2) = (l.splat(step.beta2), l.splat(step.one_minus_beta2));
    let (correction, eps, size) = (l.splat(step.rsqrt_correction2), l.splat(step.eps), l.splat(step.step_size));
    let n = w.len().min(g.len()).min(m.len()).min(v.len());
    let moments = m[..n].chunks_mut(L::LANES).zip(v[..n].chunks_mut(L::LANES));
    for ((w, g), (m, v)) in w[..n].chunks_mut(L::LANES).zip(g[..n].chunks(L::LANES)).zip(moments) {
        let weight = l.read(w);
        let g = l.mul_add(decay, weight, l.read(g));
        let first = l.mul_add(beta1, l.read(m), l.mul(one_minus_beta1, g));
        let second = l.mul_add(beta2, l.read(v), l.mul(one_minus_beta2, l.mul(g, g)));
        l.write(m, first);
        l.write(v, second);
        let denominator = l.mul_add(l.sqrt(second), correction, eps);
        l.write(w, l.sub(weight, l.div(l.mul(size, first), denominator)));
    }
}
