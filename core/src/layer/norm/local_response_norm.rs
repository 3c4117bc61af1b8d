//! Normalisation by the channels around.

use super::plane;
use crate::{
    Tensor,
    description::{Description, LayerInfo, Op},
    kernel::{Kernels, samples, samples_mut},
    layer::{Layer, Pass, Train},
    math,
    memory::{self, End, Input},
};

/// `x / (k + alpha / size · Σ x²)^beta`, with the sum over the `size` channels around one at the same place:
/// PyTorch's `nn.LocalResponseNorm(size)` (Krizhevsky et al., 2012).
///
/// The channels are the first dimension of a sample; those beyond its ends count as 0. An even window
/// reaches one channel further down than up, as in PyTorch.
///
/// ```
/// use tensorlet::{Layer, LocalResponseNorm, Portable};
/// let norm = LocalResponseNorm { alpha: 3.0, beta: 1.0, k: 2.0, ..LocalResponseNorm::new(3) };
/// let y = norm.forward(Portable, &[[[1.0], [2.0], [0.0]]], &mut [0.0; 6]).unwrap().to_vec();
/// assert_eq!(y, [[[1.0 / 7.0], [2.0 / 7.0], [0.0]]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LocalResponseNorm {
    /// Channels of the window.
    pub size: usize,
    /// 1e-4 by default.
    pub alpha: f32,
    /// 0.75 by default.
    pub beta: f32,
    /// 1 by default.
    pub k: f32,
}

impl LocalResponseNorm {
    /// A window of 5 channels, the size of the paper, and otherwise PyTorch's defaults.
    pub const NEW: Self = Self::new(5);

    /// A window of this size, and otherwise PyTorch's defaults.
    #[must_use]
    pub const fn new(size: usize) -> Self {
        Self { size, alpha: 1e-4, beta: 0.75, k: 1.0 }
    }
}

impl Default for LocalResponseNorm {
    fn default() -> Self {
        Self::NEW
    }
}

impl crate::Module for LocalResponseNorm {
    const ZERO: Self = Self::NEW;
    const PARAMETERS: usize = 0;

    #[inline(always)]
    fn init<R: rand_core::Rng>(&mut self, _: &mut R) {}

    #[inline]
    fn parameters<V: crate::Visitor>(&self, path: crate::Path<'_>, visitor: &mut V) {
        let settings = [("size", self.size as f32), ("alpha", self.alpha), ("beta", self.beta), ("k", self.k)];
        for (name, value) in settings {
            visitor.setting(path.join(name), value);
        }
    }

    #[inline(always)]
    fn parameters_mut<V: crate::VisitorMut>(&mut self, _: crate::Path<'_>, _: &mut V) {}
}

/// A window over channels and the numbers of a call.
#[derive(Clone, Copy)]
struct Window {
    /// Channels before that of the result.
    before: usize,
    /// Channels behind it.
    behind: usize,
    /// Elements of a channel.
    plane: usize,
}

impl Window {
    const fn new(size: usize, plane: usize) -> Self {
        Self { before: size / 2, behind: size.saturating_sub(1) / 2, plane }
    }

    /// The window of the channels in whose windows one is.
    const fn turned(self) -> Self {
        Self { before: self.behind, behind: self.before, plane: self.plane }
    }

    /// The elements of the window of channel `c`, as a run of whole channels.
    #[inline(always)]
    fn of(self, sample: &[f32], c: usize) -> &[f32] {
        let start = c.saturating_sub(self.before) * self.plane;
        let end = (c + self.behind + 1).saturating_mul(self.plane).min(sample.len());
        sample.get(start..end).unwrap_or_default()
    }
}

impl LocalResponseNorm {
    /// `d = k + alpha / size · Σ x²` of a batch.
    #[inline]
    fn denominators(&self, plane: usize, sample: usize, x: &[f32], d: &mut [f32]) {
        let (window, scale) = (Window::new(self.size, plane), self.alpha / self.size as f32);
        for (x, d) in samples(x, sample).zip(samples_mut(d, sample)) {
            for (c, d) in samples_mut(d, plane).enumerate() {
                d.fill(self.k);
                for x in samples(window.of(x, c), plane) {
                    for (d, x) in d.iter_mut().zip(x) {
                        *d += scale * x * x;
                    }
                }
            }
        }
    }

