//! Kernels on int8 activations and weights, bit for bit TensorFlow Lite's reference kernels.

mod conv;
mod conv_transpose;
mod elementwise;
mod gru;
mod integer;
mod linear;
mod lstm;
mod matmul;
mod mean;
mod pool;
mod sigmoid;
mod softmax;
mod softmax16;
mod wide;

pub use integer::IntegerKernels;
pub use sigmoid::LOGISTIC;
pub use softmax::SoftmaxScale;

use super::Conv2dShape;
use crate::quantized::{
    GruWeights, LstmWeights, MatmulDims, MatmulParameters, Packing, Requantize, Rounding,
    int16::{self, Accumulator, Requantize16},
};

/// Quantized convolutions and products.
///
/// Tensors are NHWC: `x` holds samples `[rows][columns][groups · in_channels]`, `y` samples
/// `[rows][columns][groups · out_channels]`, all flat. Sums are those of the integers as they are stored; the
/// input's zero point is part of the bias, and outside its borders the input holds `zero`, that zero point.
/// `scratch` has the words that the layer says; with fewer a kernel of windows or products does without.
pub trait QuantizedKernels: Copy {
    /// `y[o] = requantize(Σ_i weight[o][i] · x[i])` for each of the rows in `x`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::QuantizedKernels, quantized::{Clamp, Once, Requantize, RowMajor, Scale}};
    /// /// The sum as it is.
    /// const ONE: Scale = Scale { multiplier: 1 << 30, addend: 0, shift: 1, folded: false, zero_point: 0 };
    /// let requantize = Requantize { bias: &[3], scales: &[ONE], folded: false, clamp: Clamp::<i8>::NONE };
    /// let mut y = [0; 2];
    /// Portable.linear_i8::<2, 1, RowMajor, Once>(&[1, 2, 5, 6], &[10, -1], requantize, &mut y, &mut []);
    /// assert_eq!(y, [11, 47]);
    /// ```
    #[inline]
    fn linear_i8<const IN: usize, const OUT: usize, P: Packing, R: Rounding>(
        self,
        x: &[i8],
        weight: &[i8],
        requantize: Requantize<'_>,
        y: &mut [i8],
        scratch: &mut [f32],
    ) {
        let _ = scratch;
        linear::linear::<R>(P::ORDER, [IN, OUT], x, weight, requantize, y);
    }

