//! Layers with int8 weights that are trained, against formulas in float64.

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{
    Frozen, FusedTrainer, Image, Layer, Linear, Module, Portable, Slide, Tensor, Train, Trainer,
    layer::Pass,
    loss::MseLoss,
    memory::Mode,
    network,
    optim::{Adam, Optimizer, Sgd},
    quantized::{self, DynamicFakeQuantize, MinMaxObserver, Observer, RowMajor, ToIntegers, qas},
    random,
    sliding::{Dilated, Padded, Strided},
};

/// Numbers in -1 to 1.
fn numbers(seed: u64, len: usize) -> Vec<f32> {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(seed);
    (0..len).map(|_| 2.0 * random::uniform(&mut rng) - 1.0).collect()
}

fn close(what: &str, got: &[f32], expected: &[f64]) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
        let error = (f64::from(*got) - expected).abs();
        assert!(error <= 2e-5 * (1.0 + expected.abs()), "{what}[{i}] is {got}, expected {expected}");
    }
}

/// A layer's weights in float64, in the order of its gradient, and what it says about itself.
trait Subject<X: Tensor>: Train<X, Out: Tensor<Elem = f32>> + Copy {
    /// Output and `∂L/∂weight`, `∂L/∂bias`, `∂L/∂x` of one sample, where `dy` is `∂L/∂y`.
    fn expected(&self, x: &[f64], dy: &[f64]) -> [Vec<f64>; 4];
}

impl<const IN: usize, const OUT: usize> Subject<[f32; IN]> for qas::Linear<IN, OUT> {
    fn expected(&self, x: &[f64], dy: &[f64]) -> [Vec<f64>; 4] {
        let w = |i: usize, o: usize| f64::from(self.scale[o]) * f64::from(self.weight[i][o]);
        let y = (0..OUT).map(|o| f64::from(self.bias[o]) + (0..IN).map(|i| w(i, o) * x[i]).sum::<f64>());
        let dw = (0..IN * OUT).map(|place| x[place / OUT] * dy[place % OUT]);
        let dx = (0..IN).map(|i| (0..OUT).map(|o| w(i, o) * dy[o]).sum());
        [y.collect(), dw.collect(), dy.to_vec(), dx.collect()]
    }
}

impl<
    const IN: usize,
    const OUT: usize,
    const KH: usize,
    const KW: usize,
    const OH: usize,
    const OW: usize,
    const H: usize,
    const W: usize,
    const PER_GROUP: usize,
    S: tensorlet::Sliding,
> Subject<[[[f32; W]; H]; IN]> for qas::Conv2d<IN, OUT, KH, KW, OH, OW, S, PER_GROUP>
{
    fn expected(&self, x: &[f64], dy: &[f64]) -> [Vec<f64>; 4] {
        let (options, weight) = (S::OPTIONS, self.weight.elements());
        let mut y: Vec<f64> = (0..OUT * OH * OW).map(|place| self.bias[place / OH / OW].into()).collect();
        let (mut dw, mut db, mut dx) = (vec![0.0; weight.len()], vec![0.0; OUT], vec![0.0; x.len()]);
        for place in 0..y.len() {
            let (o, i, j) = (place / OH / OW, place / OW % OH, place % OW);
            db[o] += dy[place];
            for tap in 0..PER_GROUP * KH * KW {
                let (c, r, s) = (tap / KH / KW, tap / KW % KH, tap % KW);
                let row = (i * options.stride[0] + r * options.dilation[0]).checked_sub(options.padding[0]);
                let column = (j * options.stride[1] + s * options.dilation[1]).checked_sub(options.padding[1]);
                let (Some(row), Some(column)) = (row.filter(|row| *row < H), column.filter(|column| *column < W))
                else {
                    continue;
                };
                let channel = o / (OUT * PER_GROUP / IN) * PER_GROUP + c;
                let (from, at) = ((channel * H + row) * W + column, o * PER_GROUP * KH * KW + tap);
                let w = f64::from(self.scale[o]) * f64::from(weight[at]);
                y[place] += w * x[from];
                dw[at] += dy[place] * x[from];
                dx[from] += dy[place] * w;
            }
        }
        [y, dw, db, dx]
    }
}

