//! Normalisation in training, in evaluation and where it is frozen.

use tensorlet::{
    BatchNorm1d, BatchNorm2d, Conv2d, Flatten, Gelu, GlobalAvgPool2d, GroupNorm, Image, InstanceNorm, LayerNorm,
    Linear, NoBias, NoWeight, Relu, Residual, RmsNorm, Slide, Tanh, Vector,
    layer::{Frozen, NotTracked},
    loss::{CrossEntropyLoss, MseLoss},
    optim::{AdamW, Sgd},
};
use tensorlet_host::gpu::{Clip, Offload, OffloadError, Settings};

use crate::compare::{Run, compare, drawn, gpu, labels, samples, weights};

type Mlp = (Linear<12, 16>, (BatchNorm1d<16>, (Relu, Linear<16, 5>)));
type Inner = (BatchNorm1d<16>, (Relu, (Linear<16, 16>, (BatchNorm1d<16>, (Relu, Linear<16, 16>)))));
type Deep = (Linear<12, 16>, (Residual<Inner>, (BatchNorm1d<16>, (Relu, Linear<16, 5>))));

fn batch_norm_in_perceptrons() {
    let (x, targets) = (samples::<Vector<12>>(50, 1), labels(50, 5, 2));
    let gpu = gpu();
    let run = Run {
        x: &x,
        targets: &targets,
        loss: &CrossEntropyLoss,
        optimizer: Sgd::with_momentum(0.05, 0.9),
        batch: 10,
        clip: Clip::None,
    };
    let mut net = drawn::<Mlp>(0);
    let norm = &mut net.1.0;
    norm.running.mean = std::array::from_fn(|c| 0.1 * c as f32 - 0.5);
    norm.running.var = std::array::from_fn(|c| 0.5 + 0.2 * c as f32);
    norm.weight = std::array::from_fn(|c| 1.0 - 0.1 * c as f32);
    norm.momentum = Some(0.3);
    norm.eps = 1e-3;
    compare(&gpu, &*net, &run);
    compare(&gpu, &*drawn::<Deep>(0), &run);
}

/// A bias before normalisation has no gradient but rounding, which Adam makes as large as any other.
fn batch_norm_of_images() {
    type Net = (
        BatchNorm2d<3>,
        (
            Tanh,
            (
                BatchNorm2d<3, NoWeight, NoBias>,
                (Relu, (Flatten<108>, (Linear<108, 8, NoBias>, (BatchNorm1d<8, [f32; 8], NoBias>, Linear<8, 4>)))),
            ),
        ),
    );
    let (x, targets) = (samples::<Image<3, 6, 6>>(24, 1), samples::<Vector<4>>(24, 2));
    let run =
        Run { x: &x, targets: &targets, loss: &MseLoss, optimizer: AdamW::new(1e-3), batch: 12, clip: Clip::None };
    compare(&gpu(), &*drawn::<Net>(0), &run);
}

type Conv<const IN: usize> = Conv2d<IN, 4, 3, 3, 6, 6, Slide<1, 1>, NoBias>;
type Block = (Conv<4>, (BatchNorm2d<4>, (Relu, (Conv<4>, BatchNorm2d<4>))));

fn a_residual_network_of_convolutions() {
    type Net = (Conv<1>, (BatchNorm2d<4>, (Relu, (Residual<Block>, (Relu, (GlobalAvgPool2d, Linear<4, 3>))))));
    let (x, targets) = (samples::<Image<1, 6, 6>>(24, 1), labels(24, 3, 2));
    let (loss, optimizer) = (&CrossEntropyLoss, Sgd::with_momentum(0.05, 0.9));
    let run = Run { x: &x, targets: &targets, loss, optimizer, batch: 8, clip: Clip::None };
    compare(&gpu(), &*drawn::<Net>(0), &run);
}

/// Frozen, with running statistics: they stay, and the gradient goes through.
fn frozen_batch_norm() {
    let (x, targets) = (samples::<Vector<12>>(30, 1), samples::<Vector<5>>(30, 2));
    let run = Run { x: &x, targets: &targets, loss: &MseLoss, optimizer: Sgd::new(0.05), batch: 10, clip: Clip::None };
    let mut net = drawn::<(Linear<12, 16>, (Frozen<BatchNorm1d<16>>, (Relu, Linear<16, 5>)))>(0);
    let norm = &mut net.1.0.0;
    norm.running.mean = std::array::from_fn(|c| 0.1 * c as f32 - 0.5);
    norm.running.var = std::array::from_fn(|c| 0.5 + 0.2 * c as f32);
    norm.weight = std::array::from_fn(|c| 1.0 - 0.1 * c as f32);
    compare(&gpu(), &*net, &run);
}

