//! Smooth functions. The forms are chosen so that nothing overflows or cancels at any argument.

use super::{activation, inference};
use crate::{
    Tensor,
    description::{Activation, Description, LayerInfo, Op},
    kernel::{Function, Kernels},
    layer::{Layer, Pass, Train},
    math,
    memory::{self, End, Input},
    module::no_parameters,
};

/// `x` for positive `x`, else `alpha (eˣ - 1)`: PyTorch's `nn.ELU` (Clevert et al., 2016). The
/// derivative at 0 is `alpha`.
///
/// ```
/// use tensorlet::{Elu, Layer, Portable};
/// let y = Elu::NEW.forward(Portable, &[[-1e4, 0.0, 2.0]], &mut [0.0; 3]).unwrap().to_vec();
/// assert_eq!(y, [[-1.0, 0.0, 2.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Elu {
    /// The negative of the smallest value; 1 by default.
    pub alpha: f32,
}

impl Function for Elu {
    const ACTIVATION: Activation = Activation::Elu;

    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        if x > 0.0 { x } else { self.alpha * math::expm1(x) }
    }

    #[inline(always)]
    fn derivative(self, x: f32) -> f32 {
        // NaN has the derivative 1, as in PyTorch.
        if x <= 0.0 { self.alpha * math::exp(x) } else { 1.0 }
    }
}

/// `scale · x` for positive `x`, else `scale · alpha (eˣ - 1)`, with constants by which activations
/// normalise themselves (Klambauer et al., 2017): PyTorch's `nn.SELU`.
///
/// ```
/// use tensorlet::{Layer, Portable, Selu};
/// let y = Selu::NEW.forward(Portable, &[[-1e4, 0.0, 1.0]], &mut [0.0; 3]).unwrap().to_vec();
/// assert_eq!(y, [[-1.7580993, 0.0, 1.050701]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Selu {
    /// 1.6732632… in PyTorch; ONNX lets it be chosen.
    pub alpha: f32,
    /// 1.0507009… in PyTorch; ONNX, which calls it `gamma`, lets it be chosen.
    pub scale: f32,
}

impl Function for Selu {
    const ACTIVATION: Activation = Activation::Selu;

    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        self.scale * Elu::new(self.alpha).value(x)
    }

    #[inline(always)]
    fn derivative(self, x: f32) -> f32 {
        self.scale * Elu::new(self.alpha).derivative(x)
    }
}

/// `x` for positive `x`, else `alpha (e^(x/alpha) - 1)`: PyTorch's `nn.CELU` (Barron, 2017).
///
/// ```
/// use tensorlet::{Celu, Layer, Portable};
/// let y = Celu::new(2.0).forward(Portable, &[[-1e4, 0.0, 2.0]], &mut [0.0; 3]).unwrap().to_vec();
/// assert_eq!(y, [[-2.0, 0.0, 2.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Celu {
    /// The negative of the smallest value; 1 by default.
    pub alpha: f32,
}

impl Function for Celu {
    const ACTIVATION: Activation = Activation::Celu;

    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        if x > 0.0 { x } else { self.alpha * math::expm1(x / self.alpha) }
    }

    #[inline(always)]
    fn derivative(self, x: f32) -> f32 {
        if x <= 0.0 { math::exp(x / self.alpha) } else { 1.0 }
    }
}

/// `ln(1 / (1 + e⁻ˣ))`: PyTorch's `nn.LogSigmoid`.
///
/// ```
/// use tensorlet::{Layer, LogSigmoid, Portable};
/// let y = LogSigmoid.forward(Portable, &[[-1e4, 1e4]], &mut [0.0; 2]).unwrap().to_vec();
/// assert_eq!(y, [[-1e4, 0.0]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LogSigmoid;

impl Function for LogSigmoid {
    const ACTIVATION: Activation = Activation::LogSigmoid;

    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        -math::softplus(-x)
    }

    #[inline(always)]
    fn derivative(self, x: f32) -> f32 {
        math::sigmoid(-x)
    }
}

/// `ln(1 + e^(beta x)) / beta`, and `x` where `beta · x` exceeds the threshold: PyTorch's `nn.Softplus`.
///
/// ```
/// use tensorlet::{Layer, Portable, Softplus};
/// let y = Softplus::NEW.forward(Portable, &[[-1e4, 1e4]], &mut [0.0; 2]).unwrap().to_vec();
/// assert_eq!(y, [[0.0, 1e4]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Softplus {
    /// How sharp the bend is; 1 by default.
    pub beta: f32,
    /// Where the line begins, in units of `1/beta`; 20 by default.
    pub threshold: f32,
}

impl Function for Softplus {
    const ACTIVATION: Activation = Activation::Softplus;

    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        let bx = self.beta * x;
        if bx > self.threshold { x } else { math::softplus(bx) / self.beta }
    }

    #[inline(always)]
    fn derivative(self, x: f32) -> f32 {
        let bx = self.beta * x;
        if bx > self.threshold { 1.0 } else { math::sigmoid(bx) }
    }
}

/// `x / (1 + |x|)`: PyTorch's `nn.Softsign`; NaN for `±∞`, as there.
///
/// ```
/// use tensorlet::{Layer, Portable, Softsign};
/// let y = Softsign.forward(Portable, &[[-3.0, 1.0]], &mut [0.0; 2]).unwrap().to_vec();
/// assert_eq!(y, [[-0.75, 0.5]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Softsign;

impl Function for Softsign {
    const ACTIVATION: Activation = Activation::Softsign;

    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        x / (1.0 + x.abs())
    }

    #[inline(always)]
    fn derivative(self, x: f32) -> f32 {
        let scale = 1.0 / (1.0 + x.abs());
        scale * scale
    }
}

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
        /// `1/√(2π)`.
        const DENSITY: f32 = 0.398_942_3;
        normal_distribution(x) + x * (DENSITY * math::exp(-0.5 * x * x))
    }
}

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
}

/// `x - tanh(x)`: PyTorch's `nn.Tanhshrink`.
///
/// ```
/// use tensorlet::{Layer, Portable, Tanhshrink};
/// let y = Tanhshrink.forward(Portable, &[[-1e4, 0.0, 20.0]], &mut [0.0; 3]).unwrap().to_vec();
/// assert_eq!(y, [[-9999.0, 0.0, 19.0]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tanhshrink;

impl Function for Tanhshrink {
    const ACTIVATION: Activation = Activation::Tanhshrink;

    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        x - math::tanh(x)
    }

    #[inline(always)]
    fn derivative(self, x: f32) -> f32 {
        let t = math::tanh(x);
        t * t
    }
}

activation!(Elu { alpha: 1.0 });
activation!(Selu { alpha: 1.673_263_2, scale: 1.050_701 });
activation!(Celu { alpha: 1.0 });
activation!(LogSigmoid {});
activation!(Softplus { beta: 1.0, threshold: 20.0 });
activation!(Softsign {});
activation!(Gelu {});
activation!(GeluTanh {});
activation!(Silu {});
activation!(Swish { beta: 1.0 });
activation!(Mish {});
activation!(Tanhshrink {});
