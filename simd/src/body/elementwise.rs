//! Functions of each element alone: a vector at a time, the last one partly filled.

use tensorlet::{kernel::Function, math::lanes};

pub(crate) use super::gumbel::{add_gumbel, draw_gumbel};
use crate::vector::Vector;

#[inline(always)]
pub(crate) fn relu<L: Vector>(l: L, x: &mut [f32]) {
    let zero = l.splat(0.0);
    for x in x.chunks_mut(L::LANES) {
        let v = l.read(x);
        l.write(x, l.select(l.le(v, zero), zero, v));
    }
}

#[inline(always)]
pub(crate) fn relu_masked<L: Vector>(l: L, x: &mut [f32], mask: &mut [u32]) {
    let zero = l.splat(0.0);
    for (x, mask) in x.chunks_mut(32).zip(mask) {
        let (mut alive, mut first) = (0, 0);
        for x in x.chunks_mut(L::LANES) {
            let v = l.read(x);
            let dead = l.le(v, zero);
            let all = (1_u32 << L::LANES) - 1;
            alive |= (!l.bits(dead) & all) << (first & 31);
            first += L::LANES;
            l.write(x, l.select(dead, zero, v));
        }
        *mask = alive;
    }
}

#[inline(always)]
pub(crate) fn relu_backward<L: Vector>(l: L, dy: &mut [f32], mask: &[u32]) {
    for (dy, &mask) in dy.chunks_mut(32).zip(mask) {
        let mut first = 0;
        for dy in dy.chunks_mut(L::LANES) {
            let alive = l.mask(mask >> (first & 31));
            first += L::LANES;
            l.write(dy, l.select(alive, l.read(dy), l.splat(0.0)));
        }
    }
}

#[inline(always)]
pub(crate) fn sigmoid<L: Vector>(l: L, x: &mut [f32]) {
    for x in x.chunks_mut(L::LANES) {
        l.write(x, lanes::sigmoid(l, l.read(x)));
    }
}

#[inline(always)]
pub(crate) fn sigmoid_backward<L: Vector>(l: L, y: &mut [f32], dy: &[f32]) {
    let (one, n) = (l.splat(1.0), y.len().min(dy.len()));
    for (y, dy) in y[..n].chunks_mut(L::LANES).zip(dy[..n].chunks(L::LANES)) {
        let v = l.read(y);
        l.write(y, l.mul(l.read(dy), l.mul(v, l.sub(one, v))));
    }
}

#[inline(always)]
pub(crate) fn tanh<L: Vector>(l: L, x: &mut [f32]) {
    for x in x.chunks_mut(L::LANES) {
        l.write(x, lanes::tanh(l, l.read(x)));
    }
}

#[inline(always)]
pub(crate) fn tanh_backward<L: Vector>(l: L, y: &mut [f32], dy: &[f32]) {
    let (one, n) = (l.splat(1.0), y.len().min(dy.len()));
    for (y, dy) in y[..n].chunks_mut(L::LANES).zip(dy[..n].chunks(L::LANES)) {
        let v = l.read(y);
        l.write(y, l.mul(l.read(dy), l.sub(one, l.mul(v, v))));
    }
}

#[inline(always)]
pub(crate) fn add<L: Vector>(l: L, y: &mut [f32], x: &[f32]) {
    let n = y.len().min(x.len());
    for (y, x) in y[..n].chunks_mut(L::LANES).zip(x[..n].chunks(L::LANES)) {
        l.write(y, l.add(l.read(y), l.read(x)));
    }
}

#[inline(always)]
pub(crate) fn add_scaled<L: Vector>(l: L, y: &mut [f32], a: f32, x: &[f32]) {
    let (a, n) = (l.splat(a), y.len().min(x.len()));
    for (y, x) in y[..n].chunks_mut(L::LANES).zip(x[..n].chunks(L::LANES)) {
        l.write(y, l.mul_add(a, l.read(x), l.read(y)));
    }
}

#[inline(always)]
pub(crate) fn scale<L: Vector>(l: L, x: &mut [f32], a: f32) {
    let a = l.splat(a);
    let mut vectors = x.chunks_exact_mut(L::LANES);
    for x in &mut vectors {
        l.write(x, l.mul(l.read(x), a));
    }
    let rest = vectors.into_remainder();
    l.write(rest, l.mul(l.read(rest), a));
}

#[inline(always)]
pub(crate) fn divide<L: Vector>(l: L, x: &mut [f32], a: f32) {
    let a = l.splat(a);
    for x in x.chunks_mut(L::LANES) {
        l.write(x, l.div(l.read(x), a));
    }
}

#[inline(always)]
pub(crate) fn map<L: Vector, F: Function>(l: L, f: F, x: &mut [f32]) {
    for x in x.chunks_mut(L::LANES) {
        match f.value_lanes(l, l.read(x)) {
            Some(y) => l.write(x, y),
            None => x.iter_mut().for_each(|x| *x = f.value(*x)),
        }
    }
}

#[inline(always)]
pub(crate) fn map_backward<L: Vector, F: Function>(l: L, f: F, x: &mut [f32], dy: &[f32]) {
    let n = x.len().min(dy.len());
    for (x, dy) in x[..n].chunks_mut(L::LANES).zip(dy[..n].chunks(L::LANES)) {
        match f.derivative_lanes(l, l.read(x)) {
            Some(slope) => l.write(x, l.mul(l.read(dy), slope)),
            None => x.iter_mut().zip(dy).for_each(|(x, dy)| *x = dy * f.derivative(*x)),
        }
    }
}

#[inline(always)]
pub(crate) fn gate<L: Vector, F: Function>(l: L, f: F, a: &[f32], b: &[f32], y: &mut [f32]) {
    let n = a.len().min(b.len()).min(y.len());
    let factors = a[..n].chunks(L::LANES).zip(b[..n].chunks(L::LANES));
    for (y, (a, b)) in y[..n].chunks_mut(L::LANES).zip(factors) {
        match f.value_lanes(l, l.read(b)) {
            Some(value) => l.write(y, l.mul(l.read(a), value)),
            None => y.iter_mut().zip(a.iter().zip(b)).for_each(|(y, (a, b))| *y = a * f.value(*b)),
        }
    }
}

#[inline(always)]
pub(crate) fn gate_backward<L: Vector, F: Function>(l: L, f: F, a: &mut [f32], b: &mut [f32], dy: &[f32]) {
    let n = a.len().min(b.len()).min(dy.len());
    let factors = a[..n].chunks_mut(L::LANES).zip(b[..n].chunks_mut(L::LANES));
    for ((a, b), dy) in factors.zip(dy[..n].chunks(L::LANES)) {
        let x = l.read(b);
        if let (Some(value), Some(slope)) = (f.value_lanes(l, x), f.derivative_lanes(l, x)) {
            let (g, factor) = (l.read(dy), l.read(a));
            l.write(a, l.mul(g, value));
            l.write(b, l.mul(g, l.mul(factor, slope)));
            continue;
        }
        for ((a, b), dy) in a.iter_mut().zip(b).zip(dy) {
            let da = dy * f.value(*b);
            *b = dy * (*a * f.derivative(*b));
            *a = da;
        }
    }
}
