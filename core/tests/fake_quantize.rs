//! Fake quantization against PyTorch's numbers, and against the integers that it stands for.

// The same arithmetic on very many numbers, which takes Miri long, and no memory but arrays.
#![cfg(not(miri))]

use rand_xoshiro::{Xoshiro128PlusPlus, rand_core::SeedableRng};
use tensorlet::{
    FakeQuantize, Image, Layer, Module, Portable, Train,
    layer::Pass,
    network,
    quantized::{self, MinMaxObserver, Observer, RowMajor, ToIntegers},
};

#[expect(clippy::approx_constant, reason = "one of them happens to be near it")]
const X: [f32; 12] = [-0.59, 3.14, 3.79, 30.0, 6.76, -3.58, -1.42, -30.0, 0.55, -6.73, 1.27, 0.53];
const DY: [f32; 12] = [0.14, 0.24, 1.4, 1.35, 2.44, 0.2, 2.45, 2.03, 1.78, -0.92, -0.46, -0.72];

/// Scale and zero point, the output, `∂y/∂x`, and the gradients of scale and zero point.
type Case = ([f32; 2], [f32; 12], [f32; 12], [f32; 2]);

/// PyTorch 2.15 in float64, with `f = (12 * 127) ** -0.5`, `grow = lambda t: t * f + (t * (1 - f)).detach()`,
/// `through = lambda t: t + (t.round() - t).detach()`, `s, z = grow(scale), through(grow(zero_point))`:
/// `y = (torch.clamp(through(x / s) + z, -128, 127) - z) * s; y.backward(dy)`.
///
/// For the first two `torch._fake_quantize_learnable_per_tensor_affine(x, scale, zero_point, -128, 127, f)` has the
/// same numbers. For negative zero points its gradient is that of one step beside: it rounds them to the nearest on
/// the way forward, and on the way back by `trunc(zero_point + 0.5)`.
const CASES: [Case; 4] = [
    (
        [0.07, 20.3],
        [-0.56, 3.15, 3.78, 7.49, 6.79, -3.57, -1.4, -10.36, 0.56, -6.72, 1.26, 0.56],
        [1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0],
        [-3.956_137, -0.006_060_693],
    ),
    (
        [0.11, 60.0],
        [-0.55, 3.19, 3.74, 7.37, 6.71, -3.63, -1.43, -20.68, 0.55, -6.71, 1.32, 0.55],
        [1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0],
        [-7.520_699, -0.009_523_946],
    ),
    (
        [0.03, -3.0],
        [-0.6, 3.15, 3.78, 3.9, 3.9, -3.57, -1.41, -3.75, 0.54, -3.75, 1.26, 0.54],
        [1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0],
        [9.060_812, -0.003_765_519],
    ),
    (
        [0.05, -128.0],
        [0.0, 3.15, 3.8, 12.75, 6.75, 0.0, 0.0, 0.0, 0.55, 0.0, 1.25, 0.55],
        [0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0],
        [8.811_468, -0.006_724_141],
    ),
];

fn close(got: &[f32], expected: &[f32]) {
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter().zip(expected) {
        assert!((got - expected).abs() <= 2e-6 + 1e-5 * expected.abs(), "{got} for {expected}");
    }
}

/// Samples of `N` elements, of which there are twelve in all.
fn check<const N: usize>(([scale, zero_point], y, slope, expected): Case) {
    let mut layer = FakeQuantize { scale: [scale], zero_point: [zero_point] };
    let (x, _) = X.as_chunks::<N>();
    let mut arena = [0.0; 12];
    close(layer.forward(Portable, x, &mut arena).expect("the arena is large enough").as_flattened(), &y);

    let (mut slot, mut tape, mut grad) = (X, [0.0; 12], [1.0, 2.0]);
    let pass = Pass { n: x.len(), input_gradient: true, training: true, ..Pass::NEW };
    Train::<[f32; N]>::forward_train(&layer, Portable, pass, &mut slot, &mut [], &mut tape);
    close(&tape, &y);
    tape = DY;
    Train::<[f32; N]>::backward(&mut layer, Portable, pass, &mut slot, &mut tape, &mut grad);
    // Gradients are added.
    close(&[grad[0] - 1.0, grad[1] - 2.0], &expected);
    for ((dx, slope), dy) in slot.iter().zip(slope).zip(DY) {
        assert_eq!(*dx, slope * dy);
    }
}

