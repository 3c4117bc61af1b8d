//! Functions made of straight pieces. At a kink the derivative is PyTorch's; NaN stays NaN.

use super::{activation, inference};
use crate::{
    Tensor,
    description::{Activation, Description, LayerInfo, Op},
    kernel::{Function, Kernels},
    layer::{Layer, Pass, Train},
    memory::{self, End, Input},
    module::no_parameters,
};

/// `min(max(x, 0), 6)`: PyTorch's `nn.ReLU6`. The derivative at 0 and 6 is 0.
///
/// ```
/// use tensorlet::{Layer, Portable, Relu6};
/// let y = Relu6.forward(Portable, &[[-1.0, 2.0, 7.0]], &mut [0.0; 3]).unwrap().to_vec();
/// assert_eq!(y, [[0.0, 2.0, 6.0]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Relu6;

impl Function for Relu6 {
    const ACTIVATION: Activation = Activation::Relu6;

    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        between(x, 0.0, 6.0)
    }

    #[inline(always)]
    fn derivative(self, x: f32) -> f32 {
        if x <= 0.0 || x >= 6.0 { 0.0 } else { 1.0 }
    }
}

/// `x` for positive `x`, else `negative_slope · x`: PyTorch's `nn.LeakyReLU`. The derivative at 0 is the
/// slope.
///
/// ```
/// use tensorlet::{Layer, LeakyRelu, Portable};
/// let y = LeakyRelu::new(0.5).forward(Portable, &[[-1.0, 2.0]], &mut [0.0; 2]).unwrap().to_vec();
/// assert_eq!(y, [[-0.5, 2.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeakyRelu {
    /// The slope for negative numbers; 0.01 by default.
    pub negative_slope: f32,
}

impl Function for LeakyRelu {
    const ACTIVATION: Activation = Activation::LeakyRelu;

    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        if x > 0.0 { x } else { self.negative_slope * x }
    }

    #[inline(always)]
    fn derivative(self, x: f32) -> f32 {
        if x > 0.0 { 1.0 } else { self.negative_slope }
    }
}

/// `x` above the threshold, else `value`: PyTorch's `nn.Threshold`. The derivative at the threshold is 0.
///
/// With `value = 0` it is ONNX's `ThresholdedRelu`.
///
/// ```
/// use tensorlet::{Layer, Portable, Threshold};
/// let y = Threshold::new(1.0, -9.0).forward(Portable, &[[0.5, 2.0]], &mut [0.0; 2]).unwrap().to_vec();
/// assert_eq!(y, [[-9.0, 2.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// What `x` must exceed; PyTorch has no default, here it is 0.
    pub threshold: f32,
    /// What stands in its place otherwise; PyTorch has no default, here it is 0.
    pub value: f32,
}

impl Function for Threshold {
    const ACTIVATION: Activation = Activation::Threshold;

    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        if x <= self.threshold { self.value } else { x }
    }

    #[inline(always)]
    fn derivative(self, x: f32) -> f32 {
        if x <= self.threshold { 0.0 } else { 1.0 }
    }
}

/// `min(max(x, min_val), max_val)`: PyTorch's `nn.Hardtanh`. The derivative at both ends is 0.
///
/// ```
/// use tensorlet::{Hardtanh, Layer, Portable};
/// let y = Hardtanh::NEW.forward(Portable, &[[-2.0, 0.5, 2.0]], &mut [0.0; 3]).unwrap().to_vec();
/// assert_eq!(y, [[-1.0, 0.5, 1.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hardtanh {
    /// The smallest value; -1 by default.
    pub min_val: f32,
    /// The largest value; 1 by default.
    pub max_val: f32,
}

impl Function for Hardtanh {
    const ACTIVATION: Activation = Activation::Hardtanh;

    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        between(x, self.min_val, self.max_val)
    }

    #[inline(always)]
    fn derivative(self, x: f32) -> f32 {
        if x <= self.min_val || x >= self.max_val { 0.0 } else { 1.0 }
    }
}

/// `min(max(alpha · x + beta, 0), 1)`: with the defaults 1/6 and 1/2 PyTorch's `nn.Hardsigmoid`, with
/// 0.2 and 0.5 ONNX's and Keras'. The derivative at both ends is 0.
///
/// ```
/// use tensorlet::{Hardsigmoid, Layer, Portable};
/// let y = Hardsigmoid::NEW.forward(Portable, &[[-3.0, 0.0, 4.0]], &mut [0.0; 3]).unwrap().to_vec();
/// assert_eq!(y, [[0.0, 0.5, 1.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hardsigmoid {
    /// The slope; 1/6 by default.
    pub alpha: f32,
    /// The value at 0; 1/2 by default.
    pub beta: f32,
}

impl Function for Hardsigmoid {
    const ACTIVATION: Activation = Activation::Hardsigmoid;

    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        between(self.alpha * x + self.beta, 0.0, 1.0)
    }

    #[inline(always)]
    fn derivative(self, x: f32) -> f32 {
        let y = self.alpha * x + self.beta;
        if y > 0.0 && y < 1.0 { self.alpha } else { 0.0 }
    }
}

