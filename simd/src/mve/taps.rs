//! Depthwise convolutions with any window: four channels at a time, tap by tap.

use core::arch::naked_asm;

use tensorlet::{kernel::Conv2dDims, quantized::Requantize, sliding::Options};

use super::{
    asm,
    round::{Outputs, Rounds},
};

/// Whether [`depthwise_conv2d`] can do without the portable body.
pub(super) const fn can(d: &Conv2dDims) -> bool {
    d.in_channels == 1 && d.out_channels == 1
}

/// What [`sums`] works on. The assembly loads all of it at once.
#[repr(C)]
struct Block {
    /// Where the first channel of each tap lies, and how many taps there are, at least 1.
    taps: *const *const i8,
    count: u32,
    /// The weights of the block's first channel: `width` of each tap.
    weight: *const i8,
    width: u32,
    /// The block's first channel.
    first: u32,
    /// Where the sums go.
    sums: *mut i32,
}

/// The sums of `width` channels.
///
/// # Safety
/// All taps and weights are there, and room for the sums.
#[unsafe(naked)]
unsafe extern "C" fn sums(block: *const Block) {
    naked_asm!(
        ".cpu cortex-m55",
        "push {{r4-r10, lr}}",
        "ldm r0, {{r1-r6}}",
        "mov r10, r2",
        "dlstp.32 lr, r4",
        "1:",
        "vmov.i32 q0, #0",
        "mov r7, r1",
        "mov r8, r10",
        "mov r0, r3",
        "2:",
        "ldr r2, [r7], #4",
        "add r2, r2, r5",
        // Loads that widen have their addresses in the lower registers.
        "vldrb.s32 q1, [r2]",
        "vldrb.s32 q2, [r0]",
        "add r0, r0, r4",
        "vmul.i32 q1, q1, q2",
        "vadd.i32 q0, q0, q1",
        "subs r8, r8, #1",
        "bne 2b",
        "vstrw.32 q0, [r6], #16",
        "add r3, r3, #4",
        "add r5, r5, #4",
        "letp lr, 1b",
        "pop {{r4-r10, pc}}",
    )
}

/// Computes a convolution, or returns false if a slice is too short.
#[inline(never)]
pub(super) fn depthwise_conv2d(
    d: &Conv2dDims,
    twice: bool,
    [x, weight]: [&[i8]; 2],
    zero: i8,
    requantize: Requantize<'_>,
    y: &mut [i8],
    scratch: &mut [f32],
) -> bool {
    let (channels, taps) = (d.groups, d.taps());
    let ready =
        d.in_len() > 0 && d.out_len() > 0 && taps > 0 && weight.len() >= channels * taps && super::ready(&requantize);
    if !ready {
        return false;
    }
    let Options { stride, padding, dilation, .. } = d.window.options;
    let [rows, columns] = d.window.kernel;
    let Some((to, rest)) = scratch.split_at_mut_checked(channels) else { return false };
    let Some((list, outside)) = rest.split_at_mut_checked(taps) else { return false };
    if outside.len() < channels.div_ceil(4) {
        return false;
    }
    let (to, list, outside): (*mut i32, *mut *const i8, *mut i8) =
        (to.as_mut_ptr().cast(), list.as_mut_ptr().cast(), outside.as_mut_ptr().cast());
    // SAFETY: the rest of the scratch has room for a byte of each channel.
    unsafe { asm::fill(outside, zero.into(), channels as u32) }
    let round = Rounds::of(twice, &requantize).one(&requantize);
    let samples = (x.len() / d.in_len()).min(y.len() / d.out_len());
    for sample in 0..samples {
        let (Some(x), Some(y)) = (
            x.get(sample * d.in_len()..(sample + 1) * d.in_len()),
            y.get_mut(sample * d.out_len()..(sample + 1) * d.out_len()),
        ) else {
            return false;
        };
        let mut own = y.as_mut_ptr();
        let Some(mut outputs) = Outputs::new(&requantize, 0, channels, to, [own; 3]) else { return false };
        for i in 0..d.output[0] {
            for j in 0..d.output[1] {
                let mut tap = list;
                for r in 0..rows {
                    let row = (i * stride[0] + r * dilation[0]).wrapping_sub(padding[0]);
                    for s in 0..columns {
                        let column = (j * stride[1] + s * dilation[1]).wrapping_sub(padding[1]);
                        let inside = row < d.input[0] && column < d.input[1];
                        let at = row.wrapping_mul(d.input[1]).wrapping_add(column).wrapping_mul(channels);
                        // SAFETY: the list has a word for each tap, and a word holds an address.
                        unsafe { *tap = if inside { x.as_ptr().wrapping_add(at) } else { outside } }
                        tap = tap.wrapping_add(1);
                    }
                }
                let mut first = 0;
                while first < channels {
                    let width = (channels - first).min(16);
                    let block = Block {
                        taps: list,
                        count: taps as u32,
                        weight: weight.as_ptr().wrapping_add(first * taps),
                        width: width as u32,
                        first: first as u32,
                        sums: to.wrapping_add(first),
                    };
                    // SAFETY: each tap is a pixel of `x`, or the bytes that stand for one outside, with `channels`
                    // bytes; weights lie in blocks of sixteen channels, and all have been checked; there is room for a
                    // sum of each channel.
                    unsafe { sums(&block) }
                    first += width;
                }
                outputs.y = [own; 3];
                // SAFETY: `Outputs::new` has checked biases and scales; `y` has `channels` bytes for each output.
                unsafe { round(&outputs) }
                own = own.wrapping_add(channels);
            }
        }
        super::clamp(y, d.out_len(), requantize.clamp);
    }
    true
}

// A word of the scratch holds an address.
const _: () = assert!(size_of::<*const i8>() == size_of::<f32>());
