//! Two-dimensional convolution (cross-correlation, as in PyTorch).

use super::{pieces_mut, samples, samples_mut};
use crate::description::Window;

/// The sizes of a convolution on one sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2dDims {
    /// Channels of the input.
    pub in_channels: usize,
    /// Rows and columns of the input.
    pub input: [usize; 2],
    /// Channels of the output.
    pub out_channels: usize,
    /// Rows and columns of the output.
    pub output: [usize; 2],
    /// Kernel, stride and padding.
    pub window: Window,
}

/// A convolution's sizes as a type, so that a kernel sees constants.
pub trait Conv2dShape {
    /// The sizes.
    const DIMS: Conv2dDims;
}

/// Convolution forward, and its gradients with respect to input, weight and bias.
///
/// `x` holds samples `[in_channels][rows][columns]`, `y` samples `[out_channels][rows][columns]`,
/// the weight is `[out_channels][in_channels][kernel rows][kernel columns]`, all flat.
pub trait ConvKernels: Copy {
    /// `y[o][i][j] = bias[o] + Σ_{c,r,s} w[o][c][r][s] · x[c][i·stride + r - pad][j·stride + s - pad]`,
    /// where `x` outside its borders is 0. Without bias, the slice is empty.
    #[inline]
    fn conv2d<G: Conv2dShape>(self, x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]) {
        let d = G::DIMS;
        for (x, y) in samples(x, d.in_len()).zip(samples_mut(y, d.out_len())) {
            for (o, (y, w)) in samples_mut(y, d.out_plane()).zip(samples(weight, d.filter_len())).enumerate() {
                y.fill(bias.get(o).copied().unwrap_or(0.0));
                for (x, w) in samples(x, d.in_plane()).zip(samples(w, d.taps())) {
                    d.for_each_row(|tap, columns, rows| {
                        let (Some(&w), Some(x), Some(y)) = (w.get(tap), rows.input(x), y.get_mut(rows.output())) else {
                            return;
                        };
                        columns.zip(x, y, |x, y| *y += w * x);
                    });
                }
            }
        }
    }

    /// `dx[c][i'][j'] = Σ dy[o][i][j] · w[o][c][r][s]` over all `o, i, j, r, s` that read `x[c][i'][j']`.
    #[inline]
    fn conv2d_input_gradient<G: Conv2dShape>(self, dy: &[f32], weight: &[f32], dx: &mut [f32]) {
        for channel in 0..G::DIMS.in_channels {
            self.conv2d_channel_input_gradient::<G>(channel, dy, weight, dx);
        }
    }

    /// `dw[o][c][r][s] += Σ_{i,j} dy[o][i][j] · x[c][i·stride + r - pad][j·stride + s - pad]` and
    /// `db[o] += Σ_{i,j} dy[o][i][j]`, summed over the batch.
    #[inline]
    fn conv2d_weight_gradient<G: Conv2dShape>(self, x: &[f32], dy: &[f32], dw: &mut [f32], db: &mut [f32]) {
        let d = G::DIMS;
        for channel in 0..d.in_channels {
            let Some(dw) = dw.get_mut(channel * d.taps()..) else { return };
            channel_weight_gradient(&d, channel, x, dy, dw, d.filter_len());
        }
        self.conv2d_bias_gradient::<G>(dy, db);
    }

    /// `db[o] += Σ_{i,j} dy[o][i][j]`, summed over the batch.
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

    /// [`conv2d_input_gradient`](Self::conv2d_input_gradient) of one input channel alone; the other
    /// channels of `dx` keep what they hold. With this and the next, a layer can be updated channel by
    /// channel with a scratch of one channel's weights.
    #[inline]
    fn conv2d_channel_input_gradient<G: Conv2dShape>(self, channel: usize, dy: &[f32], weight: &[f32], dx: &mut [f32]) {
        let d = G::DIMS;
        for (dx, dy) in samples_mut(dx, d.in_len()).zip(samples(dy, d.out_len())) {
            let Some(dx) = dx.get_mut(channel * d.in_plane()..(channel + 1) * d.in_plane()) else { return };
            dx.fill(0.0);
            for (dy, w) in samples(dy, d.out_plane()).zip(samples(weight, d.filter_len())) {
                let Some(w) = w.get(channel * d.taps()..) else { return };
                d.for_each_row(|tap, columns, rows| {
                    let (Some(&w), Some(dx), Some(dy)) = (w.get(tap), rows.input_mut(dx), dy.get(rows.output())) else {
                        return;
                    };
                    columns.zip_mut(dx, dy, |dx, dy| *dx += w * dy);
                });
            }
        }
    }

    /// The gradient of the weights of one input channel alone: `dw[o][r][s] += …`, as in
    /// [`conv2d_weight_gradient`](Self::conv2d_weight_gradient).
    #[inline]
    fn conv2d_channel_weight_gradient<G: Conv2dShape>(self, channel: usize, x: &[f32], dy: &[f32], dw: &mut [f32]) {
        channel_weight_gradient(&G::DIMS, channel, x, dy, dw, G::DIMS.taps());
    }
}

