//! Windows of two columns that do not overlap: rows of a window first, then the even and the odd columns,
//! taken apart in registers.

use tensorlet::kernel::Pool2dDims;

use super::{larger, mean_scale};
use crate::vector::Vector;

/// Whether windows are two columns wide, lie inside the input and share no column.
#[inline(always)]
pub(super) const fn takes(d: Pool2dDims) -> bool {
    let Some(window) = d.window else { return false };
    let ([rows, columns], [row_step, column_step]) = (window.kernel, window.options.stride);
    let inside = columns * d.output[1] <= d.input[1] && (d.output[0] - 1) * row_step + rows <= d.input[0];
    columns == 2 && column_step == 2 && window.options.padding[0] == 0 && window.options.padding[1] == 0 && inside
}

/// Whether windows share no row either, so that each input has one gradient.
#[inline(always)]
pub(super) const fn takes_backward(d: Pool2dDims) -> bool {
    match d.window {
        Some(window) => takes(d) && window.kernel[0] <= window.options.stride[0],
        None => false,
    }
}

/// Rows of a window, and the step from one window to the next.
#[inline(always)]
const fn rows(d: Pool2dDims) -> [usize; 2] {
    match d.window {
        Some(window) => [window.kernel[0], window.options.stride[0]],
        None => [0, 1],
    }
}

/// Whether each input lies in a window.
#[inline(always)]
const fn covers(d: Pool2dDims) -> bool {
    let [kernel, step] = rows(d);
    kernel == step && d.output[0] * step == d.input[0] && d.output[1] * 2 == d.input[1]
}

/// A vector of outputs of a row: what it reads and writes.
///
/// Where memory is `ROOMY`, whole vectors are read and written, also at the end of a row: what is written too
/// much lies behind it and is written again later, since outputs and inputs are gone through in order.
struct Strip<const ROOMY: bool> {
    /// The outputs in use.
    outputs: usize,
}

impl<const ROOMY: bool> Strip<ROOMY> {
    /// # Safety
    /// `row` begins the inputs of the strip, all of which can be read.
    #[inline(always)]
    unsafe fn read<L: Vector>(&self, l: L, row: *const f32) -> (L::V, L::V) {
        // SAFETY: there is room for whole vectors, or the masks have the columns that the windows cover.
        unsafe {
            if ROOMY {
                return (l.load(row), l.load(row.add(L::LANES)));
            }
            let inputs = 2 * self.outputs;
            let low = l.load_masked(row, l.range(0, inputs));
            (low, l.load_masked(row.wrapping_add(L::LANES), l.range(0, inputs.saturating_sub(L::LANES))))
        }
    }

    /// Writes to the inputs: first, second, first, second ….
    ///
    /// # Safety
    /// `row` begins the inputs of the strip, all of which can be written.
    #[inline(always)]
    unsafe fn write<L: Vector>(&self, l: L, row: *mut f32, first: L::V, second: L::V) {
        let (low, high) = l.interleave(first, second);
        // SAFETY: as `read`.
        unsafe {
            if ROOMY {
                l.store(row, low);
                return l.store(row.add(L::LANES), high);
            }
            let inputs = 2 * self.outputs;
            l.store_masked(row, l.range(0, inputs), low);
            l.store_masked(row.wrapping_add(L::LANES), l.range(0, inputs.saturating_sub(L::LANES)), high);
        }
    }

    /// # Safety
    /// `y` begins the outputs, all of which can be read.
    #[inline(always)]
    unsafe fn load<L: Vector>(&self, l: L, y: *const f32) -> L::V {
        // SAFETY: as `read`.
        unsafe { if ROOMY { l.load(y) } else { l.load_masked(y, l.range(0, self.outputs)) } }
    }

    /// # Safety
    /// `y` begins the outputs, all of which can be written.
    #[inline(always)]
    unsafe fn store<L: Vector>(&self, l: L, y: *mut f32, x: L::V) {
        // SAFETY: as `read`.
        unsafe { if ROOMY { l.store(y, x) } else { l.store_masked(y, l.range(0, self.outputs), x) } }
    }
}

