//! Convolutions and poolings.

use tensorlet::{
    AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveMaxPool1d, AdaptiveMaxPool2d, AvgPool1d, AvgPool2d, CausalConv1d,
    Conv1d, Conv2d, GlobalAvgPool1d, GlobalAvgPool2d, GlobalMaxPool1d, GlobalMaxPool2d, Image, Layer, Matrix,
    MaxPool1d, MaxPool2d, Module, NoBias, Portable, Relu, Residual, Sigmoid, Slide, Tanh, Tensor, Vector,
    layer::{DepthwiseConv2d, Frozen},
    loss::{CrossEntropyLoss, MseLoss},
    optim::{Adam, Sgd},
    sliding::{Ceil, Circular, Dilated, DivideBy, ExcludePad, Padded, Reflect, Replicate, Same, Strided},
};
use tensorlet_host::{
    gpu::{Clip, Offload, Settings},
    networks::{Digits, LeNet},
};

use crate::compare::{Run, compare, drawn, gpu, labels, samples, weights};

fn lenet_trains_as_on_the_cpu() {
    let (x, targets) = (samples::<Image<1, 28, 28>>(12, 1), labels(12, 10, 2));
    let (loss, optimizer) = (&CrossEntropyLoss, Sgd::with_momentum(0.05, 0.9));
    let run = Run { x: &x, targets: &targets, loss, optimizer, batch: 4, clip: Clip::None };
    compare(&gpu(), &*drawn::<LeNet>(0), &run);
}

fn the_digits_network_trains_as_on_the_cpu() {
    let (x, targets) = (samples::<Image<1, 8, 8>>(50, 1), labels(50, 10, 2));
    let run = Run {
        x: &x,
        targets: &targets,
        loss: &CrossEntropyLoss,
        optimizer: Adam::new(2e-3),
        batch: 16,
        clip: Clip::None,
    };
    compare(&gpu(), &*drawn::<Digits>(0), &run);
}

/// Each network trained on the device and on the CPU, with its input and output.
macro_rules! networks {
    ($($name:ident: $input:ty => $output:ty, $net:ty;)+) => {$(
        fn $name() {
            let (x, targets) = (samples::<$input>(9, 1), samples::<$output>(9, 2));
            let run = Run {
                x: &x, targets: &targets, loss: &MseLoss, optimizer: Sgd::new(0.02), batch: 4, clip: Clip::None,
            };
            compare(&gpu(), &*drawn::<$net>(0), &run);
        }
    )+};
}

