//! Pooling of windows of 2x2 that touch each other, four channels at a time.

use core::arch::naked_asm;

use tensorlet::{kernel::Pool2dDims, quantized::Clamp};

use super::asm::arch;
use crate::{bounds, samples};

/// What [`max`] and [`average`] work on. Steps are bytes.
#[repr(C)]
pub(super) struct Windows {
    x: *const i8,
    /// From one row of the input to the next.
    row: usize,
    /// A multiple of 4, at least 4.
    channels: usize,
    y: *mut i8,
    /// Columns of the output, at least one.
    columns: usize,
    /// Rows of the output, at least one.
    rows: usize,
    /// From the end of the windows of a row of outputs to those of the next.
    skip: usize,
}

/// A function of this module.
pub(super) type PoolFn = unsafe extern "C" fn(&Windows);

/// Whether [`pool`] can do without the portable body.
pub(super) const fn can(d: &Pool2dDims, channels: usize) -> bool {
    let Some(window) = &d.window else { return false };
    let (kernel, options) = (window.kernel, &window.options);
    bounds::pool2d(d, channels)
        && channels > 0
        && channels.is_multiple_of(4)
        && kernel[0] == 2
        && kernel[1] == 2
        && options.stride[0] == 2
        && options.stride[1] == 2
        && options.padding[0] == 0
        && options.padding[1] == 0
        && options.dilation[0] == 1
        && options.dilation[1] == 1
        && d.output[0] > 0
        && d.output[1] > 0
        && 2 * d.output[0] <= d.input[0]
        && 2 * d.output[1] <= d.input[1]
}

/// Pools all samples of sizes that [`can`] has found good.
#[inline(never)]
pub(super) fn pool(core: PoolFn, d: &Pool2dDims, channels: usize, x: &[i8], clamp: Clamp<i8>, y: &mut [i8]) {
    let ([rows, columns], row) = (d.output, d.input[1] * channels);
    let (inputs, outputs) = (d.input[0] * row, rows * columns * channels);
    if inputs == 0 || outputs == 0 {
        return;
    }
    let samples = samples::count([x.len(), y.len()], [inputs, outputs]);
    for sample in 0..samples {
        // SAFETY: both slices have the sample, and all windows lie inside the input.
        unsafe {
            core(&Windows {
                x: x.as_ptr().add(sample * inputs),
                row,
                channels,
                y: y.as_mut_ptr().add(sample * outputs),
                columns,
                rows,
                skip: 2 * row - 2 * columns * channels,
            });
        }
    }
    super::clamp(y, samples * outputs, clamp);
}

/// The largest of four words, byte by byte.
macro_rules! largest {
    () => {
        concat!(
            "ldr r9, [r0, r2]\n",
            "ldr r10, [r0, r1]\n",
            "ldr r11, [r0, r12]\n",
            "ldr lr, [r0], #4\n",
            "ssub8 r8, r9, r10\n",
            "sel r9, r9, r10\n",
            "ssub8 r8, r11, lr\n",
            "sel r11, r11, lr\n",
            "ssub8 r8, r9, r11\n",
            "sel r9, r9, r11\n",
            "str r9, [r3], #4\n",
        )
    };
}

/// The mean of four words, byte by byte, rounded half away from zero: `(sum + 2) / 4`, less one before the division
/// if the sum is negative.
macro_rules! mean {
    () => {
        concat!(
            "ldr r9, [r0, r2]\n",
            "ldr r10, [r0, r1]\n",
            "ldr r11, [r0, r12]\n",
            "ldr lr, [r0], #4\n",
            "sxtb16 r8, r9\n",
            "sxtb16 r9, r9, ror #8\n",
            "sxtab16 r8, r8, r10\n",
            "sxtab16 r9, r9, r10, ror #8\n",
            "sxtab16 r8, r8, r11\n",
            "sxtab16 r9, r9, r11, ror #8\n",
            "sxtab16 r8, r8, lr\n",
            "sxtab16 r9, r9, lr, ror #8\n",
            "mov r10, #0x00020002\n",
            "mov r11, #0x00010001\n",
            "mov lr, #0\n",
            "sadd16 r6, r8, lr\n",
            "sel r6, r10, r11\n",
            "sadd16 r8, r8, r6\n",
            "sadd16 r6, r9, lr\n",
            "sel r6, r10, r11\n",
            "sadd16 r9, r9, r6\n",
            "shadd16 r8, r8, lr\n",
            "shadd16 r9, r9, lr\n",
            "shadd16 r8, r8, lr\n",
            "shadd16 r9, r9, lr\n",
            "uxtb16 r8, r8\n",
            "uxtb16 r9, r9\n",
            "orr r9, r8, r9, lsl #8\n",
            "str r9, [r3], #4\n",
        )
    };
}

macro_rules! pool {
    ($(#[$doc:meta])* $name:ident $four:ident) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// The pointers must be as [`Windows`] says, with all windows inside the input.
        // SAFETY of the assembly: `r4` to `r11` and `lr` are saved and restored, the stack is as before at the end,
        // and flags, `r0` to `r3` and `r12` belong to the callee. For each four channels of an output it reads a word
        // of each pixel of the window, at any address, and writes one.
        #[unsafe(naked)]
        pub(super) unsafe extern "C" fn $name(windows: &Windows) {
            naked_asm!(
                arch!(),
                "push {{r4-r11, lr}}",
                "ldm r0, {{r0-r6}}",
                "push {{r5, r6}}",
                "adds r12, r1, r2",
                // The next row of outputs, the next output, eight channels.
                "2: mov r7, r4",
                "3: mov r5, r2",
                "tst r2, #4",
                "beq 4f",
                "adds r5, #4",
                "b 5f",
                "4:",
                $four!(),
                "5:",
                $four!(),
                "subs r5, #8",
                "bne 4b",
                "add r0, r2",
                "subs r7, #1",
                "bne 3b",
                "ldrd r5, r6, [sp]",
                "add r0, r6",
                "subs r5, #1",
                "str r5, [sp]",
                "bne 2b",
                "add sp, #8",
                "pop {{r4-r11, pc}}",
            )
        }
    };
}

pool! {
    /// The largest element of each window.
    max largest
}
pool! {
    /// The mean of each window.
    average mean
}
