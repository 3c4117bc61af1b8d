//! Two-dimensional convolution (cross-correlation, as in PyTorch).
//!
//! One of one dimension is one of a single row; a transposed one is the gradient of another with
//! respect to its input.

mod dims;
mod rows;

use core::marker::PhantomData;

use super::{ElementwiseKernels, Epilogue, Known, pieces, pieces_mut, samples, samples_mut, window::Axis};

pub use dims::{Conv2dDims, Conv2dShape};
pub(super) use rows::{Rows, for_each_row};

/// Convolution forward, and its gradients with respect to input, weight and bias.
///
/// `x` holds samples `[groups · in_channels][rows][columns]`, `y` samples
/// `[groups · out_channels][rows][columns]`, the weight is
/// `[groups · out_channels][in_channels][kernel rows][kernel columns]`, all flat. In the formulas
/// `c` counts the input channels of the group that `o` belongs to, and `x` outside its borders is what
/// the padding's mode says.
pub trait ConvKernels: ElementwiseKernels {
    /// `y[o][i][j] = bias[o] + Σ_{c,r,s} w[o][c][r][s] · x[c][i·stride + r·dilation - pad][j·stride + s·dilation - pad]`.
    /// Without bias, the slice is empty.
    ///
    /// ```
    /// use tensorlet::{Portable, description::Window, kernel::{Conv2dDims, Conv2dShape, ConvKernels}};
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
    /// let mut y = [0.0; 2];
    /// Portable.conv2d::<Row>(&[1.0, 2.0, 4.0], &[1.0, 10.0], &[0.5], &mut y);
    /// assert_eq!(y, [21.5, 42.5]);
    /// ```
    #[inline]
    fn conv2d<G: Conv2dShape>(self, x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]) {
        if const { G::DIMS.is_plain() } {
            forward::<false, _>(PhantomData::<G>, x, weight, bias, y);
        } else {
            shared::forward(&G::DIMS, x, weight, bias, y);
        }
    }

    /// `y = then(…)` of what [`conv2d`](Self::conv2d) gives: a convolution with the activation behind it.
    ///
    /// ```
    /// # use tensorlet::{Portable, description::Window, kernel::{Conv2dDims, Conv2dShape, ConvKernels, Epilogue}};
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
    /// // `Row` as in the example of `conv2d`.
    /// let mut y = [0.0; 2];
    /// Portable.conv2d_fused::<Row>(&[1.0, 2.0, 4.0], &[1.0, 10.0], &[-30.0], Epilogue::Relu, &mut y);
    /// assert_eq!(y, [0.0, 12.0]);
    /// ```
    #[inline(always)]
    fn conv2d_fused<G: Conv2dShape>(self, x: &[f32], weight: &[f32], bias: &[f32], then: Epilogue, y: &mut [f32]) {
        self.conv2d::<G>(x, weight, bias, y);
        then.apply(self, y);
    }

    /// `dx[c][i'][j'] = Σ dy[o][i][j] · w[o][c][r][s]` over all `o, i, j, r, s` that read `x[c][i'][j']`.
    ///
    /// ```
    /// # use tensorlet::{Portable, description::Window, kernel::{Conv2dDims, Conv2dShape, ConvKernels}};
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
    /// // `Row` as in the example of `conv2d`.
    /// let mut dx = [0.0; 3];
    /// Portable.conv2d_input_gradient::<Row>(&[1.0, 2.0], &[1.0, 10.0], &mut dx);
    /// assert_eq!(dx, [1.0, 12.0, 20.0]);
    /// ```
    #[inline]
    fn conv2d_input_gradient<G: Conv2dShape>(self, dy: &[f32], weight: &[f32], dx: &mut [f32]) {
        for channel in 0..G::DIMS.in_channels {
            self.conv2d_channel_input_gradient::<G>(channel, dy, weight, dx);
        }
    }

    /// `dw[o][c][r][s] += Σ_{i,j} dy[o][i][j] · x[c][i·stride + r·dilation - pad][j·stride + s·dilation - pad]`
    /// and `db[o] += Σ_{i,j} dy[o][i][j]`, summed over the batch.
    ///
    /// ```
    /// # use tensorlet::{Portable, description::Window, kernel::{Conv2dDims, Conv2dShape, ConvKernels}};
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
    /// // `Row` as in the example of `conv2d`.
    /// let (mut dw, mut db) = ([0.0; 2], [0.0]);
    /// Portable.conv2d_weight_gradient::<Row>(&[1.0, 2.0, 4.0], &[1.0, 2.0], &mut dw, &mut db);
    /// assert_eq!((dw, db), ([5.0, 10.0], [3.0]));
    /// ```
    #[inline]
    fn conv2d_weight_gradient<G: Conv2dShape>(self, x: &[f32], dy: &[f32], dw: &mut [f32], db: &mut [f32]) {
        let (taps, filter) = const { (G::DIMS.taps(), G::DIMS.filter_len()) };
        for channel in 0..G::DIMS.in_channels {
            let Some(dw) = dw.get_mut(channel * taps..) else { return };
            if const { G::DIMS.is_plain() } {
                channel_weight_gradient::<false, _>(PhantomData::<G>, channel, x, dy, dw, filter);
            } else {
                shared::channel_weight_gradient(&G::DIMS, channel, x, dy, dw, filter);
            }
        }
        self.conv2d_bias_gradient::<G>(dy, db);
    }

    /// `db[o] += Σ_{i,j} dy[o][i][j]`, summed over the batch.
    ///
    /// ```
    /// # use tensorlet::{Portable, description::Window, kernel::{Conv2dDims, Conv2dShape, ConvKernels}};
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
    /// // `Row` as in the example of `conv2d`.
    /// let mut db = [0.0];
    /// Portable.conv2d_bias_gradient::<Row>(&[1.0, 2.0], &mut db);
    /// assert_eq!(db, [3.0]);
    /// ```
    #[inline]
    fn conv2d_bias_gradient<G: Conv2dShape>(self, dy: &[f32], db: &mut [f32]) {
        let d = G::DIMS;
        for dy in samples(dy, d.out_len()) {
            for (dy, db) in samples(dy, d.out_plane()).zip(db.iter_mut()) {
                for &dy in dy {
                    *db += dy;
                }
            }
        }
    }

    /// [`conv2d_input_gradient`](Self::conv2d_input_gradient) of one input channel of each group alone;
    /// the other channels of `dx` keep what they hold. With this and the next, a layer can be updated
    /// channel by channel with a scratch of one channel's weights.
    ///
    /// ```
    /// # use tensorlet::{Portable, description::Window, kernel::{Conv2dDims, Conv2dShape, ConvKernels}};
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
    /// // `Row` as in the example of `conv2d`.
    /// let mut dx = [0.0; 3];
    /// Portable.conv2d_channel_input_gradient::<Row>(0, &[1.0, 2.0], &[1.0, 10.0], &mut dx);
    /// assert_eq!(dx, [1.0, 12.0, 20.0]);
    /// ```
    #[inline]
    fn conv2d_channel_input_gradient<G: Conv2dShape>(self, channel: usize, dy: &[f32], weight: &[f32], dx: &mut [f32]) {
        if const { G::DIMS.is_plain() } {
            channel_input_gradient::<false, _>(PhantomData::<G>, channel, dy, weight, dx);
        } else {
            shared::channel_input_gradient(&G::DIMS, channel, dy, weight, dx);
        }
    }

    /// The gradient of the weights of one input channel of each group alone: `dw[o][r][s] += …`, as in
    /// [`conv2d_weight_gradient`](Self::conv2d_weight_gradient).
    ///
    /// ```
    /// # use tensorlet::{Portable, description::Window, kernel::{Conv2dDims, Conv2dShape, ConvKernels}};
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
    /// // `Row` as in the example of `conv2d`.
    /// let mut dw = [0.0; 2];
    /// Portable.conv2d_channel_weight_gradient::<Row>(0, &[1.0, 2.0, 4.0], &[1.0, 2.0], &mut dw);
    /// assert_eq!(dw, [5.0, 10.0]);
    /// ```
    #[inline]
    fn conv2d_channel_weight_gradient<G: Conv2dShape>(self, channel: usize, x: &[f32], dy: &[f32], dw: &mut [f32]) {
        let taps = const { G::DIMS.taps() };
        if const { G::DIMS.is_plain() } {
            channel_weight_gradient::<false, _>(PhantomData::<G>, channel, x, dy, dw, taps);
        } else {
            shared::channel_weight_gradient(&G::DIMS, channel, x, dy, dw, taps);
        }
    }
}

