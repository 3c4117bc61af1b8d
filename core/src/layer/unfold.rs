//! Windows as columns, and back.

use core::marker::PhantomData;

use super::{
    Layer, Pass, Train,
    windowed::{Sizes, plane},
};
use crate::{
    Slide, Sliding, Tensor,
    description::{Description, LayerInfo, Op, Window},
    kernel::{
        Conv2dDims, Conv2dShape, Kernels,
        unfold::{fold, unfold},
    },
    memory::{self, End, Input},
    message::{Part, fail},
    module::no_parameters,
    shape::Shape,
    sliding::PaddingMode,
};

/// Every window as a column: PyTorch's `nn.Unfold((KH, KW), dilation, padding, stride)`, also im2col.
///
/// From `[channels, rows, columns]` to `[ROWS, L]`, where `ROWS` counts channels, then rows and columns
/// of a window, and `L` the windows row by row: `ROWS = channels · KH · KW`. Padding gives zeros.
///
/// ```
/// use tensorlet::{Layer, Portable, Unfold};
/// let unfold = Unfold::<1, 2, 2, 4>::NEW;
/// let x = [[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]];
/// let y = unfold.forward(Portable, &[x], &mut [0.0; 14]).unwrap().to_vec();
/// assert_eq!(y, [[[1.0, 2.0, 4.0, 5.0], [2.0, 3.0, 5.0, 6.0]]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Unfold<const KH: usize, const KW: usize, const ROWS: usize, const L: usize, S = Slide<1, 0>>(PhantomData<S>);

/// The sum of columns at the places of their windows: PyTorch's
/// `nn.Fold((H, W), (KH, KW), dilation, padding, stride)`, also col2im.
///
/// The transposed of [`Unfold`], from `[C · KH · KW, windows]` to `[C, H, W]`.
///
/// ```
/// use tensorlet::{Fold, Layer, Portable};
/// let fold = Fold::<1, 2, 1, 2, 3>::NEW;
/// let x = [[1.0, 2.0, 4.0, 5.0], [2.0, 3.0, 5.0, 6.0]];
/// let y = fold.forward(Portable, &[x], &mut [0.0; 14]).unwrap().to_vec();
/// assert_eq!(y, [[[[1.0, 4.0, 3.0], [4.0, 10.0, 6.0]]]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fold<const KH: usize, const KW: usize, const C: usize, const H: usize, const W: usize, S = Slide<1, 0>>(
    PhantomData<S>,
);

/// [`Layer`] and [`Train`] for one of the two, of which the other is the gradient.
macro_rules! rearranging {
    ($name:ident [$($own:tt)*] <$($arg:ident),*> [$($on:tt)*] $input:ty => $out:ty,
     $forward:ident, $backward:ident, $kernel:expr, $image:ty, $columns:ty) => {
        impl<$($own)*> $name<$($arg),*> {
            /// The layer: it has no parameters.
            pub const NEW: Self = Self(PhantomData);
        }

        no_parameters!([$($own)*] $name<$($arg),*>);

        impl<$($own)*, $($on)*> Conv2dShape for Sizes<$name<$($arg),*>, $input> {
            const DIMS: Conv2dDims = {
                let window = Window { kernel: $kernel, options: S::OPTIONS };
                dims(stringify!($name), window, <$image>::SHAPE, <$columns>::SHAPE)
            };
        }

        impl<$($own)*, $($on)*> Layer<$input> for $name<$($arg),*> {
            type Out = $out;
            const DESCRIPTION: Description = Description::Layer(LayerInfo {
                op: Op::$name(<Sizes<Self, $input> as Conv2dShape>::DIMS.window),
                input: <$input>::SHAPE,
                output: <$out>::SHAPE,
                parameters: &[],
                macs: 0,
            });

            #[inline(always)]
            fn infer<T: Kernels>(&self, _: T, input: Input<'_, $input>, _: &mut [f32], arena: &mut [f32]) -> End {
                memory::out_of_place(input, arena, |x: &[$input], y: &mut [$out], _| {
                    $forward(&<Sizes<Self, $input> as Conv2dShape>::DIMS, Tensor::flat(x), Tensor::flat_mut(y));
                })
            }
        }

        impl<$($own)*, $($on)*> Train<$input> for $name<$($arg),*> {
            #[inline(always)]
            fn forward_train<T: Kernels>(&self, _: T, _: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
                $forward(&<Sizes<Self, $input> as Conv2dShape>::DIMS, x, tape);
            }

            #[inline(always)]
            fn backward<T: Kernels>(&mut self, _: T, pass: Pass, x: &mut [f32], tape: &mut [f32], _: &mut [f32]) {
                if pass.input_gradient {
                    $backward(&<Sizes<Self, $input> as Conv2dShape>::DIMS, tape, x);
                }
            }
        }
    };
}

rearranging!(
    Unfold [const KH: usize, const KW: usize, const ROWS: usize, const L: usize, S: Sliding] <KH, KW, ROWS, L, S>
    [const C: usize, const H: usize, const W: usize] [[[f32; W]; H]; C] => [[f32; L]; ROWS],
    unfold, fold, [KH, KW], [[[f32; W]; H]; C], [[f32; L]; ROWS]
);

rearranging!(
    Fold [const KH: usize, const KW: usize, const C: usize, const H: usize, const W: usize, S: Sliding]
    <KH, KW, C, H, W, S>
    [const ROWS: usize, const L: usize] [[f32; L]; ROWS] => [[[f32; W]; H]; C],
    fold, unfold, [KH, KW], [[[f32; W]; H]; C], [[f32; L]; ROWS]
);

/// The sizes of one plane. Fails to compile unless image and columns fit each other.
const fn dims(layer: &str, window: Window, image: Shape, columns: Shape) -> Conv2dDims {
    if !matches!(window.options.mode, PaddingMode::Zeros) {
        fail(&[Part::Text("shape mismatch: the padding of `"), Part::Text(layer), Part::Text("` is zeros")]);
    }
    let output = window.outputs(plane(image));
    let rows = image.dim(0) * window.kernel[0] * window.kernel[1];
    let needed = Shape::new(&[rows, output[0] * output[1]]);
    if !needed.equals(&columns) {
        fail(&[
            Part::Text("shape mismatch: layer `"),
            Part::Text(layer),
            Part::Text("` of an image of shape "),
            Part::Shape(image),
            Part::Text(" has columns of shape "),
            Part::Shape(needed),
            Part::Text(", not "),
            Part::Shape(columns),
        ]);
    }
    Conv2dDims { groups: 1, in_channels: 1, input: plane(image), out_channels: 1, output, window }
}