/// Adds the gradient of one input channel's weights to `dw`, in which the output channels lie
/// `stride` apart.
#[inline(always)]
fn channel_weight_gradient(d: &Conv2dDims, channel: usize, x: &[f32], dy: &[f32], dw: &mut [f32], stride: usize) {
    for (x, dy) in samples(x, d.in_len()).zip(samples(dy, d.out_len())) {
        let Some(x) = x.get(channel * d.in_plane()..(channel + 1) * d.in_plane()) else { return };
        for (dy, dw) in samples(dy, d.out_plane()).zip(pieces_mut(dw, stride)) {
            d.for_each_row(|tap, columns, rows| {
                let (Some(dw), Some(x), Some(dy)) = (dw.get_mut(tap), rows.input(x), dy.get(rows.output())) else {
                    return;
                };
                let mut sum = 0.0;
                columns.zip_ref(x, dy, |x, dy| sum += x * dy);
                *dw += sum;
            });
        }
    }
}

impl Conv2dDims {
    /// Elements of one channel of the input.
    #[must_use]
    pub const fn in_plane(&self) -> usize {
        self.input[0] * self.input[1]
    }

    /// Elements of one channel of the output.
    #[must_use]
    pub const fn out_plane(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Elements of one input sample.
    #[must_use]
    pub const fn in_len(&self) -> usize {
        self.in_channels * self.in_plane()
    }

    /// Elements of one output sample.
    #[must_use]
    pub const fn out_len(&self) -> usize {
        self.out_channels * self.out_plane()
    }

    /// Weights that one output channel has for one input channel.
    #[must_use]
    pub const fn taps(&self) -> usize {
        self.window.kernel[0] * self.window.kernel[1]
    }

    /// Weights of one output channel.
    #[must_use]
    pub const fn filter_len(&self) -> usize {
        self.in_channels * self.taps()
    }

    /// Calls `f` for every weight of a filter plane and every pair of an input and an output row
    /// that it joins. Padding never appears: it would add zero.
    #[inline(always)]
    fn for_each_row(&self, mut f: impl FnMut(usize, Span, Rows)) {
        let Window { kernel, stride, padding } = self.window;
        let mut tap = 0;
        for r in 0..kernel[0] {
            let vertical = Span::new(r, stride[0], padding[0], self.input[0], self.output[0]);
            for s in 0..kernel[1] {
                let horizontal = Span::new(s, stride[1], padding[1], self.input[1], self.output[1]);
                let mut input = vertical.first_input;
                for output in vertical.start..vertical.end {
                    f(tap, horizontal, Rows { input, output, in_width: self.input[1], out_width: self.output[1] });
                    input += stride[0];
                }
                tap += 1;
            }
        }
    }
}

/// The outputs along one axis that a kernel position reaches inside the input.
#[derive(Clone, Copy, Debug)]
struct Span {
    /// The first output.
    start: usize,
    /// One past the last output.
    end: usize,
    /// The input that the first output reads.
    first_input: usize,
    stride: usize,
}

impl Span {
    /// Output `o` reads input `o · stride + tap - padding`; those within `0..input` count.
    #[inline(always)]
    const fn new(tap: usize, stride: usize, padding: usize, input: usize, output: usize) -> Self {
        let stride = if stride == 0 { 1 } else { stride };
        let start = padding.saturating_sub(tap).div_ceil(stride);
        let reach = (input + padding).saturating_sub(tap).div_ceil(stride);
        let end = if reach < output { reach } else { output };
        Self { start, end, first_input: (start * stride + tap).saturating_sub(padding), stride }
    }

    #[inline(always)]
    fn zip(self, x: &[f32], y: &mut [f32], mut f: impl FnMut(f32, &mut f32)) {
        let (Some(x), Some(y)) = (x.get(self.first_input..), y.get_mut(self.start..self.end)) else { return };
        if self.stride == 1 {
            x.iter().zip(y).for_each(|(&x, y)| f(x, y));
        } else {
            x.iter().step_by(self.stride.max(1)).zip(y).for_each(|(&x, y)| f(x, y));
        }
    }

    #[inline(always)]
    fn zip_mut(self, x: &mut [f32], y: &[f32], mut f: impl FnMut(&mut f32, f32)) {
        let (Some(x), Some(y)) = (x.get_mut(self.first_input..), y.get(self.start..self.end)) else { return };
        if self.stride == 1 {
            x.iter_mut().zip(y).for_each(|(x, &y)| f(x, y));
        } else {
            x.iter_mut().step_by(self.stride.max(1)).zip(y).for_each(|(x, &y)| f(x, y));
        }
    }

    #[inline(always)]
    fn zip_ref(self, x: &[f32], y: &[f32], mut f: impl FnMut(f32, f32)) {
        let (Some(x), Some(y)) = (x.get(self.first_input..), y.get(self.start..self.end)) else { return };
        if self.stride == 1 {
            x.iter().zip(y).for_each(|(&x, &y)| f(x, y));
        } else {
            x.iter().step_by(self.stride.max(1)).zip(y).for_each(|(&x, &y)| f(x, y));
        }
    }
}

/// An input row and the output row that it contributes to.
#[derive(Clone, Copy, Debug)]
struct Rows {
    input: usize,
    output: usize,
    in_width: usize,
    out_width: usize,
}

impl Rows {
    #[inline(always)]
    fn input(self, plane: &[f32]) -> Option<&[f32]> {
        let start = self.input * self.in_width;
        plane.get(start..start + self.in_width)
    }

    #[inline(always)]
    fn input_mut(self, plane: &mut [f32]) -> Option<&mut [f32]> {
        let start = self.input * self.in_width;
        plane.get_mut(start..start + self.in_width)
    }

    #[inline(always)]
    fn output(self) -> core::ops::Range<usize> {
        let start = self.output * self.out_width;
        start..start + self.out_width
    }
}
