//! Layers that draw random numbers: the device's are those of the host.

use tensorlet::{
    Dropout, Dropout2d, Flatten, Frozen, Linear, Mode, Module, Portable, Relu, Repeat, Residual, Tanh, TimeDistributed,
    Trainer, Vector,
    layer::{Concat, GaussianReparam, GaussianSigmaReparam, Given, GumbelSoftmax, Identity, View},
    loss::{BceWithLogitsLoss, CrossEntropyLoss, MseLoss, UniformKl, VaeLoss},
    memory::training_words,
    network,
    optim::{Adam, Sgd},
};
use tensorlet_host::gpu::{Clip, Offload, Settings};

use crate::compare::{Run, STEPS, close, compare, drawn, gpu, labels, samples};

/// Pictures of black and white.
fn pictures<const N: usize>(n: usize) -> Vec<[f32; N]> {
    samples::<[f32; N]>(n, 1).iter().map(|x| x.map(|x| if x < 0.0 { 0.0 } else { 1.0 })).collect()
}

/// 5 samples of a batch: 35 and 85 numbers are no multiples of what an invocation draws.
type Dropped = (Linear<12, 7>, (Relu, (Dropout, (Linear<7, 17>, (Tanh, (Dropout, Linear<17, 4>))))));

fn dropped() -> Box<Dropped> {
    let mut net = drawn::<Dropped>(0);
    net.1.1.0.p = 0.25;
    net
}

fn dropout_trains_as_on_the_cpu() {
    let (x, targets) = (samples::<Vector<12>>(33, 1), labels(33, 4, 2));
    let loss = &CrossEntropyLoss;
    let run = Run { x: &x, targets: &targets, loss, optimizer: Sgd::new(0.1), batch: 5, clip: Clip::None };
    compare(&gpu(), &*dropped(), &run);
}

/// As many numbers as take several jumps to reach: 5 · 601, drawn by 94 invocations.
fn far_ahead_in_the_stream() {
    let (x, targets) = (samples::<Vector<601>>(20, 1), samples::<Vector<2>>(20, 2));
    let run = Run { x: &x, targets: &targets, loss: &MseLoss, optimizer: Sgd::new(1e-3), batch: 5, clip: Clip::None };
    compare(&gpu(), &*drawn::<(Dropout, Linear<601, 2>)>(0), &run);
}

/// The same numbers for the device and for a network that is given them.
fn numbers_from_the_host() {
    let (x, targets) = (samples::<Vector<6>>(4, 1), samples::<Vector<6>>(4, 2));
    let uniform = [0.9, 0.1, 0.4, 0.6, 0.499, 0.5, 0.0, 0.999].map(|u| [u, 1.0 - u, u]).concat();
    let settings = Settings { given_noise: true, ..Settings::batch(4) };
    let net = drawn::<(Dropout, Linear<6, 6>)>(0);
    let mut offload = Offload::new(&gpu(), &*net, &MseLoss, Sgd::new(0.1), (&x, &targets), settings).expect("planned");
    assert!(offload.give_noise("1", &uniform).is_err(), "a linear layer draws nothing");
    assert!(offload.give_noise("0", &uniform[1..]).is_err(), "one number is missing");
    offload.give_noise("0", &uniform).expect("24 numbers");
    let losses = offload.train(&[0, 1, 2, 3, 0, 1, 2, 3]).expect("trained");

    let mut cpu = (Dropout { p: 0.5, noise: Given(&uniform) }, net.1);
    type Cpu<'a> = (Dropout<Given<'a>>, Linear<6, 6>);
    let mut workspace = vec![0.0; training_words::<Vector<6>, Cpu<'_>, Sgd>(Mode::Accumulate, 4)];
    let mut trainer = Trainer::<Vector<6>, Cpu<'_>, _>::new(Sgd::new(0.1), &mut workspace).expect("enough memory");
    let expected = [(); 2].map(|()| trainer.step(Portable, &mut cpu, &MseLoss, &x, &targets).expect("a step"));
    close("loss", &losses, &expected, (1e-5, 0.0));
}

network! {
    /// Four layers, where in a network of two the first is not told from the second.
    pub struct Parts: Vector<6> {
        a: Dropout,
        b: Linear(6),
        c: Dropout,
        d: Dropout,
    }
}

/// Wherever a layer may stand, it draws from a seed of its own.
type Places = (
    Residual<(Linear<8, 8>, Dropout)>,
    (
        Concat<(Dropout, Linear<8, 3>), (Linear<8, 3>, Dropout), [f32; 6]>,
        (Parts, (Repeat<(Linear<6, 6>, (Tanh, Dropout)), 3>, (Frozen<Dropout>, Linear<6, 2>))),
    ),
);

fn seeds_follow_the_place_of_a_layer() {
    let (x, targets) = (samples::<Vector<8>>(20, 1), samples::<Vector<2>>(20, 2));
    let run = Run { x: &x, targets: &targets, loss: &MseLoss, optimizer: Sgd::new(0.02), batch: 7, clip: Clip::None };
    compare(&gpu(), &*drawn::<Places>(0), &run);
}

