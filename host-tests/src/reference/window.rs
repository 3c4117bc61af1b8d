//! Windows that slide over rows and columns.

use tensorlet::sliding::{Divisor, Options, PaddingMode};

/// A window, `[rows, columns]` each.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Rows and columns of the window.
    pub kernel: [usize; 2],
    /// The step from one window to the next.
    pub stride: [usize; 2],
    /// Rows above and columns left of the input.
    pub padding: [usize; 2],
    /// Rows below and columns right of it.
    pub padding_end: [usize; 2],
    /// The step from one element of a window to the next.
    pub dilation: [usize; 2],
    /// What the padding holds.
    pub mode: PaddingMode,
    /// Whether a last window that reaches beyond the padding counts.
    pub ceil_mode: bool,
    /// By what a mean divides.
    pub divisor: Divisor,
}

impl From<tensorlet::description::Window> for Window {
    fn from(window: tensorlet::description::Window) -> Self {
        let Options { stride, padding, padding_end, dilation, mode, ceil_mode, divisor } = window.options;
        Self { kernel: window.kernel, stride, padding, padding_end, dilation, mode, ceil_mode, divisor }
    }
}

impl Window {
    /// How often the window fits into an input: counted, not computed.
    #[must_use]
    pub fn outputs(&self, input: [usize; 2]) -> [usize; 2] {
        let count = |axis: usize| {
            let padded = self.padding[axis] + input[axis] + self.padding_end[axis];
            let extent = 1 + (self.kernel[axis] - 1) * self.dilation[axis];
            let fits = |start: usize| start + extent <= padded;
            // With `ceil_mode` also a window of which only a part fits, if not even the one before ended
            // where the padding ends; all must start inside the input or the padding before it.
            let counts = |start: usize| {
                let partial = start < self.stride[axis] || start - self.stride[axis] + extent < padded;
                if self.ceil_mode {
                    (fits(start) || partial) && start < self.padding[axis] + input[axis]
                } else {
                    fits(start)
                }
            };
            (0..padded).step_by(self.stride[axis]).filter(|&start| counts(start)).count()
        };
        [count(0), count(1)]
    }

    /// The input that each place of the padded axis shows; none in a padding of zeros.
    fn padded(&self, axis: usize, size: usize) -> Vec<Option<usize>> {
        let last = size as isize - 1;
        let before = self.padding[axis] as isize;
        let shown = |mut place: isize| -> Option<usize> {
            while !(0..=last).contains(&place) {
                place = match self.mode {
                    PaddingMode::Zeros => return None,
                    PaddingMode::Reflect if place < 0 => -place,
                    PaddingMode::Reflect => last - (place - last),
                    PaddingMode::Replicate => place.clamp(0, last),
                    PaddingMode::Circular if place < 0 => place + size as isize,
                    PaddingMode::Circular => place - size as isize,
                };
            }
            usize::try_from(place).ok()
        };
        (-before..=last + self.padding_end[axis] as isize).map(shown).collect()
    }

    /// For each window along an axis the inputs that its elements cover; none where they are zeros.
    #[must_use]
    pub fn along(&self, axis: usize, size: usize, outputs: usize) -> Vec<Vec<Option<usize>>> {
        let padded = self.padded(axis, size);
        let element = |output: usize, tap: usize| {
            let place = output * self.stride[axis] + tap * self.dilation[axis];
            padded.get(place).copied().flatten()
        };
        (0..outputs).map(|output| (0..self.kernel[axis]).map(|tap| element(output, tap)).collect()).collect()
    }

    /// For each window along an axis how many of its elements lie inside the padding.
    #[must_use]
    pub fn inside_padding(&self, axis: usize, size: usize, outputs: usize) -> Vec<usize> {
        let end = self.padded(axis, size).len();
        let inside = |output: usize, tap: &usize| output * self.stride[axis] + tap * self.dilation[axis] < end;
        (0..outputs).map(|output| (0..self.kernel[axis]).filter(|tap| inside(output, tap)).count()).collect()
    }
}
