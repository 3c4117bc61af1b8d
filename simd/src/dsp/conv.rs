//! Convolutions: windows of three pixels at a time, widened to 16 bits, go through all output channels.

use tensorlet::{
    kernel::Conv2dDims,
    quantized::{Once, Plane, Requantize, Twice},
};

use super::{
    Rounds,
    pieces::{self, Inside, Put},
    tile::{self, Tile},
};
use crate::{bounds, samples};

/// Where the windows of a convolution lie.
struct Windows<'a> {
    d: &'a Conv2dDims,
    /// Rows and columns of the input; one row if each output sees one pixel, its own.
    input: [isize; 2],
    /// Columns of the output.
    columns: usize,
    /// Taps of the window that lie beside each other in memory: a line of it, or one.
    span: usize,
    /// The last row and column at which a window begins that lies inside the input; -1 if none does, or if its lines
    /// are in more pieces than one.
    inside: [isize; 2],
    /// Bytes from one pixel of the input to the next.
    pixel: usize,
    /// How the window comes to scratch.
    put: Put,
    /// Whether it goes there at once: if all its pieces are whole fours.
    wide: bool,
}

impl<'a> Windows<'a> {
    fn new(d: &'a Conv2dDims, zero: i8) -> Self {
        let options = &d.window.options;
        let ones = |pair: [usize; 2]| pair == [1, 1];
        let flat = ones(d.window.kernel) && ones(options.stride) && d.input == d.output && options.padding == [0, 0];
        let beside = d.groups == 1 && options.dilation[1] == 1;
        let wide = d.in_channels.is_multiple_of(4);
        let input = if flat { [1, d.in_plane()] } else { d.input }.map(|n| n as isize);
        let inside = |axis: usize| input[axis & 1] - Plane::extent(d, axis) as isize;
        Self {
            d,
            input,
            columns: if flat { d.out_plane() } else { d.output[1] },
            span: if beside { d.window.kernel[1] } else { 1 },
            inside: if beside { [inside(0), inside(1)] } else { [-1; 2] },
            pixel: d.groups * d.in_channels,
            put: if wide { Put::wide(zero) } else { Put::bytes(zero) },
            wide,
        }
    }
}

/// Whether [`conv2d`] can do without the portable body.
pub(super) const fn can(d: &Conv2dDims) -> bool {
    bounds::conv2d(d) && d.out_channels > 0 && (d.groups == 1 || (d.groups > 1 && d.out_channels.is_multiple_of(2)))
}

