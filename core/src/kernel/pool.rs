//! Two-dimensional pooling; one of one dimension is one of a single row.

use core::marker::PhantomData;

use super::{
    Epilogue, Known, samples, samples_mut,
    window::{Axis, Cover},
};
use crate::{
    Index,
    description::Window,
    sliding::{Divisor, Options},
};

/// The sizes of a pooling on one sample; every channel is pooled alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool2dDims {
    /// Rows and columns of the input.
    pub input: [usize; 2],
    /// Rows and columns of the output.
    pub output: [usize; 2],
    /// Window size, stride, padding and dilation; none for adaptive windows, which divide the input
    /// evenly: `[⌊i · input / output⌋, ⌈(i + 1) · input / output⌉)`.
    pub window: Option<Window>,
}

/// A pooling's sizes as a type, so that a kernel sees constants.
pub trait Pool2dShape {
    /// The sizes.
    const DIMS: Pool2dDims;
}

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

impl Pool2dDims {
    /// Whether windows move over neighbouring elements and all divide by the same number. Such sizes get
    /// code of their own.
    #[must_use]
    pub const fn is_plain(&self) -> bool {
        match self.window {
            Some(Window { options: Options { dilation: [1, 1], .. }, .. }) => self.uniform_scale().is_some(),
            _ => false,
        }
    }

    /// Whether each element lies in one window.
    #[must_use]
    pub const fn divides(&self) -> bool {
        let Some(Window { kernel: [rows, columns], options }) = self.window else { return false };
        let [down, along] = [options.stride[0] == rows, options.stride[1] == columns];
        let neighbours = (down || self.output[0] == 1) && (along || self.output[1] == 1);
        let whole = self.output[0] * rows == self.input[0] && self.output[1] * columns == self.input[1];
        self.is_plain() && matches!(options, Options { padding: [0, 0], .. }) && neighbours && whole
    }

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

    /// Rows and columns of the largest window; of adaptive windows a bound.
    #[inline(always)]
    #[must_use]
    pub const fn kernel(&self) -> [usize; 2] {
        match self.window {
            Some(window) => window.kernel,
            None => [
                Cover::largest_adaptive(self.input[0], self.output[0]),
                Cover::largest_adaptive(self.input[1], self.output[1]),
            ],
        }
    }

    /// One over what a mean divides by, if that is the same for every window.
    #[inline(always)]
    #[must_use]
    pub const fn uniform_scale(&self) -> Option<f32> {
        let Some(window) = self.window else {
            return None;
        };
        let unpadded = matches!(window.options, Options { padding: [0, 0], padding_end: [0, 0], .. });
        match window.options.divisor {
            Divisor::Fixed(n) => Some(1.0 / n as f32),
            Divisor::Inside if !unpadded => None,
            Divisor::Inside | Divisor::Window => {
                if self.reaches_beyond(window, 0) || self.reaches_beyond(window, 1) {
                    return None;
                }
                Some(1.0 / (window.kernel[0] * window.kernel[1]) as f32)
            }
        }
    }

    /// Whether the last window along an axis ends behind the padding.
    #[inline(always)]
    const fn reaches_beyond(&self, window: Window, axis: usize) -> bool {
        let Options { stride, padding, padding_end, dilation, .. } = window.options;
        let last = self.output[axis].saturating_sub(1) * stride[axis];
        let extent = dilation[axis] * window.kernel[axis].saturating_sub(1) + 1;
        last + extent > self.input[axis] + padding[axis] + padding_end[axis]
    }

    /// One over what the mean of this window divides by.
    fn scale(&self, [rows, columns]: [Cover; 2]) -> f32 {
        let elements = match self.window.map(|window| window.options.divisor) {
            Some(Divisor::Fixed(n)) => n,
            Some(Divisor::Window) => rows.padded * columns.padded,
            Some(Divisor::Inside) | None => rows.count * columns.count,
        };
        1.0 / elements as f32
    }

    /// Calls `f` with every window in row-major order.
    #[inline(always)]
    pub(super) fn for_each_window(&self, mut f: impl FnMut([Cover; 2])) {
        let axes = self.window.map(|window| Axis::both(window, self.input, self.output));
        let cover = |axis: usize, output: usize| match axes {
            Some([rows, _]) if axis == 0 => rows.cover(output),
            Some([_, columns]) => columns.cover(output),
            None if axis == 0 => Cover::adaptive(self.input[0], self.output[0], output),
            None => Cover::adaptive(self.input[1], self.output[1], output),
        };
        for i in 0..self.output[0] {
            let rows = cover(0, i);
            for j in 0..self.output[1] {
                f([rows, cover(1, j)]);
            }
        }
    }

    /// Calls `f` with the place in the window and in the plane of every element inside the input. Of
    /// `PLAIN` sizes, the loops have constant lengths and ask for each element whether it is inside.
    #[inline(always)]
    pub(super) fn for_each_element<const PLAIN: bool>(
        &self,
        [rows, columns]: [Cover; 2],
        mut f: impl FnMut(usize, usize),
    ) {
        let [height, width] = self.kernel();
        if PLAIN {
            for r in 0..height {
                for s in 0..width {
                    if let (Some(row), Some(column)) = (rows.neighbour(r), columns.neighbour(s)) {
                        f(r * width + s, row * self.input[1] + column);
                    }
                }
            }
        } else {
            let (mut first_tap, mut row) = (rows.first_tap * width + columns.first_tap, rows.first_input);
            for _ in 0..rows.count {
                let mut i = row * self.input[1] + columns.first_input;
                for tap in first_tap..first_tap + columns.count {
                    f(tap, i);
                    i += columns.step;
                }
                first_tap += width;
                row += rows.step;
            }
        }
    }
}
