//! How a window slides over a plane, and how vectors lie on the plane that results.
//!
//! Convolution, pooling and their gradients are all one walk: each position of the *output* plane
//! reads, for each *tap* of the window, one position of the *input* plane, or none where that lies
//! outside. Forward, outputs step by 1 and inputs by the stride. Backward it is the other way round:
//! the input's gradient is computed one *phase* after the other, the positions that are equal
//! modulo the stride; of each phase only some taps reach a position, and these read neighbours.

use tensorlet::description::Window;

use crate::vector::{MOST_LANES, Vector};

/// The most taps along one axis that the vector bodies take; larger windows go the portable way.
const MOST_TAPS: usize = 11;
/// The largest length and padding of an axis, for which all offsets fit into `i32` and `f32`.
const MOST_LENGTH: usize = 1 << 15;

/// The sizes of a window and of the planes along one axis.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    kernel: usize,
    stride: usize,
    padding: usize,
    input: usize,
    output: usize,
}

impl Sizes {
    /// Of no window.
    pub(crate) const EMPTY: Self = Self { kernel: 0, stride: 1, padding: 0, input: 0, output: 0 };

    /// Of rows (0) or columns (1).
    #[inline(always)]
    pub(crate) const fn of(window: Window, input: [usize; 2], output: [usize; 2], axis: usize) -> Self {
        Self {
            kernel: window.kernel[axis],
            stride: window.options.stride[axis],
            padding: window.options.padding[axis],
            input: input[axis],
            output: output[axis],
        }
    }

    /// Whether the vector bodies can take them.
    pub(crate) const fn fits(&self) -> bool {
        let Self { kernel, stride, padding, input, output } = *self;
        let window = kernel >= 1 && kernel <= MOST_TAPS && stride >= 1 && stride <= MOST_LENGTH;
        let lengths = input >= 1 && input <= MOST_LENGTH && output >= 1 && output <= MOST_LENGTH;
        window && lengths && padding <= MOST_LENGTH
    }

    #[inline(always)]
    pub(crate) const fn stride(&self) -> usize {
        self.stride
    }

    #[inline(always)]
    pub(crate) const fn input(&self) -> usize {
        self.input
    }

    /// The first tap that reaches the inputs of a phase; so does each tap a stride behind one that does.
    #[inline(always)]
    pub(crate) const fn first_tap(&self, phase: usize) -> usize {
        (phase + self.padding) % self.stride
    }

    /// The phases of a backward walk that have positions.
    #[inline(always)]
    pub(crate) const fn phases(&self) -> usize {
        if self.stride < self.input { self.stride } else { self.input }
    }
}

/// One axis of the walk: output `q` of `count` lies at `phase + q · out_step` and reads, for tap
/// `t`, the input at `q · in_step + offset(t)`.
#[derive(Clone, Copy)]
pub(crate) struct Axis {
    pub(crate) count: usize,
    pub(crate) phase: usize,
    pub(crate) out_step: usize,
    pub(crate) in_len: usize,
    pub(crate) in_step: usize,
    /// The number of taps that reach these outputs.
    pub(crate) taps: usize,
    first_offset: isize,
    offset_step: isize,
}

impl Axis {
    /// Output `o` reads input `o · stride + tap - padding`.
    #[inline(always)]
    pub(crate) const fn forward(sizes: Sizes) -> Self {
        Self {
            count: sizes.output,
            phase: 0,
            out_step: 1,
            in_len: sizes.input,
            in_step: sizes.stride,
            taps: sizes.kernel,
            first_offset: -sizes.padding.cast_signed(),
            offset_step: 1,
        }
    }

