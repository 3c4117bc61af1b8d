//! A chain in which layers apply the activations behind them gives the bits of its layers one by one.

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{Image, Layer, Linear, Module, Portable, Relu, Residual, Sigmoid, Tanh, Vector, network};

const WORDS: usize = 256;

/// The output for one sample.
fn run<X: tensorlet::Tensor, N: Layer<X>>(net: &N, x: &X) -> N::Out {
    net.forward(Portable, core::slice::from_ref(x), &mut [f32::NAN; WORDS]).expect("the arena fits")[0]
}

fn seeded<N: Module>() -> N {
    let mut net = N::ZERO;
    net.init(&mut Xoshiro128PlusPlus::seed_from_u64(5));
    net
}

const X: [f32; 3] = [-2.0, 0.5, 3.0];

#[test]
fn activations_behind_layers() {
    type Net = (Linear<3, 4>, (Sigmoid, (Tanh, (Linear<4, 2>, Relu))));
    let net: Net = seeded();
    let (first, (_, (_, (second, _)))) = net;
    let y = run(&Relu, &run(&second, &run(&Tanh, &run(&Sigmoid, &run(&first, &X)))));
    assert_eq!(run(&net, &X), y);
}

#[test]
fn activations_in_front_and_in_a_row() {
    type Net = (Tanh, (Relu, (Sigmoid, (Linear<3, 3>, (Relu, Tanh)))));
    let net: Net = seeded();
    let linear = net.1.1.1.0;
    let y = run(&Tanh, &run(&Relu, &run(&linear, &run(&Sigmoid, &run(&Relu, &run(&Tanh, &X))))));
    assert_eq!(run(&net, &X), y);
}

#[test]
fn chains_behind_chains() {
    type Net = ((Tanh, Linear<3, 3>), ((Relu, Sigmoid), (Residual<(Linear<3, 3>, Relu)>, Tanh)));
    let net: Net = seeded();
    let ((_, first), (_, (Residual((second, _)), _))) = net;
    let h = run(&Sigmoid, &run(&Relu, &run(&first, &run(&Tanh, &X))));
    let f = run(&Relu, &run(&second, &h));
    let sum = core::array::from_fn::<f32, 3, _>(|i| h[i] + f[i]);
    assert_eq!(run(&net, &X), run(&Tanh, &sum));
}

network! {
    struct Front: Vector<3> {
        tanh: Tanh,
        relu: Relu,
        fc1: Linear(4),
        sigmoid: Sigmoid,
        tanh2: Tanh,
        fc2: Linear(2),
        relu2: Relu,
    }
}

network! {
    struct Planes: Image<1, 4, 4> {
        conv: Conv2d(2, 3),
        relu: Relu,
        pool: MaxPool2d(2),
        tanh: Tanh,
        flatten: Flatten,
    }
}

#[test]
fn networks() {
    let net: Front = seeded();
    let h = run(&Tanh, &run(&Sigmoid, &run(&net.fc1, &run(&Relu, &run(&Tanh, &X)))));
    assert_eq!(run(&net, &X), run(&Relu, &run(&net.fc2, &h)));

    let net: Planes = seeded();
    let x = [[[1.0, -2.0, 3.0, 0.5], [0.0, 1.5, -1.0, 2.0], [4.0, -0.5, 1.0, 1.0], [2.0, 0.0, -3.0, 1.0]]];
    let y = run(&Tanh, &run(&net.pool, &run(&Relu, &run(&net.conv, &x))));
    assert_eq!(run(&net, &x).as_slice(), y.as_flattened().as_flattened());
}