/// Forward and backward of a batch of three, against the formulas.
fn check<X: Tensor<Elem = f32>, L: Subject<X>>(name: &str) {
    const N: usize = 3;
    let mut layer = L::ZERO;
    layer.init(&mut Xoshiro128PlusPlus::seed_from_u64(7));
    let (inputs, dys) = (numbers(1, N * X::LEN), numbers(2, N * <L::Out as Tensor>::LEN));

    let mut expected: [Vec<f64>; 4] = [vec![], vec![0.0; L::PARAMETERS], vec![], vec![]];
    let wide = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>();
    for (x, dy) in inputs.chunks(X::LEN).zip(dys.chunks(<L::Out as Tensor>::LEN)) {
        let [y, dw, db, dx] = layer.expected(&wide(x), &wide(dy));
        expected[0].extend(y);
        expected[1].iter_mut().zip(dw.iter().chain(&db)).for_each(|(sum, own)| *sum += own);
        expected[3].extend(dx);
    }

    let mut arena = vec![f32::NAN; N * L::PEAK];
    let y = layer.forward(Portable, X::view(&inputs), &mut arena).expect("the arena is large enough");
    close(&format!("{name}: y"), <L::Out as Tensor>::flat(y), &expected[0]);

    for input_gradient in [true, false] {
        let pass = Pass { n: N, input_gradient, ..Pass::NEW };
        let (mut x, mut tape) = (inputs.clone(), vec![f32::NAN; N * L::TAPE]);
        layer.forward_train(Portable, pass, &mut x, &mut [], &mut tape);
        let out = L::out(pass, &mut x, &mut tape);
        close(&format!("{name}: y in training"), out, &expected[0]);
        out.copy_from_slice(&dys);
        let mut grad = vec![0.0; L::GRAD];
        layer.backward(Portable, pass, &mut x, &mut tape, &mut grad);
        close(&format!("{name}: gradient"), &grad, &expected[1]);
        if input_gradient {
            close(&format!("{name}: dx"), &x, &expected[3]);
        }
    }
}

#[test]
fn values_and_gradients_are_those_of_the_weights_that_integers_stand_for() {
    check::<[f32; 7], qas::Linear<7, 5>>("linear");
    check::<Image<3, 5, 6>, qas::Conv2d<3, 4, 3, 3, 5, 6, Slide<1, 1>>>("conv");
    check::<Image<4, 5, 7>, qas::Conv2d<4, 6, 3, 2, 3, 3, Padded<Slide<2>, 1, 0, 1, 0>, 2>>("groups, uneven");
    check::<Image<4, 5, 5>, qas::Conv2d<4, 4, 3, 3, 3, 3, Slide<2, 1>, 1>>("depthwise");
    check::<Image<2, 5, 5>, qas::Conv2d<2, 6, 3, 3, 5, 5, Slide<1, 1>, 1>>("depthwise, three for each");
    check::<Image<2, 7, 7>, qas::Conv2d<2, 3, 3, 3, 3, 2, Dilated<Strided<Slide, 1, 2>, 2>>>("dilated");
    check::<Image<5, 3, 3>, qas::Conv2d<5, 2, 1, 1, 3, 3>>("pointwise");
}

type Conv = qas::Conv2d<2, 3, 3, 3, 4, 4, Slide<1, 1>>;

network! {
    /// Every kind of layer, in front of and behind others.
    struct Net: Image<1, 4, 4> as Int8Net {
        first: Conv2d(2, 3, padding = 1),
        relu1: Relu,
        conv = Conv,
        relu2: Relu,
        pool: MaxPool2d(2),
        flatten: Flatten,
        fc = qas::Linear<12, 2>,
    }
}

fn net() -> Net {
    let mut net = Net::ZERO;
    net.init(&mut Xoshiro128PlusPlus::seed_from_u64(3));
    net
}

/// Sets every scale so that a weight is on a step, whatever it becomes, to `2^-20`: nothing is left to chance.
fn fine(net: &mut Net) {
    net.conv.scale = [1.0 / 1_048_576.0; 3];
    net.fc.scale = [1.0 / 1_048_576.0; 2];
}

type Batch = ([Image<1, 4, 4>; 2], [[f32; 2]; 2]);

fn batch(seed: u64) -> Batch {
    let (x, y) = (numbers(seed, 32), numbers(seed + 1, 4));
    ([Image::<1, 4, 4>::view(&x)[0], Image::<1, 4, 4>::view(&x)[1]], [[y[0], y[1]], [y[2], y[3]]])
}

