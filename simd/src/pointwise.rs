//! Convolutions by windows of one pixel as products of matrices: of a sample of channels by pixels.

use tensorlet::kernel::{Conv2dDims, MatmulKernels};

use crate::samples::{samples, samples_mut};

/// `y[o] = bias[o] + Σ_c w[o][c] x[c]` for every pixel of every sample.
#[inline(never)]
pub(crate) fn forward<K: MatmulKernels>(k: K, d: &Conv2dDims, x: &[f32], weight: &[f32], bias: &[f32], y: &mut [f32]) {
    let pixels = d.out_plane();
    for (x, y) in samples(x, d.in_len()).zip(samples_mut(y, d.out_len())) {
        let mut bias = bias.iter();
        for y in samples_mut(y, pixels) {
            y.fill(bias.next().copied().unwrap_or(0.0));
        }
        k.matmul_flat([d.in_channels, pixels], weight, x, y);
    }
}

/// `dx[c] = Σ_o w[o][c] dy[o]` for every pixel of every sample.
#[inline(never)]
pub(crate) fn input_gradient<K: MatmulKernels>(k: K, d: &Conv2dDims, dy: &[f32], weight: &[f32], dx: &mut [f32]) {
    let Some(weight) = weight.get(..d.out_channels * d.in_channels) else { return };
    for (dy, dx) in samples(dy, d.out_len()).zip(samples_mut(dx, d.in_len())) {
        dx.fill(0.0);
        k.matmul_tn_flat([d.in_channels, d.out_plane()], weight, dy, dx);
    }
}
