//! Convolutions.

use proptest::prelude::*;
use tensorlet::{
    description::Window,
    kernel::{Conv2dDims, Conv2dShape, Epilogue, Kernels},
    sliding::{Options, PaddingMode},
};
use tensorlet_host::{
    framed::Framed,
    reference::{self, abs, conv::Conv, wide},
    tolerance,
};

use super::{
    matmul::activated,
    property::{Outcome, numbers, property, worst},
    shapes::{dilated, padded, shapes},
};

/// The sizes of a convolution of `[groups, in_channels, out_channels]`, both counted in a group.
const fn sizes([groups, in_channels, out_channels]: [usize; 3], input: [usize; 2], window: Window) -> Conv2dDims {
    Conv2dDims { groups, in_channels, input, out_channels, output: window.outputs(input), window }
}

/// The same window over padding that repeats the input.
const fn repeating(mode: PaddingMode, window: Window) -> Window {
    Window { options: Options { mode, ..window.options }, ..window }
}

shapes! { Conv2dShape, Conv2dDims, conv:
    Point = sizes([1, 1, 1], [1, 1], Window::new([1, 1], [1, 1], [0, 0]));
    PointPadded = sizes([1, 2, 3], [1, 1], Window::new([3, 3], [1, 1], [1, 1]));
    OneByOne = sizes([1, 5, 3], [4, 3], Window::new([1, 1], [1, 1], [0, 0]));
    OneByOneStrided = sizes([1, 3, 2], [7, 7], Window::new([1, 1], [2, 2], [0, 0]));
    Same = sizes([1, 2, 3], [8, 8], Window::new([3, 3], [1, 1], [1, 1]));
    Odd = sizes([1, 3, 2], [7, 9], Window::new([3, 3], [2, 2], [1, 1]));
    Third = sizes([1, 1, 2], [11, 10], Window::new([3, 3], [3, 3], [2, 2]));
    Rectangular = sizes([1, 2, 2], [5, 13], Window::new([2, 5], [1, 2], [0, 2]));
    Tall = sizes([1, 1, 1], [9, 4], Window::new([5, 1], [3, 1], [2, 0]));
    WidePadding = sizes([1, 1, 2], [3, 3], Window::new([2, 2], [1, 1], [2, 2]));
    Whole = sizes([1, 2, 4], [5, 6], Window::new([5, 6], [1, 1], [0, 0]));
    Tail = sizes([1, 1, 1], [6, 19], Window::new([3, 3], [1, 1], [1, 1]));
    Rows = sizes([1, 2, 17], [4, 33], Window::new([3, 2], [1, 1], [1, 1]));
    Channels = sizes([1, 17, 9], [4, 4], Window::new([3, 3], [1, 1], [1, 1]));
    Gaps = sizes([1, 1, 1], [11, 10], Window::new([2, 2], [3, 3], [0, 0]));
    Uneven = sizes([1, 2, 3], [5, 7], padded(Window::new([2, 4], [1, 1], [0, 1]), [1, 2]));
    UnevenStrided = sizes([1, 2, 2], [7, 5], padded(Window::new([3, 3], [2, 2], [1, 0]), [0, 2]));
    Dilated = sizes([1, 2, 3], [9, 8], dilated(Window::new([3, 2], [1, 1], [2, 1]), [2, 3]));
    DilatedStrided = sizes([1, 1, 2], [11, 19], dilated(Window::new([3, 3], [2, 3], [1, 3]), [1, 4]));
    Groups = sizes([2, 3, 2], [5, 6], Window::new([3, 3], [1, 1], [1, 1]));
    Depthwise = sizes([5, 1, 1], [6, 7], Window::new([3, 3], [2, 1], [1, 0]));
    DepthwiseTwice = sizes([3, 1, 2], [5, 5], dilated(Window::new([2, 3], [1, 2], [1, 2]), [2, 1]));
    Mirrored = sizes([1, 2, 2], [5, 6], repeating(PaddingMode::Reflect, Window::new([3, 3], [1, 2], [2, 1])));
    MirroredFar = sizes([1, 1, 1], [4, 3], repeating(PaddingMode::Reflect, Window::new([3, 2], [1, 1], [3, 2])));
    Continued = sizes([2, 2, 1], [7, 4], repeating(PaddingMode::Replicate, dilated(Window::new([3, 3], [2, 1], [2, 2]), [2, 2])));
    ContinuedFar = sizes([1, 1, 1], [2, 3], repeating(PaddingMode::Replicate, Window::new([3, 3], [1, 1], [5, 4])));
    Around = sizes([1, 2, 1], [5, 6], repeating(PaddingMode::Circular, Window::new([3, 4], [1, 1], [1, 2])));
    AroundUneven = sizes([1, 1, 2], [3, 4], repeating(PaddingMode::Circular, padded(Window::new([2, 3], [2, 1], [3, 4]), [2, 0])));
}

