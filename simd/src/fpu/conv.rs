//! Convolutions by windows of three by three: what runs where.

use tensorlet::{kernel::Conv2dDims, sliding::PaddingMode};

use super::{gradients, planes};
use crate::{
    bounds,
    samples::{samples, samples_mut},
};

/// Bytes of so many numbers.
const fn bytes(numbers: usize) -> usize {
    numbers * size_of::<f32>()
}

/// Strips of four columns at most that follow each other and have the same code.
#[derive(Clone, Copy)]
pub(crate) struct Strips {
    /// The first column of the first.
    column: usize,
    count: usize,
    /// Columns that the first lacks on its left.
    missing: usize,
    /// For one output channel and for two.
    cores: [planes::Core; 2],
}

/// How the outputs of a plane are divided: the first strip, those in the middle, the one before the last, and the last.
type Plan = [Option<Strips>; 4];

/// A correlation of planes, forward or backward. Sizes are in numbers.
pub(crate) struct Correlation {
    groups: usize,
    in_channels: usize,
    out_channels: usize,
    input: [usize; 2],
    output: [usize; 2],
    /// Channels of the output between one group and the next.
    out_step: usize,
    /// From the weights of one channel, group to the next.
    weight_out: usize,
    weight_in: usize,
    weight_group: usize,
    /// Bytes, as [`planes::Job`] has them.
    first: isize,
    tap: isize,
    next: isize,
    /// Columns of padding on the left.
    padding: usize,
    plan: Plan,
}

/// The correlation of a convolution, if it can be done here.
pub(crate) const fn forward(d: &Conv2dDims) -> Option<Correlation> {
    if !is_plain(d) {
        return None;
    }
    let [top, left] = d.window.options.padding;
    let row = bytes(d.input[1]).cast_signed();
    let Some(plan) = plan::<false>(d.out_channels, d.input[1], d.output[1], left) else { return None };
    Some(Correlation {
        groups: d.groups,
        in_channels: d.in_channels,
        out_channels: d.out_channels,
        input: d.input,
        output: d.output,
        out_step: d.out_channels,
        weight_out: d.filter_len(),
        weight_in: d.taps(),
        weight_group: d.out_channels * d.filter_len(),
        first: -(top.cast_signed() * row),
        tap: row,
        next: -row,
        padding: left,
        plan,
    })
}

/// The correlation that gives the gradient of so many input channels of each group, one or all, if it can be done here.
pub(crate) const fn backward(d: &Conv2dDims, channels: usize) -> Option<Correlation> {
    let [top, left] = d.window.options.padding;
    if !is_plain(d) || left > 2 {
        return None;
    }
    let row = bytes(d.output[1]).cast_signed();
    let Some(plan) = plan::<true>(channels, d.output[1], d.input[1], 2 - left) else { return None };
    Some(Correlation {
        groups: d.groups,
        in_channels: d.out_channels,
        out_channels: channels,
        input: d.output,
        output: d.input,
        out_step: d.in_channels,
        weight_out: d.taps(),
        weight_in: d.filter_len(),
        weight_group: d.out_channels * d.filter_len(),
        first: top.cast_signed() * row,
        tap: -row,
        next: 3 * row,
        padding: 2 - left,
        plan,
    })
}

/// Windows of three by three that go step by step over zeros around planes that are not empty, of a size for which no
/// number below overflows.
const fn is_plain(d: &Conv2dDims) -> bool {
    const MOST: usize = 1 << 10;
    let options = d.window.options;
    let window = matches!(d.window.kernel, [3, 3])
        && matches!((options.stride, options.dilation), ([1, 1], [1, 1]))
        && options.mode as u8 == PaddingMode::Zeros as u8;
    let sizes = [d.groups, d.in_channels, d.out_channels, d.input[0], d.input[1], d.output[0], d.output[1]];
    let mut i = 0;
    while i < sizes.len() {
        if sizes[i] == 0 || sizes[i] > MOST {
            return false;
        }
        i += 1;
    }
    bounds::conv2d(d) && window && options.padding[0] <= MOST && options.padding[1] <= MOST
}

/// The strips of `output` columns that see `input` columns behind `padding`.
const fn plan<const BACKWARD: bool>(channels: usize, input: usize, output: usize, padding: usize) -> Option<Plan> {
    let strips = output.div_ceil(4);
    // From which strip, and how many.
    let parts = [[0, 1], [1, strips.saturating_sub(3)], [strips.saturating_sub(2), 1], [strips.saturating_sub(1), 1]];
    let used = [true, strips > 3, strips > 2, strips > 1];
    let mut plan = [None; 4];
    let mut i = 0;
    while i < plan.len() {
        if used[i] {
            let [first, count] = parts[i];
            let column = 4 * first;
            let left = output - column;
            let columns = if left < 4 { left } else { 4 };
            let missing = padding.saturating_sub(column);
            let beyond = (column + columns + 2).saturating_sub(input + padding);
            if columns + 2 <= missing + beyond {
                return None;
            }
            let edge = [missing, beyond];
            let single = planes::core::<BACKWARD>(1, columns, edge);
            let double = planes::core::<BACKWARD>(2, columns, edge);
            let (Some(single), Some(double)) = (single, double) else { return None };
            // Code that is not needed is not named.
            let cores = match channels {
                1 => [single; 2],
                _ if channels.is_multiple_of(2) => [double; 2],
                _ => [single, double],
            };
            plan[i] = Some(Strips { column, count, missing, cores });
        }
        i += 1;
    }
    Some(plan)
}

