//! How a convolution for a host's vectors lays out its input.

use crate::{kernel::Conv2dDims, sliding::Options};

/// Windows of the input in scratch, in the width in which an instruction set multiplies: 8 or 16 bits.
///
/// Kernels take four inputs at a time. Where the windows' rows are fours, whole lines of the image are copied, with
/// their padding, and windows lie in them one beside the other; a line is copied once. Otherwise each window is copied
/// by itself, and filled up to a four.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// Whether windows lie in lines of the image.
    pub lines: bool,
    /// The number of lines that a window reaches over; or of windows.
    pub rows: usize,
    /// Elements from one line or window to the next.
    pub pitch: usize,
}

impl Windows {
    /// Windows that are copied, and rows of a product that are taken, at a time.
    pub const TOGETHER: usize = 8;

    /// Those of a convolution.
    #[must_use]
    pub const fn of(d: &Conv2dDims) -> Self {
        let Options { stride, dilation, .. } = d.window.options;
        let [kernel_rows, kernel_columns] = d.window.kernel;
        let fours = (kernel_columns * d.in_channels).is_multiple_of(4);
        if fours && d.groups == 1 && dilation[1] == 1 && !d.is_pointwise() {
            let columns = d.output[1].saturating_sub(1) * stride[1] + kernel_columns;
            let rows = kernel_rows.saturating_sub(1) * dilation[0] + 1;
            return Self { lines: true, rows, pitch: columns * d.in_channels };
        }
        Self { lines: false, rows: Self::TOGETHER, pitch: d.filter_len().next_multiple_of(4) }
    }

    /// Words of scratch, for 16 bits.
    #[must_use]
    pub const fn scratch(&self) -> usize {
        (self.rows * self.pitch).div_ceil(2)
    }
}

/// Lines of the input of a depthwise convolution in scratch, for a host's vectors: some neighbouring channels of as many
/// lines as a window reaches over, with their padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Strip {
    /// The number of lines.
    pub rows: usize,
    /// Pixels of a line.
    pub columns: usize,
    /// Taps of a window, and one more if their number is odd.
    taps: usize,
}

impl Strip {
    /// The most taps of a window.
    pub const TAPS: usize = 128;
    /// The most channels that a vector holds.
    pub const LANES: usize = 32;

    /// That of a convolution; none if it has other numbers of inputs than of outputs, or too many taps.
    #[must_use]
    pub const fn of(d: &Conv2dDims) -> Option<Self> {
        if d.in_channels != 1 || d.out_channels != 1 || d.taps() > Self::TAPS {
            return None;
        }
        let Options { stride, dilation, .. } = d.window.options;
        let rows = d.window.kernel[0].saturating_sub(1) * dilation[0] + 1;
        let reach = d.window.kernel[1].saturating_sub(1) * dilation[1] + 1;
        let columns = d.output[1].saturating_sub(1) * stride[1] + reach;
        Some(Self { rows, columns, taps: d.taps().next_multiple_of(2) })
    }

    /// Words of scratch, for the lines and the weights.
    #[must_use]
    pub const fn scratch(&self) -> usize {
        ((self.rows * self.columns + self.taps) * Self::LANES).div_ceil(4)
    }
}
