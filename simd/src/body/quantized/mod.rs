//! Kernels on integers.
//!
//! Products and convolutions are tiles over [`Fours`](crate::fours::Fours) and [`Taps`](crate::fours::Taps). All else
//! is plain Rust in loops of fixed length, which the compiler makes vectors of: the functions are compiled for the
//! instruction set.

mod block;
mod dense;
mod depthwise;
mod elementwise;
mod matmul;
mod pool;
mod tile;

use tensorlet::{
    kernel::Conv2dDims,
    quantized::{Once, Requantize, Scale, Twice},
};

pub(crate) use {
    dense::{conv2d_i8, linear_i8},
    depthwise::depthwise_conv2d_i8,
    elementwise::{add_i8, compact_add, maximum, minimum, mul},
    matmul::matmul_i8,
    pool::{avg_pool2d, max_pool2d, mean_i8},
};

/// How sums are rounded, as a value: one copy of a kernel does both.
#[derive(Clone, Copy)]
pub(crate) struct Rounds {
    pub(crate) twice: bool,
}

/// A convolution without its input and output.
#[derive(Clone, Copy)]
pub(crate) struct Convolution<'a> {
    pub(crate) dims: &'a Conv2dDims,
    pub(crate) rounds: Rounds,
    pub(crate) zero: i8,
    pub(crate) weight: &'a [i8],
    pub(crate) requantize: Requantize<'a>,
}

impl Rounds {
    /// [`Scale::apply_folded`] of vectors of sums, for shifts that are not negative.
    #[inline(always)]
    fn scale<const L: usize>(
        self,
        sums: &[i32; L],
        bias: &[i32; L],
        multiplier: &[i32; L],
        addend: &[i32; L],
        shift: &[i32; L],
    ) -> [i32; L] {
        let (half, sign) = if self.twice { (1_i64 << 31, -1) } else { (0, 0) };
        let mut outputs = [0; L];
        for i in 0..L {
            let doubled = sums[i].wrapping_mul(2).wrapping_add(bias[i]);
            let high = ((i64::from(doubled) * i64::from(multiplier[i]) + half) >> 32) as i32;
            outputs[i] = high.wrapping_add((high >> 31) & sign).wrapping_add(addend[i]) >> (shift[i] & 31);
        }
        outputs
    }

    /// [`Scale::apply`] of vectors of sums.
    #[inline(always)]
    fn apply<const L: usize>(self, scale: &Scale, sums: &[i32; L], bias: &[i32; L]) -> [i32; L] {
        if scale.folded && scale.shift >= 0 {
            return self.scale(sums, bias, &[scale.multiplier; L], &[scale.addend; L], &[scale.shift.into(); L]);
        }
        let mut outputs = [0; L];
        for i in 0..L {
            let [sum, bias] = [sums[i], bias[i]];
            outputs[i] = if self.twice { scale.apply::<Twice>(sum, bias) } else { scale.apply::<Once>(sum, bias) };
        }
        outputs
    }
}

/// Scratch as bytes.
#[inline(always)]
fn bytes(scratch: &mut [f32]) -> &mut [i8] {
    let len = size_of_val(scratch);
    // SAFETY: these are the bytes of scratch, which the slice borrows; all bits are numbers for both types.
    unsafe { core::slice::from_raw_parts_mut(scratch.as_mut_ptr().cast(), len) }
}