/// What is done with a strip, for windows of `R` rows or, if that is 0, of any number. A trait and no closure, so that it is compiled for the instruction set.
trait Visit<L: Vector> {
    /// # Safety
    /// The inputs of the strip begin at `input` in each row of its windows, its outputs at `output`.
    unsafe fn strip<const ROOMY: bool>(&mut self, l: L, strip: Strip<ROOMY>, input: usize, output: usize);
}

/// How many planes slices of so many inputs and outputs have in common.
#[inline(always)]
const fn planes(d: Pool2dDims, [inputs, outputs]: [usize; 2]) -> usize {
    let (of_inputs, of_outputs) = (inputs / d.in_plane(), outputs / d.out_plane());
    if of_inputs < of_outputs { of_inputs } else { of_outputs }
}

/// Goes through all outputs of so many planes, row by row. `lens` are the numbers in inputs and outputs;
/// `spills` says whether more than a strip may be written.
#[inline(always)]
fn for_each_strip<L: Vector, V: Visit<L>>(l: L, d: Pool2dDims, lens: [usize; 2], spills: bool, mut visitor: V) {
    let [kernel, step] = rows(d);
    // How far behind the first input of a strip whole vectors of the window's last row reach.
    let reach = (kernel.max(1) - 1) * d.input[1] + 2 * L::LANES;
    let planes = planes(d, lens);
    // Nothing is written behind the last plane, however long the slices are.
    let ends = [planes * d.in_plane(), planes * d.out_plane()];
    let strips = d.output[1].div_ceil(L::LANES);
    for plane in 0..planes {
        let (mut input, mut output) = (plane * d.in_plane(), plane * d.out_plane());
        let whole = spills || d.output[1].is_multiple_of(L::LANES);
        let room = input + d.in_plane() + 2 * L::LANES <= ends[0] && output + d.out_plane() + L::LANES <= ends[1];
        for _ in 0..d.output[0] {
            for strip in 0..strips {
                let (i, o) = (input + 2 * L::LANES * strip, output + L::LANES * strip);
                // Of the last plane, the last rows alone have no room.
                let room = room || i + reach <= ends[0] && o + L::LANES <= ends[1];
                // SAFETY: the windows lie in the plane, the strip in its row; behind the plane there is room
                // for more than a vector of outputs, or behind the strip is enough.
                unsafe {
                    if whole && room {
                        visitor.strip(l, Strip::<true> { outputs: L::LANES }, i, o);
                    } else {
                        let outputs = L::LANES.min(d.output[1] - L::LANES * strip);
                        visitor.strip(l, Strip::<false> { outputs }, i, o);
                    }
                }
            }
            (input, output) = (input + step * d.input[1], output + d.output[1]);
        }
    }
}

#[inline(always)]
pub(super) fn max<L: Vector>(l: L, d: Pool2dDims, x: &[f32], y: &mut [f32], index: &mut [u8]) {
    let lens = [x.len(), y.len()];
    let (width, [kernel, _]) = (d.input[1], rows(d));
    let (x, y) = (x.as_ptr(), y.as_mut_ptr());
    match (kernel, index.is_empty()) {
        (2, true) => for_each_strip(l, d, lens, true, Max::<2> { width, kernel, x, y }),
        (_, true) => for_each_strip(l, d, lens, true, Max::<0> { width, kernel, x, y }),
        (2, _) => for_each_strip(l, d, lens, true, MaxWithIndex { max: Max::<2> { width, kernel, x, y }, index }),
        _ => for_each_strip(l, d, lens, true, MaxWithIndex { max: Max::<0> { width, kernel, x, y }, index }),
    }
}

struct Max<const R: usize> {
    width: usize,
    kernel: usize,
    x: *const f32,
    y: *mut f32,
}

