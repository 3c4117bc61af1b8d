//! Functions `x · s(x)` with a share `s` that grows from 0 to 1. The forms are chosen so that nothing overflows
//! or cancels at any argument.

use super::{activation, in_lanes, inference};
use crate::{
    Tensor,
    description::{Activation, Description, LayerInfo, Op},
    kernel::{Function, Kernels},
    layer::{Layer, Pass, Train},
    math::{
        self,
        lanes::{self, Lanes},
    },
    memory::{self, End, Input},
    module::no_parameters,
};

/// `x Φ(x)` with the normal distribution function `Φ`: PyTorch's `nn.GELU()` (Hendrycks and Gimpel, 2016).
///
/// `Φ(x) = erfc(-x/√2) / 2` keeps its digits where `1 + erf(x/√2)` cancels.
///
/// ```
/// use tensorlet::{Gelu, Layer, Portable};
/// let y = Gelu.forward(Portable, &[[-1e4, 0.0, 1e4]], &mut [0.0; 3]).unwrap().to_vec();
/// assert_eq!(y, [[0.0, 0.0, 1e4]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Gelu;

impl Function for Gelu {
    const ACTIVATION: Activation = Activation::Gelu;

    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        x * normal_distribution(x)
    }

    #[inline(always)]
    fn derivative(self, x: f32) -> f32 {
        normal_distribution(x) + x * (DENSITY * math::exp(-0.5 * x * x))
    }

    in_lanes! {
        value: |_f, l, x| l.mul(x, lanes::normal_distribution(l, x).0),
        derivative: |_f, l, x| {
            let (share, bell) = lanes::normal_distribution(l, x);
            l.mul_add(x, l.mul(l.splat(DENSITY), bell), share)
        },
    }
}

/// `1/√(2π)`.
const DENSITY: f32 = 0.398_942_3;

/// `Φ(x)`.
#[inline(always)]
fn normal_distribution(x: f32) -> f32 {
    0.5 * math::erfc(-x * core::f32::consts::FRAC_1_SQRT_2)
}

/// `x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))`: PyTorch's `nn.GELU(approximate="tanh")`.
///
/// `(1 + tanh u) / 2 = σ(2u)`, which does not cancel.
///
/// ```
/// use tensorlet::{GeluTanh, Layer, Portable};
/// let y = GeluTanh.forward(Portable, &[[-1e4, 0.0, 1e4]], &mut [0.0; 3]).unwrap().to_vec();
/// assert_eq!(y, [[0.0, 0.0, 1e4]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct GeluTanh;

impl GeluTanh {
    /// `2 √(2/π)`.
    const SLOPE: f32 = 1.595_769;
    const CUBIC: f32 = 0.044_715;
}

impl Function for GeluTanh {
    const ACTIVATION: Activation = Activation::GeluTanh;

    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        x * math::sigmoid(Self::SLOPE * (x + Self::CUBIC * x * x * x))
    }

    #[inline(always)]
    fn derivative(self, x: f32) -> f32 {
        let square = Self::CUBIC * x * x;
        let u = Self::SLOPE * (x + square * x);
        let s = math::sigmoid(u);
        s + x * (Self::SLOPE * (1.0 + 3.0 * square)) * (s * math::sigmoid(-u))
    }

    in_lanes! {
        value: |_f, l, x| {
            let cubic = l.mul(l.mul(l.mul(l.splat(Self::CUBIC), x), x), x);
            l.mul(x, lanes::sigmoid(l, l.mul(l.splat(Self::SLOPE), l.add(x, cubic))))
        },
        derivative: |_f, l, x| {
            let (slope, one) = (l.splat(Self::SLOPE), l.splat(1.0));
            let square = l.mul(l.mul(l.splat(Self::CUBIC), x), x);
            let u = l.mul(slope, l.mul_add(square, x, x));
            let (s, rest) = (lanes::sigmoid(l, u), lanes::sigmoid(l, l.sub(l.splat(0.0), u)));
            let by = l.mul(slope, l.mul_add(l.splat(3.0), square, one));
            l.mul_add(l.mul(x, by), l.mul(s, rest), s)
        },
    }
}

/// `x σ(x)`: PyTorch's `nn.SiLU`.
///
/// ```
/// use tensorlet::{Layer, Portable, Silu};
/// let y = Silu.forward(Portable, &[[-1e4, 0.0, 1e4]], &mut [0.0; 3]).unwrap().to_vec();
/// assert_eq!(y, [[0.0, 0.0, 1e4]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Silu;