    /// The inputs `i = phase + q · stride` of a forward axis are the outputs here: they collect from
    /// its outputs `o = (i + padding - tap) / stride`, for the taps for which this is whole.
    #[inline(always)]
    pub(crate) const fn backward(sizes: Sizes, phase: usize) -> Self {
        let Sizes { kernel, stride, padding, input, output } = sizes;
        let first_tap = sizes.first_tap(phase);
        Self {
            count: input.saturating_sub(phase).div_ceil(stride),
            phase,
            out_step: stride,
            in_len: output,
            in_step: 1,
            taps: kernel.saturating_sub(first_tap).div_ceil(stride),
            first_offset: ((phase + padding - first_tap) / stride).cast_signed(),
            offset_step: -1,
        }
    }

    /// How far from `q · in_step` tap `t` reads.
    #[inline(always)]
    pub(crate) const fn offset(&self, t: usize) -> isize {
        self.first_offset + t.cast_signed() * self.offset_step
    }

    /// The outputs `q`, from the first to one past the last, whose input for tap `t` exists.
    #[inline(always)]
    const fn valid(&self, t: usize) -> [usize; 2] {
        let offset = self.offset(t);
        let missing = if offset < 0 { offset.unsigned_abs() } else { 0 };
        let left = self.in_len.cast_signed() - offset;
        let left = if left > 0 { left.unsigned_abs() } else { 0 };
        [missing.div_ceil(self.in_step), left.div_ceil(self.in_step)]
    }
}

/// A walk over a plane.
#[derive(Clone, Copy)]
pub(crate) struct Plane {
    pub(crate) rows: Axis,
    pub(crate) columns: Axis,
    /// The length of a row of the output plane.
    pub(crate) out_width: usize,
}

impl Plane {
    /// Whether neighbours in the output read inputs that are not neighbours.
    #[inline(always)]
    pub(crate) const fn gathers(&self) -> bool {
        self.rows.in_step != 1 || self.columns.in_step != 1
    }

    /// Whether vectors run on from one row of the output into the next: where the inputs do so too,
    /// or are gathered anyway.
    #[inline(always)]
    const fn is_flat(&self) -> bool {
        self.rows.out_step == 1
            && self.columns.out_step == 1
            && self.columns.count == self.out_width
            && (self.gathers() || self.columns.count == self.columns.in_len)
    }

    /// The vectors that cover the outputs.
    #[inline(always)]
    pub(crate) const fn vectors(&self, lanes: usize) -> usize {
        if self.is_flat() {
            (self.rows.count * self.columns.count).div_ceil(lanes)
        } else {
            self.rows.count * self.columns.count.div_ceil(lanes)
        }
    }
}

/// `P` vectors of outputs: where each lies, and which of its lanes have an input for which tap.
/// `GATHERS` is what the plane says of itself.
pub(crate) struct Pixels<L: Vector, const P: usize, const GATHERS: bool> {
    /// The input of lane 0 for a tap with offset 0; where inputs are gathered, 0.
    input: [isize; P],
    /// The inputs of the lanes relative to `input`, used where they are gathered.
    index: [L::Index; P],
    /// The place of lane 0 in the output plane; lanes follow each other by `columns.out_step`.
    output: [usize; P],
    /// The lanes in use, from the first.
    used: [usize; P],
    /// The lanes whose input row exists, for each tap.
    rows: [[L::Mask; P]; MOST_TAPS],
    /// The lanes whose input column exists, for each tap.
    columns: [[L::Mask; P]; MOST_TAPS],
}

impl<L: Vector, const P: usize, const GATHERS: bool> Pixels<L, P, GATHERS> {
    /// The vectors from number `first` on; those beyond the last have no lanes.
    #[inline(always)]
    pub(crate) fn new(l: L, plane: &Plane, first: usize) -> Self {
        let none = l.range(0, 0);
        let mut pixels = Self {
            input: [0; P],
            index: [l.index(&[0; MOST_LANES]); P],
            output: [0; P],
            used: [0; P],
            rows: [[none; P]; MOST_TAPS],
            columns: [[none; P]; MOST_TAPS],
        };
        let end = plane.vectors(L::LANES);
        for p in 0..P {
            if first + p < end {
                pixels.place(l, plane, first + p, p);
            }
        }
        pixels
    }

