//! Convolutions and pooling.

use std::hint::black_box;

use tensorlet::{
    Conv2d, Kernels, Layer, MaxPool2d, Module, Slide, Tensor,
    description::Window,
    kernel::{Conv2dDims, Conv2dShape},
};

use super::{Token, Work, boxed};
use crate::{
    arrays::{Aligned, Arrays},
    case::{Conv, Pool},
    contestant::Contestant,
    parameters,
};

/// Calls `$make!` with the sizes of the cases: channels, size, output channels, size of the output, kernel,
/// padding, channels that each output sees.
macro_rules! convolutions {
    ($sizes:expr, $make:ident) => {{
        let c: Conv = $sizes;
        match [c.channels, c.size, c.out, c.kernel, c.padding, c.channels / c.groups] {
            [1, 28, 6, 5, 2, 1] => $make!(1, 28, 6, 28, 5, 2, 1),
            [6, 14, 16, 5, 0, 6] => $make!(6, 14, 16, 10, 5, 0, 6),
            [64, 56, 64, 3, 1, 64] => $make!(64, 56, 64, 56, 3, 1, 64),
            [128, 28, 128, 3, 1, 128] => $make!(128, 28, 128, 28, 3, 1, 128),
            [64, 56, 64, 3, 1, 1] => $make!(64, 56, 64, 56, 3, 1, 1),
            [64, 56, 128, 1, 0, 64] => $make!(64, 56, 128, 56, 1, 0, 64),
            _ => None,
        }
    }};
}

pub(super) fn conv(sizes: Conv, arrays: &Arrays, token: Token) -> Option<Box<dyn Contestant>> {
    macro_rules! layer {
        ($in:literal, $size:literal, $out:literal, $output:literal, $kernel:literal, $padding:literal, $per_group:literal) => {{
            type Net =
                Conv2d<$in, $out, $kernel, $kernel, $output, $output, Slide<1, $padding>, [f32; $out], $per_group>;
            Some(boxed(token, Forward::<[[[f32; $size]; $size]; $in], Net>::new(Net::ZERO, sizes.n, arrays)))
        }};
    }
    convolutions!(sizes, layer)
}

pub(super) fn conv_gradient(sizes: Conv, arrays: &Arrays, token: Token) -> Option<Box<dyn Contestant>> {
    macro_rules! gradient {
        ($in:literal, $size:literal, $out:literal, $output:literal, $kernel:literal, $padding:literal, $per_group:literal) => {{
            struct Shape;
            impl Conv2dShape for Shape {
                const DIMS: Conv2dDims = Conv2dDims {
                    groups: $in / $per_group,
                    in_channels: $per_group,
                    input: [$size; 2],
                    out_channels: $out * $per_group / $in,
                    output: [$output; 2],
                    window: Window::new([$kernel; 2], [1; 2], [$padding; 2]),
                };
            }
            Some(boxed(token, ConvGradient::<Shape>::new(arrays)))
        }};
    }
    convolutions!(sizes, gradient)
}

pub(super) fn max_pool(sizes: Pool, arrays: &Arrays, token: Token) -> Option<Box<dyn Contestant>> {
    macro_rules! pool {
        ($([$channels:literal, $size:literal, $kernel:literal, $stride:literal, $padding:literal] => $output:literal,)*) => {
            match [sizes.channels, sizes.size, sizes.kernel, sizes.stride, sizes.padding] {
                $([$channels, $size, $kernel, $stride, $padding] => {
                    type Net = MaxPool2d<$kernel, $kernel, $output, $output, Slide<$stride, $padding>>;
                    type X = [[[f32; $size]; $size]; $channels];
                    Some(boxed(token, Forward::<X, Net>::new(Net::NEW, 1, arrays)))
                })*
                _ => None,
            }
        };
    }
    pool! {
        [16, 28, 2, 2, 0] => 14,
        [64, 112, 3, 2, 1] => 56,
    }
}

/// Inference of a layer or of a network.
pub(super) struct Forward<X, N> {
    net: Box<Line<N>>,
    x: Aligned,
    n: usize,
    arena: Aligned,
    input: std::marker::PhantomData<X>,
}

/// What begins at a multiple of 64 bytes.
#[repr(align(64))]
pub(super) struct Line<N>(pub(super) N);

impl<X: Tensor<Elem = f32>, N: Layer<X>> Forward<X, N> {
    pub(super) fn new(net: N, n: usize, arrays: &Arrays) -> Self {
        let mut net = Box::new(Line(net));
        parameters::load(&mut net.0, arrays);
        let arena = Aligned::zeros(n * N::PEAK);
        Self { net, x: Aligned::of(&arrays["x"]), n, arena, input: std::marker::PhantomData }
    }
}

impl<X: Tensor<Elem = f32>, N: Layer<X> + 'static> Work for Forward<X, N>
where
    N::Out: Tensor<Elem = f32>,
{
    const EACH: bool = true;
    const FORM: &'static str = "net.forward in an arena";

    #[inline(always)]
    fn repeat<K: Kernels>(&mut self, k: K, times: usize) {
        for _ in 0..times {
            let x = black_box(X::view(&self.x));
            black_box(self.net.0.forward(k, x, &mut self.arena)).expect("the arena fits");
        }
    }

    fn answer<K: Kernels>(&mut self, k: K) -> Arrays {
        let y = self.net.0.forward(k, X::view(&self.x), &mut self.arena).expect("the arena fits");
        Arrays::default().with("y", &[self.n, N::Out::LEN], N::Out::flat(y).to_vec())
    }
}

struct ConvGradient<G> {
    x: Aligned,
    weight: Aligned,
    dy: Aligned,
    dx: Aligned,
    dw: Aligned,
    db: Aligned,
    shape: std::marker::PhantomData<G>,
}

impl<G> ConvGradient<G> {
    fn new(arrays: &Arrays) -> Self {
        let [x, weight, bias, dy] = ["x", "weight", "bias", "dy"].map(|name| Aligned::of(&arrays[name]));
        let [dx, dw, db] = [&x, &weight, &bias].map(|of| Aligned::zeros(of.len()));
        Self { x, weight, dy, dx, dw, db, shape: std::marker::PhantomData }
    }
}

impl<G: Conv2dShape + 'static> Work for ConvGradient<G> {
    const EACH: bool = true;
    const FORM: &'static str = "k.conv2d_input_gradient, k.conv2d_weight_gradient, which adds";

    #[inline(always)]
    fn repeat<K: Kernels>(&mut self, k: K, times: usize) {
        for _ in 0..times {
            let (x, dy) = (black_box(&*self.x), black_box(&*self.dy));
            k.conv2d_input_gradient::<G>(dy, &self.weight, &mut self.dx);
            k.conv2d_weight_gradient::<G>(x, dy, &mut self.dw, &mut self.db);
            black_box((&self.dx, &self.dw));
        }
    }

    fn answer<K: Kernels>(&mut self, k: K) -> Arrays {
        self.dw.fill(0.0);
        self.db.fill(0.0);
        self.repeat(k, 1);
        Arrays::default()
            .with("dx", &[self.dx.len()], self.dx.to_vec())
            .with("dw", &[self.dw.len()], self.dw.to_vec())
            .with("db", &[self.db.len()], self.db.to_vec())
    }
}
