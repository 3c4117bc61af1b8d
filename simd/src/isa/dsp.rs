//! The DSP instructions of Armv7E-M: pairs of 16-bit numbers in the core's registers.

use tensorlet::{
    kernel::{
        Conv2dShape, ConvKernels, ElementwiseKernels, IntegerKernels, Kernels, MatmulKernels, NormKernels, Pool2dShape,
        PoolKernels, QuantizedKernels, RecurrentKernels, ReduceKernels, SoftmaxKernels, UpdateKernels,
    },
    quantized::{AddTables, Clamp, GruWeights, LstmWeights, Packing, Requantize, Rounding},
};

use crate::{WithKernels, dsp};

/// The token of Armv7E-M's DSP instructions: Cortex-M4 and M7, and Cortex-M33 built with the feature `dsp`.
///
/// Its int8 kernels are at their best with layers packed [`ForDsp`](tensorlet::quantized::ForDsp), and have the bits
/// of `Portable`. On `f32` it is `Portable`.
#[derive(Clone, Copy, Debug)]
pub struct Dsp(());

impl Dsp {
    /// The token: always, since this type is only in builds for such processors.
    #[inline]
    #[must_use]
    pub const fn new() -> Option<Self> {
        Some(Self::native())
    }

    /// The token in a build for processors with DSP instructions.
    #[inline]
    #[must_use]
    pub const fn native() -> Self {
        Self(())
    }

    /// Runs code compiled for this instruction set, as all of the build is.
    #[inline]
    pub(crate) fn run<F: WithKernels>(self, f: F) -> F::Output {
        f.with(self)
    }
}

impl Kernels for Dsp {
    const NAME: &'static str = "dsp";
}

impl MatmulKernels for Dsp {}
impl ConvKernels for Dsp {}
impl PoolKernels for Dsp {}
impl ElementwiseKernels for Dsp {}
impl RecurrentKernels for Dsp {}
impl ReduceKernels for Dsp {}
impl SoftmaxKernels for Dsp {}
impl NormKernels for Dsp {}
impl UpdateKernels for Dsp {}

impl QuantizedKernels for Dsp {
    #[inline]
    fn linear_i8<const IN: usize, const OUT: usize, P: Packing, R: Rounding>(
        self,
        x: &[i8],
        weight: &[i8],
        requantize: Requantize<'_>,
        y: &mut [i8],
        scratch: &mut [f32],
    ) {
        dsp::linear::<IN, OUT, P, R>(x, weight, requantize, y, scratch);
    }

    #[inline]
    fn conv2d_i8<G: Conv2dShape, P: Packing, R: Rounding>(
        self,
        x: &[i8],
        zero: i8,
        weight: &[i8],
        requantize: Requantize<'_>,
        y: &mut [i8],
        scratch: &mut [f32],
    ) {
        dsp::conv2d::<G, P, R>(x, zero, weight, requantize, y, scratch);
    }

    #[inline]
    fn depthwise_conv2d_i8<G: Conv2dShape, P: Packing, R: Rounding>(
        self,
        x: &[i8],
        zero: i8,
        weight: &[i8],
        requantize: Requantize<'_>,
        y: &mut [i8],
        scratch: &mut [f32],
    ) {
        dsp::depthwise_conv2d::<G, P, R>(x, zero, weight, requantize, y, scratch);
    }

    #[inline]
    fn lstm_step_i8<P: Packing, R: Rounding>(
        self,
        x: &[i8],
        h: &[i8],
        c: &mut [i16],
        weights: LstmWeights<'_>,
        y: &mut [i8],
        scratch: &mut [f32],
    ) {
        dsp::lstm_step::<P, R>(x, h, c, weights, y, scratch);
    }

    #[inline]
    fn gru_step_i8<P: Packing, R: Rounding>(
        self,
        x: &[i8],
        h: &[i8],
        weights: GruWeights<'_>,
        y: &mut [i8],
        scratch: &mut [f32],
    ) {
        dsp::gru_step::<P, R>(x, h, weights, y, scratch);
    }
}

impl IntegerKernels for Dsp {
    #[inline]
    fn max_pool2d_i8<G: Pool2dShape, const C: usize>(self, x: &[i8], clamp: Clamp<i8>, y: &mut [i8]) {
        dsp::max_pool2d::<G, C>(x, clamp, y);
    }

    #[inline]
    fn avg_pool2d_i8<G: Pool2dShape, const C: usize>(self, x: &[i8], clamp: Clamp<i8>, y: &mut [i8]) {
        dsp::avg_pool2d::<G, C>(x, clamp, y);
    }

    #[inline]
    fn add_i8<R: Rounding>(self, a: &[i8], b: Option<&[i8]>, add: AddTables<'_>, y: &mut [i8]) {
        dsp::add::<R>(a, b, add, y);
    }
}
