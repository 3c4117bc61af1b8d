//! Pooling over windows.

use core::marker::PhantomData;

use super::{
    Layer, Pass, Train,
    windowed::{Sizes, check_output, plane, shaped},
};
use crate::{
    Element, Index, Sliding, Tensor,
    description::{Description, LayerInfo, Op, Window},
    kernel::{
        Epilogue, Kernels, Pool2dDims, Pool2dShape,
        lp_pool::{lp_pool, lp_pool_backward},
        pool::{max_positions, scatter_add},
    },
    memory::{self, End, Input},
    message::{Part, fail},
    module::no_parameters,
    shape::Shape,
};

/// The largest value of each window: PyTorch's
/// `nn.MaxPool2d((KH, KW), stride, padding, dilation, ceil_mode=…)`.
///
/// The stride is part of `S` and, unlike PyTorch's default, has none that depends on the kernel; in
/// [`network!`](crate::network) it is the kernel's size unless given. Padding never wins; NaN always
/// does; of equal values the first takes the gradient. In training each output remembers its place
/// in one byte, or in four where windows have more than 255 elements.
///
/// ```
/// use tensorlet::{Layer, MaxPool2d, Portable, Slide};
/// let pool = MaxPool2d::<2, 2, 1, 2, Slide<2>>::NEW;
/// let x = [[[1.0, 2.0, 3.0, 4.0], [8.0, 7.0, 6.0, 5.0]]];
/// let y = pool.forward(Portable, &[x], &mut [0.0; 10]).unwrap().to_vec();
/// assert_eq!(y, [[[[8.0, 6.0]]]]);
///
/// let (mut y, mut indices) = ([[[[0.0; 2]; 1]; 1]], [[[[0_u8; 2]; 1]; 1]]);
/// pool.forward_with_indices(&[x], &mut y, &mut indices);
/// assert_eq!(indices, [[[[4, 6]]]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MaxPool2d<const KH: usize, const KW: usize, const OH: usize, const OW: usize, S>(PhantomData<S>);

/// The largest value of each window: PyTorch's `nn.MaxPool1d(K, stride, padding, dilation, ceil_mode=…)`.
///
/// As [`MaxPool2d`], with `OL` outputs.
///
/// ```
/// use tensorlet::{Layer, MaxPool1d, Portable, Slide};
/// let y = MaxPool1d::<2, 2, Slide<2>>::NEW.forward(Portable, &[[[1.0, 3.0, 2.0, 0.0]]], &mut [0.0; 6]).unwrap().to_vec();
/// assert_eq!(y, [[[3.0, 2.0]]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MaxPool1d<const K: usize, const OL: usize, S>(PhantomData<S>);

/// The mean of each window, padding counted as zeros: PyTorch's
/// `nn.AvgPool2d((KH, KW), stride, padding, ceil_mode, count_include_pad, divisor_override)`.
///
/// `S` says all but the kernel; [`ExcludePad`](crate::sliding::ExcludePad) is
/// `count_include_pad=False`.
///
/// ```
/// use tensorlet::{AvgPool2d, Layer, Portable, Slide};
/// let pool = AvgPool2d::<2, 2, 1, 1, Slide<2>>::NEW;
/// let y = pool.forward(Portable, &[[[[1.0, 2.0], [3.0, 6.0]]]], &mut [0.0; 5]).unwrap().to_vec();
/// assert_eq!(y, [[[[3.0]]]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AvgPool2d<const KH: usize, const KW: usize, const OH: usize, const OW: usize, S>(PhantomData<S>);

/// The mean of each window: PyTorch's `nn.AvgPool1d(K, stride, padding, ceil_mode, count_include_pad)`.
///
/// As [`AvgPool2d`], with `OL` outputs.
///
/// ```
/// use tensorlet::{AvgPool1d, Layer, Portable, Slide};
/// let y = AvgPool1d::<2, 2, Slide<2>>::NEW.forward(Portable, &[[[1.0, 3.0, 2.0, 0.0]]], &mut [0.0; 6]).unwrap().to_vec();
/// assert_eq!(y, [[[2.0, 1.0]]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AvgPool1d<const K: usize, const OL: usize, S>(PhantomData<S>);