fn channels_and_time_steps() {
    type Steps = TimeDistributed<(Linear<4, 6>, Dropout)>;
    type Net = (Steps, (View<[[[f32; 2]; 3]; 5]>, (Dropout2d, (Flatten<30>, Linear<30, 3>))));
    let (x, targets) = (samples::<[[f32; 4]; 5]>(20, 1), samples::<Vector<3>>(20, 2));
    let run = Run { x: &x, targets: &targets, loss: &MseLoss, optimizer: Sgd::new(0.02), batch: 4, clip: Clip::None };
    compare(&gpu(), &*drawn::<Net>(0), &run);
}

type Encoder = (Linear<24, 16>, (Tanh, Concat<Linear<16, 3>, Linear<16, 3>, [[f32; 3]; 2]>));
type Decoder = (Linear<3, 16>, (Tanh, Linear<16, 24>));
type Vae<R> = (Encoder, Concat<(R, Decoder), Identity, [f32; 30]>);

fn variational_autoencoders() {
    let (x, gpu) = (pictures::<24>(40), gpu());
    let loss = VaeLoss::<[[f32; 3]; 2]>::new();
    let run = Run { x: &x, targets: &x, loss: &loss, optimizer: Sgd::new(0.02), batch: 8, clip: Clip::None };
    compare(&gpu, &*drawn::<Vae<GaussianReparam>>(0), &run);
    let loss = VaeLoss::<[[f32; 3]; 2]>::new().beta(0.25);
    compare(&gpu, &*drawn::<Vae<GaussianSigmaReparam>>(0), &Run { loss: &loss, ..run });
    // A small rate: Adam makes steps of its size even of gradients that are all rounding.
    let run = Run { x: &x, targets: &x, loss: &loss, optimizer: Adam::new(1e-3), batch: 8, clip: Clip::None };
    compare(&gpu, &*drawn::<Vae<GaussianReparam>>(0), &run);
}

fn a_frozen_sample_is_the_mean() {
    let x = pictures::<24>(20);
    let loss = VaeLoss::<[[f32; 3]; 2]>::new();
    let run = Run { x: &x, targets: &x, loss: &loss, optimizer: Sgd::new(1e-2), batch: 8, clip: Clip::None };
    compare(&gpu(), &*drawn::<Vae<Frozen<GaussianReparam>>>(0), &run);
}

type Categorical = (Linear<24, 16>, (Relu, (Linear<16, 12>, View<[[f32; 4]; 3]>)));
type FromCategories = (Flatten<12>, (Linear<12, 16>, (Relu, Linear<16, 24>)));
type CategoricalVae<const D: isize> = (Categorical, Concat<(GumbelSoftmax<D>, FromCategories), Identity, [f32; 36]>);

fn categorical_autoencoders() {
    let (x, gpu) = (pictures::<24>(40), gpu());
    let loss = VaeLoss::<[[f32; 4]; 3], _, _>::with(BceWithLogitsLoss::NEW, UniformKl);
    let run = Run { x: &x, targets: &x, loss: &loss, optimizer: Adam::new(1e-2), batch: 8, clip: Clip::None };
    let mut net = drawn::<CategoricalVae<-1>>(0);
    compare(&gpu, &*net, &run);
    (net.1.first.0.hard, net.1.first.0.tau) = (true, 0.7);
    compare(&gpu, &*net, &run);
    // Along another axis.
    let mut net = drawn::<CategoricalVae<0>>(0);
    net.1.first.0.tau = 0.5;
    compare(&gpu, &*net, &run);
}

/// Networks that train side by side draw from seeds of their own: as if each were alone.
fn every_network_of_a_sweep_has_its_seed() {
    let (x, targets) = (samples::<Vector<12>>(33, 1), labels(33, 4, 2));
    let (gpu, net) = (gpu(), *dropped());
    let other = {
        let mut other = net;
        other.1.1.0.p = 0.5;
        other
    };
    let data = (&x[..], &targets[..]);
    let rates = [Sgd::new(0.1), Sgd::new(0.05)];
    let order: Vec<u32> = (0..STEPS as u32 * 5).map(|i| i % 33).collect();
    let mut both =
        Offload::sweep(&gpu, &[net, other], &CrossEntropyLoss, &rates, data, Settings::batch(5)).expect("planned");
    both.manual_seed(0, 3);
    both.manual_seed(1, 8);
    let losses = both.train(&order).expect("trained");
    for (copy, (net, seed)) in [(net, 3), (other, 8)].into_iter().enumerate() {
        let mut alone =
            Offload::new(&gpu, &net, &CrossEntropyLoss, rates[copy], data, Settings::batch(5)).expect("planned");
        alone.manual_seed(0, seed);
        let expected = alone.train(&order).expect("trained");
        let got: Vec<f32> = losses.iter().skip(copy).step_by(2).copied().collect();
        assert_eq!(got, expected, "network {copy}");
        let (mut a, mut b) = (Dropped::ZERO, Dropped::ZERO);
        both.read(copy, &mut a).expect("read back");
        alone.read(0, &mut b).expect("read back");
        assert_eq!(a, b, "network {copy}");
    }
}

crate::tests!(
    dropout_trains_as_on_the_cpu,
    far_ahead_in_the_stream,
    numbers_from_the_host,
    seeds_follow_the_place_of_a_layer,
    channels_and_time_steps,
    variational_autoencoders,
    a_frozen_sample_is_the_mean,
    categorical_autoencoders,
    every_network_of_a_sweep_has_its_seed
);