/// `x · min(max(x + 3, 0), 6) / 6`: PyTorch's `nn.Hardswish` (Howard et al., 2019). The derivative is 0
/// at -3 and 1 at 3.
///
/// ```
/// use tensorlet::{Hardswish, Layer, Portable};
/// let y = Hardswish.forward(Portable, &[[-4.0, 1.5, 4.0]], &mut [0.0; 3]).unwrap().to_vec();
/// assert_eq!(y, [[0.0, 1.125, 4.0]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Hardswish;

impl Function for Hardswish {
    const ACTIVATION: Activation = Activation::Hardswish;

    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        x * between(x + 3.0, 0.0, 6.0) / 6.0
    }

    #[inline(always)]
    fn derivative(self, x: f32) -> f32 {
        if x <= -3.0 {
            0.0
        } else if x < 3.0 {
            x / 3.0 + 0.5
        } else {
            1.0
        }
    }
}

/// `x` outside of `±lambd`, else 0: PyTorch's `nn.Hardshrink`. The derivative at both ends is 0.
///
/// ```
/// use tensorlet::{Hardshrink, Layer, Portable};
/// let y = Hardshrink::NEW.forward(Portable, &[[-2.0, 0.25, 0.5]], &mut [0.0; 3]).unwrap().to_vec();
/// assert_eq!(y, [[-2.0, 0.0, 0.0]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hardshrink {
    /// Half the width of the gap; 0.5 by default.
    pub lambd: f32,
}

impl Function for Hardshrink {
    const ACTIVATION: Activation = Activation::Hardshrink;

    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        if x >= -self.lambd && x <= self.lambd { 0.0 } else { x }
    }

    #[inline(always)]
    fn derivative(self, x: f32) -> f32 {
        if x >= -self.lambd && x <= self.lambd { 0.0 } else { 1.0 }
    }
}

/// `x` brought nearer to 0 by `lambd`, 0 within `±lambd`: PyTorch's `nn.Softshrink`. The derivative at
/// both ends is 0.
///
/// ```
/// use tensorlet::{Layer, Portable, Softshrink};
/// let y = Softshrink::NEW.forward(Portable, &[[-2.0, 0.25, 1.0]], &mut [0.0; 3]).unwrap().to_vec();
/// assert_eq!(y, [[-1.5, 0.0, 0.5]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Softshrink {
    /// How far; 0.5 by default.
    pub lambd: f32,
}

impl Function for Softshrink {
    const ACTIVATION: Activation = Activation::Softshrink;

    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        shrink(x, self.lambd, self.lambd)
    }

    #[inline(always)]
    fn derivative(self, x: f32) -> f32 {
        Hardshrink::new(self.lambd).derivative(x)
    }
}

/// `x + bias` below `-lambd`, `x - bias` above `lambd`, else 0: ONNX's `Shrink`.
///
/// ```
/// use tensorlet::{Layer, Portable, Shrink};
/// let y = Shrink::new(1.0, 0.5).forward(Portable, &[[-2.0, 0.5, 3.0]], &mut [0.0; 3]).unwrap().to_vec();
/// assert_eq!(y, [[-1.5, 0.0, 2.5]]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shrink {
    /// Half the width of the gap; 0.5 by default, as in ONNX.
    pub lambd: f32,
    /// How far the rest comes nearer to 0; 0 by default, as in ONNX.
    pub bias: f32,
}

impl Function for Shrink {
    const ACTIVATION: Activation = Activation::Shrink;

    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        shrink(x, self.lambd, self.bias)
    }

    #[inline(always)]
    fn derivative(self, x: f32) -> f32 {
        Hardshrink::new(self.lambd).derivative(x)
    }
}

activation!(Relu6 {});
activation!(LeakyRelu { negative_slope: 0.01 });
activation!(Threshold { threshold: 0.0, value: 0.0 });
activation!(Hardtanh { min_val: -1.0, max_val: 1.0 });
activation!(Hardsigmoid { alpha: 1.0 / 6.0, beta: 0.5 });
activation!(Hardswish {});
activation!(Hardshrink { lambd: 0.5 });
activation!(Softshrink { lambd: 0.5 });
activation!(Shrink { lambd: 0.5, bias: 0.0 });

/// `min(max(x, low), high)`; NaN stays NaN, which `clamp` would have too, but not without a panic.
#[inline(always)]
fn between(x: f32, low: f32, high: f32) -> f32 {
    if x < low {
        low
    } else if x > high {
        high
    } else {
        x
    }
}

/// `x` nearer to 0 by `bias` outside of `±lambd`, else 0; NaN stays NaN.
#[inline(always)]
fn shrink(x: f32, lambd: f32, bias: f32) -> f32 {
    if x > lambd {
        x - bias
    } else if x < -lambd {
        x + bias
    } else {
        x * 0.0
    }
}
