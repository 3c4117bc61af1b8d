//! A chain in which layers apply the activations behind them gives the bits of its layers one by one.

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{
    AvgPool2d, FusedTrainer, Image, Layer, Linear, Module, Portable, Relu, Residual, Sigmoid, Slide, Tanh, Train,
    Trainer, Vector,
    layer::{Identity, Pass},
    loss::MseLoss,
    network,
    optim::Sgd,
};

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

network! {
    struct Joined: Image<1, 6, 6> {
        conv: Conv2d(2, 3),
        tanh: Tanh,
        pool: AvgPool2d(2),
        sigmoid: Sigmoid,
        pool2: AvgPool2d(2),
        flatten: Flatten,
        fc: Linear(2),
    }
}

network! {
    struct Apart: Image<1, 6, 6> {
        conv: Conv2d(2, 3),
        tanh: Tanh,
        between = Identity,
        pool: AvgPool2d(2),
        sigmoid: Sigmoid,
        between2 = Identity,
        pool2: AvgPool2d(2),
        flatten: Flatten,
        fc: Linear(2),
    }
}

/// An activation before a mean of windows that divide the plane needs no tape, and learns the same.
#[test]
fn activations_before_means() {
    const X: [Image<1, 6, 6>; 2] = [[[[0.5, -1.0, 2.0, 0.0, 1.0, -0.5]; 6]], [[[-0.25, 1.5, 0.75, -2.0, 0.5, 1.0]; 6]]];
    const Y: [[f32; 2]; 2] = [[0.5, -1.0], [1.0, 0.25]];
    let (mut joined, mut apart): (Joined, Apart) = (seeded(), seeded());
    assert_eq!((joined.conv, joined.fc), (apart.conv, apart.fc));
    let (mut a, mut b) = ([0.0; 4 * WORDS], [0.0; 4 * WORDS]);
    {
        let mut a = Trainer::<_, Joined, _>::new(Sgd::new(0.5), &mut a).expect("room");
        let mut b = Trainer::<_, Apart, _>::new(Sgd::new(0.5), &mut b).expect("room");
        for _ in 0..3 {
            let losses = [
                a.step(Portable, &mut joined, &MseLoss, &X, &Y).expect("a step"),
                b.step(Portable, &mut apart, &MseLoss, &X, &Y).expect("a step"),
            ];
            assert_eq!(losses[0], losses[1]);
            assert_eq!((joined.conv, joined.fc), (apart.conv, apart.fc));
        }
    }
    let mut a = FusedTrainer::<_, Joined, _>::new(Sgd::new(0.5), &mut a).expect("room");
    let mut b = FusedTrainer::<_, Apart, _>::new(Sgd::new(0.5), &mut b).expect("room");
    a.step(Portable, &mut joined, &MseLoss, &X, &Y).expect("a step");
    b.step(Portable, &mut apart, &MseLoss, &X, &Y).expect("a step");
    assert_eq!((joined.conv, joined.fc), (apart.conv, apart.fc));

    assert_eq!(<Joined as Train<Image<1, 6, 6>>>::TAPE, <Apart as Train<Image<1, 6, 6>>>::TAPE - 2 * (16 + 4));
}

/// As parts of a chain, with a gradient of the input, and where windows leave something out.
#[test]
fn gradients_through_means() {
    type Pool = AvgPool2d<1, 2, 1, 2, Slide<2>>;
    type Uneven = AvgPool2d<1, 3, 1, 1, Slide<3>>;
    type Row = Image<1, 1, 4>;
    fn gradient<N: Train<Row>>() -> [f32; 4] {
        let (mut net, mut x) = (N::ZERO, [0.5, -1.0, 2.0, 0.25]);
        let (pass, mut tape) = (Pass { n: 1, input_gradient: true, ..Pass::NEW }, [0.0; 16]);
        let tape = &mut tape[..N::TAPE];
        net.forward_train(Portable, pass, &mut x, &mut [], tape);
        for (i, dy) in N::out(pass, &mut x, tape).iter_mut().enumerate() {
            *dy = 1.0 + i as f32;
        }
        net.backward(Portable, pass, &mut x, tape, &mut []);
        x
    }
    assert_eq!(gradient::<(Sigmoid, Pool)>(), gradient::<(Sigmoid, (Identity, Pool))>());
    assert_eq!(gradient::<(Sigmoid, (Pool, Tanh))>(), gradient::<((Sigmoid, Identity), (Pool, Tanh))>());
    assert_eq!(gradient::<(Tanh, Uneven)>(), gradient::<(Tanh, (Identity, Uneven))>());
    assert_eq!(<(Tanh, Uneven) as Train<Row>>::TAPE, 4 + 1);
    assert_eq!(<(Sigmoid, Pool) as Train<Row>>::TAPE, 2);
}
