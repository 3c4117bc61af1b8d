//! The sizes of a pooling, and the windows that follow from them.

use super::super::window::{Axis, Cover};
use crate::{
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
    pub(super) fn scale(&self, [rows, columns]: [Cover; 2]) -> f32 {
        let elements = match self.window.map(|window| window.options.divisor) {
            Some(Divisor::Fixed(n)) => n,
            Some(Divisor::Window) => rows.padded * columns.padded,
            Some(Divisor::Inside) | None => rows.count * columns.count,
        };
        1.0 / elements as f32
    }

    /// Calls `f` with every window in row-major order.
    #[inline(always)]
    pub(in crate::kernel) fn for_each_window(&self, mut f: impl FnMut([Cover; 2])) {
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
    pub(in crate::kernel) fn for_each_element<const PLAIN: bool>(
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