    /// Makes vector `vector` number `p`.
    #[inline(always)]
    fn place(&mut self, l: L, plane: &Plane, vector: usize, p: usize) {
        let Plane { rows, columns, .. } = plane;
        let (mut i, mut j, flat) = if plane.is_flat() {
            let start = vector * L::LANES;
            (start / columns.count, start % columns.count, true)
        } else {
            let strips = columns.count.div_ceil(L::LANES);
            (vector / strips, vector % strips * L::LANES, false)
        };
        self.output[p] = (rows.phase + i * rows.out_step) * plane.out_width + columns.phase + j * columns.out_step;
        self.input[p] = if GATHERS { 0 } else { (i * columns.in_len + j).cast_signed() };

        let (mut row, mut column, mut index) = ([0.0; MOST_LANES], [0.0; MOST_LANES], [0; MOST_LANES]);
        let mut used = 0;
        while used < L::LANES && i < rows.count && j < columns.count {
            (row[used], column[used]) = (i as f32, j as f32);
            index[used] = (i * rows.in_step * columns.in_len + j * columns.in_step) as i32;
            used += 1;
            j += 1;
            if flat && j == columns.count {
                (i, j) = (i + 1, 0);
            }
        }
        self.used[p] = used;
        if GATHERS {
            self.index[p] = l.index(&index);
        }
        let (row, column, used) = (l.read(&row), l.read(&column), l.range(0, used));
        for t in 0..rows.taps {
            self.rows[t][p] = l.and(used, between(l, row, rows.valid(t)));
        }
        for t in 0..columns.taps {
            self.columns[t][p] = between(l, column, columns.valid(t));
        }
    }

    /// The inputs of vector `p` for the taps `r` and `s`: 0 where there is none.
    ///
    /// # Safety
    /// `input` begins a plane of `rows.in_len × columns.in_len` numbers of the walk that these
    /// pixels were made for, and `r` and `s` are taps of it.
    #[inline(always)]
    pub(crate) unsafe fn load(&self, l: L, plane: &Plane, input: *const f32, p: usize, r: usize, s: usize) -> L::V {
        let offset = plane.rows.offset(r) * plane.columns.in_len.cast_signed() + plane.columns.offset(s);
        let from = input.wrapping_offset(self.input[p] + offset);
        let mask = self.mask(l, p, r, s);
        // SAFETY: the mask has the lanes whose row and column both lie inside the input plane.
        unsafe { if GATHERS { l.gather(from, self.index[p], mask) } else { l.load_masked(from, mask) } }
    }

    /// The lanes of vector `p` that have an input for the taps `r` and `s`.
    #[inline(always)]
    pub(crate) fn mask(&self, l: L, p: usize, r: usize, s: usize) -> L::Mask {
        l.and(self.rows[r][p], self.columns[s][p])
    }

    /// The place of vector `p` in the output plane, and its number of lanes.
    #[inline(always)]
    pub(crate) const fn output(&self, p: usize) -> (usize, usize) {
        (self.output[p], self.used[p])
    }

    /// Writes vector `p` into its output plane.
    #[inline(always)]
    pub(crate) fn write(&self, l: L, plane: &Plane, output: &mut [f32], p: usize, x: L::V) {
        let (start, used) = self.output(p);
        let Some(output) = output.get_mut(start..) else { return };
        if plane.columns.out_step == 1 {
            if let Some(output) = output.get_mut(..used) {
                l.write(output, x);
            }
        } else {
            for (to, x) in output.iter_mut().step_by(plane.columns.out_step).zip(l.to_array(x)).take(used) {
                *to = x;
            }
        }
    }
}

/// Where `from ≤ x < to`.
#[inline(always)]
fn between<L: Vector>(l: L, x: L::V, [from, to]: [usize; 2]) -> L::Mask {
    l.and(l.le(l.splat(from as f32), x), l.lt(x, l.splat(to as f32)))
}
