//! Two-dimensional pooling; one of one dimension is one of a single row.

mod dims;

use core::marker::PhantomData;

pub use dims::{Pool2dDims, Pool2dShape};

use super::{Epilogue, Known, samples, samples_mut};
use crate::Index;

impl<G: Pool2dShape> Known<Pool2dDims> for PhantomData<G> {
    #[inline(always)]
    fn sizes(self) -> Pool2dDims {
        G::DIMS
    }
}

/// Pooling forward and backward on planes `[rows][columns]`, any number of them, flat.
pub trait PoolKernels: Copy {
    /// `y[i][j] = max x` over each window; padding never wins, NaN always does.
    ///
    /// Where `index` is not empty it receives, for each output, the position inside the window
    /// (`row · kernel columns + column`) of the maximum, the first of several. A window has at most 255
    /// elements.
    ///
    /// ```
    /// use tensorlet::{Portable, description::Window, kernel::{Pool2dDims, Pool2dShape, PoolKernels}};
    /// /// Two columns of a row of four.
    /// struct Row;
    /// impl Pool2dShape for Row {
    ///     const DIMS: Pool2dDims =
    ///         Pool2dDims { input: [1, 4], output: [1, 2], window: Some(Window::new([1, 2], [1, 2], [0, 0])) };
    /// }
    /// let (mut y, mut index) = ([0.0; 2], [0; 2]);
    /// Portable.max_pool2d::<Row>(&[1.0, 4.0, 3.0, 2.0], &mut y, &mut index);
    /// assert_eq!((y, index), ([4.0, 3.0], [1, 0]));
    /// ```
    #[inline]
    fn max_pool2d<G: Pool2dShape>(self, x: &[f32], y: &mut [f32], index: &mut [u8]) {
        if const { G::DIMS.is_plain() } {
            max_taps::<true, _>(PhantomData::<G>, x, y, index);
        } else {
            shared::max_taps(&G::DIMS, x, y, index);
        }
    }

    /// Adds each `dy` to the `dx` that was the maximum of its window; the others are 0.
    ///
    /// ```
    /// # use tensorlet::{Portable, description::Window, kernel::{Pool2dDims, Pool2dShape, PoolKernels}};
    /// # struct Row;
    /// # impl Pool2dShape for Row {
    /// #     const DIMS: Pool2dDims =
    /// #         Pool2dDims { input: [1, 4], output: [1, 2], window: Some(Window::new([1, 2], [1, 2], [0, 0])) };
    /// # }
    /// // `Row` as in the example of `max_pool2d`.
    /// let mut dx = [0.0; 4];
    /// Portable.max_pool2d_backward::<Row>(&[5.0, 6.0], &[1, 0], &mut dx);
    /// assert_eq!(dx, [0.0, 5.0, 6.0, 0.0]);
    /// ```
    #[inline]
    fn max_pool2d_backward<G: Pool2dShape>(self, dy: &[f32], index: &[u8], dx: &mut [f32]) {
        if const { G::DIMS.is_plain() } {
            max_taps_backward::<true, _>(PhantomData::<G>, dy, index, dx);
        } else {
            shared::max_taps_backward(&G::DIMS, dy, index, dx);
        }
    }

    /// `y[i][j] = Σ x / divisor` over each window, the divisor as the window's options say; that of an
    /// adaptive window is its size.
    ///
    /// ```
    /// # use tensorlet::{Portable, description::Window, kernel::{Pool2dDims, Pool2dShape, PoolKernels}};
    /// # struct Row;
    /// # impl Pool2dShape for Row {
    /// #     const DIMS: Pool2dDims =
    /// #         Pool2dDims { input: [1, 4], output: [1, 2], window: Some(Window::new([1, 2], [1, 2], [0, 0])) };
    /// # }
    /// // `Row` as in the example of `max_pool2d`.
    /// let mut y = [0.0; 2];
    /// Portable.avg_pool2d::<Row>(&[1.0, 4.0, 3.0, 2.0], &mut y);
    /// assert_eq!(y, [2.5, 2.5]);
    /// ```
    #[inline]
    fn avg_pool2d<G: Pool2dShape>(self, x: &[f32], y: &mut [f32]) {
        if const { G::DIMS.is_plain() } {
            average::<true, _>(PhantomData::<G>, x, y);
        } else {
            shared::average(&G::DIMS, x, y);
        }
    }

