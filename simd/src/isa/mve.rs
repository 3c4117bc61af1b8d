//! The vectors of Armv8.1-M (MVE, "Helium"): eight registers of 16 bytes.

use tensorlet::{
    Portable,
    kernel::{
        Conv2dShape, ConvKernels, ElementwiseKernels, IntegerKernels, Kernels, MatmulKernels, NormKernels, Pool2dShape,
        PoolKernels, QuantizedKernels, RecurrentKernels, ReduceKernels, SoftmaxKernels, UpdateKernels,
    },
    quantized::{AddTables, Clamp, GruWeights, LstmWeights, Packing, Requantize, Rounding},
};

use crate::{
    WithKernels,
    mve::{self, float},
    pointwise,
};

/// The token of Armv8.1-M's vectors: Cortex-M55 and M85, built with the feature `mve`.
///
/// Its int8 kernels are at their best with layers packed [`ForMve`](tensorlet::quantized::ForMve), and have the bits
/// of `Portable`. On `f32`, matrix products, convolutions by windows of 3x3 and 1x1 that go step by step, and the
/// gradients of the weights of any that do, round once where `Portable` rounds a product and a sum, and padding counts
/// as zeros. All else on `f32` is `Portable`.
#[derive(Clone, Copy, Debug)]
pub struct Mve(());

impl Mve {
    /// The token: always, since this type is only in builds for such processors.
    #[inline]
    #[must_use]
    pub const fn new() -> Option<Self> {
        Some(Self::native())
    }

    /// The token in a build for processors with these vectors.
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

impl Kernels for Mve {
    const NAME: &'static str = "mve";
}

impl MatmulKernels for Mve {
    #[inline]
    fn matmul<const K: usize, const N: usize>(self, a: &[[f32; K]], b: &[[f32; N]; K], c: &mut [[f32; N]]) {
        float::matmul([K, N], a.as_flattened(), b.as_flattened(), c.as_flattened_mut());
    }

    #[inline]
    fn matmul_nt<const K: usize, const N: usize>(self, a: &[[f32; N]], b: &[[f32; N]; K], c: &mut [[f32; K]]) {
        float::matmul_nt([K, N], a.as_flattened(), b.as_flattened(), c.as_flattened_mut());
    }

    #[inline]
    fn matmul_tn<const K: usize, const N: usize>(self, a: &[[f32; K]], b: &[[f32; N]], c: &mut [[f32; N]; K]) {
        float::matmul_tn([K, N], a.as_flattened(), b.as_flattened(), c.as_flattened_mut());
    }

    #[inline]
    fn matmul_flat(self, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
        float::matmul(sizes, a, b, c);
    }

    #[inline]
    fn matmul_nt_flat(self, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
        float::matmul_nt(sizes, a, b, c);
    }

    #[inline]
    fn matmul_tn_flat(self, sizes: [usize; 2], a: &[f32], b: &[f32], c: &mut [f32]) {
        float::matmul_tn(sizes, a, b, c);
    }
}

impl ConvKernels for Mve {
    #[inline]
    fn conv2d<G: Conv2dShape>(self, x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]) {
        if const { G::DIMS.is_pointwise() } {
            pointwise::forward(self, const { &G::DIMS }, x, weight, bias, y);
            return;
        }
        match const { &float::forward(&G::DIMS) } {
            Some(correlation) => float::correlate(correlation, 0, x, weight, bias, y),
            None => Portable.conv2d::<G>(x, weight, bias, y),
        }
    }

    #[inline]
    fn conv2d_input_gradient<G: Conv2dShape>(self, dy: &[f32], weight: &[f32], dx: &mut [f32]) {
        if const { G::DIMS.is_pointwise() } {
            pointwise::input_gradient(self, const { &G::DIMS }, dy, weight, dx);
            return;
        }
        match const { &float::backward(&G::DIMS, G::DIMS.in_channels) } {
            Some(correlation) => float::correlate(correlation, 0, dy, weight, &[], dx),
            None => Portable.conv2d_input_gradient::<G>(dy, weight, dx),
        }
    }

    #[inline]
    fn conv2d_weight_gradient<G: Conv2dShape>(self, x: &[f32], dy: &[f32], dw: &mut [f32], db: &mut [f32]) {
        if const { float::gradient(&G::DIMS) } {
            let filter = const { G::DIMS.filter_len() };
            float::weight_gradient(const { &G::DIMS }, [0, G::DIMS.in_channels], filter, x, dy, dw);
            self.conv2d_bias_gradient::<G>(dy, db);
        } else {
            Portable.conv2d_weight_gradient::<G>(x, dy, dw, db);
        }
    }

    #[inline]
    fn conv2d_channel_input_gradient<G: Conv2dShape>(self, channel: usize, dy: &[f32], weight: &[f32], dx: &mut [f32]) {
        match const { &float::backward(&G::DIMS, 1) } {
            Some(correlation) => float::correlate(correlation, channel, dy, weight, &[], dx),
            None => Portable.conv2d_channel_input_gradient::<G>(channel, dy, weight, dx),
        }
    }

    #[inline]
    fn conv2d_channel_weight_gradient<G: Conv2dShape>(self, channel: usize, x: &[f32], dy: &[f32], dw: &mut [f32]) {
        if const { float::gradient(&G::DIMS) } {
            float::weight_gradient(const { &G::DIMS }, [channel, 1], const { G::DIMS.taps() }, x, dy, dw);
        } else {
            Portable.conv2d_channel_weight_gradient::<G>(channel, x, dy, dw);
        }
    }
}

impl PoolKernels for Mve {}
impl ElementwiseKernels for Mve {}
impl RecurrentKernels for Mve {}
impl ReduceKernels for Mve {}
impl SoftmaxKernels for Mve {}
impl NormKernels for Mve {}
impl UpdateKernels for Mve {}
impl IntegerKernels for Mve {
    #[inline]
    fn avg_pool2d_i8<G: Pool2dShape, const C: usize>(self, x: &[i8], clamp: Clamp<i8>, y: &mut [i8]) {
        mve::avg_pool2d::<G, C>(x, clamp, y);
    }

    #[inline]
    fn max_pool2d_i8<G: Pool2dShape, const C: usize>(self, x: &[i8], clamp: Clamp<i8>, y: &mut [i8]) {
        mve::max_pool2d::<G, C>(x, clamp, y);
    }

    #[inline]
    fn softmax_i8(self, row: usize, x: &[i8], exponentials: &[i32; 256], y: &mut [i8]) {
        mve::softmax(row, x, exponentials, y);
    }

    #[inline]
    fn add_i8<R: Rounding>(self, a: &[i8], b: Option<&[i8]>, add: AddTables<'_>, y: &mut [i8]) {
        mve::add::<R>(a, b, add, y);
    }
}

impl QuantizedKernels for Mve {
    #[inline]
    fn linear_i8<const IN: usize, const OUT: usize, P: Packing, R: Rounding>(
        self,
        x: &[i8],
        weight: &[i8],
        requantize: Requantize<'_>,
        y: &mut [i8],
        scratch: &mut [f32],
    ) {
        mve::linear::<IN, OUT, P, R>(x, weight, requantize, y, scratch);
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
        mve::conv2d::<G, P, R>(x, zero, weight, requantize, y, scratch);
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
        mve::depthwise_conv2d::<G, P, R>(x, zero, weight, requantize, y, scratch);
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
        mve::lstm_step::<IN, H, P, R>(x, h, c, weights, y, scratch);
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
        mve::gru_step::<IN, H, P, R>(x, h, weights, y, scratch);
    }
}
