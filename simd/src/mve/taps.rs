//! Depthwise convolutions with any window and any number of outputs for each channel: four outputs at a time, tap by tap.

use core::arch::naked_asm;

use tensorlet::{kernel::Conv2dDims, quantized::Requantize, sliding::Options};

use super::{
    asm,
    round::{Outputs, Rounds},
};
use crate::samples;

/// Whether [`depthwise_conv2d`] can do without the portable body.
pub(super) const fn can(d: &Conv2dDims) -> bool {
    d.in_channels == 1
}

/// What [`sums`] and [`sums_of_shared`] work on. The assembly loads all but the last word at once.
#[repr(C)]
struct Block {
    /// Where the first channel of each tap lies, and how many taps there are, at least 1.
    taps: *const *const i8,
    count: u32,
    /// The weights of the block's first output: `width` of each tap.
    weight: *const i8,
    width: u32,
    /// The block's first channel.
    first: u32,
    /// Where the sums go.
    sums: *mut i32,
    /// The channel of each output, where several have the same.
    channels: *const u32,
}

/// The function that makes sums: `name, [what stands before the loop], [before the taps], [the inputs of a tap]`.
macro_rules! sums {
    ($(#[$doc:meta])* $name:ident, [$($before:literal),*], [$($first:literal),*], [$($inputs:literal),*]) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// All taps and weights are there, and room for the sums.
        // SAFETY of the assembly: `r4` to `r10` and `lr` are saved and restored, the stack is as before at the end, and
        // flags, `r0` to `r3`, `r12` and `q0` to `q3` belong to the callee. For each four of `width` outputs it goes
        // through `count` taps, of which it reads the address and four bytes, from `first` on or at the numbers in
        // `channels`, and as many weights, `width` apart; then it writes four sums. The last round does so only for the
        // outputs that are left. Addresses, numbers and sums are words, aligned by their types.
        #[unsafe(naked)]
        unsafe extern "C" fn $name(block: *const Block) {
            naked_asm!(
                ".cpu cortex-m55",
                "push {{r4-r10, lr}}",
                $($before,)*
                "ldm r0, {{r1-r6}}",
                "mov r10, r2",
                "dlstp.32 lr, r4",
                "1:",
                "vmov.i32 q0, #0",
                $($first,)*
                "mov r7, r1",
                "mov r8, r10",
                "mov r0, r3",
                "2:",
                "ldr r2, [r7], #4",
                $($inputs,)*
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
    };
}

sums!(
    /// The sums of `width` channels.
    sums, [], [],
    // Loads that widen have their addresses in the lower registers.
    ["add r2, r2, r5", "vldrb.s32 q1, [r2]"]
);
sums!(
    /// The sums of `width` outputs of which several have the same channel.
    sums_of_shared, ["ldr r9, [r0, #24]"], ["vldrw.u32 q3, [r9], #16"], ["vldrb.s32 q1, [r2, q3]"]
);

/// Computes a convolution, or returns false if it is empty, a slice too short, or scales not
/// [`ready`](super::ready).
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
    let (channels, outputs, taps) = (d.groups, d.groups * d.out_channels, d.taps());
    let ready =
        d.in_len() > 0 && d.out_len() > 0 && taps > 0 && weight.len() >= outputs * taps && super::ready(&requantize);
    if !ready {
        return false;
    }
    let Options { stride, padding, dilation, .. } = d.window.options;
    let [rows, columns] = d.window.kernel;
    let Some((to, rest)) = scratch.split_at_mut_checked(outputs) else { return false };
    let Some((list, outside)) = rest.split_at_mut_checked(taps) else { return false };
    if outside.len() < channels.div_ceil(4) + if d.out_channels > 1 { outputs } else { 0 } {
        return false;
    }
    let Some((outside, shared)) = outside.split_at_mut_checked(channels.div_ceil(4)) else { return false };
    let make = if d.out_channels == 1 { sums } else { sums_of_shared };
    if d.out_channels > 1 {
        let mut places = shared.iter_mut();
        for channel in 0..channels as u32 {
            for place in places.by_ref().take(d.out_channels) {
                *place = f32::from_bits(channel);
            }
        }
    }
    let shared: *const u32 = shared.as_ptr().cast();
    let (to, list, outside): (*mut i32, *mut *const i8, *mut i8) =
        (to.as_mut_ptr().cast(), list.as_mut_ptr().cast(), outside.as_mut_ptr().cast());
    // SAFETY: the rest of the scratch has room for a byte of each channel.
    unsafe { asm::fill(outside, zero.into(), channels as u32) }
    let round = Rounds::of(twice, &requantize).one(&requantize);
    let samples = samples::count([x.len(), y.len()], [d.in_len(), d.out_len()]);
    for sample in 0..samples {
        let (Some(x), Some(y)) = (
            x.get(sample * d.in_len()..(sample + 1) * d.in_len()),
            y.get_mut(sample * d.out_len()..(sample + 1) * d.out_len()),
        ) else {
            return false;
        };
        let mut own = y.as_mut_ptr();
        let Some(mut of_sums) = Outputs::new(&requantize, 0, outputs, to, [own; 3]) else { return false };
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
                let mut block = Block {
                    taps: list,
                    count: taps as u32,
                    weight: weight.as_ptr(),
                    width: 16,
                    first: 0,
                    sums: to,
                    channels: shared,
                };
                let mut left = outputs as u32;
                while left > 0 {
                    block.width = left.min(16);
                    // SAFETY: each tap is a pixel of `x`, or the bytes that stand for one outside, with `channels`
                    // bytes; weights lie in blocks of sixteen outputs, and all have been checked; there is room for a
                    // sum of each output, and where several have the same channel its number has been written.
                    unsafe { make(&block) }
                    left -= block.width;
                    block.weight = block.weight.wrapping_add(16 * taps);
                    block.first += 16;
                    block.sums = block.sums.wrapping_add(16);
                    block.channels = block.channels.wrapping_add(16);
                }
                of_sums.y = [own; 3];
                // SAFETY: `Outputs::new` has checked biases and scales; `y` has so many bytes for each place.
                unsafe { round(&of_sums) }
                own = own.wrapping_add(outputs);
            }
        }
        super::clamp(y, d.out_len(), requantize.clamp);
    }
    true
}

// A word of the scratch holds an address.
const _: () = assert!(size_of::<*const i8>() == size_of::<f32>());
