//! Kernels without weights.

use super::{elementwise, mean, pool, softmax, softmax16};
use crate::{
    kernel::Pool2dShape,
    quantized::{AddScales, AddTables, Clamp, MulScales, Multiplier, Quantization, Rounding, Scale},
};

/// Quantized operators without weights: pooling, softmax, and what computes element by element.
///
/// Tensors are NHWC and flat; those of several samples lie one behind the other.
pub trait IntegerKernels: Copy {
    /// The mean of each window of `C` channels, rounded half away from zero; only what lies inside the input counts.
    ///
    /// ```
    /// use tensorlet::{Portable, description::Window, kernel::{IntegerKernels, Pool2dDims, Pool2dShape}, quantized::Clamp};
    /// /// Two columns of a row of four.
    /// struct Row;
    /// impl Pool2dShape for Row {
    ///     const DIMS: Pool2dDims =
    ///         Pool2dDims { input: [1, 4], output: [1, 2], window: Some(Window::new([1, 2], [1, 2], [0, 0])) };
    /// }
    /// let mut y = [0; 2];
    /// Portable.avg_pool2d_i8::<Row, 1>(&[1, 4, -3, -2], Clamp::<i8>::NONE, &mut y);
    /// assert_eq!(y, [3, -3]);
    /// ```
    #[inline]
    fn avg_pool2d_i8<G: Pool2dShape, const C: usize>(self, x: &[i8], clamp: Clamp<i8>, y: &mut [i8]) {
        pool::avg_pool(&G::DIMS, C, clamp, x, y);
    }

    /// The same on int16.
    ///
    /// ```
    /// # use tensorlet::{Portable, description::Window, kernel::{IntegerKernels, Pool2dDims, Pool2dShape}, quantized::Clamp};
    /// # /// Two columns of a row of four.
    /// # struct Row;
    /// # impl Pool2dShape for Row {
    /// #     const DIMS: Pool2dDims =
    /// #         Pool2dDims { input: [1, 4], output: [1, 2], window: Some(Window::new([1, 2], [1, 2], [0, 0])) };
    /// # }
    /// // `Row` as in the example of `avg_pool2d_i8`.
    /// let mut y = [0; 2];
    /// Portable.avg_pool2d_i16::<Row, 1>(&[1, 4, -3, -2], Clamp::<i16>::NONE, &mut y);
    /// assert_eq!(y, [3, -3]);
    /// ```
    #[inline]
    fn avg_pool2d_i16<G: Pool2dShape, const C: usize>(self, x: &[i16], clamp: Clamp<i16>, y: &mut [i16]) {
        pool::avg_pool(&G::DIMS, C, clamp, x, y);
    }

    /// The largest element of each window of `C` channels; padding never wins.
    ///
    /// ```
    /// # use tensorlet::{Portable, description::Window, kernel::{IntegerKernels, Pool2dDims, Pool2dShape}, quantized::Clamp};
    /// # /// Two columns of a row of four.
    /// # struct Row;
    /// # impl Pool2dShape for Row {
    /// #     const DIMS: Pool2dDims =
    /// #         Pool2dDims { input: [1, 4], output: [1, 2], window: Some(Window::new([1, 2], [1, 2], [0, 0])) };
    /// # }
    /// // `Row` as in the example of `avg_pool2d_i8`.
    /// let mut y = [0; 2];
    /// Portable.max_pool2d_i8::<Row, 1>(&[1, 4, -3, -2], Clamp::<i8>::NONE, &mut y);
    /// assert_eq!(y, [4, -2]);
    /// ```
    #[inline]
    fn max_pool2d_i8<G: Pool2dShape, const C: usize>(self, x: &[i8], clamp: Clamp<i8>, y: &mut [i8]) {
        pool::max_pool(&G::DIMS, C, clamp, x, y);
    }

    /// The same on int16.
    ///
    /// ```
    /// # use tensorlet::{Portable, description::Window, kernel::{IntegerKernels, Pool2dDims, Pool2dShape}, quantized::Clamp};
    /// # /// Two columns of a row of four.
    /// # struct Row;
    /// # impl Pool2dShape for Row {
    /// #     const DIMS: Pool2dDims =
    /// #         Pool2dDims { input: [1, 4], output: [1, 2], window: Some(Window::new([1, 2], [1, 2], [0, 0])) };
    /// # }
    /// // `Row` as in the example of `avg_pool2d_i8`.
    /// let mut y = [0; 2];
    /// Portable.max_pool2d_i16::<Row, 1>(&[1, 4, -3, -2], Clamp::<i16>::NONE, &mut y);
    /// assert_eq!(y, [4, -2]);
    /// ```
    #[inline]
    fn max_pool2d_i16<G: Pool2dShape, const C: usize>(self, x: &[i16], clamp: Clamp<i16>, y: &mut [i16]) {
        pool::max_pool(&G::DIMS, C, clamp, x, y);
    }

