//! Clipping of gradients.

use crate::{kernel::Kernels, math};

/// The Euclidean norm, also where a square would overflow or vanish.
fn norm<K: Kernels>(k: K, x: &[f32]) -> f32 {
    let square = k.dot(x, x);
    if (1e-30..f32::INFINITY).contains(&square) || square.is_nan() {
        return math::sqrt(square);
    }
    let largest = x.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
    if largest == 0.0 || largest.is_infinite() {
        return largest;
    }
    let sum: f32 = x.iter().map(|x| (x / largest) * (x / largest)).sum();
    largest * math::sqrt(sum)
}

/// Scales gradients so that their norm is at most `max_norm`, and returns the norm that they had:
/// PyTorch's `nn.utils.clip_grad_norm_`.
///
/// `g ← g · min(1, max_norm / (‖g‖ + 1e-6))`, over all of [`Trainer::gradients`](crate::Trainer). The
/// norm does not overflow where the gradients do not. A NaN among them makes all of them NaN.
///
/// ```
/// use tensorlet::{Portable, optim::clip_grad_norm};
/// let mut g = [3.0, 4.0];
/// assert!((clip_grad_norm(Portable, &mut g, 1.0) - 5.0).abs() < 1e-2);
/// assert!((g[0] - 0.6_f32).abs() < 1e-2 && (g[1] - 0.8_f32).abs() < 1e-2);
/// assert!((clip_grad_norm(Portable, &mut [3e30, 4e30], 1e38) / 5e30 - 1.0).abs() < 1e-2);
/// ```
pub fn clip_grad_norm<K: Kernels>(k: K, gradients: &mut [f32], max_norm: f32) -> f32 {
    let norm = norm(k, gradients);
    let factor = max_norm / (norm + 1e-6);
    // Not `min`, which would swallow a NaN.
    k.scale(gradients, if factor > 1.0 { 1.0 } else { factor });
    norm
}

/// The same without `1e-6`, and not at all up to `theta`: d2l's `grad_clipping`.
///
/// `g ← g · theta / ‖g‖` where `‖g‖ > theta`.
///
/// ```
/// use tensorlet::{Portable, optim::grad_clipping};
/// let mut g = [3.0, 4.0];
/// assert!((grad_clipping(Portable, &mut g, 2.5) - 5.0).abs() < 1e-2);
/// assert!((g[0] - 1.5).abs() < 1e-2 && (g[1] - 2.0).abs() < 1e-2);
/// ```
pub fn grad_clipping<K: Kernels>(k: K, gradients: &mut [f32], theta: f32) -> f32 {
    let norm = norm(k, gradients);
    if norm > theta {
        k.scale(gradients, theta / norm);
    }
    norm
}

/// Holds every gradient within `±clip_value`: PyTorch's `nn.utils.clip_grad_value_`. NaN stays.
///
/// ```
/// let mut g = [-3.0, 0.5, f32::INFINITY];
/// tensorlet::optim::clip_grad_value(&mut g, 1.0);
/// assert_eq!(g, [-1.0, 0.5, 1.0]);
/// ```
pub fn clip_grad_value(gradients: &mut [f32], clip_value: f32) {
    for g in gradients {
        if *g > clip_value {
            *g = clip_value;
        } else if *g < -clip_value {
            *g = -clip_value;
        }
    }
}
