//! Two-dimensional pooling.

use super::{samples, samples_mut};
use crate::description::Window;

/// The sizes of a pooling on one sample; every channel is pooled alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool2dDims {
    /// Rows and columns of the input.
    pub input: [usize; 2],
    /// Rows and columns of the output.
    pub output: [usize; 2],
    /// Window size, stride and padding.
    pub window: Window,
}

/// A pooling's sizes as a type, so that a kernel sees constants.
pub trait Pool2dShape {
    /// The sizes.
    const DIMS: Pool2dDims;
}

/// Pooling forward and backward on planes `[rows][columns]`, any number of them, flat.
pub trait PoolKernels: Copy {
    /// `y[i][j] = max x` over each window; padding never wins, NaN always does.
    ///
    /// Where `index` is not empty it receives, for each output, the position inside the window
    /// (`row · kernel columns + column`) of the maximum, the first of several.
    #[inline]
    fn max_pool2d<G: Pool2dShape>(self, x: &[f32], y: &mut [f32], index: &mut [u8]) {
        let d = G::DIMS;
        let mut index = index.iter_mut();
        for (x, y) in samples(x, d.in_plane()).zip(samples_mut(y, d.out_plane())) {
            let mut y = y.iter_mut();
            d.for_each_window(|window| {
                let (mut max, mut at) = (f32::NEG_INFINITY, u8::MAX);
                d.for_each_element(window, |tap, i| {
                    if let Some(&x) = x.get(i)
                        && (x > max || x.is_nan() || at == u8::MAX)
                    {
                        (max, at) = (x, tap);
                    }
                });
                if let Some(y) = y.next() {
                    *y = max;
                }
                if let Some(index) = index.next() {
                    *index = at;
                }
            });
        }
    }

    /// Adds each `dy` to the `dx` that was the maximum of its window; the others are 0.
    #[inline]
    fn max_pool2d_backward<G: Pool2dShape>(self, dy: &[f32], index: &[u8], dx: &mut [f32]) {
        let d = G::DIMS;
        let mut index = index.iter();
        for (dx, dy) in samples_mut(dx, d.in_plane()).zip(samples(dy, d.out_plane())) {
            dx.fill(0.0);
            let mut dy = dy.iter();
            d.for_each_window(|window| {
                let (Some(&dy), Some(&at)) = (dy.next(), index.next()) else { return };
                d.for_each_element(window, |tap, i| {
                    if tap == at
                        && let Some(dx) = dx.get_mut(i)
                    {
                        *dx += dy;
                    }
                });
            });
        }
    }

    /// `y[i][j] = Σ x / (kernel rows · kernel columns)` over each window; padding counts as zeros
    /// (PyTorch's `count_include_pad=True`).
    #[inline]
    fn avg_pool2d<G: Pool2dShape>(self, x: &[f32], y: &mut [f32]) {
        let d = G::DIMS;
        let scale = d.mean_scale();
        for (x, y) in samples(x, d.in_plane()).zip(samples_mut(y, d.out_plane())) {
            let mut y = y.iter_mut();
            d.for_each_window(|window| {
                let mut sum = 0.0;
                d.for_each_element(window, |_, i| sum += x.get(i).copied().unwrap_or(0.0));
                if let Some(y) = y.next() {
                    *y = sum * scale;
                }
            });
        }
    }

    /// Adds to each `dx` its share of the `dy` of every window that holds it.
    #[inline]
    fn avg_pool2d_backward<G: Pool2dShape>(self, dy: &[f32], dx: &mut [f32]) {
        let d = G::DIMS;
        let scale = d.mean_scale();
        for (dx, dy) in samples_mut(dx, d.in_plane()).zip(samples(dy, d.out_plane())) {
            dx.fill(0.0);
            let mut dy = dy.iter();
            d.for_each_window(|window| {
                let Some(&dy) = dy.next() else { return };
                d.for_each_element(window, |_, i| {
                    if let Some(dx) = dx.get_mut(i) {
                        *dx += dy * scale;
                    }
                });
            });
        }
    }
}

impl Pool2dDims {
    /// Elements of one channel of the input.
    #[must_use]
    pub const fn in_plane(&self) -> usize {
        self.input[0] * self.input[1]
    }

    /// Elements of one channel of the output.
    #[must_use]
    pub const fn out_plane(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// One over the number of elements in a window.
    #[must_use]
    pub const fn mean_scale(&self) -> f32 {
        1.0 / (self.window.kernel[0] * self.window.kernel[1]) as f32
    }

    /// Calls `f` with the output position of every window, in row-major order.
    #[inline(always)]
    fn for_each_window(&self, mut f: impl FnMut([usize; 2])) {
        for i in 0..self.output[0] {
            for j in 0..self.output[1] {
                f([i, j]);
            }
        }
    }

    /// Calls `f` with the position in the window and the index in the plane of every element that
    /// lies inside the input.
    #[inline(always)]
    fn for_each_element(&self, [i, j]: [usize; 2], mut f: impl FnMut(u8, usize)) {
        let Window { kernel, stride, padding } = self.window;
        let mut tap = 0_u8;
        for r in 0..kernel[0] {
            for s in 0..kernel[1] {
                let (row, column) = (i * stride[0] + r, j * stride[1] + s);
                if row >= padding[0]
                    && row < self.input[0] + padding[0]
                    && column >= padding[1]
                    && column < self.input[1] + padding[1]
                {
                    f(tap, (row - padding[0]) * self.input[1] + column - padding[1]);
                }
                tap = tap.wrapping_add(1);
            }
        }
    }
}