/// `y[o] = bias[o] + Σ_c w[o][c] ∗ x[c]` of all samples and groups; of the output only the channels from `channel` on.
#[inline(never)]
pub(crate) fn correlate(k: &Correlation, channel: usize, x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]) {
    let [in_plane, out_plane] = [k.input[0] * k.input[1], k.output[0] * k.output[1]];
    let [group_in, group_out] = [k.in_channels * in_plane, k.out_step * out_plane];
    if weight.len() < k.groups * k.weight_group || channel + k.out_channels > k.out_step {
        return;
    }
    for (x, y) in samples(x, k.groups * group_in).zip(samples_mut(y, k.groups * group_out)) {
        for group in 0..k.groups {
            for o in 0..k.out_channels {
                let start = group * group_out + (channel + o) * out_plane;
                if let Some(plane) = y.get_mut(start..start + out_plane) {
                    plane.fill(bias.get(group * k.out_step + channel + o).copied().unwrap_or(0.0));
                }
            }
            let mut o = 0;
            while o < k.out_channels {
                let two = k.out_channels - o > 1;
                for strips in k.plan.iter().flatten() {
                    for n in 0..strips.count {
                        let column = strips.column + 4 * n;
                        // SAFETY: the sample has this group, the group these channels, of input and output, and
                        // `weight` as many filters. A strip's columns are in the output's rows, and of the columns
                        // that it sees its core leaves out those that do not exist, as `plan` has found.
                        unsafe {
                            let y = y.as_mut_ptr().add(group * group_out + (channel + o) * out_plane + column);
                            let job = planes::Job {
                                x: x.as_ptr().add(group * group_in + column + strips.missing - k.padding),
                                first: k.first,
                                plane: bytes(in_plane),
                                tap: k.tap,
                                next: k.next,
                                y: [y, y.wrapping_add(out_plane)],
                                y_row: bytes(k.output[1]),
                                rows: k.output[0],
                                weight: weight.as_ptr().add(group * k.weight_group + (channel + o) * k.weight_out),
                                weight_out: bytes(k.weight_out),
                                weight_in: bytes(k.weight_in),
                                x_plane: bytes(in_plane),
                                channels: k.in_channels,
                            };
                            strips.cores[usize::from(two)](&job);
                        }
                    }
                }
                o += 1 + usize::from(two);
            }
        }
    }
}

/// The gradients of weights: sizes in numbers, and what the core is told.
pub(crate) struct Gradient {
    d: Conv2dDims,
    fours: usize,
    cores: [gradients::Core; 2],
}

/// The gradient of a convolution's weights, if it can be done here.
pub(crate) const fn gradient(d: &Conv2dDims) -> Option<Gradient> {
    let padding = d.window.options.padding[1];
    if !is_plain(d) || padding > 1 {
        return None;
    }
    let columns = d.output[1];
    let beyond = (columns + 2).saturating_sub(d.input[1] + padding);
    let (first, last) = if columns <= 4 { (columns, 0) } else { (4, (columns - 5) % 4 + 1) };
    if first <= padding || first <= beyond {
        return None;
    }
    let edge = [padding, beyond];
    let (single, double) = (gradients::core(1, first, last, edge), gradients::core(2, first, last, edge));
    let (Some(single), Some(double)) = (single, double) else { return None };
    let cores = match d.out_channels {
        1 => [single; 2],
        n if n.is_multiple_of(2) => [double; 2],
        _ => [single, double],
    };
    Some(Gradient { d: *d, fours: (columns - first - last) / 4, cores })
}

/// Adds to the gradients of the weights of `channels` input channels from `channel` on, where the filters of two output
/// channels lie `filter` apart.
#[inline(never)]
pub(crate) fn weight_gradient(
    k: &Gradient,
    [channel, channels]: [usize; 2],
    filter: usize,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
) {
    let (d, taps) = (&k.d, 9);
    let padding = d.window.options.padding[0];
    if channels == 0 || channel + channels > d.in_channels || filter < channels * taps {
        return;
    }
    if dw.len() < (d.groups * d.out_channels - 1) * filter + channels * taps {
        return;
    }
    for (x, dy) in samples(x, d.in_len()).zip(samples(dy, d.out_len())) {
        for group in 0..d.groups {
            let mut o = 0;
            while o < d.out_channels {
                let two = d.out_channels - o > 1;
                let out = group * d.out_channels + o;
                for r in 0..3 {
                    // The rows of the gradient that see an input by this row of the window.
                    let from = padding.saturating_sub(r);
                    let until = (d.input[0] + padding).saturating_sub(r).min(d.output[0]);
                    if from >= until {
                        continue;
                    }
                    let input = (group * d.in_channels + channel) * d.in_plane() + (from + r - padding) * d.input[1];
                    // SAFETY: sample and gradients have these channels and rows; the core leaves out the columns that
                    // do not exist, as `gradient` has found.
                    unsafe {
                        let job = gradients::Job {
                            x: x.as_ptr().add(input),
                            dy: dy.as_ptr().add(out * d.out_plane() + from * d.output[1]),
                            dy_plane: bytes(d.out_plane()),
                            dw: dw.as_mut_ptr().add(out * filter + 3 * r),
                            dw_out: bytes(filter),
                            dw_in: bytes(taps),
                            x_plane: bytes(d.in_plane()),
                            x_row: bytes(d.input[1]),
                            rows: until - from,
                            fours: k.fours,
                            channels,
                        };
                        k.cores[usize::from(two)](&job);
                    }
                }
                o += 1 + usize::from(two);
            }
        }
    }
}