/// A step in both modes: the same, but for what is drawn.
fn step<O: Optimizer>(optimizer: O, net: &Net, (x, y): &Batch) -> [Net; 2] {
    let (mut kept, mut fused) = (*net, *net);
    let mut workspace = vec![0.0; Net::training_words::<O>(Mode::Accumulate, 2)];
    let mut trainer = Trainer::new(optimizer, &mut workspace).expect("the workspace is large enough");
    trainer.step(Portable, &mut kept, &MseLoss, x, y).expect("a step");
    let mut workspace = vec![0.0; Net::training_words::<O>(Mode::Fused, 2)];
    let mut trainer = FusedTrainer::new(optimizer, &mut workspace).expect("the workspace is large enough");
    trainer.step(Portable, &mut fused, &MseLoss, x, y).expect("a step");
    [kept, fused]
}

#[test]
fn both_modes_take_the_same_step() {
    let batch = batch(5);
    // Adam's first step is its rate, whatever the gradient: 8 steps of these scales.
    let mut net = net();
    fine(&mut net);
    let rate = 8.0 / 1_048_576.0;
    for updated in step(Adam::new(rate), &net, &batch) {
        for (before, after) in net.fc.weight.as_flattened().iter().zip(updated.fc.weight.as_flattened()) {
            assert!((i32::from(*before) - i32::from(*after)).abs() <= 8);
        }
    }
    let [kept, fused] = step(Adam::new(rate), &net, &batch);
    let apart = |a: &[i8], b: &[i8]| a.iter().zip(b).map(|(a, b)| (i32::from(*a) - i32::from(*b)).abs()).max();
    assert!(apart(kept.fc.weight.as_flattened(), fused.fc.weight.as_flattened()) <= Some(1));
    assert!(apart(kept.conv.weight.elements(), fused.conv.weight.elements()) <= Some(1));
    assert_ne!(kept.conv.weight, net.conv.weight);
    let biases = |net: &Net| [net.conv.bias.to_vec(), net.fc.bias.to_vec()].concat();
    let expected: Vec<f64> = biases(&kept).iter().map(|&b| b.into()).collect();
    close("biases", &biases(&fused), &expected);
}

/// What is drawn is right in the mean: over many steps from the same weights, the weight that floats would have.
#[test]
fn the_mean_of_a_step_is_that_of_floats() {
    let (mut net, batch) = (net(), batch(9));
    let rate = 0.02;
    let mut float = Linear::<12, 2>::ZERO;
    for (to, from) in float.weight.iter_mut().zip(&net.fc.weight) {
        for ((to, from), scale) in to.iter_mut().zip(from).zip(&net.fc.scale) {
            *to = scale * f32::from(*from);
        }
    }
    // The gradient of the last layer is that of a layer of floats with the same weights.
    let mut arena = vec![0.0; 2 * Net::PEAK];
    let y = net.forward(Portable, &batch.0, &mut arena).expect("the arena is large enough").to_vec();
    let dy: Vec<[f32; 2]> = y.iter().zip(&batch.1).map(|(y, t)| [0, 1].map(|o| 2.0 * (y[o] - t[o]) / 4.0)).collect();
    let features = (net.first, (net.relu1, (net.conv, (net.relu2, (net.pool, net.flatten)))));
    let mut arena = vec![0.0; 1000];
    let x = Layer::<Image<1, 4, 4>>::forward(&features, Portable, &batch.0, &mut arena).expect("large enough").to_vec();
    let mut sums = [[0.0_f64; 2]; 12];
    const TIMES: u32 = 4000;
    for seed in 0..TIMES {
        net.fc.rounding = qas::StochasticRounding::new(seed.wrapping_mul(0x0100_0193));
        let [_, fused] = step(Sgd::new(rate), &net, &batch);
        for (sum, weight) in sums.as_flattened_mut().iter_mut().zip(fused.fc.weight.as_flattened()) {
            *sum += f64::from(*weight) / f64::from(TIMES);
        }
    }
    for (i, sums) in sums.iter().enumerate() {
        for (o, mean) in sums.iter().enumerate() {
            let gradient: f32 = (0..2).map(|n| x[n][i] * dy[n][o]).sum();
            let expected = f64::from(float.weight[i][o] - rate * gradient) / f64::from(net.fc.scale[o]);
            // Three deviations of a mean of ones and zeros.
            assert!((mean - expected).abs() < 0.025, "[{i}][{o}]: {mean} and {expected}");
        }
    }
}