networks! {
    // Convolutions behind a function, so that the gradient of their input counts.
    a_stride: Image<2, 9, 7> => Image<5, 5, 2>,
        (Conv2d<2, 4, 3, 3, 9, 7, Slide<1, 1>>, (Tanh, Conv2d<4, 5, 3, 4, 5, 2, Padded<Strided<Slide, 2, 3>, 1, 0, 1, 1>>));
    a_dilation: Image<4, 8, 9> => Image<6, 4, 7>,
        (Conv2d<4, 4, 1, 1, 8, 9>, (Tanh, Conv2d<4, 6, 3, 2, 4, 7, Dilated<Slide, 2>>));
    the_same_size: Image<4, 5, 6> => Image<4, 5, 6>,
        (Residual<(Conv2d<4, 4, 2, 4, 5, 6, Same<Slide, 2, 4>>, Relu)>, Conv2d<4, 4, 1, 1, 5, 6, Slide, NoBias>);
    groups: Image<4, 4, 4> => Image<12, 2, 2>,
        (Conv2d<4, 8, 3, 3, 4, 4, Slide<1, 1>, [f32; 8], 2>, (Tanh, Conv2d<8, 12, 3, 3, 2, 2, Slide, NoBias, 4>));
    depthwise: Image<6, 8, 8> => Image<12, 4, 4>,
        (DepthwiseConv2d<6, 3, 3, 8, 8, Slide<1, 1>>,
            (Tanh, Conv2d<6, 12, 3, 3, 4, 4, Slide<2, 1>, [f32; 12], 1>));
    one_channel: Image<5, 6, 6> => Image<1, 6, 6>,
        (Conv2d<5, 1, 3, 3, 6, 6, Slide<1, 1>>, (Tanh, Conv2d<1, 1, 3, 3, 6, 6, Slide<1, 1>>));
    one_pixel: Image<8, 4, 4> => Image<5, 4, 4>,
        (Conv2d<8, 16, 1, 1, 4, 4>, (Relu, Conv2d<16, 5, 1, 1, 4, 4>));
    reflected: Image<4, 5, 4> => Image<4, 7, 5>,
        (Conv2d<4, 4, 1, 1, 5, 4>, (Tanh, Conv2d<4, 4, 3, 3, 7, 5, Reflect<Padded<Slide, 2, 1, 2, 2>>>));
    replicated: Image<4, 3, 4> => Image<4, 5, 7>,
        (Conv2d<4, 4, 1, 1, 3, 4>, (Tanh, Conv2d<4, 4, 3, 3, 5, 7, Replicate<Padded<Slide, 4, 3, 0, 2>>>));
    circular: Image<4, 3, 6> => Image<4, 5, 4>,
        (Conv2d<4, 4, 1, 1, 3, 6>, (Tanh, Conv2d<4, 4, 3, 3, 5, 4, Circular<Strided<Slide<1, 2>, 1, 2>>>));
    sequences: Matrix<4, 12> => Matrix<6, 6>,
        (Conv1d<4, 8, 3, 12, Slide<1, 1>>,
            (Relu, (Conv1d<8, 6, 3, 6, Slide<2, 1>, NoBias, 4>, (Tanh, CausalConv1d<6, 6, 2, 2>))));
    behind_frozen_ones: Image<2, 6, 6> => Image<4, 2, 2>,
        (Conv2d<2, 4, 3, 3, 6, 6, Slide<1, 1>>,
            (Tanh, Frozen<(Conv2d<4, 4, 3, 3, 4, 4>, (Relu, MaxPool2d<2, 2, 2, 2, Slide<2>>))>));

    maxima: Image<2, 6, 7> => Image<4, 2, 2>,
        (Conv2d<2, 4, 1, 1, 6, 7>,
            (MaxPool2d<3, 3, 4, 4, Ceil<Slide<2, 1>>>, (Tanh, MaxPool2d<2, 2, 2, 2, Dilated<Slide, 2>>)));
    means: Image<2, 6, 7> => Image<4, 2, 2>,
        (Conv2d<2, 4, 1, 1, 6, 7>,
            (AvgPool2d<3, 3, 4, 4, Ceil<Slide<2, 1>>>, (Tanh, AvgPool2d<2, 2, 2, 2, Ceil<ExcludePad<Slide<3>>>>)));
    divisors: Image<2, 7, 7> => Image<4, 1, 1>,
        (Conv2d<2, 4, 1, 1, 7, 7>,
            (AvgPool2d<3, 3, 4, 4, ExcludePad<Slide<2, 1>>>,
                (AvgPool2d<2, 2, 2, 2, Dilated<Slide, 2>>, AvgPool2d<2, 2, 1, 1, DivideBy<Slide, 5>>)));
    adaptive: Image<2, 7, 5> => Image<4, 2, 2>,
        (Conv2d<2, 4, 1, 1, 7, 5>, (AdaptiveAvgPool2d<3, 3>, (Tanh, AdaptiveMaxPool2d<2, 2>)));
    global_mean: Image<2, 5, 5> => Vector<4>,
        (Conv2d<2, 4, 1, 1, 5, 5>, (Tanh, (MaxPool2d<2, 2, 2, 2, Slide<2>>, GlobalAvgPool2d)));
    global_maximum: Image<2, 5, 5> => Vector<4>,
        (Conv2d<2, 4, 1, 1, 5, 5>, (Sigmoid, (AvgPool2d<2, 2, 2, 2, Slide<2>>, GlobalMaxPool2d)));
    pooled_sequences: Matrix<2, 12> => Vector<4>,
        (Conv1d<2, 4, 3, 12, Slide<1, 1>>,
            (MaxPool1d<2, 6, Slide<2>>, (AvgPool1d<3, 6, Slide<1, 1>>, (AdaptiveAvgPool1d<4>, GlobalMaxPool1d))));
    sequences_to_a_size: Matrix<2, 12> => Vector<4>,
        (Conv1d<2, 4, 3, 12, Slide<1, 1>>, (Tanh, (AdaptiveMaxPool1d<5>, GlobalAvgPool1d)));
}

