//! Windows of three by three weights, forward and backward, and the gradients of weights of any window.
//!
//! Four output channels by a vector of columns stay in registers over all inputs of a row of the output: three vectors
//! of inputs and twelve weights make 48 products. Where columns do not exist, or are not wanted, vectors are masked;
//! padding counts as zeros.

use core::{arch::naked_asm, ops::Range};

use tensorlet::{kernel::Conv2dDims, sliding::PaddingMode};

use super::{dot, single};
use crate::{
    bounds,
    samples::{samples, samples_mut},
};

/// What the core works on: a vector of columns in a row of the output, of four channels. The assembly changes it.
#[repr(C)]
struct Job {
    /// What the first column sees by the window's outermost column on the left, in the first row that exists.
    x: *const f32,
    /// The weights of the first input channel for that row.
    weight: [*const f32; 4],
    /// Rows that exist: none where the window sees padding alone.
    rows: usize,
    /// Bytes from one such row to the next.
    row: isize,
    /// Bytes from behind the last row to the first of the next channel.
    next: isize,
    /// Bytes from behind the weights of the last row to those of the next channel's first.
    weight_next: usize,
    /// Input channels, at least one.
    channels: usize,
    /// The bytes of vectors that exist, as bits, for each column of the window from the left.
    masks: [u32; 3],
    /// Those of the output.
    mask: u32,
    bias: [f32; 4],
    y: [*mut f32; 4],
}

/// A correlation of planes, forward or backward. Sizes are in numbers.
pub(crate) struct Correlation {
    groups: usize,
    in_channels: usize,
    out_channels: usize,
    input: [usize; 2],
    output: [usize; 2],
    /// Channels of the output from one group to the next.
    out_step: usize,
    weight_out: usize,
    weight_in: usize,
    weight_group: usize,
    padding: [usize; 2],
    backward: bool,
}

/// The correlation of a convolution, if it can be done here.
pub(crate) const fn forward(d: &Conv2dDims) -> Option<Correlation> {
    if !is_stepwise(d) || !matches!(d.window.kernel, [3, 3]) {
        return None;
    }
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
        padding: d.window.options.padding,
        backward: false,
    })
}

/// The correlation that gives the gradient of so many input channels of each group, one or all, if it can be done here.
pub(crate) const fn backward(d: &Conv2dDims, channels: usize) -> Option<Correlation> {
    let [top, left] = d.window.options.padding;
    if !is_stepwise(d) || !matches!(d.window.kernel, [3, 3]) || top > 2 || left > 2 {
        return None;
    }
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
        padding: [2 - top, 2 - left],
        backward: true,
    })
}

