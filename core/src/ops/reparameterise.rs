//! Samples of normal distributions with gradients for the parameters.

use super::{Gradient, nest};
use crate::{Tensor, kernel::Kernels, math};

/// How a standard deviation comes from what a network gives.
pub(crate) trait Deviation {
    /// The standard deviation.
    fn sigma(parameter: f32) -> f32;
    /// Its derivative.
    fn slope(parameter: f32) -> f32;
}

/// From `ln σ²`.
pub(crate) struct LogVariance;

impl Deviation for LogVariance {
    #[inline(always)]
    fn sigma(parameter: f32) -> f32 {
        math::exp(0.5 * parameter)
    }

    #[inline(always)]
    fn slope(parameter: f32) -> f32 {
        0.5 * math::exp(0.5 * parameter)
    }
}

/// `σ = softplus(ρ)`.
pub(crate) struct Softplus;

impl Deviation for Softplus {
    #[inline(always)]
    fn sigma(parameter: f32) -> f32 {
        math::softplus(parameter)
    }

    #[inline(always)]
    fn slope(parameter: f32) -> f32 {
        math::sigmoid(parameter)
    }
}

#[inline]
fn sample<D: Deviation>(mean: &[f32], parameter: &[f32], eps: &[f32], y: &mut [f32]) {
    for (y, ((mean, &parameter), eps)) in y.iter_mut().zip(mean.iter().zip(parameter).zip(eps)) {
        *y = mean + D::sigma(parameter) * eps;
    }
}

#[inline]
fn gradients<D: Deviation>([parameter, eps, dy]: [&[f32]; 3], [dmean, dparameter]: [&mut [f32]; 2]) {
    for (dmean, dy) in dmean.iter_mut().zip(dy) {
        *dmean += dy;
    }
    for (dparameter, ((&parameter, eps), dy)) in dparameter.iter_mut().zip(parameter.iter().zip(eps).zip(dy)) {
        *dparameter += dy * eps * D::slope(parameter);
    }
}

macro_rules! reparameterisation {
    ($(#[$doc:meta])* $forward:ident, $(#[$backward_doc:meta])* $backward:ident, $parameter:ident, $deviation:ty) => {
        $(#[$doc])*
        #[inline]
        pub fn $forward<K: Kernels, X: Tensor<Elem = f32>>(_: K, mean: &X, $parameter: &X, eps: &X, y: &mut X) {
            sample::<$deviation>(mean.elements(), $parameter.elements(), eps.elements(), y.elements_mut());
        }

        $(#[$backward_doc])*
        #[inline]
        pub fn $backward<K: Kernels, X: Tensor<Elem = f32>, M: Gradient, P: Gradient>(
            _: K,
            $parameter: &X,
            eps: &X,
            dy: &X,
            dmean: &mut M,
            dparameter: &mut P,
        ) {
            const { nest::gradient::<X, M>(stringify!($backward)) };
            const { nest::gradient::<X, P>(stringify!($backward)) };
            let read = [$parameter.elements(), eps.elements(), dy.elements()];
            gradients::<$deviation>(read, [dmean.slot(), dparameter.slot()]);
        }
    };
}

reparameterisation! {
    /// `y = μ + e^(ln σ²/2) ε`: a sample of a normal distribution from standard normal noise `ε`, with given
    /// mean and log-variance: PyTorch's `distributions.Normal(mu, (0.5 * logvar).exp()).rsample()`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0.0; 2];
    /// ops::gaussian_reparam(Portable, &[1.0, 2.0], &[0.0, 0.0], &[0.5, -0.5], &mut y);
    /// assert_eq!(y, [1.5, 1.5]);
    /// ```
    gaussian_reparam,
    /// The gradients of [`gaussian_reparam`]: `dmean += ∂L/∂y` and
    /// `dlog_variance += ½ e^(ln σ²/2) ε ∂L/∂y`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let (mut dmean, mut dlog_variance) = ([0.0], [0.0]);
    /// ops::gaussian_reparam_backward(Portable, &[0.0], &[3.0], &[2.0], &mut dmean, &mut dlog_variance);
    /// assert_eq!((dmean, dlog_variance), ([2.0], [3.0]));
    /// ```
    gaussian_reparam_backward, log_variance, LogVariance
}

reparameterisation! {
    /// `y = μ + softplus(ρ) ε`: a sample of a normal distribution from standard normal noise `ε`, with
    /// standard deviation `σ = softplus(ρ)`: PyTorch's `distributions.Normal(mu, F.softplus(rho)).rsample()`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let mut y = [0.0];
    /// ops::gaussian_sigma_reparam(Portable, &[1.0], &[0.0], &[2.0], &mut y);
    /// assert_eq!(y, [1.0 + 2.0 * core::f32::consts::LN_2]);
    /// ```
    gaussian_sigma_reparam,
    /// The gradients of [`gaussian_sigma_reparam`]: `dmean += ∂L/∂y` and `drho += ε sigmoid(ρ) ∂L/∂y`.
    ///
    /// ```
    /// use tensorlet::{Portable, ops};
    /// let (mut dmean, mut drho) = ([0.0], [0.0]);
    /// ops::gaussian_sigma_reparam_backward(Portable, &[0.0], &[3.0], &[2.0], &mut dmean, &mut drho);
    /// assert_eq!((dmean, drho), ([2.0], [3.0]));
    /// ```
    gaussian_sigma_reparam_backward, rho, Softplus
}