/// The same sizes for the reference, which counts the outputs itself.
fn conv<G: Conv2dShape>() -> Conv {
    let d = G::DIMS;
    let window = reference::Window::from(d.window);
    assert_eq!(window.outputs(d.input), d.output, "the number of outputs");
    let (in_channels, out_channels) = (d.groups * d.in_channels, d.groups * d.out_channels);
    Conv { groups: d.groups, in_channels, input: d.input, out_channels, window }
}

/// A batch of these many numbers per sample, and the weight, bias and a second batch.
fn operands(conv: Conv) -> BoxedStrategy<[Vec<f32>; 4]> {
    let [in_len, out_len, weights] = conv.lens();
    (1_usize..=3)
        .prop_flat_map(move |n| {
            (numbers(n * in_len), numbers(n * out_len), numbers(weights), numbers(conv.out_channels))
        })
        .prop_map(|(x, dy, weight, bias)| [x, dy, weight, bias])
        .boxed()
}

/// `x, weight, bias, y`.
type Forward<'a> = &'a dyn Fn(&[f32], &[f32], &[f32], &mut [f32]);
/// `x, weight, bias, then, y`.
type Fused<'a> = &'a dyn Fn(&[f32], &[f32], &[f32], Epilogue, &mut [f32]);
/// `dy, weight, dx`.
type InputGradient<'a> = &'a dyn Fn(&[f32], &[f32], &mut [f32]);
/// `x, dy, dw, db`.
type WeightGradient<'a> = &'a dyn Fn(&[f32], &[f32], &mut [f32], &mut [f32]);
/// The channel, two inputs and the gradient.
type ChannelGradient<'a> = &'a dyn Fn(usize, &[f32], &[f32], &mut [f32]);

fn forward(conv: Conv, kernel: Forward<'_>) -> Outcome {
    property(operands(conv), &|[x, dy, weight, bias]| {
        let (fx, fw, fb) = (Framed::new(&x), Framed::new(&weight), Framed::new(&bias));
        let mut y = Framed::poison(dy.len());
        kernel(fx.get(), fw.get(), fb.get(), y.get_mut());
        let [x, weight, bias] = [x, weight, bias].map(|x| wide(&x));
        let magnitude = conv.forward(&abs(&x), &abs(&weight), &abs(&bias));
        tolerance::of("conv2d").compare(y.get(), &conv.forward(&x, &weight, &bias), &magnitude)
    })
}

fn input_gradient(conv: Conv, kernel: InputGradient<'_>) -> Outcome {
    property(operands(conv), &|[x, dy, weight, _]| {
        let (fdy, fw) = (Framed::new(&dy), Framed::new(&weight));
        let mut dx = Framed::poison(x.len());
        kernel(fdy.get(), fw.get(), dx.get_mut());
        let [dy, weight] = [dy, weight].map(|x| wide(&x));
        let magnitude = conv.input_gradient(&abs(&dy), &abs(&weight));
        tolerance::of("conv2d_input_gradient").compare(dx.get(), &conv.input_gradient(&dy, &weight), &magnitude)
    })
}

fn fused(conv: Conv, kernel: Fused<'_>) -> Outcome {
    property(operands(conv), &|[x, dy, weight, bias]| {
        worst([Epilogue::Identity, Epilogue::Relu, Epilogue::Sigmoid, Epilogue::Tanh].map(|then| {
            let (fx, fw, fb) = (Framed::new(&x), Framed::new(&weight), Framed::new(&bias));
            let mut y = Framed::poison(dy.len());
            kernel(fx.get(), fw.get(), fb.get(), then, y.get_mut());
            let [x, weight, bias] = [&x, &weight, &bias].map(|x| wide(x));
            let magnitude = conv.forward(&abs(&x), &abs(&weight), &abs(&bias));
            let [value, magnitude] = activated(then, &conv.forward(&x, &weight, &bias), &magnitude);
            tolerance::of("conv2d_fused").compare(y.get(), &value, &magnitude)
        }))
    })
}

/// It adds to what is there.
fn weight_gradient(conv: Conv, kernel: WeightGradient<'_>) -> Outcome {
    property(operands(conv), &|[x, dy, weight, bias]| {
        let (fx, fdy) = (Framed::new(&x), Framed::new(&dy));
        let (mut dw, mut db) = (Framed::new(&weight), Framed::new(&bias));
        kernel(fx.get(), fdy.get(), dw.get_mut(), db.get_mut());
        let [x, dy, weight, bias] = [x, dy, weight, bias].map(|x| wide(&x));
        let plus = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a + b).collect::<Vec<_>>();
        let [value_w, value_b] = conv.weight_gradient(&x, &dy);
        let [size_w, size_b] = conv.weight_gradient(&abs(&x), &abs(&dy));
        let row = tolerance::of("conv2d_weight_gradient");
        worst([
            row.compare(dw.get(), &plus(&value_w, &weight), &plus(&size_w, &abs(&weight))),
            row.compare(db.get(), &plus(&value_b, &bias), &plus(&size_b, &abs(&bias))),
        ])
    })
}

