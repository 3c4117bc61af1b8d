//! Running statistics: what moves them, what does not, and how far.

use tensorlet::{
    BatchNorm1d, BatchNorm2d, Error, Frozen, FusedTrainer, Image, Kernels, Layer, Linear, Mode, Module, NotTracked,
    Trainer, Vector, layer::Affine, loss::CrossEntropyLoss, memory::training_words, optim::Sgd,
};
use tensorlet_host::{on_every_instruction_set, reference::norm, reference::wide};

use crate::modes::{batch, fresh};

type X = Vector<3>;
type Net = (BatchNorm1d<3>, Linear<3, 3>);

/// A step on a batch in each mode.
fn step<K: Kernels>(k: K, mode: Mode, net: &mut Net, x: &[X], labels: &[u8]) -> Result<f32, Error> {
    let mut words = vec![0.0; training_words::<X, Net, Sgd>(mode, x.len())];
    match mode {
        Mode::Accumulate => {
            Trainer::<X, Net, _>::new(Sgd::new(0.1), &mut words)?.step(k, net, &CrossEntropyLoss, x, labels)
        }
        Mode::Fused => {
            FusedTrainer::<X, Net, _>::new(Sgd::new(0.1), &mut words)?.step(k, net, &CrossEntropyLoss, x, labels)
        }
    }
}

fn moves<K: Kernels>(k: K) {
    for mode in [Mode::Accumulate, Mode::Fused] {
        let mut net: Net = fresh(1);
        assert_eq!((net.0.running.mean, net.0.running.var), ([0.0; 3], [1.0; 3]));
        net.0.momentum = Some(0.25);
        let (x, labels) = batch::<X>(5, 2);
        step(k, mode, &mut net, &x, &labels).expect("a sound batch");
        for c in 0..3 {
            let (mean, variance) = norm::moments(&wide(&x.iter().map(|x| x[c]).collect::<Vec<_>>()));
            let close = |got: f32, expected: f64| assert!((f64::from(got) - expected).abs() < 1e-6, "{got} {expected}");
            close(net.0.running.mean[c], 0.25 * mean);
            close(net.0.running.var[c], 0.75 + 0.25 * variance * 5.0 / 4.0);
        }
    }
}

#[test]
fn a_step_moves_running_statistics_by_their_momentum() {
    on_every_instruction_set!(moves);
}

fn averages<K: Kernels>(k: K) {
    let mut net: Net = fresh(1);
    net.0.momentum = None;
    let mut means = Vec::new();
    for seed in 0..4 {
        let (x, labels) = batch::<X>(3, seed);
        step(k, Mode::Accumulate, &mut net, &x, &labels).expect("a sound batch");
        means.push(x.iter().map(|x| f64::from(x[1])).sum::<f64>() / 3.0);
    }
    let mean = means.iter().sum::<f64>() / 4.0;
    assert!((f64::from(net.0.running.mean[1]) - mean).abs() < 1e-6);
    assert_eq!(net.0.running.batches, 4);
}

#[test]
fn without_momentum_all_batches_count_the_same() {
    on_every_instruction_set!(averages);
}

fn stays<K: Kernels>(k: K) {
    let (x, labels) = batch::<X>(4, 3);

    // Inference, and a loss that is not finite.
    let mut net: Net = fresh(1);
    let before = net;
    net.forward(k, &x, &mut [0.0; 4 * (3 + 3)]).expect("the arena is large enough");
    let broken = [[f32::NAN, 0.0, 0.0]; 4];
    assert!(matches!(step(k, Mode::Accumulate, &mut net, &broken, &labels), Err(Error::NonFiniteLoss { .. })));
    assert_eq!(net.0, before.0);

    // A part that is not trained.
    type Head = (Frozen<BatchNorm1d<3>>, Linear<3, 3>);
    let mut net: Head = fresh(1);
    let before = net;
    let mut words = vec![0.0; training_words::<X, Head, Sgd>(Mode::Accumulate, 4)];
    let mut trainer = Trainer::<X, Head, _>::new(Sgd::new(0.1), &mut words).expect("enough words");
    trainer.step(k, &mut net, &CrossEntropyLoss, &x, &labels).expect("a sound batch");
    assert_eq!(net.0, before.0);
    assert_ne!(net.1, before.1);
}

#[test]
fn inference_errors_and_frozen_parts_leave_running_statistics() {
    on_every_instruction_set!(stays);
}

#[test]
fn one_number_per_channel_has_no_statistics() {
    let (x, labels) = batch::<X>(1, 3);
    for mode in [Mode::Accumulate, Mode::Fused] {
        let mut net: Net = fresh(1);
        let before = net;
        let error = step(tensorlet::Portable, mode, &mut net, &x, &labels);
        assert_eq!(error, Err(Error::BatchTooSmall { needed: 2, given: 1 }));
        assert_eq!(net, before);
    }
    // Where a channel has several places, one sample will do; and at inference always.
    const fn smallest<X: tensorlet::Tensor, L: tensorlet::Train<X>>() -> usize {
        L::MIN_BATCH
    }
    assert_eq!(smallest::<Image<2, 1, 2>, BatchNorm2d<2>>(), 1);
    assert_eq!(smallest::<Image<2, 1, 1>, BatchNorm2d<2>>(), 2);
    assert_eq!(smallest::<X, Frozen<BatchNorm1d<3>>>(), 1);
    assert_eq!(smallest::<X, (Linear<3, 4>, BatchNorm1d<4>)>(), 2);
}

#[test]
fn what_is_not_there_takes_no_memory() {
    type Bare = BatchNorm1d<64, tensorlet::NoWeight, tensorlet::NoBias, NotTracked>;
    assert_eq!(<tensorlet::NoWeight as Affine<[f32; 64]>>::LEN, 0);
    assert_eq!((Bare::PARAMETERS, Bare::GRAD), (0, 0));
    assert!(size_of::<Bare>() <= 12);
    assert_eq!(BatchNorm1d::<64>::GRAD, 128);
}
