//! Smooth functions. The forms are chosen so that nothing overflows or cancels at any argument.

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

    in_lanes! {
        value: |f, l, x| {
            let low = l.mul(l.splat(f.alpha), lanes::expm1_of_low(l, x));
            l.select(l.lt(l.splat(0.0), x), x, low)
        },
        derivative: |f, l, x| {
            let low = l.mul(l.splat(f.alpha), lanes::exp(l, x));
            l.select(l.le(x, l.splat(0.0)), low, l.splat(1.0))
        },
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

    #[inline(always)]
    fn value_lanes<L: Lanes>(self, l: L, x: L::V) -> Option<L::V> {
        Elu::new(self.alpha).value_lanes(l, x).map(|y| l.mul(l.splat(self.scale), y))
    }

    #[inline(always)]
    fn derivative_lanes<L: Lanes>(self, l: L, x: L::V) -> Option<L::V> {
        Elu::new(self.alpha).derivative_lanes(l, x).map(|y| l.mul(l.splat(self.scale), y))
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

    in_lanes! {
        value: |f, l, x| {
            let alpha = l.splat(f.alpha);
            let low = l.mul(alpha, lanes::expm1_of_low(l, l.div(x, alpha)));
            l.select(l.lt(l.splat(0.0), x), x, low)
        },
        derivative: |f, l, x| {
            let low = lanes::exp(l, l.div(x, l.splat(f.alpha)));
            l.select(l.le(x, l.splat(0.0)), low, l.splat(1.0))
        },
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

    in_lanes! {
        value: |_f, l, x| {
            let zero = l.splat(0.0);
            l.sub(zero, lanes::softplus(l, l.sub(zero, x)))
        },
        derivative: |_f, l, x| lanes::sigmoid(l, l.sub(l.splat(0.0), x)),
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

    in_lanes! {
        value: |f, l, x| {
            let beta = l.splat(f.beta);
            let bx = l.mul(beta, x);
            l.select(l.lt(l.splat(f.threshold), bx), x, l.div(lanes::softplus(l, bx), beta))
        },
        derivative: |f, l, x| {
            let bx = l.mul(l.splat(f.beta), x);
            l.select(l.lt(l.splat(f.threshold), bx), l.splat(1.0), lanes::sigmoid(l, bx))
        },
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

    in_lanes! {
        value: |_f, l, x| l.sub(x, lanes::tanh(l, x)),
        derivative: |_f, l, x| {
            let t = lanes::tanh(l, x);
            l.mul(t, t)
        },
    }
}

activation!(Elu { alpha: 1.0 });
activation!(Selu { alpha: 1.673_263_2, scale: 1.050_701 });
activation!(Celu { alpha: 1.0 });
activation!(LogSigmoid {});
activation!(Softplus { beta: 1.0, threshold: 20.0 });
activation!(Softsign {});
activation!(Tanhshrink {});
