//! int8 kernels for Armv7E-M's DSP instructions.
//!
//! `SMLAD` multiplies two pairs of 16-bit numbers and adds both products. Inputs are widened to 16 bits in scratch, and
//! the weights of two output channels share a halfword (see [`ForDsp`](tensorlet::quantized::ForDsp)), so that one
//! instruction unpacks them for all pixels of a tile. Each kernel is a shell that checks slices and walks samples, and a
//! core in assembly that knows no shape: a program holds one copy of either, whatever its number of layers.

mod add;
mod asm;
mod conv;
mod depthwise;
mod gates;
mod gru;
mod linear;
mod lstm;
mod mean;
mod pieces;
mod plane;
mod pool;
mod rows;
mod tile;

use tensorlet::{
    Portable,
    kernel::{Conv2dShape, IntegerKernels, Pool2dShape, QuantizedKernels},
    quantized::{AddTables, Clamp, GruWeights, LstmWeights, Order, Packing, Plane, Requantize, Rounding, Scale},
};

use crate::bounds;

/// How sums are rounded, as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rounds {
    /// As [`Once`](tensorlet::quantized::Once).
    Once,
    /// As [`Twice`](tensorlet::quantized::Twice).
    Twice,
    /// The same where no output below the zero point is seen. Of a negative high word the output is never above that,
    /// whether or not its sign is added: that instruction can go.
    Rectified,
}

impl Rounds {
    /// Which it is for these outputs.
    fn of(twice: bool, scales: &[Scale], clamp: Clamp<i8>) -> Self {
        match twice {
            false => Self::Once,
            true if scales.iter().all(|scale| scale.zero_point <= i16::from(clamp.min)) => Self::Rectified,
            true => Self::Twice,
        }
    }
}

#[inline]
pub(crate) fn linear<const IN: usize, const OUT: usize, P: Packing, R: Rounding>(
    x: &[i8],
    weight: &[i8],
    requantize: Requantize<'_>,
    y: &mut [i8],
    scratch: &mut [f32],
) {
    let done = const { matches!(P::ORDER, Order::Dsp) && bounds::is_countable(&[IN, OUT]) }
        && linear::linear([IN, OUT], R::TWICE, [x, weight], requantize, y, scratch);
    if !done {
        Portable.linear_i8::<IN, OUT, P, R>(x, weight, requantize, y, scratch);
    }
}

#[inline]
pub(crate) fn conv2d<G: Conv2dShape, P: Packing, R: Rounding>(
    x: &[i8],
    zero: i8,
    weight: &[i8],
    requantize: Requantize<'_>,
    y: &mut [i8],
    scratch: &mut [f32],
) {
    let done = const { matches!(P::ORDER, Order::Dsp) && conv::can(&G::DIMS) }
        && conv::conv2d(shared(const { &G::DIMS }), R::TWICE, [x, weight], zero, requantize, y, scratch);
    if !done {
        Portable.conv2d_i8::<G, P, R>(x, zero, weight, requantize, y, scratch);
    }
}

#[inline]
pub(crate) fn depthwise_conv2d<G: Conv2dShape, P: Packing, R: Rounding>(
    x: &[i8],
    zero: i8,
    weight: &[i8],
    requantize: Requantize<'_>,
    y: &mut [i8],
    scratch: &mut [f32],
) {
    let done = const { matches!(P::ORDER, Order::Dsp) && G::DIMS.in_channels == 1 && bounds::conv2d(&G::DIMS) } && {
        let (plane, core) = const { (&Plane::of(&G::DIMS), plane::core(&G::DIMS, R::TWICE)) };
        depthwise::depthwise_conv2d(
            shared(const { &G::DIMS }),
            shared(plane),
            core,
            [x, weight],
            zero,
            requantize,
            y,
            scratch,
        )
    };
    if !done {
        Portable.depthwise_conv2d_i8::<G, P, R>(x, zero, weight, requantize, y, scratch);
    }
}

#[inline]
pub(crate) fn lstm_step<const IN: usize, const H: usize, P: Packing, R: Rounding>(
    x: &[i8; IN],
    h: &[i8; H],
    c: &mut [i16; H],
    weights: LstmWeights<'_>,
    y: &mut [i8; H],
    scratch: &mut [f32],
) {
    if const { matches!(P::ORDER, Order::Dsp) && gates::can(4, IN, H) } {
        lstm::step(R::TWICE, [x, h], c, &weights, y, scratch);
    } else {
        Portable.lstm_step_i8::<IN, H, P, R>(x, h, c, weights, y, scratch);
    }
}

#[inline]
pub(crate) fn gru_step<const IN: usize, const H: usize, P: Packing, R: Rounding>(
    x: &[i8; IN],
    h: &[i8; H],
    weights: GruWeights<'_>,
    y: &mut [i8; H],
    scratch: &mut [f32],
) {
    if const { matches!(P::ORDER, Order::Dsp) && gates::can(3, IN, H) } {
        gru::step(R::TWICE, [x, h], &weights, y, scratch);
    } else {
        Portable.gru_step_i8::<IN, H, P, R>(x, h, weights, y, scratch);
    }
}

#[inline]
pub(crate) fn max_pool2d<G: Pool2dShape, const C: usize>(x: &[i8], clamp: Clamp<i8>, y: &mut [i8]) {
    if const { pool::can(&G::DIMS, C) } {
        pool::pool(pool::max, shared(const { &G::DIMS }), C, x, clamp, y);
    } else {
        Portable.max_pool2d_i8::<G, C>(x, clamp, y);
    }
}

#[inline]
pub(crate) fn avg_pool2d<G: Pool2dShape, const C: usize>(x: &[i8], clamp: Clamp<i8>, y: &mut [i8]) {
    if const { pool::can(&G::DIMS, C) } {
        pool::pool(pool::average, shared(const { &G::DIMS }), C, x, clamp, y);
    } else if const { mean::can(&G::DIMS, C) } {
        mean::pool(shared(const { &G::DIMS }), C, x, clamp, y);
    } else {
        Portable.avg_pool2d_i8::<G, C>(x, clamp, y);
    }
}

#[inline]
pub(crate) fn add<R: Rounding>(a: &[i8], b: Option<&[i8]>, add: AddTables<'_>, y: &mut [i8]) {
    if !add::add(R::TWICE, a, b, add, y) {
        Portable.add_i8::<R>(a, b, add, y);
    }
}

/// The same sizes, about which the compiler knows nothing: it would make a copy of a shell for each convolution.
#[inline(always)]
fn shared<T>(sizes: &'static T) -> &'static T {
    core::hint::black_box(sizes)
}

/// Whether weights, biases and scales are there, the weights aligned to words, and all scales folded.
fn ready(weight: &[i8], weights: usize, outputs: usize, requantize: &Requantize<'_>) -> bool {
    weight.len() >= weights
        && weight.as_ptr().cast::<u32>().is_aligned()
        && requantize.bias.len() >= outputs
        && (requantize.scales.len() == 1 || requantize.scales.len() >= outputs)
        && requantize.folded
}

/// Where element `i` lies in the order 0, 2, 1, 3.
fn permuted(i: usize) -> usize {
    (i & !3) + (i % 4 * 2 % 4 + i % 4 / 2)
}

/// Limits the first `n` outputs.
fn clamp(y: &mut [i8], n: usize, clamp: Clamp<i8>) {
    if clamp != Clamp::<i8>::NONE {
        for y in y.iter_mut().take(n) {
            *y = clamp.apply(i32::from(*y));
        }
    }
}