/// Windows that go step by step over zeros around planes that are not empty, of a size for which no number below
/// overflows.
const fn is_stepwise(d: &Conv2dDims) -> bool {
    const MOST: usize = 1 << 10;
    let options = d.window.options;
    let window = matches!((options.stride, options.dilation), ([1, 1], [1, 1]))
        && options.mode as u8 == PaddingMode::Zeros as u8
        && d.window.kernel[0] <= 16
        && d.window.kernel[1] <= 16;
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

/// The bytes, as bits, of the lanes `from..to` of a vector.
fn mask(from: isize, to: isize) -> u32 {
    let [from, to] = [from, to].map(|lane| 4 * lane.clamp(0, 4).cast_unsigned() as u32);
    ((1 << to) - 1) & !((1 << from) - 1)
}

/// The rows of a window of `taps` that meet one of `len` rows from output `position` on: the first of them, how many.
fn meets(position: usize, padding: usize, taps: usize, len: usize) -> [usize; 2] {
    let from = padding.saturating_sub(position);
    let until = (len + padding).saturating_sub(position).min(taps);
    [from, until.saturating_sub(from)]
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
            for o in (0..k.out_channels).step_by(4) {
                let channels = [0, 1, 2, 3].map(|i| channel + (o + i).min(k.out_channels - 1));
                let bias = channels.map(|o| bias.get(group * k.out_step + o).copied().unwrap_or(0.0));
                for column in (0..k.output[1]).step_by(4) {
                    let lane = k.padding[1].cast_signed() - column.cast_signed();
                    let masks = [0, 1, 2].map(|s| mask(lane - s, lane - s + k.input[1].cast_signed()));
                    let wanted = mask(0, k.output[1].cast_signed() - column.cast_signed());
                    let masks = masks.map(|mask| mask & wanted);
                    let whole = masks.iter().chain(&[wanted]).all(|mask| *mask == 0xffff);
                    // Rows whose windows lie within the input, of channels by themselves.
                    let alone = if k.in_channels == 1 && k.out_channels == 1 { within(k) } else { 0..0 };
                    if !alone.is_empty() {
                        // SAFETY: as below; there are nine weights.
                        unsafe {
                            let filter = weight.as_ptr().add(group * k.weight_group + channel * k.weight_out);
                            let out = (group * k.out_step + channel) * out_plane + alone.start * k.output[1] + column;
                            let job = single::Job {
                                x: x.as_ptr()
                                    .add(group * group_in)
                                    .wrapping_add((alone.start - k.padding[0]) * k.input[1])
                                    .wrapping_offset(-lane),
                                row: k.input[1] * size_of::<f32>(),
                                y: y.as_mut_ptr().add(out),
                                y_row: k.output[1] * size_of::<f32>(),
                                rows: alone.len(),
                                bias: bias[0],
                                masks,
                                mask: wanted,
                                weights: TAPS.map(|tap| *filter.add(if k.backward { 8 - tap } else { tap })),
                            };
                            if whole { single::rows::<false>(&job) } else { single::rows::<true>(&job) }
                        }
                    }
                    for row in (0..k.output[0]).filter(|row| !alone.contains(row)) {
                        let [first, rows] = meets(row, k.padding[0], 3, k.input[0]);
                        // SAFETY: the sample has this group, the group these channels, of input and output, and
                        // `weight` as many filters; channels that the group lacks are its last. The rows exist, and
                        // of their columns the masks leave out those that do not.
                        unsafe {
                            let plane = x.as_ptr().add(group * group_in);
                            let filters = weight.as_ptr().add(group * k.weight_group);
                            let input = row + first - k.padding[0];
                            // Backward the window's last row comes first, and the rows of the plane go upwards.
                            let (input, tap, step) = if k.backward {
                                ((input + rows).wrapping_sub(1), 3 - first - rows, -(k.input[1].cast_signed()))
                            } else {
                                (input, first, k.input[1].cast_signed())
                            };
                            let row_bytes = bytes(step);
                            let out = group * group_out + row * k.output[1] + column;
                            let mut job = Job {
                                x: plane.wrapping_add(input.wrapping_mul(k.input[1])).wrapping_offset(-lane),
                                weight: channels.map(|o| filters.wrapping_add(o * k.weight_out + 3 * tap)),
                                rows,
                                row: row_bytes,
                                next: bytes(in_plane.cast_signed()) - rows.cast_signed() * row_bytes,
                                weight_next: (k.weight_in - 3 * rows) * size_of::<f32>(),
                                channels: k.in_channels,
                                masks,
                                mask: wanted,
                                bias,
                                y: channels.map(|o| y.as_mut_ptr().add(out + o * out_plane)),
                            };
                            match (k.backward, whole) {
                                (false, true) => windows::<false, false>(&mut job),
                                (false, false) => windows::<false, true>(&mut job),
                                (true, true) => windows::<true, false>(&mut job),
                                (true, false) => windows::<true, true>(&mut job),
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The taps of a window.
const TAPS: [usize; 9] = [0, 1, 2, 3, 4, 5, 6, 7, 8];

/// The rows of the output whose windows lie within the rows of the input.
fn within(k: &Correlation) -> Range<usize> {
    k.padding[0]..(k.input[0] + k.padding[0]).saturating_sub(2).min(k.output[0])
}

/// Bytes of so many numbers.
const fn bytes(numbers: isize) -> isize {
    numbers * size_of::<f32>().cast_signed()
}

/// Three weights of two channels with three vectors: `products![weights; sums; weights; sums]`, the second of each
/// channel four registers behind the first.
macro_rules! products {
    ($w0:literal $w1:literal; $a0:literal $a1:literal) => {
        concat!(
            "ldm ",
            $w0,
            "!, {{r6-r8}}\n",
            "ldm ",
            $w1,
            "!, {{r10-r12}}\n",
            ".if {backward}\n",
            "vfma.f32 ",
            $a0,
            ", q6, r6\n",
            "vfma.f32 ",
            $a1,
            ", q6, r10\n",
            "vfma.f32 ",
            $a0,
            ", q5, r7\n",
            "vfma.f32 ",
            $a1,
            ", q5, r11\n",
            "vfma.f32 ",
            $a0,
            ", q4, r8\n",
            "vfma.f32 ",
            $a1,
            ", q4, r12\n",
            ".else\n",
            "vfma.f32 ",
            $a0,
            ", q4, r6\n",
            "vfma.f32 ",
            $a1,
            ", q4, r10\n",
            "vfma.f32 ",
            $a0,
            ", q5, r7\n",
            "vfma.f32 ",
            $a1,
            ", q5, r11\n",
            "vfma.f32 ",
            $a0,
            ", q6, r8\n",
            "vfma.f32 ",
            $a1,
            ", q6, r12\n",
            ".endif\n",
        )
    };
}

/// Four output channels of a vector of columns. `BACKWARD`, the last column of the window comes first.
///
/// # Safety
/// The weights and outputs of the job are there, and what the masks have of the inputs; unless `MASKED`, all.
// SAFETY of the assembly: `r4` to `r11`, `lr` and `q4` to `q6` (`d8` to `d13`) are saved and restored, the stack is as
// before at the end, and flags, `p0`, `r0` to `r3`, `r12` and `q0` to `q3` belong to the callee. For each of `rows` of
// each channel it reads three vectors, a number apart, and three weights of four filters; it writes a vector to each of
// `y` and counts `channels` of the job down. `MASKED`, only bytes that the masks have are read and written. All are
// words, aligned by their types.
#[unsafe(naked)]
unsafe extern "C" fn windows<const BACKWARD: bool, const MASKED: bool>(job: *mut Job) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r4-r11, lr}}",
        "vpush {{d8-d13}}",
        "add r12, r0, #56",
        "ldm r12, {{r4-r7}}",
        "vdup.32 q0, r4",
        "vdup.32 q1, r5",
        "vdup.32 q2, r6",
        "vdup.32 q3, r7",
        "ldm r0, {{r1-r5}}",
        "ldr r9, [r0, #24]",
        "2:",
        "ldr lr, [r0, #20]",
        "wls lr, lr, 4f",
        "3:",
        ".if {masked}",
        "vldr p0, [r0, #40]",
        "vpst",
        "vldrwt.u32 q4, [r1]",
        "vldr p0, [r0, #44]",
        "vpst",
        "vldrwt.u32 q5, [r1, #4]",
        "vldr p0, [r0, #48]",
        "vpst",
        "vldrwt.u32 q6, [r1, #8]",
        ".else",
        "vldrw.u32 q4, [r1]",
        "vldrw.u32 q5, [r1, #4]",
        "vldrw.u32 q6, [r1, #8]",
        ".endif",
        "add r1, r1, r9",
        products!["r2" "r3"; "q0" "q1"],
        products!["r4" "r5"; "q2" "q3"],
        "le lr, 3b",
        "4:",
        "ldrd r6, r7, [r0, #28]",
        "add r1, r1, r6",
        "add r2, r2, r7",
        "add r3, r3, r7",
        "add r4, r4, r7",
        "add r5, r5, r7",
        "ldr r6, [r0, #36]",
        "subs r6, r6, #1",
        "str r6, [r0, #36]",
        "bne 2b",
        "add r12, r0, #72",
        "ldm r12, {{r4-r7}}",
        ".if {masked}",
        "vldr p0, [r0, #52]",
        "vpstttt",
        "vstrwt.32 q0, [r4]",
        "vstrwt.32 q1, [r5]",
        "vstrwt.32 q2, [r6]",
        "vstrwt.32 q3, [r7]",
        ".else",
        "vstrw.32 q0, [r4]",
        "vstrw.32 q1, [r5]",
        "vstrw.32 q2, [r6]",
        "vstrw.32 q3, [r7]",
        ".endif",
        "vpop {{d8-d13}}",
        "pop {{r4-r11, pc}}",
        backward = const BACKWARD as usize,
        masked = const MASKED as usize,
    )
}

/// Whether the gradient of a convolution's weights can be done here.
pub(crate) const fn gradient(d: &Conv2dDims) -> bool {
    is_stepwise(d)
}

/// Adds to the gradients of the weights of `channels` input channels from `channel` on, where the filters of two output
/// channels lie `filter` apart.
#[inline(never)]
pub(crate) fn weight_gradient(
    d: &Conv2dDims,
    [channel, channels]: [usize; 2],
    filter: usize,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
) {
    let [height, width] = d.window.kernel;
    let padding = d.window.options.padding;
    if channel + channels > d.in_channels
        || filter < channels * height * width
        || dw.len() < d.groups * d.out_channels * filter
    {
        return;
    }
    for (x, dy) in samples(x, d.in_len()).zip(samples(dy, d.out_len())) {
        let blocks = d.out_channels.div_ceil(4).max(1);
        for block in 0..d.groups * blocks {
            let (group, first) = (block / blocks, block % blocks * 4);
            let outs = [0, 1, 2, 3].map(|i| group * d.out_channels + (first + i).min(d.out_channels - 1));
            let plane = (group * d.in_channels + channel) * d.in_plane();
            for tap in 0..height * width {
                let (r, s) = (tap / width.max(1), tap % width.max(1));
                let rows = sees(r, padding[0], d.input[0], d.output[0]);
                let columns = sees(s, padding[1], d.input[1], d.output[1]);
                if rows.is_empty() || columns.is_empty() {
                    continue;
                }
                let input = (rows.start + r - padding[0]) * d.input[1] + columns.start + s - padding[1];
                let gradient = rows.start * d.output[1] + columns.start;
                // SAFETY: the sample has these channels, and their gradients so many rows of so many columns that see
                // inputs by this tap; `dw` has `channels` taps for each output channel.
                unsafe {
                    let dy = outs.map(|o| dy.as_ptr().add(o * d.out_plane() + gradient));
                    let mut job = dot::Job::of(dy, [rows.len(), columns.len()], [d.input[1], d.output[1]]);
                    for c in 0..channels {
                        let sums = job.sums(x.as_ptr().add(plane + c * d.in_plane() + input));
                        let dw = dw.as_mut_ptr().add(outs[0] * filter + c * height * width + tap);
                        for (i, sum) in sums.into_iter().enumerate().take(d.out_channels - first) {
                            *dw.add(i * filter) += sum;
                        }
                    }
                }
            }
        }
    }
}

/// The outputs, of `output`, that see one of `input` by a tap of the window.
fn sees(tap: usize, padding: usize, input: usize, output: usize) -> Range<usize> {
    padding.saturating_sub(tap)..(input + padding).saturating_sub(tap).min(output)
}