#[test]
fn values_and_gradients_are_pytorchs() {
    for case in CASES {
        check::<12>(case);
        check::<4>(case);
        check::<1>(case);
    }
}

network! {
    struct Net: Image<2, 6, 6> as Int8Net {
        input: FakeQuantize,
        conv1: Conv2d(4, 3, padding = 1),
        relu1: Relu,
        fake1: FakeQuantize,
        pool1: MaxPool2d(2),
        conv2: Conv2d(8, 3),
        fake2: FakeQuantize,
        flatten: Flatten,
        fc: Linear(5),
        fake3: FakeQuantize,
    }
}

/// A network with fake quantization everywhere computes what its integers stand for, but for what they round.
#[test]
fn the_network_in_training_is_the_one_on_integers() {
    let mut rng = Xoshiro128PlusPlus::seed_from_u64(3);
    let mut net = Net::ZERO;
    net.init(&mut rng);
    let data: [Image<2, 6, 6>; 8] = core::array::from_fn(|i| {
        core::array::from_fn(|c| {
            core::array::from_fn(|h| {
                core::array::from_fn(|w| ((i * 37 + c * 23 + h * 11 + w * 5) % 29) as f32 / 14.0 - 0.9)
            })
        })
    });

    let mut arena = vec![0.0; 8 * Net::INFERENCE_WORDS];
    let mut ranges = [MinMaxObserver::NEW; Net::RANGES + 1];
    // The ranges are those of the network without fake quantization, which has as many.
    let mut float = Float { conv1: net.conv1, conv2: net.conv2, fc: net.fc, ..Float::ZERO };
    quantized::fake_quantize_weights(&mut float);
    quantized::calibrate::<RowMajor, _, _, _, _>(Portable, &float, &data, &mut ranges, &mut arena).expect("room");
    let mut ranges = ranges.map(|observer| observer.quantization());
    // A bit less than what was observed, so that there is something to saturate.
    for range in &mut ranges {
        range.scale *= 0.8;
    }
    net.input = FakeQuantize::new(ranges[0]);
    net.fake1 = FakeQuantize::new(ranges[2]);
    net.fake2 = FakeQuantize::new(ranges[3]);
    net.fake3 = FakeQuantize::new(ranges[4]);
    quantized::fake_quantize_weights(&mut net);

    // What was observed does not count where something was learned.
    let mut learned = [quantized::Quantization::new(77.0, 1); Net::RANGES + 1];
    quantized::learned_ranges::<RowMajor, Image<2, 6, 6>, _>(&net, &mut learned);
    assert_eq!([0, 2, 3, 4].map(|i| learned[i]), [0, 2, 3, 4].map(|i| ranges[i]));
    let integers = quantized::quantize::<RowMajor, Image<2, 6, 6>, _>(&net, &learned).expect("a network of integers");

    let expected = net.forward(Portable, &data, &mut arena).expect("room").to_vec();
    let mut arena = [0.0; Int8Net::INFERENCE_WORDS];
    let (mut same, mut all) = (0, 0);
    for (x, expected) in data.iter().zip(&expected) {
        let y = integers.forward(Portable, &[x.quantize(ranges[0])], &mut arena).expect("room")[0];
        for (y, expected) in y.iter().zip(expected) {
            let steps = (expected / ranges[4].scale).round() as i32 + ranges[4].zero_point;
            assert!((i32::from(*y) - steps).abs() <= 1, "{y} for {steps}");
            same += usize::from(i32::from(*y) == steps);
            all += 1;
        }
    }
    assert!(10 * same >= 9 * all, "{same} of {all} are the same");
}

network! {
    /// The same without fake quantization.
    struct Float: Image<2, 6, 6> as Int8Float {
        conv1: Conv2d(4, 3, padding = 1),
        relu1: Relu,
        pool1: MaxPool2d(2),
        conv2: Conv2d(8, 3),
        flatten: Flatten,
        fc: Linear(5),
    }
}
