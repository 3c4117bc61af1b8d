//! Poolings: all channels of a window side by side.

use core::arch::naked_asm;

use tensorlet::{description::Window as Sizes, kernel::Pool2dDims, quantized::Clamp};

use crate::{bounds, samples};

/// What [`max_pairs`] and [`mean_pairs`] work on. The offsets of the fields stand in the assembly.
#[repr(C)]
struct Pairs {
    /// Two lines of the input.
    x: [*const i8; 2],
    y: *mut i8,
    channels: u32,
    /// Outputs of the line, at least 1.
    outputs: u32,
    /// Bytes from one window to the next.
    step: u32,
}

/// A function for windows of 2 by 2: `name, [what happens to the channels of four pixels]`.
macro_rules! pairs {
    ($(#[$doc:meta])* $name:ident, [$($body:literal),*]) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// Both lines hold all windows, and there is room for the outputs.
        // SAFETY of the assembly: `r4` to `r11` and `lr` are saved and restored, the stack is as before at the end, and
        // flags, `r0` to `r3`, `r12` and `q0` to `q3` belong to the callee. For each of `outputs` it reads `channels`
        // bytes of four pixels, two beside each other in either line, and writes as many, of the last vector only what
        // is left; windows are `step` apart. `ldrd` sees addresses of words.
        #[unsafe(naked)]
        unsafe extern "C" fn $name(pairs: *const Pairs) {
            naked_asm!(
                ".cpu cortex-m55",
                "push {{r4-r11, lr}}",
                "ldrd r8, r9, [r0]",
                "ldrd r3, r10, [r0, #8]",
                "ldrd r11, r12, [r0, #16]",
                "mov r1, #2",
                "1:",
                // Loads that widen have their addresses in the lower registers.
                "mov r4, r8",
                "add r5, r8, r10",
                "mov r6, r9",
                "add r7, r9, r10",
                "mov r0, r3",
                "add r3, r3, r10",
                $($body,)*
                "add r8, r8, r12",
                "add r9, r9, r12",
                "subs r11, r11, #1",
                "bne 1b",
                "pop {{r4-r11, pc}}",
            )
        }
    };
}

pairs!(
/// The largest of four.
max_pairs,
[
    "dlstp.8 lr, r10",
    "2:",
    "vldrb.u8 q0, [r4], #16",
    "vldrb.u8 q1, [r5], #16",
    "vldrb.u8 q2, [r6], #16",
    "vldrb.u8 q3, [r7], #16",
    "vmax.s8 q0, q0, q1",
    "vmax.s8 q2, q2, q3",
    "vmax.s8 q0, q0, q2",
    "vstrb.8 q0, [r0], #16",
    "letp lr, 2b"
]);
pairs!(
/// The mean of four, rounded half away from zero: `(sum + 2 + sign) >> 2`, the sign -1 or 0.
mean_pairs,
[
    "dlstp.16 lr, r10",
    "2:",
    "vldrb.s16 q0, [r4], #8",
    "vldrb.s16 q1, [r5], #8",
    "vldrb.s16 q2, [r6], #8",
    "vldrb.s16 q3, [r7], #8",
    "vadd.i16 q0, q0, q1",
    "vadd.i16 q2, q2, q3",
    "vadd.i16 q0, q0, q2",
    "vshr.s16 q1, q0, #15",
    "vadd.i16 q0, q0, r1",
    "vadd.i16 q0, q0, q1",
    "vshr.s16 q0, q0, #2",
    "vstrb.16 q0, [r0], #8",
    "letp lr, 2b"
]);

/// What [`max_window`] and [`mean_window`] work on. The offsets of the fields stand in the assembly.
#[repr(C)]
struct Window {
    /// The first pixel of the window that lies inside the input.
    x: *const i8,
    y: *mut i8,
    channels: u32,
    /// Rows and columns of the window inside the input, at least 1.
    rows: u32,
    columns: u32,
    /// Bytes from behind the last pixel of a line to the first of the next one.
    step: u32,
    /// `2^32 / (rows · columns)`, rounded up, and half of the divisor.
    reciprocal: u32,
    half: u32,
}

/// The largest of a window.
///
/// # Safety
/// The window lies inside the input, and there is room for the channels of an output.
// SAFETY of the assembly: `r4` to `r9` and `lr` are saved and restored, the stack is as before at the end, and flags,
// `r0` to `r3`, `r12`, `q0` and `q1` belong to the callee. For each sixteen channels it goes through `rows` times
// `columns` pixels, `channels` bytes apart and `step` more from one line to the next; of each it reads `channels` bytes
// in all, and writes as many, of the last vector only what is left. `ldm` sees an address of words.
#[unsafe(naked)]
unsafe extern "C" fn max_window(window: *const Window) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r4-r9, lr}}",
        "ldm r0, {{r1-r6}}",
        "mvn r9, #127",
        "dlstp.8 lr, r3",
        "1:",
        "vdup.8 q0, r9",
        "mov r7, r1",
        "mov r8, r4",
        "2:",
        "mov r12, r5",
        "3:",
        "vldrb.u8 q1, [r7]",
        "add r7, r7, r3",
        "vmax.s8 q0, q0, q1",
        "subs r12, r12, #1",
        "bne 3b",
        "add r7, r7, r6",
        "subs r8, r8, #1",
        "bne 2b",
        "vstrb.8 q0, [r2], #16",
        "add r1, r1, #16",
        "letp lr, 1b",
        "pop {{r4-r9, pc}}",
    )
}

