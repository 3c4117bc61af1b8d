//! Functions of each element alone.

mod exponential;
mod power;
mod sign;
mod trigonometric;

pub use exponential::{
    erf, erf_backward, exp, exp_backward, expm1, expm1_backward, log, log_backward, log1p, log1p_backward, sigmoid,
    sigmoid_backward, tanh, tanh_backward,
};
pub use power::{reciprocal, reciprocal_backward, rsqrt, rsqrt_backward, sqrt, sqrt_backward, square, square_backward};
pub use sign::{abs, abs_backward, ceil, floor, neg, neg_backward, round, sign};
pub use trigonometric::{cos, cos_backward, sin, sin_backward};

/// `y = f(x)` for each element.
#[inline(always)]
fn map(x: &[f32], y: &mut [f32], f: impl Fn(f32) -> f32) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y = f(*x));
}

/// `dx += g(x, dy)` for each element.
#[inline(always)]
fn accumulate(x: &[f32], dy: &[f32], dx: &mut [f32], g: impl Fn(f32, f32) -> f32) {
    dx.iter_mut().zip(x.iter().zip(dy)).for_each(|(dx, (x, dy))| *dx += g(*x, *dy));
}

/// A function of an element.
macro_rules! function {
    ($(#[$doc:meta])* $name:ident, $f:expr) => {
        $(#[$doc])*
        #[inline]
        pub fn $name<K: $crate::Kernels, X: $crate::Tensor<Elem = f32>>(_: K, x: &X, y: &mut X) {
            // Not in the shell: it would be compiled for every shape.
            fn all(x: &[f32], y: &mut [f32]) {
                $crate::ops::unary::map(x, y, $f);
            }
            all(x.elements(), y.elements_mut());
        }
    };
}
use function;
/// A function that the token has a kernel for, which works in place.
macro_rules! kernel {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[inline]
        pub fn $name<K: $crate::Kernels, X: $crate::Tensor<Elem = f32>>(k: K, x: &X, y: &mut X) {
            let y = y.elements_mut();
            $crate::ops::unary::map(x.elements(), y, core::convert::identity);
            k.$name(y);
        }
    };
}
use kernel;

/// The gradient of a function: `g(x, dy)`.
macro_rules! gradient {
    ($(#[$doc:meta])* $name:ident, $g:expr) => {
        $(#[$doc])*
        #[inline]
        pub fn $name<K: $crate::Kernels, X: $crate::Tensor<Elem = f32>>(_: K, x: &X, dy: &X, dx: &mut X) {
            fn all(x: &[f32], dy: &[f32], dx: &mut [f32]) {
                $crate::ops::unary::accumulate(x, dy, dx, $g);
            }
            all(x.elements(), dy.elements(), dx.elements_mut());
        }
    };
}
use gradient;