impl<L: Vector, const R: usize> Visit<L> for Max<R> {
    #[inline(always)]
    unsafe fn strip<const ROOMY: bool>(&mut self, l: L, strip: Strip<ROOMY>, input: usize, output: usize) {
        // SAFETY: the rows of the windows and the outputs lie in the planes.
        unsafe {
            let row = self.x.add(input);
            let (mut low, mut high) = strip.read(l, row);
            for r in 1..if R == 0 { self.kernel } else { R } {
                let (next_low, next_high) = strip.read(l, row.add(r * self.width));
                (low, high) = (larger(l, low, next_low), larger(l, high, next_high));
            }
            let (even, odd) = l.deinterleave(low, high);
            strip.store(l, self.y.add(output), larger(l, even, odd));
        }
    }
}

struct MaxWithIndex<'a, const R: usize> {
    max: Max<R>,
    index: &'a mut [u8],
}

impl<L: Vector, const R: usize> Visit<L> for MaxWithIndex<'_, R> {
    #[inline(always)]
    unsafe fn strip<const ROOMY: bool>(&mut self, l: L, strip: Strip<ROOMY>, input: usize, output: usize) {
        // SAFETY: the rows of the windows and the outputs lie in the planes.
        unsafe {
            let (max, tap) = max_with_index(
                l,
                &strip,
                self.max.x.add(input),
                self.max.width,
                if R == 0 { self.max.kernel } else { R },
            );
            strip.store(l, self.max.y.add(output), max);
            if let Some(index) = self.index.get_mut(output..) {
                let count = if ROOMY { L::LANES } else { strip.outputs };
                let count = count.min(index.len());
                l.write_bytes(&mut index[..count], tap);
            }
        }
    }
}

/// The maxima, and the first of their places in the windows, which begin in the given row.
///
/// # Safety
/// `row` begins the first of so many rows of the input.
#[inline(always)]
unsafe fn max_with_index<L: Vector, const ROOMY: bool>(
    l: L,
    strip: &Strip<ROOMY>,
    row: *const f32,
    width: usize,
    kernel: usize,
) -> (L::V, L::V) {
    let (mut max, mut tap) = (l.splat(0.0), l.splat(0.0));
    for r in 0..kernel {
        // SAFETY: as the caller says.
        let (low, high) = unsafe { strip.read(l, row.add(r * width)) };
        let (even, odd) = l.deinterleave(low, high);
        let place = l.splat(2.0 * r as f32);
        if r == 0 {
            max = even;
        } else {
            let wins = l.or(l.lt(max, even), l.is_nan(even));
            (max, tap) = (l.select(wins, even, max), l.select(wins, place, tap));
        }
        let wins = l.or(l.lt(max, odd), l.is_nan(odd));
        (max, tap) = (l.select(wins, odd, max), l.select(wins, l.add(place, l.splat(1.0)), tap));
    }
    (max, tap)
}

/// Whether what is written too much of a row of inputs is written again later: the rows follow each other,
/// and each is one strip.
#[inline(always)]
const fn spills(d: Pool2dDims, lanes: usize) -> bool {
    covers(d) && d.output[1] <= lanes
}

/// There are as many indices as gradients.
#[inline(always)]
pub(super) fn max_backward<L: Vector>(l: L, d: Pool2dDims, dy: &[f32], index: &[u8], dx: &mut [f32]) {
    if index.len() < dy.len() {
        return;
    }
    let (lens, width, [kernel, _]) = ([dx.len(), dy.len()], d.input[1], rows(d));
    if !covers(d) {
        dx[..planes(d, lens) * d.in_plane()].fill(0.0);
    }
    let (dy, dx) = (dy.as_ptr(), dx.as_mut_ptr());
    match kernel {
        2 => for_each_strip(l, d, lens, spills(d, L::LANES), MaxBackward::<2> { width, kernel, dy, index, dx }),
        _ => for_each_strip(l, d, lens, spills(d, L::LANES), MaxBackward::<0> { width, kernel, dy, index, dx }),
    }
}

struct MaxBackward<'a, const R: usize> {
    width: usize,
    kernel: usize,
    dy: *const f32,
    index: &'a [u8],
    dx: *mut f32,
}

