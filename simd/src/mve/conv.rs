//! Convolutions: three pixels at a time go through all output channels.
//!
//! The window of each pixel is brought together in scratch, unless it is a pixel itself. The rows of weights then run
//! over three such windows, and the sums of all channels become outputs in one go.

use tensorlet::{
    kernel::Conv2dDims,
    quantized::{Order, Requantize},
    sliding::Options,
};

use super::{
    asm::{self, Lines, Pairs, Row},
    round::{Outputs, Rounds},
};
use crate::samples;

/// Pixels that are computed together.
const PIXELS: usize = 3;

/// Words of sums.
const fn sums_words(d: &Conv2dDims) -> usize {
    2 * PIXELS * d.out_channels.div_ceil(2)
}

/// Where the windows of a convolution lie.
struct Windows<'a> {
    d: &'a Conv2dDims,
    /// Whether each output sees one pixel, its own: then windows are not brought together.
    pointwise: bool,
    /// Whether windows lie inside the input, and the taps of their lines beside each other.
    lines: bool,
    /// Whether the taps lie beside and below each other.
    dense: bool,
    /// The last row and column at which a window begins that lies inside the input.
    lowest: [usize; 2],
    /// Bytes of a window.
    len: usize,
    /// Bytes of a line of a window.
    line: usize,
    /// Bytes from one line of a window to the next in the input.
    below: usize,
    /// Lines of a window, and its columns.
    rows: usize,
    columns: usize,
    input: [usize; 2],
    /// Bytes of a row of the input, and of a pixel.
    bytes: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
    output: [usize; 2],
}

impl<'a> Windows<'a> {
    fn new(d: &'a Conv2dDims) -> Self {
        let Options { stride, padding, dilation, .. } = d.window.options;
        let [rows, columns] = d.window.kernel;
        let pixel = d.groups * d.in_channels;
        let bytes = [d.input[1] * pixel, pixel];
        let extent = [(rows - 1) * dilation[0] + 1, (columns - 1) * dilation[1] + 1];
        let lowest = [d.input[0].wrapping_sub(extent[0]), d.input[1].wrapping_sub(extent[1])];
        let pointwise = d.is_pointwise();
        // All pixels of a pointwise convolution are one line.
        let lowest = if pointwise { [0, d.in_plane() - 1] } else { lowest };
        let fits = extent[0] <= d.input[0] && extent[1] <= d.input[1];
        Self {
            d,
            pointwise,
            lines: fits && d.groups == 1 && dilation[1] == 1,
            dense: d.groups == 1 && dilation == [1, 1],
            columns,
            input: d.input,
            lowest,
            len: d.filter_len(),
            line: columns * d.in_channels,
            below: bytes[0] * dilation[0],
            rows,
            bytes,
            stride,
            padding,
            output: if pointwise { [1, d.out_plane()] } else { d.output },
        }
    }

    /// The window of output `(i, j)`, and how many times three windows from there on lie inside the input, their lines in
    /// one piece.
    fn threes(&self, x: &[i8], [i, j]: [usize; 2]) -> (*const i8, usize) {
        let Self { stride, padding, bytes, .. } = self;
        // Below 0 are large numbers.
        let (row, column) = ((i * stride[0]).wrapping_sub(padding[0]), (j * stride[1]).wrapping_sub(padding[1]));
        if !self.lines || row > self.lowest[0] || column > self.lowest[1] {
            return (x.as_ptr(), 0);
        }
        let behind = (self.lowest[1] - column).checked_div(stride[1]).unwrap_or(0);
        let windows = (behind + 1).min(self.output[1].saturating_sub(j));
        (x.as_ptr().wrapping_add(row * bytes[0] + column * bytes[1]), windows / PIXELS)
    }

    /// How three windows from this one on are brought together.
    fn lines_of_three(&self, from: *const i8, to: *mut i8) -> Lines {
        let line = self.line as u32;
        Lines {
            to,
            from,
            line,
            lines: self.rows as u32,
            below: self.below as u32,
            step: (self.stride[1] * self.bytes[1]) as u32,
            pitch: line,
            windows: PIXELS as u32,
        }
    }

    /// Copies so many lines of a window, of so many bytes each.
    ///
    /// # Safety
    /// They lie inside the input, and `to` has room for as many lines of the window, without what is not copied of the
    /// last one.
    #[inline(always)]
    unsafe fn copy(&self, from: *const i8, to: *mut i8, [lines, line]: [usize; 2]) {
        let (below, pitch) = (self.below as u32, self.line as u32);
        // SAFETY: the caller's.
        unsafe {
            asm::copy_windows(&Lines {
                to,
                from,
                line: line as u32,
                lines: lines as u32,
                below,
                step: 0,
                pitch,
                windows: 1,
            })
        }
    }

