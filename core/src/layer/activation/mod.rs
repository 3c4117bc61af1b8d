//! Activations: functions of each element alone.

mod piecewise;
mod shares;
mod smooth;

pub use piecewise::{Hardshrink, Hardsigmoid, Hardswish, Hardtanh, LeakyRelu, Relu6, Shrink, Softshrink, Threshold};
pub use shares::{Gelu, GeluTanh, Mish, Silu, Swish};
pub use smooth::{Celu, Elu, LogSigmoid, Selu, Softplus, Softsign, Tanhshrink};

use super::{Layer, Pass, Train};
use crate::{
    Tensor,
    description::{Activation, Description, LayerInfo, Op},
    kernel::{Epilogue, Function, Kernels},
    math::{
        self,
        lanes::{self, Lanes},
    },
    memory::{self, End, Input, bits},
    module::no_parameters,
};

/// `max(x, 0)`: PyTorch's `nn.ReLU`. The derivative at 0 is 0; NaN stays NaN.
///
/// Works in place. In training it remembers one bit per element.
///
/// ```
/// use tensorlet::{Layer, Portable, Relu};
/// let y = Relu.forward(Portable, &[[-1.0, 2.0]], &mut [0.0; 2]).unwrap().to_vec();
/// assert_eq!(y, [[0.0, 2.0]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Relu;

/// `1 / (1 + e⁻ˣ)`: PyTorch's `nn.Sigmoid`.
///
/// ```
/// use tensorlet::{Layer, Portable, Sigmoid};
/// let y = Sigmoid.forward(Portable, &[[0.0]], &mut [0.0; 1]).unwrap().to_vec();
/// assert_eq!(y, [[0.5]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sigmoid;

/// The hyperbolic tangent: PyTorch's `nn.Tanh`.
///
/// ```
/// use tensorlet::{Layer, Portable, Tanh};
/// let y = Tanh.forward(Portable, &[[0.0]], &mut [0.0; 1]).unwrap().to_vec();
/// assert_eq!(y, [[0.0]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tanh;

/// What all activations share as layers that work in place at inference.
macro_rules! inference {
    ($name:ident, $epilogue:tt, |$k:ident, $function:ident, $x:ident| $infer:expr) => {
        impl<X: Tensor<Elem = f32>> Layer<X> for $name {
            type Out = X;
            const DESCRIPTION: Description = Description::Layer(LayerInfo {
                op: Op::Activation(<$name as Function>::ACTIVATION),
                input: X::SHAPE,
                output: X::SHAPE,
                parameters: &[],
                macs: 0,
            });
            const PEAK: usize = X::WORDS;
            const PEAK_GIVEN: usize = X::WORDS;

            #[inline(always)]
            fn infer<K: Kernels>(&self, $k: K, input: Input<'_, X>, _: &mut [f32], arena: &mut [f32]) -> End {
                let $function = *self;
                memory::in_place(input, arena, |$x| $infer)
            }

            $crate::layer::activation::leading!($epilogue);
        }
    };
}

/// What a chain needs to fuse an activation with the layer before it, where kernels know the activation.
macro_rules! leading {
    (_) => {};
    ($epilogue:ident) => {
        const LEADS_WITH: Epilogue = Epilogue::$epilogue;

        #[inline(always)]
        fn infer_then<K: Kernels>(
            &self,
            k: K,
            then: Epilogue,
            input: Input<'_, X>,
            _: &mut [f32],
            arena: &mut [f32],
        ) -> End {
            memory::in_place(input, arena, |x| then.apply(k, x))
        }
    };
}
use leading;

/// The layer of a function whose derivative needs `x`, with the default of each setting. In training the
/// input stays in its slot, which takes `∂L/∂x`.
macro_rules! activation {
    ($name:ident { $($setting:ident: $default:expr),* }) => {
        activation!(@settings $name { $($setting: $default),* });
        no_parameters!([] $name $(, $setting)*);
        inference!($name, _, |k, function, x| k.map(function, x));

        impl<X: Tensor<Elem = f32>> Train<X> for $name {
            #[inline(always)]
            fn forward_train<K: Kernels>(&self, k: K, _: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
                for (y, x) in tape.iter_mut().zip(x) {
                    *y = *x;
                }
                k.map(*self, tape);
            }

            #[inline(always)]
            fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], _: &mut [f32]) {
                if pass.input_gradient {
                    k.map_backward(*self, x, tape);
                }
            }
        }
    };
    (@settings $name:ident {}) => {
        impl $name {
            /// The layer: it has no parameters.
            pub const NEW: Self = Self;
        }
    };
    (@settings $name:ident { $($setting:ident: $default:expr),+ }) => {
        impl $name {
            /// The layer with PyTorch's defaults.
            pub const NEW: Self = Self { $($setting: $default),+ };

            /// The layer with these settings.
            #[must_use]
            pub const fn new($($setting: f32),+) -> Self {
                Self { $($setting),+ }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::NEW
            }
        }
    };
}

