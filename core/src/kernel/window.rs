//! How windows lie on an input: what convolution, pooling and unfolding share.
//!
//! Padding is never touched: a walk visits the elements of a window that lie inside the input. Only
//! where a convolution's padding repeats the input, those outside are found elsewhere in it.

use crate::{
    description::Window,
    sliding::{Options, PaddingMode},
};

/// What can be divided by.
#[inline(always)]
const fn one(x: usize) -> usize {
    if x == 0 { 1 } else { x }
}

/// `⌈a / b⌉`, a `b` of 0 taken for 1.
#[inline(always)]
const fn div_ceil(a: usize, b: usize) -> usize {
    a.div_ceil(one(b))
}

/// Rows or columns of a walk: `output` windows on `input` elements.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    input: usize,
    output: usize,
    pub(super) kernel: usize,
    stride: usize,
    dilation: usize,
    padding: usize,
    padding_end: usize,
    mode: PaddingMode,
}

impl Axis {
    /// Rows (0) and columns (1).
    #[inline(always)]
    pub(super) const fn both(window: Window, input: [usize; 2], output: [usize; 2]) -> [Self; 2] {
        [Self::new(window, input, output, 0), Self::new(window, input, output, 1)]
    }

    #[inline(always)]
    const fn new(window: Window, input: [usize; 2], output: [usize; 2], axis: usize) -> Self {
        let Options { stride, padding, padding_end, dilation, mode, .. } = window.options;
        Self {
            input: input[axis],
            output: output[axis],
            kernel: window.kernel[axis],
            stride: stride[axis],
            dilation: dilation[axis],
            padding: padding[axis],
            padding_end: padding_end[axis],
            mode,
        }
    }

    /// The outputs that tap `tap` of the windows serves, as runs whose inputs are equally far apart. Those
    /// in the padding come only where it is `REPEATED`: code that knows it to be zeros has one run.
    #[inline(always)]
    pub(super) const fn runs<const REPEATED: bool>(self, tap: usize) -> Runs<REPEATED> {
        Runs { inside: Some(self.inside(tap)), axis: self, tap, start: 0, end: 0, output: 0 }
    }

    /// Output `o` reads input `o · stride + tap · dilation - padding`; those within `0..input` count.
    #[inline(always)]
    const fn inside(&self, tap: usize) -> Run {
        let tap = tap * self.dilation;
        let start = div_ceil(self.padding.saturating_sub(tap), self.stride);
        let reach = div_ceil((self.input + self.padding).saturating_sub(tap), self.stride);
        let end = if reach < self.output { reach } else { self.output };
        let first_input = (start * self.stride + tap).saturating_sub(self.padding);
        Run { start, end, first_input, stride: self.stride }
    }

    /// The input that stands for a place outside of it.
    #[inline]
    fn repeated(&self, output: usize, tap: usize) -> Option<usize> {
        let position = (output * self.stride + tap * self.dilation).checked_signed_diff(self.padding)?;
        let last = self.input.checked_sub(1)?;
        let missing = position.unsigned_abs();
        let input = match self.mode {
            PaddingMode::Zeros => return None,
            PaddingMode::Reflect if position < 0 => missing,
            PaddingMode::Reflect => (2 * last).checked_sub(missing)?,
            PaddingMode::Replicate if position < 0 => 0,
            PaddingMode::Replicate => last,
            PaddingMode::Circular if position < 0 => self.input.checked_sub(missing)?,
            PaddingMode::Circular => missing.checked_sub(self.input)?,
        };
        (input < self.input).then_some(input)
    }

    /// What window `output` covers.
    #[inline(always)]
    pub(super) const fn cover(&self, output: usize) -> Cover {
        let start = output * self.stride;
        let first_tap = div_ceil(self.padding.saturating_sub(start), self.dilation);
        let inside = self.taps_before(self.input + self.padding, start);
        Cover {
            start,
            padding: self.padding,
            input: self.input,
            first_tap,
            first_input: (start + first_tap * self.dilation).saturating_sub(self.padding),
            count: inside.saturating_sub(first_tap),
            step: self.dilation,
            padded: self.taps_before(self.input + self.padding + self.padding_end, start),
        }
    }

    /// The taps of the window from `start` on that lie before `limit`, both counted with the padding.
    #[inline(always)]
    const fn taps_before(&self, limit: usize, start: usize) -> usize {
        let taps = div_ceil(limit.saturating_sub(start), self.dilation);
        if taps < self.kernel { taps } else { self.kernel }
    }
}

/// Outputs along one axis whose inputs are equally far apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    /// The first output.
    pub(super) start: usize,
    /// One past the last output.
    pub(super) end: usize,
    /// The input of the first output.
    pub(super) first_input: usize,
    /// The step from one input to the next.
    pub(super) stride: usize,
}

