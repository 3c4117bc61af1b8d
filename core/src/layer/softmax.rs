//! Softmax as a layer.

use super::{Layer, Pass, Train};
use crate::{
    Tensor,
    description::{Description, LayerInfo, Op},
    kernel::Kernels,
    line::Lines,
    memory::{self, End, Input},
    module::no_parameters,
    ops::softmax::{log_softmax_lines, log_softmax_lines_backward, softmax_lines, softmax_lines_backward},
};

/// `exp(x_i) / Σ_j exp(x_j)` along dimension `DIM` of a sample: PyTorch's `nn.Softmax`.
///
/// PyTorch counts the batch as a dimension, so that its `dim=1` is 0 here; -1, the default, is the same in
/// both. For training a classifier use [`CrossEntropyLoss`](crate::loss::CrossEntropyLoss) on logits.
///
/// ```
/// use tensorlet::{Layer, Portable, Softmax};
/// let y = Softmax::<-1>.forward(Portable, &[[1e4, 1e4]], &mut [0.0; 2]).unwrap().to_vec();
/// assert_eq!(y, [[0.5, 0.5]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Softmax<const DIM: isize = -1>;

/// `x_i - ln Σ_j exp(x_j)` along dimension `DIM` of a sample: PyTorch's `nn.LogSoftmax`. Dimensions count
/// as in [`Softmax`].
///
/// ```
/// use tensorlet::{Layer, LogSoftmax, Portable};
/// let y = LogSoftmax::<-1>.forward(Portable, &[[1e4, -1e4]], &mut [0.0; 2]).unwrap().to_vec();
/// assert_eq!(y, [[0.0, -2e4]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LogSoftmax<const DIM: isize = -1>;

/// [`Softmax`] of `-x`: PyTorch's `nn.Softmin`.
///
/// ```
/// use tensorlet::{Layer, Portable, Softmin};
/// let y = Softmin::<-1>.forward(Portable, &[[7.0, 1e4]], &mut [0.0; 2]).unwrap().to_vec();
/// assert_eq!(y, [[1.0, 0.0]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Softmin<const DIM: isize = -1>;

/// A layer that works in place at inference. In training the slot of the input keeps a copy of the output,
/// from which the gradient follows, since the output's own slot takes `∂L/∂y`.
macro_rules! along_a_dimension {
    ($name:ident, |$k:ident, $lines:ident, $x:ident| $forward:expr, |$y:ident, $dy:ident| $backward:expr) => {
        impl<const DIM: isize> $name<DIM> {
            /// The layer: it has no parameters.
            pub const NEW: Self = Self;
        }
        no_parameters!([const DIM: isize] $name<DIM>);

        impl<const DIM: isize> $name<DIM> {
            #[inline(always)]
            fn apply<K: Kernels, X: Tensor>($k: K, $x: &mut [f32]) {
                let $lines = const { Lines::along::<X>(stringify!($name), DIM) };
                $forward
            }
        }

        impl<X: Tensor<Elem = f32>, const DIM: isize> Layer<X> for $name<DIM> {
            type Out = X;
            const DESCRIPTION: Description = Description::Layer(LayerInfo {
                op: Op::$name { axis: crate::ops::axis::<X>(stringify!($name), DIM) },
                input: X::SHAPE,
                output: X::SHAPE,
                parameters: &[],
                macs: 0,
            });
            const PEAK: usize = X::WORDS;
            const PEAK_GIVEN: usize = X::WORDS;

            #[inline(always)]
            fn infer<K: Kernels>(&self, k: K, input: Input<'_, X>, _: &mut [f32], arena: &mut [f32]) -> End {
                memory::in_place(input, arena, |x| Self::apply::<K, X>(k, x))
            }
        }

        impl<X: Tensor<Elem = f32>, const DIM: isize> Train<X> for $name<DIM> {
            const OVERWRITES_X: bool = true;

            #[inline(always)]
            fn forward_train<K: Kernels>(&self, k: K, _: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
                Self::apply::<K, X>(k, x);
                for (y, x) in tape.iter_mut().zip(x) {
                    *y = *x;
                }
            }

            #[inline(always)]
            fn backward<K: Kernels>(&mut self, $k: K, pass: Pass, $y: &mut [f32], $dy: &mut [f32], _: &mut [f32]) {
                if pass.input_gradient {
                    let $lines = const { Lines::along::<X>(stringify!($name), DIM) };
                    $backward
                }
            }
        }
    };
}

along_a_dimension!(Softmax, |k, lines, x| softmax_lines(k, lines, x), |y, dy| softmax_lines_backward(k, lines, y, dy));
along_a_dimension!(LogSoftmax, |k, lines, x| log_softmax_lines(k, lines, x), |y, dy| log_softmax_lines_backward(
    k, lines, y, dy
));
along_a_dimension!(
    Softmin,
    |k, lines, x| {
        k.scale(x, -1.0);
        softmax_lines(k, lines, x);
    },
    |y, dy| {
        softmax_lines_backward(k, lines, y, dy);
        k.scale(y, -1.0);
    }
);