impl Function for Silu {
    const ACTIVATION: Activation = Activation::Silu;

    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        Swish::NEW.value(x)
    }

    #[inline(always)]
    fn derivative(self, x: f32) -> f32 {
        Swish::NEW.derivative(x)
    }

    #[inline(always)]
    fn value_lanes<L: Lanes>(self, l: L, x: L::V) -> Option<L::V> {
        Swish::NEW.value_lanes(l, x)
    }

    #[inline(always)]
    fn derivative_lanes<L: Lanes>(self, l: L, x: L::V) -> Option<L::V> {
        Swish::NEW.derivative_lanes(l, x)
    }
}

/// `x σ(beta x)` (Ramachandran et al., 2017): [`Silu`] for `beta = 1`, and with 1.702 a well-known
/// approximation of [`Gelu`].
///
/// ```
/// use tensorlet::{Layer, Portable, Swish};
/// let y = Swish::new(2.0).forward(Portable, &[[-1e4, 0.0, 1e4]], &mut [0.0; 3]).unwrap().to_vec();
/// assert_eq!(y, [[0.0, 0.0, 1e4]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Swish {
    /// How sharp the bend is; 1 by default.
    pub beta: f32,
}

impl Function for Swish {
    const ACTIVATION: Activation = Activation::Swish;

    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        x * math::sigmoid(self.beta * x)
    }

    #[inline(always)]
    fn derivative(self, x: f32) -> f32 {
        let bx = self.beta * x;
        math::sigmoid(bx) * (1.0 + bx * math::sigmoid(-bx))
    }

    in_lanes! {
        value: |f, l, x| l.mul(x, lanes::sigmoid(l, l.mul(l.splat(f.beta), x))),
        derivative: |f, l, x| {
            let bx = l.mul(l.splat(f.beta), x);
            let (s, rest) = (lanes::sigmoid(l, bx), lanes::sigmoid(l, l.sub(l.splat(0.0), bx)));
            l.mul(s, l.mul_add(bx, rest, l.splat(1.0)))
        },
    }
}

/// `x tanh(ln(1 + eˣ))`: PyTorch's `nn.Mish` (Misra, 2019).
///
/// With `n = eˣ (eˣ + 2)` the tangent is `n / (n + 2)`: one exponential, no logarithm, no cancellation.
///
/// ```
/// use tensorlet::{Layer, Mish, Portable};
/// let y = Mish.forward(Portable, &[[-1e4, 0.0, 1e4]], &mut [0.0; 3]).unwrap().to_vec();
/// assert_eq!(y, [[0.0, 0.0, 1e4]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mish;

impl Mish {
    /// From here on the tangent is 1 in single precision, long before `n` overflows.
    const LINEAR: f32 = 20.0;
}

impl Function for Mish {
    const ACTIVATION: Activation = Activation::Mish;

    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        if x > Self::LINEAR {
            return x;
        }
        let e = math::exp(x);
        let n = e * (e + 2.0);
        x * (n / (n + 2.0))
    }

    /// `t + x (1 - t²) σ(x)` with `t = n / (n + 2)`, so that `1 - t² = 4 (n + 1) / (n + 2)²`.
    #[inline(always)]
    fn derivative(self, x: f32) -> f32 {
        if x > Self::LINEAR {
            return 1.0;
        }
        let e = math::exp(x);
        let n = e * (e + 2.0);
        let scale = 1.0 / (n + 2.0);
        n * scale + x * (4.0 * (n + 1.0) * scale * scale) * (e / (1.0 + e))
    }

    in_lanes! {
        value: |_f, l, x| {
            let (two, e) = (l.splat(2.0), lanes::exp(l, x));
            let n = l.mul(e, l.add(e, two));
            l.select(l.lt(l.splat(Self::LINEAR), x), x, l.mul(x, l.div(n, l.add(n, two))))
        },
        derivative: |_f, l, x| {
            let (one, two, e) = (l.splat(1.0), l.splat(2.0), lanes::exp(l, x));
            let n = l.mul(e, l.add(e, two));
            let scale = l.div(one, l.add(n, two));
            let bend = l.mul(l.mul(l.mul(l.splat(4.0), l.add(n, one)), scale), scale);
            let slope = l.mul_add(n, scale, l.mul(l.mul(x, bend), l.div(e, l.add(one, e))));
            l.select(l.lt(l.splat(Self::LINEAR), x), one, slope)
        },
    }
}

activation!(Gelu {});
activation!(GeluTanh {});
activation!(Silu {});
activation!(Swish { beta: 1.0 });
activation!(Mish {});