impl<L: Vector, const R: usize> Visit<L> for MaxBackward<'_, R> {
    #[inline(always)]
    unsafe fn strip<const ROOMY: bool>(&mut self, l: L, strip: Strip<ROOMY>, input: usize, output: usize) {
        let count = if ROOMY { L::LANES } else { strip.outputs };
        let Some(index) = self.index.get(output..output + count) else { return };
        let (tap, zero) = (l.bytes(index), l.splat(0.0));
        // SAFETY: the rows of the windows and the outputs lie in the planes.
        unsafe {
            let dy = strip.load(l, self.dy.add(output));
            for r in 0..if R == 0 { self.kernel } else { R } {
                let first = l.select(l.eq(tap, l.splat(2.0 * r as f32)), dy, zero);
                let second = l.select(l.eq(tap, l.splat(2.0 * r as f32 + 1.0)), dy, zero);
                strip.write(l, self.dx.add(input + r * self.width), first, second);
            }
        }
    }
}

#[inline(always)]
pub(super) fn average<L: Vector>(l: L, d: Pool2dDims, x: &[f32], y: &mut [f32]) {
    let (lens, width, [kernel, _]) = ([x.len(), y.len()], d.input[1], rows(d));
    let (scale, x, y) = (mean_scale(d), x.as_ptr(), y.as_mut_ptr());
    match kernel {
        2 => for_each_strip(l, d, lens, true, Average::<2> { width, kernel, scale, x, y }),
        _ => for_each_strip(l, d, lens, true, Average::<0> { width, kernel, scale, x, y }),
    }
}

struct Average<const R: usize> {
    width: usize,
    kernel: usize,
    scale: f32,
    x: *const f32,
    y: *mut f32,
}

impl<L: Vector, const R: usize> Visit<L> for Average<R> {
    #[inline(always)]
    unsafe fn strip<const ROOMY: bool>(&mut self, l: L, strip: Strip<ROOMY>, input: usize, output: usize) {
        // SAFETY: the rows of the windows and the outputs lie in the planes.
        unsafe {
            let row = self.x.add(input);
            let (mut low, mut high) = strip.read(l, row);
            for r in 1..if R == 0 { self.kernel } else { R } {
                let (next_low, next_high) = strip.read(l, row.add(r * self.width));
                (low, high) = (l.add(low, next_low), l.add(high, next_high));
            }
            let (even, odd) = l.deinterleave(low, high);
            strip.store(l, self.y.add(output), l.mul(l.add(even, odd), l.splat(self.scale)));
        }
    }
}

#[inline(always)]
pub(super) fn average_backward<L: Vector>(l: L, d: Pool2dDims, dy: &[f32], dx: &mut [f32]) {
    let (lens, width, [kernel, _]) = ([dx.len(), dy.len()], d.input[1], rows(d));
    if !covers(d) {
        dx[..planes(d, lens) * d.in_plane()].fill(0.0);
    }
    let (scale, dy, dx) = (mean_scale(d), dy.as_ptr(), dx.as_mut_ptr());
    match kernel {
        2 => for_each_strip(l, d, lens, spills(d, L::LANES), AverageBackward::<2> { width, kernel, scale, dy, dx }),
        _ => for_each_strip(l, d, lens, spills(d, L::LANES), AverageBackward::<0> { width, kernel, scale, dy, dx }),
    }
}

struct AverageBackward<const R: usize> {
    width: usize,
    kernel: usize,
    scale: f32,
    dy: *const f32,
    dx: *mut f32,
}

impl<L: Vector, const R: usize> Visit<L> for AverageBackward<R> {
    #[inline(always)]
    unsafe fn strip<const ROOMY: bool>(&mut self, l: L, strip: Strip<ROOMY>, input: usize, output: usize) {
        // SAFETY: the rows of the windows and the outputs lie in the planes.
        unsafe {
            let share = l.mul(strip.load(l, self.dy.add(output)), l.splat(self.scale));
            for r in 0..if R == 0 { self.kernel } else { R } {
                strip.write(l, self.dx.add(input + r * self.width), share, share);
            }
        }
    }
}