/// The norm `(Σ xᴾ)^(1/P)` of each window: PyTorch's `nn.LPPool2d(P, (KH, KW), stride, ceil_mode)`.
///
/// As there, `P = 1` is the sum, with its sign; a root of a negative sum is NaN; and a window that
/// `ceil_mode` lets reach beyond the input is scaled up to a full one. The gradient is 0 where the norm
/// is. In training the layer remembers its input.
///
/// ```
/// use tensorlet::{LpPool2d, Layer, Portable, Slide};
/// let pool = LpPool2d::<2, 1, 2, 1, 1, Slide<2>>::NEW;
/// let mut arena = [0.0; 3];
/// let y = pool.forward(Portable, &[[[[3.0, -4.0]]]], &mut arena).unwrap();
/// assert!((y[0][0][0][0] - 5.0).abs() < 1e-2);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LpPool2d<const P: usize, const KH: usize, const KW: usize, const OH: usize, const OW: usize, S>(
    PhantomData<S>,
);

/// The norm of each window: PyTorch's `nn.LPPool1d(P, K, stride, ceil_mode)`.
///
/// As [`LpPool2d`], with `OL` outputs.
///
/// ```
/// use tensorlet::{LpPool1d, Layer, Portable, Slide};
/// let y = LpPool1d::<1, 2, 1, Slide<2>>::NEW.forward(Portable, &[[[3.0, 4.0]]], &mut [0.0; 3]).unwrap().to_vec();
/// assert_eq!(y, [[[7.0]]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LpPool1d<const P: usize, const K: usize, const OL: usize, S>(PhantomData<S>);

/// What a pooling computes with its windows: [`Max`], [`Mean`], [`Norm`]. `G` are the sizes of one of
/// `C` channels.
pub(super) trait Kind<G: Pool2dShape, const C: usize> {
    /// Words per sample that training remembers beside the output.
    const REMEMBERED: usize = 0;

    fn forward<K: Kernels>(k: K, x: &[f32], y: &mut [f32]);

    fn forward_train<K: Kernels>(k: K, x: &[f32], y: &mut [f32], remembered: &mut [f32]) {
        let _ = remembered;
        Self::forward(k, x, y);
    }

    fn backward<K: Kernels>(k: K, dy: &[f32], remembered: &[f32], dx: &mut [f32]);

    /// Whether there is [`backward_through`](Self::backward_through).
    const TAKES_THROUGH: bool = false;

    /// [`backward`](Self::backward) through the activation before the layer, whose values `x` holds.
    fn backward_through<K: Kernels>(k: K, through: Epilogue, dy: &[f32], x: &mut [f32]) {
        let _ = (k, through, dy, x);
    }
}

/// The largest value.
pub(super) struct Max;

impl Max {
    /// Whether the place of a maximum in its window is a byte.
    const fn is_byte(d: Pool2dDims) -> bool {
        d.kernel()[0] * d.kernel()[1] <= 255
    }
}

impl<G: Pool2dShape, const C: usize> Kind<G, C> for Max {
    const REMEMBERED: usize = {
        let outputs = C * G::DIMS.out_plane();
        if Self::is_byte(G::DIMS) { outputs.div_ceil(4) } else { outputs }
    };

    #[inline(always)]
    fn forward<K: Kernels>(k: K, x: &[f32], y: &mut [f32]) {
        if const { Self::is_byte(G::DIMS) } {
            k.max_pool2d::<G>(x, y, &mut []);
        } else {
            max_positions::<u32>(&G::DIMS, x, y, &mut []);
        }
    }

    #[inline(always)]
    fn forward_train<K: Kernels>(k: K, x: &[f32], y: &mut [f32], remembered: &mut [f32]) {
        if const { Self::is_byte(G::DIMS) } {
            k.max_pool2d::<G>(x, y, u8::from_words_mut(remembered));
        } else {
            max_positions(&G::DIMS, x, y, u32::from_words_mut(remembered));
        }
    }

    #[inline(always)]
    fn backward<K: Kernels>(k: K, dy: &[f32], remembered: &[f32], dx: &mut [f32]) {
        if const { Self::is_byte(G::DIMS) } {
            k.max_pool2d_backward::<G>(dy, u8::from_words(remembered), dx);
        } else {
            dx.fill(0.0);
            let sizes = const { [G::DIMS.out_plane(), G::DIMS.in_plane()] };
            scatter_add(dy, u32::from_words(remembered), sizes, dx);
        }
    }
}

/// The mean.
pub(super) struct Mean;

impl<G: Pool2dShape, const C: usize> Kind<G, C> for Mean {
    #[inline(always)]
    fn forward<K: Kernels>(k: K, x: &[f32], y: &mut [f32]) {
        k.avg_pool2d::<G>(x, y);
    }

    #[inline(always)]
    fn backward<K: Kernels>(k: K, dy: &[f32], _: &[f32], dx: &mut [f32]) {
        k.avg_pool2d_backward::<G>(dy, dx);
    }

    const TAKES_THROUGH: bool = G::DIMS.divides();

