//! How a depthwise convolution for Armv7E-M lays out one channel of its input.

use crate::kernel::Conv2dDims;

/// A channel of the input, widened to 16 bits and surrounded by its padding, line by line in scratch.
///
/// Tensors are NHWC, so the elements of one channel lie apart; in lines of their own one load brings two of them,
/// and one multiplication takes two taps of the window. A line is a row or a column of the image, whichever is
/// cheaper. What has no room is done in bands of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plane {
    /// The axis that lines lie along: 0 if a line is a column, 1 if it is a row.
    pub along: usize,
    /// Elements from one line to the next; even, and no less than a pair of outputs at the end of a line reads.
    pub pitch: usize,
    /// The number of lines that there is room for; as many as the window reaches over, at least.
    pub lines: usize,
    /// The lines of outputs that these are for.
    pub outputs: usize,
    /// Words of the widened weights for one line of the window: two taps each.
    pub words: usize,
    /// Lines of the window.
    pub window: usize,
}

impl Plane {
    /// Elements of scratch that may be spent on lines beyond those that the window needs.
    const ROOM: usize = 1024;

    /// The plane for a convolution.
    #[must_use]
    pub const fn of(d: &Conv2dDims) -> Self {
        let (columns, rows) = (Self::cost(d, 0), Self::cost(d, 1));
        let a = if columns < rows { 0 } else { 1 };
        let b = 1 - a;
        let words = Self::extent(d, a).div_ceil(2);
        let last = d.output[a].saturating_sub(1) & !1;
        let reach = if words < 2 { 4 } else { 2 * words };
        let pitch = ((last + 1) * d.window.options.stride[a] + reach).next_multiple_of(2);
        let (extent, all) = (Self::extent(d, b), Self::reach(d, b));
        let room = Self::ROOM / pitch;
        let lines = if room > extent { room } else { extent };
        let lines = if lines < all { lines } else { all };
        let outputs = (lines - extent) / d.window.options.stride[b] + 1;
        Self { along: a, pitch, lines, outputs, words, window: d.window.kernel[b] }
    }

    /// Words of scratch: weights and lines.
    #[must_use]
    pub const fn scratch(&self) -> usize {
        self.window * self.words + self.pitch / 2 * self.lines
    }

    /// Elements of the window along an axis, those that dilation skips included.
    #[must_use]
    pub const fn extent(d: &Conv2dDims, axis: usize) -> usize {
        (d.window.kernel[axis].saturating_sub(1)) * d.window.options.dilation[axis] + 1
    }

    /// Elements that all windows along an axis see.
    const fn reach(d: &Conv2dDims, axis: usize) -> usize {
        d.output[axis].saturating_sub(1) * d.window.options.stride[axis] + Self::extent(d, axis)
    }

    /// About the instructions with lines along an axis: those of an output, and those around a line.
    const fn cost(d: &Conv2dDims, along: usize) -> usize {
        let words = Self::extent(d, along).div_ceil(2) * d.window.kernel[1 - along];
        d.output[1 - along] * (d.output[along] * (9 + 5 * words / 2) + 24)
    }
}
