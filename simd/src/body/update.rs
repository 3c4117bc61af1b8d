//! What an optimiser does to each weight.

use tensorlet::kernel::{AdadeltaStep, AdagradStep, AdamStep, RmsPropStep, SgdStep};

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

/// The numbers of a step of Adam in all lanes.
#[derive(Clone, Copy)]
struct Adam<V> {
    size: V,
    beta1: V,
    one_minus_beta1: V,
    beta2: V,
    one_minus_beta2: V,
    correction: V,
    eps: V,
    decay: V,
}

impl<V: Copy> Adam<V> {
    #[inline(always)]
    fn new<L: Vector<V = V>>(l: L, step: AdamStep) -> Self {
        Self {
            size: l.splat(step.step_size),
            beta1: l.splat(step.beta1),
            one_minus_beta1: l.splat(step.one_minus_beta1),
            beta2: l.splat(step.beta2),
            one_minus_beta2: l.splat(step.one_minus_beta2),
            correction: l.splat(step.rsqrt_correction2),
            eps: l.splat(step.eps),
            decay: l.splat(step.weight_decay),
        }
    }

    /// `g'`, and its running mean.
    #[inline(always)]
    fn mean<L: Vector<V = V>>(self, l: L, w: V, g: &[f32], m: &mut [f32]) -> (V, V) {
        let g = l.mul_add(self.decay, w, l.read(g));
        let mean = l.mul_add(self.beta1, l.read(m), l.mul(self.one_minus_beta1, g));
        l.write(m, mean);
        (g, mean)
    }

    /// The running mean of `g²`.
    #[inline(always)]
    fn square<L: Vector<V = V>>(self, l: L, g: V, v: &mut [f32]) -> V {
        let square = l.mul_add(self.beta2, l.read(v), l.mul(self.one_minus_beta2, l.mul(g, g)));
        l.write(v, square);
        square
    }

    #[inline(always)]
    fn denominator<L: Vector<V = V>>(self, l: L, v: V) -> V {
        l.mul_add(l.sqrt(v), self.correction, self.eps)
    }
}

#[inline(always)]
pub(crate) fn adam<L: Vector>(l: L, step: AdamStep, w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32]) {
    let (step, n) = (Adam::new(l, step), w.len().min(g.len()).min(m.len()).min(v.len()));
    let moments = m[..n].chunks_mut(L::LANES).zip(v[..n].chunks_mut(L::LANES));
    for ((w, g), (m, v)) in w[..n].chunks_mut(L::LANES).zip(g[..n].chunks(L::LANES)).zip(moments) {
        let weight = l.read(w);
        let (g, mean) = step.mean(l, weight, g, m);
        let denominator = step.denominator(l, step.square(l, g, v));
        l.write(w, l.sub(weight, l.div(l.mul(step.size, mean), denominator)));
    }
}

#[inline(always)]
pub(crate) fn adam_amsgrad<L: Vector>(
    l: L,
    step: AdamStep,
    w: &mut [f32],
    g: &[f32],
    m: &mut [f32],
    v: &mut [f32],
    largest: &mut [f32],
) {
    let (step, n) = (Adam::new(l, step), w.len().min(g.len()).min(m.len()).min(v.len()).min(largest.len()));
    let squares = v[..n].chunks_mut(L::LANES).zip(largest[..n].chunks_mut(L::LANES));
    let moments = m[..n].chunks_mut(L::LANES).zip(squares);
    for ((w, g), (m, (v, largest))) in w[..n].chunks_mut(L::LANES).zip(g[..n].chunks(L::LANES)).zip(moments) {
        let weight = l.read(w);
        let (g, mean) = step.mean(l, weight, g, m);
        let most = maximum(l, l.read(largest), step.square(l, g, v));
        l.write(largest, most);
        l.write(w, l.sub(weight, l.div(l.mul(step.size, mean), step.denominator(l, most))));
    }
}

#[inline(always)]
pub(crate) fn nadam<L: Vector>(
    l: L,
    step: AdamStep,
    gradient_size: f32,
    w: &mut [f32],
    g: &[f32],
    m: &mut [f32],
    v: &mut [f32],
) {
    let (step, n) = (Adam::new(l, step), w.len().min(g.len()).min(m.len()).min(v.len()));
    let gradient_size = l.splat(gradient_size);
    let moments = m[..n].chunks_mut(L::LANES).zip(v[..n].chunks_mut(L::LANES));
    for ((w, g), (m, v)) in w[..n].chunks_mut(L::LANES).zip(g[..n].chunks(L::LANES)).zip(moments) {
        let weight = l.read(w);
        let (g, mean) = step.mean(l, weight, g, m);
        let denominator = step.denominator(l, step.square(l, g, v));
        let along = l.mul_add(gradient_size, g, l.mul(step.size, mean));
        l.write(w, l.sub(weight, l.div(along, denominator)));
    }
}

