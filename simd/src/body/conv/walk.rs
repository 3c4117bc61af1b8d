//! A convolution's products as one walk, forward or backward.
//!
//! Each position of the *output* plane reads, for each *tap* of the window, one position of the *input*
//! plane, or nothing where that lies outside. Forward, outputs step by 1 and inputs by the stride.
//! Backward it is the other way round: the input's gradient is computed one *phase* after the other, the
//! positions that are equal modulo the stride; of each phase only some taps reach a position, and these
//! read neighbours.

use tensorlet::{description::Window, kernel::Conv2dDims, sliding::PaddingMode};

use crate::body::Sizes;

/// The most taps along one axis that the vector bodies take; larger windows go the portable way.
pub(super) const MOST_TAPS: usize = 11;
/// The largest length and padding of an axis.
const MOST_LENGTH: usize = 1 << 15;
/// The largest distance between the first and the last tap along one axis.
const MOST_REACH: usize = 64;

/// One axis of the walk: output `q` of `count` lies at `phase + q · out_step` and reads, for tap
/// `t`, the input at `q · in_step + offset(t)`.
#[derive(Clone, Copy)]
pub(super) struct Axis {
    pub(super) count: usize,
    pub(super) phase: usize,
    pub(super) out_step: usize,
    pub(super) in_len: usize,
    pub(super) in_step: usize,
    /// The number of taps that reach these outputs.
    pub(super) taps: usize,
    first_tap: usize,
    tap_step: usize,
    first_offset: isize,
    offset_step: isize,
}

impl Axis {
    /// Output `o` reads input `o · stride + tap · dilation - padding`.
    #[inline(always)]
    const fn forward(d: Conv2dDims, axis: usize) -> Self {
        let Window { kernel, options } = d.window;
        Self {
            count: d.output[axis],
            phase: 0,
            out_step: 1,
            in_len: d.input[axis],
            in_step: options.stride[axis],
            taps: kernel[axis],
            first_tap: 0,
            tap_step: 1,
            first_offset: -options.padding[axis].cast_signed(),
            offset_step: options.dilation[axis].cast_signed(),
        }
    }

    /// The inputs `i = phase + q · stride` of a forward axis are the outputs here: they collect from
    /// its outputs `o = (i + padding - tap · dilation) / stride`, for the taps for which this is whole.
    /// Of stride and dilation one is 1.
    #[inline(always)]
    const fn backward(d: Conv2dDims, axis: usize, phase: usize) -> Self {
        let Window { kernel, options } = d.window;
        let (stride, padding) = (options.stride[axis], options.padding[axis]);
        let first_tap = (phase + padding) % stride;
        Self {
            count: d.input[axis].saturating_sub(phase).div_ceil(stride),
            phase,
            out_step: stride,
            in_len: d.output[axis],
            in_step: 1,
            taps: kernel[axis].saturating_sub(first_tap).div_ceil(stride),
            first_tap,
            tap_step: stride,
            first_offset: ((phase + padding - first_tap) / stride).cast_signed(),
            offset_step: -options.dilation[axis].cast_signed(),
        }
    }

    /// The place of tap `t` in the window.
    #[inline(always)]
    pub(super) const fn tap(&self, t: usize) -> usize {
        self.first_tap + t * self.tap_step
    }

    /// How far from `q · in_step` tap `t` reads.
    #[inline(always)]
    pub(super) const fn offset(&self, t: usize) -> isize {
        self.first_offset + t.cast_signed() * self.offset_step
    }

    /// The smallest offset of a tap.
    #[inline(always)]
    pub(super) const fn least_offset(&self) -> isize {
        let last = self.offset(self.taps.saturating_sub(1));
        if last < self.first_offset { last } else { self.first_offset }
    }

    /// The distance between the smallest and the largest offset.
    #[inline(always)]
    pub(super) const fn reach(&self) -> usize {
        self.taps.saturating_sub(1) * self.offset_step.unsigned_abs()
    }

    /// The outputs `q`, from the first to one past the last, whose input for tap `t` exists.
    #[inline(always)]
    pub(super) const fn valid(&self, t: usize) -> [usize; 2] {
        let offset = self.offset(t);
        let missing = if offset < 0 { offset.unsigned_abs() } else { 0 };
        let left = self.in_len.cast_signed() - offset;
        let left = if left > 0 { left.unsigned_abs() } else { 0 };
        [missing.div_ceil(self.in_step), left.div_ceil(self.in_step)]
    }
}

/// Whether the vector bodies can take these sizes.
pub(crate) const fn fits(d: Conv2dDims) -> bool {
    let zeros = d.window.options.mode as u8 == PaddingMode::Zeros as u8;
    let channels = d.in_channels >= 1 && d.out_channels >= 1 && d.in_channels <= 1 << 15 && d.out_channels <= 1 << 15;
    zeros && channels && d.groups >= 1 && d.groups <= 1 << 15 && axis_fits(d, 0) && axis_fits(d, 1)
}