/// Without running statistics evaluation, too, normalises by the batch, and so does what is frozen.
fn batch_norm_that_is_not_tracked() {
    type Own = BatchNorm1d<16, [f32; 16], [f32; 16], NotTracked>;
    type Net = (Linear<12, 16>, (Own, (Relu, (Linear<16, 16>, (Frozen<Own>, Linear<16, 5>)))));
    let (x, targets) = (samples::<Vector<12>>(10, 1), samples::<Vector<5>>(10, 2));
    let run = Run { x: &x, targets: &targets, loss: &MseLoss, optimizer: Sgd::new(0.05), batch: 10, clip: Clip::None };
    let net = drawn::<Net>(0);
    compare(&gpu(), &*net, &run);
    let data = (&x[..], &targets[..]);
    let mut offload = Offload::new(&gpu(), &*net, &MseLoss, Sgd::new(0.1), data, Settings::batch(10)).expect("planned");
    assert!(matches!(offload.forward(&x[..7]), Err(OffloadError::Count { given: 7, needed: 10, .. })));
}

fn running_averages_over_all_batches_are_refused() {
    let (x, targets) = (samples::<Vector<12>>(10, 1), labels(10, 5, 2));
    let mut net = drawn::<Mlp>(0);
    net.1.0.momentum = None;
    let data = (&x[..], &targets[..]);
    let gpu = gpu();
    let loss = &CrossEntropyLoss;
    let error = Offload::new(&gpu, &*net, loss, Sgd::new(0.1), data, Settings::batch(5)).expect_err("refused");
    assert!(error.to_string().contains("momentum"), "{error}");
    assert!(matches!(&error, OffloadError::Unsupported { path, .. } if path == "1.0"), "{error:?}");
    // Nor may another network of a sweep have them.
    let (nets, rates) = ([*drawn::<Mlp>(0), *net], [Sgd::new(0.1); 2]);
    let error = Offload::sweep(&gpu, &nets, loss, &rates, data, Settings::batch(5)).expect_err("refused");
    assert!(matches!(&error, OffloadError::Unsupported { path, .. } if path == "1.0"), "{error:?}");
}

/// The networks of a sweep have their own statistics, and their own shares of a batch.
fn a_sweep_of_networks_with_batch_norm() {
    let (x, targets) = (samples::<Vector<12>>(20, 1), labels(20, 5, 2));
    let gpu = gpu();
    let data = (&x[..], &targets[..]);
    let nets: [Mlp; 3] = std::array::from_fn(|seed| {
        let mut net = *drawn::<Mlp>(seed as u64);
        net.1.0.momentum = Some(0.1 + 0.2 * seed as f32);
        net
    });
    let order: Vec<u32> = (0..20).chain(0..20).collect();
    let (loss, settings) = (&CrossEntropyLoss, Settings::batch(10));
    let mut sweep = Offload::sweep(&gpu, &nets, loss, &[Sgd::new(0.1); 3], data, settings).expect("planned");
    sweep.train(&order).expect("trained");
    for (copy, net) in nets.iter().enumerate() {
        let mut alone = Offload::new(&gpu, net, loss, Sgd::new(0.1), data, settings).expect("planned");
        alone.train(&order).expect("trained");
        let mut both = [*net; 2];
        sweep.read(copy, &mut both[0]).expect("read back");
        alone.read(0, &mut both[1]).expect("read back");
        assert_eq!(weights(&both[0]), weights(&both[1]));
        assert_ne!(both[0].1.0.running, net.1.0.running);
    }
}

fn layer_and_rms_norm() {
    type Rows = [[f32; 6]; 5];
    type Net = (
        Linear<6, 20>,
        (
            LayerNorm<[f32; 20]>,
            (
                Gelu,
                (
                    RmsNorm<[f32; 20]>,
                    (Linear<20, 6>, (LayerNorm<Rows, Rows, NoBias>, Residual<LayerNorm<[f32; 6], NoWeight, NoBias>>)),
                ),
            ),
        ),
    );
    let (x, targets) = (samples::<Rows>(40, 1), samples::<Rows>(40, 2));
    let run = Run { x: &x, targets: &targets, loss: &MseLoss, optimizer: Sgd::new(0.5), batch: 20, clip: Clip::None };
    compare(&gpu(), &*drawn::<Net>(0), &run);
}

fn group_and_instance_norm() {
    type Net = (
        GroupNorm<2, 4>,
        (
            Tanh,
            (
                InstanceNorm<4, [f32; 4], [f32; 4]>,
                (Tanh, (InstanceNorm<4>, (GroupNorm<1, 4, [f32; 4], NoBias>, (Flatten<144>, Linear<144, 3>)))),
            ),
        ),
    );
    let (x, targets) = (samples::<Image<4, 6, 6>>(20, 1), samples::<Vector<3>>(20, 2));
    let run = Run { x: &x, targets: &targets, loss: &MseLoss, optimizer: Sgd::new(0.05), batch: 10, clip: Clip::None };
    compare(&gpu(), &*drawn::<Net>(0), &run);
}

crate::tests!(
    batch_norm_in_perceptrons,
    batch_norm_of_images,
    a_residual_network_of_convolutions,
    frozen_batch_norm,
    batch_norm_that_is_not_tracked,
    running_averages_over_all_batches_are_refused,
    a_sweep_of_networks_with_batch_norm,
    layer_and_rms_norm,
    group_and_instance_norm
);