    /// The window of output `(i, j)`, brought together at `to` unless it is a pixel of `x`.
    ///
    /// # Safety
    /// The output is one of the convolution's, `x` a whole sample, and `to` has room for `filter_len` bytes outside
    /// of it.
    #[inline]
    unsafe fn at(&self, x: &[i8], zero: i8, group: usize, [i, j]: [usize; 2], to: *mut i8) -> *const i8 {
        let Self { stride, padding, bytes, .. } = self;
        // Below 0 are large numbers.
        let (row, column) = ((i * stride[0]).wrapping_sub(padding[0]), (j * stride[1]).wrapping_sub(padding[1]));
        let inside = row <= self.lowest[0] && column <= self.lowest[1];
        let from = x.as_ptr().wrapping_add(row.wrapping_mul(bytes[0]).wrapping_add(column.wrapping_mul(bytes[1])));
        if self.pointwise {
            return from;
        }
        if self.lines && inside {
            // SAFETY: the window lies inside the input: all its lines do.
            unsafe { self.copy(from, to, [self.rows, self.line]) }
        } else if self.dense {
            // The zero point everywhere, then what lies inside the input over it.
            let [above, left] = [row, column].map(|first| (first as isize).min(0).unsigned_abs());
            let part = |axis: usize, first: usize, size: usize| {
                (self.input[axis & 1] as isize - first as isize).max(0).min(size as isize) as usize
            };
            let (end, right) = (part(0, row, self.rows), part(1, column, self.columns));
            // SAFETY: the window has `len` bytes, and its rows from `above` to `end` and columns from `left` to
            // `right` lie inside the input.
            unsafe {
                asm::fill(to, zero.into(), self.len as u32);
                if above < end && left < right {
                    let from = from.wrapping_add(above * bytes[0] + left * bytes[1]);
                    let to = to.add(above * self.line + left * bytes[1]);
                    self.copy(from, to, [end - above, (right - left) * bytes[1]]);
                }
            }
        } else {
            // SAFETY: the caller's.
            unsafe { gather(self.d, x, zero, group, [i, j], to) }
        }
        to
    }
}

/// Computes a convolution, or returns false if it is empty, a slice too short, or scales not
/// [`ready`](super::ready).
#[inline(never)]
pub(super) fn conv2d(
    d: &Conv2dDims,
    twice: bool,
    [x, weight]: [&[i8]; 2],
    zero: i8,
    requantize: Requantize<'_>,
    y: &mut [i8],
    scratch: &mut [f32],
) -> bool {
    let (len, filters) = (d.filter_len(), d.groups * d.out_channels);
    let ready =
        len > 0 && d.in_len() > 0 && d.out_len() > 0 && weight.len() >= filters * len && super::ready(&requantize);
    if !ready || scratch.len() < Order::Mve.conv_scratch(d) {
        return false;
    }
    let Some((sums, patches)) = scratch.split_at_mut_checked(sums_words(d)) else { return false };
    let (sums, patches): (*mut i32, *mut i8) = (sums.as_mut_ptr().cast(), patches.as_mut_ptr().cast());
    let windows = Windows::new(d);
    let round = Rounds::of(twice, &requantize).three();
    let samples = samples::count([x.len(), y.len()], [d.in_len(), d.out_len()]);
    for sample in 0..samples {
        let (Some(x), Some(y)) = (
            x.get(sample * d.in_len()..(sample + 1) * d.in_len()),
            y.get_mut(sample * d.out_len()..(sample + 1) * d.out_len()),
        ) else {
            return false;
        };
        for group in 0..d.groups {
            let Some(weight) = weight.get(group * d.out_channels * len..) else { return false };
            let first = group * d.out_channels;
            let mut next = [0, 0];
            let mut to = y.as_mut_ptr().wrapping_add(first);
            let Some(mut outputs) = Outputs::new(&requantize, first, d.out_channels, sums, [to; PIXELS]) else {
                return false;
            };
            let mut products = Products::new(d, weight.as_ptr(), sums);
            while next[0] < windows.output[0] {
                let (from, threes) = windows.threes(x, next);
                if threes > 0 {
                    let mut lines = windows.lines_of_three(from, patches);
                    let step = lines.step as usize;
                    for _ in 0..threes {
                        let from = lines.from;
                        let at = if windows.pointwise {
                            [from, from.wrapping_add(step), from.wrapping_add(2 * step)]
                        } else {
                            // SAFETY: the three windows lie inside the input, and the scratch behind the sums has room
                            // for them.
                            unsafe { asm::copy_windows(&lines) }
                            [patches, patches.wrapping_add(len), patches.wrapping_add(2 * len)]
                                .map(<*mut i8>::cast_const)
                        };
                        // SAFETY: as below.
                        unsafe { products.of(at) }
                        outputs.y = [to, to.wrapping_add(filters), to.wrapping_add(2 * filters)];
                        // SAFETY: as below.
                        unsafe { round(&outputs) }
                        lines.from = from.wrapping_add(PIXELS * step);
                        to = to.wrapping_add(PIXELS * filters);
                    }
                    next[1] += PIXELS * threes;
                    if next[1] == windows.output[1] {
                        next = [next[0] + 1, 0];
                    }
                    continue;
                }
                // Where there are fewer than three, the last one stands for the others: it is computed again.
                let mut at = [x.as_ptr(); PIXELS];
                let (mut place, mut patch) = (next, patches);
                for (at, own) in at.iter_mut().zip(&mut outputs.y) {
                    // SAFETY: the place is one of the output's, `x` is a whole sample, and the scratch behind the
                    // sums has room for three windows of `len` bytes.
                    *at = unsafe { windows.at(x, zero, group, place, patch) };
                    *own = to;
                    patch = patch.wrapping_add(len);
                    next = [place[0], place[1] + 1];
                    if next[1] == windows.output[1] {
                        next = [place[0] + 1, 0];
                    }
                    if next[0] < windows.output[0] {
                        place = next;
                        to = to.wrapping_add(filters);
                    }
                }
                // SAFETY: each window has `len` bytes: those in scratch have been written, and that of a pointwise
                // convolution is a pixel of `len` bytes. There are `out_channels` rows of weights, as the check of all
                // has shown, and `sums_words` sums.
                unsafe { products.of(at) }
                // SAFETY: `Outputs::new` has checked biases and scales; the sums are those of `products`; each place
                // is one of `out_plane` with `filters` bytes in `y`, of which the group's are `out_channels`.
                unsafe { round(&outputs) }
            }
        }
        super::clamp(y, d.out_len(), requantize.clamp);
    }
    true
}