    /// Softmax of each `row` of elements, in steps of 1/256 from -128: `exponentials` holds, in Q0.31, those of
    /// the differences 0, -1, … to the largest element of a row.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::IntegerKernels};
    /// // Each step halves.
    /// let exponentials = core::array::from_fn(|i| i32::MAX >> i.min(31));
    /// let mut y = [0; 3];
    /// Portable.softmax_i8(3, &[5, 4, 4], &exponentials, &mut y);
    /// assert_eq!(y, [0, -64, -64]);
    /// ```
    #[inline]
    fn softmax_i8(self, row: usize, x: &[i8], exponentials: &[i32; 256], y: &mut [i8]) {
        softmax::softmax(row, exponentials, x, y);
    }

    /// Softmax of each `row` of elements, in steps of 1/32768; `scale` makes -65535 of a difference of -10.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::IntegerKernels, quantized::Multiplier};
    /// let mut y = [0; 3];
    /// Portable.softmax_i16(3, &[5, 5, -9], Multiplier::from_real(6553.5), &mut y);
    /// assert_eq!(y, [16384, 16384, 1]);
    /// ```
    #[inline]
    fn softmax_i16(self, row: usize, x: &[i16], scale: Multiplier, y: &mut [i16]) {
        softmax16::softmax(row, x, scale, y);
    }

    /// `y = scale(first[a] + second[b])`.
    ///
    /// Of two operands each has as many elements as `y`, or one that counts for all; where there is no `b`, `y`
    /// holds it.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::IntegerKernels, quantized::{self, Add, Fused, Quantization, Twice}};
    /// const ONE: Quantization = Quantization::new(1.0, 0);
    /// static ADD: Add = quantized::unwrap(Add::from_scales([ONE, ONE], ONE, Fused::Identity));
    /// let mut y = [1, 2, 3];
    /// Portable.add_i8::<Twice>(&[10, 20, 30], None, ADD.tables(), &mut y);
    /// assert_eq!(y, [11, 22, 33]);
    /// ```
    #[inline]
    fn add_i8<R: Rounding>(self, a: &[i8], b: Option<&[i8]>, add: AddTables<'_>, y: &mut [i8]) {
        elementwise::add_tables::<R>(a, b, add, y);
    }

    /// The same with the tables' entries computed.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::IntegerKernels, quantized::{self, CompactAdd, Fused, Quantization, Twice}};
    /// const ONE: Quantization = Quantization::new(1.0, 0);
    /// static ADD: CompactAdd<i8> =
    ///     quantized::unwrap(CompactAdd::<i8>::from_scales([ONE, ONE], ONE, Fused::Relu));
    /// let mut y = [0; 3];
    /// Portable.compact_add_i8::<Twice>(&[-10, 20, 30], Some(&[5]), ADD.scales(), &mut y);
    /// assert_eq!(y, [0, 25, 35]);
    /// ```
    #[inline]
    fn compact_add_i8<R: Rounding>(self, a: &[i8], b: Option<&[i8]>, add: &AddScales<i8>, y: &mut [i8]) {
        elementwise::add_scaled::<i8, R>(a, b, add, y);
    }

    /// The same on int16.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::IntegerKernels, quantized::{self, CompactAdd, Fused, Quantization, Twice}};
    /// const ONE: Quantization = Quantization::new(1.0, 0);
    /// static ADD: CompactAdd<i16> =
    ///     quantized::unwrap(CompactAdd::<i16>::from_scales([ONE, ONE], ONE, Fused::Relu));
    /// let mut y = [0; 3];
    /// Portable.compact_add_i16::<Twice>(&[-10, 20, 30], Some(&[5]), ADD.scales(), &mut y);
    /// assert_eq!(y, [0, 25, 35]);
    /// ```
    #[inline]
    fn compact_add_i16<R: Rounding>(self, a: &[i16], b: Option<&[i16]>, add: &AddScales<i16>, y: &mut [i16]) {
        elementwise::add_scaled::<i16, R>(a, b, add, y);
    }