    /// Adds to each `dx` its share of the `dy` of every window that holds it.
    ///
    /// ```
    /// # use tensorlet::{Portable, description::Window, kernel::{Pool2dDims, Pool2dShape, PoolKernels}};
    /// # struct Row;
    /// # impl Pool2dShape for Row {
    /// #     const DIMS: Pool2dDims =
    /// #         Pool2dDims { input: [1, 4], output: [1, 2], window: Some(Window::new([1, 2], [1, 2], [0, 0])) };
    /// # }
    /// // `Row` as in the example of `max_pool2d`.
    /// let mut dx = [0.0; 4];
    /// Portable.avg_pool2d_backward::<Row>(&[5.0, 6.0], &mut dx);
    /// assert_eq!(dx, [2.5, 2.5, 3.0, 3.0]);
    /// ```
    #[inline]
    fn avg_pool2d_backward<G: Pool2dShape>(self, dy: &[f32], dx: &mut [f32]) {
        if const { G::DIMS.is_plain() } {
            average_backward::<true, _>(PhantomData::<G>, dy, dx);
        } else {
            shared::average_backward(&G::DIMS, dy, dx);
        }
    }

    /// [`avg_pool2d_backward`](Self::avg_pool2d_backward) through the activation before the pooling, whose
    /// values `x` holds: they become the gradient of what the activation was applied to,
    /// `x ← dy / divisor · f'`. For windows that [divide](Pool2dDims::divides) the plane.
    ///
    /// ```
    /// # use tensorlet::{Portable, description::Window, kernel::{Epilogue, Pool2dDims, Pool2dShape, PoolKernels}};
    /// # struct Row;
    /// # impl Pool2dShape for Row {
    /// #     const DIMS: Pool2dDims =
    /// #         Pool2dDims { input: [1, 4], output: [1, 2], window: Some(Window::new([1, 2], [1, 2], [0, 0])) };
    /// # }
    /// // `Row` as in the example of `max_pool2d`.
    /// let mut x = [0.5, 0.25, 1.0, 0.0];
    /// Portable.avg_pool2d_backward_through::<Row>(Epilogue::Sigmoid, &[16.0, 6.0], &mut x);
    /// assert_eq!(x, [2.0, 1.5, 0.0, 0.0]);
    /// ```
    #[inline]
    fn avg_pool2d_backward_through<G: Pool2dShape>(self, through: Epilogue, dy: &[f32], x: &mut [f32]) {
        average_backward_through(PhantomData::<G>, through, dy, x);
    }
}

#[inline(always)]
fn max_taps<const PLAIN: bool, D: Known<Pool2dDims>>(d: D, x: &[f32], y: &mut [f32], index: &mut [u8]) {
    let mut index = index.iter_mut();
    maxima::<PLAIN, D>(d, x, y, |tap, _| {
        if let Some(index) = index.next() {
            *index = tap as u8;
        }
    });
}

/// Calls `found` for each output with the place of the maximum in its window and in the plane: the first
/// of several, and `usize::MAX` in a window without elements.
#[inline(always)]
fn maxima<const PLAIN: bool, D: Known<Pool2dDims>>(
    d: D,
    x: &[f32],
    y: &mut [f32],
    mut found: impl FnMut(usize, usize),
) {
    let d = &d.sizes();
    for (x, y) in samples(x, d.in_plane()).zip(samples_mut(y, d.out_plane())) {
        let mut y = y.iter_mut();
        d.for_each_window(|window| {
            let (mut max, mut at) = (f32::NEG_INFINITY, [usize::MAX; 2]);
            d.for_each_element::<PLAIN>(window, |tap, i| {
                if let Some(&x) = x.get(i)
                    && (x > max || x.is_nan() || at[0] == usize::MAX)
                {
                    (max, at) = (x, [tap, i]);
                }
            });
            if let Some(y) = y.next() {
                *y = max;
            }
            found(at[0], at[1]);
        });
    }
}

#[inline(always)]
fn max_taps_backward<const PLAIN: bool, D: Known<Pool2dDims>>(d: D, dy: &[f32], index: &[u8], dx: &mut [f32]) {
    let d = &d.sizes();
    let mut index = index.iter();
    let columns = d.kernel()[1].max(1);
    for (dx, dy) in samples_mut(dx, d.in_plane()).zip(samples(dy, d.out_plane())) {
        dx.fill(0.0);
        let mut dy = dy.iter();
        d.for_each_window(|window| {
            let (Some(&dy), Some(&at)) = (dy.next(), index.next()) else { return };
            let tap = usize::from(at);
            if let (Some(row), Some(column)) = (window[0].input(tap / columns), window[1].input(tap % columns))
                && let Some(dx) = dx.get_mut(row * d.input[1] + column)
            {
                *dx += dy;
            }
        });
    }
}