#[inline(always)]
fn forward<const REPEATED: bool, D: Known<Conv2dDims>>(d: D, x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]) {
    let (known, d) = (d, &d.sizes());
    for (x, y) in samples(x, d.in_len()).zip(samples_mut(y, d.out_len())) {
        let mut bias = bias.iter();
        accumulate::<REPEATED, D>(known, x, weight, y, |y| y.fill(bias.next().copied().unwrap_or(0.0)));
    }
}

/// `y += w ∗ x` for one sample, after `begin` has seen each channel of `y`. Channels without a weight are
/// left out.
#[inline(always)]
pub(crate) fn accumulate<const REPEATED: bool, D: Known<Conv2dDims>>(
    d: D,
    x: &[f32],
    weight: &[f32],
    y: &mut [f32],
    mut begin: impl FnMut(&mut [f32]),
) {
    let d = &d.sizes();
    let groups = samples(x, d.group_in_len()).zip(samples_mut(y, d.group_out_len()));
    for ((x, y), weight) in groups.zip(pieces(weight, d.group_weights())) {
        for (y, w) in samples_mut(y, d.out_plane()).zip(samples(weight, d.filter_len())) {
            begin(y);
            for (x, w) in samples(x, d.in_plane()).zip(samples(w, d.taps())) {
                for_each_row!(d, REPEATED, |tap, run, rows| {
                    if let (Some(&w), Some(x), Some(y)) = (w.get(tap), rows.input(x), y.get_mut(rows.output())) {
                        run.zip(x, y, |x, y| *y += w * x);
                    }
                });
            }
        }
    }
}