type Ties = (Conv2d<1, 2, 1, 1, 6, 6>, MaxPool2d<3, 3, 3, 3, Slide<2, 1>>);

fn of_equal_values_the_first_takes_the_gradient() {
    // Without weights all values are equal, and the gradient of the weight is the input that counts.
    let (x, targets) = (samples::<Image<1, 6, 6>>(9, 1), samples::<Image<2, 3, 3>>(9, 2));
    let run = Run { x: &x, targets: &targets, loss: &MseLoss, optimizer: Sgd::new(0.02), batch: 4, clip: Clip::None };
    compare(&gpu(), &Ties::ZERO, &run);
}

fn nan_is_the_largest() {
    let mut x = samples::<Image<1, 6, 6>>(1, 1);
    x[0][0][2][3] = f32::NAN;
    let net = drawn::<Ties>(0);
    let (mut arena, targets) = ([0.0; 1000], samples::<Image<2, 3, 3>>(1, 2));
    let expected = net.forward(Portable, &x, &mut arena).expect("forward").to_vec();
    let (loss, settings) = (&MseLoss, Settings::batch(1));
    let mut offload = Offload::new(&gpu(), &*net, loss, Sgd::new(0.1), (&x, &targets), settings).expect("planned");
    let got = offload.forward(&x).expect("forward");
    let nan = |y: &[Image<2, 3, 3>]| Tensor::flat(y).iter().map(|y: &f32| y.is_nan()).collect::<Vec<_>>();
    assert_eq!(nan(&got), nan(&expected));
    assert_eq!(nan(&got).iter().filter(|&&nan| nan).count(), 4, "two windows of each channel hold it");
}

fn a_sweep_is_so_many_trainings() {
    let (x, targets) = (samples::<Image<1, 8, 8>>(40, 1), labels(40, 10, 2));
    let gpu = gpu();
    let nets = [0, 1, 2].map(|seed| *drawn::<Digits>(seed));
    let rules = [0.02, 0.1, 0.3].map(|rate| Sgd::with_momentum(rate, 0.9));
    let order: Vec<u32> = (0..10 * 8).map(|i| i * 7 % 40).collect();
    let (loss, data, settings) = (&CrossEntropyLoss, (&x[..], &targets[..]), Settings::batch(8));
    let mut all = Offload::sweep(&gpu, &nets, loss, &rules, data, settings).expect("planned");
    let losses = all.train(&order).expect("trained");
    for copy in 0..nets.len() {
        let mut one = Offload::new(&gpu, &nets[copy], loss, rules[copy], data, settings).expect("planned");
        let own = one.train(&order).expect("trained");
        let in_sweep: Vec<f32> = losses.iter().skip(copy).step_by(nets.len()).copied().collect();
        assert_eq!(in_sweep, own, "losses of network {copy}");
        let [mut a, mut b] = [nets[copy], nets[copy]];
        all.read(copy, &mut a).expect("read back");
        one.read(0, &mut b).expect("read back");
        assert_eq!(weights(&a), weights(&b), "weights of network {copy}");
    }
}

crate::tests!(
    lenet_trains_as_on_the_cpu,
    the_digits_network_trains_as_on_the_cpu,
    a_stride,
    a_dilation,
    the_same_size,
    groups,
    depthwise,
    one_channel,
    one_pixel,
    reflected,
    replicated,
    circular,
    sequences,
    behind_frozen_ones,
    maxima,
    means,
    divisors,
    adaptive,
    global_mean,
    global_maximum,
    pooled_sequences,
    sequences_to_a_size,
    of_equal_values_the_first_takes_the_gradient,
    nan_is_the_largest,
    a_sweep_is_so_many_trainings,
);
