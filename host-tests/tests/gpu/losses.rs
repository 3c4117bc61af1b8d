//! Every loss that can be offloaded, behind a layer.

use tensorlet::{
    Linear, Sigmoid, Tensor, Train, Vector,
    layer::View,
    loss::{
        BatchMean, BceLoss, BceWithLogitsLoss, CategoricalKl, CrossEntropyLoss, GaussianKl, GaussianNllLoss, HuberLoss,
        KlDivLoss, L1Loss, MseLoss, NllLoss, PerStep, SmoothL1Loss, Sum, UniformKl, VaeLoss,
    },
    optim::Sgd,
};
use tensorlet_host::gpu::{Clip, OffloadLoss};

use crate::compare::{Run, compare, drawn, gpu, labels, samples};

const N: usize = 14;

/// A network from 5 numbers with this loss; batches of 4 from 14 samples.
fn check<Net, T, L>(loss: L, targets: &[T])
where
    Net: Train<Vector<5>, Out: Tensor<Elem = f32> + std::fmt::Debug> + Clone,
    T: Copy,
    L: OffloadLoss<Net::Out, T>,
{
    let x = samples::<Vector<5>>(N, 1);
    let run = Run { x: &x, targets, loss: &loss, optimizer: Sgd::new(0.02), batch: 4, clip: Clip::None };
    compare(&gpu(), &*drawn::<Net>(0), &run);
}

/// Numbers between 0 and 1.
fn shares<Y: Tensor<Elem = f32>>() -> Vec<Y> {
    let mut targets = samples::<Y>(N, 3);
    Y::flat_mut(&mut targets).iter_mut().for_each(|t| *t = 1.0 / (1.0 + t.exp()));
    targets
}

fn of_differences() {
    type Net = Linear<5, 3>;
    let targets = samples::<Vector<3>>(N, 2);
    check::<Net, _, _>(L1Loss, &targets);
    check::<Net, _, _>(SmoothL1Loss { beta: 0.5 }, &targets);
    check::<Net, _, _>(SmoothL1Loss { beta: 0.0 }, &targets);
    check::<Net, _, _>(HuberLoss { delta: 0.75 }, &targets);
}

fn of_answers() {
    let targets = shares::<[[f32; 3]; 2]>();
    type Net = (Linear<5, 6>, View<[[f32; 3]; 2]>);
    let each = [[0.5, 2.0, 1.0], [3.0, 0.25, 1.5]];
    check::<Net, _, _>(BceWithLogitsLoss::NEW, &targets);
    check::<Net, _, _>(BceWithLogitsLoss::NEW.weight([[2.0], [0.5]]).pos_weight([1.0, 4.0, 0.25]), &targets);
    check::<Net, _, _>(BceWithLogitsLoss::NEW.weight(2.5_f32).pos_weight(each), &targets);
    check::<(Linear<5, 6>, (Sigmoid, View<[[f32; 3]; 2]>)), _, _>(BceLoss::NEW.weight(each), &targets);
}

fn of_labels() {
    let targets = labels(N, 4, 2);
    type Net = Linear<5, 4>;
    check::<Net, _, _>(CrossEntropyLoss.weight([1.0, 3.0, 0.5, 0.0]).ignore_index(1), &targets);
    check::<Net, _, _>(CrossEntropyLoss.label_smoothing(0.2), &targets);

    // -100 is ignored everywhere; one class at three places.
    let targets: Vec<[i8; 3]> = labels(3 * N, 5, 2).as_chunks().0.iter().map(|t| t.map(places)).collect();
    type Places = (Linear<5, 12>, View<[[f32; 3]; 4]>);
    check::<Places, _, _>(CrossEntropyLoss, &targets);
    check::<Places, _, _>(CrossEntropyLoss.weight([1.0, 3.0, 0.5, 2.0]).label_smoothing(0.1), &targets);
    check::<(Linear<5, 12>, View<[[f32; 4]; 3]>), _, _>(PerStep(CrossEntropyLoss), &targets);
    check::<Places, _, _>(Sum(CrossEntropyLoss), &targets);
    check::<Places, _, _>(BatchMean(NllLoss::NEW.weight([1.0, 3.0, 0.5, 2.0])), &targets);
    check::<Net, _, _>(NllLoss::NEW.ignore_index(2), &labels(N, 4, 2));
}

/// A label of four classes, or the one that is ignored.
fn places(label: u8) -> i8 {
    if label == 4 { -100 } else { label as i8 }
}

fn of_distributions() {
    type Two = (Linear<5, 6>, View<[[f32; 3]; 2]>);
    type Four = (Linear<5, 12>, View<[[f32; 3]; 4]>);
    let none = [(); N];
    check::<Two, _, _>(GaussianKl, &none);
    check::<Two, _, _>(BatchMean(GaussianKl), &samples::<[[f32; 3]; 2]>(N, 2));
    check::<Four, _, _>(GaussianKl, &none);
    check::<Two, _, _>(UniformKl, &none);
    check::<(Linear<5, 12>, View<[[[f32; 3]; 2]; 2]>), _, _>(Sum(CategoricalKl), &none);
    check::<Two, _, _>(CategoricalKl, &samples::<[[f32; 3]; 2]>(N, 2));
    check::<(Linear<5, 6>, (Sigmoid, View<[[f32; 3]; 2]>)), _, _>(
        GaussianNllLoss { full: true, eps: 0.3 },
        &samples::<Vector<3>>(N, 2),
    );
    let mut targets = shares::<Vector<3>>();
    targets[0][1] = 0.0;
    check::<Linear<5, 3>, _, _>(BatchMean(KlDivLoss::NEW), &targets);
    check::<Linear<5, 3>, _, _>(KlDivLoss { log_target: true }, &targets);
}

/// Losses inside losses, each with names of its own.
fn of_losses() {
    let loss = VaeLoss::<[[f32; 2]; 2], _, _>::with(PerStep(PerStep(MseLoss)), GaussianKl).beta(0.5);
    check::<Linear<5, 12>, _, _>(loss, &shares::<[[[f32; 2]; 2]; 2]>());
}

crate::tests!(of_differences, of_answers, of_labels, of_distributions, of_losses);
