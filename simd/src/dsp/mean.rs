//! Average pooling of windows of any size inside the input, four channels at a time.

use core::arch::naked_asm;

use tensorlet::{kernel::Pool2dDims, quantized::Clamp};

use super::asm::arch;
use crate::bounds;

/// Elements of a window whose sum always fits 16 bits.
const LARGEST: usize = 255;

/// What [`sums`] works on: four channels of a window. Steps are bytes.
#[repr(C)]
struct Window {
    x: *const i8,
    /// From one pixel to the next.
    pixel: usize,
    /// Columns of the window, at least one.
    columns: usize,
    /// Rows of the window, at least one.
    rows: usize,
    /// From behind a row of the window to the next one.
    skip: usize,
    /// Where the sums go: the first and the third, then the second and the fourth.
    to: *mut [i16; 4],
}

/// Whether [`pool`] can do without the portable body.
pub(super) const fn can(d: &Pool2dDims, channels: usize) -> bool {
    let Some(window) = &d.window else { return false };
    let ([rows, columns], options) = (window.kernel, &window.options);
    bounds::pool2d(d, channels)
        && channels > 0
        && channels.is_multiple_of(4)
        && rows > 0
        && columns > 0
        && rows * columns <= LARGEST
        && options.padding[0] == 0
        && options.padding[1] == 0
        && options.dilation[0] == 1
        && options.dilation[1] == 1
        && d.output[0] > 0
        && d.output[1] > 0
        && (d.output[0] - 1) * options.stride[0] + rows <= d.input[0]
        && (d.output[1] - 1) * options.stride[1] + columns <= d.input[1]
}

/// Pools all samples of sizes that [`can`] has found good.
#[inline(never)]
pub(super) fn pool(d: &Pool2dDims, channels: usize, x: &[i8], clamp: Clamp<i8>, y: &mut [i8]) {
    let Some(window) = d.window else { return };
    let ([rows, columns], stride) = (window.kernel, window.options.stride);
    let row = d.input[1] * channels;
    let inputs = d.input[0] * row;
    if inputs == 0 || channels == 0 {
        return;
    }
    let count = (rows * columns) as i32;
    let mut outputs = y.chunks_exact_mut(channels);
    for x in x.chunks_exact(inputs) {
        for i in 0..d.output[0] {
            for j in 0..d.output[1] {
                let Some(y) = outputs.next() else { return };
                let first = i * stride[0] * row + j * stride[1] * channels;
                for (four, y) in y.chunks_exact_mut(4).enumerate() {
                    let mut to = [0; 4];
                    // SAFETY: all windows lie inside the input, and the four channels inside a pixel.
                    unsafe {
                        sums(&Window {
                            x: x.as_ptr().wrapping_add(first + 4 * four),
                            pixel: channels,
                            columns,
                            rows,
                            skip: row - columns * channels,
                            to: &raw mut to,
                        });
                    }
                    let [first, third, second, fourth] = to;
                    for (y, sum) in y.iter_mut().zip([first, second, third, fourth]) {
                        // Half away from zero.
                        let half = if sum > 0 { count / 2 } else { -(count / 2) };
                        *y = clamp.apply((i32::from(sum) + half).checked_div(count).unwrap_or_default());
                    }
                }
            }
        }
    }
}

/// The sums of four channels of a window.
///
/// # Safety
/// The pointers must be as [`Window`] says, with no more than 255 elements in the window.
// SAFETY of the assembly: `r4` to `r9` and `lr` are saved and restored, flags and `r0` to `r3` belong to the callee. Of
// each pixel of the window it reads a word, and it writes two words, both at any address.
#[unsafe(naked)]
unsafe extern "C" fn sums(window: &Window) {
    naked_asm!(
        arch!(),
        "push {{r4-r9, lr}}",
        "ldm r0, {{r0-r5}}",
        "movs r6, #0",
        "movs r7, #0",
        "2: mov r8, r2",
        "3: ldr r9, [r0]",
        "adds r0, r1",
        "sxtab16 r6, r6, r9",
        "sxtab16 r7, r7, r9, ror #8",
        "subs r8, #1",
        "bne 3b",
        "add r0, r4",
        "subs r3, #1",
        "bne 2b",
        "str r6, [r5]",
        "str r7, [r5, #4]",
        "pop {{r4-r9, pc}}",
    )
}
