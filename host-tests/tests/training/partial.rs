//! Parts of layers: what is not trained keeps its bits and costs nothing, in both modes.

use tensorlet::{
    BiasOnly, Channels, Conv2d, Image, Kernels, Layer, Linear, Lora, Mode, Module, Portable, Repeat, Slide, Tanh,
    Vector,
    loss::CrossEntropyLoss,
    memory::training_words,
    network,
    optim::{Adam, Optimizer, RmsProp, Sgd},
};
use tensorlet_host::{on_every_instruction_set, reference::wide, tolerance};

use crate::{modes::batch, modes::fresh, values::by_path};

type Conv = Conv2d<1, 5, 3, 3, 7, 7, Slide<1, 1>>;

network! {
    /// Every way of training a part.
    pub struct Net: Image<1, 7, 7> {
        conv = Channels<Conv, 2>,
        relu: Relu,
        pool: MaxPool2d(2),
        flatten: Flatten,
        narrow = BiasOnly<Linear<45, 12>>,
        tanh: Tanh,
        wide = Channels<Linear<12, 16>, 3>,
        again = Repeat<(Linear<16, 16>, Tanh), 2>,
        last = Lora<16, 3, 2>,
    }
}

/// Words of the gradient.
const GRAD: usize = (2 * 9 + 2) + 12 + (3 * 12 + 3) + (16 * 16 + 16) + 2 * (16 + 3);

/// The channels that are trained.
const CONV: [u16; 2] = [1, 4];
const WIDE: [u16; 3] = [0, 7, 15];

fn net() -> Net {
    let mut net: Net = fresh(3);
    net.conv.choose(CONV).expect("channels of the layer");
    net.wide.choose(WIDE).expect("channels of the layer");
    net
}

/// Whether position `i` of a parameter, in PyTorch's order, is trained.
fn trained(path: &str, i: usize) -> bool {
    let among = |channels: &[u16], len: usize| channels.contains(&((i / len) as u16));
    match path {
        "conv.weight" => among(&CONV, 9),
        "conv.bias" => among(&CONV, 1),
        "narrow.weight" => false,
        "wide.weight" => among(&WIDE, 12),
        "wide.bias" => among(&WIDE, 1),
        path => !path.starts_with("last.base_layer"),
    }
}

fn both_modes<K: Kernels, O: Optimizer>(k: K, optimizer: O, row: &str) {
    let n = 4;
    let (mut one, mut other) = (net(), net());
    let [mut workspace, mut fused_workspace] =
        [Mode::Accumulate, Mode::Fused].map(|mode| vec![0.0; Net::training_words::<O>(mode, n)]);
    let mut trainer = Net::trainer(optimizer, &mut workspace).expect("large enough");
    let mut fused = Net::fused_trainer(optimizer, &mut fused_workspace).expect("large enough");
    for step in 0..4 {
        let (x, labels) = batch::<Image<1, 7, 7>>(n, step);
        trainer.step(k, &mut one, &CrossEntropyLoss, &x, &labels).expect("a step");
        fused.step(k, &mut other, &CrossEntropyLoss, &x, &labels).expect("a step");
    }
    let before = by_path(&net());
    for (((path, before), (_, one)), (_, other)) in before.iter().zip(by_path(&one)).zip(by_path(&other)) {
        let expected = wide(&one);
        tolerance::of(row).compare(&other, &expected, &expected).expect(path);
        for (i, before) in before.iter().enumerate() {
            let kept = [one[i], other[i]].map(|after| after.to_bits() == before.to_bits());
            assert_eq!(kept, [!trained(path, i); 2], "{path}[{i}] on {}", K::NAME);
        }
    }
}

#[test]
fn only_what_is_trained_changes() {
    on_every_instruction_set!(both_modes, Sgd::new(0.1).weight_decay(0.1), "fused");
    on_every_instruction_set!(both_modes, Adam::new(0.01).weight_decay(0.1), "fused_adam");
    on_every_instruction_set!(both_modes, RmsProp::new(0.01).centered().momentum(0.5), "fused_adam");
}

#[test]
fn memory_is_that_of_the_gradients() {
    assert_eq!(<Net as Module>::GRAD, GRAD);
    let words = |mode| {
        [
            Net::training_words::<Sgd>(mode, 1),
            Net::training_words::<Sgd<true>>(mode, 1),
            Net::training_words::<Adam>(mode, 1),
        ]
    };
    for mode in [Mode::Accumulate, Mode::Fused] {
        let [none, one, two] = words(mode);
        assert_eq!([one, two], [none + GRAD, none + 2 * GRAD]);
    }
    // At once: at most the gradient of the layer that needs most, which is the one that stands twice.
    let [whole, at_once] = [words(Mode::Accumulate)[0], words(Mode::Fused)[0]];
    assert_eq!(whole - at_once, GRAD - (16 * 16 + 16));

    // A convolution with 8 of 64 channels, a linear layer by its bias, and one of low rank.
    type X = Vector<256>;
    type Whole = Linear<256, 64>;
    const fn gradient<N: tensorlet::Train<X>>(mode: Mode) -> usize {
        training_words::<X, N, Adam>(mode, 1) - training_words::<X, N, Sgd>(mode, 1)
    }
    for mode in [Mode::Accumulate, Mode::Fused] {
        assert_eq!(gradient::<Whole>(mode), 2 * (256 * 64 + 64));
        assert_eq!(gradient::<Channels<Whole, 8>>(mode), 2 * (8 * 256 + 8));
        assert_eq!(gradient::<BiasOnly<Whole>>(mode), 2 * 64);
        assert_eq!(gradient::<Lora<256, 64, 2>>(mode), 2 * 2 * (256 + 64));
    }
    const { assert!(training_words::<X, BiasOnly<Whole>, Sgd>(Mode::Fused, 1) == 256 + 64 + 64) };
    const { assert!(training_words::<X, Channels<Whole, 8>, Sgd>(Mode::Fused, 1) == 256 + 64 + 8 * 257) };
    const { assert!(training_words::<X, Lora<256, 64, 2>, Sgd>(Mode::Fused, 1) == 256 + 2 + 64 + 2 * (256 + 64)) };
}

/// Merged, the base alone computes what both did together.
#[test]
fn merging_changes_nothing() {
    let mut layer: Lora<9, 7, 3> = fresh(5);
    let (x, _) = batch::<Vector<9>>(4, 6);
    for (i, b) in layer.b.as_flattened_mut().iter_mut().enumerate() {
        *b = (i as f32).sin();
    }
    layer.scale = 0.5;
    let mut arena = [vec![0.0; 4 * <Lora<9, 7, 3> as Layer<Vector<9>>>::PEAK], vec![0.0; 4 * (9 + 7)]];
    let [together, alone] = &mut arena;
    let before = layer.forward(Portable, &x, together).expect("large enough").to_vec();
    layer.merge();
    let after = layer.base.forward(Portable, &x, alone).expect("large enough");
    for (before, after) in before.as_flattened().iter().zip(after.as_flattened()) {
        assert!((before - after).abs() < 1e-5, "{before} together, {after} alone");
    }
    assert_eq!(layer.forward(Portable, &x, together).expect("large enough"), after);
}