/// The mean of a window, rounded half away from zero.
///
/// # Safety
/// As [`max_window`].
// SAFETY of the assembly: `r4` to `r10` and `lr` are saved and restored, the stack is as before at the end, and flags,
// `r0` to `r3`, `r12` and `q0` to `q2` belong to the callee. It reads and writes as `max_window`, four channels at a
// time.
#[unsafe(naked)]
unsafe extern "C" fn mean_window(window: *const Window) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r4-r10, lr}}",
        "ldm r0, {{r1-r6, r9, r10}}",
        "dlstp.32 lr, r3",
        "1:",
        "vmov.i32 q0, #0",
        "mov r7, r1",
        "mov r8, r4",
        "2:",
        "mov r12, r5",
        "3:",
        "vldrb.s32 q1, [r7]",
        "add r7, r7, r3",
        "vadd.i32 q0, q0, q1",
        "subs r12, r12, #1",
        "bne 3b",
        "add r7, r7, r6",
        "subs r8, r8, #1",
        "bne 2b",
        // The absolute value and half of the divisor, divided, with the sign of the sum.
        "vshr.s32 q1, q0, #31",
        "vabs.s32 q0, q0",
        "vadd.i32 q0, q0, r10",
        "vdup.32 q2, r9",
        "vmulh.u32 q0, q0, q2",
        "veor q0, q0, q1",
        "vsub.i32 q0, q0, q1",
        "vstrb.32 q0, [r2], #4",
        "add r1, r1, #4",
        "letp lr, 1b",
        "pop {{r4-r10, pc}}",
    )
}

/// What a pooling makes of its windows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Max,
    Mean,
}

/// Windows of more elements have a mean that the reciprocal is not exact for: `128.5 · n²` does not fit 32 bits.
const LARGEST: usize = 5000;

/// Pools, or returns false if there is nothing to pool, windows are dilated or too large, or one lies outside
/// the input.
#[inline(never)]
pub(super) fn pool(kind: Kind, d: &Pool2dDims, channels: usize, clamp: Clamp<i8>, x: &[i8], y: &mut [i8]) -> bool {
    let (in_len, out_len) = (d.in_plane() * channels, d.out_plane() * channels);
    let Some(window) = d.window else { return false };
    let options = window.options;
    let dilated = options.dilation != [1, 1];
    if in_len == 0 || out_len == 0 || dilated || window.kernel[0] * window.kernel[1] > LARGEST {
        return false;
    }
    let padding = [options.padding, options.padding_end].as_flattened().iter().sum::<usize>();
    let pairs = window.kernel == [2, 2] && padding == 0 && bounds::are_inside(&window, d.input, d.output);
    let bytes = d.input[1] * channels;
    let samples = samples::count([x.len(), y.len()], [in_len, out_len]);
    for sample in 0..samples {
        let (Some(x), Some(y)) =
            (x.get(sample * in_len..(sample + 1) * in_len), y.get_mut(sample * out_len..(sample + 1) * out_len))
        else {
            return false;
        };
        let (from, to) = (x.as_ptr(), y.as_mut_ptr());
        for i in 0..d.output[0] {
            let line = to.wrapping_add(i * d.output[1] * channels);
            if pairs {
                let first = from.wrapping_add(i * options.stride[0] * bytes);
                let pairs = Pairs {
                    x: [first, first.wrapping_add(bytes)],
                    y: line,
                    channels: channels as u32,
                    outputs: d.output[1] as u32,
                    step: (options.stride[1] * channels) as u32,
                };
                // SAFETY: all windows lie inside the input, which has no padding; `y` has a line of outputs there.
                unsafe {
                    match kind {
                        Kind::Max => max_pairs(&pairs),
                        Kind::Mean => mean_pairs(&pairs),
                    }
                }
                continue;
            }
            for j in 0..d.output[1] {
                let ([row, rows], [column, columns]) = (inside(d, window, 0, i), inside(d, window, 1, j));
                if rows * columns == 0 {
                    return false;
                }
                let window = Window {
                    x: from.wrapping_add(row * bytes + column * channels),
                    y: line.wrapping_add(j * channels),
                    channels: channels as u32,
                    rows: rows as u32,
                    columns: columns as u32,
                    step: (bytes - columns * channels) as u32,
                    reciprocal: ((1_u64 << 32).div_ceil((rows * columns) as u64)) as u32,
                    half: (rows * columns / 2) as u32,
                };
                // SAFETY: rows and columns are those of the window inside the input; `y` has room for the output.
                unsafe {
                    match kind {
                        Kind::Max => max_window(&window),
                        // What has no reciprocal in 32 bits is a mean of one.
                        Kind::Mean if rows * columns == 1 => max_window(&window),
                        Kind::Mean => mean_window(&window),
                    }
                }
            }
        }
        super::clamp(y, out_len, clamp);
    }
    true
}

/// The first row or column of window `output` inside the input, and how many there are.
fn inside(d: &Pool2dDims, window: Sizes, axis: usize, output: usize) -> [usize; 2] {
    let axis = axis & 1;
    let (start, padding) = (output * window.options.stride[axis], window.options.padding[axis]);
    let first = start.max(padding);
    let end = (start + window.kernel[axis]).min(d.input[axis] + padding);
    [first - padding, end.saturating_sub(first)]
}