/// The sums of all channels of a group for three windows.
struct Products {
    /// Pairs of rows of weights, if there are any.
    pairs: Pairs,
    of_pairs: unsafe extern "C" fn(*const Pairs),
    /// The last row, if their number is odd.
    last: Row,
    odd: bool,
}

impl Products {
    /// With a row of `filter_len` weights for each channel, and room for six sums for each pair of channels begun.
    fn new(d: &Conv2dDims, weight: *const i8, sums: *mut i32) -> Self {
        let (len, channels) = (d.filter_len(), d.out_channels);
        let even = channels & !1;
        let x = [weight; PIXELS];
        Self {
            pairs: Pairs::new(x, weight, len, even, sums),
            of_pairs: if len < 16 { asm::sums_of_short_pairs } else { asm::sums_of_pairs },
            last: Row {
                x,
                len: len as u32,
                weight: weight.wrapping_add(even * len),
                sums: sums.wrapping_add(even * PIXELS),
            },
            odd: channels > even,
        }
    }

    /// The sums for these windows.
    ///
    /// # Safety
    /// The windows have `filter_len` bytes; weights and sums are there as [`Products::new`] says.
    unsafe fn of(&mut self, x: [*const i8; PIXELS]) {
        if self.pairs.pairs > 0 {
            self.pairs.x = x;
            // SAFETY: the function is that for the length; the rest is the caller's.
            unsafe { (self.of_pairs)(&self.pairs) }
        }
        if self.odd {
            self.last.x = x;
            // SAFETY: the row is one of those that there are, and its sums are every second one of six; the rest is
            // the caller's.
            unsafe { asm::sums_of_row(&self.last) }
        }
    }
}

/// Brings the window of an output together: its taps, row by row, of the group's channels.
///
/// # Safety
/// `to` has room for `filter_len` bytes outside of `x`.
unsafe fn gather(d: &Conv2dDims, x: &[i8], zero: i8, group: usize, [i, j]: [usize; 2], to: *mut i8) {
    let Options { stride, padding, dilation, .. } = d.window.options;
    let ([rows, columns], channels) = (d.window.kernel, d.in_channels);
    let pixel = d.groups * channels;
    // The columns of the window that lie inside the input.
    let left = j * stride[1];
    let taps = |places: usize| if dilation[1] == 1 { places } else { places.div_ceil(dilation[1].max(1)) };
    let skipped = taps(padding[1].saturating_sub(left)).min(columns);
    let reach = taps((d.input[1] + padding[1]).saturating_sub(left)).min(columns);
    let inside = reach.saturating_sub(skipped);
    let first = left + skipped * dilation[1];
    let mut to = to;
    for r in 0..rows {
        let row = (i * stride[0] + r * dilation[0]).wrapping_sub(padding[0]);
        let line = if row < d.input[0] { inside } else { 0 };
        let before = if line == 0 { columns } else { skipped };
        let behind = columns - before - line;
        let from = (row.wrapping_mul(d.input[1])).wrapping_add(first.wrapping_sub(padding[1])).wrapping_mul(pixel);
        // SAFETY: `before + line + behind` taps of `channels` bytes each make a line of the window, and there is room
        // for all of them. What is copied lies in `x`: rows and columns are inside the input.
        unsafe {
            if before > 0 {
                asm::fill(to, zero.into(), (before * channels) as u32);
                to = to.add(before * channels);
            }
            if line > 0 && d.groups == 1 && dilation[1] == 1 {
                asm::copy(to, x.as_ptr().wrapping_add(from), (line * channels) as u32);
                to = to.add(line * channels);
            } else {
                for s in 0..line {
                    let from = from + s * dilation[1] * pixel + group * channels;
                    asm::copy(to, x.as_ptr().wrapping_add(from), channels as u32);
                    to = to.add(channels);
                }
            }
            if behind > 0 {
                asm::fill(to, zero.into(), (behind * channels) as u32);
                to = to.add(behind * channels);
            }
        }
    }
}