    /// `y = scale((a - zero_a)(b - zero_b))`; operands as in [`add_i8`](Self::add_i8).
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::IntegerKernels, quantized::{self, Mul, Fused, Quantization, Twice}};
    /// const ONE: Quantization = Quantization::new(1.0, 0);
    /// static MUL: Mul<i8> = quantized::unwrap(Mul::<i8>::from_scales([ONE, ONE], ONE, Fused::Identity));
    /// let mut y = [0; 3];
    /// Portable.mul_i8::<Twice>(&[-1, 2, 3], Some(&[5, 6, 7]), MUL.scales(), &mut y);
    /// assert_eq!(y, [-5, 12, 21]);
    /// ```
    #[inline]
    fn mul_i8<R: Rounding>(self, a: &[i8], b: Option<&[i8]>, mul: &MulScales<i8>, y: &mut [i8]) {
        elementwise::mul::<i8, R>(a, b, mul, y);
    }

    /// The same on int16.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::IntegerKernels, quantized::{self, Mul, Fused, Quantization, Twice}};
    /// const ONE: Quantization = Quantization::new(1.0, 0);
    /// static MUL: Mul<i16> = quantized::unwrap(Mul::<i16>::from_scales([ONE, ONE], ONE, Fused::Identity));
    /// let mut y = [0; 3];
    /// Portable.mul_i16::<Twice>(&[-1, 2, 3], Some(&[5, 6, 7]), MUL.scales(), &mut y);
    /// assert_eq!(y, [-5, 12, 21]);
    /// ```
    #[inline]
    fn mul_i16<R: Rounding>(self, a: &[i16], b: Option<&[i16]>, mul: &MulScales<i16>, y: &mut [i16]) {
        elementwise::mul::<i16, R>(a, b, mul, y);
    }

    /// The smaller of two elements; operands as in [`add_i8`](Self::add_i8).
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::IntegerKernels};
    /// let mut y = [3, 1];
    /// Portable.minimum_i8(&[2, 2], None, &mut y);
    /// assert_eq!(y, [2, 1]);
    /// ```
    #[inline]
    fn minimum_i8(self, a: &[i8], b: Option<&[i8]>, y: &mut [i8]) {
        elementwise::minimum(a, b, y);
    }

    /// The same on int16.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::IntegerKernels};
    /// let mut y = [3, 1];
    /// Portable.minimum_i16(&[2, 2], None, &mut y);
    /// assert_eq!(y, [2, 1]);
    /// ```
    #[inline]
    fn minimum_i16(self, a: &[i16], b: Option<&[i16]>, y: &mut [i16]) {
        elementwise::minimum(a, b, y);
    }

    /// The larger of two elements; operands as in [`add_i8`](Self::add_i8).
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::IntegerKernels};
    /// let mut y = [0; 2];
    /// Portable.maximum_i8(&[2, 4], Some(&[3]), &mut y);
    /// assert_eq!(y, [3, 4]);
    /// ```
    #[inline]
    fn maximum_i8(self, a: &[i8], b: Option<&[i8]>, y: &mut [i8]) {
        elementwise::maximum(a, b, y);
    }

    /// The same on int16.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::IntegerKernels};
    /// let mut y = [0; 2];
    /// Portable.maximum_i16(&[2, 4], Some(&[3]), &mut y);
    /// assert_eq!(y, [3, 4]);
    /// ```
    #[inline]
    fn maximum_i16(self, a: &[i16], b: Option<&[i16]>, y: &mut [i16]) {
        elementwise::maximum(a, b, y);
    }

    /// `y = table[x]`; the table is in the order 0 to 127, then -128 to -1.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::IntegerKernels};
    /// let negated = core::array::from_fn(|i| (i as u8 as i8).saturating_neg());
    /// let mut y = [0; 3];
    /// Portable.lookup_i8(&[3, 0, -128], &negated, &mut y);
    /// assert_eq!(y, [-3, 0, 127]);
    /// ```
    #[inline]
    fn lookup_i8(self, x: &[i8], table: &[i8; 256], y: &mut [i8]) {
        elementwise::lookup(x, table, y);
    }

    /// `y = clamp(scale · x)`, rounded as `R` says.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::IntegerKernels, quantized::{Clamp, Multiplier, Twice}};
    /// let mut y = [0; 3];
    /// let clamp = Clamp { min: 0, max: i16::MAX };
    /// Portable.rescale_i16::<Twice>(&[300, -5, 30_000], Multiplier::from_real(1.5), clamp, &mut y);
    /// assert_eq!(y, [450, 0, 32767]);
    /// ```
    #[inline]
    fn rescale_i16<R: Rounding>(self, x: &[i16], scale: Multiplier, clamp: Clamp<i16>, y: &mut [i16]) {
        elementwise::rescale::<R>(x, scale, clamp, y);
    }

    /// `y[c] = scale(bias + Σ x[i][c])` over `n` pixels of `C` channels.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::IntegerKernels, quantized::{Scale, Twice}};
    /// // A quarter: half of the high word of twice the sum times 2^30, rounded.
    /// let quarter = Scale { multiplier: 1 << 30, addend: 1, shift: 1, folded: true, zero_point: 0 };
    /// let mut y = [0; 2];
    /// Portable.mean_i8::<Twice, 2>(4, &[1, -1, 2, -2, 3, -3, 6, -6], 0, quarter, &mut y);
    /// assert_eq!(y, [3, -3]);
    /// ```
    #[inline]
    fn mean_i8<R: Rounding, const C: usize>(self, n: usize, x: &[i8], bias: i32, scale: Scale, y: &mut [i8]) {
        mean::mean::<_, R>([n, C], x, bias, scale, y);
    }

    /// The same on int16.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::IntegerKernels, quantized::{Scale, Twice}};
    /// // A quarter, as in the example of `mean_i8`.
    /// let quarter = Scale { multiplier: 1 << 30, addend: 1, shift: 1, folded: true, zero_point: 0 };
    /// let mut y = [0; 2];
    /// Portable.mean_i16::<Twice, 2>(4, &[1000, -1, 2000, -2, 3000, -3, 6000, -6], 0, quarter, &mut y);
    /// assert_eq!(y, [3000, -3]);
    /// ```
    #[inline]
    fn mean_i16<R: Rounding, const C: usize>(self, n: usize, x: &[i16], bias: i32, scale: Scale, y: &mut [i16]) {
        mean::mean::<_, R>([n, C], x, bias, scale, y);
    }

    /// `y = round(x / scale) + zero_point`, half away from zero, saturated.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::IntegerKernels, quantized::Quantization};
    /// let mut y = [0; 3];
    /// Portable.quantize_i8(&[0.0, 1.25, -1.0], Quantization::new(0.5, 1), &mut y);
    /// assert_eq!(y, [1, 4, -1]);
    /// ```
    #[inline]
    fn quantize_i8(self, x: &[f32], to: Quantization, y: &mut [i8]) {
        elementwise::quantize(x, to, y);
    }

    /// The same to int16.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::IntegerKernels, quantized::Quantization};
    /// let mut y = [0; 3];
    /// Portable.quantize_i16(&[0.0, 1.25, -1.0], Quantization::new(0.5, 1), &mut y);
    /// assert_eq!(y, [1, 4, -1]);
    /// ```
    #[inline]
    fn quantize_i16(self, x: &[f32], to: Quantization, y: &mut [i16]) {
        elementwise::quantize(x, to, y);
    }

    /// `y = scale · (x - zero_point)`.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::IntegerKernels, quantized::Quantization};
    /// let mut y = [0.0; 3];
    /// Portable.dequantize_i8(&[1, 4, -1], Quantization::new(0.5, 1), &mut y);
    /// assert_eq!(y, [0.0, 1.5, -1.0]);
    /// ```
    #[inline]
    fn dequantize_i8(self, x: &[i8], from: Quantization, y: &mut [f32]) {
        elementwise::dequantize(x, from, y);
    }

    /// The same from int16.
    ///
    /// ```
    /// use tensorlet::{Portable, kernel::IntegerKernels, quantized::Quantization};
    /// let mut y = [0.0; 3];
    /// Portable.dequantize_i16(&[1, 4, -1], Quantization::new(0.5, 1), &mut y);
    /// assert_eq!(y, [0.0, 1.5, -1.0]);
    /// ```
    #[inline]
    fn dequantize_i16(self, x: &[i16], from: Quantization, y: &mut [f32]) {
        elementwise::dequantize(x, from, y);
    }
}
