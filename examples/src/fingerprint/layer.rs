//! All that a layer can do.

use core::hint::black_box;

use rand_xoshiro::rand_core::SeedableRng;
use tensorlet::{
    Error, FusedTrainer, Mode, Module, Path, Portable, Tensor, Train, Trainer, loss::MseLoss, memory, optim::Sgd,
    random::Generator, train,
};

use super::{
    Argument, Fingerprint,
    argument::{draw, generator},
    hash::Bits,
};

/// Samples of a batch.
const BATCH: usize = 2;
/// Words of the arena and of the workspace, one after the other.
const WORDS: usize = 840;
/// Words of the state that is carried on.
const STATE: usize = 40;

/// With momentum, so that the optimiser has a state.
const OPTIMIZER: Sgd<true> = Sgd::with_momentum(0.05, 0.9).nesterov();

/// The elements of tensors.
fn tensors<X: Tensor<Elem: Bits>>(fingerprint: &mut Fingerprint, tensors: &[X]) {
    fingerprint.add(X::flat(tensors));
}

fn initialise<L: Module>(layer: &mut L, seed: u64) {
    layer.init(&mut Generator::seed_from_u64(seed));
}

fn infer<X: Tensor, L: Train<X, Out: Tensor<Elem = f32>>>(
    layer: &L,
    x: &[X],
    words: &mut [f32],
    print: &mut Fingerprint,
) -> Result<(), Error> {
    tensors(print, layer.forward(Portable, x, words)?);
    Ok(())
}

/// Two pieces of a stream.
fn carry_on<X: Tensor, L: Train<X, Out: Tensor<Elem = f32>>>(
    layer: &L,
    x: &[X],
    state: &mut [f32],
    words: &mut [f32],
    print: &mut Fingerprint,
) -> Result<(), Error> {
    for _ in 0..2 {
        tensors(print, layer.forward_with_state(Portable, x, state, words)?);
        print.add(&*state);
    }
    Ok(())
}

fn accumulated<X: Tensor, L: Train<X, Out: Tensor<Elem = f32>>>(
    layer: &mut L,
    x: &[X],
    targets: &[L::Out],
    state: &mut [f32],
    words: &mut [f32],
    print: &mut Fingerprint,
) -> Result<(), Error> {
    let mut trainer = Trainer::new(OPTIMIZER, words)?;
    for _ in 0..2 {
        print.add(&trainer.accumulate_with_state(Portable, layer, &MseLoss, x, targets, 0.5, state)?);
        print.add(&*trainer.gradients());
        trainer.apply(Portable, layer);
    }
    print.add(&*state);
    layer.parameters(Path::ROOT, print);
    Ok(())
}

fn fused<X: Tensor, L: Train<X, Out: Tensor<Elem = f32>>>(
    layer: &mut L,
    x: &[X],
    targets: &[L::Out],
    words: &mut [f32],
    print: &mut Fingerprint,
) -> Result<(), Error> {
    let mut trainer = FusedTrainer::new(OPTIMIZER, words)?;
    for _ in 0..2 {
        print.add(&trainer.step(Portable, layer, &MseLoss, x, targets)?);
    }
    layer.parameters(Path::ROOT, print);
    Ok(())
}

/// The gradient with respect to the input.
fn input_gradient<X: Tensor<Elem = f32>, L: Train<X, Out: Tensor<Elem = f32>>>(
    layer: &mut L,
    x: &[X],
    targets: &[L::Out],
    words: &mut [f32],
    print: &mut Fingerprint,
) -> Result<(), Error> {
    let (loss, dx) = train::input_gradient(Portable, layer, &MseLoss, x, targets, words)?;
    print.add(&loss);
    tensors(print, dx);
    Ok(())
}

/// All but the gradient of the input, on inputs and targets drawn from a seed.
fn begin<X: Argument, L: Train<X, Out: Tensor<Elem = f32>>>(
    layer: &mut L,
    x: &mut [X; BATCH],
    targets: &mut [L::Out; BATCH],
    words: &mut [f32],
    print: &mut Fingerprint,
) -> Result<(), Error> {
    const {
        assert!(BATCH * L::PEAK <= WORDS && BATCH * L::STATE <= STATE, "the layer of a case is too large");
        let (fused, accumulated) = (Mode::Fused, Mode::Accumulate);
        assert!(memory::training_words::<X, L, Sgd<true>>(fused, BATCH) <= WORDS, "the layer of a case is too large");
        assert!(
            memory::training_words::<X, L, Sgd<true>>(accumulated, BATCH) <= WORDS,
            "the layer of a case is too large"
        );
    };
    let (rng, state) = (&mut generator(), &mut [0.0; STATE]);
    draw(x, None, rng);
    draw(targets, None, rng);
    initialise(layer, 0);
    infer(layer, x, words, print)?;
    carry_on(layer, x, state, words, print)?;
    accumulated(layer, x, targets, state, words, print)?;
    fused(layer, x, targets, words, print)
}

/// Does all of it, and hashes the results.
pub(super) fn run<X: Tensor<Elem = f32>, L: Train<X, Out: Tensor<Elem = f32>>>(mut layer: L) -> u32 {
    let (mut x, mut targets, mut words) = ([X::ZERO; BATCH], [L::Out::ZERO; BATCH], [0.0; WORDS]);
    let mut print = Fingerprint::new();
    let done = begin(&mut layer, &mut x, &mut targets, &mut words, &mut print)
        .and_then(|()| input_gradient(&mut layer, &x, &targets, &mut words, &mut print));
    print.add(&done);
    print.value()
}

/// [`run`] of a layer that takes tokens: they have no gradient.
pub(super) fn run_tokens<X: Argument, L: Train<X, Out: Tensor<Elem = f32>>>(mut layer: L) -> u32 {
    let (mut x, mut targets, mut words) = ([X::ZERO; BATCH], [L::Out::ZERO; BATCH], [0.0; WORDS]);
    let mut print = Fingerprint::new();
    let done = begin(&mut layer, &mut x, &mut targets, &mut words, &mut print);
    print.add(&done);
    print.value()
}

/// Gives the addresses of all of it away.
pub(super) fn keep<X: Tensor<Elem = f32>, L: Train<X, Out: Tensor<Elem = f32>>>() {
    keep_tokens::<X, L>();
    black_box(input_gradient::<X, L> as fn(&mut L, &[X], &[L::Out], &mut [f32], &mut Fingerprint) -> _);
}

/// [`keep`] of a layer that takes tokens.
pub(super) fn keep_tokens<X: Tensor, L: Train<X, Out: Tensor<Elem = f32>>>() {
    black_box(initialise::<L> as fn(&mut L, u64));
    black_box(infer::<X, L> as fn(&L, &[X], &mut [f32], &mut Fingerprint) -> _);
    black_box(carry_on::<X, L> as fn(&L, &[X], &mut [f32], &mut [f32], &mut Fingerprint) -> _);
    black_box(accumulated::<X, L> as fn(&mut L, &[X], &[L::Out], &mut [f32], &mut [f32], &mut Fingerprint) -> _);
    black_box(fused::<X, L> as fn(&mut L, &[X], &[L::Out], &mut [f32], &mut Fingerprint) -> _);
}
