//! int8 kernels for Armv8.1-M's vectors (MVE, "Helium").
//!
//! A vector holds 16 bytes, and one instruction adds all products of two vectors to a register. Each kernel is a
//! shell that checks slices and walks samples, and cores in assembly that know no shape: a program holds one copy of
//! either, whatever its number of layers.

mod asm;
mod conv;
mod depthwise;
pub(crate) mod float;
mod gates;
mod gru;
mod integer;
mod linear;
mod lines;
mod lstm;
mod pool;
mod round;
mod taps;

use tensorlet::{
    Portable,
    kernel::{Conv2dShape, IntegerKernels, Pool2dShape, QuantizedKernels},
    quantized::{AddTables, Clamp, GruWeights, LstmWeights, Order, Packing, Requantize, Rounding},
};

use crate::bounds;

#[inline]
pub(crate) fn linear<const IN: usize, const OUT: usize, P: Packing, R: Rounding>(
    x: &[i8],
    weight: &[i8],
    requantize: Requantize<'_>,
    y: &mut [i8],
    scratch: &mut [f32],
) {
    let done = const { matches!(P::ORDER, Order::Mve) && bounds::is_countable(&[IN, OUT]) }
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
    let done = const { matches!(P::ORDER, Order::Mve) && bounds::conv2d(&G::DIMS) }
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
    let d = shared(const { &G::DIMS });
    let ways = const {
        let mine = matches!(P::ORDER, Order::Mve) && bounds::conv2d(&G::DIMS);
        (mine, mine && depthwise::can(&G::DIMS), taps::can(&G::DIMS))
    };
    let done = match ways {
        (true, true, _) => depthwise::depthwise_conv2d(d, R::TWICE, [x, weight], zero, requantize, y, scratch),
        (true, false, true) => taps::depthwise_conv2d(d, R::TWICE, [x, weight], zero, requantize, y, scratch),
        _ => false,
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
    if const { matches!(P::ORDER, Order::Mve) && gates::can(4, IN, H) } {
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
    if const { matches!(P::ORDER, Order::Mve) && gates::can(3, IN, H) } {
        gru::step(R::TWICE, [x, h], &weights, y, scratch);
    } else {
        Portable.gru_step_i8::<IN, H, P, R>(x, h, weights, y, scratch);
    }
}

#[inline]
pub(crate) fn max_pool2d<G: Pool2dShape, const C: usize>(x: &[i8], clamp: Clamp<i8>, y: &mut [i8]) {
    let done = const { bounds::pool2d(&G::DIMS, C) }
        && pool::pool(pool::Kind::Max, shared(const { &G::DIMS }), C, clamp, x, y);
    if !done {
        Portable.max_pool2d_i8::<G, C>(x, clamp, y);
    }
}

#[inline]
pub(crate) fn avg_pool2d<G: Pool2dShape, const C: usize>(x: &[i8], clamp: Clamp<i8>, y: &mut [i8]) {
    let done = const { bounds::pool2d(&G::DIMS, C) }
        && pool::pool(pool::Kind::Mean, shared(const { &G::DIMS }), C, clamp, x, y);
    if !done {
        Portable.avg_pool2d_i8::<G, C>(x, clamp, y);
    }
}

#[inline]
pub(crate) fn add<R: Rounding>(a: &[i8], b: Option<&[i8]>, add: AddTables<'_>, y: &mut [i8]) {
    if !integer::add(R::TWICE, a, b, add, y) {
        Portable.add_i8::<R>(a, b, add, y);
    }
}

#[inline]
pub(crate) fn softmax(row: usize, x: &[i8], exponentials: &[i32; 256], y: &mut [i8]) {
    integer::softmax(row, x, exponentials, y);
}

/// The same sizes, about which the compiler knows nothing: it would make a copy of a shell for each layer.
#[inline(always)]
fn shared<T>(sizes: &'static T) -> &'static T {
    core::hint::black_box(sizes)
}

/// Whether scales are folded and have a bias that is not doubled, as those of layers prepared for these vectors.
fn ready(requantize: &Requantize<'_>) -> bool {
    requantize.folded && requantize.scales.first().is_some_and(|scale| scale.shift < 0)
}

/// Limits the first `n` outputs.
fn clamp(y: &mut [i8], n: usize, clamp: Clamp<i8>) {
    if clamp != Clamp::<i8>::NONE {
        // SAFETY: no more bytes than `y` has.
        unsafe { asm::clamp(y.as_mut_ptr(), n.min(y.len()) as u32, clamp.min.into(), clamp.max.into()) }
    }
}
