//! A training on the device and one on the CPU, side by side.

use std::fmt::Debug;

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{
    Mode, Module, Portable, Tensor, Train, Trainer,
    memory::training_words,
    optim::{Optimizer, clip_grad_norm, clip_grad_value, grad_clipping},
};
use tensorlet_host::gpu::{Clip, Gpu, Offload, OffloadLoss, Options, Settings};

/// Steps of a trajectory.
pub(crate) const STEPS: usize = 20;

pub(crate) fn gpu() -> Gpu {
    Gpu::with(Options { software: true }).expect("an adapter")
}

/// A training to be compared.
pub(crate) struct Run<'a, X, T, L, O> {
    pub(crate) x: &'a [X],
    pub(crate) targets: &'a [T],
    pub(crate) loss: &'a L,
    pub(crate) optimizer: O,
    pub(crate) batch: usize,
    pub(crate) clip: Clip,
}

/// Whether two numbers are within an absolute and a relative difference.
#[track_caller]
pub(crate) fn close(what: &str, got: &[f32], expected: &[f32], (rtol, atol): (f32, f32)) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (i, (g, e)) in got.iter().zip(expected).enumerate() {
        assert!((g - e).abs() <= atol + rtol * e.abs(), "{what}[{i}]: {g} on the device, {e} on the CPU");
    }
}

/// The network with weights drawn from a seed.
pub(crate) fn drawn<N: Module>(seed: u64) -> Box<N> {
    let mut net = Box::new(N::ZERO);
    net.init(&mut Xoshiro128PlusPlus::seed_from_u64(seed));
    net
}

/// Compares forward pass, every gradient of the first step, and the losses and weights of 20 steps.
pub(crate) fn compare<X, N, T, L, O>(gpu: &Gpu, net: &N, run: &Run<'_, X, T, L, O>)
where
    X: Tensor,
    N: Train<X, Out: Tensor<Elem = f32> + Debug> + Clone,
    T: Copy,
    L: OffloadLoss<N::Out, T>,
    O: Optimizer,
{
    let Run { x, targets, loss, optimizer, batch, clip } = *run;
    let settings = Settings { clip, steps: 8, ..Settings::batch(batch) };
    let mut offload = Offload::new(gpu, net, loss, optimizer, (x, targets), settings).expect("planned");
    offload.manual_seed(0, 3);

    // Forward, in evaluation, also of a part of a batch.
    let samples = x.len().min(batch + 1);
    let mut arena = vec![0.0; samples * N::PEAK];
    let expected = net.forward(Portable, &x[..samples], &mut arena).expect("forward").to_vec();
    let got = offload.forward(&x[..samples]).expect("forward");
    close("output", N::Out::flat(&got), N::Out::flat(&expected), (1e-4, 2e-5));

    let order: Vec<u32> = (0..STEPS * batch).map(|i| (i * 7 % x.len()) as u32).collect();
    let losses = offload.train(&order).expect("trained");
    let mut got = Box::new(net.clone());
    offload.read(0, &mut got).expect("read back");

    let mut cpu = Box::new(net.clone());
    let mut workspace = vec![0.0; training_words::<X, N, O>(Mode::Accumulate, batch)];
    let mut trainer = Trainer::<X, N, _>::new(optimizer, &mut workspace).expect("enough memory");
    trainer.manual_seed(3);
    let mut first = Vec::new();
    for (step, order) in order.chunks(batch).enumerate() {
        let batch_x: Vec<X> = order.iter().map(|&i| x[i as usize]).collect();
        let batch_t: Vec<T> = order.iter().map(|&i| targets[i as usize]).collect();
        trainer.zero_grad();
        let scale = 1.0 / loss.divisor(&batch_t);
        let value = trainer.accumulate(Portable, &mut cpu, loss, &batch_x, &batch_t, scale).expect("a step");
        if step == 0 {
            first = trainer.gradients().to_vec();
        }
        let difference = (losses[step] - value).abs() / value.abs().max(1e-3);
        assert!(difference < 1e-4, "loss of step {step}: {} on the device, {value} on the CPU", losses[step]);
        match clip {
            Clip::None => {}
            Clip::Norm(bound) => drop(clip_grad_norm(Portable, trainer.gradients(), bound)),
            Clip::Theta(bound) => drop(grad_clipping(Portable, trainer.gradients(), bound)),
            Clip::Value(bound) => clip_grad_value(trainer.gradients(), bound),
        }
        trainer.apply(Portable, &mut cpu);
    }
    let [got, expected] = [&got, &cpu].map(|net| weights(&**net));
    for ((path, got), (_, expected)) in got.iter().zip(&expected) {
        close(path, got, expected, (2e-3, 2e-4));
    }

    // The gradients of the first step, of a plan of its own.
    offload.write(0, net).expect("written");
    let mut offload = Offload::new(gpu, net, loss, optimizer, (x, targets), settings).expect("planned");
    offload.manual_seed(0, 3);
    offload.train(&order[..batch]).expect("a step");
    let gradients = offload.gradients(0).expect("gradients");
    let mut from = 0;
    for (path, got) in gradients {
        let expected = &first[from..from + got.len()];
        let largest = expected.iter().fold(0.0_f32, |most, g| most.max(g.abs()));
        close(&format!("gradient of {path}"), &got, expected, (1e-3, 1e-5 + 1e-4 * largest));
        from += got.len();
    }
    assert_eq!(from, first.len(), "all gradients are there");
}

/// All parameters by path.
pub(crate) fn weights<N: Module>(net: &N) -> Vec<(String, Vec<f32>)> {
    struct All(Vec<(String, Vec<f32>)>);
    impl tensorlet::Visitor for All {
        fn parameter(&mut self, parameter: tensorlet::Parameter<'_>, values: &[f32]) {
            self.0.push((parameter.path.to_string(), values.to_vec()));
        }
    }
    let mut all = All(Vec::new());
    net.parameters(tensorlet::Path::ROOT, &mut all);
    all.0
}

/// Inputs and labels drawn from a seed.
pub(crate) fn samples<X: Tensor<Elem = f32>>(n: usize, seed: u64) -> Vec<X> {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(seed);
    let numbers: Vec<f32> = (0..n * X::LEN).map(|_| tensorlet::random::normal(&mut rng)).collect();
    X::view(&numbers).to_vec()
}

pub(crate) fn labels(n: usize, classes: u32, seed: u64) -> Vec<u8> {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(seed);
    (0..n).map(|_| tensorlet::random::below(classes, &mut rng) as u8).collect()
}