const fn axis_fits(d: Conv2dDims, axis: usize) -> bool {
    let Window { kernel, options } = d.window;
    let (stride, dilation, kernel) = (options.stride[axis], options.dilation[axis], kernel[axis]);
    let (input, output) = (d.input[axis], d.output[axis]);
    let window = kernel >= 1 && kernel <= MOST_TAPS && stride >= 1 && stride <= MOST_LENGTH;
    let steps = dilation >= 1 && dilation * kernel.saturating_sub(1) <= MOST_REACH && (stride == 1 || dilation == 1);
    let lengths = input >= 1 && input <= MOST_LENGTH && output >= 1 && output <= MOST_LENGTH;
    window && steps && lengths && options.padding[axis] <= MOST_LENGTH
}

/// `out[o] = bias[o] + Σ_{c, taps} w[o][c][tap] · in[c][…]` for one group of channels .
#[derive(Clone, Copy)]
pub(super) struct Walk {
    pub(super) rows: Axis,
    pub(super) columns: Axis,
    /// The length of a row of the output plane.
    pub(super) out_width: usize,
    pub(super) in_channels: usize,
    pub(super) out_channels: usize,
    /// Numbers in one channel of the input and of the output.
    pub(super) in_plane: usize,
    pub(super) out_plane: usize,
    /// Steps in the weight from one output and input channel to the next.
    pub(super) weight_out: usize,
    pub(super) weight_in: usize,
    /// The length of a row of the window.
    pub(super) kernel_columns: usize,
}

impl Walk {
    #[inline(always)]
    pub(super) const fn forward(d: Conv2dDims) -> Self {
        Self {
            rows: Axis::forward(d, 0),
            columns: Axis::forward(d, 1),
            out_width: d.output[1],
            in_channels: d.in_channels,
            out_channels: d.out_channels,
            in_plane: d.in_plane(),
            out_plane: d.out_plane(),
            weight_out: d.filter_len(),
            weight_in: d.taps(),
            kernel_columns: d.window.kernel[1],
        }
    }

    #[inline(always)]
    pub(super) const fn backward(d: Conv2dDims, phases: [usize; 2]) -> Self {
        Self {
            rows: Axis::backward(d, 0, phases[0]),
            columns: Axis::backward(d, 1, phases[1]),
            out_width: d.input[1],
            in_channels: d.out_channels,
            out_channels: d.in_channels,
            in_plane: d.out_plane(),
            out_plane: d.in_plane(),
            weight_out: d.taps(),
            weight_in: d.filter_len(),
            kernel_columns: d.window.kernel[1],
        }
    }

    /// The weights that an output channel has for an input channel in this walk.
    #[inline(always)]
    pub(super) const fn weight_taps(&self) -> usize {
        self.rows.taps * self.columns.taps
    }

    /// Whether neighbours among the outputs read neighbours in the input, row by row: there are as many in a row.
    #[inline(always)]
    pub(super) const fn reads_planes(&self) -> bool {
        self.rows.in_step == 1 && self.columns.in_step == 1 && self.columns.count == self.columns.in_len
    }

    /// Whether the outputs are neighbours in their plane, row by row.
    #[inline(always)]
    pub(super) const fn fills_planes(&self) -> bool {
        self.rows.out_step == 1 && self.columns.out_step == 1 && self.columns.count == self.out_width
    }

    /// Whether input and output planes have the same width, and neighbours are the same.
    #[inline(always)]
    pub(super) const fn keeps_width(&self) -> bool {
        self.reads_planes() && self.fills_planes()
    }
}

/// The phases of a backward walk that have positions.
#[inline(always)]
pub(super) const fn phases(d: Conv2dDims, axis: usize) -> usize {
    let stride = d.window.options.stride[axis];
    if stride < d.input[axis] { stride } else { d.input[axis] }
}

/// A walk that is known when the body is compiled, or is not.
pub(super) trait Known {
    const FORWARD: bool;
    const WALK: Option<Walk>;
}

/// The walk forward of sizes.
pub(super) struct Forward<S>(S);

impl<S: Sizes<Conv2dDims>> Known for Forward<S> {
    const FORWARD: bool = true;
    const WALK: Option<Walk> = match S::KNOWN {
        Some(d) => Some(Walk::forward(d)),
        None => None,
    };
}

/// The walk backward of sizes; that of the first phases, if there are several.
pub(super) struct Backward<S>(S);

impl<S: Sizes<Conv2dDims>> Known for Backward<S> {
    const FORWARD: bool = false;
    const WALK: Option<Walk> = match S::KNOWN {
        Some(d) => Some(Walk::backward(d, [0, 0])),
        None => None,
    };
}
