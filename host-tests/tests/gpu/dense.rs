//! Fully connected networks.

use tensorlet::{
    Gelu, Linear, Path, Relu, Residual, Sigmoid, Tanh, Vector,
    layer::Frozen,
    loss::{BceLoss, CrossEntropyLoss, MseLoss},
    optim::{Adam, AdamW, Groups, Sgd},
};
use tensorlet_host::gpu::{Clip, Offload, Settings};

use crate::compare::{Run, compare, drawn, gpu, labels, samples, weights};

type Mlp = (Linear<64, 32>, (Relu, Linear<32, 10>));

fn a_perceptron_trains_as_on_the_cpu() {
    let (x, targets) = (samples::<Vector<64>>(50, 1), labels(50, 10, 2));
    let gpu = gpu();
    let net = drawn::<Mlp>(0);
    for clip in [Clip::None, Clip::Norm(0.5), Clip::Theta(0.5), Clip::Value(0.01)] {
        let loss = &CrossEntropyLoss;
        compare(&gpu, &*net, &Run { x: &x, targets: &targets, loss, optimizer: Sgd::new(0.1), batch: 16, clip });
    }
}

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

fn parameters_in_groups() {
    fn group(path: Path<'_>) -> usize {
        if path.name() == "bias" {
            0
        } else if path.starts_with("0") {
            1
        } else {
            2
        }
    }
    let base = AdamW::new(1e-2);
    let groups: Groups<AdamW, 3> = Groups::new([base.weight_decay(0.0), AdamW::new(1e-3), base], group);
    let (x, targets) = (samples::<Vector<64>>(50, 1), labels(50, 10, 2));
    let run = Run { x: &x, targets: &targets, loss: &CrossEntropyLoss, optimizer: groups, batch: 16, clip: Clip::None };
    compare(&gpu(), &*drawn::<Mlp>(0), &run);
}

/// Gradients whose squares overflow are clipped as others are.
fn the_norm_does_not_overflow() {
    type Net = (Linear<3, 2>, Linear<2, 1>);
    let x = vec![[1e12, -2e12, 3e12]; 4];
    let targets = vec![[-1e12]; 4];
    for clip in [Clip::Norm(1.0), Clip::Theta(1.0)] {
        let run = Run { x: &x, targets: &targets, loss: &MseLoss, optimizer: Sgd::new(0.1), batch: 4, clip };
        let mut offload = Offload::new(
            &gpu(),
            &*drawn::<Net>(0),
            run.loss,
            run.optimizer,
            (&x, &targets),
            Settings { clip, ..Settings::batch(4) },
        )
        .expect("planned");
        let before = weights(&*drawn::<Net>(0));
        offload.train(&[0, 1, 2, 3]).expect("a step");
        let mut net = drawn::<Net>(0);
        offload.read(0, &mut net).expect("read back");
        let moved: f32 = weights(&*net)
            .iter()
            .zip(&before)
            .flat_map(|((_, a), (_, b))| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)))
            .sum();
        assert!((moved.sqrt() / 0.1 - 1.0).abs() < 1e-3, "the step has the length 0.1, not {}", moved.sqrt());
    }
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

fn residuals_and_functions() {
    let (x, targets) = (samples::<Vector<12>>(33, 1), samples::<Vector<5>>(33, 2));
    let run = Run { x: &x, targets: &targets, loss: &MseLoss, optimizer: Sgd::new(0.05), batch: 11, clip: Clip::None };
    compare(&gpu(), &*drawn::<Deep>(0), &run);
}

fn frozen_parts_stay() {
    let (x, targets) = (samples::<Vector<12>>(33, 1), vec![[1.0, 0.0, 1.0, 0.0, 1.0]; 33]);
    let run =
        Run { x: &x, targets: &targets, loss: &BceLoss::NEW, optimizer: Sgd::new(0.05), batch: 11, clip: Clip::None };
    type Net = (Linear<12, 8>, (Tanh, (Frozen<(Linear<8, 8>, Tanh)>, (Linear<8, 5>, Sigmoid))));
    compare(&gpu(), &*drawn::<Net>(0), &run);
}

crate::tests!(
    a_perceptron_trains_as_on_the_cpu,
    every_optimiser,
    parameters_in_groups,
    the_norm_does_not_overflow,
    residuals_and_functions,
    frozen_parts_stay
);