    #[inline(always)]
    fn backward_through<K: Kernels>(k: K, through: Epilogue, dy: &[f32], x: &mut [f32]) {
        if const { G::DIMS.divides() } {
            k.avg_pool2d_backward_through::<G>(through, dy, x);
        }
    }
}

/// The norm with exponent `P`.
pub(super) struct Norm<const P: usize>;

impl<G: Pool2dShape, const C: usize, const P: usize> Kind<G, C> for Norm<P> {
    const REMEMBERED: usize = C * G::DIMS.in_plane();

    #[inline(always)]
    fn forward<K: Kernels>(_: K, x: &[f32], y: &mut [f32]) {
        const { assert!(P > 0, "the exponent of a norm cannot be 0") };
        lp_pool(&G::DIMS, P, x, y);
    }

    #[inline(always)]
    fn forward_train<K: Kernels>(k: K, x: &[f32], y: &mut [f32], remembered: &mut [f32]) {
        <Self as Kind<G, C>>::forward(k, x, y);
        for (remembered, x) in remembered.iter_mut().zip(x) {
            *remembered = *x;
        }
    }

    #[inline(always)]
    fn backward<K: Kernels>(_: K, dy: &[f32], remembered: &[f32], dx: &mut [f32]) {
        lp_pool_backward(&G::DIMS, P, remembered, dy, dx);
    }
}

/// A pooling layer as `Kind: Name [its generics,] <their names> [generics of a plane,] plane => output of
/// a plane, operation, window`.
macro_rules! pooling {
    ($kind:ty: $name:ident [$($own:tt)*] <$($arg:ident),*> [$($on:tt)*] $plane:ty => $out:ty, $op:expr, $window:expr) => {
        impl<$($own)*> $name<$($arg),*> {
            /// The layer: it has no parameters.
            pub const NEW: Self = Self(PhantomData);
        }

        no_parameters!([$($own)*] $name<$($arg),*>);

        impl<$($own)* $($on)* const C: usize> Pool2dShape for Sizes<$name<$($arg),*>, [$plane; C]> {
            const DIMS: Pool2dDims = dims(stringify!($name), $window, <[$plane; C]>::SHAPE, <[$out; C]>::SHAPE);
        }

        impl<$($own)* $($on)* const C: usize> Layer<[$plane; C]> for $name<$($arg),*> {
            type Out = [$out; C];
            const DESCRIPTION: Description = {
                let _ = <Sizes<Self, [$plane; C]> as Pool2dShape>::DIMS;
                let (input, output) = (<[$plane; C]>::SHAPE, <[$out; C]>::SHAPE);
                Description::Layer(LayerInfo { op: $op, input, output, parameters: &[], macs: 0 })
            };

            #[inline(always)]
            fn infer<T: Kernels>(&self, k: T, input: Input<'_, [$plane; C]>, _: &mut [f32], arena: &mut [f32]) -> End {
                memory::out_of_place(input, arena, |x: &[[$plane; C]], y: &mut [[$out; C]], _| {
                    <$kind as Kind<Sizes<Self, [$plane; C]>, C>>::forward(k, Tensor::flat(x), Tensor::flat_mut(y));
                })
            }
        }

        impl<$($own)* $($on)* const C: usize> Train<[$plane; C]> for $name<$($arg),*> {
            /// What the gradient needs to know, then the output.
            const TAPE: usize = <$kind as Kind<Sizes<Self, [$plane; C]>, C>>::REMEMBERED + <[$out; C]>::WORDS;
            const TAKES_THROUGH: bool = <$kind as Kind<Sizes<Self, [$plane; C]>, C>>::TAKES_THROUGH;

            #[inline(always)]
            fn forward_train<T: Kernels>(&self, k: T, pass: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
                let words = pass.n * <$kind as Kind<Sizes<Self, [$plane; C]>, C>>::REMEMBERED;
                let (remembered, y) = memory::split(tape, words);
                <$kind as Kind<Sizes<Self, [$plane; C]>, C>>::forward_train(k, x, y, remembered);
            }

            #[inline(always)]
            fn backward<T: Kernels>(&mut self, k: T, pass: Pass, x: &mut [f32], tape: &mut [f32], _: &mut [f32]) {
                if pass.input_gradient {
                    let words = pass.n * <$kind as Kind<Sizes<Self, [$plane; C]>, C>>::REMEMBERED;
                    let (remembered, dy) = memory::split(tape, words);
                    if pass.through.is_identity() {
                        <$kind as Kind<Sizes<Self, [$plane; C]>, C>>::backward(k, dy, remembered, x);
                    } else {
                        <$kind as Kind<Sizes<Self, [$plane; C]>, C>>::backward_through(k, pass.through, dy, x);
                    }
                }
            }
        }
    };
}
pub(super) use pooling;

