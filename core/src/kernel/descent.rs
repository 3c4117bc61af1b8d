//! The update of a fully connected layer without a place for its gradient.

use super::{ReduceKernels, pieces_mut};

/// Updates the weight `w` of a layer `y = x w` from its input and `∂L/∂y`, by `update(weights, gradient)`
/// of a few weights at a time, in order; the gradient may be longer than the weights. With
/// `input_gradient` `x` becomes `∂L/∂x`.
///
/// The gradient of input `j` needs row `j` of the weight as it was, and nothing needs that row after it.
/// `column` holds input `j` of each sample while its gradient takes its place.
#[inline(always)]
pub(crate) fn row_by_row<K: ReduceKernels, const IN: usize, const OUT: usize>(
    k: K,
    x: &mut [[f32; IN]],
    dy: &[[f32; OUT]],
    w: &mut [[f32; OUT]; IN],
    column: &mut [f32],
    input_gradient: bool,
    mut update: impl FnMut(&mut [f32], &[f32]),
) {
    for (j, row) in w.iter_mut().enumerate() {
        for ((x, dy), saved) in x.iter_mut().zip(dy).zip(column.iter_mut()) {
            if let Some(x) = x.get_mut(j) {
                *saved = *x;
                if input_gradient {
                    *x = k.dot(row, dy);
                }
            }
        }
        weighted(column, dy, row, &mut update);
    }
}

/// Updates the weights that are added to all samples: a bias. `column` is overwritten.
#[inline(always)]
pub(crate) fn shared<const OUT: usize>(
    dy: &[[f32; OUT]],
    bias: &mut [f32],
    column: &mut [f32],
    update: impl FnMut(&mut [f32], &[f32]),
) {
    column.fill(1.0);
    weighted(column, dy, bias, update);
}

/// Gradients of this many weights are summed side by side in registers.
const LANES: usize = 8;

/// Updates weights with the gradient `Σ_s x[s] · dy[s]`.
#[inline(always)]
fn weighted<const OUT: usize>(
    x: &[f32],
    dy: &[[f32; OUT]],
    weights: &mut [f32],
    mut update: impl FnMut(&mut [f32], &[f32]),
) {
    let mut start = 0;
    for chunk in pieces_mut(weights, LANES) {
        let mut sum = [0.0; LANES];
        for (&x, dy) in x.iter().zip(dy) {
            for (sum, dy) in sum.iter_mut().zip(dy.get(start..).unwrap_or_default()) {
                *sum += x * dy;
            }
        }
        update(chunk, &sum);
        start += LANES;
    }
}