/// The two methods of [`Function`] for vector units.
macro_rules! in_lanes {
    (value: |$f:ident, $l:ident, $x:ident| $value:expr, derivative: |$g:ident, $k:ident, $y:ident| $derivative:expr $(,)?) => {
        #[inline(always)]
        fn value_lanes<L: Lanes>(self, $l: L, $x: L::V) -> Option<L::V> {
            let $f = self;
            Some($value)
        }

        #[inline(always)]
        fn derivative_lanes<L: Lanes>(self, $k: L, $y: L::V) -> Option<L::V> {
            let $g = self;
            Some($derivative)
        }
    };
}

use {activation, in_lanes, inference};

inference!(Relu, Relu, |k, _function, x| k.relu(x));
inference!(Sigmoid, Sigmoid, |k, _function, x| k.sigmoid(x));
inference!(Tanh, Tanh, |k, _function, x| k.tanh(x));

macro_rules! plain {
    ($($name:ident)+) => {$(
        impl $name {
            /// The layer: it has no parameters.
            pub const NEW: Self = Self;
        }
        no_parameters!([] $name);
    )+};
}
plain!(Relu Sigmoid Tanh);

impl Function for Relu {
    const ACTIVATION: Activation = Activation::Relu;

    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        if x <= 0.0 { 0.0 } else { x }
    }

    #[inline(always)]
    fn derivative(self, x: f32) -> f32 {
        if x <= 0.0 { 0.0 } else { 1.0 }
    }
}

impl Function for Sigmoid {
    const ACTIVATION: Activation = Activation::Sigmoid;

    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        math::sigmoid(x)
    }

    #[inline(always)]
    fn derivative(self, x: f32) -> f32 {
        math::sigmoid(x) * math::sigmoid(-x)
    }

    in_lanes! {
        value: |_f, l, x| lanes::sigmoid(l, x),
        derivative: |_f, l, x| l.mul(lanes::sigmoid(l, x), lanes::sigmoid(l, l.sub(l.splat(0.0), x))),
    }
}

impl Function for Tanh {
    const ACTIVATION: Activation = Activation::Tanh;

    #[inline(always)]
    fn value(self, x: f32) -> f32 {
        math::tanh(x)
    }

    /// `1 - tanh² x = 4 σ(2x) σ(-2x)`: without the difference, which cancels where `tanh x` is near 1.
    #[inline(always)]
    fn derivative(self, x: f32) -> f32 {
        4.0 * (math::sigmoid(2.0 * x) * math::sigmoid(-2.0 * x))
    }

    in_lanes! {
        value: |_f, l, x| lanes::tanh(l, x),
        derivative: |_f, l, x| {
            let (a, b) = (l.add(x, x), l.mul(l.splat(-2.0), x));
            l.mul(l.splat(4.0), l.mul(lanes::sigmoid(l, a), lanes::sigmoid(l, b)))
        },
    }
}

/// In place: the slot of the input takes the output, then `∂L/∂y`, then `∂L/∂x`; the tape holds the mask.
impl<X: Tensor<Elem = f32>> Train<X> for Relu {
    const TAPE: usize = X::LEN.div_ceil(32);
    const OVERWRITES_X: bool = true;
    const OVERWRITES_DY: bool = true;

    #[inline(always)]
    fn forward_train<K: Kernels>(&self, k: K, _: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
        k.relu_masked(x, bits(tape));
    }

    #[inline(always)]
    fn out<'a>(_: Pass, x: &'a mut [f32], _: &'a mut [f32]) -> &'a mut [f32] {
        x
    }

    #[inline(always)]
    fn backward<K: Kernels>(&mut self, k: K, _: Pass, x: &mut [f32], tape: &mut [f32], _: &mut [f32]) {
        k.relu_backward(x, bits(tape));
    }
}

/// The derivative needs the value: the slot of the input keeps a copy of the output, since the
/// output's own slot takes `∂L/∂y`.
macro_rules! train_from_value {
    ($name:ident, $forward:ident, $backward:ident) => {
        impl<X: Tensor<Elem = f32>> Train<X> for $name {
            const OVERWRITES_X: bool = true;
            const FROM_VALUE: Epilogue = Epilogue::$name;

            #[inline(always)]
            fn forward_train<K: Kernels>(&self, k: K, _: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
                k.$forward(x);
                for (y, x) in tape.iter_mut().zip(x) {
                    *y = *x;
                }
            }

            #[inline(always)]
            fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], _: &mut [f32]) {
                if pass.input_gradient {
                    k.$backward(x, tape);
                }
            }
        }
    };
}

train_from_value!(Sigmoid, sigmoid, sigmoid_backward);
train_from_value!(Tanh, tanh, tanh_backward);