/// Maxima with their places, for `Name [its generics,] <their names> [generics of a plane,] plane =>
/// output of a plane, indices of a plane`.
macro_rules! with_indices {
    ($name:ident [$($own:tt)*] <$($arg:ident),*> [$($on:tt)*] $plane:ty => $out:ty, $indices:ty) => {
        impl<$($own)*> $name<$($arg),*> {
            /// The maxima of a batch and, for each, its place in its channel of the input, counted row by row:
            /// PyTorch's `return_indices=True`. Does not compile where the index cannot name every place.
            pub fn forward_with_indices<$($on)* const C: usize, I: Index + Tensor<Elem = I>>(
                &self,
                x: &[[$plane; C]],
                y: &mut [[$out; C]],
                indices: &mut [[$indices; C]],
            ) {
                const { check_index::<I>(stringify!($name), <[$plane; C]>::SHAPE, <$plane>::LEN) };
                let dims = const { &<Sizes<Self, [$plane; C]> as Pool2dShape>::DIMS };
                max_positions(dims, Tensor::flat(x), Tensor::flat_mut(y), Tensor::flat_mut(indices));
            }
        }
    };
}
pub(super) use with_indices;

/// The layers of a kind whose windows slide, of two dimensions and of one, with `[generics,] <their names>`
/// before those of the windows.
macro_rules! sliding {
    ($kind:ty: $two:ident $one:ident [$($own:tt)*] <$($arg:ident),*>) => {
        pooling!(
            $kind: $two [$($own)* const KH: usize, const KW: usize, const OH: usize, const OW: usize, S: Sliding,]
            <$($arg,)* KH, KW, OH, OW, S>
            [const H: usize, const W: usize,] [[f32; W]; H] => [[f32; OW]; OH],
            Op::$two(Window { kernel: [KH, KW], options: S::OPTIONS } $(, $arg)*),
            Some(Window { kernel: [KH, KW], options: S::OPTIONS })
        );
        pooling!(
            $kind: $one [$($own)* const K: usize, const OL: usize, S: Sliding,]
            <$($arg,)* K, OL, S>
            [const L: usize,] [f32; L] => [f32; OL],
            Op::$one(Window { kernel: [1, K], options: S::OPTIONS.along_columns() } $(, $arg)*),
            Some(Window { kernel: [1, K], options: S::OPTIONS.along_columns() })
        );
    };
}

sliding!(Max: MaxPool2d MaxPool1d [] <>);
sliding!(Mean: AvgPool2d AvgPool1d [] <>);
sliding!(Norm<P>: LpPool2d LpPool1d [const P: usize,] <P>);

with_indices!(
    MaxPool2d [const KH: usize, const KW: usize, const OH: usize, const OW: usize, S: Sliding,] <KH, KW, OH, OW, S>
    [const H: usize, const W: usize,] [[f32; W]; H] => [[f32; OW]; OH], [[I; OW]; OH]
);
with_indices!(MaxPool1d [const K: usize, const OL: usize, S: Sliding,] <K, OL, S> [const L: usize,] [f32; L] => [f32; OL], [I; OL]);

/// The sizes of a pooling. Fails to compile unless they fit each other; adaptive windows, `None`, fit any.
pub(crate) const fn dims(layer: &str, window: Option<Window>, input: Shape, stated: Shape) -> Pool2dDims {
    let (from, to) = (plane(input), if stated.rank() == 1 { [1, 1] } else { plane(stated) });
    if let Some(window) = window {
        let output = window.outputs(from);
        if output[0] != to[0] || output[1] != to[1] {
            check_output(layer, input, shaped(input.dim(0), output, input.rank()), stated);
        }
        if !window.meets(from, output) {
            fail(&[
                Part::Text("shape mismatch: layer `"),
                Part::Text(layer),
                Part::Text("` of an input of shape "),
                Part::Shape(input),
                Part::Text(" has a window that lies in the padding alone"),
            ]);
        }
    }
    Pool2dDims { input: from, output: to, window }
}

/// Fails to compile unless the index can name every place of a plane.
pub(super) const fn check_index<I: Index>(layer: &str, input: Shape, places: usize) {
    if (places as u64) > I::PLACES {
        fail(&[
            Part::Text("shape mismatch: the indices of layer `"),
            Part::Text(layer),
            Part::Text("` are of type "),
            Part::Text(I::NAME),
            Part::Text(", which cannot name every place in an input of shape "),
            Part::Shape(input),
        ]);
    }
}