#[inline(always)]
fn channel_input_gradient<const REPEATED: bool, D: Known<Conv2dDims>>(
    d: D,
    channel: usize,
    dy: &[f32],
    weight: &[f32],
    dx: &mut [f32],
) {
    let d = &d.sizes();
    for (dx, dy) in samples_mut(dx, d.in_len()).zip(samples(dy, d.out_len())) {
        let groups = samples_mut(dx, d.group_in_len()).zip(samples(dy, d.group_out_len()));
        for ((dx, dy), weight) in groups.zip(pieces(weight, d.group_weights())) {
            let Some(dx) = dx.get_mut(channel * d.in_plane()..(channel + 1) * d.in_plane()) else { return };
            dx.fill(0.0);
            for (dy, w) in samples(dy, d.out_plane()).zip(samples(weight, d.filter_len())) {
                let Some(w) = w.get(channel * d.taps()..) else { return };
                for_each_row!(d, REPEATED, |tap, run, rows| {
                    if let (Some(&w), Some(dx), Some(dy)) = (w.get(tap), rows.input_mut(dx), dy.get(rows.output())) {
                        run.zip(dx, dy, |dx, dy| *dx += w * dy);
                    }
                });
            }
        }
    }
}

/// Adds the gradient of the weights of one input channel of each group to `dw`, in which the output
/// channels lie `stride` apart.
#[inline(always)]
pub(crate) fn channel_weight_gradient<const REPEATED: bool, D: Known<Conv2dDims>>(
    d: D,
    channel: usize,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
    stride: usize,
) {
    let d = &d.sizes();
    for (x, dy) in samples(x, d.in_len()).zip(samples(dy, d.out_len())) {
        let groups = samples(x, d.group_in_len()).zip(samples(dy, d.group_out_len()));
        for ((x, dy), dw) in groups.zip(pieces_mut(dw, d.out_channels * stride)) {
            let Some(x) = x.get(channel * d.in_plane()..(channel + 1) * d.in_plane()) else { return };
            for (dy, dw) in samples(dy, d.out_plane()).zip(pieces_mut(dw, stride)) {
                for_each_row!(d, REPEATED, |tap, run, rows| {
                    if let (Some(dw), Some(x), Some(dy)) = (dw.get_mut(tap), rows.input(x), dy.get(rows.output())) {
                        let mut sum = 0.0;
                        run.zip(x, dy, |x, dy| sum += x * dy);
                        *dw += sum;
                    }
                });
            }
        }
    }
}

/// The same bodies once for all sizes: a program can hold many convolutions that are rarely large, and
/// each copy would be flash.
mod shared {
    use super::Conv2dDims;

    pub(super) fn forward(d: &Conv2dDims, x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]) {
        super::forward::<true, _>(d, x, weight, bias, y);
    }

    pub(super) fn channel_input_gradient(d: &Conv2dDims, channel: usize, dy: &[f32], weight: &[f32], dx: &mut [f32]) {
        super::channel_input_gradient::<true, _>(d, channel, dy, weight, dx);
    }

    pub(super) fn channel_weight_gradient(
        d: &Conv2dDims,
        channel: usize,
        x: &[f32],
        dy: &[f32],
        dw: &mut [f32],
        stride: usize,
    ) {
        super::channel_weight_gradient::<true, _>(d, channel, x, dy, dw, stride);
    }
}
