//! Whole networks through every portable kernel: small enough for Miri.

use tensorlet::{
    Image, Kernels, Layer, Mode, Module, Parameter, Path, Portable, Tensor, Visitor,
    kernel::ReduceKernels,
    loss::CrossEntropyLoss,
    network,
    optim::{Adam, Optimizer, Sgd},
};

network! {
    /// Every layer once: overlapping windows, strides, padding, a residual, a frozen layer in the middle.
    pub struct Everything: Image<2, 6, 5> {
        conv1: Conv2d(3, 3, stride = 2, padding = 1),
        relu1: Relu,
        block: Residual(Conv2d(3, 3, padding = 1)),
        act: Tanh,
        frozen: Frozen(Conv2d(2, 1)),
        pool1: MaxPool2d(2, stride = 1, padding = 1),
        pool2: AvgPool2d(2),
        sigmoid: Sigmoid,
        flatten: Flatten,
        fc: Linear(3),
    }
}

type Input = Image<2, 6, 5>;

fn generator() -> rand_xoshiro::Xoshiro128PlusPlus {
    rand_core::SeedableRng::seed_from_u64(3)
}

fn batch() -> ([Input; 3], [u8; 3]) {
    let mut x = [Input::ZERO; 3];
    tensorlet::init::uniform(&mut x, -1.0, 1.0, &mut generator());
    (x, [0, 1, 2])
}

fn network() -> Everything {
    let mut net = Everything::ZERO;
    net.init(&mut generator());
    net
}

/// The loss of each of a few steps in both modes, which must agree.
fn train<O: Optimizer>(optimizer: O, steps: usize) -> Vec<f32> {
    let (x, labels) = batch();
    let (mut net, mut fused_net) = (network(), network());
    let mut workspace = vec![0.0; Everything::training_words::<O>(Mode::Accumulate, 3)];
    let mut fused_workspace = vec![0.0; Everything::training_words::<O>(Mode::Fused, 3)];
    let mut trainer = Everything::trainer(optimizer, &mut workspace).unwrap();
    let mut fused = Everything::fused_trainer(optimizer, &mut fused_workspace).unwrap();
    let losses = (0..steps).map(|_| {
        let loss = trainer.step(Portable, &mut net, &CrossEntropyLoss, &x, &labels).unwrap();
        let other = fused.step(Portable, &mut fused_net, &CrossEntropyLoss, &x, &labels).unwrap();
        assert!((loss - other).abs() < 1e-5, "accumulated {loss}, fused {other}");
        loss
    });
    losses.collect()
}

#[test]
fn both_modes_agree_and_learn_with_every_optimiser() {
    let steps = if cfg!(miri) { 2 } else { 300 };
    let last = [
        train(Sgd::new(0.5), steps),
        train(Sgd::with_momentum(0.1, 0.9).weight_decay(1e-4), steps),
        train(Adam::new(0.02), steps),
    ]
    .map(|losses| (losses[0], losses[steps - 1]));
    for (first, last) in last {
        assert!(last < first, "from {first} to {last}");
        assert!(cfg!(miri) || last < 0.25 * first, "from {first} to {last}");
    }
}

#[test]
fn inference_on_the_exact_arena_gives_the_same_for_a_batch_and_one_by_one() {
    let (x, _) = batch();
    let net = network();
    let mut arena = vec![0.0; 3 * Everything::INFERENCE_WORDS];
    let together = net.forward(Portable, &x, &mut arena).unwrap().to_vec();
    for (x, y) in x.iter().zip(&together) {
        let mut arena = [0.0; Everything::INFERENCE_WORDS];
        assert_eq!(net.forward(Portable, core::slice::from_ref(x), &mut arena).unwrap(), core::slice::from_ref(y));
        let short = net.forward(Portable, core::slice::from_ref(x), &mut arena[1..]);
        assert!(matches!(short, Err(tensorlet::Error::WorkspaceTooSmall { .. })));
    }
}

#[test]
fn parameters_have_pytorchs_names_and_the_frozen_ones_say_so() {
    struct Names(Vec<(String, usize, bool)>);
    impl Visitor for Names {
        fn parameter(&mut self, parameter: Parameter<'_>, values: &[f32]) {
            self.0.push((parameter.path.to_string(), values.len(), parameter.trained));
        }
    }
    let mut names = Names(Vec::new());
    network().parameters(Path::ROOT, &mut names);
    let expected = [
        ("conv1.weight", 54, true),
        ("conv1.bias", 3, true),
        ("block.weight", 81, true),
        ("block.bias", 3, true),
        ("frozen.weight", 6, false),
        ("frozen.bias", 2, false),
        ("fc.weight", 24, true),
        ("fc.bias", 3, true),
    ];
    assert_eq!(names.0, expected.map(|(name, len, trained)| (name.to_owned(), len, trained)));
    assert_eq!(Everything::PARAMETERS, names.0.iter().map(|parameter| parameter.1).sum());
}

#[test]
fn the_reductions_name_the_first_of_equals() {
    fn check<K: Kernels>(k: K) {
        assert_eq!(ReduceKernels::argmax(k, &[1.0, 3.0, 3.0]), 1);
        assert_eq!(ReduceKernels::argmax(k, &[1.0, f32::NAN, f32::NAN]), 1);
    }
    check(Portable);
}