impl Run {
    /// Calls `f` with each pair of an element of the input and of the output.
    #[inline(always)]
    pub(super) fn zip<X: Row, Y: Row>(self, x: X, y: Y, mut f: impl FnMut(X::Item, Y::Item)) {
        let (Some(x), Some(y)) = (x.part(self.first_input, usize::MAX), y.part(self.start, self.end)) else { return };
        if self.stride == 1 {
            x.into_iter().zip(y).for_each(|(x, y)| f(x, y));
        } else {
            x.into_iter().step_by(self.stride.max(1)).zip(y).for_each(|(x, y)| f(x, y));
        }
    }
}

/// A row of numbers, to be read or changed.
pub(super) trait Row: IntoIterator + Sized {
    /// The elements from `start` to `end`, or to the last.
    fn part(self, start: usize, end: usize) -> Option<Self>;
}

impl Row for &[f32] {
    #[inline(always)]
    fn part(self, start: usize, end: usize) -> Option<Self> {
        self.get(start..end.min(self.len()))
    }
}

impl Row for &mut [f32] {
    #[inline(always)]
    fn part(self, start: usize, end: usize) -> Option<Self> {
        let end = end.min(self.len());
        self.get_mut(start..end)
    }
}

/// See [`Axis::runs`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Runs<const REPEATED: bool> {
    inside: Option<Run>,
    axis: Axis,
    tap: usize,
    /// The outputs that are done.
    start: usize,
    end: usize,
    /// The next one to try.
    output: usize,
}

impl<const REPEATED: bool> Iterator for Runs<REPEATED> {
    type Item = Run;

    #[inline(always)]
    fn next(&mut self) -> Option<Run> {
        if let Some(inside) = self.inside.take() {
            (self.start, self.end) = (inside.start, inside.end);
            return Some(inside);
        }
        while REPEATED && self.output < self.axis.output {
            let output = self.output;
            self.output += 1;
            if (output < self.start || output >= self.end)
                && let Some(first_input) = self.axis.repeated(output, self.tap)
            {
                return Some(Run { start: output, end: output + 1, first_input, stride: 1 });
            }
        }
        None
    }
}

/// What a window covers along one axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cover {
    /// Where its first tap lies, counted with the padding, and that padding.
    start: usize,
    padding: usize,
    input: usize,
    /// The first tap that lies inside the input.
    pub(super) first_tap: usize,
    /// The input that it meets.
    pub(super) first_input: usize,
    /// The taps that lie inside the input.
    pub(super) count: usize,
    /// From the input of one tap to that of the next.
    pub(super) step: usize,
    /// The taps that lie inside input and padding.
    pub(super) padded: usize,
}

impl Cover {
    /// Window `output` of `outputs` adaptive ones: `⌊output · input / outputs⌋` to
    /// `⌈(output + 1) · input / outputs⌉`, as PyTorch has it.
    #[inline(always)]
    pub(super) const fn adaptive(input: usize, outputs: usize, output: usize) -> Self {
        let outputs = one(outputs);
        let first_input = output * input / outputs;
        let count = div_ceil((output + 1) * input, outputs).saturating_sub(first_input);
        Self { start: first_input, padding: 0, input, first_tap: 0, first_input, count, step: 1, padded: count }
    }

    /// No adaptive window has more elements.
    #[inline(always)]
    pub(super) const fn largest_adaptive(input: usize, outputs: usize) -> usize {
        let outputs = one(outputs);
        let even = input / outputs;
        if even * outputs == input { even } else { even + 2 }
    }

    /// The input that tap `tap` of a window of neighbours meets, if it lies inside.
    #[inline(always)]
    pub(super) const fn neighbour(&self, tap: usize) -> Option<usize> {
        let place = self.start + tap;
        if place >= self.padding && place < self.input + self.padding { Some(place - self.padding) } else { None }
    }

    /// The input that tap `tap` meets, if it lies inside.
    #[inline(always)]
    pub(super) fn input(&self, tap: usize) -> Option<usize> {
        let tap = tap.checked_sub(self.first_tap)?;
        (tap < self.count).then_some(self.first_input + tap * self.step)
    }
}

impl Window {
    /// Whether each of the windows covers an element of the input.
    pub(crate) const fn meets(self, input: [usize; 2], output: [usize; 2]) -> bool {
        let [rows, columns] = Axis::both(self, input, output);
        rows.meets() && columns.meets()
    }
}

impl Axis {
    const fn meets(&self) -> bool {
        let mut output = 0;
        while output < self.output && self.cover(output).count > 0 {
            output += 1;
        }
        output == self.output
    }
}