#[inline(always)]
fn average<const PLAIN: bool, D: Known<Pool2dDims>>(d: D, x: &[f32], y: &mut [f32]) {
    let d = &d.sizes();
    let uniform = d.uniform_scale();
    for (x, y) in samples(x, d.in_plane()).zip(samples_mut(y, d.out_plane())) {
        let mut y = y.iter_mut();
        d.for_each_window(|window| {
            let mut sum = 0.0;
            d.for_each_element::<PLAIN>(window, |_, i| sum += x.get(i).copied().unwrap_or(0.0));
            if let Some(y) = y.next() {
                *y = sum * uniform.unwrap_or_else(|| d.scale(window));
            }
        });
    }
}

#[inline(always)]
fn average_backward<const PLAIN: bool, D: Known<Pool2dDims>>(d: D, dy: &[f32], dx: &mut [f32]) {
    let d = &d.sizes();
    let uniform = d.uniform_scale();
    for (dx, dy) in samples_mut(dx, d.in_plane()).zip(samples(dy, d.out_plane())) {
        dx.fill(0.0);
        let mut dy = dy.iter();
        d.for_each_window(|window| {
            let Some(&dy) = dy.next() else { return };
            let share = dy * uniform.unwrap_or_else(|| d.scale(window));
            d.for_each_element::<PLAIN>(window, |_, i| {
                if let Some(dx) = dx.get_mut(i) {
                    *dx += share;
                }
            });
        });
    }
}

#[inline(always)]
fn average_backward_through<D: Known<Pool2dDims>>(d: D, through: Epilogue, dy: &[f32], x: &mut [f32]) {
    let d = &d.sizes();
    let uniform = d.uniform_scale();
    for (x, dy) in samples_mut(x, d.in_plane()).zip(samples(dy, d.out_plane())) {
        let mut dy = dy.iter();
        d.for_each_window(|window| {
            let Some(&dy) = dy.next() else { return };
            let share = dy * uniform.unwrap_or_else(|| d.scale(window));
            d.for_each_element::<true>(window, |_, i| {
                if let Some(x) = x.get_mut(i) {
                    *x = share * through.slope(*x);
                }
            });
        });
    }
}

/// The same bodies once for all sizes, as those of convolutions.
mod shared {
    use super::Pool2dDims;

    pub(super) fn max_taps(d: &Pool2dDims, x: &[f32], y: &mut [f32], index: &mut [u8]) {
        super::max_taps::<false, _>(d, x, y, index);
    }

    pub(super) fn max_taps_backward(d: &Pool2dDims, dy: &[f32], index: &[u8], dx: &mut [f32]) {
        super::max_taps_backward::<false, _>(d, dy, index, dx);
    }

    pub(super) fn average(d: &Pool2dDims, x: &[f32], y: &mut [f32]) {
        super::average::<false, _>(d, x, y);
    }

    pub(super) fn average_backward(d: &Pool2dDims, dy: &[f32], dx: &mut [f32]) {
        super::average_backward::<false, _>(d, dy, dx);
    }
}

/// The maxima and their places in the planes; a place that `I` cannot hold is 0.
pub(crate) fn max_positions<I: Index>(d: &Pool2dDims, x: &[f32], y: &mut [f32], index: &mut [I]) {
    let mut index = index.iter_mut();
    maxima::<false, _>(d, x, y, |_, position| {
        if let Some(index) = index.next() {
            *index = I::at(position).unwrap_or(I::ZERO);
        }
    });
}

/// Adds each number to the place in its plane that the index names: `planes` of so many elements, and as
/// many numbers and indices for each.
pub(crate) fn scatter_add<I: Index>(from: &[f32], index: &[I], sizes: [usize; 2], to: &mut [f32]) {
    let [from_plane, to_plane] = sizes;
    let mut index = index.iter();
    for (from, to) in samples(from, from_plane).zip(samples_mut(to, to_plane)) {
        for (from, index) in from.iter().zip(index.by_ref()) {
            if let Some(to) = index.position(to.len()).and_then(|position| to.get_mut(position)) {
                *to += from;
            }
        }
    }
}