    /// `y[i][j][o] = requantize(Σ_{r,s,c} weight[o][r][s][c] · x[i·stride + r·dilation - pad][j·stride + s·dilation - pad][c])`.
    ///
    /// ```
    /// use tensorlet::{
    ///     Portable, description::Window, kernel::{Conv2dDims, Conv2dShape, QuantizedKernels},
    ///     quantized::{Clamp, Requantize, RowMajor, Scale, Twice},
    /// };
    /// /// Two columns wide, over a row of three.
    /// struct Row;
    /// impl Conv2dShape for Row {
    ///     const DIMS: Conv2dDims = Conv2dDims {
    ///         groups: 1,
    ///         in_channels: 1,
    ///         input: [1, 3],
    ///         out_channels: 1,
    ///         output: [1, 2],
    ///         window: Window::new([1, 2], [1, 1], [0, 0]),
    ///     };
    /// }
    /// /// The sum as it is.
    /// const ONE: Scale = Scale { multiplier: 1 << 30, addend: 0, shift: 1, folded: false, zero_point: 0 };
    /// let requantize = Requantize { bias: &[3], scales: &[ONE], folded: false, clamp: Clamp::<i8>::NONE };
    /// let mut y = [0; 2];
    /// Portable.conv2d_i8::<Row, RowMajor, Twice>(&[1, 2, 5], 0, &[10, -1], requantize, &mut y, &mut []);
    /// assert_eq!(y, [11, 18]);
    /// ```
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
        let _ = scratch;
        conv::conv2d::<R>(P::ORDER, &G::DIMS, x, zero, weight, requantize, y);
    }

    /// The same for groups of one input channel, with `weight[r][s][c · out_channels + m]` in the order `P`.
    ///
    /// ```
    /// # use tensorlet::{
    /// #     Portable, description::Window, kernel::{Conv2dDims, Conv2dShape, QuantizedKernels},
    /// #     quantized::{Clamp, Requantize, RowMajor, Scale, Twice},
    /// # };
    /// # struct Row;
    /// # impl Conv2dShape for Row {
    /// #     const DIMS: Conv2dDims = Conv2dDims {
    /// #         groups: 1,
    /// #         in_channels: 1,
    /// #         input: [1, 3],
    /// #         out_channels: 1,
    /// #         output: [1, 2],
    /// #         window: Window::new([1, 2], [1, 1], [0, 0]),
    /// #     };
    /// # }
    /// // `Row` as in the example of `conv2d_i8`.
    /// # const ONE: Scale = Scale { multiplier: 1 << 30, addend: 0, shift: 1, folded: false, zero_point: 0 };
    /// # let requantize = Requantize { bias: &[3], scales: &[ONE], folded: false, clamp: Clamp::<i8>::NONE };
    /// let mut y = [0; 2];
    /// Portable.depthwise_conv2d_i8::<Row, RowMajor, Twice>(&[1, 2, 5], 0, &[10, -1], requantize, &mut y, &mut []);
    /// assert_eq!(y, [11, 18]);
    /// ```
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
        let _ = scratch;
        conv::depthwise_conv2d::<R>(P::ORDER, &G::DIMS, x, zero, weight, requantize, y);
    }

    /// `y[i'][j'][o] = requantize(Σ w[o][r][s][c] · (x[i][j][c] - zero))` over all `i`, `j`, `r`, `s` with
    /// `i' = i·stride + r·dilation - pad` and `j'` likewise. The sizes are those of the mirrored convolution, from
    /// `y` to `x`; the bias holds no zero point.
    ///
    /// ```
    /// # use tensorlet::{
    /// #     Portable, description::Window, kernel::{Conv2dDims, Conv2dShape, QuantizedKernels},
    /// #     quantized::{Clamp, Requantize, Scale, Twice},
    /// # };
    /// # struct Row;
    /// # impl Conv2dShape for Row {
    /// #     const DIMS: Conv2dDims = Conv2dDims {
    /// #         groups: 1,
    /// #         in_channels: 1,
    /// #         input: [1, 3],
    /// #         out_channels: 1,
    /// #         output: [1, 2],
    /// #         window: Window::new([1, 2], [1, 1], [0, 0]),
    /// #     };
    /// # }
    /// // `Row` as in the example of `conv2d_i8`.
    /// # const ONE: Scale = Scale { multiplier: 1 << 30, addend: 0, shift: 1, folded: false, zero_point: 0 };
    /// # let requantize = Requantize { bias: &[0], scales: &[ONE], folded: false, clamp: Clamp::<i8>::NONE };
    /// let mut y = [0; 3];
    /// Portable.conv_transpose2d_i8::<Row, Twice>(&[1, 2], 0, &[10, -1], requantize, &mut y);
    /// assert_eq!(y, [10, 19, -2]);
    /// ```
    #[inline]
    fn conv_transpose2d_i8<G: Conv2dShape, R: Rounding>(
        self,
        x: &[i8],
        zero: i8,
        weight: &[i8],
        requantize: Requantize<'_>,
        y: &mut [i8],
    ) {
        conv_transpose::conv_transpose2d::<R>(&G::DIMS, x, zero, weight, requantize, y);
    }

    /// `y[i][j] = scale(Σ_k (a[i][k] - zero_a) · (b[k][j] - zero_b))`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::QuantizedKernels, quantized::{MatmulDims, MatmulParameters, Multiplier, Twice}};
    /// let scale = Multiplier::from_real(1.0);
    /// let parameters = MatmulParameters { zero: [0, 0], scale, output_zero: 0, min: -128, max: 127 };
    /// let dims = MatmulDims { sizes: [1, 2, 2], transposed: [false, false] };
    /// let mut y = [0; 2];
    /// Portable.matmul_i8::<Twice>(dims, &[1, 2], &[3, 4, 5, 6], &parameters, &mut y);
    /// assert_eq!(y, [13, 16]);
    /// ```
    #[inline]
    fn matmul_i8<R: Rounding>(self, dims: MatmulDims, a: &[i8], b: &[i8], parameters: &MatmulParameters, y: &mut [i8]) {
        matmul::matmul_i8::<R>(dims, a, b, parameters, y);
    }

    /// `y[i][j] = scale(Σ_k a[i][k] · b[k][j])` on int16, with sums of 64 bits.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::QuantizedKernels, quantized::{MatmulDims, MatmulParameters, Multiplier}};
    /// let scale = Multiplier::from_real(1.0);
    /// let parameters = MatmulParameters { zero: [0, 0], scale, output_zero: 0, min: -128, max: 127 };
    /// let dims = MatmulDims { sizes: [1, 2, 2], transposed: [false, false] };
    /// let mut y = [0; 2];
    /// Portable.matmul_i16(dims, &[1, 2], &[3, 4, 5, 6], &parameters, &mut y);
    /// assert_eq!(y, [13, 16]);
    /// ```
    #[inline]
    fn matmul_i16(self, dims: MatmulDims, a: &[i16], b: &[i16], parameters: &MatmulParameters, y: &mut [i16]) {
        matmul::matmul_i16(dims, a, b, parameters, y);
    }

    /// One step of an LSTM: from the input, the output `h` of the step before and the cell's state `c`, the
    /// output `y` and the new state.
    ///
    /// Kernels may have use for [`recurrent_scratch`](crate::quantized::Order::recurrent_scratch) words of scratch, and
    /// those of an instruction set want weights packed for it as [`Lstm`](crate::quantized::Lstm) prepares them, aligned to
    /// words, with the factors of their scales. Without these or the scratch they leave the outputs as they are.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::QuantizedKernels};
    /// use tensorlet::quantized::{GateScale, LstmCell, LstmWeights, Multiplier, RowMajor, Twice};
    /// const ONE: GateScale = GateScale { factor: 0, addend: 0, sign: 0, multiplier: 1 << 30, right: 0, shift: 1 };
    /// let to = |power| Multiplier { multiplier: 1 << 30, shift: power + 1 };
    /// let cell = LstmCell {
    ///     forget_to_cell: to(-15),
    ///     input_to_cell: to(-19),
    ///     output: to(-23),
    ///     output_zero: 0,
    ///     clip: i16::MAX,
    ///     tanh_shift: 1,
    /// };
    /// let weights = LstmWeights {
    ///     weight_ih: &[0, 0, 16, 0],
    ///     weight_hh: &[0; 4],
    ///     // The gates i, f and o are open.
    ///     bias_ih: &[32767, 32767, 0, 32767],
    ///     bias_hh: &[0; 4],
    ///     input: &[ONE; 4],
    ///     hidden: &[ONE; 4],
    ///     cell: &cell,
    /// };
    /// // tanh(tanh(0.25)) in steps of 1/128.
    /// let (mut c, mut y) = ([0], [0]);
    /// Portable.lstm_step_i8::<1, 1, RowMajor, Twice>(&[64], &[0], &mut c, weights, &mut y, &mut []);
    /// assert_eq!(y, [31]);
    /// ```
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
        let _ = scratch;
        lstm::step_i8::<R>(P::ORDER, x, h, c, weights, y);
    }

    /// The same on int16.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::QuantizedKernels};
    /// use tensorlet::quantized::{LstmCell, Multiplier, int16::LstmWeights};
    /// let to = |power| Multiplier { multiplier: 1 << 30, shift: power + 1 };
    /// let cell = LstmCell {
    ///     forget_to_cell: to(-15),
    ///     input_to_cell: to(-19),
    ///     output: to(-15),
    ///     output_zero: 0,
    ///     clip: i16::MAX,
    ///     tanh_shift: 1,
    /// };
    /// let weights = LstmWeights {
    ///     weight_ih: &[0, 0, 1, 0],
    ///     weight_hh: &[0; 4],
    ///     // The gates i, f and o are open.
    ///     bias: &[32767, 32767, 0, 32767],
    ///     gates: &[[to(0); 2]; 4],
    ///     cell: &cell,
    /// };
    /// // About tanh(tanh(0.25)) = 0.2401 in steps of 1/32768.
    /// let (mut c, mut y) = ([0], [0]);
    /// Portable.lstm_step_i16(&[1024], &[0], &mut c, weights, &mut y);
    /// assert_eq!(y, [7857]);
    /// ```
    #[inline]
    fn lstm_step_i16(self, x: &[i16], h: &[i16], c: &mut [i16], weights: int16::LstmWeights<'_>, y: &mut [i16]) {
        lstm::step_i16(x, h, c, weights, y);
    }

    /// One step of a GRU: from the input and the output `h` of the step before the output `y`. Of scratch and weights
    /// holds what [`lstm_step_i8`](Self::lstm_step_i8) says.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::QuantizedKernels};
    /// use tensorlet::quantized::{GateScale, GruCell, GruWeights, Multiplier, RowMajor, Twice};
    /// const ONE: GateScale = GateScale { factor: 0, addend: 0, sign: 0, multiplier: 1 << 30, right: 0, shift: 1 };
    /// let weights = GruWeights {
    ///     weight_ih: &[0, 0, 16],
    ///     weight_hh: &[0; 3],
    ///     // The gate z is shut: all of the new value goes in.
    ///     bias_ih: &[0, -32767, 0],
    ///     bias_hh: &[0; 3],
    ///     input: &[ONE; 3],
    ///     hidden: &[ONE; 3],
    ///     cell: &GruCell { new: Multiplier { multiplier: 1 << 30, shift: -7 }, output_zero: 0 },
    /// };
    /// // tanh(0.25) in steps of 1/128.
    /// let mut y = [0];
    /// Portable.gru_step_i8::<1, 1, RowMajor, Twice>(&[64], &[0], weights, &mut y, &mut []);
    /// assert_eq!(y, [31]);
    /// ```
    #[inline]
    fn gru_step_i8<const IN: usize, const H: usize, P: Packing, R: Rounding>(
        self,
        x: &[i8; IN],
        h: &[i8; H],
        weights: GruWeights<'_>,
        y: &mut [i8; H],
        scratch: &mut [f32],
    ) {
        let _ = scratch;
        gru::step_i8::<R>(P::ORDER, x, h, weights, y);
    }

    /// [`linear_i8`](Self::linear_i8) with int16 activations.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::QuantizedKernels, quantized::{Clamp, Multiplier, int16::Requantize16}};
    /// let requantize = Requantize16 { bias: &[3_i64], scales: &[Multiplier::from_real(1.0)], clamp: Clamp::<i16>::NONE };
    /// let mut y = [0; 2];
    /// Portable.linear_i16::<2, 1, i64>(&[1, 2, 5, 6], &[10, -1], requantize, &mut y);
    /// assert_eq!(y, [11, 47]);
    /// ```
    #[inline]
    fn linear_i16<const IN: usize, const OUT: usize, B: Accumulator>(
        self,
        x: &[i16],
        weight: &[i8],
        requantize: Requantize16<'_, B>,
        y: &mut [i16],
    ) {
        wide::linear([IN, OUT], x, weight, requantize, y);
    }

    /// [`conv2d_i8`](Self::conv2d_i8) with int16 activations; the padding holds 0.
    ///
    /// ```
    /// # use tensorlet::{
    /// #     Portable, description::Window, kernel::{Conv2dDims, Conv2dShape, QuantizedKernels},
    /// #     quantized::{Clamp, Multiplier, int16::Requantize16},
    /// # };
    /// # struct Row;
    /// # impl Conv2dShape for Row {
    /// #     const DIMS: Conv2dDims = Conv2dDims {
    /// #         groups: 1,
    /// #         in_channels: 1,
    /// #         input: [1, 3],
    /// #         out_channels: 1,
    /// #         output: [1, 2],
    /// #         window: Window::new([1, 2], [1, 1], [0, 0]),
    /// #     };
    /// # }
    /// // `Row` as in the example of `conv2d_i8`.
    /// let requantize = Requantize16 { bias: &[3_i64], scales: &[Multiplier::from_real(1.0)], clamp: Clamp::<i16>::NONE };
    /// let mut y = [0; 2];
    /// Portable.conv2d_i16::<Row, i64>(&[1, 2, 5], &[10, -1], requantize, &mut y);
    /// assert_eq!(y, [11, 18]);
    /// ```
    #[inline]
    fn conv2d_i16<G: Conv2dShape, B: Accumulator>(
        self,
        x: &[i16],
        weight: &[i8],
        requantize: Requantize16<'_, B>,
        y: &mut [i16],
    ) {
        wide::conv2d(&G::DIMS, x, weight, requantize, y);
    }

    /// [`depthwise_conv2d_i8`](Self::depthwise_conv2d_i8) with int16 activations; the padding holds 0.
    ///
    /// ```
    /// # use tensorlet::{
    /// #     Portable, description::Window, kernel::{Conv2dDims, Conv2dShape, QuantizedKernels},
    /// #     quantized::{Clamp, Multiplier, int16::Requantize16},
    /// # };
    /// # struct Row;
    /// # impl Conv2dShape for Row {
    /// #     const DIMS: Conv2dDims = Conv2dDims {
    /// #         groups: 1,
    /// #         in_channels: 1,
    /// #         input: [1, 3],
    /// #         out_channels: 1,
    /// #         output: [1, 2],
    /// #         window: Window::new([1, 2], [1, 1], [0, 0]),
    /// #     };
    /// # }
    /// // `Row` as in the example of `conv2d_i8`.
    /// let requantize = Requantize16 { bias: &[3_i64], scales: &[Multiplier::from_real(1.0)], clamp: Clamp::<i16>::NONE };
    /// let mut y = [0; 2];
    /// Portable.depthwise_conv2d_i16::<Row, i64>(&[1, 2, 5], &[10, -1], requantize, &mut y);
    /// assert_eq!(y, [11, 18]);
    /// ```
    #[inline]
    fn depthwise_conv2d_i16<G: Conv2dShape, B: Accumulator>(
        self,
        x: &[i16],
        weight: &[i8],
        requantize: Requantize16<'_, B>,
        y: &mut [i16],
    ) {
        wide::depthwise_conv2d(&G::DIMS, x, weight, requantize, y);
    }

    /// [`conv_transpose2d_i8`](Self::conv_transpose2d_i8) with int16 activations, whose zero point is 0.
    ///
    /// ```
    /// # use tensorlet::{
    /// #     Portable, description::Window, kernel::{Conv2dDims, Conv2dShape, QuantizedKernels},
    /// #     quantized::{Clamp, Multiplier, int16::Requantize16},
    /// # };
    /// # struct Row;
    /// # impl Conv2dShape for Row {
    /// #     const DIMS: Conv2dDims = Conv2dDims {
    /// #         groups: 1,
    /// #         in_channels: 1,
    /// #         input: [1, 3],
    /// #         out_channels: 1,
    /// #         output: [1, 2],
    /// #         window: Window::new([1, 2], [1, 1], [0, 0]),
    /// #     };
    /// # }
    /// // `Row` as in the example of `conv2d_i8`.
    /// let requantize = Requantize16 { bias: &[3_i64], scales: &[Multiplier::from_real(1.0)], clamp: Clamp::<i16>::NONE };
    /// let mut y = [0; 3];
    /// Portable.conv_transpose2d_i16::<Row, i64>(&[1, 2], &[10, -1], requantize, &mut y);
    /// assert_eq!(y, [13, 22, 1]);
    /// ```
    #[inline]
    fn conv_transpose2d_i16<G: Conv2dShape, B: Accumulator>(
        self,
        x: &[i16],
        weight: &[i8],
        requantize: Requantize16<'_, B>,
        y: &mut [i16],
    ) {
        conv_transpose::conv_transpose2d_i16(&G::DIMS, x, weight, requantize, y);
    }
}
