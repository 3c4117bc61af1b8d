//! Pooling.

use core::marker::PhantomData;

use super::{Layer, Pass, Train};
use crate::{
    Element, Sliding, Tensor,
    description::{Description, LayerInfo, Op, Window},
    kernel::{Kernels, Pool2dDims, Pool2dShape},
    memory::{self, End, Input},
    message::{Part, fail},
    module::no_parameters,
    shape::Shape,
    windows,
};

/// The largest value of each window: PyTorch's `nn.MaxPool2d((KH, KW), stride, padding)`.
///
/// The stride is part of `S` and, unlike PyTorch's default, has none that depends on the kernel; in
/// [`network!`](crate::network) it is the kernel's size unless given. Padding never wins; NaN always
/// does; of equal values the first takes the gradient. In training each output remembers its place
/// in one byte.
///
/// ```
/// use tensorlet::{Layer, MaxPool2d, Portable, Slide};
/// let pool = MaxPool2d::<2, 2, 1, 2, Slide<2>>::NEW;
/// let x = [[[1.0, 2.0, 3.0, 4.0], [8.0, 7.0, 6.0, 5.0]]];
/// let y = pool.forward(Portable, &[x], &mut [0.0; 10]).unwrap().to_vec();
/// assert_eq!(y, [[[[8.0, 6.0]]]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MaxPool2d<const KH: usize, const KW: usize, const OH: usize, const OW: usize, S>(PhantomData<S>);

/// The mean of each window, padding counted as zeros: PyTorch's `nn.AvgPool2d((KH, KW), stride, padding)`
/// with its default `count_include_pad=True`.
///
/// ```
/// use tensorlet::{AvgPool2d, Layer, Portable, Slide};
/// let pool = AvgPool2d::<2, 2, 1, 1, Slide<2>>::NEW;
/// let y = pool.forward(Portable, &[[[[1.0, 2.0], [3.0, 6.0]]]], &mut [0.0; 5]).unwrap().to_vec();
/// assert_eq!(y, [[[[3.0]]]]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AvgPool2d<const KH: usize, const KW: usize, const OH: usize, const OW: usize, S>(PhantomData<S>);

/// The sizes of a pooling layer on inputs of `H` rows and `W` columns.
struct Sizes<L, const H: usize, const W: usize>(PhantomData<L>);

macro_rules! pooling {
    ($name:ident, $kernel:ident $(, $index:expr)?) => {
        impl<const KH: usize, const KW: usize, const OH: usize, const OW: usize, S: Sliding> $name<KH, KW, OH, OW, S> {
            /// The layer: it has no parameters.
            pub const NEW: Self = Self(PhantomData);
        }
        no_parameters!([const KH: usize, const KW: usize, const OH: usize, const OW: usize, S: Sliding] $name<KH, KW, OH, OW, S>);

        impl<const KH: usize, const KW: usize, const OH: usize, const OW: usize, const H: usize, const W: usize, S: Sliding>
            Pool2dShape for Sizes<$name<KH, KW, OH, OW, S>, H, W>
        {
            const DIMS: Pool2dDims = dims(concat!("shape mismatch: layer `", stringify!($name), "` of an input plane of shape "), [H, W], [OH, OW], Window { kernel: [KH, KW], stride: S::STRIDE, padding: S::PADDING });
        }

        impl<const C: usize, const KH: usize, const KW: usize, const OH: usize, const OW: usize, const H: usize, const W: usize, S: Sliding>
            Layer<[[[f32; W]; H]; C]> for $name<KH, KW, OH, OW, S>
        {
            type Out = [[[f32; OW]; OH]; C];
            const DESCRIPTION: Description = Description::Layer(LayerInfo {
                op: Op::$name(<Sizes<Self, H, W> as Pool2dShape>::DIMS.window),
                input: <[[[f32; W]; H]; C]>::SHAPE,
                output: Self::Out::SHAPE,
                parameters: &[],
                macs: 0,
            });

            #[inline(always)]
            fn infer<K: Kernels>(&self, k: K, input: Input<'_, [[[f32; W]; H]; C]>, _: &mut [f32], arena: &mut [f32]) -> End {
                memory::out_of_place(input, arena, |x: &[[[[f32; W]; H]; C]], y: &mut [Self::Out], _| {
                    k.$kernel::<Sizes<Self, H, W>>(Tensor::flat(x), Tensor::flat_mut(y) $(, $index)?);
                })
            }
        }
    };
}

pooling!(MaxPool2d, max_pool2d, &mut []);
pooling!(AvgPool2d, avg_pool2d);

const fn dims(text: &str, input: [usize; 2], stated: [usize; 2], window: Window) -> Pool2dDims {
    let Window { kernel, stride, padding } = window;
    let output =
        [windows(input[0], kernel[0], stride[0], padding[0]), windows(input[1], kernel[1], stride[1], padding[1])];
    if output[0] != stated[0] || output[1] != stated[1] {
        fail(&[
            Part::Text(text),
            Part::Shape(Shape::new(&input)),
            Part::Text(" gives an output plane of shape "),
            Part::Shape(Shape::new(&output)),
            Part::Text(", but its type says "),
            Part::Shape(Shape::new(&stated)),
        ]);
    }
    if 2 * padding[0] > kernel[0] || 2 * padding[1] > kernel[1] {
        fail(&[Part::Text("shape mismatch: the padding of a pooling layer is at most half of its kernel")]);
    }
    if kernel[0] * kernel[1] > 255 {
        fail(&[Part::Text("shape mismatch: a pooling window has at most 255 elements")]);
    }
    Pool2dDims { input, output, window }
}

impl<
    const C: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    const H: usize,
    const W: usize,
    S: Sliding,
> Train<[[[f32; W]; H]; C]> for MaxPool2d<KH, KW, OH, OW, S>
{
    /// The places of the maxima, then the output.
    const TAPE: usize = <[[[u8; OW]; OH]; C]>::WORDS + Self::Out::WORDS;

    #[inline(always)]
    fn forward_train<K: Kernels>(&self, k: K, pass: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
        let (index, y) = memory::split(tape, pass.n * <[[[u8; OW]; OH]; C]>::WORDS);
        k.max_pool2d::<Sizes<Self, H, W>>(x, y, u8::from_words_mut(index));
    }

    #[inline(always)]
    fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], _: &mut [f32]) {
        if pass.input_gradient {
            let (index, dy) = memory::split(tape, pass.n * <[[[u8; OW]; OH]; C]>::WORDS);
            k.max_pool2d_backward::<Sizes<Self, H, W>>(dy, u8::from_words(index), x);
        }
    }
}

impl<
    const C: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    const H: usize,
    const W: usize,
    S: Sliding,
> Train<[[[f32; W]; H]; C]> for AvgPool2d<KH, KW, OH, OW, S>
{
    #[inline(always)]
    fn forward_train<K: Kernels>(&self, k: K, _: Pass, x: &mut [f32], _: &mut [f32], tape: &mut [f32]) {
        k.avg_pool2d::<Sizes<Self, H, W>>(x, tape);
    }

    #[inline(always)]
    fn backward<K: Kernels>(&mut self, k: K, pass: Pass, x: &mut [f32], tape: &mut [f32], _: &mut [f32]) {
        if pass.input_gradient {
            k.avg_pool2d_backward::<Sizes<Self, H, W>>(tape, x);
        }
    }
}
