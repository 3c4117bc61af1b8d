//! Fully connected networks.

use tensorlet::{
    Gelu, Linear, Relu, Residual, Sigmoid, Tanh, Vector,
    layer::Frozen,
    loss::{BceLoss, CrossEntropyLoss, MseLoss},
    optim::{Adam, AdamW, Sgd},
};
use tensorlet_host::gpu::Clip;

use crate::compare::{Run, compare, drawn, gpu, labels, samples};

type Mlp = (Linear<64, 32>, (Relu, Linear<32, 10>));

#[test]
fn a_perceptron_trains_as_on_the_cpu() {
    let (x, targets) = (samples::<Vector<64>>(50, 1), labels(50, 10, 2));
    let gpu = gpu();
    let net = drawn::<Mlp>(0);
    for clip in [Clip::None, Clip::Norm(0.5), Clip::Theta(0.5), Clip::Value(0.01)] {
        let loss = &CrossEntropyLoss;
        compare(&gpu, &*net, &Run { x: &x, targets: &targets, loss, optimizer: Sgd::new(0.1), batch: 16, clip });
    }
}

#[test]
fn every_optimiser() {
    let (x, targets) = (samples::<Vector<64>>(50, 1), labels(50, 10, 2));
    let gpu = gpu();
    let net = drawn::<Mlp>(0);
    macro_rules! each {
        ($($optimizer:expr),+) => {$(
            compare(&gpu, &*net, &Run {
                x: &x, targets: &targets, loss: &CrossEntropyLoss, optimizer: $optimizer, batch: 16, clip: Clip::None,
            });
        )+};
    }
    each!(
        Sgd::new(0.1).weight_decay(1e-2),
        Sgd::with_momentum(0.05, 0.9),
        Sgd::with_momentum(0.05, 0.9).nesterov(),
        Sgd::with_momentum(0.05, 0.9).dampening(0.5),
        Adam::new(1e-3).weight_decay(1e-2),
        Adam::new(1e-3).amsgrad(),
        AdamW::new(1e-3)
    );
}

type Deep = (
    Linear<12, 8>,
    (
        Tanh,
        (
            Residual<(Linear<8, 8>, (Relu, Linear<8, 8>))>,
            (Relu, (Residual<(Relu, (Linear<8, 8>, Sigmoid))>, (Gelu, Linear<8, 5>))),
        ),
    ),
);

#[test]
fn residuals_and_functions() {
    let (x, targets) = (samples::<Vector<12>>(33, 1), samples::<Vector<5>>(33, 2));
    let run = Run { x: &x, targets: &targets, loss: &MseLoss, optimizer: Sgd::new(0.05), batch: 11, clip: Clip::None };
    compare(&gpu(), &*drawn::<Deep>(0), &run);
}

#[test]
fn frozen_parts_stay() {
    let (x, targets) = (samples::<Vector<12>>(33, 1), vec![[1.0, 0.0, 1.0, 0.0, 1.0]; 33]);
    let run =
        Run { x: &x, targets: &targets, loss: &BceLoss::NEW, optimizer: Sgd::new(0.05), batch: 11, clip: Clip::None };
    type Net = (Linear<12, 8>, (Tanh, (Frozen<(Linear<8, 8>, Tanh)>, (Linear<8, 5>, Sigmoid))));
    compare(&gpu(), &*drawn::<Net>(0), &run);
}