/// Computes a convolution, or returns false if it is empty, a slice too short (scales are one for each channel),
/// weights not aligned to words, or scales not folded.
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
    let words = len.div_ceil(2);
    if scratch.len() < 3 * words + len.div_ceil(4) + 1
        || len == 0
        || !super::ready(weight, filters * len, filters, &requantize)
        || requantize.scales.len() < filters
        || d.in_len() == 0
        || d.out_len() == 0
    {
        return false;
    }
    let windows = Windows::new(d, zero);
    let samples = samples::count([x.len(), y.len()], [d.in_len(), d.out_len()]);
    let columns: *mut u32 = scratch.as_mut_ptr().cast();
    // SAFETY: scratch has the words of both, as checked above.
    let patch: *mut i8 = unsafe { columns.add(3 * words) }.cast();
    let (pairs, even) = (d.out_channels / 2, len & !1);
    let (number, entry, rest) = Tile::rounds(len);
    let rounds = Rounds::of(twice, requantize.scales, requantize.clamp);
    let core = match rounds {
        Rounds::Once => tile::once,
        Rounds::Twice => tile::twice,
        Rounds::Rectified => tile::rectified,
    };
    for sample in 0..samples {
        for group in 0..d.groups {
            let first = group * d.out_channels;
            // SAFETY: both slices have so many samples, and a group's channels lie inside a pixel.
            let (x, y) = unsafe {
                (
                    x.as_ptr().add(sample * d.in_len() + group * d.in_channels),
                    y.as_mut_ptr().add(sample * d.out_len() + first),
                )
            };
            let scales = requantize.scales.as_ptr().wrapping_add(first);
            let mut tile = Tile {
                x: columns,
                weight: weight.as_ptr().wrapping_add(first * even),
                tails: weight.as_ptr().wrapping_add(filters / 2 * 2 * even + first),
                bias: requantize.bias.as_ptr().wrapping_add(first),
                scales,
                y: [y; 3],
                end: scales.wrapping_add(2 * pairs),
                rounds: number,
                entry,
                rest,
            };
            let (mut place, mut pixel, pixels) = ([0, 0], 0, d.out_plane());
            while pixel < pixels {
                let (mut inside, threes) = windows.threes(x, place);
                for _ in 0..threes.max(1) {
                    let here = (pixels - pixel).min(3);
                    // SAFETY: `x` is a sample from the group's first channel on, and scratch has room for the windows.
                    unsafe {
                        if threes > 0 {
                            windows.widen_three(&mut inside, columns, patch);
                        } else {
                            windows.gather(x, &mut place, here, columns, patch);
                        }
                    }
                    let to = y.wrapping_add(pixel * filters);
                    // Where there are fewer than three, the last one stands for the others.
                    tile.y = [0, 1, 2].map(|lane: usize| to.wrapping_add(lane.min(here - 1) * filters));
                    if pairs > 0 {
                        // SAFETY: `ready` has found weights (aligned to words), biases and scales of all channels;
                        // those of a group begin at channel `first`, an even number if there are several. The tails
                        // stand behind all pairs. `columns` holds three windows, and each of `y` has the channels of
                        // a pixel.
                        unsafe { core(&tile) }
                    }
                    if d.out_channels % 2 == 1 {
                        let o = filters - 1;
                        let row = weight.get(o * len..).unwrap_or_default();
                        for (lane, to) in tile.y.iter().enumerate().take(here) {
                            // SAFETY: as above; the last channel is one of the pixel's.
                            unsafe { *to.add(o) = single(columns.add(lane), row, len, o, rounds, &requantize) };
                        }
                    }
                    pixel += 3;
                }
                if threes > 0 {
                    windows.next(&mut place, 3 * threes);
                }
            }
        }
    }
    super::clamp(y, samples * d.out_len(), requantize.clamp);
    true
}

/// The output of a channel without a partner, whose weights are row-major.
///
/// # Safety
/// `x` must be one of three windows of `len` elements.
unsafe fn single(x: *const u32, row: &[i8], len: usize, o: usize, rounds: Rounds, requantize: &Requantize<'_>) -> i8 {
    let mut sum = 0_i32;
    for (i, w) in row.iter().take(len).enumerate() {
        let place = if i < len & !3 { super::permuted(i) } else { i };
        // SAFETY: the place is below `len`, and so in one of the words of the window, which lie three apart.
        let x = unsafe { *x.cast::<i16>().add(place / 2 * 6 + place % 2) };
        sum = sum.wrapping_add(i32::from(x) * i32::from(*w));
    }
    match rounds {
        Rounds::Once => requantize.apply::<Once>(o, sum),
        Rounds::Twice | Rounds::Rectified => requantize.apply::<Twice>(o, sum),
    }
}

