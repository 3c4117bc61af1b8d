//! What layers whose windows slide share: sizes as types, checks, and the implementations of
//! convolutions.

use core::marker::PhantomData;

use crate::{
    message::{Part, fail},
    shape::Shape,
};

/// The sizes of a layer `L` on inputs of type `X`.
pub(super) struct Sizes<L, X>(PhantomData<(L, X)>);

/// [`Module`](crate::Module) for a layer with the fields `weight`, `bias` and `sliding`, as
/// `Name [its generics] <their names>: weight's type, bias' length`.
macro_rules! parameters {
    ($name:ident [$($own:tt)*] <$($arg:ident),*>: $weight:ty, $biases:ident) => {
        impl<$($own)*> $name<$($arg),*> {
            /// What initialisations ask of the weight's shape.
            pub const FANS: $crate::init::Fans = $crate::init::Fans {
                fan_in: Self::WEIGHTS / <$weight as $crate::Tensor>::SHAPE.dim(0),
                fan_out: Self::WEIGHTS / <$weight as $crate::Tensor>::SHAPE.dim(1),
            };

            const WEIGHTS: usize = <$weight as $crate::Tensor>::LEN;
            const INFOS: [$crate::description::ParameterInfo; 2] = [
                $crate::description::ParameterInfo {
                    name: "weight",
                    shape: <$weight as $crate::Tensor>::SHAPE,
                    layout: $crate::description::Layout::RowMajor,
                },
                $crate::description::ParameterInfo {
                    name: "bias",
                    shape: $crate::Shape::new(&[$biases]),
                    layout: $crate::description::Layout::RowMajor,
                },
            ];
        }

        impl<$($own)*> $crate::Module for $name<$($arg),*> {
            const ZERO: Self =
                Self { weight: <$weight as $crate::Tensor>::ZERO, bias: B::ZERO, sliding: core::marker::PhantomData };
            const PARAMETERS: usize = Self::WEIGHTS + B::LEN;

            /// Both uniform in `±1/√fan_in`: PyTorch's default.
            fn init<R: rand_core::Rng>(&mut self, rng: &mut R) {
                let bound = $crate::init::default_bound(Self::FANS.fan_in);
                $crate::init::uniform(&mut self.weight, -bound, bound, rng);
                $crate::layer::bias::uniform(&mut self.bias, bound, rng);
            }

            $crate::module::visit_parameters!(weight: Self::INFOS[0]; bias: Self::INFOS[1]);
        }
    };
}
pub(super) use parameters;

/// [`Layer`] and [`Train`] for a convolution, whose bodies are those of a module: `module Name
/// [its generics] <their names> [generics of the input] input => output, sizes`.
macro_rules! convolution {
    ($body:ident $name:ident [$($own:tt)*] <$($arg:ident),*> [$($on:tt)*] $input:ty => $out:ty,
     $biases:ident, $dims:expr) => {
        impl<$($own)*, $($on)*> $crate::kernel::Conv2dShape for $crate::layer::windowed::Sizes<$name<$($arg),*>, $input> {
            const DIMS: $crate::kernel::Conv2dDims = $dims;
        }

        impl<$($own)*, $($on)*> Layer<$input> for $name<$($arg),*> {
            type Out = $out;
            const DESCRIPTION: Description = Description::Layer(LayerInfo {
                op: Op::$name(<Sizes<Self, $input> as Conv2dShape>::DIMS.window),
                input: <$input>::SHAPE,
                output: <$out>::SHAPE,
                parameters: $crate::layer::bias::listed::<$biases, B>(&Self::INFOS, 1),
                macs: Self::WEIGHTS * <Sizes<Self, $input> as Conv2dShape>::DIMS.out_plane(),
            });

            #[inline(always)]
            fn infer<T: Kernels>(&self, k: T, input: Input<'_, $input>, state: &mut [f32], arena: &mut [f32]) -> End {
                self.infer_then(k, Epilogue::Identity, input, state, arena)
            }

            #[inline(always)]
            fn infer_then<T: Kernels>(
                &self,
                k: T,
                then: Epilogue,
                input: Input<'_, $input>,
                _: &mut [f32],
                arena: &mut [f32],
            ) -> End {
                memory::out_of_place(input, arena, |x: &[$input], y: &mut [$out], _| {
                    let (weight, bias) = (self.weight.elements(), self.bias.values());
                    let (x, y) = (Tensor::flat(x), Tensor::flat_mut(y));
                    $body::forward::<Sizes<Self, $input>, T>(k, x, weight, bias, then, y);
                })
            }
        }

        impl<$($own)*, $($on)*> Train<$input> for $name<$($arg),*> {
            const FUSED: usize = $body::fused_words(&Self::INFOS[0].shape, <Self as $crate::Module>::GRAD);

            #[inline(always)]
            fn forward_train<T: Kernels>(&self, k: T, _: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
                let (weight, bias) = (self.weight.elements(), self.bias.values());
                $body::forward::<Sizes<Self, $input>, T>(k, x, weight, bias, Epilogue::Identity, tape);
            }

            #[inline(always)]
            fn backward<T: Kernels>(&mut self, k: T, pass: Pass, x: &mut [f32], tape: &mut [f32], grad: &mut [f32]) {
                $body::backward::<Sizes<Self, $input>, T>(k, pass, x, tape, self.weight.elements(), grad);
            }

            #[inline]
            fn backward_fused<T: Kernels, O: Optimizer>(
                &mut self,
                k: T,
                pass: Pass,
                x: &mut [f32],
                tape: &mut [f32],
                step: Fused<'_, O>,
            ) {
                let (weight, bias) = (self.weight.elements_mut(), self.bias.values_mut());
                $body::fused::<Sizes<Self, $input>, T, O>(k, pass, x, tape, step, weight, bias);
            }
        }
    };
}
pub(super) use convolution;

/// Rows and columns of `[channels, rows, columns]`; one row of `[channels, columns]`.
pub(super) const fn plane(shape: Shape) -> [usize; 2] {
    if shape.rank() == 2 { [1, shape.dim(1)] } else { [shape.dim(1), shape.dim(2)] }
}

/// `[channels, rows, columns]`, or `[channels, columns]` for a rank of 2.
pub(super) const fn shaped(channels: usize, [rows, columns]: [usize; 2], rank: usize) -> Shape {
    if rank == 2 { Shape::new(&[channels, columns]) } else { Shape::new(&[channels, rows, columns]) }
}

/// Fails to compile unless the output has the shape that the layer's type says.
pub(super) const fn check_output(layer: &str, input: Shape, output: Shape, stated: Shape) {
    if !output.equals(&stated) {
        fail(&[
            Part::Text("shape mismatch: layer `"),
            Part::Text(layer),
            Part::Text("` of an input of shape "),
            Part::Shape(input),
            Part::Text(" gives an output of shape "),
            Part::Shape(output),
            Part::Text(", but its type says "),
            Part::Shape(stated),
        ]);
    }
}
