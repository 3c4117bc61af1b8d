//! The DSP instructions of Armv7E-M: pairs of 16-bit numbers in the core's registers.

#[cfg(fpu)]
use tensorlet::Portable;
use tensorlet::{
    kernel::{
        Conv2dShape, ConvKernels, ElementwiseKernels, IntegerKernels, Kernels, MatmulKernels, NormKernels, Pool2dShape,
        PoolKernels, QuantizedKernels, RecurrentKernels, ReduceKernels, SoftmaxKernels, UpdateKernels,
    },
    quantized::{AddTables, Clamp, GruWeights, LstmWeights, Packing, Requantize, Rounding},
};

use crate::{WithKernels, dsp};
#[cfg(fpu)]
use crate::{fpu, pointwise};

/// The token of Armv7E-M's DSP instructions: Cortex-M4 and M7, and Cortex-M33 built with the feature `dsp`.
///
/// Its int8 kernels are at their best with layers packed [`ForDsp`](tensorlet::quantized::ForDsp). Where the target has
/// an FPU (`…hf`), matrix products, convolutions by windows of 3x3 and 1x1 that go step by step, depthwise ones too, and
/// their gradients have kernels for it; of a window of 1x1 the gradient of the weights has none. All else on `f32` is
/// `Portable`.
///
/// All results are those of `Portable`, bit for bit, but for the sign of a gradient that is zero.
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

#[cfg(not(fpu))]
impl MatmulKernels for Dsp {}
#[cfg(fpu)]
impl MatmulKernels for Dsp {
    #[inline]
    fn matmul<const K: usize, const N: usize>(self, a: &[[f32; K]], b: &[[f32; N]; K], c: &mut [[f32; N]]) {
        fpu::matmul([K, N], a.as_flattened(), b.as_flattened(), c.as_flattened_mut());
    }

    #[inline]
    fn matmul_nt<const K: usize, const N: usize>(self, a: &[[f32; N]], b: &[[f32; N]; K], c: &mut [[f32; K]]) {
        fpu::matmul_nt([K, N], a.as_flattened(), b.as_flattened(), c.as_flattened_mut());
    }

    #[inline]
    fn matmul_tn<const K: usize, const N: usize>(self, a: &[[f32; K]], b: &[[f32; N]], c: &mut [[f32; N]; K]) {
        fpu::matmul_tn([K, N], a.as_flattened(), b.as_flattened(), c.as_flattened_mut());
    }

    #[inline]
    fn matmul_flat(self, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
        fpu::matmul(sizes, a, b, c);
    }

    #[inline]
    fn matmul_nt_flat(self, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
        fpu::matmul_nt(sizes, a, b, c);
    }

    #[inline]
    fn matmul_tn_flat(self, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
        fpu::matmul_tn(sizes, a, b, c);
    }
}
#[cfg(not(fpu))]
impl ConvKernels for Dsp {}
#[cfg(fpu)]
impl ConvKernels for Dsp {
    #[inline]
    fn conv2d<G: Conv2dShape>(self, x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]) {
        if const { G::DIMS.is_pointwise() } {
            pointwise::forward(self, const { &G::DIMS }, x, weight, bias, y);
            return;
        }
        match const { &fpu::forward(&G::DIMS) } {
            Some(correlation) => fpu::correlate(correlation, 0, x, weight, bias, y),
            None => Portable.conv2d::<G>(x, weight, bias, y),
        }
    }

    #[inline]
    fn conv2d_input_gradient<G: Conv2dShape>(self, dy: &[f32], weight: &[f32], dx: &mut [f32]) {
        if const { G::DIMS.is_pointwise() } {
            pointwise::input_gradient(self, const { &G::DIMS }, dy, weight, dx);
            return;
        }
        match const { &fpu::backward(&G::DIMS, G::DIMS.in_channels) } {
            Some(correlation) => fpu::correlate(correlation, 0, dy, weight, &[], dx),
            None => Portable.conv2d_input_gradient::<G>(dy, weight, dx),
        }
    }

    #[inline]
    fn conv2d_weight_gradient<G: Conv2dShape>(self, x: &[f32], dy: &[f32], dw: &mut [f32], db: &mut [f32]) {
        match const { &fpu::gradient(&G::DIMS) } {
            Some(gradient) => {
                let filter = const { G::DIMS.filter_len() };
                fpu::weight_gradient(gradient, [0, G::DIMS.in_channels], filter, x, dy, dw);
                self.conv2d_bias_gradient::<G>(dy, db);
            }
            None => Portable.conv2d_weight_gradient::<G>(x, dy, dw, db),
        }
    }

    #[inline]
    fn conv2d_channel_input_gradient<G: Conv2dShape>(self, channel: usize, dy: &[f32], weight: &[f32], dx: &mut [f32]) {
        match const { &fpu::backward(&G::DIMS, 1) } {
            Some(correlation) => fpu::correlate(correlation, channel, dy, weight, &[], dx),
            None => Portable.conv2d_channel_input_gradient::<G>(channel, dy, weight, dx),
        }
    }

    #[inline]
    fn conv2d_channel_weight_gradient<G: Conv2dShape>(self, channel: usize, x: &[f32], dy: &[f32], dw: &mut [f32]) {
        match const { &fpu::gradient(&G::DIMS) } {
            Some(gradient) => fpu::weight_gradient(gradient, [channel, 1], const { G::DIMS.taps() }, x, dy, dw),
            None => Portable.conv2d_channel_weight_gradient::<G>(channel, x, dy, dw),
        }
    }
}
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
    fn lstm_step_i8<const IN: usize, const H: usize, P: Packing, R: Rounding>(
        self,
        x: &[i8; IN],
        h: &[i8; H],
        c: &mut [i16; H],
        weights: LstmWeights<'_>,
        y: &mut [i8; H],
        scratch: &mut [f32],
    ) {
        dsp::lstm_step::<IN, H, P, R>(x, h, c, weights, y, scratch);
    }

    #[inline]
    fn gru_step_i8<const IN: usize, const H: usize, P: Packing, R: Rounding>(
        self,
        x: &[i8; IN],
        h: &[i8; H],
        weights: GruWeights<'_>,
        y: &mut [i8; H],
        scratch: &mut [f32],
    ) {
        dsp::gru_step::<IN, H, P, R>(x, h, weights, y, scratch);
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