    /// From `x`, the denominators `d` and `∂L/∂y`, the last two of which it changes, to `∂L/∂x` in place of `x`:
    /// `g_i - 2 alpha beta / size · x_i Σ t_j` with `g = dy · d^-beta` and `t = g x / d`, over the channels
    /// `j` in whose windows `i` is.
    #[inline]
    fn input_gradient(&self, plane: usize, sample: usize, x: &mut [f32], d: &mut [f32], dy: &mut [f32]) {
        for ((d, dy), x) in d.iter_mut().zip(dy.iter_mut()).zip(x.iter()) {
            *dy *= math::pow(*d, -self.beta);
            *d = *dy * x / *d;
        }
        let window = Window::new(self.size, plane).turned();
        let factor = 2.0 * self.alpha * self.beta / self.size as f32;
        for ((x, t), g) in samples_mut(x, sample).zip(samples(d, sample)).zip(samples(dy, sample)) {
            for (c, (x, g)) in samples_mut(x, plane).zip(samples(g, plane)).enumerate() {
                for (place, (x, g)) in x.iter_mut().zip(g).enumerate() {
                    let t = samples(window.of(t, c), plane).filter_map(|t| t.get(place));
                    *x = g - factor * *x * t.sum::<f32>();
                }
            }
        }
    }
}

impl<X: Tensor<Elem = f32>> Layer<X> for LocalResponseNorm {
    type Out = X;
    const DESCRIPTION: Description = {
        let _ = plane("LocalResponseNorm", X::SHAPE, X::SHAPE.dim(0));
        Description::Layer(LayerInfo {
            op: Op::LocalResponseNorm,
            input: X::SHAPE,
            output: X::SHAPE,
            parameters: &[],
            macs: 0,
        })
    };

    #[inline(always)]
    fn infer<K: Kernels>(&self, _: K, input: Input<'_, X>, _: &mut [f32], arena: &mut [f32]) -> End {
        let plane = const { plane("LocalResponseNorm", X::SHAPE, X::SHAPE.dim(0)) };
        memory::out_of_place(input, arena, |x: &[X], y: &mut [X], _| {
            let (x, y) = (X::flat(x), X::flat_mut(y));
            self.denominators(plane, X::LEN, x, y);
            for (y, x) in y.iter_mut().zip(x) {
                *y = x * math::pow(*y, -self.beta);
            }
        })
    }
}

/// The tape holds the denominators and the output.
impl<X: Tensor<Elem = f32>> Train<X> for LocalResponseNorm {
    const TAPE: usize = 2 * X::WORDS;
    const OVERWRITES_DY: bool = true;

    #[inline(always)]
    fn forward_train<K: Kernels>(&self, _: K, pass: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
        let plane = const { plane("LocalResponseNorm", X::SHAPE, X::SHAPE.dim(0)) };
        let (d, y) = memory::split(tape, pass.n * X::WORDS);
        self.denominators(plane, X::LEN, x, d);
        for ((y, x), d) in y.iter_mut().zip(x).zip(d) {
            *y = *x * math::pow(*d, -self.beta);
        }
    }

    #[inline(always)]
    fn backward<K: Kernels>(&mut self, _: K, pass: Pass, x: &mut [f32], tape: &mut [f32], _: &mut [f32]) {
        if pass.input_gradient {
            let plane = const { plane("LocalResponseNorm", X::SHAPE, X::SHAPE.dim(0)) };
            let (d, dy) = memory::split(tape, pass.n * X::WORDS);
            self.input_gradient(plane, X::LEN, x, d, dy);
        }
    }
}
