//! Sampling from categorical distributions with gradients.

use rand_core::Rng;

use super::{
    Dim, Gradient, nest,
    softmax::{add_gradient, softmax_lines, softmax_lines_backward},
};
use crate::{
    Tensor,
    kernel::Kernels,
    line::{Line, Lines, cells},
    random,
};

/// The Gumbel-softmax `y = softmax((x + g) / τ)` over a dimension, with Gumbel noise
/// `g = -ln(-ln(u + ε) + ε)`, `ε = 10⁻²⁰`, from uniform random numbers `u` (Jang et al., 2017; Maddison et
/// al., 2017): PyTorch's `F.gumbel_softmax` with given noise.
///
/// At temperature `τ` near 0 it is a sample of the categorical distribution with logits `x`; it stays
/// differentiable. Its hard form, PyTorch's `hard=True`, is [`one_hot_max`] of the result, with the
/// gradient of the soft form: the straight-through estimator.
///
/// ```
/// use tensorlet::{Portable, ops::{self, Dim}};
/// let mut y = [0.0; 2];
/// // The same noise for both: as likely as before.
/// ops::gumbel_softmax(Portable, &[1.0, 1.0], &[0.3, 0.3], Dim::<-1>, 0.5, &mut y);
/// assert_eq!(y, [0.5, 0.5]);
/// ```
#[inline]
pub fn gumbel_softmax<K: Kernels, X: Tensor<Elem = f32>, const D: isize>(
    k: K,
    x: &X,
    u: &X,
    _: Dim<D>,
    tau: f32,
    y: &mut X,
) {
    let lines = const { Lines::along::<X>("gumbel_softmax", D) };
    for (y, x) in y.elements_mut().iter_mut().zip(x.elements()) {
        *y = *x;
    }
    k.add_gumbel(y.elements_mut(), u.elements());
    soft(k, y.elements_mut(), tau, lines);
}

/// The gradient of [`gumbel_softmax`] from its result, also for the hard form:
/// `dx += y (∂L/∂y - Σ y ∂L/∂y) / τ`.
///
/// ```
/// use tensorlet::{Portable, ops::{self, Dim}};
/// let mut dx = [0.0; 2];
/// ops::gumbel_softmax_backward(Portable, &[0.5, 0.5], &[1.0, 0.0], Dim::<0>, 0.5, &mut dx);
/// assert_eq!(dx, [0.5, -0.5]);
/// ```
#[inline]
pub fn gumbel_softmax_backward<K: Kernels, X: Tensor<Elem = f32>, const D: isize, G: Gradient>(
    _: K,
    y: &X,
    dy: &X,
    _: Dim<D>,
    tau: f32,
    dx: &mut G,
) {
    const { nest::gradient::<X, G>("gumbel_softmax_backward") };
    let lines = const { Lines::along::<X>("gumbel_softmax_backward", D) };
    add_gradient(lines, y.elements(), dy.elements(), dx.slot(), 1.0 / tau);
}

/// 1 in the place of the largest element along a dimension, the first of several, and 0 elsewhere:
/// PyTorch's `F.one_hot(x.argmax(dim))`. It has no gradient.
///
/// ```
/// use tensorlet::{Portable, ops::{self, Dim}};
/// let mut y = [[0.0; 3]; 2];
/// ops::one_hot_max(Portable, &[[0.1, 0.7, 0.2], [0.5, 0.0, 0.5]], Dim::<-1>, &mut y);
/// assert_eq!(y, [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]);
/// ```
#[inline]
pub fn one_hot_max<K: Kernels, X: Tensor<Elem = f32>, const D: isize>(k: K, x: &X, _: Dim<D>, y: &mut X) {
    let lines = const { Lines::along::<X>("one_hot_max", D) };
    hard_of(k, x.elements(), y.elements_mut(), lines);
}

/// 1 in one place along a dimension and 0 elsewhere: with probability `epsilon` in a random place, else in
/// that of the largest element. The `ε`-greedy choice of reinforcement learning. It has no gradient.
///
/// Draws one number for each line, and a second one where the place is random.
///
/// ```
/// use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
/// use tensorlet::{Portable, ops::{self, Dim}};
/// let (mut rng, mut y) = (Xoshiro128PlusPlus::seed_from_u64(0), [0.0; 3]);
/// ops::epsilon_greedy(Portable, &[0.1, 0.7, 0.2], Dim::<-1>, 0.0, &mut rng, &mut y);
/// assert_eq!(y, [0.0, 1.0, 0.0]);
/// ops::epsilon_greedy(Portable, &[0.1, 0.7, 0.2], Dim::<-1>, 1.0, &mut rng, &mut y);
/// assert_eq!(y.iter().sum::<f32>(), 1.0);
/// ```
#[inline]
pub fn epsilon_greedy<K: Kernels, X: Tensor<Elem = f32>, const D: isize, R: Rng>(
    _: K,
    x: &X,
    _: Dim<D>,
    epsilon: f32,
    rng: &mut R,
    y: &mut X,
) {
    let lines = const { Lines::along::<X>("epsilon_greedy", D) };
    for (y, x) in y.elements_mut().iter_mut().zip(x.elements()) {
        *y = *x;
    }
    for line in lines.of(cells(y.elements_mut())) {
        let explores = random::uniform(rng) < epsilon;
        certain(line, if explores { random::below(lines.len as u32, rng) as usize } else { largest(line) });
    }
}

/// `y ← softmax(y / τ)` along lines.
#[inline]
pub(crate) fn soft<K: Kernels>(k: K, y: &mut [f32], tau: f32, lines: Lines) {
    cool(k, y, tau);
    softmax_lines(k, lines, y);
}

/// From the result `y` of [`soft`] and `∂L/∂y` the gradient in the place of `y`.
#[inline]
pub(crate) fn soft_backward<K: Kernels>(k: K, y: &mut [f32], dy: &[f32], tau: f32, lines: Lines) {
    softmax_lines_backward(k, lines, y, dy);
    cool(k, y, tau);
}

/// `y ← y / τ`.
#[inline]
fn cool<K: Kernels>(k: K, y: &mut [f32], tau: f32) {
    if tau != 1.0 {
        k.divide(y, tau);
    }
}

/// 1 for the largest element of each line, else 0.
#[inline]
pub(crate) fn hard_of<K: Kernels>(k: K, x: &[f32], y: &mut [f32], lines: Lines) {
    if lines.are_rows() {
        return k.one_hot_max(lines.len, x, y);
    }
    for (y, x) in y.iter_mut().zip(x) {
        *y = *x;
    }
    hard(y, lines);
}

/// The same in place.
#[inline]
pub(crate) fn hard(y: &mut [f32], lines: Lines) {
    lines.of(cells(y)).for_each(|line| certain(line, largest(line)));
}

/// The place of the largest element, the first of several; NaN counts as largest.
#[inline]
fn largest(line: Line<'_>) -> usize {
    let (mut best, mut at) = (f32::NEG_INFINITY, 0);
    for (i, x) in line.iter().enumerate() {
        let x = x.get();
        if x > best || (x.is_nan() && !best.is_nan()) {
            (best, at) = (x, i);
        }
    }
    at
}

#[inline]
fn certain(line: Line<'_>, at: usize) {
    line.iter().enumerate().for_each(|(i, y)| y.set(if i == at { 1.0 } else { 0.0 }));
}