/// It adds to what is there.
fn bias_gradient(conv: Conv, kernel: &dyn Fn(&[f32], &mut [f32])) -> Outcome {
    property(operands(conv), &|[x, dy, _, bias]| {
        let (fdy, mut db) = (Framed::new(&dy), Framed::new(&bias));
        kernel(fdy.get(), db.get_mut());
        let [x, dy, bias] = [x, dy, bias].map(|x| wide(&x));
        let plus = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a + b).collect::<Vec<_>>();
        let [_, value] = conv.weight_gradient(&x, &dy);
        let [_, size] = conv.weight_gradient(&x, &abs(&dy));
        tolerance::of("conv2d_bias_gradient").compare(db.get(), &plus(&value, &bias), &plus(&size, &abs(&bias)))
    })
}

/// One channel after the other gives what all at once give; a channel leaves the others alone.
fn channel_input_gradient(conv: Conv, kernel: ChannelGradient<'_>) -> Outcome {
    property(operands(conv), &|[x, dy, weight, _]| {
        let (fdy, fw, mut dx) = (Framed::new(&dy), Framed::new(&weight), Framed::new(&x));
        let [wide_dy, wide_weight] = [dy, weight].map(|x| wide(&x));
        let value = conv.input_gradient(&wide_dy, &wide_weight);
        let size = conv.input_gradient(&abs(&wide_dy), &abs(&wide_weight));
        let plane = conv.input[0] * conv.input[1];
        worst((0..conv.in_channels / conv.groups).map(|channel| {
            kernel(channel, fdy.get(), fw.get(), dx.get_mut());
            // Channels up to this one are done, the others as they were.
            let mut expected = wide(&x);
            for (i, expected) in expected.iter_mut().enumerate() {
                if i / plane % (conv.in_channels / conv.groups) <= channel {
                    *expected = value[i];
                }
            }
            tolerance::of("conv2d_channel_input_gradient").compare(dx.get(), &expected, &size)
        }))
    })
}

/// It adds to what is there: the weights of one input channel, one output channel behind the other.
fn channel_weight_gradient(conv: Conv, kernel: ChannelGradient<'_>) -> Outcome {
    let taps = conv.window.kernel[0] * conv.window.kernel[1];
    property(operands(conv), &|[x, dy, weight, _]| {
        let (fx, fdy) = (Framed::new(&x), Framed::new(&dy));
        let [x, dy] = [x, dy].map(|x| wide(&x));
        let [value, _] = conv.weight_gradient(&x, &dy);
        let [size, _] = conv.weight_gradient(&abs(&x), &abs(&dy));
        worst((0..conv.in_channels / conv.groups).map(|channel| {
            let of_channel = |of_all: &[f64]| -> Vec<f64> {
                let in_channel = |i: usize| i / taps % (conv.in_channels / conv.groups) == channel;
                of_all.iter().enumerate().filter(|(i, _)| in_channel(*i)).map(|(_, &x)| x).collect()
            };
            let before = of_channel(&wide(&weight));
            let plus = |a: Vec<f64>, b: &[f64]| a.iter().zip(b).map(|(a, b)| a + b).collect::<Vec<_>>();
            let mut dw = Framed::new(&before.iter().map(|&x| x as f32).collect::<Vec<_>>());
            kernel(channel, fx.get(), fdy.get(), dw.get_mut());
            let magnitude = plus(of_channel(&size), &abs(&before));
            tolerance::of("conv2d_channel_weight_gradient").compare(
                dw.get(),
                &plus(of_channel(&value), &before),
                &magnitude,
            )
        }))
    })
}

pub(crate) fn conv2d<T: Kernels>(k: T) -> Outcome {
    every_shape!(forward, G => |x, w, b, y| k.conv2d::<G>(x, w, b, y))
}

pub(crate) fn conv2d_fused<T: Kernels>(k: T) -> Outcome {
    every_shape!(fused, G => |x, w, b, then, y| k.conv2d_fused::<G>(x, w, b, then, y))
}

pub(crate) fn conv2d_input_gradient<T: Kernels>(k: T) -> Outcome {
    every_shape!(input_gradient, G => |dy, w, dx| k.conv2d_input_gradient::<G>(dy, w, dx))
}

pub(crate) fn conv2d_weight_gradient<T: Kernels>(k: T) -> Outcome {
    every_shape!(weight_gradient, G => |x, dy, dw, db| k.conv2d_weight_gradient::<G>(x, dy, dw, db))
}

pub(crate) fn conv2d_bias_gradient<T: Kernels>(k: T) -> Outcome {
    every_shape!(bias_gradient, G => |dy, db| k.conv2d_bias_gradient::<G>(dy, db))
}

pub(crate) fn conv2d_channel_input_gradient<T: Kernels>(k: T) -> Outcome {
    every_shape!(channel_input_gradient, G => |c, dy, w, dx| k.conv2d_channel_input_gradient::<G>(c, dy, w, dx))
}

pub(crate) fn conv2d_channel_weight_gradient<T: Kernels>(k: T) -> Outcome {
    every_shape!(channel_weight_gradient, G => |c, x, dy, dw| k.conv2d_channel_weight_gradient::<G>(c, x, dy, dw))
}
