//! Frozen parts: never changed, and free of charge.

use tensorlet::{
    Frozen, Kernels, Linear, Mode, Module, Relu, Tensor, Train, Vector,
    loss::CrossEntropyLoss,
    memory::training_words,
    network,
    optim::{Adam, Optimizer, Sgd},
};
use tensorlet_host::on_every_instruction_set;

use crate::{modes::batch, modes::fresh, values::by_path};

network! {
    /// Frozen at the start, in the middle, and trained elsewhere.
    pub struct Net: Vector<7> {
        front: Frozen(Linear(16)),
        act: Relu,
        a: Linear(6),
        middle: Frozen(Linear(5)),
        tanh: Tanh,
        b: Linear(3),
    }
}

/// The parameters of these parts as bits.
fn bits(network: &Net, parts: &[&str]) -> Vec<(String, Vec<u32>)> {
    by_path(network)
        .into_iter()
        .filter(|(path, _)| parts.iter().any(|part| path.starts_with(&format!("{part}."))))
        .map(|(path, values)| (path, values.iter().map(|x| x.to_bits()).collect()))
        .collect()
}

fn stays<K: Kernels, O: Optimizer>(k: K, optimizer: O) {
    let (x, labels) = batch::<Vector<7>>(4, 1);
    let start: Net = fresh(1);
    let (mut one, mut other) = (start, start);
    let mut workspace = vec![0.0; Net::training_words::<O>(Mode::Accumulate, 4)];
    let mut trainer = Net::trainer(optimizer, &mut workspace).expect("large enough");
    let mut fused_workspace = vec![0.0; Net::training_words::<O>(Mode::Fused, 4)];
    let mut fused = Net::fused_trainer(optimizer, &mut fused_workspace).expect("large enough");
    for _ in 0..3 {
        trainer.step(k, &mut one, &CrossEntropyLoss, &x, &labels).expect("a step");
        fused.step(k, &mut other, &CrossEntropyLoss, &x, &labels).expect("a step");
    }
    for network in [&one, &other] {
        assert_eq!(bits(&start, &["front", "middle"]), bits(network, &["front", "middle"]));
        for part in ["a", "b"] {
            for (before, after) in bits(&start, &[part]).iter().zip(bits(network, &[part])) {
                assert_ne!(before, &after, "trained");
            }
        }
    }
}

#[test]
fn frozen_parameters_keep_their_bits() {
    on_every_instruction_set!(stays, Sgd::new(0.1).weight_decay(0.1));
    on_every_instruction_set!(stays, Sgd::with_momentum(0.1, 0.9).weight_decay(0.1));
    on_every_instruction_set!(stays, Adam::new(0.01).weight_decay(0.1));
}

#[test]
fn frozen_parts_have_no_gradient_and_no_state() {
    let trained = 17 * 6 + 6 * 3;
    assert_eq!(<Net as Module>::GRAD, trained);
    assert_eq!(Net::PARAMETERS, trained + 8 * 16 + 7 * 5);
    let words = |states: usize, mode| match states {
        0 => Net::training_words::<Sgd>(mode, 1),
        1 => Net::training_words::<Sgd<true>>(mode, 1),
        _ => Net::training_words::<Adam>(mode, 1),
    };
    for mode in [Mode::Accumulate, Mode::Fused] {
        assert_eq!(words(1, mode), words(0, mode) + trained);
        assert_eq!(words(2, mode), words(0, mode) + 2 * trained);
    }
}

/// A frozen part in front leaves on the tape its output alone, or its scratch if that is more.
#[test]
fn a_frozen_front_is_pruned() {
    type Head = Linear<16, 3>;
    type Pruned = (Frozen<Linear<7, 16>>, Head);
    type Whole = (Linear<7, 16>, Head);
    assert_eq!(<Pruned as Train<Vector<7>>>::TAPE_LEAF, 16 + 3);
    assert_eq!(<Pruned as Module>::GRAD, 17 * 3);
    const fn accumulate<N: Train<Vector<7>>>() -> usize {
        training_words::<Vector<7>, N, Sgd>(Mode::Accumulate, 1)
    }
    assert_eq!(accumulate::<Pruned>(), accumulate::<Whole>() - 8 * 16);

    // The activations inside are not kept: the peak of inference counts, not their sum.
    type Deep = (Frozen<(Linear<7, 40>, (Relu, (Linear<40, 30>, (Relu, Linear<30, 4>))))>, Linear<4, 3>);
    assert_eq!(<Deep as Train<Vector<7>>>::TAPE_LEAF, 40 + 30);
    assert_eq!(<[f32; 7] as Tensor>::WORDS, 7);
}