impl Windows<'_> {
    /// The window of the output at this place, and how many times three windows from there on lie inside the input, each
    /// line in one piece.
    fn threes(&self, x: *const i8, place: [usize; 2]) -> (Inside, usize) {
        let (d, options) = (self.d, &self.d.window.options);
        let row = (place[0] * options.stride[0]) as isize - options.padding[0] as isize;
        let column = (place[1] * options.stride[1]) as isize - options.padding[1] as isize;
        let window = Inside {
            from: x.wrapping_offset((row * self.input[1] + column) * self.pixel as isize),
            along: options.stride[1] * self.pixel,
            step: options.dilation[0] * self.input[1] as usize * self.pixel,
            n: self.span * d.in_channels,
            pieces: d.window.kernel[0],
            to: core::ptr::null_mut(),
        };
        if row < 0 || column < 0 || row > self.inside[0] || column > self.inside[1] {
            return (window, 0);
        }
        let behind = ((self.inside[1] - column) as usize).checked_div(options.stride[1]).unwrap_or(0);
        (window, (behind + 1).min(self.columns.saturating_sub(place[1])) / 3)
    }

    /// Goes on by so many places, which lie beside each other.
    fn next(&self, place: &mut [usize; 2], by: usize) {
        place[1] += by;
        if place[1] >= self.columns {
            *place = [place[0] + 1, 0];
        }
    }

    /// Widens three windows from this one on, and goes on to the one behind them.
    ///
    /// # Safety
    /// All of them lie inside the input as [`threes`](Self::threes) has found; `columns` and `patch` are as in
    /// [`gather`](Self::gather).
    unsafe fn widen_three(&self, inside: &mut Inside, columns: *mut u32, patch: *mut i8) {
        // SAFETY: the pieces of a window fill it or the patch.
        unsafe {
            if self.wide {
                inside.to = columns.cast();
                pieces::widen_three(inside);
                inside.from = inside.from.wrapping_add(3 * inside.along);
            } else {
                inside.to = patch.cast();
                for lane in 0..3 {
                    pieces::copy_inside(inside);
                    pieces::widen(patch, self.d.filter_len(), columns.add(lane).cast());
                    inside.from = inside.from.wrapping_add(inside.along);
                }
            }
        }
    }

    /// Widens the windows of `here` pixels, and goes on to the next.
    ///
    /// # Safety
    /// `x` must be a sample from the first channel of a group on; `columns` have room for three windows of words and
    /// `patch` for one of bytes and a word more.
    unsafe fn gather(&self, x: *const i8, place: &mut [usize; 2], here: usize, columns: *mut u32, patch: *mut i8) {
        let options = &self.d.window.options;
        for lane in 0..here {
            let row = (place[0] * options.stride[0]) as isize - options.padding[0] as isize;
            let column = (place[1] * options.stride[1]) as isize - options.padding[1] as isize;
            // SAFETY: there are three windows, one beside the other, and the pieces of a window fill it or the patch.
            unsafe {
                let to = columns.add(lane).cast();
                if self.wide {
                    self.window(x, [row, column], to);
                } else {
                    self.window(x, [row, column], patch.cast());
                    pieces::widen(patch, self.d.filter_len(), to);
                }
            }
            self.next(place, 1);
        }
    }

    /// Puts the window that begins in this row and column.
    ///
    /// # Safety
    /// `x` must be a sample from the first channel of a group on, and `to` have room for a window as `put` puts it.
    #[inline(never)]
    unsafe fn window(&self, x: *const i8, [row, left]: [isize; 2], to: *mut u8) {
        let (d, options, put, channels) = (self.d, &self.d.window.options, self.put, self.d.in_channels);
        let (span, [rows, columns]) = (self.span as isize, self.input);
        let mut row = row;
        let mut to = to;
        for _ in 0..d.window.kernel[0] {
            let outside = row < 0 || row >= rows;
            let mut column = left;
            let mut taps = d.window.kernel[1];
            while taps > 0 {
                // Taps before the row, in it and behind it.
                let before = if outside { span } else { (-column).max(0).min(span) };
                let behind = if outside { 0 } else { (column + span - columns).max(0).min(span) };
                let inside = span - before - behind;
                // SAFETY: all pieces together are the window. A row that is not outside has `columns` pixels, of
                // which `inside` come from `column + before` on, and each has the group's channels.
                unsafe {
                    if before > 0 {
                        to = (put.fill)(put.word, before as usize * channels, to);
                    }
                    if inside > 0 {
                        let from = x.offset((row * columns + column + before) * self.pixel as isize);
                        to = (put.copy)(from, inside as usize * channels, to);
                    }
                    if behind > 0 {
                        to = (put.fill)(put.word, behind as usize * channels, to);
                    }
                }
                column += options.dilation[1] as isize;
                taps -= self.span;
            }
            row += options.dilation[0] as isize;
        }
    }
}
