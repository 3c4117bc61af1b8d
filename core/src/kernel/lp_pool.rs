//! Pooling by norms.

use super::{Pool2dDims, samples, samples_mut, window::Cover};
use crate::math;

/// `y = (Σ xᵖ · elements of a window / those of this one inside the padding)^(1/p)`: as PyTorch has it, a
/// sum that keeps its sign for `p = 1`, and a window that `ceil_mode` lets reach further counts in full.
pub(crate) fn lp_pool(d: &Pool2dDims, p: usize, x: &[f32], y: &mut [f32]) {
    for (x, y) in samples(x, d.in_plane()).zip(samples_mut(y, d.out_plane())) {
        let mut y = y.iter_mut();
        d.for_each_window(|window| {
            let norm = d.norm(p, x, window);
            if let Some(y) = y.next() {
                *y = norm;
            }
        });
    }
}

/// `dx += dy · (x / y)ᵖ⁻¹ · …` over the windows that hold `x`; nothing where `y` is 0.
pub(crate) fn lp_pool_backward(d: &Pool2dDims, p: usize, x: &[f32], dy: &[f32], dx: &mut [f32]) {
    let planes = samples(x, d.in_plane()).zip(samples_mut(dx, d.in_plane()));
    for ((x, dx), dy) in planes.zip(samples(dy, d.out_plane())) {
        dx.fill(0.0);
        let mut dy = dy.iter();
        d.for_each_window(|window| {
            let (Some(&dy), norm) = (dy.next(), d.norm(p, x, window)) else { return };
            if norm == 0.0 {
                return;
            }
            let share = dy * d.missing(window);
            d.for_each_element::<false>(window, |_, i| {
                if let (Some(x), Some(dx)) = (x.get(i), dx.get_mut(i)) {
                    *dx += share * power(x / norm, p.saturating_sub(1));
                }
            });
        });
    }
}

/// `xᵖ`.
fn power(x: f32, p: usize) -> f32 {
    (0..p).fold(1.0, |product, _| product * x)
}

impl Pool2dDims {
    /// The elements of a window by those of this one that lie inside the padding.
    fn missing(&self, [rows, columns]: [Cover; 2]) -> f32 {
        let [kernel_rows, kernel_columns] = self.kernel();
        (kernel_rows * kernel_columns) as f32 / (rows.padded * columns.padded) as f32
    }

    fn norm(&self, p: usize, x: &[f32], window: [Cover; 2]) -> f32 {
        let mut sum = 0.0;
        self.for_each_element::<false>(window, |_, i| sum += x.get(i).map_or(0.0, |&x| power(x, p)));
        let sum = sum * self.missing(window);
        match p {
            1 => sum,
            2 => math::sqrt(sum),
            _ => math::exp(math::ln(sum) / p as f32),
        }
    }
}