#[inline(always)]
pub(crate) fn adamax<L: Vector>(l: L, step: AdamStep, w: &mut [f32], g: &[f32], m: &mut [f32], u: &mut [f32]) {
    let (step, n) = (Adam::new(l, step), w.len().min(g.len()).min(m.len()).min(u.len()));
    let moments = m[..n].chunks_mut(L::LANES).zip(u[..n].chunks_mut(L::LANES));
    for ((w, g), (m, u)) in w[..n].chunks_mut(L::LANES).zip(g[..n].chunks(L::LANES)).zip(moments) {
        let weight = l.read(w);
        let (g, mean) = step.mean(l, weight, g, m);
        let most = maximum(l, l.mul(step.beta2, l.read(u)), l.add(l.abs(g), step.eps));
        l.write(u, most);
        l.write(w, l.sub(weight, l.div(l.mul(step.size, mean), most)));
    }
}

/// Slices that are not wanted are empty.
#[inline(always)]
pub(crate) fn rmsprop<L: Vector>(
    l: L,
    step: RmsPropStep,
    w: &mut [f32],
    g: &[f32],
    square: &mut [f32],
    mean: &mut [f32],
    buffer: &mut [f32],
) {
    let (lr, decay, momentum) = (l.splat(-step.lr), l.splat(step.weight_decay), l.splat(step.momentum));
    let (alpha, one_minus_alpha, eps) = (l.splat(step.alpha), l.splat(step.one_minus_alpha), l.splat(step.eps));
    let (centered, gathers) = (!mean.is_empty(), !buffer.is_empty());
    let mut n = w.len().min(g.len()).min(square.len());
    n = if centered { n.min(mean.len()) } else { n };
    n = if gathers { n.min(buffer.len()) } else { n };
    for first in (0..n).step_by(L::LANES) {
        let range = first..n.min(first + L::LANES);
        let weight = l.read(&w[range.clone()]);
        let g = l.mul_add(decay, weight, l.read(&g[range.clone()]));
        let (old, square) = (l.read(&square[range.clone()]), &mut square[range.clone()]);
        let new = if centered {
            let mean = &mut mean[range.clone()];
            let off = l.sub(g, l.read(mean));
            l.write(mean, l.mul_add(one_minus_alpha, off, l.read(mean)));
            l.mul(alpha, l.mul_add(one_minus_alpha, l.mul(off, off), old))
        } else {
            l.mul_add(alpha, old, l.mul(one_minus_alpha, l.mul(g, g)))
        };
        l.write(square, new);
        let mut along = l.div(g, l.add(l.sqrt(new), eps));
        if gathers {
            let buffer = &mut buffer[range.clone()];
            along = l.mul_add(momentum, l.read(buffer), along);
            l.write(buffer, along);
        }
        l.write(&mut w[range], l.mul_add(lr, along, weight));
    }
}

#[inline(always)]
pub(crate) fn adagrad<L: Vector>(l: L, step: AdagradStep, w: &mut [f32], g: &[f32], sum: &mut [f32]) {
    let (lr, decay) = (l.splat(step.lr), l.splat(step.weight_decay));
    let (initial, eps) = (l.splat(step.initial), l.splat(step.eps));
    let n = w.len().min(g.len()).min(sum.len());
    let rest = g[..n].chunks(L::LANES).zip(sum[..n].chunks_mut(L::LANES));
    for (w, (g, sum)) in w[..n].chunks_mut(L::LANES).zip(rest) {
        let weight = l.read(w);
        let g = l.mul_add(decay, weight, l.read(g));
        let squares = l.mul_add(g, g, l.read(sum));
        l.write(sum, squares);
        let denominator = l.add(l.sqrt(l.add(initial, squares)), eps);
        l.write(w, l.sub(weight, l.div(l.mul(lr, g), denominator)));
    }
}

#[inline(always)]
pub(crate) fn adadelta<L: Vector>(
    l: L,
    step: AdadeltaStep,
    w: &mut [f32],
    g: &[f32],
    square: &mut [f32],
    delta: &mut [f32],
) {
    let (lr, decay, eps) = (l.splat(-step.lr), l.splat(step.weight_decay), l.splat(step.eps));
    let (rho, one_minus_rho) = (l.splat(step.rho), l.splat(step.one_minus_rho));
    let n = w.len().min(g.len()).min(square.len()).min(delta.len());
    let means = square[..n].chunks_mut(L::LANES).zip(delta[..n].chunks_mut(L::LANES));
    for ((w, g), (square, delta)) in w[..n].chunks_mut(L::LANES).zip(g[..n].chunks(L::LANES)).zip(means) {
        let (weight, old) = (l.read(w), l.read(delta));
        let g = l.mul_add(decay, weight, l.read(g));
        let new = l.mul_add(rho, l.read(square), l.mul(one_minus_rho, l.mul(g, g)));
        l.write(square, new);
        let by = l.mul(l.div(l.sqrt(l.add(old, eps)), l.sqrt(l.add(new, eps))), g);
        l.write(delta, l.mul_add(rho, old, l.mul(one_minus_rho, l.mul(by, by))));
        l.write(w, l.mul_add(lr, by, weight));
    }
}

/// The larger number; NaN if one of them is.
#[inline(always)]
fn maximum<L: Vector>(l: L, a: L::V, b: L::V) -> L::V {
    l.select(l.is_nan(a), a, l.max(a, b))
}