#[test]
fn what_is_frozen_stays() {
    type Frozenly = (Frozen<qas::Linear<3, 4>>, qas::Linear<4, 2>);
    const { assert!(Frozenly::GRAD == 4 * 2 + 2) };
    let mut net = Frozenly::ZERO;
    net.init(&mut Xoshiro128PlusPlus::seed_from_u64(1));
    let before = net;
    let mut workspace = [0.0; 256];
    let mut trainer = Trainer::<[f32; 3], _, _>::new(Sgd::new(10.0), &mut workspace).expect("it is large enough");
    trainer.step(Portable, &mut net, &MseLoss, &[[1.0, -2.0, 0.5]], &[[3.0, -3.0]]).expect("a step");
    assert_eq!(net.0, before.0);
    assert_ne!(net.1.weight, before.1.weight);
}

#[test]
fn integers_take_the_weights_as_they_are() {
    let net = net();
    let data: Vec<Image<1, 4, 4>> = (0..64).map(|seed| batch(2 * seed).0[0]).collect();
    let mut observers = [MinMaxObserver::NEW; Net::RANGES + 1];
    let mut arena = vec![0.0; 64 * Net::INFERENCE_WORDS];
    quantized::calibrate::<RowMajor, _, _, _, _>(Portable, &net, &data, &mut observers, &mut arena).expect("ranges");
    let ranges = observers.map(|observer| observer.quantization());
    let int8: Int8Net = quantized::quantize::<RowMajor, Image<1, 4, 4>, _>(&net, &ranges).expect("integers");
    for o in 0..2 {
        for i in 0..12 {
            // Of 2x2 places of 3 channels, integers have the channels together.
            assert_eq!(int8.fc.weight(o, i), net.fc.weight[i % 3 * 4 + i / 3][o]);
        }
    }
    let output = ranges[Net::RANGES];
    for x in &data {
        let float = net.forward(Portable, &[*x], &mut arena).expect("the arena is large enough")[0];
        let int8 = int8.forward(Portable, &[x.quantize(ranges[0])], &mut arena).expect("the arena is large enough")[0];
        for (float, int8) in float.iter().zip(int8) {
            let error = (float - output.dequantize(int8.into())).abs() / output.scale;
            assert!(error < 6.0, "{float} is {int8}, {error} steps away");
        }
    }
}

/// The gradient of what is rounded at run time goes straight through, in a slot that is both input and output.
#[test]
fn rounding_at_run_time_lets_gradients_through() {
    let (mut layer, pass) = (DynamicFakeQuantize, Pass { n: 2, input_gradient: true, ..Pass::NEW });
    let mut x = [1.27, -0.004, 0.016, 25.4, -12.71, 0.0];
    Train::<[f32; 3]>::forward_train(&layer, Portable, pass, &mut x, &mut [], &mut []);
    let y = <DynamicFakeQuantize as Train<[f32; 3]>>::out(pass, &mut x, &mut []);
    close("rounded", y, &[1.27, 0.0, 0.02, 25.4, -12.8, 0.0]);
    let dy = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    y.copy_from_slice(&dy);
    Train::<[f32; 3]>::backward(&mut layer, Portable, pass, &mut x, &mut [], &mut []);
    assert_eq!(x, dy);
}

#[test]
fn memory_is_a_byte_for_each_weight() {
    const { assert!(size_of::<Conv>() == 54 + 2 + 4 * (3 + 3 + 1)) };
    const { assert!(size_of::<qas::Linear<12, 2>>() == 24 + 4 * (2 + 2 + 1)) };
    // Beside the slots: a filter of 18 weights forward, 27 of an input channel backward, and their gradient.
    const { assert!(<Conv as Train<Image<2, 4, 4>>>::TAPE == 48 + 27 && <Conv as Train<Image<2, 4, 4>>>::FUSED == 27) };
    const { assert!(<Conv as Layer<Image<2, 4, 4>>>::PEAK == 32 + 48 + 18) };
}
