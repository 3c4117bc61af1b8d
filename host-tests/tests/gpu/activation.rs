//! Every function of one element, its value and derivative, at its kinks and far from them.

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{
    Celu, Elu, Gelu, GeluTanh, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, Layer, LeakyRelu, LearnedPositions,
    Linear, LogSigmoid, LogSoftmax, Mish, Mode, Module, PRelu, Portable, Relu, Relu6, Selu, Shrink, Sigmoid, Silu,
    Softmax, Softmin, Softplus, Softshrink, Softsign, Swish, Tanh, Tanhshrink, Threshold, Train, Trainer, Vector,
    loss::{Loss, MseLoss},
    memory::training_words,
    optim::Sgd,
};
use tensorlet_host::gpu::{Clip, Gpu, Offload, Settings};

use crate::compare::{Run, close, compare, drawn, gpu, samples};

/// Arguments of a function.
const N: usize = 128;

/// From -32 to 32 in quarters, where the kinks are; the rest is large.
fn arguments() -> Vec<[f32; N]> {
    let far = [50.0, 80.0, 100.0, 1e3, 1e4];
    let near = (-100..=100).map(|j| j as f32 / 8.0);
    let mut all: Vec<f32> = near.chain(far).chain(far.map(|x| -x)).collect();
    all.resize(2 * N, 0.3);
    all.chunks(N).map(|x| x.try_into().expect("as many")).collect()
}

/// Compares the outputs and, by what is added to the arguments, the derivatives.
fn function<A: Train<[f32; N], Out = [f32; N]> + Copy>(gpu: &Gpu, name: &str, f: A) {
    let net = (LearnedPositions { weight: [0.0; N] }, f);
    for x in arguments().chunks(1) {
        let targets = &[[0.25; N]];
        let mut offload =
            Offload::new(gpu, &net, &MseLoss, Sgd::new(0.0), (x, targets), Settings::batch(1)).expect(name);
        let got = offload.forward(x).expect(name);
        let mut arena = vec![0.0; 4 * N];
        let expected = net.forward(Portable, x, &mut arena).expect(name);
        // Functions are within some units of the last place, here and on the host.
        close(name, got.as_flattened(), expected.as_flattened(), (2e-6, 2e-7));

        offload.train(&[0]).expect(name);
        let gradients = offload.gradients(0).expect(name);
        let mut cpu = net;
        let mut workspace =
            vec![0.0; training_words::<[f32; N], (LearnedPositions<[f32; N]>, A), Sgd>(Mode::Accumulate, 1)];
        let mut trainer = Trainer::<[f32; N], _, _>::new(Sgd::new(0.0), &mut workspace).expect(name);
        trainer.zero_grad();
        let scale = 1.0 / Loss::<[f32; N], [f32; N]>::divisor(&MseLoss, targets);
        trainer.accumulate(Portable, &mut cpu, &MseLoss, x, targets, scale).expect(name);
        close(&format!("gradient of {name}"), &gradients[0].1, trainer.gradients(), (5e-6, 1e-7));
    }
}

fn every_function_and_its_derivative() {
    let gpu = gpu();
    macro_rules! each {
        ($($f:expr),+ $(,)?) => { $(function(&gpu, stringify!($f), $f);)+ };
    }
    each!(
        Relu,
        Relu6,
        Sigmoid,
        Tanh,
        LeakyRelu::new(0.25),
        Threshold::new(1.0, -2.0),
        Hardtanh::new(-2.0, 1.5),
        Hardsigmoid::NEW,
        Hardsigmoid::new(0.25, 0.5),
        Hardswish,
        Hardshrink::new(1.5),
        Softshrink::new(1.25),
        Shrink::new(1.5, 0.5),
        Elu::new(1.5),
        Selu::NEW,
        Celu::new(2.0),
        LogSigmoid,
        Softplus::NEW,
        Softplus::new(2.0, 10.0),
        Softsign,
        Gelu,
        GeluTanh,
        Silu,
        Swish::new(1.702),
        Mish,
        Tanhshrink,
    );
}

fn a_learned_slope() {
    let (x, targets) = (samples::<[[f32; 6]; 3]>(20, 1), samples::<[[f32; 4]; 3]>(20, 2));
    let run = Run { x: &x, targets: &targets, loss: &MseLoss, optimizer: Sgd::new(0.1), batch: 8, clip: Clip::None };
    compare(&gpu(), &*drawn::<(Linear<6, 4>, (PRelu<3>, (Linear<4, 4>, PRelu<1>)))>(0), &run);
}

fn softmax_along_any_axis() {
    let (x, targets) = (samples::<[[f32; 6]; 3]>(20, 1), samples::<[[f32; 4]; 3]>(20, 2));
    let run = Run { x: &x, targets: &targets, loss: &MseLoss, optimizer: Sgd::new(0.5), batch: 8, clip: Clip::None };
    let gpu = gpu();
    compare(&gpu, &*drawn::<(Linear<6, 4>, (Softmax<0>, (Linear<4, 4>, (Softmax<-1>, Relu))))>(0), &run);
    compare(&gpu, &*drawn::<(Linear<6, 4>, (Softmin<0>, (Linear<4, 4>, LogSoftmax<1>)))>(0), &run);
}

/// Infinite and very different numbers: no overflow, and no sum that is 0.
fn softmax_of_large_numbers() {
    let x: [Vector<4>; 3] = [[1e4, 1e4, -1e4, 0.0], [-3e38, -3e38, 3e38, 1.0], [f32::NEG_INFINITY, 0.0, 1.0, 2.0]];
    let mut net = <(LearnedPositions<[f32; 4]>, Softmax)>::ZERO;
    net.init(&mut Xoshiro128PlusPlus::seed_from_u64(0));
    net.0.weight = [0.0; 4];
    let data = (&x[..], &[[0.0; 4]; 3][..]);
    let mut offload = Offload::new(&gpu(), &net, &MseLoss, Sgd::new(0.0), data, Settings::batch(3)).expect("planned");
    let got = offload.forward(&x).expect("forward");
    let mut arena = [0.0; 24];
    let expected = net.forward(Portable, &x, &mut arena).expect("forward");
    close("softmax", got.as_flattened(), expected.as_flattened(), (1e-6, 1e-7));
}

crate::tests!(every_function_and_its_derivative, a_learned_slope, softmax_along_any_axis, softmax_of_large_numbers);
